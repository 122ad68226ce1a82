import type { StructuredForm } from '../record/cell-rewrite.ts';
import {
  dateError,
  infinity,
  moment,
  scanDate,
  scanEra,
  scanOffset,
  scanTime,
  scanTimestamp,
  secondsPerDay,
  setCivil,
  timeError,
} from './moment.ts';
import { intervalParts } from './text-interval.ts';
import { valueError } from './value-error.ts';
import type { ByteRegister, Rewriter } from './value-register.ts';

const comma = 0x2c;
const minus = 0x2d;

/**
 * Times as array literals with one element for each field of Debezium's structs (`io.debezium.time.Structured…`), in
 * their order. `precision` is the column's, -1: none.
 */
export function structuredRewriter(form: StructuredForm, precision: number): Rewriter {
  switch (form) {
    case 'date':
      return readStructuredDate;
    case 'time':
      return (bytes, start, end, into) => readStructuredTime(bytes, start, end, precision, into);
    case 'timetz':
      return (bytes, start, end, into) => readStructuredZonedTime(bytes, start, end, precision, into);
    case 'timestamp':
      return (bytes, start, end, into) => readStructuredTimestamp(bytes, start, end, precision, into);
    case 'timestamptz':
      return (bytes, start, end, into) => readStructuredZonedTimestamp(bytes, start, end, precision, into);
    case 'interval':
      return (bytes, start, end, into) => readStructuredDuration(bytes, start, end, precision, into);
  }
}

/** → year, month, day, specialValue. */
function readStructuredDate(bytes: Uint8Array, start: number, end: number, into: ByteRegister): void {
  begin(into);
  const infinite = infinity(bytes, start, end);
  if (infinite === 0) {
    const stop = scanEra(bytes, start, end);
    if (scanDate(bytes, start, stop, stop !== end) !== stop) throw dateError(bytes, start, end);
    calendar(into);
  } else {
    nulls(3, into);
  }
  special(infinite, into);
  close(into);
}

/** → hour, minute, second, nanos, precision; `24:00:00` has the hour 24. */
function readStructuredTime(bytes: Uint8Array, start: number, end: number, precision: number, into: ByteRegister): void {
  begin(into);
  if (scanTime(bytes, start, end) !== end) throw timeError();
  clock(into);
  precise(precision, into);
  close(into);
}

/** → hour, minute, second, nanos, offsetSeconds, precision: the clock as it stands there, not in UTC. */
function readStructuredZonedTime(bytes: Uint8Array, start: number, end: number, precision: number, into: ByteRegister): void {
  begin(into);
  const at = scanOffset(bytes, scanTime(bytes, start, end), end);
  if (at !== end) throw valueError('not a time with zone: expected HH:MM:SS and an offset');
  clock(into);
  number(moment.offsetSeconds, into);
  precise(precision, into);
  close(into);
}

/** → year to nanos, specialValue, precision. */
function readStructuredTimestamp(bytes: Uint8Array, start: number, end: number, precision: number, into: ByteRegister): void {
  begin(into);
  const infinite = infinity(bytes, start, end);
  if (infinite === 0) {
    scanTimestamp(bytes, start, end, false);
    calendar(into);
    clock(into);
  } else {
    nulls(7, into);
  }
  special(infinite, into);
  precise(precision, into);
  close(into);
}

/** → year to nanos, offsetSeconds, zoneId, specialValue, precision; in UTC, whose id is `Z`. */
function readStructuredZonedTimestamp(bytes: Uint8Array, start: number, end: number, precision: number, into: ByteRegister): void {
  begin(into);
  const infinite = infinity(bytes, start, end);
  if (infinite === 0) {
    scanTimestamp(bytes, start, end, true);
    if (moment.offsetSeconds !== 0) {
      const seconds = moment.days * secondsPerDay + moment.seconds - moment.offsetSeconds;
      const days = Math.floor(seconds / secondsPerDay);
      moment.seconds = seconds - days * secondsPerDay;
      setCivil(days);
    }
    calendar(into);
    clock(into);
    number(0, into);
    separate(into);
    into.push(0x5a);
  } else {
    nulls(9, into);
  }
  special(infinite, into);
  precise(precision, into);
  close(into);
}

/** → years, months, days, hours, minutes, seconds, nanos, precision, each with its own sign. */
function readStructuredDuration(bytes: Uint8Array, start: number, end: number, precision: number, into: ByteRegister): void {
  const parts = intervalParts(bytes, start, end);
  const sign = parts.isNegative ? '-' : '';
  const nanos = parts.fraction.padEnd(9, '0');
  const clockText = [parts.hours, parts.minutes, parts.seconds, nanos].map((digits) => `${sign}${BigInt(digits)}`).join(',');
  into.length = 0;
  into.appendText(`{${parts.years},${parts.months},${parts.days},${clockText.replaceAll('-0', '0')}`);
  precise(precision, into);
  close(into);
}

function begin(into: ByteRegister): void {
  into.length = 0;
  into.push(0x7b);
}

function close(into: ByteRegister): void {
  into.push(0x7d);
}

function separate(into: ByteRegister): void {
  if (into.length > 1) into.push(comma);
}

function number(value: number, into: ByteRegister): void {
  separate(into);
  if (value < 0) into.push(minus);
  into.appendDigits(Math.abs(value), 1);
}

function calendar(into: ByteRegister): void {
  number(moment.year, into);
  number(moment.month, into);
  number(moment.day, into);
}

function clock(into: ByteRegister): void {
  const minutes = (moment.seconds / 60) | 0;
  const hours = (minutes / 60) | 0;
  number(hours, into);
  number(minutes - hours * 60, into);
  number(moment.seconds - minutes * 60, into);
  number(moment.micros * 1000, into);
}

const nullWord = Buffer.from('NULL', 'latin1');
const positive = Buffer.from('POSITIVE_INFINITY', 'latin1');
const negative = Buffer.from('NEGATIVE_INFINITY', 'latin1');

function nulls(count: number, into: ByteRegister): void {
  for (let index = 0; index < count; index += 1) word(nullWord, into);
}

function special(infinite: number, into: ByteRegister): void {
  word(infinite === 0 ? nullWord : infinite > 0 ? positive : negative, into);
}

function precise(precision: number, into: ByteRegister): void {
  if (precision < 0) word(nullWord, into);
  else number(precision, into);
}

function word(text: Uint8Array, into: ByteRegister): void {
  separate(into);
  into.append(text, 0, text.length);
}
