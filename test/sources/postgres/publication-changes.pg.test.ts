import assert from 'node:assert/strict';
import { test } from 'node:test';

import { classify, ConnectError } from '../../../src/base/errors.ts';
import type { SourceOffset } from '../../../src/record/offset.ts';
import type { CollectedChange } from '../../support/collecting-outlet.ts';
import { createDatabase } from '../../support/database.ts';
import { servers } from './servers.ts';
import { slotName, startSource, untilStreaming, type Running } from './source-fixture.ts';

const disabled = { 'publication.autocreate.mode': 'disabled' };

async function failure(running: Running): Promise<ConnectError> {
  const error = await running.ended.then(
    () => null,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ConnectError, `a ConnectError, not ${String(error)}`);
  return error;
}

async function assertNothingSkipped(running: Running): Promise<void> {
  const error = await failure(running);
  assert.deepEqual([error.code, classify(error)], ['postgres.publication', 'fail']);
  assert.match(error.message, /did not exist when the changes that are due now were made/);
}

function facts(changes: readonly CollectedChange[]): unknown[] {
  return changes.filter(({ op }) => op !== 'tombstone').map(({ op, table, before, after }) => [op, table, after ?? before]);
}

for (const [version, server] of servers) {
  for (const [how, gone, back] of [
    ['dropped', 'DROP PUBLICATION shop_publication', 'CREATE PUBLICATION shop_publication FOR TABLE orders'],
    ['renamed', 'ALTER PUBLICATION shop_publication RENAME TO away', 'ALTER PUBLICATION away RENAME TO shop_publication'],
  ] as const) {
    test(`Postgres ${version}: a publication ${how} under the stream ends it, now and at every start, before a change is left out`, async () => {
      await using db = await createDatabase(server);
      await db.query('CREATE TABLE orders (id int PRIMARY KEY); CREATE PUBLICATION shop_publication FOR TABLE orders');
      let offsets: readonly SourceOffset[];
      {
        await using running = startSource(db, { extra: disabled });
        await untilStreaming(db, running);
        await db.query('INSERT INTO orders VALUES (1)');
        await running.out.until(() => running.out.boundaries.some(({ offset }) => offset?.['messageType'] === 'INSERT'));
        await db.query(`${gone}; INSERT INTO orders VALUES (2)`);
        await assertNothingSkipped(running);
        assert.deepEqual(facts(running.out.changes), [['c', 'public.orders', { id: '1' }]]);
        offsets = running.out.boundaries.slice(-1);
      }
      // It is there again, and was not when row 2 was written.
      await db.query(`${back}; INSERT INTO orders VALUES (3)`);
      await using again = startSource(db, { offsets, extra: disabled });
      await assertNothingSkipped(again);
      assert.deepEqual(again.out.changes, []);
    });
  }

  test(`Postgres ${version}: a publication that is younger than the slot is refused, not begun in its midst`, async () => {
    await using db = await createDatabase(server);
    await db.query('CREATE TABLE orders (id int PRIMARY KEY)');
    await db.query(`SELECT pg_create_logical_replication_slot($1, 'pgoutput')`, [slotName(db)]);
    await db.query('INSERT INTO orders VALUES (1)');
    await db.query('CREATE PUBLICATION shop_publication FOR TABLE orders');
    await db.query('INSERT INTO orders VALUES (2)');
    await using running = startSource(db, { extra: disabled });
    await assertNothingSkipped(running);
    assert.deepEqual(running.out.changes, []);
  });

  test(`Postgres ${version}: column lists and tables that come and go in the publication hold from their moment on, also after a restart`, async () => {
    await using db = await createDatabase(server);
    await db.query(`CREATE SCHEMA depot; CREATE TABLE depot.shelves (id int PRIMARY KEY);
      CREATE TABLE orders (id int PRIMARY KEY, item text, note text); CREATE TABLE late (id int PRIMARY KEY);
      CREATE PUBLICATION shop_publication FOR TABLE orders, TABLES IN SCHEMA depot`);
    let offsets: readonly SourceOffset[];
    let before: readonly CollectedChange[];
    const open = await db.connect();
    {
      await using running = startSource(db, { extra: disabled });
      await untilStreaming(db, running);
      // A transaction that writes to the table before and after it is published.
      await open.query('BEGIN; INSERT INTO late VALUES (1)');
      await db.query("INSERT INTO orders VALUES (1, 'a', 'x'); INSERT INTO depot.shelves VALUES (1)");
      await db.query('ALTER PUBLICATION shop_publication DROP TABLES IN SCHEMA depot');
      await db.query("ALTER PUBLICATION shop_publication SET TABLE orders (id, note), late; INSERT INTO orders VALUES (2, 'b', 'y')");
      await open.query('INSERT INTO late VALUES (2); COMMIT');
      await db.query('INSERT INTO depot.shelves VALUES (2)');
      await running.out.until(() => running.out.changes.some(({ after }) => after?.['note'] === 'y'));
      await running.out.until(() => running.out.changes.some(({ table, after }) => table === 'public.late' && after?.['id'] === '2'));
      before = [...running.out.changes];
      offsets = [{ partition: { server: 'shop' }, offset: before.at(-1)?.offset ?? null }];
    }
    const rows = facts(before).filter((row) => !isEarly(row));
    assert.deepEqual(rows, [
      ['c', 'public.orders', { id: '1', item: 'a', note: 'x' }],
      ['c', 'depot.shelves', { id: '1' }],
      ['c', 'public.orders', { id: '2', note: 'y' }],
      ['c', 'public.late', { id: '2' }],
    ]);
    await db.query("INSERT INTO orders VALUES (3, 'c', 'z')");
    await using again = startSource(db, { offsets, extra: disabled });
    await again.out.untilChanges(1);
    assert.deepEqual(facts(again.out.changes), [['c', 'public.orders', { id: '3', note: 'z' }]]);
  });

  test(`Postgres ${version}: a row filter holds in snapshot and stream, and rows that cross it are made and deleted`, async () => {
    await using db = await createDatabase(server);
    await db.query(`CREATE TABLE orders (id int PRIMARY KEY, open bool, n int); ALTER TABLE orders REPLICA IDENTITY FULL;
      INSERT INTO orders VALUES (1, true, 0), (2, false, 0); CREATE PUBLICATION shop_publication FOR TABLE orders WHERE (open)`);
    await using running = startSource(db, { extra: { ...disabled, 'snapshot.mode': 'initial', 'skipped.operations': 'none' } });
    await running.out.untilChanges(1);
    await untilStreaming(db, running);
    await db.query(`UPDATE orders SET open = true WHERE id = 2; UPDATE orders SET open = false WHERE id = 1; UPDATE orders SET n = 1;
      INSERT INTO orders VALUES (3, false, 0); DELETE FROM orders WHERE id = 1; TRUNCATE orders`);
    await running.out.until(() => running.out.changes.at(-1)?.op === 't');
    assert.deepEqual(
      facts(running.out.changes).map((fact) => (fact as unknown[]).toSpliced(1, 1)),
      [
        ['r', openRow(1)],
        ['c', openRow(2)],
        ['d', openRow(1)],
        ['u', openRow(2, 1)],
        ['t', null],
      ],
    );
  });
}

function openRow(id: number, n = 0): unknown {
  return { id: String(id), open: 't', n: String(n) };
}

/** Before its table was published: servers before their fixes of 2025 leave it out together with what follows, newer ones may bring it. */
function isEarly(fact: unknown): boolean {
  const [, table, row] = fact as [string, string, { id?: string }];
  return table === 'public.late' && row.id === '1';
}
