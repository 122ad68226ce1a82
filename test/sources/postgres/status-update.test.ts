import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { StatusUpdate } from '../../../src/sources/postgres/status-update.ts';

const lsns = fc.bigInt({ min: 1n, max: (1n << 63n) - 1n });

test('a status update never claims more flushed than written, and says exactly what it was given', () => {
  const status = new StatusUpdate();
  fc.assert(
    fc.property(lsns, lsns, fc.boolean(), (received, flushed, reply) => {
      const bytes = status.write(received, flushed, Date.UTC(2026, 0, 2), reply);
      assert.equal(bytes.length, 34);
      assert.equal(bytes.toString('latin1', 0, 1), 'r');
      const [written, flush, applied] = [bytes.readBigUInt64BE(1), bytes.readBigUInt64BE(9), bytes.readBigUInt64BE(17)];
      assert.equal(flush, flushed);
      assert.equal(applied, flushed);
      assert.ok(written >= flush && written >= received);
      assert.equal(bytes[33], reply ? 1 : 0);
    }),
  );
});

test('the clock counts microseconds from 2000-01-01', () => {
  fc.assert(
    fc.property(fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2100, 0, 1) }), (nowMs) => {
      const bytes = new StatusUpdate().write(1n, 1n, nowMs, false);
      assert.equal(bytes.readBigInt64BE(25), BigInt(nowMs - Date.UTC(2000, 0, 1)) * 1000n);
    }),
  );
});
