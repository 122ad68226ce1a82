import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { systemClock } from '../../../../src/base/clock.ts';
import { silentLog, type Logger } from '../../../../src/base/log.ts';
import { Postgres } from '../../../../src/embedded/postgres.ts';
import { createDatabase } from '../../../support/database.ts';
import { execute, told } from './adhoc-harness.ts';
import { startSource, untilStreaming, untilTrue } from '../source-fixture.ts';

const settings = { autovacuum: 'off', fsync: 'off' };
/** Only who asks for it waits, and no such standby ever comes. */
const waitsForNobody = { synchronous_standby_names: 'nobody', synchronous_commit: 'local' };
const directory = await mkdtemp(join(tmpdir(), 'millrace-test-'));
after(async () => {
  await Postgres.wipe(directory);
  await rm(directory, { recursive: true, force: true });
});

test('a server on which nobody writes: tables are read after the first snapshot, and after a restart', async () => {
  await using server = await Postgres.start({ directory, port: 26_433, settings });
  await using db = await createDatabase(server.url);
  await db.query('CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders VALUES (1), (2)');
  const extra = { 'snapshot.mode': 'initial', 'incremental.snapshot.chunk.size': '1' };
  let offsets;
  {
    await using running = startSource(db, { extra });
    await untilStreaming(db, running);
    await execute(running, ['public.orders']);
    await running.out.untilChanges(4);
    assert.deepEqual(told(running.out.changes, 'public.orders'), ['r1', 'r2', 'r1', 'r2']);
    offsets = running.out.boundaries.slice(0, 1);
  }
  await using again = startSource(db, { extra, offsets });
  await untilStreaming(db, again);
  await execute(again, ['public.orders']);
  await again.out.untilChanges(2);
  assert.deepEqual(told(again.out.changes, 'public.orders'), ['r1', 'r2']);
});

test('a commit that waits for its synchronous standby is streamed before it can be read: the snapshot waits for it, and says so', async () => {
  await using server = await Postgres.start({ directory, port: 26_433, settings: { ...settings, ...waitsForNobody } });
  await using db = await createDatabase(server.url);
  await db.query('CREATE TABLE orders (id int PRIMARY KEY, v text); INSERT INTO orders VALUES (1, $$old$$)');
  const said: unknown[] = [];
  const log: Logger = { ...silentLog, warn: (facts: unknown, line: unknown) => said.push([line, facts]) } as never;
  // Ten seconds of waiting are over in half of one.
  const clock = { ...systemClock, monotonic: () => systemClock.monotonic() * 20 };
  await using running = startSource(db, { extra: { 'snapshot.mode': 'no_data' }, log, clock });
  await untilStreaming(db, running);
  const writer = await db.connect();
  const { rows } = await writer.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  await writer.query('SET synchronous_commit = on');
  const update = writer.query("UPDATE orders SET v = 'new'");
  await running.out.untilChanges(1);
  await execute(running, ['public.orders']);
  await untilTrue(() => Promise.resolve(said.length > 0));
  assert.deepEqual(told(running.out.changes, 'public.orders', 'v'), ['unew']);
  await db.query('SELECT pg_cancel_backend($1)', [rows[0]?.pid]);
  await update;
  await running.out.untilChanges(2);
  assert.deepEqual(told(running.out.changes, 'public.orders', 'v'), ['unew', 'rnew']);
  assert.match(JSON.stringify(said), /^\[\["a snapshot beside the stream waits".*a commit waits for a synchronous standby[^\]]*\]\]$/);
});
