import type { ByteRegister } from './value-register.ts';

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;

/** Starts an array literal; the elements follow. */
export function openLiteral(into: ByteRegister): void {
  into.length = 0;
  into.push(0x7b);
}

export function closeLiteral(into: ByteRegister): void {
  into.push(0x7d);
}

/** An element that was read from bytes as they are: always quoted, so that no text of it means anything. */
export function quotedElement(bytes: Uint8Array, start: number, end: number, into: ByteRegister): void {
  separateElement(into);
  into.push(quote);
  into.reserve(into.length + (end - start) * 2 + 2);
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] as number;
    if (byte === quote || byte === backslash) into.bytes[into.length++] = backslash;
    into.bytes[into.length++] = byte;
  }
  into.push(quote);
}

/** An element that needs no quotes: a number, `t`, `f`, `NULL`. */
export function bareElement(text: Uint8Array, into: ByteRegister): void {
  separateElement(into);
  into.append(text, 0, text.length);
}

export function separateElement(into: ByteRegister): void {
  if (into.length > 1) into.push(comma);
}

export const nullElement = Buffer.from('NULL', 'latin1');
export const trueElement = Buffer.from('t', 'latin1');
export const falseElement = Buffer.from('f', 'latin1');
