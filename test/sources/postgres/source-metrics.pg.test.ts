import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createDatabase } from '../../support/database.ts';
import { execute, send, signalTable, streaming, WindowHold, withSignals } from './adhoc/adhoc-harness.ts';
import { startSource, untilStreaming, untilTrue, type Running } from './source-fixture.ts';

async function valueOf(running: Running, name: string, label = ''): Promise<number> {
  const line = (await running.metrics.text()).split('\n').find((line) => line.startsWith(`${name}{`) && line.includes(label));
  return Number(line?.split(' ').at(-1) ?? Number.NaN);
}

test('the metrics of snapshot and stream have the names and labels that dashboards for Debezium ask for', async () => {
  await using db = await createDatabase();
  await db.query(`CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY); CREATE TABLE empty (id int PRIMARY KEY);
    INSERT INTO a SELECT generate_series(1, 30); INSERT INTO b SELECT generate_series(1, 20)`);
  let offsets;
  {
    await using running = startSource(db, {
      extra: { 'snapshot.mode': 'initial' },
      prepare: (out) => (out.hasRoom = (count) => count !== 35),
    });
    const snapshot = (name: string): Promise<number> => valueOf(running, `debezium_metrics_${name}`, 'context="snapshot"');
    const flags = async (): Promise<number[]> =>
      Promise.all(['Running', 'Completed', 'Aborted', 'Skipped'].map((flag) => snapshot(`Snapshot${flag}`)));
    await running.out.until(() => running.out.full);
    assert.deepEqual(await flags(), [1, 0, 0, 0]);
    await untilTrue(async () => (await valueOf(running, 'debezium_metrics_RowsScanned', 'table="public.b"')) > 0);
    assert.deepEqual([await snapshot('TotalTableCount'), await snapshot('RemainingTableCount')], [3, 2]);
    assert.equal(await valueOf(running, 'debezium_metrics_RowsScanned', 'table="public.a"'), 30);
    running.out.makeRoom();
    await untilStreaming(db, running);
    assert.deepEqual(await flags(), [0, 1, 0, 0]);
    assert.equal(await snapshot('RemainingTableCount'), 0);
    assert.equal(await valueOf(running, 'debezium_metrics_RowsScanned', 'table="public.b"'), 20);
    assert.ok((await snapshot('SnapshotDurationInSeconds')) > 0);
    const stream = (name: string): Promise<number> =>
      valueOf(running, `debezium_metrics_${name}`, 'name="shop",plugin="postgres",context="streaming"');
    await untilTrue(async () => (await stream('MilliSecondsSinceLastEvent')) === -1);
    await db.query('INSERT INTO a VALUES (31), (32); UPDATE a SET id = id WHERE id = 31; DELETE FROM a WHERE id = 32');
    await running.out.untilChanges(55);
    await untilTrue(async () => (await stream('TotalNumberOfEventsSeen')) === 4);
    const kinds = ['Create', 'Update', 'Delete'].map((kind) => stream(`TotalNumberOf${kind}EventsSeen`));
    assert.deepEqual(await Promise.all(kinds), [2, 1, 1]);
    assert.ok((await stream('MilliSecondsSinceLastEvent')) >= 0);
    assert.ok((await stream('MilliSecondsBehindSource')) >= 0);
    assert.equal(await stream('Connected'), 1);
    offsets = running.out.boundaries.slice(-1);
  }
  {
    await using running = startSource(db, { offsets, extra: { 'snapshot.mode': 'initial' } });
    await untilStreaming(db, running);
    assert.equal(await valueOf(running, 'debezium_metrics_SnapshotSkipped'), 1);
  }
  await using running = startSource(db, {
    extra: { 'snapshot.mode': 'initial' },
    prepare: (out) => (out.hasRoom = (count) => count !== 5),
  });
  await running.out.until(() => running.out.full);
  await running.stop();
  await untilTrue(async () => (await valueOf(running, 'debezium_metrics_SnapshotAborted')) === 1);
});

test('the metrics tell what was streamed, what lags and how the slot is; the slot goes when it is to be dropped', async () => {
  await using db = await createDatabase();
  await db.query('CREATE TABLE orders (id int PRIMARY KEY)');
  {
    await using running = startSource(db, { extra: { 'slot.drop.on.stop': 'true' } });
    await untilStreaming(db, running);
    await db.query('INSERT INTO orders VALUES (1), (2); DELETE FROM orders WHERE id = 1');
    await running.out.untilChanges(4);
    const value = (name: string, label?: string): Promise<number> => valueOf(running, name, label);
    await untilTrue(async () => (await value('millrace_postgres_events_total', 'op="create"')) === 2);
    assert.equal(await value('millrace_postgres_events_total', 'op="delete"'), 1);
    assert.equal(await value('millrace_postgres_connected'), 1);
    assert.equal(await value('debezium_metrics_SnapshotSkipped'), 1, 'no table was to be read');
    await untilTrue(async () => (await value('millrace_postgres_slot_wal_status', 'status="reserved"')) === 1);
    // Nothing is confirmed, so it grows with the next look at the slot.
    await untilTrue(async () => (await value('millrace_postgres_lag_bytes')) > 0);
    const lag = await value('millrace_postgres_lag_bytes');
    assert.ok((await value('millrace_postgres_slot_retained_bytes')) >= lag);
    await running.stop();
    assert.equal(await value('millrace_postgres_connected'), 0);
  }
  assert.deepEqual(await db.query('SELECT slot_name FROM pg_replication_slots WHERE database = $1', [db.name]), []);
});

test('a snapshot beside the stream shows its tables, its rows and that it is paused', async () => {
  await using db = await createDatabase();
  await db.query(`CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders SELECT generate_series(1, 30); ${signalTable}`);
  await using running = await streaming(db, { extra: { ...withSignals, 'incremental.snapshot.chunk.size': '10' } });
  const value = (name: string, label?: string): Promise<number> => valueOf(running, `debezium_metrics_${name}`, label);
  const hold = await WindowHold.open(db);
  await execute(running, ['public.orders']);
  await hold.untilHeld();
  await untilTrue(async () => (await value('SnapshotRunning')) === 1);
  assert.deepEqual([await value('TotalTableCount'), await value('RemainingTableCount')], [1, 1]);
  await send(running, 'pause-snapshot');
  await untilTrue(async () => (await value('SnapshotPaused')) === 1);
  await hold.letGo();
  await send(running, 'resume-snapshot');
  await untilTrue(async () => (await value('SnapshotCompleted')) === 1);
  assert.deepEqual([await value('RowsScanned', 'public.orders'), await value('RemainingTableCount')], [30, 0]);
  assert.deepEqual([await value('SnapshotRunning'), await value('SnapshotPaused')], [0, 0]);
});
