import { readDecimal, readDecimalText } from './text-decimal.ts';
import { readFloat64 } from './text-number.ts';
import { valueError } from './value-error.ts';
import type { ByteRegister } from './value-register.ts';

const zero = 0x30;
const minus = 0x2d;
const plus = 0x2b;
const decimalPoint = 0x2e;
const comma = 0x2c;

const foreignMoney = 'not an amount of money: expected grouping commas and a decimal point, as lc_monetary=C prints them';
const moneyDigits = new Uint8Array(64);

/** `$1,234.11`, `-$1`, `($1)` → unscaled bytes at `scale` digits: currency signs, blanks and grouping commas are dropped. */
export function readMoney(bytes: Uint8Array, start: number, end: number, scale: number, into: ByteRegister): void {
  readDecimal(moneyDigits, 0, scanMoney(bytes, start, end), scale, into);
}

/** → plain notation at `scale` digits. */
export function readMoneyText(bytes: Uint8Array, start: number, end: number, scale: number, into: ByteRegister): void {
  readDecimalText(moneyDigits, 0, scanMoney(bytes, start, end), scale, into);
}

export function readMoneyDouble(bytes: Uint8Array, start: number, end: number): number {
  return readFloat64(moneyDigits, 0, scanMoney(bytes, start, end));
}

/** Fills `moneyDigits` with a plain number; answers its length. */
function scanMoney(bytes: Uint8Array, start: number, end: number): number {
  let from = start;
  let to = end;
  let negative = false;
  if (to - from >= 2 && bytes[from] === 0x28 && bytes[to - 1] === 0x29) {
    negative = true;
    from += 1;
    to -= 1;
  }
  let length = 1;
  // Digits since the last grouping comma; -1: there was none.
  let group = -1;
  let point = false;
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at] as number;
    if (byte === minus && length === 1 && !negative) {
      negative = true;
    } else if (byte >= zero && byte <= zero + 9) {
      moneyDigits[length++] = byte;
      if (group >= 0 && !point) group += 1;
    } else if (byte === decimalPoint && !point) {
      point = true;
      moneyDigits[length++] = byte;
    } else if (byte === comma) {
      if (point || length === 1) throw valueError(foreignMoney);
      group = 0;
    } else if (byte !== 0x20 && byte !== 0x24 && byte < 0x80) {
      throw valueError('not an amount of money: unexpected character');
    }
    if (length === moneyDigits.length) throw valueError('not an amount of money: too many digits');
  }
  if (group >= 0 && group !== 3) throw valueError(foreignMoney);
  moneyDigits[0] = negative ? minus : plus;
  return length;
}
