import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Client } from 'pg';

import { silentLog, type Logger } from '../../../src/base/log.ts';
import { Heartbeat } from '../../../src/sources/postgres/heartbeat.ts';
import type { SqlSession } from '../../../src/sources/postgres/session.ts';
import { createChange } from '../../../src/sources/postgres/stream-run.ts';
import { CollectingOutlet } from '../../support/collecting-outlet.ts';
import { ManualClock, settle } from '../../support/manual-clock.ts';
import { testSettings } from './test-settings.ts';

test('a heartbeat at each interval: a record that is said to move no position, a boundary, and the query unless one is under way', async () => {
  const clock = new ManualClock();
  const out = new CollectingOutlet();
  const seen: string[] = [];
  const queries: PromiseWithResolvers<void>[] = [];
  const client = {
    query: (sql: string) => {
      seen.push(sql);
      const query = Promise.withResolvers<void>();
      queries.push(query);
      return query.promise;
    },
  };
  const sql = { use: (_doing: string, work: (client: Client) => Promise<unknown>) => work(client as unknown as Client) };
  const { change, registers } = createChange(() => 'heartbeat');
  // What the last row left there.
  for (const tuple of [change.before, change.after, change.related]) tuple.count = 1;
  const [emit, boundary] = [out.emit.bind(out), out.boundary.bind(out)];
  out.emit = (record) => (seen.push('record'), emit(record));
  out.boundary = () => (seen.push('boundary'), boundary());
  const heartbeat = new Heartbeat({
    settings: testSettings({ 'heartbeat.interval.ms': '100', 'heartbeat.action.query': 'SELECT beat()' }),
    change,
    registers,
    out,
    sql: sql as unknown as SqlSession,
    clock,
    log: { ...silentLog, warn: () => void seen.push('warning') } as Logger,
    onBeat: () => seen.push('announced'),
  });
  const after = async (ms: number): Promise<readonly string[]> => {
    await clock.advance(ms);
    heartbeat.tick();
    return seen.splice(0);
  };
  const beat = ['announced', 'record', 'boundary'];
  await heartbeat.declare();
  assert.deepEqual([out.shapes[0]?.topic, out.shapes[0]?.partition], ['__debezium-heartbeat.shop', 0]);
  assert.deepEqual(await after(99), []);
  assert.deepEqual(await after(1), [...beat, 'SELECT beat()']);
  assert.deepEqual(await after(99), []);
  assert.deepEqual(await after(101), beat, 'the query before has not ended');
  queries[0]?.reject(new Error('no such function'));
  await settle();
  assert.deepEqual(seen.splice(0), ['warning']);
  assert.deepEqual(await after(100), [...beat, 'SELECT beat()']);
  queries[1]?.resolve();
  assert.deepEqual(await after(100), [...beat, 'SELECT beat()']);
  const rows = out.changes.map(({ op, before, after: row, related }) => [op, before, row, related]);
  assert.deepEqual(
    rows,
    Array.from({ length: 4 }, () => ['r', null, null, null]),
  );
});
