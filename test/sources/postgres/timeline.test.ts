import assert from 'node:assert/strict';
import { test } from 'node:test';

import { divergence, parseTimelineHistory } from '../../../src/sources/postgres/timeline.ts';

const history = parseTimelineHistory('1\t0/3000000\tno recovery target specified\n\n2\t1/A0\tbefore 2000-01-01 00:00:00+00\n');

test('a history file names where each timeline was left', () => {
  assert.deepEqual(
    [...history],
    [
      [1, 0x300_0000n],
      [2, 0x1_0000_00a0n],
    ],
  );
  assert.equal(parseTimelineHistory('').size, 0);
});

test('a position belongs to the history up to where its timeline was left, to the byte', () => {
  assert.equal(divergence(history, 3, 3, 1n << 60n), null);
  assert.equal(divergence(history, 3, 1, 0x300_0000n), null);
  assert.equal(divergence(history, 3, 1, 0x300_0001n), 0x300_0000n);
  assert.equal(divergence(history, 3, 2, 0x1_0000_00a1n), 0x1_0000_00a0n);
  // A server that was restored to before the promotion, or promoted beside it.
  assert.equal(divergence(history, 3, 4, 1n), 0n);
  assert.equal(divergence(new Map(), 1, 2, 1n), 0n);
});
