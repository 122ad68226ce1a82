import assert from 'node:assert/strict';
import { test } from 'node:test';

import { silentLog, type Logger } from '../../../src/base/log.ts';
import type { CollectedChange } from '../../support/collecting-outlet.ts';
import { createDatabase } from '../../support/database.ts';
import { servers } from './servers.ts';
import { startSource, untilStreaming, type Running } from './source-fixture.ts';

const marks = 'CREATE TABLE marks (id int PRIMARY KEY)';
const absent = { state: 'absent' };

/** Operation, table and row of each change but tombstones. */
function facts(changes: readonly CollectedChange[]): unknown[] {
  return changes.filter(({ op }) => op !== 'tombstone').map(({ op, table, before, after }) => [op, table, after ?? before]);
}

function images(changes: readonly CollectedChange[], table: string): unknown[] {
  return changes
    .filter((change) => change.table === table && change.op !== 'tombstone')
    .map(({ op, before, after }) => [op, before, after]);
}

async function untilMark(running: Running): Promise<readonly CollectedChange[]> {
  await running.out.until(() => running.out.changes.at(-1)?.table === 'public.marks');
  return running.out.changes.slice(0, -1);
}

for (const [version, server] of servers) {
  test(`Postgres ${version}: enums that grow, are renamed, or have a namesake in another schema keep their values`, async () => {
    await using db = await createDatabase(server);
    await db.query(`${marks}; CREATE SCHEMA other; CREATE TYPE mood AS ENUM ('sad', 'ok');
      CREATE TYPE other.mood AS ENUM ('red', 'blue'); CREATE TABLE people (id int PRIMARY KEY, mood mood, colour other.mood)`);
    await using running = startSource(db);
    await untilStreaming(db, running);
    await db.query(`INSERT INTO people VALUES (1, 'ok', 'red')`);
    await running.out.untilChanges(1);
    await db.query(`ALTER TYPE mood ADD VALUE 'happy'`);
    await db.query(`INSERT INTO people VALUES (2, 'happy', 'blue')`);
    await db.query(`ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'; INSERT INTO people VALUES (3, 'blue', 'blue')`);
    // A type, its table and a row of it in one transaction, and a label made and used before the next description.
    await db.query(`BEGIN; CREATE TYPE size AS ENUM ('s', 'm'); CREATE TABLE shirts (id int PRIMARY KEY, size size);
      INSERT INTO shirts VALUES (1, 'm'); ALTER TABLE people ADD COLUMN size size; INSERT INTO people VALUES (4, 'happy', 'red', 's'); COMMIT;
      INSERT INTO marks VALUES (1)`);
    const changes = await untilMark(running);
    assert.deepEqual(facts(changes), [
      ['c', 'public.people', { id: '1', mood: 'ok', colour: 'red' }],
      ['c', 'public.people', { id: '2', mood: 'happy', colour: 'blue' }],
      ['c', 'public.people', { id: '3', mood: 'blue', colour: 'blue' }],
      ['c', 'public.shirts', { id: '1', size: 'm' }],
      ['c', 'public.people', { id: '4', mood: 'happy', colour: 'red', size: 's' }],
    ]);
    const last = running.out.shapes.find(({ schema }) => schema.id === changes.at(-1)?.schemaId)?.schema.columns;
    assert.deepEqual(
      last?.map(({ schema }) => schema.parameters?.['allowed']),
      [undefined, 'blue,ok,happy', 'red,blue', 's,m'],
    );
  });

  test(`Postgres ${version}: a renamed table goes on under its new name; that another took its name is said`, async () => {
    await using db = await createDatabase(server);
    await db.query(`${marks}; CREATE TABLE orders (id int PRIMARY KEY, old text); CREATE TABLE staged (id int PRIMARY KEY, new int)`);
    const warnings: unknown[] = [];
    const log: Logger = { ...silentLog, warn: (fields: unknown) => warnings.push(...[(fields as { table?: string }).table ?? []].flat()) };
    await using running = startSource(db, { log });
    await untilStreaming(db, running);
    await db.query(`INSERT INTO orders VALUES (1, 'a'); INSERT INTO staged VALUES (1, 1)`);
    await running.out.untilChanges(2);
    assert.deepEqual(warnings, []);
    await db.query(`BEGIN; ALTER TABLE orders RENAME TO orders_old; ALTER TABLE staged RENAME TO orders; COMMIT;
      INSERT INTO orders VALUES (2, 2); INSERT INTO orders_old VALUES (2, 'b');
      ALTER TABLE orders ADD more int; INSERT INTO orders VALUES (3, 3, 3); INSERT INTO marks VALUES (1)`);
    assert.deepEqual(facts(await untilMark(running)), [
      ['c', 'public.orders', { id: '1', old: 'a' }],
      ['c', 'public.staged', { id: '1', new: '1' }],
      ['c', 'public.orders', { id: '2', new: '2' }],
      ['c', 'public.orders_old', { id: '2', old: 'b' }],
      ['c', 'public.orders', { id: '3', new: '3', more: '3' }],
    ]);
    assert.deepEqual(warnings, ['public.orders'], 'once');
  });

  test(`Postgres ${version}: each row has the key that its table had at that moment, whatever became of its replica identity`, async () => {
    await using db = await createDatabase(server);
    await db.query(`${marks}; CREATE TABLE orders (id int PRIMARY KEY, n int NOT NULL); CREATE UNIQUE INDEX by_n ON orders (n);
      CREATE TABLE same (v text); ALTER TABLE same REPLICA IDENTITY FULL`);
    await using running = startSource(db);
    await untilStreaming(db, running);
    // One transaction: by the time the stream comes to it, the catalog shows its end.
    await db.query(`INSERT INTO orders VALUES (1, 1), (2, 2); UPDATE orders SET n = 10 WHERE id = 1; ALTER TABLE orders REPLICA IDENTITY FULL;
      UPDATE orders SET n = 20 WHERE id = 2; ALTER TABLE orders REPLICA IDENTITY USING INDEX by_n; DELETE FROM orders WHERE id = 1;
      REINDEX INDEX by_n; UPDATE orders SET id = 3, n = 30 WHERE id = 2; DROP INDEX by_n`);
    await assert.rejects(db.query('DELETE FROM orders'), /replica identity/);
    await db.query(`ALTER TABLE orders REPLICA IDENTITY DEFAULT; DELETE FROM orders`);
    await db.query(`INSERT INTO same VALUES ('a'), ('a'), ('a'); DELETE FROM same WHERE ctid = '(0,1)'; UPDATE same SET v = 'b' WHERE ctid = '(0,3)';
      INSERT INTO marks VALUES (1)`);
    const changes = await untilMark(running);
    assert.deepEqual(images(changes, 'public.orders'), [
      ['c', null, { id: '1', n: '1' }],
      ['c', null, { id: '2', n: '2' }],
      ['u', null, { id: '1', n: '10' }],
      ['u', { id: '2', n: '2' }, { id: '2', n: '20' }],
      ['d', { id: absent, n: '10' }, null],
      ['d', { id: absent, n: '20' }, null],
      ['c', null, { id: '3', n: '30' }],
      ['d', { id: '3', n: absent }, null],
    ]);
    assert.deepEqual(running.out.rejected, []);
    assert.deepEqual(images(changes, 'public.same'), [
      ...Array.from({ length: 3 }, () => ['c', null, { v: 'a' }]),
      ['d', { v: 'a' }, null],
      ['u', { v: 'a' }, { v: 'b' }],
    ]);
  });

  test(`Postgres ${version}: defaults that fill old rows are the same in snapshot and stream; what the server computes is left out of both`, async () => {
    await using db = await createDatabase(server);
    await db.query(`${marks}; CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders VALUES (1), (2);
      ALTER TABLE orders ADD COLUMN note text DEFAULT 'quick'; ALTER TABLE orders ADD COLUMN at float8 DEFAULT random()`);
    const [{ virtual } = { virtual: false }] = await db.query<{ virtual: boolean }>(
      `SELECT current_setting('server_version_num')::int >= 180000 AS virtual`,
    );
    await db.query(`ALTER TABLE orders ADD COLUMN computed int GENERATED ALWAYS AS (id + 1) ${virtual ? 'VIRTUAL' : 'STORED'}`);
    const rows = await db.query<{ id: string; note: string; at: string }>('SELECT id::text, note, at::text FROM orders ORDER BY id');
    await using running = startSource(db, { extra: { 'snapshot.mode': 'initial', 'publish.generated.columns': 'true' } });
    await running.out.untilChanges(2);
    await untilStreaming(db, running);
    await db.query(`ALTER TABLE orders ADD COLUMN more int DEFAULT 7; UPDATE orders SET id = id; INSERT INTO marks VALUES (1)`);
    const changes = await untilMark(running);
    // Stored ones can be published from Postgres 18 on, virtual ones never.
    assert.deepEqual(facts(changes), [
      ...rows.map((row) => ['r', 'public.orders', { ...row }]),
      ...rows.map((row) => ['u', 'public.orders', { ...row, more: '7' }]),
    ]);
  });

  test(`Postgres ${version}: TRUNCATE of several tables and by CASCADE tells each table once; what only lives in this server stays there`, async () => {
    await using db = await createDatabase(server);
    await db.query(`${marks}; CREATE TABLE orders (id serial PRIMARY KEY); CREATE TABLE items (id int PRIMARY KEY, of int REFERENCES orders);
      CREATE UNLOGGED TABLE scratch (id int PRIMARY KEY); CREATE MATERIALIZED VIEW seen AS SELECT count(*) FROM orders`);
    await using running = startSource(db, { extra: { 'skipped.operations': 'none', 'snapshot.mode': 'initial' } });
    await untilStreaming(db, running);
    await db.query(`INSERT INTO orders DEFAULT VALUES; INSERT INTO items VALUES (1, 1); INSERT INTO scratch VALUES (1);
      REFRESH MATERIALIZED VIEW seen; CREATE TEMP TABLE brief (id int PRIMARY KEY); INSERT INTO brief VALUES (1)`);
    await db.query('TRUNCATE orders RESTART IDENTITY CASCADE');
    await db.query(
      `INSERT INTO orders DEFAULT VALUES; TRUNCATE items, orders, scratch; SELECT nextval('orders_id_seq'); INSERT INTO marks VALUES (1)`,
    );
    const told = facts(await untilMark(running)).map((fact) => (fact as unknown[]).slice(0, 2).join(' '));
    assert.deepEqual(told.slice(0, 2), ['c public.orders', 'c public.items']);
    assert.deepEqual(told.slice(2, 4).toSorted(), ['t public.items', 't public.orders']);
    assert.deepEqual(told.slice(4, 5), ['c public.orders']);
    assert.deepEqual(told.slice(5).toSorted(), ['t public.items', 't public.orders']);
  });
}
