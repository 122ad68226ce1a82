import { latin1 } from './text-number.ts';
import { valueError } from './value-error.ts';
import type { Int64 } from './value-register.ts';

const microsPerDay = 86_400_000_000n;
/** A twelfth of 365.25 days. */
const microsPerMonth = 2_629_800_000_000n;
const int64Max = (1n << 63n) - 1n;

const verbose = /^(?:([+-]?\d+) years?)? ?(?:([+-]?\d+) mons?)? ?(?:([+-]?\d+) days?)? ?(?:([+-]?)(\d+):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?$/;

/**
 * `IntervalStyle=postgres` (`1 year 2 mons -3 days +04:05:06.78`) → microseconds. Exact: out of range is an error and
 * is never clamped. Intervals are rare, so this may use strings.
 */
export function readIntervalMicros(bytes: Uint8Array, start: number, end: number, into: Int64): void {
  const text = latin1(bytes, start, end);
  const parts = end > start ? verbose.exec(text) : null;
  if (parts === null)
    throw valueError(
      text.endsWith('infinity') ? 'not an interval: infinity has no length' : 'not an interval: expected IntervalStyle postgres',
    );
  const [, years, months, days, sign, hours, minutes, seconds, fraction] = parts;
  const time =
    ((BigInt(hours ?? 0) * 60n + BigInt(minutes ?? 0)) * 60n + BigInt(seconds ?? 0)) * 1_000_000n + BigInt((fraction ?? '').padEnd(6, '0'));
  const micros = (integer(years) * 12n + integer(months)) * microsPerMonth + integer(days) * microsPerDay + (sign === '-' ? -time : time);
  if (micros > int64Max || micros < -int64Max - 1n) throw valueError('not an interval in microseconds: out of range');
  into.setBigInt(micros);
}

function integer(text: string | undefined): bigint {
  return text === undefined ? 0n : BigInt(text.startsWith('+') ? text.slice(1) : text);
}
