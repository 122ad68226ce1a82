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

const base64Alphabet = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/', 'latin1');
const base64UrlAlphabet = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_', 'latin1');
const padding = 0x3d;

/** `\x…` hex → base64 with padding. */
export function readBase64(bytes: Uint8Array, start: number, end: number, urlSafe: boolean, into: ByteRegister): void {
  readHexBytes(bytes, start, end, into);
  const { length } = into;
  const groups = Math.ceil(length / 3);
  into.reserve(groups * 4);
  const target = into.bytes;
  const alphabet = urlSafe ? base64UrlAlphabet : base64Alphabet;
  // From the end, so that the longer text never overtakes the bytes it is made of.
  for (let group = groups - 1; group >= 0; group -= 1) {
    const from = group * 3;
    const first = target[from] as number;
    const second = from + 1 < length ? (target[from + 1] as number) : 0;
    const third = from + 2 < length ? (target[from + 2] as number) : 0;
    const to = group * 4;
    target[to] = alphabet[first >> 2] as number;
    target[to + 1] = alphabet[((first & 3) << 4) | (second >> 4)] as number;
    target[to + 2] = from + 1 < length ? (alphabet[((second & 15) << 2) | (third >> 6)] as number) : padding;
    target[to + 3] = from + 2 < length ? (alphabet[third & 63] as number) : padding;
  }
  into.length = groups * 4;
}

/** `\x…` hex → its digits in lower case. */
export function readHexText(bytes: Uint8Array, start: number, end: number, into: ByteRegister): void {
  readHexBytes(bytes, start, end, into);
  const { length } = into;
  into.reserve(length * 2);
  const target = into.bytes;
  for (let at = length - 1; at >= 0; at -= 1) {
    const value = target[at] as number;
    target[at * 2] = hexDigit(value >> 4);
    target[at * 2 + 1] = hexDigit(value & 15);
  }
  into.length = length * 2;
}

function hexDigit(value: number): number {
  return value < 10 ? 0x30 + value : 0x57 + value;
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
