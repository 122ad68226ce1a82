import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { SourceOffset } from '../../../src/record/offset.ts';
import type { CollectedChange } from '../../support/collecting-outlet.ts';
import { createDatabase } from '../../support/database.ts';
import { servers } from './servers.ts';
import { slotName, startSource, untilStreaming } from './source-fixture.ts';

const initial = { 'snapshot.mode': 'initial' };

/** The table that the changes describe, by primary key; a row told twice or deleted without being there is a fault. */
function replay(changes: readonly CollectedChange[], rows = new Map<string, unknown>()): Map<string, unknown> {
  for (const { op, before, after } of changes) {
    const id = (after ?? before)?.['id'] as string;
    if (op === 'r' || op === 'c') {
      assert.equal(rows.has(id), false, `row ${id} came twice`);
      rows.set(id, after);
    } else if (op === 'u') {
      assert.equal(rows.has(id), true, `row ${id} changed before it was there`);
      rows.set(id, after);
    } else if (op === 'd') {
      assert.equal(rows.delete(id), true, `row ${id} was deleted before it was there`);
    }
  }
  return rows;
}

for (const [version, server] of servers) {
  test(`Postgres ${version}: snapshot and stream meet without gap or overlap while rows are being written`, async () => {
    await using db = await createDatabase(server);
    await db.query(
      `CREATE TABLE orders (id int PRIMARY KEY, item text); INSERT INTO orders SELECT n, 'old' FROM generate_series(1, 500) n`,
    );
    const writer = await db.connect();
    const writing = new AbortController();
    let id = 500;
    const writes = (async () => {
      while (!writing.signal.aborted) {
        id += 1;
        await writer.query(`INSERT INTO orders VALUES (${id}, 'new'); UPDATE orders SET item = item || '+' WHERE id = ${1 + (id % 400)};
          DELETE FROM orders WHERE id = ${id - 3} AND id % 2 = 0`);
      }
    })();
    await using running = startSource(db, { extra: initial });
    try {
      await running.out.until(() => running.out.changes.filter((change) => change.op === 'u').length > 50);
    } finally {
      writing.abort();
      await writes;
    }
    await db.query("INSERT INTO orders VALUES (1000000, 'end')");
    await running.out.until(() => running.out.changes.some((change) => change.after?.['item'] === 'end'));
    const table = await db.query<{ id: string; item: string }>('SELECT id::text, item FROM orders');
    assert.deepEqual(replay(running.out.changes), new Map(table.map((row) => [row.id, { ...row }])));
  });

  test(`Postgres ${version}: a slot that is there already is kept, and the snapshot still meets its stream`, async () => {
    await using db = await createDatabase(server);
    await db.query(`CREATE TABLE orders (id int PRIMARY KEY, item text)`);
    await db.query('SELECT pg_create_logical_replication_slot($1, $2)', [slotName(db), 'pgoutput']);
    await db.query(`INSERT INTO orders SELECT n, 'old' FROM generate_series(1, 10) n`);
    await using running = startSource(db, { extra: initial });
    await untilStreaming(db, running);
    await db.query("INSERT INTO orders VALUES (11, 'new')");
    const changes = await running.out.untilChanges(11);
    assert.deepEqual([...replay(changes).keys()].length, 11);
    assert.deepEqual(changes.map((change) => change.op).join(''), `${'r'.repeat(10)}c`);
    const left = await db.query<{ slot_name: string }>('SELECT slot_name FROM pg_replication_slots WHERE database = $1', [db.name]);
    assert.deepEqual(
      left.map((row) => row.slot_name),
      [slotName(db)],
    );
  });

  test(`Postgres ${version}: after the snapshot a restart streams, and initial_only has nothing left to do`, async () => {
    await using db = await createDatabase(server);
    await db.query(`CREATE TABLE orders (id int PRIMARY KEY, item text); INSERT INTO orders VALUES (1, 'a')`);
    let offsets: readonly SourceOffset[];
    {
      await using running = startSource(db, { extra: { 'snapshot.mode': 'initial_only' } });
      await running.ended;
      assert.equal(running.out.changes.length, 1);
      offsets = running.out.boundaries.slice(-1);
    }
    {
      await using running = startSource(db, { offsets, extra: { 'snapshot.mode': 'initial_only' } });
      await running.ended;
      assert.equal(running.out.changes.length, 0);
    }
    await db.query("INSERT INTO orders VALUES (2, 'b')");
    await using running = startSource(db, { offsets, extra: initial });
    assert.deepEqual((await running.out.untilChanges(1))[0]?.after, { id: '2', item: 'b' });
  });
}
