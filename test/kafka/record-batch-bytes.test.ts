import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { recordBatchBytes } from '../../src/kafka/record-batch-bytes.ts';
import { readRecordBatches } from '../../src/kafka/record-batch-reader.ts';

const bytes = fc.uint8Array({ maxLength: 300 }).map((content) => Buffer.from(content));
const entries = fc.array(fc.record({ key: bytes, value: fc.option(bytes) }), { minLength: 1, maxLength: 200 });

test('what is written is read back: any keys and values, tombstones, any number of them', () => {
  fc.assert(
    fc.property(entries, fc.nat(), (written, timestampMs) => {
      const read: unknown[] = [];
      const next = readRecordBatches(recordBatchBytes(written, timestampMs), 3, 0n, [], (record) => read.push({ ...record }));
      const expected = written.map((entry, at) => ({ ...entry, partition: 3, offset: BigInt(at), timestampMs: BigInt(timestampMs) }));
      assert.deepEqual(read, expected);
      assert.equal(next, BigInt(written.length));
    }),
  );
});
