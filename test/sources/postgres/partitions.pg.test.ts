import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createDatabase, type Database } from '../../support/database.ts';
import { servers } from './servers.ts';
import { startSource, untilStreaming, type Running } from './source-fixture.ts';

/** Rows by table and key, as a reader of the topics has them in the end. */
function stateOf(running: Running): Record<string, readonly string[]> {
  const tables = new Map<string, Map<string, string>>();
  for (const { op, table, before, after } of running.out.changes) {
    const rows = tables.get(table) ?? new Map<string, string>();
    tables.set(table, rows);
    if (op === 't') rows.clear();
    const key = (row: typeof after): string => (row?.['id'] ?? '') as string;
    if (op === 'd') assert.ok(rows.delete(key(before)), `a row of ${table} was deleted that was not there`);
    else if (after !== null) rows.set(key(after), `${key(after)} ${after['v'] as string}`);
  }
  return Object.fromEntries([...tables].filter(([, rows]) => rows.size > 0).map(([table, rows]) => [table, [...rows.values()].toSorted()]));
}

async function rowsOf(db: Database, table: string): Promise<readonly string[]> {
  return (await db.query<{ row: string }>(`SELECT id || ' ' || v AS row FROM ${table}`)).map(({ row }) => row).toSorted();
}

const schema = `CREATE TABLE marks (id int PRIMARY KEY, v text);
  CREATE TABLE parts (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);
  CREATE TABLE low PARTITION OF parts FOR VALUES FROM (0) TO (100);
  CREATE TABLE high PARTITION OF parts FOR VALUES FROM (100) TO (1000) PARTITION BY RANGE (id);
  CREATE TABLE high_a PARTITION OF high FOR VALUES FROM (100) TO (200);
  CREATE TABLE joining (id int PRIMARY KEY, v text);
  INSERT INTO parts SELECT n, 'old' FROM generate_series(1, 5) n; INSERT INTO parts VALUES (150, 'old'); INSERT INTO joining VALUES (250, 'joined')`;

/** Rows move between partitions, partitions come, join with rows, are emptied, leave and go. */
const history = [
  'UPDATE parts SET id = 101 WHERE id = 1',
  "UPDATE parts SET id = 6, v = 'moved' WHERE id = 150",
  "CREATE TABLE high_c PARTITION OF high FOR VALUES FROM (300) TO (400); INSERT INTO parts VALUES (301, 'new partition')",
  "ALTER TABLE high ATTACH PARTITION joining FOR VALUES FROM (200) TO (300); INSERT INTO parts VALUES (251, 'beside')",
  "UPDATE parts SET v = 'changed' WHERE id = 250",
  "ALTER TABLE high DETACH PARTITION high_c; INSERT INTO high_c VALUES (302, 'on its own')",
  'DELETE FROM parts WHERE id = 2; TRUNCATE high_a',
];

for (const [version, server] of servers) {
  test(`Postgres ${version}: partitions under their own names: the topics end as the tables do`, async () => {
    await using db = await createDatabase(server);
    await db.query(schema);
    await using running = startSource(db, { extra: { 'snapshot.mode': 'initial', 'skipped.operations': 'none' } });
    await running.out.untilChanges(7);
    await untilStreaming(db, running);
    for (const step of history) await db.query(step);
    await db.query("INSERT INTO marks VALUES (1, '')");
    await running.out.until(() => running.out.changes.at(-1)?.table === 'public.marks');
    const { 'public.marks': _marks, ...told } = stateOf(running);
    const expected: Record<string, readonly string[]> = {};
    for (const table of ['low', 'high_a', 'high_c', 'joining']) expected[`public.${table}`] = await rowsOf(db, table);
    assert.deepEqual(told, Object.fromEntries(Object.entries(expected).filter(([, rows]) => rows.length > 0)));
  });

  test(`Postgres ${version}: partitions under their root's name: what joins or leaves without a change is all that differs`, async () => {
    await using db = await createDatabase(server);
    await db.query(schema);
    const extra = {
      'snapshot.mode': 'initial',
      'skipped.operations': 'none',
      'publish.via.partition.root': 'true',
      'table.include.list': 'public.(parts|marks)',
    };
    await using running = startSource(db, { extra });
    await running.out.untilChanges(6);
    await untilStreaming(db, running);
    for (const step of history) await db.query(step);
    await db.query("INSERT INTO marks VALUES (1, '')");
    await running.out.until(() => running.out.changes.at(-1)?.table === 'public.marks');
    const told = new Set(stateOf(running)['public.parts']);
    assert.deepEqual(Object.keys(stateOf(running)).toSorted(), ['public.marks', 'public.parts']);
    const there = new Set(await rowsOf(db, 'parts'));
    // No server tells under the root's name that a partition left with its rows, or was emptied by itself.
    assert.deepEqual([...told].filter((row) => !there.has(row)).toSorted(), ['101 old', '301 new partition']);
    assert.deepEqual(
      [...there].filter((row) => !told.has(row)),
      [],
    );
  });
}
