import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { CollectedChange } from '../../support/collecting-outlet.ts';
import { createDatabase, type Database } from '../../support/database.ts';
import { servers } from './servers.ts';
import { startSource, untilStreaming } from './source-fixture.ts';

const extra = { 'provide.transaction.metadata': 'true', 'skipped.operations': 'none' };
const partition = { server: 'shop' };

function facts(changes: readonly CollectedChange[]): unknown[] {
  return changes.map(({ op, table, before, after, related }) => ({ op, table, before, after, related }));
}

function idOf(change: CollectedChange | undefined): string {
  const row = change?.after ?? change?.before;
  return (row?.['id'] ?? row?.['status'] ?? row?.['prefix']) as string;
}

function ids(from: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => String(from + index));
}

function transaction(...rows: readonly string[]): string[] {
  return ['BEGIN', ...rows, 'END'];
}

/** Whatever makes positions ambiguous for a reader that looks for equal log positions. */
async function write(db: Database): Promise<void> {
  // A long transaction straddles a short one, which commits first.
  const [long, short] = [await db.connect(), await db.connect()];
  await long.query('BEGIN');
  for (let id = 1; id <= 5; id += 1) await long.query(`INSERT INTO orders VALUES (${id})`);
  await short.query('BEGIN; INSERT INTO orders VALUES (100)');
  await long.query('INSERT INTO orders VALUES (6)');
  await short.query('COMMIT');
  for (let id = 7; id <= 10; id += 1) await long.query(`INSERT INTO orders VALUES (${id})`);
  await long.query('COMMIT');
  // Twenty rows in one log record: they share its position.
  await db.query("COPY orders (id) FROM PROGRAM 'seq 200 219'");
  await db.query('DO $$ BEGIN FOR n IN 300..349 LOOP INSERT INTO orders VALUES (n); END LOOP; END $$');
  await db.query(
    "BEGIN; INSERT INTO orders VALUES (400); SELECT pg_logical_emit_message(true, 'inside', 'a'); TRUNCATE other CASCADE; COMMIT",
  );
  // The last event belongs to no transaction.
  await db.query("SELECT pg_logical_emit_message(false, 'outside', 'b')");
}

for (const [version, server] of servers) {
  test(`Postgres ${version}: a restart inside interleaved, shared and large transactions brings exactly what is left`, async () => {
    await using db = await createDatabase(server);
    await db.query(
      'CREATE TABLE orders (id int PRIMARY KEY); CREATE TABLE other (id int PRIMARY KEY); CREATE TABLE parts (id int REFERENCES other)',
    );
    let all: readonly CollectedChange[];
    {
      await using running = startSource(db, { extra });
      await untilStreaming(db, running);
      await write(db);
      await running.out.until(() => running.out.changes.at(-1)?.after?.['prefix'] === 'outside');
      all = [...running.out.changes];
    }
    assert.deepEqual(
      all.map((change) => {
        const { status } = change.after ?? {};
        return typeof status === 'string' ? status : change.op === 't' ? 't' : idOf(change);
      }),
      [
        ...transaction('100'),
        ...transaction(...ids(1, 10)),
        ...transaction(...ids(200, 20)),
        ...transaction(...ids(300, 50)),
        ...transaction('400', 'inside', 't', 't'),
        'outside',
      ],
    );
    const at = (id: string): number => all.findIndex((change) => change.op === 'c' && idOf(change) === id);
    const cuts = [at('100'), at('1') - 1, at('5'), at('10'), at('209'), at('319'), at('349') + 1, at('400') + 1, all.length - 1];
    for (const [turn, cut] of cuts.entries()) {
      const offsets = [{ partition, offset: all[cut]?.offset ?? null }];
      await using running = startSource(db, { offsets, extra });
      await db.query(`INSERT INTO orders VALUES (${1000 + turn})`);
      await running.out.until(() => running.out.changes.some((change) => idOf(change) === String(1000 + turn)));
      // Behind the rest stand the rows by which earlier turns knew their end.
      const rest = all.slice(cut + 1);
      const found = running.out.changes;
      assert.deepEqual(facts(found.slice(0, rest.length)), facts(rest), `after ${idOf(all[cut])}`);
      assert.equal(idOf(found[rest.length + 1]), '1000');
    }
    // A transaction that is open over a restart comes when it commits.
    const writer = await db.connect();
    await writer.query('BEGIN; INSERT INTO orders VALUES (5001), (5002)');
    const offsets = [{ partition, offset: all.at(-1)?.offset ?? null }];
    await using running = startSource(db, { offsets, extra });
    await untilStreaming(db, running);
    await writer.query('INSERT INTO orders VALUES (5003); COMMIT');
    await running.out.until(() => running.out.changes.some((change) => idOf(change) === '5003'));
    assert.deepEqual(
      running.out.changes.map(idOf).filter((id) => id.startsWith('50')),
      ['5001', '5002', '5003'],
    );
  });
}
