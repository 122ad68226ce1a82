import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createDatabase } from '../../support/database.ts';
import { startSource, untilStreaming, untilTrue } from './source-fixture.ts';

test('the metrics tell what was streamed, what lags and how the slot is; the slot goes when it is to be dropped', async () => {
  await using db = await createDatabase();
  await db.query('CREATE TABLE orders (id int PRIMARY KEY)');
  {
    await using running = startSource(db, { extra: { 'slot.drop.on.stop': 'true' } });
    await untilStreaming(db, running);
    await db.query('INSERT INTO orders VALUES (1), (2); DELETE FROM orders WHERE id = 1');
    await running.out.untilChanges(4);
    const value = async (name: string, label = ''): Promise<number> => {
      const line = (await running.metrics.text()).split('\n').find((line) => line.startsWith(`${name}{`) && line.includes(label));
      return Number(line?.split(' ').at(-1) ?? Number.NaN);
    };
    await untilTrue(async () => (await value('millrace_postgres_events_total', 'op="create"')) === 2);
    assert.equal(await value('millrace_postgres_events_total', 'op="delete"'), 1);
    assert.equal(await value('millrace_postgres_connected'), 1);
    await untilTrue(async () => (await value('millrace_postgres_slot_wal_status', 'status="reserved"')) === 1);
    // Nothing is confirmed, so it grows with the next look at the slot.
    await untilTrue(async () => (await value('millrace_postgres_lag_bytes')) > 0);
    assert.ok((await value('millrace_postgres_slot_retained_bytes')) >= (await value('millrace_postgres_lag_bytes')));
    await running.stop();
    assert.equal(await value('millrace_postgres_connected'), 0);
  }
  assert.deepEqual(await db.query('SELECT slot_name FROM pg_replication_slots WHERE database = $1', [db.name]), []);
});
