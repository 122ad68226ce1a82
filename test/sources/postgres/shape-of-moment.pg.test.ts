import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { CollectedChange } from '../../support/collecting-outlet.ts';
import { createDatabase } from '../../support/database.ts';
import { servers } from './servers.ts';
import { startSource, untilStreaming, type Running } from './source-fixture.ts';

/** What the records of a change are made by: `column` is part of the key, nullable, and has a default. */
function outline({ out }: Running, change: CollectedChange): string[] {
  const shape = out.shapes.find(({ schema }) => schema.id === change.schemaId);
  const columns = shape?.schema.columns ?? [];
  const key = [...(shape?.schema.key ?? [])].map((index) => columns[index]?.name ?? '');
  return columns.map(({ name, schema }) => {
    const standard = schema.default === undefined ? '' : `=${String(schema.default)}`;
    return `${key.includes(name) ? `key${key.indexOf(name)} ` : ''}${name}${schema.optional ? '?' : ''}${standard}`;
  });
}

async function untilEnd(running: Running): Promise<readonly CollectedChange[]> {
  const ends = (): number => running.out.changes.findIndex(({ table }) => table === 'public.marks');
  await running.out.until(() => ends() >= 0);
  return running.out.changes.slice(0, ends()).filter(({ op }) => op !== 'tombstone');
}

function told(row: CollectedChange['after']): unknown {
  return row && [row['id'], row['n'], row['m']];
}

for (const [version, server] of servers) {
  test(`Postgres ${version}: a table gets another key, and each row the key of its moment, also after a restart`, async () => {
    await using db = await createDatabase(server);
    await db.query('CREATE TABLE orders (id int PRIMARY KEY, code int NOT NULL, item text); CREATE TABLE marks (id int PRIMARY KEY)');
    let all: readonly CollectedChange[];
    let keys: readonly unknown[];
    {
      await using running = startSource(db);
      await untilStreaming(db, running);
      await db.query(`INSERT INTO orders VALUES (1, 10, 'a'); DELETE FROM orders WHERE id = 1`);
      await running.out.untilChanges(3);
      // Nobody waits between the statements: by the time the first is read the table has its last key.
      await db.query(`BEGIN; INSERT INTO orders VALUES (2, 20, 'b'); ALTER TABLE orders DROP CONSTRAINT orders_pkey, ADD PRIMARY KEY (code);
        INSERT INTO orders VALUES (3, 30, 'c'); UPDATE orders SET code = 31 WHERE code = 30; COMMIT;
        ALTER TABLE orders DROP CONSTRAINT orders_pkey, ADD PRIMARY KEY (code, id); DELETE FROM orders WHERE id = 2; INSERT INTO marks VALUES (1)`);
      all = await untilEnd(running);
      keys = all.map((change) => [change.op, ...outline(running, change).filter((text) => text.startsWith('key'))]);
    }
    assert.deepEqual(keys, [
      ['c', 'key0 id'],
      ['d', 'key0 id'],
      ['c', 'key0 id'],
      ['c', 'key0 code'],
      ['d', 'key0 code'],
      ['c', 'key0 code'],
      ['d', 'key1 id', 'key0 code'],
    ]);
    for (const cut of [1, 2, 4]) {
      await using again = startSource(db, { offsets: [{ partition: { server: 'shop' }, offset: all[cut]?.offset ?? null }] });
      const rest = await untilEnd(again);
      assert.deepEqual(
        rest.map((change) => [change.op, ...outline(again, change).filter((text) => text.startsWith('key'))]),
        keys.slice(cut + 1),
        `behind ${cut}`,
      );
    }
  });

  test(`Postgres ${version}: nulls of a column that became NOT NULL before the catalog was asked are nulls, and later rows have none`, async () => {
    await using db = await createDatabase(server);
    await db.query(
      `CREATE TABLE orders (id int PRIMARY KEY, item text); ALTER TABLE orders REPLICA IDENTITY FULL; CREATE TABLE marks (id int PRIMARY KEY)`,
    );
    for (const table of ['filled', 'emptied']) {
      await db.query(`CREATE TABLE ${table} (id int PRIMARY KEY, n int); ALTER TABLE ${table} REPLICA IDENTITY FULL`);
      await db.query(`INSERT INTO ${table} VALUES (1, NULL)`);
    }
    await using running = startSource(db);
    await untilStreaming(db, running);
    // The catalog shows what a transaction altered when all of it is over.
    await db.query(`BEGIN; ALTER TABLE orders ADD n int, ADD m int; INSERT INTO orders VALUES (1, 'a', 4, NULL), (2, 'b', NULL, NULL), (3, 'c', NULL, 6);
      UPDATE orders SET n = 5 WHERE id = 2; DELETE FROM orders WHERE id = 3; UPDATE orders SET m = 7; ALTER TABLE orders ALTER n SET NOT NULL, ALTER m SET NOT NULL;
      INSERT INTO orders VALUES (4, 'd', 8, 9); COMMIT; INSERT INTO marks VALUES (1)`);
    const all = await untilEnd(running);
    assert.deepEqual(
      all.map(({ op, before, after }) => [op, told(before), told(after)]),
      [
        ['c', null, ['1', '4', null]],
        ['c', null, ['2', null, null]],
        ['c', null, ['3', null, '6']],
        ['u', ['2', null, null], ['2', '5', null]],
        ['d', ['3', null, '6'], null],
        ['u', ['1', '4', null], ['1', '4', '7']],
        ['u', ['2', '5', null], ['2', '5', '7']],
        ['c', null, ['4', '8', '9']],
      ],
    );
    const outlines = all.map((change) => outline(running, change).slice(2).join());
    assert.deepEqual(outlines, ['n,m?', ...Array.from({ length: 6 }, () => 'n?,m?'), 'n,m']);
    // Only an old row has the null.
    const from = running.out.changes.length;
    await db.query(`BEGIN; ALTER TABLE filled ADD k int; UPDATE filled SET n = 5; ALTER TABLE filled ALTER n SET NOT NULL;
      ALTER TABLE emptied ADD k int; DELETE FROM emptied; ALTER TABLE emptied ALTER n SET NOT NULL; COMMIT`);
    const olds = (await running.out.untilChanges(from + 2)).slice(from, from + 2);
    assert.deepEqual(
      olds.map((change) => [change.op, change.before?.['n'], outline(running, change).slice(1).join()]),
      [
        ['u', null, 'n?,k?'],
        ['d', null, 'n?,k?'],
      ],
    );
  });

  test(`Postgres ${version}: a default that is changed, a column that is added: later rows have them, earlier ones have not`, async () => {
    await using db = await createDatabase(server);
    await db.query(`CREATE TABLE marks (id int PRIMARY KEY);
      CREATE TABLE orders (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, own int GENERATED BY DEFAULT AS IDENTITY, n int NOT NULL DEFAULT 1)`);
    await using running = startSource(db);
    const { out } = running;
    await untilStreaming(db, running);
    await db.query('INSERT INTO orders DEFAULT VALUES');
    await out.untilChanges(1);
    await db.query('ALTER TABLE orders ALTER n SET DEFAULT 2; INSERT INTO orders DEFAULT VALUES');
    await out.untilChanges(2);
    const long = 'x'.repeat(9000);
    await db.query(
      `ALTER TABLE orders ADD big text; ALTER TABLE orders ALTER big SET STORAGE EXTERNAL; INSERT INTO orders (own, big) VALUES (70, '${long}')`,
    );
    await out.untilChanges(3);
    await db.query(
      'UPDATE orders SET n = 3 WHERE own = 70; ALTER TABLE orders ALTER n DROP DEFAULT, ALTER n DROP NOT NULL; UPDATE orders SET n = NULL WHERE id = 1; INSERT INTO marks VALUES (1)',
    );
    const all = await untilEnd(running);
    assert.deepEqual(
      all.map(({ after }) => after),
      [
        { id: '1', own: '1', n: '1' },
        { id: '2', own: '2', n: '2' },
        { id: '3', own: '70', n: '2', big: long },
        { id: '3', own: '70', n: '3', big: { state: 'unchanged' } },
        { id: '1', own: '1', n: null, big: null },
      ],
    );
    const [first, second, third, , last] = all.map((change) => outline(running, change).filter((text) => !text.startsWith('own')));
    assert.deepEqual(first, ['key0 id', 'n=1']);
    assert.deepEqual(second, ['key0 id', 'n=2']);
    assert.deepEqual(third, ['key0 id', 'n=2', 'big?']);
    assert.deepEqual(last, ['key0 id', 'n?', 'big?']);
  });
}
