import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { SourceOffset } from '../../../src/record/offset.ts';
import type { CollectedChange } from '../../support/collecting-outlet.ts';
import { createDatabase, type Database } from '../../support/database.ts';
import { servers } from './servers.ts';
import { slotName, startSource, untilStreaming, untilTrue, type RunOptions } from './source-fixture.ts';

/** Where a log position says less than it seems to: many changes in one place, changes larger than their log, none at all. */

const partition = { server: 'shop' };

function ids(changes: readonly CollectedChange[]): number[] {
  return changes.map(({ after }) => Number(after?.['id']));
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

/** A run that stops behind its `count`-th change and is never asked for its end. */
async function stopBehind(db: Database, count: number, options: RunOptions): Promise<readonly CollectedChange[]> {
  await using running = startSource(db, { ...options, prepare: (out) => (out.hasRoom = (changes) => changes < count) });
  await running.out.until(() => running.out.full);
  await running.stop();
  return running.out.changes;
}

function behind(changes: readonly CollectedChange[]): readonly SourceOffset[] {
  return [{ partition, offset: changes.at(-1)?.offset ?? null }];
}

for (const [version, server] of servers) {
  test(`Postgres ${version}: rows of one COPY share one place in the log; stopped behind any of them, the next is the next`, async () => {
    await using db = await createDatabase(server);
    await db.query('CREATE TABLE orders (id int PRIMARY KEY); CREATE PUBLICATION shop_publication FOR ALL TABLES');
    await db.query(`SELECT pg_create_logical_replication_slot($1, 'pgoutput')`, [slotName(db)]);
    // As a client's COPY, it writes as many rows as fit on a page by one log record.
    await db.query(`COPY orders FROM PROGRAM 'seq 1 5'`);
    await db.query(`COPY orders FROM PROGRAM 'seq 6 7'`);
    const places = await db.query<{ lsn: string }>(
      `SELECT lsn::text FROM pg_logical_slot_peek_binary_changes($1, NULL, NULL, 'proto_version', '1', 'publication_names', 'shop_publication')
       WHERE substr(data, 1, 1) = 'I'`,
      [slotName(db)],
    );
    assert.equal(places.length, 7);
    assert.ok(new Set(places.map(({ lsn }) => lsn)).size <= 3, 'several rows in one place');
    for (let stop = 1; stop < 7; stop += 1) {
      // A restart confirms what is stored, so each round needs the slot as it was.
      const extra = { 'slot.name': `stop${stop}_${db.name}` };
      await db.query('SELECT pg_copy_logical_replication_slot($1, $2)', [slotName(db), extra['slot.name']]);
      const first = await stopBehind(db, stop, { extra });
      assert.deepEqual(ids(first), upTo(stop));
      await using rest = startSource(db, { offsets: behind(first), extra: { ...extra, 'slot.drop.on.stop': 'true' } });
      await rest.out.until(() => ids(rest.out.changes).at(-1) === 7);
      assert.deepEqual(ids([...first, ...rest.out.changes]), upTo(7), `stopped behind ${stop}`);
    }
  });

  test(`Postgres ${version}: values much larger than their log, many small transactions behind them: stopped anywhere, nothing is skipped`, async () => {
    await using db = await createDatabase(server);
    await db.query('CREATE TABLE orders (id int PRIMARY KEY, long text); CREATE PUBLICATION shop_publication FOR ALL TABLES');
    await db.query(`SELECT pg_create_logical_replication_slot($1, 'pgoutput')`, [slotName(db)]);
    const [{ at } = { at: '' }] = await db.query<{ at: string }>('SELECT pg_current_wal_insert_lsn()::text AS at');
    await db.query(`INSERT INTO orders SELECT n, repeat('x', 4000000) FROM generate_series(1, 3) n`);
    const [{ log } = { log: '' }] = await db.query<{ log: string }>(`SELECT pg_current_wal_insert_lsn() - '${at}'::pg_lsn AS log`);
    assert.ok(Number(log) < 4_000_000, `12 MB of values are ${log} bytes of log`);
    await db.query(`DO $$ BEGIN FOR n IN 4..203 LOOP INSERT INTO orders VALUES (n, ''); COMMIT; END LOOP; END $$`);
    const long = 'x'.repeat(4_000_000);
    let seen: readonly CollectedChange[] = [];
    for (const stop of [1, 3, 4, 150]) {
      const part = await stopBehind(db, stop - seen.length, seen.length === 0 ? {} : { offsets: behind(seen) });
      seen = [...seen, ...part];
      assert.deepEqual(ids(seen), upTo(stop));
      assert.ok(seen.slice(0, 3).every(({ after }) => after?.['long'] === long));
    }
    await using rest = startSource(db, { offsets: behind(seen) });
    await rest.out.until(() => ids(rest.out.changes).at(-1) === 203);
    assert.deepEqual(ids([...seen, ...rest.out.changes]), upTo(203));
  });

  test(`Postgres ${version}: heartbeats and keepalives never carry the position past a change that waits for the sink`, async () => {
    await using db = await createDatabase(server);
    await db.query('CREATE TABLE orders (id int PRIMARY KEY)');
    await using running = startSource(db, {
      extra: { 'heartbeat.interval.ms': '10', 'status.update.interval.ms': '100' },
      prepare: (out) => (out.hasRoom = () => out.changes.at(-1)?.after?.['id'] !== '3'),
    });
    await untilStreaming(db, running);
    const confirmed = async (): Promise<unknown> =>
      (await db.query('SELECT confirmed_flush_lsn::text AS lsn FROM pg_replication_slots WHERE slot_name = $1', [slotName(db)]))[0]?.[
        'lsn'
      ];
    const atFirst = await confirmed();
    for (const id of upTo(6)) await db.query(`INSERT INTO orders VALUES (${id})`);
    await running.out.until(() => running.out.full);
    const told = running.out.boundaries.length;
    const [{ end } = { end: '' }] = await db.query<{ end: string }>(`SELECT (pg_current_wal_insert_lsn() - '0/0')::text AS end`);
    // Whatever timers do meanwhile, and whatever the server asks for.
    const [{ now } = { now: '' }] = await db.query<{ now: string }>('SELECT clock_timestamp()::text AS now');
    await untilTrue(async () => {
      const rows = await db.query<{ heard: boolean }>(
        `SELECT reply_time > $2::timestamptz + interval '500 ms' AS heard FROM pg_stat_replication r
         JOIN pg_replication_slots s ON s.active_pid = r.pid WHERE s.slot_name = $1`,
        [slotName(db), now],
      );
      return rows[0]?.heard === true;
    });
    assert.equal(running.out.boundaries.length, told, 'no boundary while the outlet is full');
    assert.equal(await confirmed(), atFirst, 'nothing was stored');
    const stored = running.out.boundaries.slice(-1);
    assert.ok((stored[0]?.offset?.['lsn_commit'] as bigint) < BigInt(end));
    running.source.confirm(stored);
    await running.stop();
    await running.source.close();
    // Killed now: what was stored brings the rest.
    await using again = startSource(db, { offsets: stored });
    await again.out.until(() => ids(again.out.changes).includes(6));
    assert.deepEqual(ids(again.out.changes), [3, 4, 5, 6]);
  });

  test(`Postgres ${version}: writes to another database free the log: the slot's place moves while its own tables rest`, async () => {
    await using db = await createDatabase(server);
    await using other = await createDatabase(server);
    await db.query('CREATE TABLE orders (id int PRIMARY KEY)');
    await other.query('CREATE TABLE noise (id int, text text)');
    await using running = startSource(db, { extra: { 'status.update.interval.ms': '100' } });
    await untilStreaming(db, running);
    await other.query(`INSERT INTO noise SELECT n, repeat('x', 500) FROM generate_series(1, 20000) n`);
    const [{ tip } = { tip: '' }] = await other.query<{ tip: string }>('SELECT pg_current_wal_insert_lsn()::text AS tip');
    await untilTrue(async () => {
      running.source.confirm(running.out.boundaries.slice(-1));
      // The server moves the place from which it keeps the log when it has logged which transactions run.
      await other.query('SELECT pg_log_standby_snapshot()').catch(() => other.query('CHECKPOINT'));
      const [slot] = await db.query<{ past: boolean }>(
        `SELECT confirmed_flush_lsn >= '${tip}' AND restart_lsn >= '${tip}' AS past FROM pg_replication_slots WHERE slot_name = $1`,
        [slotName(db)],
      );
      return slot?.past === true;
    });
    assert.deepEqual(running.out.changes, []);
  });
}
