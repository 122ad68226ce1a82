import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { pairwise } from './pairwise.ts';
import type { Factor } from './pairwise.ts';
import { seededRandom } from '../support/seeded-random.ts';

test('every pair of levels stands together in a row, with far fewer rows than there are combinations', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 2, maxLength: 6 }), fc.integer({ min: 1 }), (counts, seed) => {
      const factors = counts.map((count, factor): Factor => ({
        name: `f${factor}`,
        levels: Array.from({ length: count }, (_, level) => ({ name: `${factor}.${level}`, config: {} })),
      }));
      const rows = [...pairwise(factors, seededRandom(seed))];
      for (const [index, left] of factors.entries()) {
        for (const right of factors.slice(index + 1)) {
          for (const one of left.levels) {
            for (const other of right.levels) {
              assert.ok(rows.some((row) => row.get(left.name) === one && row.get(right.name) === other));
            }
          }
        }
      }
      assert.ok(rows.length <= 40, `${rows.length} rows`);
    }),
    { numRuns: 50 },
  );
});
