import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { SourceOffset } from '../../../src/record/offset.ts';
import { formatLsn } from '../../../src/sources/postgres/lsn.ts';
import { createDatabase, type Database } from '../../support/database.ts';
import { servers } from './servers.ts';
import { slotName, startSource, untilStreaming, untilTrue, type Running } from './source-fixture.ts';

async function confirmedLsn(db: Database): Promise<string> {
  const rows = await db.query<{ lsn: string }>('SELECT confirmed_flush_lsn::text AS lsn FROM pg_replication_slots WHERE slot_name = $1', [
    slotName(db),
  ]);
  return rows[0]?.lsn ?? '';
}

/** Several status updates from now on: what they report has arrived. */
async function untilHeard(db: Database): Promise<void> {
  const [{ now } = { now: '' }] = await db.query<{ now: string }>('SELECT clock_timestamp()::text AS now');
  await untilTrue(async () => {
    const rows = await db.query<{ heard: boolean }>(
      `SELECT reply_time > $2::timestamptz + interval '500 ms' AS heard FROM pg_stat_replication r
       JOIN pg_replication_slots s ON s.active_pid = r.pid WHERE s.slot_name = $1`,
      [slotName(db), now],
    );
    return rows[0]?.heard === true;
  });
}

function lsn(offset: SourceOffset['offset'], name: string): string {
  const value = offset?.[name];
  return typeof value === 'bigint' || typeof value === 'number' ? formatLsn(BigInt(value)) : '';
}

/** Two transactions whose commit records touch: the second begins exactly where the first ends. */
async function adjacentCommits(db: Database, running: Running): Promise<{ first: SourceOffset; id: number }> {
  const [left, right] = [await db.connect(), await db.connect()];
  for (let id = 1; id < 4000; id += 2) {
    const [seen, boundaries] = [running.out.changes.length, running.out.boundaries.length];
    await left.query(`BEGIN; INSERT INTO orders VALUES (${id})`);
    await right.query(`BEGIN; INSERT INTO orders VALUES (${id + 1})`);
    await Promise.all([left.query('COMMIT'), right.query('COMMIT')]);
    await running.out.until(() => running.out.boundaries.length >= boundaries + 2);
    const first = running.out.boundaries[boundaries];
    const last = running.out.changes[seen + 1];
    // Others write to the same log, so it takes a few attempts.
    if (first !== undefined && last !== undefined && lsn(first.offset, 'lsn_commit') === lsn(last.offset, 'lsn_final')) {
      return { first, id: Number(last.after?.['id']) };
    }
  }
  throw new Error('no two commits were adjacent');
}

for (const [version, server] of servers) {
  test(`Postgres ${version}: the second of two adjacent commits survives the acknowledgement of the first`, async () => {
    await using db = await createDatabase(server);
    await db.query('CREATE TABLE orders (id int PRIMARY KEY)');
    let first: SourceOffset;
    let id: number;
    {
      // No idle positions: they would be newer than the one that is confirmed.
      await using running = startSource(db, { extra: { 'status.update.interval.ms': '60000' } });
      await untilStreaming(db, running);
      ({ first, id } = await adjacentCommits(db, running));
      running.source.confirm([first]);
      await untilTrue(async () => (await confirmedLsn(db)) === lsn(first.offset, 'lsn_commit'));
    }
    assert.equal(await confirmedLsn(db), lsn(first.offset, 'lsn_commit'), 'exactly the end of the commit, not one byte more');
    await using again = startSource(db, { offsets: [first] });
    const changes = await again.out.untilChanges(1);
    assert.deepEqual(changes[0]?.after, { id: String(id) });
  });

  test(`Postgres ${version}: what has only been received is never acknowledged, not even when the server asks`, async () => {
    await using db = await createDatabase(server);
    await db.query('CREATE TABLE orders (id int PRIMARY KEY)');
    await using running = startSource(db, { extra: { 'status.update.interval.ms': '50' } });
    await untilStreaming(db, running);
    const before = await confirmedLsn(db);
    await db.query('INSERT INTO orders SELECT generate_series(1, 100)');
    await running.out.untilChanges(100);
    await untilHeard(db);
    assert.equal(await confirmedLsn(db), before);
    const boundary = running.out.boundaries.at(-1);
    assert.ok(boundary !== undefined);
    running.source.confirm([boundary]);
    await untilTrue(async () => (await confirmedLsn(db)) === lsn(boundary.offset, 'lsn_commit'));
  });

  test(`Postgres ${version}: an idle stream moves along with the log, stored first and confirmed afterwards`, async () => {
    await using db = await createDatabase(server);
    await db.query('CREATE TABLE orders (id int PRIMARY KEY); CREATE TABLE other (id int)');
    await using running = startSource(db, { extra: { 'table.include.list': 'public.orders', 'publication.autocreate.mode': 'filtered' } });
    await untilStreaming(db, running);
    const before = await confirmedLsn(db);
    await db.query('INSERT INTO other SELECT generate_series(1, 5000)');
    const [{ tip } = { tip: '' }] = await db.query<{ tip: string }>('SELECT pg_current_wal_insert_lsn()::text AS tip');
    const reached = (): SourceOffset | undefined =>
      running.out.boundaries.find((offset) => (offset.offset?.['lsn_commit'] as bigint) >= toLsn(tip));
    await running.out.until(() => reached() !== undefined);
    assert.equal(running.out.changes.length, 0);
    await untilHeard(db);
    assert.equal(await confirmedLsn(db), before, 'not confirmed before it is stored');
    const offset = reached();
    assert.ok(offset !== undefined);
    running.source.confirm([offset]);
    await untilTrue(async () => (await confirmedLsn(db)) === lsn(offset.offset, 'lsn_commit'));
  });

  test(`Postgres ${version}: the slot follows the commits that are stored, with records of the transactions, too`, async () => {
    await using db = await createDatabase(server);
    await db.query('CREATE TABLE orders (id int PRIMARY KEY)');
    await using running = startSource(db, { extra: { 'provide.transaction.metadata': 'true', 'status.update.interval.ms': '60000' } });
    await untilStreaming(db, running);
    let last = 0n;
    for (let id = 1; id <= 5; id += 1) {
      await db.query(`INSERT INTO orders VALUES (${id})`);
      await running.out.until(() => running.out.changes.filter((change) => change.after?.['status'] === 'END').length >= id);
      // One in the middle of the transaction: it confirms the transaction before.
      const { offset: middle } = running.out.changes.find((change) => change.after?.['id'] === String(id)) ?? { offset: null };
      running.source.confirm([{ partition: { server: 'shop' }, offset: middle }]);
      const done = running.out.boundaries.at(-1);
      assert.ok(done !== undefined);
      running.source.confirm([done]);
      await untilTrue(async () => (await confirmedLsn(db)) === lsn(done.offset, 'lsn_commit'));
      assert.ok(toLsn(await confirmedLsn(db)) > last);
      last = toLsn(await confirmedLsn(db));
    }
  });

  test(`Postgres ${version}: a start moves the slot to what was stored before, and "manual" never moves it`, async () => {
    await using db = await createDatabase(server);
    await db.query('CREATE TABLE orders (id int PRIMARY KEY)');
    const stored: SourceOffset[] = [];
    let before: string | null = null;
    for (const manual of [{ 'lsn.flush.mode': 'manual' }, { 'flush.lsn.source': 'false' }]) {
      await using running = startSource(db, { offsets: stored.slice(-1), extra: { 'status.update.interval.ms': '50', ...manual } });
      await untilStreaming(db, running);
      before ??= await confirmedLsn(db);
      await db.query(`INSERT INTO orders VALUES (${stored.length + 1})`);
      await running.out.until(() => running.out.boundaries.some((offset) => offset.offset?.['messageType'] === 'INSERT'));
      stored.push(...running.out.boundaries.slice(-1));
      running.source.confirm(stored.slice(-1));
      await untilHeard(db);
      assert.equal(await confirmedLsn(db), before);
    }
    // What the slot has behind it and the sink has in front of it is let go of, and does not come again.
    const offsets = stored.slice(-1);
    await using running = startSource(db, { offsets, extra: { 'offset.mismatch.strategy': 'trust_offset' } });
    await untilTrue(async () => (await confirmedLsn(db)) === lsn(offsets[0]?.offset ?? null, 'lsn_commit'));
    await db.query('INSERT INTO orders VALUES (3)');
    assert.deepEqual((await running.out.untilChanges(1))[0]?.after, { id: '3' });
  });
}

function toLsn(text: string): bigint {
  const [high = '0', low = '0'] = text.split('/');
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}
