import {
  colon,
  dash,
  dateError,
  infinity,
  moment,
  plus,
  scanDate,
  scanEra,
  scanOffset,
  scanTime,
  scanTimestamp,
  secondsPerDay,
  setCivil,
  timeError,
} from './moment.ts';
import { valueError } from './value-error.ts';
import type { ByteRegister } from './value-register.ts';

/** A timestamp with zone → `YYYY-MM-DDTHH:MM:SS[.f…]Z` in UTC, fraction padded to `scale` digits (-1: as few as needed). */
export function readZonedTimestamp(bytes: Uint8Array, start: number, end: number, scale: number, into: ByteRegister): void {
  into.length = 0;
  const infinite = infinity(bytes, start, end);
  if (infinite !== 0) {
    into.appendText(infinite > 0 ? 'infinity' : '-infinity');
    return;
  }
  scanTimestamp(bytes, start, end, true);
  if (moment.offsetSeconds === 0 && moment.year > 0 && moment.year < 10_000 && moment.seconds < secondsPerDay) {
    copyUtc(bytes, start, scale, into);
    return;
  }
  if (moment.offsetSeconds !== 0) {
    const seconds = moment.days * secondsPerDay + moment.seconds - moment.offsetSeconds;
    const days = Math.floor(seconds / secondsPerDay);
    moment.seconds = seconds - days * secondsPerDay;
    setCivil(days);
  } else if (moment.seconds === secondsPerDay) {
    moment.seconds = 0;
    setCivil(moment.days + 1);
  }
  writeDate(into);
  into.push(0x54);
  writeTimeOfDay(scale, into);
}

/** `YYYY-MM-DD HH:MM:SS[.f…]` that is UTC already and was found right: only the separator and the padding change. */
function copyUtc(bytes: Uint8Array, start: number, scale: number, into: ByteRegister): void {
  into.reserve(64);
  const target = into.bytes;
  for (let at = 0; at < 19; at += 1) target[at] = bytes[start + at] as number;
  target[10] = 0x54;
  let length = 19;
  let digits = moment.fractionDigits;
  while (digits > Math.max(scale, 0) && bytes[start + 19 + digits] === 0x30) digits -= 1;
  if (digits > 0 || scale > 0) {
    target[length++] = 0x2e;
    for (let at = 0; at < digits; at += 1) target[length++] = bytes[start + 20 + at] as number;
    for (; digits < scale; digits += 1) target[length++] = 0x30;
  }
  target[length++] = 0x5a;
  into.length = length;
}

/** A time with zone → `HH:MM:SS[.f…]Z` in UTC; `24:00:00` in UTC stays. */
export function readZonedTime(bytes: Uint8Array, start: number, end: number, scale: number, into: ByteRegister): void {
  into.length = 0;
  let at = scanTime(bytes, start, end);
  at = scanOffset(bytes, at, end);
  if (at !== end) throw valueError('not a time with zone: expected HH:MM:SS and an offset');
  if (moment.offsetSeconds !== 0) moment.seconds = (moment.seconds - moment.offsetSeconds + 2 * secondsPerDay) % secondsPerDay;
  writeTimeOfDay(scale, into);
}

/** Java's `DateTimeFormatter.ISO_*`: a sign from year 10000 on and before year 0. */
function writeYear(year: number, into: ByteRegister): void {
  if (year > 9999) into.push(plus);
  if (year < 0) into.push(dash);
  into.appendDigits(Math.abs(year), 4);
}

function writeTimeOfDay(scale: number, into: ByteRegister): void {
  const minutes = (moment.seconds / 60) | 0;
  const hours = (minutes / 60) | 0;
  into.appendDigits(hours, 2);
  into.push(colon);
  into.appendDigits(minutes - hours * 60, 2);
  into.push(colon);
  into.appendDigits(moment.seconds - minutes * 60, 2);
  writeFraction(scale, into);
  into.push(0x5a);
}

function writeFraction(scale: number, into: ByteRegister): void {
  let digits = 6;
  let micros = moment.micros;
  if (micros === 0) digits = 0;
  else for (; micros % 10 === 0; micros /= 10) digits -= 1;
  if (digits === 0 && scale <= 0) return;
  into.push(0x2e);
  if (digits > 0) into.appendDigits(micros, digits);
  for (; digits < scale; digits += 1) into.push(0x30);
}

/** `YYYY-MM-DD[ BC]` → `YYYY-MM-DDZ`. */
export function readIsoDate(bytes: Uint8Array, start: number, end: number, into: ByteRegister): void {
  const stop = scanEra(bytes, start, end);
  if (scanDate(bytes, start, stop, stop !== end) !== stop) throw dateError(bytes, start, end);
  into.length = 0;
  writeDate(into);
  into.push(0x5a);
}

/** A time without zone → `HH:MM:SS[.f…]Z`; `24:00:00` stays. */
export function readIsoTime(bytes: Uint8Array, start: number, end: number, into: ByteRegister): void {
  if (scanTime(bytes, start, end) !== end) throw timeError();
  into.length = 0;
  writeTimeOfDay(-1, into);
}

/** A timestamp without zone → `YYYY-MM-DDTHH:MM:SS[.f…]Z`; infinities become pgjdbc's sentinels. */
export function readIsoTimestamp(bytes: Uint8Array, start: number, end: number, into: ByteRegister): void {
  into.length = 0;
  const infinite = infinity(bytes, start, end);
  if (infinite !== 0) {
    into.appendText(infinite > 0 ? '+294247-01-10T04:00:25.2Z' : '-290308-12-21T19:59:27.6Z');
    return;
  }
  scanTimestamp(bytes, start, end, false);
  if (moment.seconds === secondsPerDay) {
    moment.seconds = 0;
    setCivil(moment.days + 1);
  }
  writeDate(into);
  into.push(0x54);
  writeTimeOfDay(-1, into);
}

/** Milliseconds since 1970-01-01 → `YYYY-MM-DDTHH:MM:SS.mmmZ`. */
export function writeIsoMillis(millis: number, into: ByteRegister): void {
  const days = Math.floor(millis / 86_400_000);
  const rest = millis - days * 86_400_000;
  moment.seconds = Math.floor(rest / 1000);
  moment.micros = (rest - moment.seconds * 1000) * 1000;
  setCivil(days);
  into.length = 0;
  writeDate(into);
  into.push(0x54);
  writeTimeOfDay(3, into);
}

function writeDate(into: ByteRegister): void {
  writeYear(moment.year, into);
  into.push(dash);
  into.appendDigits(moment.month, 2);
  into.push(dash);
  into.appendDigits(moment.day, 2);
}
