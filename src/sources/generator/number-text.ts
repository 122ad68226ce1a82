import type { ByteRegister } from '../../text/value-register.ts';

const minus = 0x2d;
const point = 0x2e;

/** Decimal digits of an integer that a double holds exactly. */
export function appendInteger(out: ByteRegister, value: number): void {
  let rest = value;
  if (rest < 0) {
    out.push(minus);
    rest = -rest;
  }
  appendDigits(out, rest, 1);
}

/** `unscaled / 10^scale` with all digits of the scale. */
export function appendDecimal(out: ByteRegister, unscaled: number, scale: number): void {
  let rest = unscaled;
  if (rest < 0) {
    out.push(minus);
    rest = -rest;
  }
  const unit = 10 ** scale;
  const whole = Math.floor(rest / unit);
  appendDigits(out, whole, 1);
  if (scale === 0) return;
  out.push(point);
  appendDigits(out, rest - whole * unit, scale);
}

function appendDigits(out: ByteRegister, value: number, width: number): void {
  if (value < 1e9) {
    out.appendDigits(value, width);
    return;
  }
  const upper = Math.floor(value / 1e9);
  appendDigits(out, upper, width - 9);
  out.appendDigits(value - upper * 1e9, 9);
}

/** A signed 64-bit integer in two halves. */
export function appendInt64(out: ByteRegister, high: number, low: number): void {
  let upper = high >>> 0;
  let lower = low >>> 0;
  if (high < 0) {
    out.push(minus);
    lower = -low >>> 0;
    upper = (lower === 0 ? -high : ~high) >>> 0;
  }
  appendUnsigned(out, upper, lower);
}

/** Six digits at a time, so that every step stays within what a double holds exactly. */
function appendUnsigned(out: ByteRegister, upper: number, lower: number): void {
  const upperQuotient = Math.floor(upper / 1e6);
  const carried = (upper - upperQuotient * 1e6) * 0x1_0000_0000 + lower;
  const lowerQuotient = Math.floor(carried / 1e6);
  const more = upperQuotient > 0 || lowerQuotient > 0;
  if (more) appendUnsigned(out, upperQuotient, lowerQuotient);
  out.appendDigits(carried - lowerQuotient * 1e6, more ? 6 : 1);
}
