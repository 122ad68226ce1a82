import assert from 'node:assert/strict';
import { test } from 'node:test';

import { systemClock, type Clock } from '../../../src/base/clock.ts';
import { createDatabase, type Database } from '../../support/database.ts';
import { snapshotHarness } from './snapshot-harness.ts';
import { startSource, untilStreaming, untilTrue } from './source-fixture.ts';

const initial = { 'snapshot.mode': 'initial' };

test('which tables and columns the snapshot reads; the stream takes all that are captured', async () => {
  await using db = await createDatabase();
  await db.query(`CREATE SCHEMA app; CREATE SCHEMA audit; CREATE TABLE app.a (id int PRIMARY KEY, x text, y text); CREATE TABLE app.b (id int PRIMARY KEY);
    CREATE TABLE app.empty (id int PRIMARY KEY); CREATE TABLE app.spatial_ref_sys (id int PRIMARY KEY); CREATE TABLE audit.a (id int PRIMARY KEY);
    INSERT INTO app.a VALUES (1, 'x', 'y'); INSERT INTO app.b VALUES (1); INSERT INTO app.spatial_ref_sys VALUES (1); INSERT INTO audit.a VALUES (1);
    CREATE VIEW app.v AS SELECT * FROM app.a; CREATE MATERIALIZED VIEW app.m AS SELECT * FROM app.a; CREATE TEMPORARY TABLE own (id int PRIMARY KEY)`);
  const extra = {
    ...initial,
    'schema.include.list': 'APP',
    'column.include.list': 'app\\.a\\.x,app\\.b\\..*',
    'snapshot.include.collection.list': 'app\\.(a|empty|v|m)',
    'snapshot.isolation.mode': 'read_committed',
    'snapshot.delay.ms': '70001',
    'streaming.delay.ms': '80001',
    'topic.delimiter': '_',
  };
  const pauses: number[] = [];
  const clock: Clock = {
    now: () => systemClock.now(),
    monotonic: () => systemClock.monotonic(),
    after: (ms, work) => systemClock.after(ms, work),
    sleep: (ms, signal) => {
      pauses.push(ms);
      return systemClock.sleep(Math.min(ms, 20), signal);
    },
  };
  await using running = startSource(db, { extra, clock });
  await untilStreaming(db, running);
  assert.deepEqual(
    pauses.filter((ms) => ms > 70_000),
    [70_001, 80_001],
  );
  await db.query('INSERT INTO audit.a VALUES (2); INSERT INTO app.spatial_ref_sys VALUES (2); INSERT INTO app.b VALUES (2)');
  await db.query("INSERT INTO app.a VALUES (2, 'xx', 'yy')");
  const changes = await running.out.untilChanges(3);
  assert.deepEqual(
    changes.map(({ op, table, after }) => [op, table, after]),
    [
      ['r', 'app.a', { id: '1', x: 'x' }],
      ['c', 'app.b', { id: '2' }],
      ['c', 'app.a', { id: '2', x: 'xx' }],
    ],
  );
  const value = running.out.shapes.find(({ topic }) => topic === 'shop_app_a')?.value.schema.fields?.[1]?.schema;
  assert.deepEqual(
    value?.fields?.map(({ name }) => name),
    ['x'],
    'the key column is part of the key alone',
  );
});

test('table.ignore.builtin=false captures what belongs to extensions', async () => {
  await using db = await createDatabase();
  await db.query('CREATE TABLE spatial_ref_sys (id int PRIMARY KEY); INSERT INTO spatial_ref_sys VALUES (1)');
  await using running = startSource(db, { extra: { ...initial, 'table.ignore.builtin': 'false' } });
  assert.equal((await running.out.untilChanges(1))[0]?.table, 'public.spatial_ref_sys');
});

/** Whether the table can be altered at once. */
async function alterable(db: Database, table: string): Promise<boolean> {
  const session = await db.connect();
  return session.query(`SET lock_timeout = '100ms'; ALTER TABLE ${table} ADD extra int`).then(
    () => true,
    (error: unknown) => {
      assert.equal((error as { code?: string }).code, '55P03');
      return false;
    },
  );
}

for (const [mode, expected] of [
  ['shared', false],
  ['none', true],
] as const) {
  test(`snapshot.locking.mode=${mode}: a table that is still to be read ${expected ? 'can' : 'cannot'} be altered`, async () => {
    await using db = await createDatabase();
    await db.query(
      'CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY); CREATE TABLE other (id int); INSERT INTO a SELECT generate_series(1, 50)',
    );
    await using running = startSource(db, {
      extra: { ...initial, 'snapshot.locking.mode': mode, 'table.exclude.list': 'public.other' },
      prepare: (out) => (out.hasRoom = (count) => count !== 1),
    });
    await running.out.until(() => running.out.full);
    assert.equal(await alterable(db, 'b'), expected);
    assert.ok(await alterable(db, 'other'), 'what is not captured is not locked');
    // Reading and writing go on in either mode.
    await db.query('INSERT INTO b VALUES (1)');
    running.out.makeRoom();
    await running.out.untilChanges(51);
  });
}

// The slot is there before the lock is taken: its creation would wait for whoever holds one.
test('a lock that is not to be had in snapshot.lock.timeout.ms ends the attempt; the next one may have it', async () => {
  await using db = await createDatabase();
  await db.query('CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a VALUES (1)');
  await using harness = await snapshotHarness(db, { 'snapshot.locking.mode': 'shared', 'snapshot.lock.timeout.ms': '100' });
  const holder = await db.connect();
  await holder.query('BEGIN; LOCK TABLE a IN ACCESS EXCLUSIVE MODE');
  await assert.rejects(harness.runSnapshot(), { code: '55P03' });
  await holder.query('COMMIT');
  assert.equal(await harness.runSnapshot('own'), true);
  assert.equal(harness.outlet.committed.length, 1);
});

test('a stop in the middle of a snapshot waits for nothing: not for a lock, not for the rest of a table', async () => {
  await using db = await createDatabase();
  await db.query(
    'CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY); INSERT INTO a SELECT generate_series(1, 20000)',
  );
  {
    await using harness = await snapshotHarness(db);
    const holder = await db.connect();
    await holder.query('BEGIN; LOCK TABLE b IN ACCESS EXCLUSIVE MODE');
    const reading = harness.runSnapshot();
    await untilTrue(async () => (await db.query("SELECT FROM pg_locks WHERE relation = 'b'::regclass AND NOT granted")).length > 0);
    harness.outlet.onKill();
    assert.equal(await reading, false, 'it ended although the lock is still held');
    await holder.query('COMMIT');
  }
  await using running = startSource(db, { extra: initial, prepare: (out) => (out.hasRoom = (count) => count !== 10) });
  await running.out.until(() => running.out.full);
  await running.stop();
  assert.equal(running.out.changes.length, 10);
});
