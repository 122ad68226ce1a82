import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createDatabase } from '../../support/database.ts';
import { execute, told } from './adhoc/adhoc-harness.ts';
import { servers } from './servers.ts';
import { startSource, untilStreaming } from './source-fixture.ts';

/** Schema, table and column names that need quoting, are cut or are as long as may be, and a reserved word. */
const names = ['Order.Items', 'a"b', "it's", 'select', '€ ☕ 日本', 'x'.repeat(62) + 'Z', 'ü'.repeat(31), '%s $1 \\n', 'a-b', ' space '];

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

for (const [version, server] of servers) {
  test(`Postgres ${version}: names of every kind in snapshot, stream and incremental snapshot`, async () => {
    await using db = await createDatabase(server);
    for (const name of names) {
      await db.query(`CREATE SCHEMA ${quoted(name)}; CREATE TABLE ${quoted(name)}.${quoted(name)} (${quoted(name)} text, ${quoted(`${name.slice(0, 20)}!`)} int PRIMARY KEY);
        INSERT INTO ${quoted(name)}.${quoted(name)} VALUES ('read', 1), ('read', 2)`);
    }
    const extra = { 'snapshot.mode': 'initial', 'snapshot.max.threads': '2', 'incremental.snapshot.chunk.size': '1' };
    await using running = startSource(db, { extra });
    await running.out.untilChanges(2 * names.length);
    await untilStreaming(db, running);
    for (const name of names)
      await db.query(
        `UPDATE ${quoted(name)}.${quoted(name)} SET ${quoted(name)} = 'changed'; DELETE FROM ${quoted(name)}.${quoted(name)} WHERE ${quoted(`${name.slice(0, 20)}!`)} = 1`,
      );
    await running.out.untilChanges(2 * names.length + 4 * names.length);
    await execute(running, ['.*']);
    await running.out.until(() => running.out.changes.filter(({ op }) => op === 'r').length === 3 * names.length);
    for (const name of names) {
      const table = `${name}.${name}`.split('.').slice(-2).join('.');
      assert.deepEqual(told(running.out.changes, table, `${name.slice(0, 20)}!`), ['r1', 'r2', 'u1', 'u2', 'd1', 'r2'], name);
      assert.equal(running.out.changes.findLast((change) => change.table === table)?.after?.[name], 'changed', name);
    }
    assert.deepEqual(running.out.rejected, []);
  });

  test(`Postgres ${version}: tables without columns, rows or key, and keys in which letters sort in their own way`, async () => {
    await using db = await createDatabase(server);
    await db.query(`CREATE TABLE nothing (); INSERT INTO nothing DEFAULT VALUES; CREATE TABLE empty (id int PRIMARY KEY);
      CREATE TABLE bare (v text); INSERT INTO bare VALUES ('a'), ('a'), (NULL);
      CREATE TYPE level AS ENUM ('z', 'm', 'a'); CREATE TABLE sorted (a text COLLATE "und-x-icu", b level, c bool, PRIMARY KEY (a, b, c));
      INSERT INTO sorted SELECT t, l::level, c FROM unnest(ARRAY['b', 'B', 'a', 'Á', 'ä', '-c', 'c', '_']) t, unnest(ARRAY['z', 'm', 'a']) l, unnest(ARRAY[true, false]) c`);
    const extra = {
      'snapshot.mode': 'initial',
      'snapshot.max.threads': '3',
      'snapshot.slice.bytes': '8192',
      'incremental.snapshot.chunk.size': '5',
    };
    await using running = startSource(db, { extra });
    await untilStreaming(db, running);
    await execute(running, ['public.sorted']);
    await running.out.until(() => running.out.changes.filter(({ table }) => table === 'public.sorted').length === 96);
    await db.query(`INSERT INTO nothing DEFAULT VALUES; INSERT INTO empty VALUES (1)`);
    await running.out.until(() => running.out.changes.at(-1)?.table === 'public.empty');
    const counts = new Map<string, number>();
    for (const { table, op, after } of running.out.changes) {
      const key = `${op} ${table} ${table === 'public.sorted' ? JSON.stringify(after) : ''}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    assert.deepEqual(counts.get('r public.bare '), 3);
    assert.deepEqual([counts.get('r public.nothing '), counts.get('c public.nothing '), counts.get('c public.empty ')], [1, 1, 1]);
    const sorted = [...counts].filter(([key]) => key.startsWith('r public.sorted'));
    assert.deepEqual([sorted.length, ...new Set(sorted.map(([, count]) => count))], [48, 2], 'each row once by each snapshot');
  });
}
