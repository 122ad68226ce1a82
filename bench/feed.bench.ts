/**
 * What the half of the row path costs that ends at `emit`: one slot's history is streamed again and again from a real
 * Postgres into an outlet that only counts. Nothing is confirmed, so every pass reads the same log.
 *
 *   source test environment; node bench/feed.bench.ts [--rows 300000] [--transaction 1000] [--table taxi|numbers|narrow] [--passes 5] [--tables 1] [--tls]
 */
import { parseArgs } from 'node:util';
import { readFileSync } from 'node:fs';

import { silentLog } from '../src/base/log.ts';
import { Metrics } from '../src/base/metrics.ts';
import { systemClock } from '../src/base/clock.ts';
import type { ChangeOutlet } from '../src/connect/source.ts';
import { PostgresSource } from '../src/sources/postgres/postgres-source.ts';
import { createDatabase, type Database } from '../test/support/database.ts';
import { sourceConfig } from '../test/sources/postgres/source-config.ts';

const { values: flags } = parseArgs({
  options: {
    rows: { type: 'string', default: '300000' },
    transaction: { type: 'string', default: '1000' },
    table: { type: 'string', default: 'taxi' },
    passes: { type: 'string', default: '5' },
    tables: { type: 'string', default: '1' },
    tls: { type: 'boolean', default: false },
    server: { type: 'string', default: process.env['MILLRACE_TEST_POSTGRES'] ?? '' },
    extra: { type: 'string', multiple: true, default: [] },
  },
});

interface BenchTable {
  readonly columns: string;
  /** The cells of row `i`, as SQL. */
  readonly row: string;
}

const benchTables: Readonly<Record<string, BenchTable>> = {
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

const rows = Number(flags.rows);
const passes = Number(flags.passes);
const tableCount = Number(flags.tables);

async function fill(database: Database): Promise<void> {
  const table = benchTables[flags.table];
  if (table === undefined) throw new Error(`no table "${flags.table}"`);
  for (let at = 0; at < tableCount; at += 1) await database.query(`CREATE TABLE t${at} (${table.columns}, PRIMARY KEY (id))`);
  await database.query('CREATE PUBLICATION shop_publication FOR ALL TABLES');
  await database.query(`SELECT pg_create_logical_replication_slot('slot_${database.name}', 'pgoutput')`);
  const perTransaction = Number(flags.transaction);
  const insert =
    tableCount === 1
      ? `INSERT INTO t0 SELECT ${table.row} FROM generate_series(n * ${perTransaction} + 1, (n + 1) * ${perTransaction}) i; COMMIT;`
      : `FOR i IN n * ${perTransaction} + 1 .. (n + 1) * ${perTransaction} LOOP EXECUTE format('INSERT INTO t%s SELECT ${table.row.replaceAll("'", "''").replaceAll('%', '%%')} FROM (SELECT $1::int AS i) s', i % ${tableCount}) USING i; END LOOP; COMMIT;`;
  await database.query(`DO $$ BEGIN FOR n IN 0..${rows / perTransaction - 1} LOOP ${insert} END LOOP; END $$`);
}

interface Pass {
  readonly seconds: number;
  readonly cpuMicrosPerRow: number;
  readonly serverMicrosPerRow: number;
}

async function pass(database: Database): Promise<Pass> {
  const extra = Object.fromEntries(flags.extra.map((item) => item.split(/=(.*)/s).slice(0, 2)));
  const config = sourceConfig(database, { ...(flags.tls ? { 'database.sslmode': 'require' } : {}), ...extra });
  const source = new PostgresSource({ connector: 'feed', config, clock: systemClock, log: silentLog, metrics: new Metrics() });
  const abort = new AbortController();
  const first = Promise.withResolvers<void>();
  const last = Promise.withResolvers<void>();
  let seen = 0;
  const out: ChangeOutlet = {
    declare: async () => {},
    emit: () => {
      if (seen === 0) first.resolve();
      seen += 1;
      if (seen === rows) last.resolve();
      return true;
    },
    boundary: () => true,
    reject: (error) => {
      throw error;
    },
    drained: async () => {},
  };
  const run = source.run([], out, abort.signal);
  run.catch((error: unknown) => last.reject(error));
  await Promise.race([first.promise, run]);
  const [{ pid }] = (await database.query('SELECT active_pid AS pid FROM pg_replication_slots WHERE slot_name = $1', [
    `slot_${database.name}`,
  ])) as [{ pid: number }];
  const [startMs, startCpu, startServer] = [performance.now(), process.cpuUsage(), processTicks(pid)];
  const startSeen = seen;
  await last.promise;
  const cpu = process.cpuUsage(startCpu);
  const done = rows - startSeen;
  const result = {
    seconds: (((performance.now() - startMs) / done) * rows) / 1000,
    cpuMicrosPerRow: (cpu.user + cpu.system) / done,
    serverMicrosPerRow: ((processTicks(pid) - startServer) * 10_000) / done,
  };
  abort.abort(new Error('measured'));
  await run.catch(() => {});
  await source.close();
  return result;
}

/** User and system time of a local process, in hundredths of a second. */
function processTicks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
}

const median = (list: readonly number[]): number => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN;

await using database = await createDatabase(flags.server);
await fill(database);
const results: Pass[] = [];
for (let at = 0; at < passes; at += 1) {
  const result = await pass(database);
  if (at > 0) results.push(result);
  console.log(
    `${at === 0 ? 'warm-up' : `pass ${at} `}  ${(rows / result.seconds / 1000).toFixed(0).padStart(4)} k rows/s  ` +
      `ours ${result.cpuMicrosPerRow.toFixed(2)} us/row  walsender ${result.serverMicrosPerRow.toFixed(2)} us/row`,
  );
}
console.log(
  `median ${flags.table}, ${flags.transaction} rows a transaction, ${tableCount} table(s): ${(rows / median(results.map((r) => r.seconds)) / 1000).toFixed(0)} k rows/s, ` +
    `ours ${median(results.map((r) => r.cpuMicrosPerRow)).toFixed(2)} us/row, walsender ${median(results.map((r) => r.serverMicrosPerRow)).toFixed(2)} us/row`,
);
