import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';

import { ConnectError, classify } from '../../../src/base/errors.ts';
import { silentLog, type Logger } from '../../../src/base/log.ts';
import { Metrics } from '../../../src/base/metrics.ts';
import { Postgres } from '../../../src/embedded/postgres.ts';
import { slotLag } from '../../../src/sources/postgres/slot.ts';
import { SlotWatch } from '../../../src/sources/postgres/slot-watch.ts';
import { SourceMetrics } from '../../../src/sources/postgres/source-metrics.ts';
import { createDatabase } from '../../support/database.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { servers } from './servers.ts';
import { slotName, startSource, untilStreaming, untilTrue, type Running } from './source-fixture.ts';
import { testSettings } from './test-settings.ts';

/** What needs a server whose settings a test may change, and which it may kill. */
let directory = '';

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-test-'));
});
after(async () => {
  await Postgres.wipe(directory);
  await rm(directory, { recursive: true, force: true });
});

async function failure(running: Running): Promise<ConnectError> {
  const error = await running.ended.then(
    () => null,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ConnectError, `a ConnectError, not ${String(error)}`);
  return error;
}

function idsOf({ out }: Running): unknown[] {
  return out.changes.map((change) => change.after?.['id']);
}

test('a server that does not log what is needed is refused with the setting to change', async () => {
  await using server = await Postgres.start({ directory, port: 26_432, settings: { wal_level: 'replica', max_wal_senders: '2' } });
  await using db = await createDatabase(server.url);
  await using running = startSource(db);
  const error = await failure(running);
  assert.equal(error.code, 'postgres.setting');
  assert.match(error.remedy ?? '', /ALTER SYSTEM SET wal_level = logical/);
});

for (const [version, url] of servers) {
  test(`Postgres ${version}: log and metrics say how a slot is lost; a lost slot fails the start, unless a new snapshot is allowed`, async (t) => {
    const home = join(directory, version);
    t.after(() => Postgres.wipe(home));
    // The log grows only as the test makes it grow, and is taken away only when it says so.
    const settings = { max_slot_wal_keep_size: '160MB', checkpoint_timeout: '1h', fsync: 'off', wal_init_zero: 'off' };
    await using server = await Postgres.start({ directory: home, port: 26_432, settings, ...(await binariesOf(url)) });
    await using db = await createDatabase(server.url);
    await db.query('CREATE TABLE orders (id int PRIMARY KEY)');
    const said: string[] = [];
    const log: Logger = { ...silentLog, warn: (facts: object) => said.push(JSON.stringify(facts)) } as never;
    const metrics = new Metrics();
    const clock = new ManualClock();
    const { slot } = testSettings({ 'slot.danger.policy': 'pause_others' });
    const claims: (string | null)[] = [];
    const watch = new SlotWatch(
      slot,
      { clock, log, claimWay: (reason) => claims.push(reason) },
      new SourceMetrics(metrics, clock, { connector: 'shop' }, {}),
    );
    const look = async (): Promise<unknown[]> => {
      const lag = await slotLag(await db.connect(), slotName(db));
      assert.ok(lag !== null);
      watch.add(lag);
      await clock.advance(20_000);
      return [...(await slotMetrics(metrics)), Math.sign(lag.safeBytes ?? NaN), said.length, claims.at(-1) !== null];
    };
    const segments = async (count: number): Promise<void> => {
      for (let segment = 0; segment < count; segment += 1) {
        await db.query("SELECT pg_create_restore_point('filled')");
        await db.query('SELECT pg_switch_wal()');
      }
    };
    // What is reserved for a slot depends on max_wal_size, at once; so does when checkpoints come.
    const keepFew = async (few: boolean): Promise<void> => {
      await db.query(few ? "ALTER SYSTEM SET max_wal_size = '32MB'" : 'ALTER SYSTEM RESET max_wal_size');
      await db.query('SELECT pg_reload_conf()');
      await untilTrue(async () => ((await db.query('SHOW max_wal_size'))[0]?.['max_wal_size'] === '32MB') === few);
    };
    let offsets;
    {
      await using running = startSource(db);
      await untilStreaming(db, running);
      await db.query('INSERT INTO orders VALUES (1)');
      await running.out.untilChanges(1);
      await running.out.until(() => running.out.boundaries.length > 0);
      offsets = running.out.boundaries.slice(-1);
      // Read, and never confirmed.
      assert.deepEqual(await look(), ['reserved', '-1', 1, 0, false]);
      await segments(5);
      await keepFew(true);
      const [status, left, ...others] = await look();
      assert.deepEqual([status, Number(left) > 0 && Number(left) < 60, ...others], ['extended', true, 1, 1, true]);
      await keepFew(false);
      await segments(7);
      assert.deepEqual(await look(), ['unreserved', '0', -1, 2, true]);
      await untilTrue(() => Promise.resolve(!running.source.canWait()));
      await db.query('CHECKPOINT');
      assert.deepEqual([classify(await failure(running)), running.out.changes.length], ['retry', 1]);
    }
    assert.deepEqual(await look(), ['lost', '0', NaN, 2, true]);
    {
      await using running = startSource(db, { offsets });
      const error = await failure(running);
      assert.deepEqual([error.code, classify(error)], ['postgres.slot', 'fail']);
      assert.match(error.message, /is lost/);
      assert.deepEqual(await slotMetrics(running.metrics), ['lost', '0']);
    }
    await using running = startSource(db, { offsets, extra: { 'slot.lost.policy': 'snapshot' } });
    assert.deepEqual(
      (await running.out.untilChanges(1)).map(({ op, after }) => [op, after]),
      [['r', { id: '1' }]],
    );
    assert.deepEqual(await slotMetrics(running.metrics), ['reserved', '-1']);
  });
}

/** The slot's `wal_status`, and how long it lasts. */
async function slotMetrics(metrics: Metrics): Promise<(string | undefined)[]> {
  const text = await metrics.text();
  const status = /^millrace_postgres_slot_wal_status\{.*status="(\w+)".*\} 1$/m.exec(text)?.[1];
  return [status, /^millrace_postgres_slot_seconds_left\{.*\} (\S+)$/m.exec(text)?.[1]];
}

/** Where the programs of a server of the stack are. */
async function binariesOf(url: string): Promise<{ native: string }> {
  await using db = await createDatabase(url);
  const [row] = await db.query<{ setting: string }>("SELECT setting FROM pg_config WHERE name = 'BINDIR'");
  return { native: dirname(row?.setting ?? '') };
}

test('a server that crashes is unreachable for a while, and the stream goes on behind what was stored', async () => {
  const first = await Postgres.start({ directory, port: 26_432 });
  const db = await createDatabase(first.url);
  await db.query('CREATE TABLE orders (id int PRIMARY KEY)');
  const running = startSource(db);
  await untilStreaming(db, running);
  await db.query('INSERT INTO orders VALUES (1)');
  await running.out.untilChanges(1);
  await running.out.until(() => running.out.boundaries.some((offset) => offset.offset?.['messageType'] === 'INSERT'));
  const offsets = running.out.boundaries.slice(-1);
  await first.kill();
  assert.equal(classify(await failure(running)), 'retry');
  await running[Symbol.asyncDispose]();
  {
    await using down = startSource(db, { offsets });
    assert.equal((await failure(down)).code, 'postgres.unreachable');
  }
  await first.stop(); // Gives its port back.
  await using _second = await Postgres.start({ directory, port: 26_432 });
  await using again = startSource(db, { offsets });
  const client = await db.connect();
  await client.query('INSERT INTO orders VALUES (2)');
  assert.deepEqual(
    (await again.out.untilChanges(1)).map((change) => change.after),
    [{ id: '2' }],
  );
});

test('a connector that can take nothing does not hold up a server that takes the slot back; nothing is made anew in silence', async () => {
  // No checkpoint but the one that the test asks for: an earlier one would take the slot before the first row comes.
  const settings = { max_slot_wal_keep_size: '1MB', checkpoint_timeout: '1h', fsync: 'off' };
  await using server = await Postgres.start({ directory, port: 26_432, settings });
  await using db = await createDatabase(server.url);
  await db.query('CREATE TABLE orders (id int PRIMARY KEY, text text)');
  let offsets;
  {
    await using running = startSource(db, { prepare: (out) => (out.hasRoom = () => false) });
    await untilStreaming(db, running);
    await db.query("INSERT INTO orders SELECT n, repeat('x', 1000) FROM generate_series(1, 40000) n");
    await running.out.until(() => running.out.full);
    offsets = [{ partition: { server: 'shop' }, offset: running.out.changes[0]?.offset ?? null }];
    await db.query('SELECT pg_switch_wal()');
    // Waits for the walsender, which waits for us.
    const checkpoint = db.query('CHECKPOINT');
    assert.deepEqual([(await failure(running)).code, running.out.changes.length], ['postgres.unreachable', 1]);
    await checkpoint;
  }
  const [slot] = await db.query<{ wal_status: string }>('SELECT wal_status FROM pg_replication_slots WHERE slot_name = $1', [slotName(db)]);
  assert.equal(slot?.wal_status, 'lost');
  await using again = startSource(db, { offsets });
  const error = await failure(again);
  assert.deepEqual([error.code, classify(error)], ['postgres.slot', 'fail']);
  assert.match(error.message, /is lost/);
  assert.deepEqual(again.out.changes, []);
});

test('prepared transactions come when they are committed, over a restart, and never when they are rolled back', async () => {
  await using server = await Postgres.start({ directory, port: 26_432, settings: { max_prepared_transactions: '5', fsync: 'off' } });
  await using db = await createDatabase(server.url);
  await db.query('CREATE TABLE orders (id int PRIMARY KEY); CREATE PUBLICATION shop_publication FOR ALL TABLES');
  await db.query('SELECT pg_create_logical_replication_slot($1, $2)', [slotName(db), 'pgoutput']);
  for (const id of [1, 2]) {
    await db.query(`BEGIN; INSERT INTO orders VALUES (${id})`);
    await db.query(`PREPARE TRANSACTION 'p${id}'`);
  }
  let offsets;
  {
    await using running = startSource(db);
    await db.query('INSERT INTO orders VALUES (3)');
    await running.out.until(() => running.out.boundaries.some(({ offset }) => offset?.['messageType'] === 'INSERT'));
    assert.deepEqual(idsOf(running), ['3']);
    offsets = running.out.boundaries.slice(-1);
  }
  await db.query(`ROLLBACK PREPARED 'p1'`);
  await db.query(`COMMIT PREPARED 'p2'`);
  await db.query('INSERT INTO orders VALUES (4)');
  {
    await using again = startSource(db, { offsets });
    await again.out.until(() => idsOf(again).includes('4'));
    assert.deepEqual(idsOf(again), ['2', '4']);
  }
  // Made by somebody else, for a reader that takes them at PREPARE.
  await db.query(`SELECT pg_create_logical_replication_slot('early', 'pgoutput', false, true)`);
  await using early = startSource(db, { extra: { 'slot.name': 'early' } });
  const error = await failure(early);
  assert.deepEqual([error.code, classify(error)], ['postgres.slot', 'fail']);
  assert.match(error.message, /sends prepared transactions before they are committed/);
});

test('no walsender is free: tried again, not failed, and streaming when one is', async () => {
  await using server = await Postgres.start({ directory, port: 26_432, settings: { max_wal_senders: '1', fsync: 'off' } });
  await using db = await createDatabase(server.url);
  await db.query('CREATE TABLE orders (id int PRIMARY KEY); CREATE PUBLICATION shop_publication FOR ALL TABLES');
  await db.query('SELECT pg_create_logical_replication_slot($1, $2)', [slotName(db), 'pgoutput']);
  await db.query('SELECT pg_create_logical_replication_slot($1, $2)', ['other', 'pgoutput']);
  await using other = startSource(db, { extra: { 'slot.name': 'other' } });
  await db.query('INSERT INTO orders VALUES (1)');
  await other.out.untilChanges(1);
  {
    await using running = startSource(db);
    const error = await failure(running);
    assert.deepEqual([error.code, classify(error)], ['postgres.unreachable', 'retry']);
    assert.match(error.remedy ?? '', /max_wal_senders/);
  }
  await other[Symbol.asyncDispose]();
  // As a supervisor tries again: the walsender of the other is there a moment longer.
  for (;;) {
    await using again = startSource(db);
    const streams = await again.out.untilChanges(1).then(
      () => true,
      () => false,
    );
    if (!streams) {
      assert.equal((await failure(again)).code, 'postgres.unreachable');
      continue;
    }
    assert.deepEqual(again.out.changes[0]?.after, { id: '1' });
    break;
  }
});
