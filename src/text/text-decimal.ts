import { latin1 } from './text-number.ts';
import { valueError } from './value-error.ts';
import { Int64 } from './value-register.ts';
import type { ByteRegister } from './value-register.ts';

const zero = 0x30;
const minus = 0x2d;
const plus = 0x2b;
const decimalPoint = 0x2e;
const digitsMax = 131_072 + 16_383 + 16;

/** A decimal number as found by `scan`: digits and where the point stands, nothing interpreted yet. */
class DecimalScan {
  negative = false;
  /** First significant digit and the end of the digits, in the cell's bytes; a point may lie between them. */
  first = 0;
  last = 0;
  /** Digits in `[first, last)`. */
  digits = 0;
  /** Digits after the point as sent, exponent taken into account; may be negative. */
  scale = 0;
}

const scanned = new DecimalScan();
const product = new Int64();

/** `[+-]digits[.digits][e[+-]digits]`. */
function scan(bytes: Uint8Array, start: number, end: number): DecimalScan {
  let at = start;
  const sign = at < end ? (bytes[at] as number) : 0;
  scanned.negative = sign === minus;
  if (sign === minus || sign === plus) at += 1;
  let digits = 0;
  let significant = 0;
  let scale = 0;
  let fraction = false;
  scanned.first = end;
  for (; at < end; at += 1) {
    const byte = bytes[at] as number;
    if (byte === decimalPoint && !fraction) {
      fraction = true;
      continue;
    }
    if (byte < zero || byte > zero + 9) break;
    digits += 1;
    if (fraction) scale += 1;
    if (significant > 0 || byte !== zero) {
      if (significant === 0) scanned.first = at;
      significant += 1;
    }
  }
  if (digits === 0) throw notDecimal(bytes, start, end);
  scanned.last = at;
  scanned.digits = significant;
  scanned.scale = at < end ? scale - exponent(bytes, at, end) : scale;
  if (Math.abs(scanned.scale) > digitsMax) throw valueError('not a decimal: exponent out of range');
  return scanned;
}

function exponent(bytes: Uint8Array, start: number, end: number): number {
  const text = latin1(bytes, start, end);
  if (!/^e[+-]?\d{1,9}$/i.test(text)) throw valueError('not a decimal: a character that is not a digit');
  return Number(text.slice(1));
}

function notDecimal(bytes: Uint8Array, start: number, end: number): Error {
  const text = latin1(bytes, start, Math.min(end, start + 10)).toLowerCase();
  if (text === 'nan') return valueError('not a decimal: NaN has no digits');
  if (/^[+-]?inf(inity)?$/.test(text)) return valueError('not a decimal: infinity has no digits');
  return valueError('not a decimal: no digits');
}

/** The unscaled value at exactly `scale` digits after the point, big-endian two's complement, as short as possible. */
export function readDecimal(bytes: Uint8Array, start: number, end: number, scale: number, into: ByteRegister): void {
  const found = scan(bytes, start, end);
  const shift = scale - found.scale;
  if (found.digits + shift <= 9 && shift >= 0) {
    writeTiny(bytes, found, shift, into);
    return;
  }
  if (found.digits + shift <= 18 && shift >= 0) {
    writeSmall(bytes, found, shift, into);
    return;
  }
  let unscaled = digitsOf(bytes, found);
  if (shift >= 0) {
    unscaled *= 10n ** BigInt(shift);
  } else {
    const divisor = 10n ** BigInt(-shift);
    if (unscaled % divisor !== 0n) throw valueError(`not a decimal of scale ${scale}: more digits after the point`);
    unscaled /= divisor;
  }
  writeBigInt(found.negative ? -unscaled : unscaled, into);
}

/** At most 9 digits in all: one 32-bit integer. */
function writeTiny(bytes: Uint8Array, found: DecimalScan, zeros: number, into: ByteRegister): void {
  let value = 0;
  for (let at = found.first; at < found.last; at += 1) {
    const digit = (bytes[at] as number) - zero;
    if (digit >= 0) value = value * 10 + digit;
  }
  for (let left = zeros; left > 0; left -= 1) value *= 10;
  if (found.negative) value = -value | 0;
  const size = (value << 24) >> 24 === value ? 1 : (value << 16) >> 16 === value ? 2 : (value << 8) >> 8 === value ? 3 : 4;
  for (let at = 0; at < size; at += 1) into.bytes[at] = value >> ((size - 1 - at) * 8);
  into.length = size;
}

/** At most 18 digits in all: two 32-bit halves are enough. */
function writeSmall(bytes: Uint8Array, found: DecimalScan, zeros: number, into: ByteRegister): void {
  let upper = 0;
  let lower = 0;
  let left = found.digits + zeros;
  for (let at = found.first; at < found.last; at += 1) {
    const digit = (bytes[at] as number) - zero;
    if (digit < 0) continue;
    if (left > 9) upper = upper * 10 + digit;
    else lower = lower * 10 + digit;
    left -= 1;
  }
  for (; left > 0; left -= 1) {
    if (left > 9) upper *= 10;
    else lower *= 10;
  }
  product.setProduct(upper, 1_000_000_000, lower);
  if (found.negative) product.negate();
  writeInt64(product, into);
}

function writeInt64(value: Int64, into: ByteRegister): void {
  const { high, low } = value;
  let skip = 0;
  const sign = high >> 31;
  // A leading byte may go when it and the top bit after it say nothing but the sign.
  while (skip < 7 && byteAt(high, low, skip) === (sign & 0xff) && (byteAt(high, low, skip + 1) & 0x80) === (sign & 0x80)) skip += 1;
  into.length = 8 - skip;
  for (let at = skip; at < 8; at += 1) into.bytes[at - skip] = byteAt(high, low, at);
}

function byteAt(high: number, low: number, index: number): number {
  return index < 4 ? (high >>> (24 - index * 8)) & 0xff : (low >>> (56 - index * 8)) & 0xff;
}

function digitsOf(bytes: Uint8Array, found: DecimalScan): bigint {
  if (found.digits === 0) return 0n;
  const text = latin1(bytes, found.first, found.last);
  return BigInt(text.replace('.', ''));
}

/** Java's `BigInteger.toByteArray`. */
export function writeBigInt(value: bigint, into: ByteRegister): void {
  const magnitude = value < 0n ? -value - 1n : value;
  const hex = magnitude.toString(16);
  const bits = (hex.length - 1) * 4 + (32 - Math.clz32(Number.parseInt(hex.charAt(0), 16)));
  const size = (bits >> 3) + 1;
  into.reserve(size);
  into.length = size;
  const padded = hex.padStart(size * 2, '0');
  const flip = value < 0n ? 0xff : 0;
  for (let at = 0; at < size; at += 1) into.bytes[at] = Number.parseInt(padded.slice(at * 2, at * 2 + 2), 16) ^ flip;
}

/** The unscaled value without trailing zeros after the point → `into`; answers its scale, never negative. */
export function readVariableScaleDecimal(bytes: Uint8Array, start: number, end: number, into: ByteRegister): number {
  const found = scan(bytes, start, end);
  let scale = Math.max(0, found.scale);
  for (let at = found.last - 1; scale > 0 && bytes[at] === zero; at -= 1) scale -= 1;
  readDecimal(bytes, start, end, scale, into);
  return scale;
}

/**
 * Plain notation with exactly `scale` digits after the point (-1: as sent). NaN and infinities take the names that
 * Debezium's string mode gives them.
 */
export function readDecimalText(bytes: Uint8Array, start: number, end: number, scale: number, into: ByteRegister): void {
  into.length = 0;
  const letter = (end > start ? (bytes[end - 1] as number) : 0) | 0x20;
  if (letter === 0x6e || letter === 0x79 || letter === 0x66) {
    into.appendText(specialName(latin1(bytes, start, Math.min(end, start + 10)).toLowerCase()));
    return;
  }
  const found = scan(bytes, start, end);
  const shown = scale < 0 ? Math.max(0, found.scale) : scale;
  const shift = shown - found.scale;
  const digits = found.digits === 0 ? '' : latin1(bytes, found.first, found.last).replace('.', '');
  let text = shift >= 0 ? digits + (digits === '' ? '' : '0'.repeat(shift)) : digits.slice(0, Math.max(0, digits.length + shift));
  if (shift < 0 && /[1-9]/.test(digits.slice(Math.max(0, digits.length + shift)))) {
    throw valueError(`not a decimal of scale ${scale}: more digits after the point`);
  }
  text = text.padStart(shown + 1, '0');
  const whole = shown === 0 ? text : `${text.slice(0, -shown)}.${text.slice(-shown)}`;
  into.appendText(found.negative && /[1-9]/.test(whole) ? `-${whole}` : whole);
}

function specialName(text: string): string {
  if (text === 'nan') return 'NAN';
  if (/^\+?inf(inity)?$/.test(text)) return 'POSITIVE_INFINITY';
  if (/^-inf(inity)?$/.test(text)) return 'NEGATIVE_INFINITY';
  throw valueError('not a decimal: no digits');
}

/** Plain notation of unscaled big-endian two's-complement bytes: slow paths only. */
export function writeDecimalText(unscaled: Uint8Array, scale: number): string {
  const hex = Buffer.from(unscaled).toString('hex');
  const value = hex === '' ? 0n : BigInt.asIntN(unscaled.length * 8, BigInt(`0x${hex}`));
  const magnitude = (value < 0n ? -value : value) * (scale < 0 ? 10n ** BigInt(-scale) : 1n);
  const digits = magnitude.toString().padStart(Math.max(scale, 0) + 1, '0');
  const text = scale > 0 ? `${digits.slice(0, -scale)}.${digits.slice(-scale)}` : digits;
  return value < 0n ? `-${text}` : text;
}
