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
import { benchTables } from './feed-tables.ts';

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

const rows = Number(flags.rows);
const passes = Number(flags.passes);
const tableCount = Number(flags.tables);

async function fill(database: Database): Promise<void> {
  const table = benchTables[flags.table];
  if (table === undefined) throw new Error(`no table "${flags.table}"`);
  for (let at = 0; at < tableCount; at += 1) await database.query(`CREATE TABLE t${at} (${table.columns}, PRIMARY KEY (id))`);
  await database.query('CREATE PUBLICATION shop_publication FOR ALL TABLES; SET synchronous_commit = off');
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
