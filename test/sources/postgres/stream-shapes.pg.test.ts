import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createDatabase } from '../../support/database.ts';
import { servers } from './servers.ts';
import { startSource, untilStreaming } from './source-fixture.ts';

const absent = { state: 'absent' };
const unchanged = { state: 'unchanged' };

for (const [version, server] of servers) {
  test(`Postgres ${version}: the old image is what the replica identity makes of it`, async () => {
    await using db = await createDatabase(server);
    await db.query(`CREATE TABLE plain (id int PRIMARY KEY, a text, b text);
      CREATE TABLE whole (id int PRIMARY KEY, a text, b text); ALTER TABLE whole REPLICA IDENTITY FULL;
      CREATE TABLE indexed (id int PRIMARY KEY, a text NOT NULL, b text); CREATE UNIQUE INDEX indexed_a ON indexed (a);
      ALTER TABLE indexed REPLICA IDENTITY USING INDEX indexed_a;
      CREATE TABLE nothing (id int PRIMARY KEY, a text, b text); ALTER TABLE nothing REPLICA IDENTITY NOTHING;
      CREATE TABLE keyless (a text, b text); ALTER TABLE keyless REPLICA IDENTITY FULL`);
    await using running = startSource(db);
    await untilStreaming(db, running);
    // Row by row those without an old image come right behind one with it.
    for (const change of [`INSERT INTO * VALUES (1, 'a', 'b')`, `UPDATE * SET b = 'c'`, `UPDATE * SET a = 'z'`]) {
      for (const table of ['whole', 'plain', 'indexed']) await db.query(change.replace('*', table));
    }
    await db.query(`DELETE FROM plain; DELETE FROM whole; INSERT INTO nothing VALUES (1, 'a', 'b');
      INSERT INTO keyless VALUES ('x', NULL); UPDATE keyless SET b = 'y'; DELETE FROM keyless`);
    await assert.rejects(db.query('DELETE FROM nothing'), /does not have a replica identity/);
    const changes = await running.out.untilChanges(5 + 5 + 5 + 1 + 4);
    const of = (table: string): unknown[] =>
      changes.filter((change) => change.table === `public.${table}`).map(({ op, before, after }) => [op, before, after]);
    assert.deepEqual(of('plain').slice(1), [
      ['u', null, { id: '1', a: 'a', b: 'c' }],
      ['u', null, { id: '1', a: 'z', b: 'c' }],
      ['d', { id: '1', a: absent, b: absent }, null],
      ['tombstone', { id: '1', a: absent, b: absent }, null],
    ]);
    assert.deepEqual(of('whole').slice(1), [
      ['u', { id: '1', a: 'a', b: 'b' }, { id: '1', a: 'a', b: 'c' }],
      ['u', { id: '1', a: 'a', b: 'c' }, { id: '1', a: 'z', b: 'c' }],
      ['d', { id: '1', a: 'z', b: 'c' }, null],
      ['tombstone', { id: '1', a: 'z', b: 'c' }, null],
    ]);
    // The index's columns are the key, because nothing else of an old row is known.
    assert.deepEqual(of('indexed').slice(1), [
      ['u', null, { id: '1', a: 'a', b: 'c' }],
      ['d', { id: absent, a: 'a', b: absent }, null],
      ['tombstone', { id: absent, a: 'a', b: absent }, null],
      ['c', null, { id: '1', a: 'z', b: 'c' }],
    ]);
    assert.deepEqual(of('nothing'), [['c', null, { id: '1', a: 'a', b: 'b' }]]);
    assert.deepEqual(of('keyless'), [
      ['c', null, { a: 'x', b: null }],
      ['u', { a: 'x', b: null }, { a: 'x', b: 'y' }],
      ['d', { a: 'x', b: 'y' }, null],
      ['tombstone', { a: 'x', b: 'y' }, null],
    ]);
  });

  test(`Postgres ${version}: a TOASTed value that did not change is unknown, or taken from the old row under FULL`, async () => {
    await using db = await createDatabase(server);
    await db.query(`CREATE TABLE plain (id int PRIMARY KEY, n int, long text); CREATE TABLE whole (id int PRIMARY KEY, n int, long text);
      ALTER TABLE plain ALTER long SET STORAGE EXTERNAL; ALTER TABLE whole ALTER long SET STORAGE EXTERNAL;
      ALTER TABLE whole REPLICA IDENTITY FULL`);
    await using running = startSource(db);
    await untilStreaming(db, running);
    const long = 'x'.repeat(20_000);
    for (const table of ['plain', 'whole']) {
      await db.query(`INSERT INTO ${table} VALUES (1, 0, '${long}'); UPDATE ${table} SET n = 1; UPDATE ${table} SET long = NULL`);
    }
    const changes = await running.out.untilChanges(6);
    assert.deepEqual(
      changes.map(({ before, after }) => [before?.['long'], after?.['long']]),
      [
        [undefined, long],
        [undefined, unchanged],
        [undefined, null],
        [undefined, long],
        [long, long],
        [long, null],
      ],
    );
  });

  test(`Postgres ${version}: every row is read by the table as it was at that moment, also within a transaction`, async () => {
    await using db = await createDatabase(server);
    await db.query('CREATE TABLE orders (id int PRIMARY KEY, item text)');
    await using running = startSource(db);
    await untilStreaming(db, running);
    await db.query(`BEGIN; INSERT INTO orders VALUES (1, 'a');
      ALTER TABLE orders ADD extra int DEFAULT 7; INSERT INTO orders VALUES (2, 'b');
      ALTER TABLE orders RENAME item TO thing; INSERT INTO orders VALUES (3, 'c', 1);
      ALTER TABLE orders DROP extra; INSERT INTO orders VALUES (4, 'd');
      ALTER TABLE orders ADD extra text; INSERT INTO orders VALUES (5, 'e', 'again');
      ALTER TABLE orders ALTER id TYPE bigint; INSERT INTO orders VALUES (6000000000, 'f', NULL); COMMIT;
      INSERT INTO orders VALUES (7, 'g', 'after')`);
    const changes = await running.out
      .until(() => running.out.changes.some((change) => change.after?.['extra'] === 'after'))
      .then(() => running.out.changes);
    // Rewriting the table for another type writes no changes.
    assert.deepEqual(
      changes.map((change) => change.after),
      [
        { id: '1', item: 'a' },
        { id: '2', item: 'b', extra: '7' },
        { id: '3', thing: 'c', extra: '1' },
        { id: '4', thing: 'd' },
        { id: '5', thing: 'e', extra: 'again' },
        { id: '6000000000', thing: 'f', extra: null },
        { id: '7', thing: 'g', extra: 'after' },
      ],
    );
    const ids = changes.map((change) => change.schemaId);
    assert.equal(new Set(ids).size, 6);
    assert.equal(ids[5], ids[6]);
    const types = running.out.shapes.filter((shape) => ids.includes(shape.schema.id)).map((shape) => shape.schema.columns[0]?.schema.type);
    assert.deepEqual([types[0], types.at(-1)], ['int32', 'int64']);
  });

  test(`Postgres ${version}: COPY and truncate; tables and columns that are not captured leave no trace`, async () => {
    await using db = await createDatabase(server);
    await db.query('CREATE TABLE orders (id int PRIMARY KEY, item text, secret text); CREATE TABLE other (id int PRIMARY KEY)');
    await using running = startSource(db, {
      extra: { 'table.include.list': 'public.orders', 'column.exclude.list': 'public.orders.secret', 'skipped.operations': 'none' },
    });
    await untilStreaming(db, running);
    await db.query(`BEGIN; INSERT INTO other VALUES (1); INSERT INTO orders SELECT n, 'i', 'hidden' FROM generate_series(1, 2000) n;
      INSERT INTO other VALUES (2); TRUNCATE orders, other; COMMIT`);
    const changes = await running.out.untilChanges(2001);
    assert.deepEqual(changes[1999]?.after, { id: '2000', item: 'i' });
    const { op, table, before, after } = changes[2000] ?? {};
    assert.deepEqual({ op, table, before, after }, { op: 't', table: 'public.orders', before: null, after: null });
  });
}
