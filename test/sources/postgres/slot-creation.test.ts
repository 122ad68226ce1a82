import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Client } from 'pg';

import { classify, ConnectError } from '../../../src/base/errors.ts';
import { silentLog, type Logger } from '../../../src/base/log.ts';
import { acquireSlot } from '../../../src/sources/postgres/slot.ts';
import type { StartContext } from '../../../src/sources/postgres/start-context.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { testSettings } from './test-settings.ts';

const holder = { who: 'process 7', application: 'batch', xid: '4711', seconds: '95' };

/** A server whose slot creation ends when its backend is told to, or by `answer`. */
function scene(extra: Readonly<Record<string, string>> = {}, isDeaf = false, asking = Promise.resolve()) {
  const clock = new ManualClock();
  const asked: string[] = [];
  const creation = Promise.withResolvers<{ rows: object[] }>();
  const sql = {
    query: (text: string, values: readonly unknown[] = []) => {
      asked.push([text, ...values].join(' '));
      if (text.includes('pg_terminate_backend') && !isDeaf) creation.reject(new Error('terminated'));
      return text.includes('pg_stat_activity') ? asking.then(() => ({ rows: [holder] })) : Promise.resolve({ rows: [] });
    },
  };
  const created = Promise.withResolvers<void>();
  const warned: object[] = [];
  const log = { ...silentLog, warn: (facts: object) => warned.push(facts) } as unknown as Logger;
  const abort = new AbortController();
  let isClosed = false;
  const replication = {
    query: (text: string) => {
      if (!text.startsWith('CREATE')) return Promise.resolve({ rows: [{ pid: 42 }] });
      created.resolve();
      return creation.promise;
    },
    end: async () => {
      isClosed = true;
    },
  };
  const start = {
    settings: testSettings(extra),
    sql: { client: () => Promise.resolve(sql) },
    source: { log, clock },
    server: { version: 180_000 },
  } as unknown as StartContext;
  const slot = acquireSlot(start, replication as unknown as Client, { recreate: false, signal: abort.signal });
  const answer = (): void => creation.resolve({ rows: [{ consistent_point: '0/10', snapshot_name: 's' }] });
  return { clock, asked, slot, warned, abort, begun: created.promise, answer, isClosed: () => isClosed };
}

test('a creation that waits for too long is ended on the server, tells for whom it waits, and is tried again', async () => {
  const { clock, asked, slot, begun, isClosed } = scene({ 'internal.create.slot.command.timeout': '20' });
  await begun;
  const failure = assert.rejects(slot, (error) => {
    assert.ok(error instanceof ConnectError);
    assert.match(error.message, /"debezium" was not created within 20 s.*process 7 \(batch\), transaction 4711, open for 95 s/);
    assert.equal(classify(error), 'retry');
    return true;
  });
  await clock.advance(20_000);
  await failure;
  assert.ok(asked.some((text) => /pg_terminate_backend.* 42$/.test(text)) && isClosed());
  assert.equal(clock.pending, 0);
});

test('90 s by default; a creation in time is left alone afterwards', async () => {
  const { clock, asked, slot, abort, begun, answer } = scene();
  await begun;
  await clock.advance(89_999);
  answer();
  assert.deepEqual(await slot, { consistentPoint: 16n, snapshotName: 's' });
  assert.equal(clock.pending, 0);
  abort.abort();
  assert.ok(!asked.some((text) => text.includes('pg_terminate_backend')));
});

test('who is waited for is said after 5 s, and every 90 s until it is over', async () => {
  const { clock, slot, warned, begun, answer } = scene({ 'internal.create.slot.command.timeout': '1000' });
  await begun;
  await clock.advance(4999);
  assert.deepEqual(warned, []);
  await clock.advance(1);
  const said = { slot: 'debezium', holders: ['process 7 (batch), transaction 4711, open for 95 s'] };
  assert.deepEqual(warned, [said]);
  await clock.advance(90_000);
  assert.deepEqual(warned, [said, said]);
  answer();
  await slot;
  assert.equal(clock.pending, 0);
});

test('an abort ends a creation that waits, on the server, too, and nothing more is said of it', async () => {
  const { clock, asked, slot, warned, abort, begun, isClosed } = scene();
  await begun;
  abort.abort();
  await assert.rejects(slot, /terminated/);
  assert.ok(asked.some((text) => /pg_terminate_backend.* 42$/.test(text)) && isClosed());
  await clock.advance(200_000);
  assert.deepEqual(warned, []);
});

test('after an abort nothing is said, even of a creation that does not end', async () => {
  const { clock, slot, warned, abort, begun, answer } = scene({}, true);
  await begun;
  abort.abort();
  await clock.advance(200_000);
  assert.deepEqual(warned, []);
  answer();
  await slot;
});

test('a creation that ends while it is asked who is waited for is neither ended nor told of', async () => {
  const answered = Promise.withResolvers<void>();
  const { clock, asked, slot, warned, begun, answer } = scene({ 'internal.create.slot.command.timeout': '5' }, false, answered.promise);
  await begun;
  await clock.advance(5000);
  assert.equal(asked.filter((text) => text.includes('pg_stat_activity')).length, 2);
  answer();
  await slot;
  answered.resolve();
  await new Promise(setImmediate);
  assert.deepEqual(warned, []);
  assert.ok(!asked.some((text) => text.includes('pg_terminate_backend')));
});

test('an abort that came while the server was asked lets nothing be made', async () => {
  const { clock, slot, abort, isClosed } = scene();
  abort.abort(new Error('stopped'));
  await assert.rejects(slot, /stopped/);
  assert.deepEqual([clock.pending, isClosed()], [0, false]);
});
