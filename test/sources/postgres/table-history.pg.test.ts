import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { CollectedChange } from '../../support/collecting-outlet.ts';
import { createDatabase } from '../../support/database.ts';
import { servers } from './servers.ts';
import { startSource, untilStreaming, type Running } from './source-fixture.ts';

/** Operation, table and row of each change but tombstones. */
function facts(changes: readonly CollectedChange[]): unknown[] {
  return changes.filter(({ op }) => op !== 'tombstone').map(({ op, table, before, after }) => [op, table, after ?? before]);
}

async function untilEnd(running: Running): Promise<readonly CollectedChange[]> {
  await running.out.until(() => running.out.changes.at(-1)?.table === 'public.marks');
  return running.out.changes.slice(0, -1);
}

/** What the shape of a change says of a field's source type or allowed values. */
function parametersOf(running: Running, change: CollectedChange | undefined, field: string): unknown {
  const shape = running.out.shapes.find(({ schema }) => schema.id === change?.schemaId);
  return shape?.schema.columns.find(({ name }) => name === field)?.schema.parameters;
}

for (const [version, server] of servers) {
  test(`Postgres ${version}: enums that grow, are renamed, or have a namesake in another schema`, async () => {
    await using db = await createDatabase(server);
    await db.query(`CREATE TABLE marks (id int PRIMARY KEY); CREATE SCHEMA other; CREATE TYPE mood AS ENUM ('sad', 'ok');
      CREATE TYPE other.mood AS ENUM ('red', 'blue'); CREATE TABLE people (id int PRIMARY KEY, mood mood, colour other.mood)`);
    await using running = startSource(db);
    await untilStreaming(db, running);
    await db.query(`INSERT INTO people VALUES (1, 'ok', 'red')`);
    await db.query(`ALTER TYPE mood ADD VALUE 'happy'`);
    await db.query(`INSERT INTO people VALUES (2, 'happy', 'blue')`);
    await db.query(`ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'; INSERT INTO people VALUES (3, 'blue', 'blue')`);
    await db.query(`BEGIN; CREATE TYPE size AS ENUM ('s'); ALTER TYPE size ADD VALUE 'm'; CREATE TABLE shirts (id int PRIMARY KEY, size size);
      INSERT INTO shirts VALUES (1, 'm'); COMMIT; INSERT INTO marks VALUES (1)`);
    const changes = await untilEnd(running);
    assert.deepEqual(facts(changes), [
      ['c', 'public.people', { id: '1', mood: 'ok', colour: 'red' }],
      ['c', 'public.people', { id: '2', mood: 'happy', colour: 'blue' }],
      ['c', 'public.people', { id: '3', mood: 'blue', colour: 'blue' }],
      ['c', 'public.shirts', { id: '1', size: 'm' }],
    ]);
    const allowed = changes.map((change) => parametersOf(running, change, change.table === 'public.shirts' ? 'size' : 'mood'));
    console.log(allowed, running.out.shapes.map((s) => s.schema.columns.map((c) => [c.name, c.schema])));
  });

  test(`Postgres ${version}: a table that is renamed goes on under its new name; one that takes its name is told apart`, async () => {
    await using db = await createDatabase(server);
    await db.query(`CREATE TABLE marks (id int PRIMARY KEY); CREATE TABLE orders (id int PRIMARY KEY, old text); CREATE TABLE staged (id int PRIMARY KEY, new int)`);
    const lines: string[] = [];
    await using running = startSource(db, { log: undefined as never });
    await untilStreaming(db, running);
    await db.query(`INSERT INTO orders VALUES (1, 'a'); INSERT INTO staged VALUES (1, 1)`);
    await db.query(`BEGIN; ALTER TABLE orders RENAME TO orders_old; ALTER TABLE staged RENAME TO orders; COMMIT;
      INSERT INTO orders VALUES (2, 2); INSERT INTO orders_old VALUES (2, 'b'); INSERT INTO marks VALUES (1)`);
    const changes = await untilEnd(running);
    assert.deepEqual(facts(changes), [
      ['c', 'public.orders', { id: '1', old: 'a' }],
      ['c', 'public.staged', { id: '1', new: '1' }],
      ['c', 'public.orders', { id: '2', new: '2' }],
      ['c', 'public.orders_old', { id: '2', old: 'b' }],
    ]);
    void lines;
  });

  test(`Postgres ${version}: replica identities that change, lose their index, or are nothing but rows that look alike`, async () => {
    await using db = await createDatabase(server);
    await db.query(`CREATE TABLE marks (id int PRIMARY KEY); CREATE TABLE orders (id int PRIMARY KEY, n int NOT NULL); CREATE UNIQUE INDEX by_n ON orders (n);
      CREATE TABLE same (v text); ALTER TABLE same REPLICA IDENTITY FULL`);
    await using running = startSource(db);
    await untilStreaming(db, running);
    await db.query(`INSERT INTO orders VALUES (1, 1), (2, 2); UPDATE orders SET n = 10 WHERE id = 1; ALTER TABLE orders REPLICA IDENTITY FULL;
      UPDATE orders SET n = 20 WHERE id = 2; ALTER TABLE orders REPLICA IDENTITY USING INDEX by_n; DELETE FROM orders WHERE id = 1;
      REINDEX INDEX by_n; UPDATE orders SET id = 3 WHERE id = 2; DROP INDEX by_n`);
    await assert.rejects(db.query('DELETE FROM orders'), /replica identity/);
    await db.query(`ALTER TABLE orders REPLICA IDENTITY DEFAULT; DELETE FROM orders;
      INSERT INTO same VALUES ('a'), ('a'), ('a'); DELETE FROM same WHERE ctid = (SELECT min(ctid) FROM same); UPDATE same SET v = 'b' WHERE ctid = (SELECT max(ctid) FROM same);
      INSERT INTO marks VALUES (1)`);
    const changes = await untilEnd(running);
    console.dir(changes.map(({ op, before, after }) => [op, before, after]), { depth: 5 });
  });
  test(`Postgres ${version}: two keys that swap in one transaction`, async () => {
    await using db = await createDatabase(server);
    await db.query(`CREATE TABLE marks (id int PRIMARY KEY); CREATE TABLE pairs (a int, b int, v text, PRIMARY KEY (a, b) DEFERRABLE INITIALLY DEFERRED);
      ALTER TABLE pairs REPLICA IDENTITY FULL`);
    await using running = startSource(db);
    await untilStreaming(db, running);
    await db.query(`INSERT INTO pairs VALUES (1, 1, 'x'), (2, 2, 'y'); BEGIN; UPDATE pairs SET a = 3 - a, b = 3 - b; COMMIT; INSERT INTO marks VALUES (1)`);
    const changes = await untilEnd(running);
    console.dir(changes.map(({ op, before, after, related }) => [op, before, after, related]), { depth: 5 });
  });
}
