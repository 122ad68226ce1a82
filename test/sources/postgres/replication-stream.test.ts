import assert from 'node:assert/strict';
import { test } from 'node:test';

import { systemClock } from '../../../src/base/clock.ts';
import { ConnectError, classify } from '../../../src/base/errors.ts';
import { silentLog } from '../../../src/base/log.ts';
import { startPoint } from '../../../src/sources/postgres/position.ts';
import { ReplicationStream } from '../../../src/sources/postgres/replication-stream.ts';
import { SessionFactory } from '../../../src/sources/postgres/session.ts';
import { FakePostgres } from '../../support/fake-postgres.ts';
import { concat, int32, intType, WalScript, type ScriptTable } from '../../support/wal-script.ts';
import { DecoderFixture } from './decoder-fixture.ts';

const orders: ScriptTable = { id: 1, schema: 'public', name: 'orders', identity: 'd', columns: [{ name: 'id', type: intType, key: true }] };
const start = 0x100_0000n;

/** A stream from the fake, with a clock that a test can put forward. */
class StreamFixture implements AsyncDisposable {
  readonly fixture: DecoderFixture;
  readonly stream: ReplicationStream;
  readonly ended: Promise<void>;
  readonly abort = new AbortController();
  skewMs = 0;
  /** Time stands still here: nothing is sent because it is time to. */
  stillMs: number | null = null;

  constructor(fake: FakePostgres, intervalMs = 100) {
    const settings = {
      'database.port': String(fake.port),
      'database.hostname': '127.0.0.1',
      'status.update.interval.ms': String(intervalMs),
    };
    this.fixture = new DecoderFixture([orders], { resume: startPoint(start), settings: { ...settings, 'database.sslmode': 'disable' } });
    const clock = { ...systemClock, monotonic: () => this.stillMs ?? systemClock.monotonic() + this.skewMs };
    this.stream = new ReplicationStream({
      settings: this.fixture.settings,
      decoder: this.fixture.decoder,
      relations: this.fixture.relations,
      position: this.fixture.position,
      change: this.fixture.change,
      registers: this.fixture.registers,
      out: this.fixture.out,
      sessions: new SessionFactory(this.fixture.settings.connection, 'test'),
      confirmed: start,
      clock,
      log: silentLog,
    });
    this.ended = this.stream.run(this.abort.signal);
    this.ended.catch((error: unknown) => this.fixture.out.fail(error));
  }

  async failure(): Promise<ConnectError> {
    const error = await this.ended.then(
      () => null,
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof ConnectError, `a ConnectError, not ${String(error)}`);
    return error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.abort.abort(new Error('over'));
    await this.ended.catch(() => {});
    await this.stream.close();
  }
}

test('the stream is asked for from exactly the stored position, as text, in the oldest protocol', async () => {
  await using fake = await FakePostgres.start();
  await using _stream = new StreamFixture(fake);
  await fake.untilStreaming();
  assert.equal(
    fake.commands.at(-1),
    `START_REPLICATION SLOT "debezium" LOGICAL 0/1000000 ("proto_version" '1', "publication_names" '"dbz_publication"', "messages" 'true')`,
  );
});

test('keepalives are answered from what is confirmed, never from what has arrived', async () => {
  await using fake = await FakePostgres.start();
  await using stream = new StreamFixture(fake, 60_000);
  await fake.untilStreaming();
  const wal = new WalScript(start);
  wal
    .begin(1)
    .relation(orders)
    .insert(orders, ['1'])
    .commit()
    .keepalive(wal.commitEnd + 0x1000n, true);
  stream.stillMs = systemClock.monotonic();
  const before = fake.statuses.length;
  fake.send(wal.frames);
  await fake.until(() => fake.statuses.length > before);
  assert.equal(fake.statuses.at(-1)?.flushed, start);
  stream.stream.confirm(wal.commitEnd);
  await fake.until(() => fake.statuses.at(-1)?.flushed === wal.commitEnd);
  stream.stream.confirm(start);
  stream.stream.confirm(wal.commitEnd + 8n);
  await fake.until(() => fake.statuses.at(-1)?.flushed === wal.commitEnd + 8n);
  for (const { flushed, written } of fake.statuses) assert.ok(flushed > 0n && flushed <= written);
  for (const [index, { flushed }] of fake.statuses.entries()) assert.ok(flushed >= (fake.statuses[index - 1]?.flushed ?? 0n));
});

test('no timer makes a boundary inside a transaction, or while the outlet is full', async () => {
  await using fake = await FakePostgres.start();
  await using stream = new StreamFixture(fake);
  const { out } = stream.fixture;
  const room = Promise.withResolvers<void>();
  let boundaries = 0;
  out.drained = () => room.promise;
  out.boundary = () => {
    boundaries += 1;
    return false;
  };
  // With each update the timer looks whether there is a position to store.
  const lookTwice = async (): Promise<void> => {
    const before = fake.statuses.length;
    await fake.until(() => fake.statuses.length >= before + 2);
  };
  await fake.untilStreaming();
  const wal = new WalScript(start).begin(1).relation(orders).insert(orders, ['1']);
  const begun = wal.frames.length;
  fake.send(wal.frames);
  await out.untilChanges(1);
  await lookTwice();
  assert.equal(boundaries, 0);
  fake.send(wal.commit().frames.slice(begun));
  await fake.until(() => boundaries > 0);
  await lookTwice();
  assert.equal(boundaries, 1);
  room.resolve();
});

test('silence is asked about, and in the end taken for a dead connection', async () => {
  await using fake = await FakePostgres.start();
  await using stream = new StreamFixture(fake);
  await fake.until(() => fake.statuses.some(({ replyRequested }) => replyRequested));
  stream.skewMs = 400_000;
  const error = await stream.failure();
  assert.deepEqual([error.code, classify(error)], ['postgres.unreachable', 'retry']);
});

test('a connection is given back only when nothing has been taken for long, not when the server is silent', async () => {
  await using fake = await FakePostgres.start();
  await using stream = new StreamFixture(fake);
  const { out } = stream.fixture;
  let ended = false;
  stream.ended.catch(() => (ended = true));
  const giveBack = (): void => stream.stream.giveBack(() => new ConnectError('postgres.unreachable', 'given back'));
  await fake.untilStreaming();
  // It may be decoding a large transaction, which it would begin again.
  stream.skewMs = 10_000;
  giveBack();
  out.hasRoom = () => false;
  fake.send(new WalScript(start).begin(1).relation(orders).insert(orders, ['1']).frames);
  await out.until(() => out.full);
  // A short rest is part of normal work.
  stream.stillMs = systemClock.monotonic() + stream.skewMs;
  giveBack();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(ended, false);
  stream.stillMs += 10_000;
  giveBack();
  assert.match((await stream.failure()).message, /given back/);
});

test('a connection cut in the middle of a frame can be retried; what came whole was handed over', async () => {
  await using fake = await FakePostgres.start();
  await using stream = new StreamFixture(fake);
  await fake.untilStreaming();
  const wal = new WalScript(start).begin(1).relation(orders).insert(orders, ['1']);
  fake.send(wal.frames);
  await stream.fixture.out.untilChanges(1);
  fake.sendBytes(concat('d', int32(1000), 'half'));
  fake.cut();
  assert.equal((await stream.failure()).code, 'postgres.unreachable');
  assert.equal(stream.fixture.out.changes.length, 1);
});

test('garbage is a protocol error, and nothing behind it is read', async () => {
  await using fake = await FakePostgres.start();
  await using stream = new StreamFixture(fake);
  await fake.untilStreaming();
  const wal = new WalScript(start).begin(1).relation(orders).raw(Buffer.from('Z?')).insert(orders, ['1']);
  fake.send(wal.frames);
  assert.equal((await stream.failure()).code, 'postgres.protocol');
  assert.equal(stream.fixture.out.changes.length, 0);
});

test('large frames and many reads arrive whole', async () => {
  await using fake = await FakePostgres.start();
  await using stream = new StreamFixture(fake);
  await fake.untilStreaming();
  const wal = new WalScript(start).begin(1, 3000).relation(orders);
  for (let row = 0; row < 3000; row += 1) wal.insert(orders, [String(row).repeat(row % 100 === 0 ? 20_000 : 1)]);
  fake.send(wal.frames);
  const changes = await stream.fixture.out.untilChanges(3000);
  assert.ok(changes.every((change, row) => change.after?.['id'] === String(row).repeat(row % 100 === 0 ? 20_000 : 1)));
});

test('an interlude waits for the end of a transaction, and nothing is handed over before it is done', async () => {
  await using fake = await FakePostgres.start();
  await using stream = new StreamFixture(fake);
  const { out } = stream.fixture;
  // Asked for before the stream has started: it comes when it has.
  const early = Promise.withResolvers<void>();
  stream.stream.interlude(async () => early.resolve());
  await fake.untilStreaming();
  await early.promise;
  const wal = new WalScript(start).begin(1).relation(orders).insert(orders, ['1']);
  fake.send(wal.frames);
  await out.untilChanges(1);
  const entered = Promise.withResolvers<number>();
  const leave = Promise.withResolvers<void>();
  stream.stream.interlude(async () => {
    entered.resolve(out.changes.length);
    await leave.promise;
  });
  const sent = wal.frames.length;
  wal.insert(orders, ['2']).commit().begin(2).insert(orders, ['3']).commit().begin(3).insert(orders, ['4']).commit();
  fake.send(wal.frames.slice(sent));
  assert.equal(await entered.promise, 2, 'between the two transactions');
  assert.equal(stream.fixture.position.inTransaction, false);
  const received = fake.statuses.length;
  await fake.until(() => fake.statuses.length > received);
  assert.equal(out.changes.length, 2);
  leave.resolve();
  await out.untilChanges(4);
});
