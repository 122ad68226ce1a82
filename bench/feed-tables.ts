/** Tables that the benches of the replication stream fill. */
export interface BenchTable {
  readonly columns: string;
  /** The cells of row `i`, as SQL. */
  readonly row: string;
}

export const benchTables: Readonly<Record<string, BenchTable>> = {
  taxi: {
    columns: `id bigint, vendor int, pickup timestamp, dropoff timestamp, seen timestamptz, day date, passengers smallint, distance double precision,
      flag text, zone_from text, zone_to text, payment text, fare numeric(10,2), tip double precision, shared boolean`,
    row: `i, i % 3, timestamp '2026-07-14 08:15:30.123456' + i * interval '1 second', timestamp '2026-07-14 08:31:02' + i * interval '1 second',
      timestamptz '2026-07-14 08:15:30.123456+00', date '2026-07-14' + i % 300, i % 6, (i % 1000) / 37.0, 'N', 'Upper West Side South', 'Midtown Center',
      'credit card', (i % 9000) / 100.0, (i % 77) / 7.0, i % 2 = 0`,
  },
  numbers: {
    columns: `id bigint, ${Array.from({ length: 6 }, (_, at) => `i${at} bigint, d${at} double precision, t${at} timestamp`).join(', ')}, n1 numeric(20,4), n2 numeric`,
    row: `i, ${Array.from({ length: 6 }, (_, at) => `i::bigint * 7919 * ${at + 1}, i / 3.7 * ${at + 1}, timestamp '2026-01-01' + i * interval '1.234567 second'`).join(', ')}, i / 3.0, i * 1234567.890123`,
  },
  narrow: { columns: 'id bigint, a int, b text, c timestamp', row: `i, i % 7, 'some words', timestamp '2026-07-14 08:15:30.123456'` },
};
