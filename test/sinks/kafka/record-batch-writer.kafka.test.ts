import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Config } from '../../../src/connect/config.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { ClientConfig } from '../../../src/kafka/client-config.ts';
import { Cluster } from '../../../src/kafka/cluster.ts';
import { TopicReader } from '../../../src/kafka/topic-reader.ts';
import { RecordBatch } from '../../../src/record/record-batch.ts';
import { partitionOfKey } from '../../../src/kafka/partitioner.ts';
import { stack } from '../../support/stack.ts';
import type { SimpleRecord } from './sink-stage.ts';
import { fillBatch, readCommitted, SinkStage } from './sink-stage.ts';

const bytes = fc.oneof(fc.constant(null), fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 60, maxLength: 300 }));
const headerName = fc.string({ maxLength: 8, unit: 'grapheme' }).filter((name) => !(name in {}) && name.isWellFormed());
const record = fc.record({
  key: bytes,
  value: bytes,
  timestampMs: fc.oneof(fc.integer({ min: 0, max: 2 ** 41 }), fc.constantFrom(0, 1_700_000_000_000, 253_402_300_799_999)),
  headers: fc.uniqueArray(fc.tuple(headerName, fc.oneof(fc.constant(null), fc.uint8Array({ maxLength: 20 }))), {
    maxLength: 3,
    selector: ([name]) => name,
  }),
});
const partitions = 3;
// One clock for all brokers' limits: far future timestamps are refused by default.
const creation = Config.of({
  'topic.creation.default.partitions': String(partitions),
  'topic.creation.default.replication.factor': '1',
  'topic.creation.default.message.timestamp.after.max.ms': '9223372036854775807',
  'topic.creation.default.retention.ms': '-1',
});

for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
  // kafkajs reads gzip by itself; for the other codecs the broker, which checks every record inside, and our reader do.
  const independent = compression === 'none' || compression === 'gzip';
  test(`any batch reads back equal, compression ${compression}`, async () => {
    await using stage = new SinkStage(stack.kafka);
    const { sink } = await stage.openSink({ 'compression.type': compression, 'max.request.size': '4000' }, { topicCreation: creation });
    const batch = new RecordBatch();
    const sent: (Omit<SimpleRecord, 'topic'> & { readonly keyless: boolean })[] = [];
    await fc.assert(
      fc.asyncProperty(fc.array(record, { minLength: 1, maxLength: 60 }), async (records) => {
        fillBatch(
          batch,
          records.map((each) => ({ topic: stage.topic, ...each })),
          sent.length,
        );
        await sink.commit(batch);
        for (const each of records) sent.push({ ...each, keyless: each.key === null });
      }),
      { numRuns: independent ? 40 : 15, endOnFailure: true },
    );
    const read = independent ? await readCommitted(stack.kafka, stage.topic) : await readWithOurs(stage.topic);
    assert.equal(read.length, sent.length);
    const keyed = (partition: number) =>
      sent.filter(({ key }) => key instanceof Uint8Array && partitionOfKey(key, 0, key.length, partitions) === partition);
    for (let partition = 0; partition < partitions; partition += 1) {
      const own = read.filter((each) => each.partition === partition && each.key !== null);
      assert.deepEqual(
        own.map((each) => shown(each, independent)),
        keyed(partition).map((each) => shown(expected(each), independent)),
      );
    }
    const keyless = read.filter(({ key }) => key === null);
    assert.deepEqual(
      keyless.map((each) => JSON.stringify(shown(each, independent))).sort(),
      sent
        .filter((each) => each.keyless)
        .map((each) => JSON.stringify(shown(expected(each), independent)))
        .sort(),
    );
    assert.ok(new Set(keyless.map(({ partition }) => partition)).size > 1, 'records without key are spread over partitions');
  });
}

interface Shown {
  readonly key: string | null;
  readonly value: string | null;
  readonly timestampMs: number;
  readonly headers: unknown;
}

interface Readable {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly timestampMs: number;
  readonly headers: Readonly<Record<string, unknown>>;
}

function expected({ key, value, timestampMs, headers }: Omit<SimpleRecord, 'topic'>): Readable {
  return {
    key: key === null ? null : Buffer.from(key as Uint8Array),
    value: value === null ? null : Buffer.from(value as Uint8Array),
    timestampMs: timestampMs ?? 0,
    headers: Object.fromEntries((headers ?? []).map(([name, data]) => [name, data === null ? null : Buffer.from(data)])),
  };
}

function shown({ key, value, timestampMs, headers }: Readable, withHeaders: boolean): Shown {
  const named = Object.entries(headers)
    .map(([name, data]) => [name, hex(data)] as const)
    .toSorted(([left], [right]) => (left < right ? -1 : 1));
  return { key: hex(key), value: hex(value), timestampMs, headers: withHeaders ? named : null };
}

async function readWithOurs(topic: string): Promise<(Readable & { readonly partition: number })[]> {
  const cluster = new Cluster(new ClientConfig(Config.of({ 'bootstrap.servers': stack.kafka })), systemClock);
  const read: (Readable & { readonly partition: number })[] = [];
  try {
    await new TopicReader(cluster, topic, systemClock).readToEnd(({ partition, key, value, timestampMs }) => {
      read.push({ partition, key, value, timestampMs: Number(timestampMs), headers: {} });
    });
  } finally {
    await cluster.close();
  }
  return read;
}

function hex(data: unknown): string | null {
  return data === null || data === undefined ? null : Buffer.from(data as Uint8Array).toString('hex');
}
