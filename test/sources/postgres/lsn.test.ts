import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { compareHalves, formatLsn, highHalf, lowHalf, lsnFromHalves, parseLsn } from '../../../src/sources/postgres/lsn.ts';

const lsns = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });

test('LSNs survive their text and their halves, and compare as numbers', () => {
  fc.assert(
    fc.property(lsns, lsns, (left, right) => {
      assert.equal(parseLsn(formatLsn(left)), left);
      assert.equal(lsnFromHalves(highHalf(left), lowHalf(left)), left);
      assert.equal(lsnFromHalves(highHalf(left) | 0, lowHalf(left) | 0), left);
      const order = compareHalves(highHalf(left), lowHalf(left), highHalf(right), lowHalf(right));
      assert.equal(Math.sign(order), left < right ? -1 : left > right ? 1 : 0);
    }),
  );
});

test('what is no LSN is refused', () => {
  assert.equal(formatLsn(parseLsn('16/B374D848')), '16/B374D848');
  for (const text of ['', '16', '16/', '/1', 'g/1', '123456789/1', '1/1 ']) assert.throws(() => parseLsn(text), SyntaxError);
});
