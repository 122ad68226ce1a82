import { latin1 } from './text-number.ts';
import { valueError } from './value-error.ts';
import type { ByteRegister, Int64 } from './value-register.ts';

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
  const [, years, months, days, sign, hours, minutes, seconds, fraction] = parts(bytes, start, end);
  const time =
    ((BigInt(hours ?? 0) * 60n + BigInt(minutes ?? 0)) * 60n + BigInt(seconds ?? 0)) * 1_000_000n + BigInt((fraction ?? '').padEnd(6, '0'));
  const micros = (integer(years) * 12n + integer(months)) * microsPerMonth + integer(days) * microsPerDay + (sign === '-' ? -time : time);
  if (micros > int64Max || micros < -int64Max - 1n) throw valueError('not an interval in microseconds: out of range');
  into.setBigInt(micros);
}

/** → `P1Y2M-3DT4H5M6.78S`: every part is written, each with its own sign, as `io.debezium.time.Interval` has it. */
export function readIntervalIso(bytes: Uint8Array, start: number, end: number, into: ByteRegister): void {
  const [, years, months, days, sign, hours, minutes, seconds, fraction] = parts(bytes, start, end);
  const minus = sign === '-' ? '-' : '';
  const part = (digits: string | undefined): string => (BigInt(digits ?? 0) === 0n ? '0' : `${minus}${BigInt(digits ?? 0)}`);
  const rest = (fraction ?? '').replace(/0+$/, '');
  const second = rest === '' ? part(seconds) : `${minus}${BigInt(seconds ?? 0)}.${rest}`;
  into.length = 0;
  into.appendText(`P${integer(years)}Y${integer(months)}M${integer(days)}DT${part(hours)}H${part(minutes)}M${second}S`);
}

export interface IntervalParts {
  /** With their signs. */
  readonly years: bigint;
  readonly months: bigint;
  readonly days: bigint;
  /** Of the clock, which has one sign. */
  readonly isNegative: boolean;
  readonly hours: string;
  readonly minutes: string;
  readonly seconds: string;
  /** Digits behind the point. */
  readonly fraction: string;
}

/** An interval taken apart. */
export function intervalParts(bytes: Uint8Array, start: number, end: number): IntervalParts {
  const [, years, months, days, sign, hours, minutes, seconds, fraction] = parts(bytes, start, end);
  return {
    years: integer(years),
    months: integer(months),
    days: integer(days),
    isNegative: sign === '-',
    hours: hours ?? '0',
    minutes: minutes ?? '0',
    seconds: seconds ?? '0',
    fraction: fraction ?? '',
  };
}

function parts(bytes: Uint8Array, start: number, end: number): RegExpExecArray {
  const text = latin1(bytes, start, end);
  const found = end > start ? verbose.exec(text) : null;
  if (found !== null) return found;
  throw valueError(
    text.endsWith('infinity') ? 'not an interval: infinity has no length' : 'not an interval: expected IntervalStyle postgres',
  );
}

function integer(text: string | undefined): bigint {
  return text === undefined ? 0n : BigInt(text.startsWith('+') ? text.slice(1) : text);
}
