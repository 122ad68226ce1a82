import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ConnectError, classify } from '../../../src/base/errors.ts';
import { createDatabase, type Database } from '../../support/database.ts';
import { dropSlot, untilHeard } from '../../support/walsender.ts';
import { servers } from './servers.ts';
import { slotName, startSource, untilStreaming, untilTrue } from './source-fixture.ts';

/** Some milliseconds in fact; what would have to be waited for instead takes 10 s and more. */
const atOnceMs = 5000;

async function failure(ended: Promise<void>): Promise<ConnectError> {
  const error = await ended.then(
    () => null,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ConnectError, `a ConnectError, not ${String(error)}`);
  return error;
}

async function terminateWalsender(db: Database): Promise<void> {
  await db.query('SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = $1', [slotName(db)]);
}

for (const [version, server] of servers) {
  test(`Postgres ${version}: a walsender that is ended can be retried, and the next run misses and repeats nothing`, async () => {
    await using db = await createDatabase(server);
    await db.query('CREATE TABLE orders (id int PRIMARY KEY)');
    await using running = startSource(db);
    await untilStreaming(db, running);
    await db.query('INSERT INTO orders VALUES (1)');
    await running.out.untilChanges(1);
    // Not any boundary: an idle position may have been told before the row came.
    await running.out.until(() => running.out.boundaries.some(({ offset }) => offset?.['messageType'] === 'INSERT'));
    const stored = running.out.boundaries.slice(-1);
    await terminateWalsender(db);
    const error = await failure(running.ended);
    assert.equal(error.code, 'postgres.unreachable');
    assert.equal(classify(error), 'retry');
    await db.query('INSERT INTO orders VALUES (2)');
    // The same source object, as a supervisor calls it again.
    const abort = new AbortController();
    const again = running.source.run(stored, running.out, abort.signal);
    running.out.revive();
    again.catch((reason: unknown) => running.out.fail(reason));
    const changes = await running.out.untilChanges(2);
    assert.deepEqual(
      changes.map((change) => change.after),
      [{ id: '1' }, { id: '2' }],
    );
    abort.abort(new Error('done'));
    await again;
  });

  test(`Postgres ${version}: an abort ends a run at once, wherever it is`, async () => {
    await using db = await createDatabase(server);
    await db.query('CREATE TABLE orders (id int PRIMARY KEY)');
    {
      await using running = startSource(db);
      await untilStreaming(db, running);
      const from = performance.now();
      await running.stop();
      assert.ok(performance.now() - from < atOnceMs);
    }
    // A transaction that is open keeps the slot from being made.
    await dropSlot(db, slotName(db));
    const open = await db.connect();
    await open.query('BEGIN; INSERT INTO orders VALUES (1)');
    await using waiting = startSource(db);
    await untilTrue(async () => (await db.query('SELECT FROM pg_replication_slots WHERE slot_name = $1', [slotName(db)])).length === 1);
    const from = performance.now();
    await waiting.stop();
    assert.ok(performance.now() - from < atOnceMs);
    await untilTrue(async () => (await db.query('SELECT FROM pg_replication_slots WHERE slot_name = $1', [slotName(db)])).length === 0);
    await open.query('ROLLBACK');
  });

  test(`Postgres ${version}: a confirmation that comes after the end of the run still reaches the server`, async () => {
    await using db = await createDatabase(server);
    await db.query('CREATE TABLE orders (id int PRIMARY KEY)');
    await using running = startSource(db);
    await untilStreaming(db, running);
    await db.query('INSERT INTO orders VALUES (1)');
    await running.out.untilChanges(1);
    await running.out.until(() => running.out.boundaries.some((offset) => offset.offset?.['messageType'] === 'INSERT'));
    const stored = running.out.boundaries.slice(-1);
    await running.stop();
    running.source.confirm(stored);
    await running.source.close();
    await untilTrue(async () => {
      const [slot] = await db.query<{ same: boolean }>(
        `SELECT confirmed_flush_lsn - '0/0' = $2::numeric AS same FROM pg_replication_slots WHERE slot_name = $1`,
        [slotName(db), String(stored[0]?.offset?.['lsn_commit'])],
      );
      return slot?.same === true;
    });
  });

  test(`Postgres ${version}: a sink that takes nothing for long costs neither the connection nor a row`, async () => {
    await using db = await createDatabase(server);
    await db.query(`CREATE TABLE orders (id int PRIMARY KEY, item text); ALTER DATABASE ${db.name} SET wal_sender_timeout = '6s'`);
    await using running = startSource(db, {
      extra: { 'status.update.interval.ms': '60000' },
      prepare: (out) => {
        out.hasRoom = (count) => count !== 10;
      },
    });
    await untilStreaming(db, running);
    await db.query("INSERT INTO orders SELECT n, repeat('x', 500) FROM generate_series(1, 20000) n");
    await running.out.until(() => running.out.full);
    // Status updates go on, and as often as the server's timeout asks for: by themselves they would come too late.
    await untilHeard(db, slotName(db), 3);
    assert.equal(running.out.changes.length, 10);
    running.out.makeRoom();
    const changes = await running.out.untilChanges(20_000);
    assert.deepEqual(
      changes.map((change) => Number(change.after?.['id'])),
      Array.from({ length: 20_000 }, (_, index) => index + 1),
    );
  });

  test(`Postgres ${version}: the reported position never goes back`, async () => {
    await using db = await createDatabase(server);
    await db.query('CREATE TABLE orders (id int PRIMARY KEY)');
    await using running = startSource(db);
    await untilStreaming(db, running);
    await db.query('INSERT INTO orders VALUES (1)');
    await running.out.until(() => running.out.boundaries.length > 0);
    const count = running.out.boundaries.length;
    await db.query('INSERT INTO orders VALUES (2)');
    await running.out.until(() => running.out.boundaries.length > count);
    const [older, newer] = [running.out.boundaries.slice(0, 1), running.out.boundaries.slice(-1)];
    running.source.confirm(newer);
    running.source.confirm(older);
    const flushed = async (): Promise<string> => {
      const [row] = await db.query<{ lsn: string }>(
        `SELECT (flush_lsn - '0/0')::text AS lsn FROM pg_stat_replication r JOIN pg_replication_slots s ON s.active_pid = r.pid WHERE slot_name = $1`,
        [slotName(db)],
      );
      return row?.lsn ?? '';
    };
    await untilTrue(async () => (await flushed()) === String(newer[0]?.offset?.['lsn_commit']));
  });

  test(`Postgres ${version}: while a shape is being declared nothing is emitted, and nothing is lost`, async () => {
    await using db = await createDatabase(server);
    await db.query('CREATE TABLE one (id int PRIMARY KEY); CREATE TABLE two (id int PRIMARY KEY)');
    const gate = Promise.withResolvers<void>();
    let hold = false;
    await using running = startSource(db, {
      prepare: (out) => {
        out.onDeclare = async () => (hold ? gate.promise : undefined);
      },
    });
    await untilStreaming(db, running);
    await db.query('INSERT INTO one VALUES (1)');
    await running.out.untilChanges(1);
    hold = true;
    await db.query(`BEGIN; INSERT INTO one VALUES (2); ALTER TABLE two ADD x int; INSERT INTO two SELECT n, n FROM generate_series(1, 50) n;
      INSERT INTO one VALUES (3); COMMIT; INSERT INTO one VALUES (4)`);
    await running.out.untilChanges(2);
    assert.equal(running.out.changes.length, 2);
    gate.resolve();
    const changes = await running.out.untilChanges(54);
    assert.deepEqual(
      changes.filter((change) => change.table === 'public.one').map((change) => change.after?.['id']),
      ['1', '2', '3', '4'],
    );
    assert.deepEqual(changes[2]?.after, { id: '1', x: '1' });
  });
}
