import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createDatabase } from '../../../support/database.ts';
import { servers } from '../servers.ts';
import { startSource, untilStreaming } from '../source-fixture.ts';

export const execute = (tables: readonly string[], more: object = {}) => ({
  id: 'one',
  type: 'execute-snapshot',
  data: JSON.stringify({ type: 'incremental', 'data-collections': tables, ...more }),
});

for (const [version, server] of servers) {
  test(`Postgres ${version}: an incremental snapshot reads a table in chunks of its key`, async () => {
    await using db = await createDatabase(server);
    await db.query(`CREATE TABLE orders (id int PRIMARY KEY, item text); INSERT INTO orders SELECT n, 'old' FROM generate_series(1, 50) n`);
    await using running = startSource(db, { extra: { 'incremental.snapshot.chunk.size': '7' } });
    await untilStreaming(db, running);
    await running.source.signal(execute(['public.orders']));
    const changes = await running.out.untilChanges(50);
    assert.deepEqual(
      changes.map(({ op, after }) => `${op}${after?.['id'] as string}`),
      Array.from({ length: 50 }, (_, index) => `r${index + 1}`),
    );
    await running.out.until(() => running.out.boundaries.at(-1)?.offset?.['incremental_snapshot_collections'] === undefined);
  });
}
