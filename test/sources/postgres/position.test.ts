import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { parseOffset, stringifyOffset } from '../../../src/record/offset.ts';
import { findOffset, formatPosition, isSnapshotOffset, parsePosition } from '../../../src/sources/postgres/position.ts';

const lsn = fc.bigInt({ min: 1n, max: (1n << 63n) - 1n });

test('a position survives being stored, to the last bit', () => {
  const point = fc.record({
    lsnCommit: lsn,
    lastCommit: fc.option(lsn),
    lsn,
    lsnFinal: fc.option(lsn),
    ordinal: fc.nat(),
    part: fc.nat(3),
    marked: fc.boolean(),
    xid: fc.option(fc.integer({ min: 1, max: 0xffff_ffff })),
    commitMicros: fc.option(fc.integer({ min: 1, max: 4e15 })),
    messageType: fc.option(fc.constantFrom('INSERT', 'TRUNCATE')),
  });
  fc.assert(
    fc.property(point, fc.option(fc.integer({ min: 1, max: 0xffff_ffff })), (point, timeline) => {
      const origin = { systemId: '7300000000000000001', timeline };
      const expected = point.lsnFinal === null ? { ...point, ordinal: 0, part: 0, marked: false } : { ...point };
      const stored = parsePosition(parseOffset(stringifyOffset(formatPosition(point, origin))));
      assert.deepEqual(stored, { point: expected, ...origin });
    }),
  );
});

test("Debezium's offsets are understood", () => {
  const text =
    '{"transaction_id":null,"lsn_proc":24023128,"messageType":"INSERT","lsn_commit":24022000,"lsn":24023128,"txId":555,"ts_usec":1700000000000000}';
  const { point, systemId } = parsePosition(parseOffset(text));
  assert.deepEqual([point.lsnCommit, point.lsn, point.lsnFinal, systemId], [24022000n, 24023128n, null, null]);
  assert.equal(point.lastCommit, point.lsnCommit);
  assert.equal(parsePosition(parseOffset('{"lsn":5,"txId":1,"ts_usec":2,"snapshot_completed":true}')).point.lsnCommit, 5n);
  assert.equal(
    isSnapshotOffset(parseOffset('{"lsn":5,"snapshot":"INITIAL","snapshot_completed":false,"last_snapshot_record":false}')),
    true,
  );
  assert.equal(isSnapshotOffset(parseOffset(text)), false);
});

test('what is no position is refused, and another prefix is another stream', () => {
  assert.throws(() => parsePosition({}), /neither "lsn_commit" nor "lsn"/);
  assert.throws(() => parsePosition({ lsn: 'x' }), /"lsn" is not a position/);
  assert.equal(findOffset([{ partition: { server: 'a' }, offset: { lsn: 1 } }], 'b'), null);
});
