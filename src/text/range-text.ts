import { bareElement, closeLiteral, falseElement, nullElement, openLiteral, quotedElement, trueElement } from './literal-builder.ts';
import { valueError } from './value-error.ts';
import { ByteRegister } from './value-register.ts';

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const opens: ReadonlySet<number> = new Set([0x5b, 0x28]);
const closes: ReadonlySet<number> = new Set([0x5d, 0x29]);
const emptyWord = Buffer.from('empty', 'latin1');

const lower = new ByteRegister();
const upper = new ByteRegister();

/** `[1,6)`, `empty`, `("a b",)` → a struct of lower and upper bound (null: none), whether each belongs to it, and whether it is empty. */
export function readRange(bytes: Uint8Array, start: number, end: number, into: ByteRegister): void {
  openLiteral(into);
  if (isEmpty(bytes, start, end)) {
    bareElement(nullElement, into);
    bareElement(nullElement, into);
    bareElement(falseElement, into);
    bareElement(falseElement, into);
    bareElement(trueElement, into);
    closeLiteral(into);
    return;
  }
  if (end - start < 3 || !opens.has(bytes[start] as number) || !closes.has(bytes[end - 1] as number)) throw notRange();
  const middle = readBound(bytes, start + 1, end - 1, lower);
  if (bytes[middle] !== comma || readBound(bytes, middle + 1, end - 1, upper) !== end - 1) throw notRange();
  writeBound(middle === start + 1, lower, into);
  writeBound(middle + 1 === end - 1, upper, into);
  bareElement(bytes[start] === 0x5b ? trueElement : falseElement, into);
  bareElement(bytes[end - 1] === 0x5d ? trueElement : falseElement, into);
  bareElement(falseElement, into);
  closeLiteral(into);
}

/** `{[1,3),[5,7)}` → the array of its ranges. */
export function readMultirange(bytes: Uint8Array, start: number, end: number, into: ByteRegister): void {
  if (end - start < 2 || bytes[start] !== 0x7b || bytes[end - 1] !== 0x7d) throw valueError('not a multirange: expected {…}');
  openLiteral(into);
  let at = start + 1;
  while (at < end - 1) {
    const stop = rangeEnd(bytes, at, end - 1);
    quotedElement(bytes, at, stop, into);
    if (stop < end - 1 && bytes[stop] !== comma) throw valueError('not a multirange: expected a comma between ranges');
    at = stop + 1;
  }
  closeLiteral(into);
}

function rangeEnd(bytes: Uint8Array, start: number, stop: number): number {
  let isQuoted = false;
  for (let at = start; at < stop; at += 1) {
    const byte = bytes[at] as number;
    if (byte === quote) isQuoted = !isQuoted;
    else if (byte === backslash) at += 1;
    else if (!isQuoted && closes.has(byte)) return at + 1;
  }
  throw valueError('not a multirange: a range does not end');
}

/** As in composite values: quotes are doubled inside quotes. Answers where the bound's comma or the end is. */
function readBound(bytes: Uint8Array, start: number, stop: number, into: ByteRegister): number {
  into.length = 0;
  let isQuoted = false;
  let at = start;
  for (; at < stop; at += 1) {
    let byte = bytes[at] as number;
    if (byte === quote) {
      if (!isQuoted || bytes[at + 1] !== quote || at + 1 === stop) {
        isQuoted = !isQuoted;
        continue;
      }
      at += 1;
    } else if (byte === backslash && at + 1 < stop) {
      byte = bytes[++at] as number;
    } else if (byte === comma && !isQuoted) {
      break;
    }
    into.push(byte);
  }
  return at;
}

function writeBound(isMissing: boolean, bound: ByteRegister, into: ByteRegister): void {
  if (isMissing) bareElement(nullElement, into);
  else quotedElement(bound.bytes, 0, bound.length, into);
}

function isEmpty(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== emptyWord.length) return false;
  for (let at = 0; at < emptyWord.length; at += 1) if (bytes[start + at] !== emptyWord[at]) return false;
  return true;
}

function notRange(): Error {
  return valueError('not a range: expected empty, or two bounds in brackets');
}
