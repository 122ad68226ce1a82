import type { ByteSink } from '../base/byte-sink.ts';

const digits = new Uint8Array(20);

/** A 64-bit integer in decimal, without BigInt. */
export function writeInt64(out: ByteSink, high: number, low: number): void {
  let upper = high;
  let lower = low >>> 0;
  if (high < 0) {
    out.byte(0x2d);
    lower = -low >>> 0;
    upper = (lower === 0 ? -high : ~high) >>> 0;
  }
  let at = digits.length;
  // Long division of upper * 2^32 + lower by ten, on parts small enough for exact doubles.
  while (upper > 0x1f_ffff) {
    const quotient = Math.floor(upper / 10);
    const rest = (upper - quotient * 10) * 0x1_0000_0000 + lower;
    lower = Math.floor(rest / 10);
    digits[--at] = 0x30 + (rest - lower * 10);
    upper = quotient;
  }
  let value = upper * 0x1_0000_0000 + lower;
  do {
    const quotient = Math.floor(value / 10);
    digits[--at] = 0x30 + (value - quotient * 10);
    value = quotient;
  } while (value > 0);
  out.copy(digits, at, digits.length);
}
