import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TokenBucket } from '../../../src/sources/csv/token-bucket.ts';

test('over any time no more rows pass than the rate allows, and no fewer when all waits are kept', () => {
  fc.assert(
    fc.property(fc.double({ min: 0.1, max: 5000, noNaN: true }), fc.array(fc.nat(400), { maxLength: 50 }), (rate, pauses) => {
      const bucket = new TokenBucket(rate, 0);
      let nowMs = 0;
      let passed = 0;
      let idleMs = 0;
      for (const pauseMs of [0, ...pauses]) {
        nowMs += pauseMs;
        idleMs += pauseMs;
        for (let turn = 0; turn < 20; turn += 1) {
          const waitMs = bucket.take(nowMs);
          if (waitMs === 0) passed += 1;
          nowMs += waitMs;
        }
      }
      assert.ok(passed <= 1 + (nowMs * rate) / 1000 + 1e-6, `${passed} rows in ${nowMs} ms`);
      // Each wait is rounded up to whole milliseconds, and a pause saves up a tenth of a second at most.
      assert.ok(passed >= ((nowMs - idleMs) * rate) / 1000 / (1 + rate / 1000) - 1, `${passed} rows in ${nowMs} ms`);
    }),
  );
});

test('after a pause at most a tenth of a second is made up for', () => {
  const bucket = new TokenBucket(100, 0);
  let passed = 0;
  while (bucket.take(60_000) === 0) passed += 1;
  assert.equal(passed, 10);
});
