import { valueError } from './value-error.ts';
import type { Int64 } from './value-register.ts';

const zero = 0x30;
const minus = 0x2d;
const plus = 0x2b;
const point = 0x2e;

/** Decimal digits with an optional sign, within `[min, max]` (both inside int32). */
export function readInt(bytes: Uint8Array, start: number, end: number, min: number, max: number): number {
  let at = start;
  const first = at < end ? (bytes[at] as number) : 0;
  if (first === minus || first === plus) at += 1;
  if (at === end) throw valueError('not an integer: no digits');
  let value = 0;
  for (; at < end; at += 1) {
    const digit = (bytes[at] as number) - zero;
    if (digit < 0 || digit > 9) throw valueError('not an integer: a character that is not a digit');
    value = value * 10 + digit;
  }
  if (first === minus) value = 0 - value;
  if (value < min || value > max) throw valueError(`not an ${intName(max)}: out of range`);
  return value;
}

function intName(max: number): string {
  return max === 0x7f ? 'int8' : max === 0x7fff ? 'int16' : 'int32';
}

/** Decimal digits with an optional sign → the whole int64 range. */
export function readInt64(bytes: Uint8Array, start: number, end: number, into: Int64): void {
  let at = start;
  const first = at < end ? (bytes[at] as number) : 0;
  if (first === minus || first === plus) at += 1;
  if (at === end) throw valueError('not an int64: no digits');
  while (at < end - 1 && bytes[at] === zero) at += 1;
  if (end - at > 15) {
    readLargeInt64(bytes, at, end, first === minus, into);
    return;
  }
  // Nine digits at a time: integer arithmetic is much faster than the same loop over doubles.
  const split = end - at > 9 ? end - 9 : at;
  const lower = readDigits(bytes, split, end);
  if (split === at) {
    into.low = first === minus ? -lower | 0 : lower;
    into.high = into.low >> 31;
    return;
  }
  const value = readDigits(bytes, at, split) * 1_000_000_000 + lower;
  into.setSafe(first === minus ? -value : value);
}

/** At most nine digits. */
function readDigits(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at += 1) {
    const digit = (bytes[at] as number) - zero;
    if (digit < 0 || digit > 9) throw valueError('not an int64: a character that is not a digit');
    value = (value * 10 + digit) | 0;
  }
  return value;
}

function readLargeInt64(bytes: Uint8Array, start: number, end: number, negative: boolean, into: Int64): void {
  if (end - start > 19) {
    for (let at = start; at < end; at += 1) readDigits(bytes, at, at + 1);
    throw valueError('not an int64: out of range');
  }
  const split = Math.max(start, end - 18);
  const upper = readDigits(bytes, start, split) * 1_000_000_000 + readDigits(bytes, split, end - 9);
  into.setProduct(upper, 1_000_000_000, readDigits(bytes, end - 9, end));
  if (into.high < 0 && !(negative && into.high === -0x8000_0000 && into.low === 0)) throw valueError('not an int64: out of range');
  if (negative) into.negate();
}

const powersOfTen = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

/**
 * A double, exactly as a correct parser rounds it. Up to 15 digits and powers up to 10^22 are exact in one
 * multiplication or division (Clinger), up to 18 digits behind a point mostly in a longer division; everything else goes
 * through the engine's own parser.
 */
export function readFloat64(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  const first = at < end ? (bytes[at] as number) : 0;
  if (first === minus || first === plus) at += 1;
  let mantissa = 0;
  // The digits after the ninth.
  let rest = 0;
  let digits = 0;
  let significant = 0;
  let scale = 0;
  let fraction = false;
  for (; at < end; at += 1) {
    const byte = bytes[at] as number;
    if (byte === point && !fraction) {
      fraction = true;
      continue;
    }
    const digit = byte - zero;
    if (digit < 0 || digit > 9) break;
    digits += 1;
    if (significant > 0 || digit > 0) significant += 1;
    if (significant <= 9) mantissa = (mantissa * 10 + digit) | 0;
    else if (significant <= 18) rest = (rest * 10 + digit) | 0;
    if (fraction) scale -= 1;
  }
  if (digits === 0) return readSpecialFloat(bytes, start, end);
  if (at < end) scale += readExponent(bytes, at, end);
  if (significant > 15 || scale > 22 || scale < -22) {
    const value = significant > 18 || scale >= 0 || scale < -22 ? Number.NaN : divideLong(mantissa, rest, significant - 9, -scale);
    if (Number.isNaN(value)) return slowFloat(bytes, start, end, significant);
    return first === minus ? -value : value;
  }
  if (significant > 9) mantissa = mantissa * (powersOfTen[significant - 9] as number) + rest;
  const value = scale < 0 ? mantissa / (powersOfTen[-scale] as number) : mantissa * (powersOfTen[scale] as number);
  return first === minus ? -value : value;
}

/** Splits a double into halves of 26 bits whose products are exact (Veltkamp). */
const splitter = 2 ** 27 + 1;

/**
 * `(upper * 10^shift + lower) / 10^places` correctly rounded, for the 16 to 18 digits in which servers show most doubles;
 * NaN when that cannot be told. The quotient is computed to twice the precision of a double, with an error far below
 * 2^-50 of its lower part; where such an error could not change how the sum rounds, the sum is right.
 */
function divideLong(upper: number, lower: number, shift: number, places: number): number {
  const power = powersOfTen[shift] as number;
  const divisor = powersOfTen[places] as number;
  // The dividend exactly, as the sum of two doubles.
  const product = upper * power;
  const dividend = product + lower;
  const rest = productError(upper, power, product) + (lower - (dividend - product));
  const quotient = dividend / divisor;
  const back = quotient * divisor;
  const remainder = dividend - back - productError(quotient, divisor, back) + rest;
  const correction = remainder / divisor;
  const slack = Math.abs(correction) * 2 ** -45;
  const value = quotient + (correction - slack);
  return value === quotient + (correction + slack) ? value : Number.NaN;
}

/** `left * right - product`, exactly, where `product` is what the multiplication gave (Dekker). */
function productError(left: number, right: number, product: number): number {
  const leftBig = splitter * left;
  const leftHigh = leftBig - (leftBig - left);
  const leftLow = left - leftHigh;
  const rightBig = splitter * right;
  const rightHigh = rightBig - (rightBig - right);
  const rightLow = right - rightHigh;
  return leftLow * rightLow - (product - leftHigh * rightHigh - leftLow * rightHigh - leftHigh * rightLow);
}

function readExponent(bytes: Uint8Array, start: number, end: number): number {
  let at = start + 1;
  if (((bytes[start] as number) | 0x20) !== 0x65) throw valueError('not a number: a character that is not a digit');
  const sign = at < end ? (bytes[at] as number) : 0;
  if (sign === minus || sign === plus) at += 1;
  if (at === end) throw valueError('not a number: an exponent without digits');
  let value = 0;
  for (; at < end; at += 1) {
    const digit = (bytes[at] as number) - zero;
    if (digit < 0 || digit > 9) throw valueError('not a number: a character that is not a digit');
    value = Math.min(value * 10 + digit, 1_000_000);
  }
  return sign === minus ? -value : value;
}

/** The text is known to be digits, point and exponent. */
function slowFloat(bytes: Uint8Array, start: number, end: number, significant: number): number {
  const value = Number(latin1(bytes, start, end));
  if (!Number.isFinite(value)) throw valueError('not a float64: out of range');
  if (value === 0 && significant > 0) throw valueError('not a float64: out of range, too small to be told from zero');
  return value;
}

function readSpecialFloat(bytes: Uint8Array, start: number, end: number): number {
  switch (latin1(bytes, start, Math.min(end, start + 16)).toLowerCase()) {
    case 'nan':
      return Number.NaN;
    case 'infinity':
    case '+infinity':
    case 'inf':
    case '+inf':
      return Number.POSITIVE_INFINITY;
    case '-infinity':
    case '-inf':
      return Number.NEGATIVE_INFINITY;
    default:
      throw valueError('not a number: no digits');
  }
}

const doubleView = new DataView(new ArrayBuffer(8));

/** A float32, rounded once: a double that lies exactly between two floats is decided by the text itself. */
export function readFloat32(bytes: Uint8Array, start: number, end: number): number {
  const wide = readFloat64(bytes, start, end);
  const value = Math.fround(wide);
  if (value === wide || Number.isNaN(wide)) return value;
  const rounded = isFloat32Midpoint(wide) ? roundMidpoint(bytes, start, end, wide) : value;
  if (!Number.isFinite(rounded)) throw valueError('not a float32: out of range');
  if (rounded === 0) throw valueError('not a float32: out of range, too small to be told from zero');
  return rounded;
}

function isFloat32Midpoint(wide: number): boolean {
  const magnitude = Math.abs(wide);
  // Subnormal floats are multiples of 2^-149.
  if (magnitude < 2 ** -126) return (magnitude * 2 ** 149) % 1 === 0.5;
  doubleView.setFloat64(0, wide);
  return (doubleView.getUint32(4) & 0x1fff_ffff) === 0x1000_0000;
}

function roundMidpoint(bytes: Uint8Array, start: number, end: number, wide: number): number {
  const side = compareExactly(latin1(bytes, start, end), wide);
  if (side === 0) return Math.fround(wide);
  // Any double next to the midpoint on the right side rounds to the float on that side.
  doubleView.setFloat64(0, wide);
  const away = side > 0 === wide > 0 ? 1n : -1n;
  doubleView.setBigInt64(0, doubleView.getBigInt64(0) + away);
  return Math.fround(doubleView.getFloat64(0));
}

/** Sign of `decimal text - value`, in exact arithmetic. */
function compareExactly(text: string, value: number): number {
  const [, sign, whole, fraction, exponent] = /^([+-]?)(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i.exec(text) ?? [];
  let left = BigInt(`${whole ?? ''}${fraction ?? ''}`) * (sign === '-' ? -1n : 1n);
  doubleView.setFloat64(0, value);
  const bits = doubleView.getBigUint64(0);
  const power = Number((bits >> 52n) & 0x7ffn);
  let right = ((bits & 0xf_ffff_ffff_ffffn) | (power === 0 ? 0n : 0x10_0000_0000_0000n)) * (value < 0 ? -1n : 1n);
  const tens = Number(exponent ?? 0) - (fraction?.length ?? 0);
  const twos = Math.max(power, 1) - 1075;
  if (tens >= 0) left *= 10n ** BigInt(tens);
  else right *= 10n ** BigInt(-tens);
  if (twos >= 0) right <<= BigInt(twos);
  else left <<= BigInt(-twos);
  return left < right ? -1 : left > right ? 1 : 0;
}

/** `t`/`f`, `true`/`false`, `1`/`0`, any letter case. */
export function readBoolean(bytes: Uint8Array, start: number, end: number): boolean {
  const first = start < end ? (bytes[start] as number) : 0;
  if (end - start === 1) {
    if (first === 0x74 || first === 0x31 || first === 0x54) return true;
    if (first === 0x66 || first === 0x30 || first === 0x46) return false;
  } else if (end - start === 4 && latin1(bytes, start, end).toLowerCase() === 'true') {
    return true;
  } else if (end - start === 5 && latin1(bytes, start, end).toLowerCase() === 'false') {
    return false;
  }
  throw valueError('not a boolean: expected t, f, true, false, 1 or 0');
}

/** ASCII text as a string: slow paths only. */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
}
