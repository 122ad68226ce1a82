import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecordBatch } from '../../../src/record/record-batch.ts';
import { compressionOf } from '../../../src/sinks/kafka/compression.ts';
import { partitionOfKey } from '../../../src/kafka/partitioner.ts';
import { RecordBatchWriter } from '../../../src/sinks/kafka/record-batch-writer.ts';

const partitions = 4;
const topics = [{ name: 'rows', partitions, batchBytesMax: 1_000_000 }];
const byKey = partitionOfKey(Buffer.from('key'), 0, 3, partitions);
const other = (byKey + 1) % partitions;

/** How many records each partition gets, with partitions chosen for some; null: by key. */
async function spread(batch: RecordBatch, chosen: readonly (number | null)[]): Promise<number[]> {
  batch.reset();
  for (const partition of chosen) {
    batch.add(batch.topicIndex('rows'), Buffer.from('key'), null, null, 0);
    if (partition !== null) batch.place(partition);
  }
  const counts = Array.from({ length: partitions }, () => 0);
  const writer = new RecordBatchWriter(partitionOfKey, compressionOf('none'), false);
  for (const { partition, records } of await writer.encode(batch, topics)) counts[partition] = (counts[partition] ?? 0) + records;
  return counts;
}

const expected = (key: number, elsewhere: number): number[] =>
  Array.from({ length: partitions }, (_, at) => (at === byKey ? key : at === other ? elsewhere : 0));

test('a chosen partition goes before the key, for its record alone', async () => {
  const batch = new RecordBatch();
  assert.deepEqual(await spread(batch, [null, other, null, other, other]), expected(2, 3));
  assert.deepEqual(await spread(batch, [null, null, null]), expected(3, 0), 'nothing is left over from the batch before');
  assert.deepEqual(await spread(batch, [other, ...Array.from({ length: 3000 }, () => null)]), expected(3000, 1), 'the batch has grown');
});

test('a batch without chosen partitions keeps no room for them', async () => {
  const batch = new RecordBatch();
  await spread(batch, [null, null]);
  assert.equal(batch.partition, null);
});

test('a partition that the topic does not have is refused with its name', async () => {
  await assert.rejects(spread(new RecordBatch(), [partitions]), /partition 4 of topic "rows", which has 4/);
});
