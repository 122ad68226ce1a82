import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createDatabase } from '../../support/database.ts';
import { startSource, untilStreaming } from './source-fixture.ts';
import { servers } from './servers.ts';

for (const [version, server] of servers) {
  test(`Postgres ${version}: insert, update, delete and a key change become the changes Debezium makes of them`, async () => {
    await using db = await createDatabase(server);
    await db.query('CREATE TABLE orders (id int PRIMARY KEY, item text, amount numeric)');
    await using running = startSource(db);
    await untilStreaming(db, running);
    await db.query(`INSERT INTO orders VALUES (1, 'tea', 2.50);
      UPDATE orders SET item = NULL WHERE id = 1; UPDATE orders SET id = 2 WHERE id = 1; DELETE FROM orders WHERE id = 2`);
    const changes = await running.out.untilChanges(7);
    const old = { item: { state: 'absent' }, amount: { state: 'absent' } };
    assert.deepEqual(
      changes.map(({ op, before, after, related }) => ({ op, before, after, related })),
      [
        { op: 'c', before: null, after: { id: '1', item: 'tea', amount: '2.50' }, related: null },
        { op: 'u', before: null, after: { id: '1', item: null, amount: '2.50' }, related: null },
        { op: 'd', before: { id: '1', ...old }, after: null, related: { id: '2', item: null, amount: '2.50' } },
        { op: 'tombstone', before: { id: '1', ...old }, after: null, related: { id: '2', item: null, amount: '2.50' } },
        { op: 'c', before: null, after: { id: '2', item: null, amount: '2.50' }, related: { id: '1', ...old } },
        { op: 'd', before: { id: '2', ...old }, after: null, related: null },
        { op: 'tombstone', before: { id: '2', ...old }, after: null, related: null },
      ],
    );
  });
}

for (const [version, server] of servers) {
  test(`Postgres ${version}: a key too large to stand in its row keeps its text when other columns change`, async () => {
    await using db = await createDatabase(server);
    await db.query('CREATE TABLE documents (id text PRIMARY KEY, count int); ALTER TABLE documents ALTER id SET STORAGE EXTERNAL');
    await using running = startSource(db);
    await untilStreaming(db, running);
    const id = 'k'.repeat(2600);
    await db.query(`INSERT INTO documents VALUES ('${id}', 1); UPDATE documents SET count = 2`);
    const changes = await running.out.untilChanges(2);
    assert.deepEqual(
      changes.map(({ op, after }) => ({ op, after })),
      [
        { op: 'c', after: { id, count: '1' } },
        { op: 'u', after: { id, count: '2' } },
      ],
    );
  });
}
