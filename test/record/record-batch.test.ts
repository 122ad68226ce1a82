import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { RecordBatch } from '../../src/record/record-batch.ts';

/** Writes as the outlet does: encode, and when the arena was too small grow it and encode that record again. */
function write(batch: RecordBatch, bytes: Uint8Array): void {
  const at = batch.out.at;
  batch.out.copy(bytes, 0, bytes.length);
  if (batch.out.overflowed) {
    batch.grow(batch.out.at, at);
    batch.rollback(at);
    batch.out.copy(bytes, 0, bytes.length);
  }
  batch.append(batch.topicIndex('t'), -1, -1, at, at, at, batch.out.at, 0);
}

test('every record keeps its bytes while the arena and the arrays grow, and after a reset', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 60 }),
      fc.integer({ min: 1, max: 512 }),
      (records, arenaBytesMax) => {
        const batch = new RecordBatch({ recordsMax: 4, arenaBytesMax });
        for (const pass of [1, 2]) {
          for (const record of records) write(batch, record);
          assert.equal(batch.length, records.length, `pass ${pass}`);
          records.forEach((record, index) => {
            assert.deepEqual(batch.arena.subarray(batch.valueStart[index], batch.valueEnd[index]), Buffer.from(record));
          });
          batch.reset();
          assert.equal(batch.bytes, 0);
        }
      },
    ),
  );
});

test('one giant record does not keep its room for ever', () => {
  const batch = new RecordBatch({ recordsMax: 16, arenaBytesMax: 1024 });
  write(batch, new Uint8Array(100_000));
  assert.ok(batch.full);
  batch.reset();
  assert.ok(batch.arena.length <= 2 * 1024);
});
