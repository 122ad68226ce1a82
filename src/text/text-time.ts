import { dateError, infinity, moment, scanDate, scanEra, scanTime, scanTimestamp, secondsPerDay, timeError } from './moment.ts';
import { valueError } from './value-error.ts';
import type { Int64 } from './value-register.ts';

/** Below this many seconds, microseconds are exact in a double. */
const exactSeconds = 9_000_000_000;
/** Below this many seconds, nanoseconds fit into an int64. */
const nanosSecondsMax = 9_223_372_036;
const int64Max = (1n << 63n) - 1n;

/** `YYYY-MM-DD[ BC]` → days since 1970-01-01. */
export function readDateDays(bytes: Uint8Array, start: number, end: number): number {
  const stop = scanEra(bytes, start, end);
  if (scanDate(bytes, start, stop, stop !== end) !== stop) throw dateError(bytes, start, end);
  return moment.days;
}

/** `HH:MM:SS[.fff]` → milliseconds of the day; `24:00:00` is 86400000. Finer digits are cut off where `scale` announces them. */
export function readTimeMillis(bytes: Uint8Array, start: number, end: number, scale: number): number {
  if (scanTime(bytes, start, end) !== end) throw timeError();
  if (scale <= 3 && moment.micros % 1000 !== 0) throw valueError('not a time in milliseconds: more than 3 digits after the point');
  return moment.seconds * 1000 + Math.floor(moment.micros / 1000);
}

/** → microseconds of the day; `24:00:00` is 86400000000. */
export function readTimeMicros(bytes: Uint8Array, start: number, end: number, into: Int64): void {
  if (scanTime(bytes, start, end) !== end) throw timeError();
  into.setSafe(moment.seconds * 1_000_000 + moment.micros);
}

/** A timestamp without zone, read as UTC → milliseconds since 1970, finer digits cut off (towards the past). */
export function readTimestampMillis(bytes: Uint8Array, start: number, end: number, into: Int64): void {
  const infinite = infinity(bytes, start, end);
  if (infinite !== 0) {
    into.setSafe(infinite > 0 ? 9_223_372_036_825_200 : -9_223_372_036_832_400);
    return;
  }
  scanTimestamp(bytes, start, end, false);
  into.setProduct(moment.days * secondsPerDay + moment.seconds, 1000, Math.floor(moment.micros / 1000));
}

/** → microseconds since 1970; infinities become pgjdbc's sentinels. */
export function readTimestampMicros(bytes: Uint8Array, start: number, end: number, into: Int64): void {
  const infinite = infinity(bytes, start, end);
  if (infinite !== 0) {
    into.setBigInt(infinite > 0 ? 9_223_372_036_825_200_000n : -9_223_372_036_832_400_000n);
    return;
  }
  scanTimestamp(bytes, start, end, false);
  const seconds = moment.days * secondsPerDay + moment.seconds;
  if (seconds > -exactSeconds && seconds < exactSeconds) {
    into.setSafe(seconds * 1_000_000 + moment.micros);
    return;
  }
  if (seconds > 9_223_372_036_854 || seconds < -9_223_372_036_854) throw valueError('not a timestamp in microseconds: out of range');
  into.setProduct(seconds, 1_000_000, moment.micros);
}

/** → nanoseconds of the day; `24:00:00` is 86400000000000. */
export function readTimeNanos(bytes: Uint8Array, start: number, end: number, into: Int64): void {
  if (scanTime(bytes, start, end) !== end) throw timeError();
  into.setSafe((moment.seconds * 1_000_000 + moment.micros) * 1000);
}

/** → nanoseconds since 1970; infinities become the largest and the smallest int64. */
export function readTimestampNanos(bytes: Uint8Array, start: number, end: number, into: Int64): void {
  const infinite = infinity(bytes, start, end);
  if (infinite !== 0) {
    into.setBigInt(infinite > 0 ? int64Max : -int64Max - 1n);
    return;
  }
  scanTimestamp(bytes, start, end, false);
  const seconds = moment.days * secondsPerDay + moment.seconds;
  if (seconds >= nanosSecondsMax || seconds < -nanosSecondsMax) {
    throw valueError('not a timestamp in nanoseconds: outside the years 1677 to 2262');
  }
  into.setProduct(seconds, 1_000_000_000, moment.micros * 1000);
}
