import { RecordBatch } from '../../src/record/record-batch.ts';
import { compressionOf } from '../../src/sinks/kafka/compression.ts';
import { partitionOfKey } from '../../src/kafka/partitioner.ts';
import { RecordBatchWriter } from '../../src/sinks/kafka/record-batch-writer.ts';
import type { MicroBenchmark } from './micro-benchmark.ts';

const records = 20_000;
const value = Buffer.alloc(300, 'value');

function batchOf(): RecordBatch {
  const batch = new RecordBatch();
  const topic = batch.topicIndex('bench');
  for (let record = 0; record < records; record += 1) {
    batch.add(topic, Buffer.from(String(record).padStart(12, '0')), value, null, 1_784_017_000_000 + (record >> 4));
  }
  return batch;
}

function writer(partitions: number): MicroBenchmark {
  const batch = batchOf();
  const encoder = new RecordBatchWriter(partitionOfKey, compressionOf('none'), true);
  const targets = [{ name: 'bench', partitions, batchBytesMax: 1_000_000 }];
  return {
    name: `record batch writer, 300 bytes, ${partitions} partitions`,
    unit: 'record',
    units: records,
    run: async () => void (await encoder.encode(batch, targets)),
  };
}

export const recordBatchBenchmarks: readonly MicroBenchmark[] = [writer(1), writer(100)];
