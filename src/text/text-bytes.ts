import { valueError } from './value-error.ts';
import type { ByteRegister } from './value-register.ts';

const hexValues = new Int8Array(256).fill(-1);
for (let value = 0; value < 16; value += 1) {
  hexValues[value.toString(16).charCodeAt(0)] = value;
  hexValues[value.toString(16).toUpperCase().charCodeAt(0)] = value;
}

/** `\x…` hex, as `bytea_output=hex` prints it. */
export function readHexBytes(bytes: Uint8Array, start: number, end: number, into: ByteRegister): void {
  const length = end - start - 2;
  if (length < 0 || bytes[start] !== 0x5c || bytes[start + 1] !== 0x78) throw valueError('not a byte string: expected \\x and hex digits');
  if (length % 2 !== 0) throw valueError('not a byte string: an odd number of hex digits');
  into.reserve(length / 2);
  const target = into.bytes;
  let at = 0;
  for (let from = start + 2; from < end; from += 2) {
    const value = ((hexValues[bytes[from] as number] as number) << 4) | (hexValues[bytes[from + 1] as number] as number);
    if (value < 0) throw valueError('not a byte string: a character that is not a hex digit');
    target[at++] = value;
  }
  into.length = at;
}

/** A bit string → bytes, least significant first, zero bytes at the end taken off (`io.debezium.data.Bits`). */
export function readBits(bytes: Uint8Array, start: number, end: number, into: ByteRegister): void {
  into.length = 0;
  let value = 0;
  let significant = 0;
  for (let bit = 0; bit < end - start; bit += 1) {
    const digit = bytes[end - 1 - bit] as number;
    if (digit !== 0x30 && digit !== 0x31) throw valueError('not a bit string: expected only 0 and 1');
    value |= (digit - 0x30) << (bit & 7);
    if ((bit & 7) === 7 || bit === end - start - 1) {
      into.push(value);
      if (value !== 0) significant = into.length;
      value = 0;
    }
  }
  into.length = significant;
}

/** `0` or `1`. */
export function readBit(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start === 1 && bytes[start] === 0x31) return true;
  if (end - start === 1 && bytes[start] === 0x30) return false;
  throw valueError('not a single bit: expected 0 or 1');
}
