import assert from 'node:assert/strict';
import { test } from 'node:test';

import { evaluateLiveness, livenessTimings, ReadPacing } from '../../../src/sources/postgres/liveness.ts';

const calm = { nowMs: 100_000, lastReceivedMs: 100_000, lastSentMs: 100_000, paused: false };

test('three status updates fit into the timeout of the server', () => {
  assert.deepEqual(livenessTimings(60_000, 10_000), { statusEveryMs: 10_000, pingAfterMs: 10_000, deadAfterMs: 300_000 });
  assert.equal(livenessTimings(6000, 10_000).statusEveryMs, 2000);
});

test('a server without a timeout has no watchdog here either, but still hears from us', () => {
  const timings = livenessTimings(0, 10_000);
  assert.equal(timings.deadAfterMs, Infinity);
  assert.equal(evaluateLiveness(timings, { ...calm, lastReceivedMs: 0, lastSentMs: 0 }), 'ping');
});

test('our own pause is not the silence of the server', () => {
  const timings = livenessTimings(60_000, 10_000);
  const silent = { ...calm, nowMs: 500_000, lastReceivedMs: 100_000, lastSentMs: 480_000 };
  assert.equal(evaluateLiveness(timings, silent), 'dead');
  assert.equal(evaluateLiveness(timings, { ...silent, paused: true }), 'status');
  assert.equal(evaluateLiveness(timings, { ...silent, lastReceivedMs: 480_000 }), 'ping');
  assert.equal(evaluateLiveness(timings, calm), 'nothing');
});

test('reads are spaced only while data keeps coming, never around a lone transaction', () => {
  const pacing = new ReadPacing();
  for (let read = 0; read < 20; read += 1) assert.equal(pacing.read(1000 + read * 0.01, 200), 0, 'a lone transaction');
  const waits = Array.from({ length: 100 }, (_, read) => pacing.read(2000 + read * 0.05, 200));
  assert.deepEqual([waits[0], waits.at(-1)], [0, 1]);
  let nowMs = 2010;
  for (let read = 0; read < 100; read += 1) {
    // The timer may be late: what counts is that bytes are there when the wait is over.
    pacing.waited((nowMs += 15));
    assert.equal(pacing.read((nowMs += 0.1), 60_000), 4, 'a fast stream is left alone a little longer');
  }
  pacing.waited(nowMs);
  assert.equal(pacing.read(nowMs + 20, 60_000), 0, 'the burst is over');
  for (let read = 1; read < 3000; read += 1) {
    assert.equal(pacing.read(nowMs + 40 + read * 0.33, 250), 0, 'a thousand transactions a second, three reads each');
  }
});
