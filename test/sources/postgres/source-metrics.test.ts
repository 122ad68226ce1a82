import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Metrics } from '../../../src/base/metrics.ts';
import { Op } from '../../../src/record/change.ts';
import { SnapshotMetrics } from '../../../src/sources/postgres/snapshot-metrics.ts';
import { SourceMetrics } from '../../../src/sources/postgres/source-metrics.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const labels = { connector: 'c' };
const debezium = { name: 'shop', plugin: 'postgres' };

/** The present values: without the common labels and what all names begin with; `wanted`: of the names that it is found in. */
async function values(metrics: Metrics, wanted: RegExp): Promise<Record<string, number>> {
  const lines = (await metrics.text()).split('\n').flatMap((line) => {
    const [, name = '', has = '', value] = /^(?:debezium_metrics|millrace_postgres)_(\w+)\{(.*)\} (\S+)$/.exec(line) ?? [];
    const own = has.split(',').filter((label) => !/^(connector|name|plugin|context)=/.test(label));
    return wanted.test(name) ? [[[name, ...own].join(' '), Number(value)] as const] : [];
  });
  return Object.fromEntries(lines);
}

function counts(of: Partial<Record<'creates' | 'updates' | 'deletes' | 'truncates', number>>): Float64Array {
  const result = new Float64Array(8);
  result[Op.CREATE] = of.creates ?? 0;
  result[Op.UPDATE] = of.updates ?? 0;
  result[Op.DELETE] = of.deletes ?? 0;
  result[Op.TRUNCATE] = of.truncates ?? 0;
  return result;
}

const seen = /^TotalNumberOf|^MilliSeconds|^lag_ms|^events_total/;
const none = {
  TotalNumberOfEventsSeen: 0,
  TotalNumberOfCreateEventsSeen: 0,
  TotalNumberOfUpdateEventsSeen: 0,
  TotalNumberOfDeleteEventsSeen: 0,
  MilliSecondsBehindSource: 0,
  MilliSecondsSinceLastEvent: -1,
  lag_ms: 0,
};

function events(of: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(of).map(([op, count]) => [`events_total op="${op}"`, count]));
}

test('streamed changes are counted by operation, through a reconnection too; a restart of the task begins at zero', async () => {
  const clock = new ManualClock();
  const metrics = new Metrics();
  const source = new SourceMetrics(metrics, clock, labels, debezium);
  assert.deepEqual(await values(metrics, seen), none, 'from the start on');
  source.stream(counts({ creates: 3, truncates: 1 }), (clock.now() - 250) * 1000);
  await clock.advance(40);
  source.stream(counts({ creates: 3, truncates: 1 }), (clock.now() + 5) * 1000);
  const first = { ...none, TotalNumberOfEventsSeen: 4, TotalNumberOfCreateEventsSeen: 3, MilliSecondsSinceLastEvent: 40 };
  const soFar = { create: 3, truncate: 1 };
  assert.deepEqual(await values(metrics, seen), { ...first, ...events(soFar) }, 'a clock behind that of the server is no lag');
  source.restart();
  source.stream(counts({ creates: 1, updates: 2, deletes: 1 }), (clock.now() - 250) * 1000);
  const second = {
    TotalNumberOfEventsSeen: 8,
    TotalNumberOfCreateEventsSeen: 4,
    TotalNumberOfUpdateEventsSeen: 2,
    TotalNumberOfDeleteEventsSeen: 1,
    MilliSecondsBehindSource: 250,
    MilliSecondsSinceLastEvent: 0,
    lag_ms: 250,
  };
  const inAll = { create: 4, update: 2, delete: 1, truncate: 1 };
  assert.deepEqual(await values(metrics, seen), { ...second, ...events(inAll) });
  source.stream(counts({ creates: 1, updates: 2, deletes: 1 }), null);
  assert.deepEqual(await values(metrics, /^lag_ms|Behind/), { MilliSecondsBehindSource: 0, lag_ms: 0 }, 'nothing is pending');
  // Counters never go back: the new start goes on with those.
  const again = new SourceMetrics(metrics, clock, labels, { ...debezium, name: 'other' });
  assert.deepEqual(await values(metrics, seen), { ...none, ...events(inAll) });
  assert.ok(!(await metrics.text()).includes('name="shop"'));
  again.stream(counts({ updates: 1 }), null);
  assert.equal((await values(metrics, seen))['events_total op="update"'], 3);
});

function statuses(now: string): Record<string, number> {
  return Object.fromEntries(
    ['reserved', 'extended', 'unreserved', 'lost'].map((status) => [`slot_wal_status status="${status}"`, status === now ? 1 : 0]),
  );
}

test('the slot: forecast, what is kept for it, and one status at a time', async () => {
  const metrics = new Metrics();
  const source = new SourceMetrics(metrics, new ManualClock(), labels, debezium);
  assert.deepEqual(await values(metrics, /seconds_left/), { slot_seconds_left: -1 });
  const slot = async (status: string, secondsLeft: number | null): Promise<Record<string, number>> => {
    source.slot({ lagBytes: 1, retainedBytes: 2, walStatus: status, safeBytes: null }, secondsLeft);
    return values(metrics, /slot|lag_bytes/);
  };
  const rest = { lag_bytes: 1, slot_retained_bytes: 2 };
  assert.deepEqual(await slot('extended', 90), { ...rest, slot_seconds_left: 90, ...statuses('extended') });
  assert.deepEqual(await slot('lost', 0), { ...rest, slot_seconds_left: 0, ...statuses('lost') });
  assert.deepEqual(await slot('reserved', null), { ...rest, slot_seconds_left: -1, ...statuses('reserved') });
  for (const yes of [true, false]) {
    source.connected(yes);
    assert.deepEqual(await values(metrics, /onnected/), { connected: Number(yes), Connected: Number(yes) });
  }
});

async function flags(metrics: Metrics): Promise<string[]> {
  return Object.entries(await values(metrics, /^Snapshot(Running|Completed|Aborted|Skipped|Paused)/))
    .filter(([, value]) => value === 1)
    .map(([name]) => name.replace('Snapshot', ''));
}

const numbers = /^(Total|Remaining)TableCount|^RowsScanned|Duration/;

function shown(total: number, remaining: number, seconds: number, rows: Record<string, number>): Record<string, number> {
  const scanned = Object.entries(rows).map(([table, count]) => [`RowsScanned table="${table}"`, count]);
  const counted = { TotalTableCount: total, RemainingTableCount: remaining, SnapshotDurationInSeconds: seconds };
  return { ...counted, ...Object.fromEntries(scanned) };
}

test('a snapshot is shown once a second and as it ended; a restart of the task shows nothing of it', async () => {
  const clock = new ManualClock();
  const metrics = new Metrics();
  const rows = new Map([['public.a', 5]]);
  let remaining = 2;
  for (const completed of [true, false]) {
    const snapshot = new SnapshotMetrics(metrics, clock, { ...labels, ...debezium });
    assert.deepEqual([await flags(metrics), await values(metrics, numbers)], [[], {}]);
    assert.equal((await values(metrics, /^SnapshotRunning/))['SnapshotRunning'], 0);
    [remaining] = [2];
    rows.set('public.a', 5);
    snapshot.begin(() => ({ tables: 2, remaining, rows }));
    assert.deepEqual([await flags(metrics), await values(metrics, numbers)], [['Running'], shown(2, 2, 0, { 'public.a': 5 })]);
    rows.set('public.a', 7);
    await clock.advance(1000);
    assert.deepEqual(await values(metrics, numbers), shown(2, 2, 1, { 'public.a': 7 }));
    remaining = 1;
    await clock.advance(1500);
    assert.deepEqual(await values(metrics, numbers), shown(2, 1, 2, { 'public.a': 7 }));
    rows.set('public.a', 9);
    snapshot.end(completed);
    assert.deepEqual(
      [await flags(metrics), await values(metrics, numbers)],
      [[completed ? 'Completed' : 'Aborted'], shown(2, 1, 2.5, { 'public.a': 9 })],
    );
    assert.equal(clock.pending, 0);
  }
  const skipped = new SnapshotMetrics(metrics, clock, { ...labels, ...debezium });
  skipped.skipped();
  skipped.adhoc({ remaining: 0, paused: false, rows: new Map() });
  assert.deepEqual(await flags(metrics), ['Skipped']);
});

test('snapshots beside the stream: all that were asked for until none is left, paused, and one after the other', async () => {
  const clock = new ManualClock();
  const metrics = new Metrics();
  const snapshot = new SnapshotMetrics(metrics, clock, { ...labels, ...debezium });
  const rows = new Map<string, number>();
  const at = async (remaining: number, paused = false): Promise<unknown[]> => {
    snapshot.adhoc({ remaining, paused, rows });
    await clock.advance(1000);
    return [await flags(metrics), await values(metrics, numbers)];
  };
  await clock.advance(1000);
  assert.deepEqual(await at(2), [['Running'], shown(2, 2, 0, {})]);
  rows.set('public.a', 3);
  assert.deepEqual(await at(1), [['Running'], shown(2, 1, 1, { 'public.a': 3 })]);
  assert.deepEqual(await at(2, true), [['Running', 'Paused'], shown(3, 2, 2, { 'public.a': 3 })], 'one more');
  assert.deepEqual(await at(0, true), [['Completed'], shown(3, 0, 3, { 'public.a': 3 })]);
  assert.deepEqual(await at(0), [['Completed'], shown(3, 0, 3, { 'public.a': 3 })], 'it stays');
  assert.deepEqual(await at(1), [['Running'], shown(1, 1, 0, { 'public.a': 3 })]);
});
