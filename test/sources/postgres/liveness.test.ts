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
  for (let read = 0; read < 20; read += 1) assert.equal(pacing.read(1000 + read * 0.01), false, 'a lone transaction');
  let waits = 0;
  for (let read = 0; read < 100; read += 1) if (pacing.read(2000 + read * 0.05)) waits += 1;
  assert.ok(waits > 50);
  assert.equal(pacing.read(3000), false, 'the burst is over');
});
