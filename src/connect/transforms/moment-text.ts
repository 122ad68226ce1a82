import { ConnectError } from '../../base/errors.ts';
import { ColumnKind } from '../../record/column-kind.ts';

/** Kinds whose cells hold a moment as Postgres prints it. */
export const momentKinds: ReadonlySet<ColumnKind> = new Set<ColumnKind>([
  ColumnKind.TIMESTAMP_MILLIS,
  ColumnKind.TIMESTAMP_MICROS,
  ColumnKind.TIMESTAMP_NANOS,
  ColumnKind.ZONED_TIMESTAMP,
]);

const pattern = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d(?::\d\d)?)?$/;

/** `2026-02-28 23:30:00.123456`, as UTC, or with a zone (`+00`, `+05:30`). Throws `data.value` for years beyond four digits and infinity. */
export function epochNanosOf(text: string): bigint {
  const [, day = '', time = '', fraction = '', zone = 'Z'] = pattern.exec(text) ?? [];
  const epochMs = Date.parse(`${day}T${time}${/^[+-]\d\d$/.test(zone) ? `${zone}:00` : zone}`);
  if (Number.isNaN(epochMs))
    throw new ConnectError('data.value', 'A transform cannot read the time of a row: it is not of the years 0 to 9999.', {
      remedy: 'Correct the row, or leave its time as it is.',
    });
  return BigInt(epochMs) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
}

export function epochMsOf(text: string): number {
  return Number(floorDivide(epochNanosOf(text), 1_000_000n));
}

/** Towards the past, as the calendar goes on before 1970. */
export function floorDivide(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  return dividend < 0n && quotient * divisor !== dividend ? quotient - 1n : quotient;
}
