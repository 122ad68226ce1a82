import { valueError } from './value-error.ts';

/** A cell's date and time of day, taken apart. One instance is reused for every cell. */
class Moment {
  days = 0;
  /** Seconds of the day, 86400 for `24:00:00`. */
  seconds = 0;
  /** Fraction of the second. */
  micros = 0;
  /** Digits of the fraction as sent, trailing zeros included. */
  fractionDigits = 0;
  /** East of Greenwich. */
  offsetSeconds = 0;
  /** Proleptic Gregorian; 0 is 1 BC. */
  year = 0;
  month = 0;
  day = 0;
}

/** What the scanning functions fill. */
export const moment = new Moment();
export const colon = 0x3a;
export const dash = 0x2d;
export const plus = 0x2b;
export const secondsPerDay = 86_400;

/** The end of the cell without ` BC`, or `end`. */
export function scanEra(bytes: Uint8Array, start: number, end: number): number {
  const era = end - start > 3 && bytes[end - 1] === 0x43 && bytes[end - 2] === 0x42 && bytes[end - 3] === 0x20;
  return era ? end - 3 : end;
}

/** Fills year, month, day and days; answers where the date ends, -1 when it is none. */
export function scanDate(bytes: Uint8Array, start: number, end: number, beforeChrist: boolean): number {
  let at = start;
  let year = 0;
  for (; at < end; at += 1) {
    const digit = (bytes[at] as number) - 0x30;
    if (digit < 0 || digit > 9) break;
    year = year * 10 + digit;
  }
  if (at - start < 4 || at - start > 7 || end - at < 6 || bytes[at] !== dash || bytes[at + 3] !== dash) return -1;
  const month = twoDigits(bytes, at + 1);
  const day = twoDigits(bytes, at + 4);
  if (beforeChrist) year = 1 - year;
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return -1;
  moment.year = year;
  moment.month = month;
  moment.day = day;
  moment.days = daysFromCivil(year, month, day);
  return at + 6;
}

/** Fills seconds and micros; answers where the time of day ends, -1 when it is none. */
export function scanTime(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < 8 || bytes[start + 2] !== colon || bytes[start + 5] !== colon) return -1;
  const hours = twoDigits(bytes, start);
  const minutes = twoDigits(bytes, start + 3);
  const seconds = twoDigits(bytes, start + 6);
  if (hours < 0 || minutes < 0 || seconds < 0 || minutes > 59 || seconds > 59) return -1;
  moment.seconds = hours * 3600 + minutes * 60 + seconds;
  moment.micros = 0;
  moment.fractionDigits = 0;
  const at = end - start > 8 && bytes[start + 8] === 0x2e ? scanFraction(bytes, start + 9, end) : start + 8;
  const overflow = moment.seconds > secondsPerDay || (moment.seconds === secondsPerDay && moment.micros > 0);
  return overflow ? -1 : at;
}

function scanFraction(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  let micros = 0;
  for (; at < end; at += 1) {
    const digit = (bytes[at] as number) - 0x30;
    if (digit < 0 || digit > 9) break;
    if (at - start < 6) micros = micros * 10 + digit;
    else if (digit !== 0) throw valueError('not a time in microseconds: more than 6 digits after the point');
  }
  for (let digits = at - start; digits < 6; digits += 1) micros *= 10;
  moment.micros = micros;
  moment.fractionDigits = at - start;
  return at === start ? -1 : at;
}

/** `Z`, `+02`, `-03:30`, `+00:19:32`; fills offsetSeconds. */
export function scanOffset(bytes: Uint8Array, start: number, end: number): number {
  moment.offsetSeconds = 0;
  if (start < 0 || start >= end) return -1;
  const sign = bytes[start] as number;
  if (sign === 0x5a || sign === 0x7a) return start + 1;
  if (sign !== plus && sign !== dash) return -1;
  let at = start + 1;
  let seconds = 0;
  for (let unit = 3600; unit >= 1 && at < end; unit /= 60) {
    if (unit < 3600) {
      if (bytes[at] === colon) at += 1;
      else if (unit === 1 || (bytes[at] as number) < 0x30 || (bytes[at] as number) > 0x39) break;
    }
    const value = end - at < 2 ? -1 : twoDigits(bytes, at);
    if (value < 0 || (unit < 3600 && value > 59)) return -1;
    seconds += value * unit;
    at += 2;
  }
  if (at === start + 1) return -1;
  moment.offsetSeconds = sign === dash ? -seconds : seconds;
  return at;
}

export function scanTimestamp(bytes: Uint8Array, start: number, end: number, zoned: boolean): void {
  const stop = scanEra(bytes, start, end);
  let at = scanDate(bytes, start, stop, stop !== end);
  const separator = at < 0 ? 0 : bytes[at];
  at = separator === 0x20 || separator === 0x54 ? scanTime(bytes, at + 1, stop) : -1;
  if (zoned) at = scanOffset(bytes, at, stop);
  if (at !== stop) {
    throw valueError(
      `not a timestamp: expected YYYY-MM-DD HH:MM:SS ${zoned ? 'with a zone offset' : 'without a zone'}, within the calendar`,
    );
  }
}

/** 1 for `infinity`, -1 for `-infinity`, else 0. */
export function infinity(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length === 8 && bytes[start] === 0x69 && matches(bytes, start)) return 1;
  if (length === 9 && bytes[start] === dash && matches(bytes, start + 1)) return -1;
  return 0;
}

const infinityText = Buffer.from('infinity', 'latin1');

function matches(bytes: Uint8Array, start: number): boolean {
  for (let at = 0; at < infinityText.length; at += 1) if (bytes[start + at] !== infinityText[at]) return false;
  return true;
}

function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = (bytes[at] as number) - 0x30;
  const ones = (bytes[at + 1] as number) - 0x30;
  return tens < 0 || tens > 9 || ones < 0 || ones > 9 ? -1 : tens * 10 + ones;
}

function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

export function daysInMonth(year: number, month: number): number {
  if (month === 2) return isLeapYear(year) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Howard Hinnant's days_from_civil: eras of 400 years that start in March. */
export function daysFromCivil(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = (shifted >= 0 ? shifted / 400 : (shifted - 399) / 400) | 0;
  const yearOfEra = shifted - era * 400;
  const dayOfYear = (((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) | 0) + day - 1;
  return era * 146_097 + yearOfEra * 365 + ((yearOfEra / 4) | 0) - ((yearOfEra / 100) | 0) + dayOfYear - 719_468;
}

/** The inverse: fills year, month and day. */
export function setCivil(days: number): void {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = ((dayOfEra - ((dayOfEra / 1460) | 0) + ((dayOfEra / 36_524) | 0) - ((dayOfEra / 146_096) | 0)) / 365) | 0;
  const dayOfYear = dayOfEra - (365 * yearOfEra + ((yearOfEra / 4) | 0) - ((yearOfEra / 100) | 0));
  const shiftedMonth = ((5 * dayOfYear + 2) / 153) | 0;
  moment.day = dayOfYear - (((153 * shiftedMonth + 2) / 5) | 0) + 1;
  moment.month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  moment.year = yearOfEra + era * 400 + (moment.month <= 2 ? 1 : 0);
  moment.days = days;
}

export function dateError(bytes: Uint8Array, start: number, end: number): Error {
  if (infinity(bytes, start, end) !== 0) return valueError('not a date: infinity is no day of the calendar');
  return valueError('not a date: expected YYYY-MM-DD within the calendar');
}

export function timeError(): Error {
  return valueError('not a time: expected HH:MM:SS up to 24:00:00');
}
