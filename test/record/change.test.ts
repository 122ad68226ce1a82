import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { Change, Registers, TupleRef } from '../../src/record/change.ts';

test('setNumber keeps every integer that a double holds exactly', () => {
  const registers = new Registers(1);
  fc.assert(
    fc.property(
      fc.oneof(fc.maxSafeInteger(), fc.integer(), fc.constantFrom(0, -1, 2 ** 31, -(2 ** 31), 2 ** 32, -(2 ** 32), 2 ** 32 - 1)),
      (value) => {
        registers.setNumber(0, value);
        const read = (BigInt(registers.high[0]!) << 32n) | BigInt(registers.low[0]! >>> 0);
        assert.equal(read, BigInt(value));
      },
    ),
    { numRuns: 2000 },
  );
});

test('ROW is the new image, or the old one where there is no new one', () => {
  const change = new Change({ id: 0, name: 't', columns: [], key: new Uint16Array() }, 0, () => '');
  change.before.count = 2;
  assert.equal(change.tuple(TupleRef.ROW), change.before);
  change.after.count = 2;
  assert.equal(change.tuple(TupleRef.ROW), change.after);
});
