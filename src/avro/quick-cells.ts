import { daysFromCivil, daysInMonth } from '../text/moment.ts';

/**
 * Cells in the forms that servers send nearly always, from text to Avro in one pass. Each function writes the value at
 * `target[at]` and answers where it ends, or -1 when the cell has any other form: then nothing was decided, and the full
 * readers of `src/text` read it, or say what is wrong with it. Stores beyond `target` have no effect, as in `ByteSink`.
 */

const zero = 0x30;
const minus = 0x2d;
const point = 0x2e;
const colon = 0x3a;
const digitsInt = 9;

/** Zigzag varint of an integer in 31 bits. */
export function writeInt(target: Uint8Array, at: number, value: number): number {
  let end = at;
  let rest = (value << 1) ^ (value >> 31);
  while (rest > 0x7f) {
    target[end++] = (rest & 0x7f) | 0x80;
    rest >>= 7;
  }
  target[end] = rest;
  return end + 1;
}

const exact = 2 ** 52;
const lowBits = 2 ** 28;

/** Zigzag varint of an integer of magnitude below 2^52; -1 beyond. */
export function writeLong(target: Uint8Array, at: number, value: number): number {
  if (value > -0x4000_0000 && value < 0x4000_0000) return writeInt(target, at, value);
  if (value <= -exact || value >= exact) return -1;
  let end = at;
  let rest = value < 0 ? -2 * value - 1 : 2 * value;
  const high = Math.floor(rest / lowBits);
  let low = rest - high * lowBits;
  for (let index = 0; index < 4; index += 1) {
    target[end++] = (low & 0x7f) | 0x80;
    low >>= 7;
  }
  rest = high;
  while (rest > 0x7f) {
    target[end++] = (rest & 0x7f) | 0x80;
    rest >>= 7;
  }
  target[end] = rest;
  return end + 1;
}

/** Up to `digitsMax` digits, at most nine. */
export function quickInt(target: Uint8Array, at: number, bytes: Uint8Array, start: number, end: number, digitsMax: number): number {
  const negative = bytes[start] === minus;
  let from = negative ? start + 1 : start;
  if (from >= end || end - from > digitsMax) return -1;
  let value = 0;
  for (; from < end; from += 1) {
    const digit = (bytes[from] as number) - zero;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return writeInt(target, at, negative ? -value : value);
}

/** Up to 15 digits. */
export function quickLong(target: Uint8Array, at: number, bytes: Uint8Array, start: number, end: number): number {
  const negative = bytes[start] === minus;
  const from = negative ? start + 1 : start;
  const digits = end - from;
  if (digits <= digitsInt) return quickInt(target, at, bytes, start, end, digitsInt);
  if (digits > 15) return -1;
  const split = end - 6;
  const upper = digitsOf(bytes, from, split);
  const lower = digitsOf(bytes, split, end);
  if (upper < 0 || lower < 0) return -1;
  const value = upper * 1_000_000 + lower;
  return writeLong(target, at, negative ? -value : value);
}

/** At most nine digits; -1 when one of them is none. */
function digitsOf(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at += 1) {
    const digit = (bytes[at] as number) - zero;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** A short text; the loop is written out because most texts are too short for a native copy. */
export function quickText(target: Uint8Array, at: number, bytes: Uint8Array, start: number, end: number): number {
  let to = writeInt(target, at, end - start);
  let from = start;
  for (const stop = end - 3; from < stop; from += 4, to += 4) {
    const first = bytes[from] as number;
    const second = bytes[from + 1] as number;
    const third = bytes[from + 2] as number;
    target[to + 3] = bytes[from + 3] as number;
    target[to + 2] = third;
    target[to + 1] = second;
    target[to] = first;
  }
  for (; from < end; from += 1) target[to++] = bytes[from] as number;
  return to;
}

/** `t` or `f`. */
export function quickBoolean(target: Uint8Array, at: number, bytes: Uint8Array, start: number, end: number): number {
  if (end - start !== 1) return -1;
  const letter = bytes[start] as number;
  if (letter !== 0x74 && letter !== 0x66) return -1;
  target[at] = letter === 0x74 ? 1 : 0;
  return at + 1;
}

/** Nine digits at most, of which exactly `scale` stand behind the point. */
export function quickDecimal(target: Uint8Array, at: number, bytes: Uint8Array, start: number, end: number, scale: number): number {
  const negative = bytes[start] === minus;
  const from = negative ? start + 1 : start;
  const pointAt = scale > 0 ? end - scale - 1 : end;
  if (pointAt <= from || pointAt - from + scale > digitsInt || scale < 0) return -1;
  let value = digitsOf(bytes, from, pointAt);
  if (value < 0) return -1;
  if (scale > 0) {
    if (bytes[pointAt] !== point) return -1;
    for (let index = pointAt + 1; index < end; index += 1) {
      const digit = (bytes[index] as number) - zero;
      if (digit < 0 || digit > 9) return -1;
      value = value * 10 + digit;
    }
  }
  if (negative) value = -value | 0;
  const size = (value << 24) >> 24 === value ? 1 : (value << 16) >> 16 === value ? 2 : (value << 8) >> 8 === value ? 3 : 4;
  target[at] = size * 2;
  for (let index = size; index > 0; index -= 1) {
    target[at + index] = value & 0xff;
    value >>= 8;
  }
  return at + 1 + size;
}

/** The month that was looked up last: rows that follow each other mostly share it. */
class Month {
  key = -1;
  /** Days from 1970-01-01 to the day before its first. */
  daysBefore = 0;
  length = 0;

  find(year: number, month: number): void {
    this.key = year * 16 + month;
    this.daysBefore = daysFromCivil(year, month, 1) - 1;
    this.length = daysInMonth(year, month);
  }
}

const current = new Month();
const none = 1_000;
const noDay = -0x8000_0000;

/** Two digits, `none` when they are not. */
function pair(bytes: Uint8Array, at: number): number {
  const tens = (bytes[at] as number) - zero;
  const ones = (bytes[at + 1] as number) - zero;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : none;
}

/** The days of `YYYY-MM-DD` since 1970-01-01, `noDay` when it is no day of the years 1 to 9999. */
function dayOf(bytes: Uint8Array, start: number): number {
  if (bytes[start + 4] !== minus || bytes[start + 7] !== minus) return noDay;
  const century = pair(bytes, start);
  const yearOfCentury = pair(bytes, start + 2);
  const month = pair(bytes, start + 5);
  const day = pair(bytes, start + 8);
  if (century === none || yearOfCentury === none || month < 1 || month > 12) return noDay;
  const year = century * 100 + yearOfCentury;
  if (year * 16 + month !== current.key) {
    if (year === 0) return noDay;
    current.find(year, month);
  }
  return day < 1 || day > current.length ? noDay : current.daysBefore + day;
}

/** The second of the day of `HH:MM:SS`, -1 when it is none or the day's last instant. */
function secondOf(bytes: Uint8Array, start: number): number {
  if (bytes[start + 2] !== colon || bytes[start + 5] !== colon) return -1;
  const hours = pair(bytes, start);
  const minutes = pair(bytes, start + 3);
  const seconds = pair(bytes, start + 6);
  return hours > 23 || minutes > 59 || seconds > 59 ? -1 : hours * 3600 + minutes * 60 + seconds;
}

const powersOfTen = Int32Array.of(1_000_000, 100_000, 10_000, 1_000, 100, 10, 1);

/** The microseconds of `.f` to `.ffffff`, or of nothing; -1 when it is neither. */
function microsOf(bytes: Uint8Array, start: number, end: number): number {
  if (start === end) return 0;
  const digits = end - start - 1;
  if (bytes[start] !== point || digits < 1 || digits > 6) return -1;
  const value = digitsOf(bytes, start + 1, end);
  return value < 0 ? -1 : value * (powersOfTen[digits] as number);
}

export function quickDate(target: Uint8Array, at: number, bytes: Uint8Array, start: number, end: number): number {
  if (end - start !== 10) return -1;
  const day = dayOf(bytes, start);
  return day === noDay ? -1 : writeInt(target, at, day);
}

/** `YYYY-MM-DD HH:MM:SS[.ffffff]` without zone. */
export function quickTimestampMicros(target: Uint8Array, at: number, bytes: Uint8Array, start: number, end: number): number {
  if (end - start < 19 || bytes[start + 10] !== 0x20) return -1;
  const day = dayOf(bytes, start);
  const second = secondOf(bytes, start + 11);
  const micros = microsOf(bytes, start + 19, end);
  if (day === noDay || second < 0 || micros < 0) return -1;
  return writeLong(target, at, (day * 86_400 + second) * 1_000_000 + micros);
}

/** `YYYY-MM-DD HH:MM:SS[.ffffff]+00` → `YYYY-MM-DDTHH:MM:SS[.f…]Z` with at least `scale` digits. */
export function quickZonedTimestamp(target: Uint8Array, at: number, bytes: Uint8Array, start: number, end: number, scale: number): number {
  const zone = end - 3;
  if (end - start < 22 || bytes[zone] !== 0x2b || bytes[zone + 1] !== zero || bytes[zone + 2] !== zero || bytes[start + 10] !== 0x20)
    return -1;
  if (dayOf(bytes, start) === noDay || secondOf(bytes, start + 11) < 0 || microsOf(bytes, start + 19, zone) < 0) return -1;
  const shown = scale > 0 ? scale : 0;
  let digits = zone === start + 19 ? 0 : zone - start - 20;
  while (digits > shown && bytes[start + 19 + digits] === zero) digits -= 1;
  const fraction = digits > shown ? digits : shown;
  let to = quickText(target, at, bytes, start, start + 19);
  target[at] = (fraction > 0 ? 21 + fraction : 20) * 2;
  target[at + 11] = 0x54;
  if (fraction > 0) {
    target[to++] = point;
    for (let index = 0; index < fraction; index += 1) target[to++] = index < digits ? (bytes[start + 20 + index] as number) : zero;
  }
  target[to] = 0x5a;
  return to + 1;
}

const double = new Float64Array(1);
const doubleBytes = new Uint8Array(double.buffer);

export function writeDouble(target: Uint8Array, at: number, value: number): number {
  double[0] = value;
  target[at] = doubleBytes[0] as number;
  target[at + 1] = doubleBytes[1] as number;
  target[at + 2] = doubleBytes[2] as number;
  target[at + 3] = doubleBytes[3] as number;
  target[at + 4] = doubleBytes[4] as number;
  target[at + 5] = doubleBytes[5] as number;
  target[at + 6] = doubleBytes[6] as number;
  target[at + 7] = doubleBytes[7] as number;
  return at + 8;
}
