import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { Postgres } from '../../../src/embedded/postgres.ts';
import { createDatabase } from '../../support/database.ts';
import { slotName, startSource, untilStreaming, untilTrue } from './source-fixture.ts';

const directory = await mkdtemp(join(tmpdir(), 'millrace-test-'));
after(async () => {
  await Postgres.wipe(directory);
  await rm(directory, { recursive: true, force: true });
});

test('a slot that waits for prepared transactions can be given up, and what they committed comes once', async () => {
  await using server = await Postgres.start({ directory, port: 26_434, settings: { max_prepared_transactions: '5', fsync: 'off' } });
  await using db = await createDatabase(server.url);
  await db.query('CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders VALUES (0)');
  const prepare = async (id: number): Promise<void> => {
    await db.query(`BEGIN; INSERT INTO orders VALUES (${id})`);
    await db.query(`PREPARE TRANSACTION 'p${id}'`);
  };
  const untilWaiting = (): Promise<void> =>
    untilTrue(
      async () => (await db.query("SELECT FROM pg_stat_activity WHERE backend_type = 'walsender' AND wait_event_type = 'Lock'")).length > 0,
    );
  const initial = { extra: { 'snapshot.mode': 'initial' } };
  await prepare(1);
  await prepare(2);
  {
    await using given = startSource(db, initial);
    await untilWaiting();
    await given.stop();
    assert.deepEqual(given.out.changes, []);
    await untilTrue(async () => (await db.query('SELECT FROM pg_replication_slots WHERE slot_name = $1', [slotName(db)])).length === 0);
  }
  await using running = startSource(db, initial);
  await untilWaiting();
  await prepare(3);
  await db.query(`ROLLBACK PREPARED 'p1'`);
  await db.query(`COMMIT PREPARED 'p2'`);
  await db.query(`COMMIT PREPARED 'p3'`);
  await untilStreaming(db, running);
  await db.query('INSERT INTO orders VALUES (4)');
  const ids = (): number[] => running.out.changes.map(({ after: row }) => Number(row?.['id']));
  await running.out.until(() => ids().includes(4));
  assert.deepEqual(
    ids().toSorted((left, right) => left - right),
    [0, 2, 3, 4],
  );
});
