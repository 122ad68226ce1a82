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

const directory = await mkdtemp(join(tmpdir(), 'millrace-test-'));
after(async () => {
  await Postgres.wipe(directory);
  await rm(directory, { recursive: true, force: true });
});

test('a server on which nobody writes: tables are read after the first snapshot, and after a restart', async () => {
  await using server = await Postgres.start({ directory, port: 26_433, settings: { autovacuum: 'off', fsync: 'off' } });
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
  await using server = await Postgres.start({ directory, port: 26_433, settings: { autovacuum: 'off', fsync: 'off' } });
  await using db = await createDatabase(server.url);
  await db.query('CREATE TABLE orders (id int PRIMARY KEY, v text); INSERT INTO orders VALUES (1, $$old$$)');
  const said: unknown[] = [];
  const log: Logger = { ...silentLog, warn: (facts: unknown, line: unknown) => (console.log("W",line,facts),said.push([line, facts])) } as never;
  // Ten seconds of waiting are over in half of one.
  const clock = { ...systemClock, monotonic: () => systemClock.monotonic() * 20 };
  await using running = startSource(db, { extra: { 'snapshot.mode': 'no_data' }, log, clock });
  await untilStreaming(db, running);
  await db.query("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
  await db.query('SELECT pg_reload_conf()');
  const update = db.query("UPDATE orders SET v = 'new'");
console.log("a");  await running.out.untilChanges(1);console.log("b");
  await execute(running, ['public.orders']);
console.log("c");  await untilTrue(() => Promise.resolve(said.length > 0));
  assert.deepEqual(told(running.out.changes, 'public.orders', 'v'), ['unew']);
console.log("d");  const cancel = await db.connect();
  await cancel.query('SET synchronous_commit = local');
  await cancel.query('ALTER SYSTEM RESET synchronous_standby_names');
  await cancel.query('SELECT pg_reload_conf()');
console.log("e");  await updateconsole.log("f");;
  await running.out.untilChanges(2);
  assert.deepEqual(told(running.out.changes, 'public.orders', 'v'), ['unew', 'rnew']);
  const reason = /a commit waits for a synchronous standby/;
  assert.deepEqual(said.length, 1);
  assert.match(JSON.stringify(said), reason);
});
