import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { SourceOffset } from '../../../src/record/offset.ts';
import type { CollectedChange } from '../../support/collecting-outlet.ts';
import { createDatabase } from '../../support/database.ts';
import { servers } from './servers.ts';
import { startSource, untilStreaming } from './source-fixture.ts';

const partition = { server: 'shop' };

function facts(changes: readonly CollectedChange[]): unknown[] {
  return changes.map(({ op, table, before, after, related }) => ({ op, table, before, after, related }));
}

for (const [version, server] of servers) {
  test(`Postgres ${version}: a restart after any change continues with the next one, nothing twice and nothing left out`, async () => {
    await using db = await createDatabase(server);
    await db.query('CREATE TABLE orders (id int PRIMARY KEY, item text); CREATE TABLE notes (id int PRIMARY KEY, text text)');
    let all: readonly CollectedChange[];
    let start: readonly SourceOffset[];
    {
      await using running = startSource(db);
      await untilStreaming(db, running);
      start = [];
      // Several rows in one log record (multi-insert), a key change of three records, two tables, a savepoint undone.
      await db.query('INSERT INTO notes VALUES (0, $$zero$$)');
      await db.query(`BEGIN; INSERT INTO orders SELECT n, 'a' FROM generate_series(1, 4) n; SAVEPOINT s; INSERT INTO orders VALUES (99, 'undone');
        ROLLBACK TO SAVEPOINT s; UPDATE orders SET id = 10 WHERE id = 1; INSERT INTO notes VALUES (1, 'one'); DELETE FROM orders WHERE id = 2; COMMIT`);
      await db.query("INSERT INTO notes VALUES (2, 'two')");
      all = [...(await running.out.untilChanges(12))];
      assert.equal(all.length, 12);
    }
    for (const [index, change] of all.entries()) {
      const offsets = [...start, { partition, offset: change.offset }];
      await using running = startSource(db, { offsets });
      const rest = all.slice(index + 1);
      await db.query('INSERT INTO notes VALUES ($1, $2)', [1000 + index, 'mark']);
      await running.out.until(() => running.out.changes.some((other) => other.after?.['id'] === String(1000 + index)));
      const marks = running.out.changes.findIndex((other) => other.after?.['text'] === 'mark');
      assert.deepEqual(facts(running.out.changes.slice(0, marks)), facts(rest), `after change ${index} (${change.op})`);
    }
  });

  test(`Postgres ${version}: transactions come whole and in the order of their commits, without what was rolled back`, async () => {
    await using db = await createDatabase(server);
    await db.query('CREATE TABLE orders (id int PRIMARY KEY, item text)');
    await using running = startSource(db);
    await untilStreaming(db, running);
    const [left, right] = [await db.connect(), await db.connect()];
    await left.query("BEGIN; INSERT INTO orders VALUES (1, 'left')");
    await right.query("BEGIN; INSERT INTO orders VALUES (2, 'right')");
    await left.query("INSERT INTO orders VALUES (3, 'left')");
    await db.query("BEGIN; INSERT INTO orders VALUES (4, 'undone'); ROLLBACK");
    await right.query("INSERT INTO orders VALUES (5, 'right'); COMMIT");
    await left.query('COMMIT');
    const changes = await running.out.untilChanges(4);
    assert.deepEqual(
      changes.map((change) => change.after?.['id']),
      ['2', '5', '1', '3'],
    );
    // The end of the second transaction comes after its last row.
    await running.out.until(() => running.out.boundaries.length >= 2);
  });
}
