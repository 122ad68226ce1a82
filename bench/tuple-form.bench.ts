/**
 * Text against binary tuples, the server's side: what decoding a slot's history costs it, and how many bytes come of it.
 * The two forms alternate over the same history in one backend; CPU is that backend's own.
 *
 *   node bench/tuple-form.bench.ts [--rows 200000] [--passes 7]
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { createDatabase } from '../test/support/database.ts';
import { benchTables } from './feed-tables.ts';

const { values: flags } = parseArgs({ options: { rows: { type: 'string', default: '200000' }, passes: { type: 'string', default: '7' } } });

/** User and system time of a local process, in hundredths of a second. */
function ticks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
}

for (const [name, table] of Object.entries(benchTables)) {
  await using database = await createDatabase();
  const rows = Number(flags.rows);
  await database.query(`CREATE TABLE t0 (${table.columns}, PRIMARY KEY (id)); CREATE PUBLICATION p FOR ALL TABLES`);
  await database.query(`SELECT pg_create_logical_replication_slot('slot_${database.name}', 'pgoutput')`);
  await database.query(
    `DO $$ BEGIN FOR n IN 0..${rows / 1000 - 1} LOOP INSERT INTO t0 SELECT ${table.row} FROM generate_series(n * 1000 + 1, (n + 1) * 1000) i; COMMIT; END LOOP; END $$`,
  );
  const [{ pid }] = (await database.query('SELECT pg_backend_pid() AS pid')) as [{ pid: number }];
  const results = new Map<string, { micros: number[]; bytes: number }>();
  for (let pass = 0; pass < Number(flags.passes) * 2; pass += 1) {
    const binary = pass % 2 === 0 ? 'false' : 'true';
    const start = ticks(pid);
    const [row] = await database.query<{ bytes: string }>(
      `SELECT sum(length(data))::text AS bytes FROM pg_logical_slot_peek_binary_changes($1, NULL, NULL, 'proto_version', '1', 'publication_names', 'p', 'binary', $2)`,
      [`slot_${database.name}`, binary],
    );
    const result = results.get(binary) ?? { micros: [], bytes: Number(row?.bytes) };
    if (pass > 1) result.micros.push(((ticks(pid) - start) * 10_000) / rows);
    results.set(binary, result);
  }
  for (const [binary, { micros, bytes }] of results) {
    const sorted = micros.toSorted((a, b) => a - b);
    console.log(
      `${name.padEnd(8)} ${binary === 'true' ? 'binary' : 'text  '}  ${(sorted[sorted.length >> 1] ?? Number.NaN).toFixed(2)} us/row (${sorted[0]?.toFixed(2)} to ${sorted.at(-1)?.toFixed(2)})  ${(bytes / rows).toFixed(0)} bytes/row`,
    );
  }
}
