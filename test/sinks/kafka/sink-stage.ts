import type { Kafka } from 'kafkajs';
import { systemClock } from '../../../src/base/clock.ts';
import { silentLog } from '../../../src/base/log.ts';
import { Metrics } from '../../../src/base/metrics.ts';
import { Config } from '../../../src/connect/config.ts';
import type { Sink } from '../../../src/connect/sink.ts';
import type { SourceOffset } from '../../../src/record/offset.ts';
import { RecordBatch } from '../../../src/record/record-batch.ts';
import type { SinkOptions } from '../../../src/connect/sink.ts';
import { createKafkaSink } from '../../../src/sinks/kafka/kafka-sink.ts';
import { kafkaClient } from '../../support/kafka-client.ts';
import { uniqueName } from '../../support/unique-name.ts';

export interface SimpleRecord {
  readonly topic: string;
  readonly key: Uint8Array | string | null;
  readonly value: Uint8Array | string | null;
  readonly timestampMs?: number;
  readonly headers?: readonly (readonly [name: string, value: Uint8Array | null])[];
}

export interface ReadRecord {
  readonly partition: number;
  readonly offset: bigint;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly timestampMs: number;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** Names of one test's connector, and sinks that stand for incarnations of its task. */
export class SinkStage implements AsyncDisposable {
  readonly connector = uniqueName('connector');
  readonly topic = uniqueName('topic');
  readonly offsetsTopic = uniqueName('offsets');
  readonly metrics = new Metrics();
  readonly #bootstrap: string;
  readonly #sinks: Sink[] = [];

  constructor(bootstrap: string) {
    this.#bootstrap = bootstrap;
  }

  sink(settings: Readonly<Record<string, string>> = {}, overrides: Partial<SinkOptions> = {}): Sink {
    const sink = createKafkaSink({
      connector: this.connector,
      cluster: Config.of({ 'bootstrap.servers': this.#bootstrap, ...settings }),
      // One partition, whatever the broker's own default is: `values` then come in the order in which they were written.
      topicCreation: Config.of({ 'topic.creation.default.partitions': '1', 'topic.creation.default.replication.factor': '1' }),
      topicCreationEnabled: true,
      offsets: { kind: 'kafka', topic: this.offsetsTopic },
      transactionalId: this.connector,
      clock: systemClock,
      log: silentLog,
      metrics: this.metrics,
      labels: { connector: this.connector },
      ...overrides,
    });
    this.#sinks.push(sink);
    return sink;
  }

  /** A sink that is open, with its topic prepared, and what `open` reported. */
  async openSink(
    settings: Readonly<Record<string, string>> = {},
    overrides: Partial<SinkOptions> = {},
  ): Promise<{ sink: Sink; offsets: readonly SourceOffset[] }> {
    const sink = this.sink(settings, overrides);
    const offsets = await sink.open(signal);
    await sink.prepareTopic(this.topic);
    return { sink, offsets };
  }

  /** The batch's offset is one number under the partition `{"server":"stage"}`. */
  batch(values: readonly string[], offset: number, topic = this.topic): RecordBatch {
    const batch = new RecordBatch();
    fillBatch(
      batch,
      values.map((value) => ({ topic, key: value, value })),
      offset,
    );
    return batch;
  }

  async values(): Promise<string[]> {
    return (await readCommitted(this.#bootstrap, this.topic)).map(({ value }) => String(value));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#sinks.map((sink) => sink.close()));
  }
}

export const signal = new AbortController().signal;

export function offsetOf(offsets: readonly SourceOffset[]): unknown {
  return offsets[0]?.offset?.['position'] ?? null;
}

export function fillBatch(batch: RecordBatch, records: readonly SimpleRecord[], offset: number): void {
  // Not a time long gone: brokers delete what is older than the topic's retention.
  const nowMs = systemClock.now();
  batch.reset();
  for (const record of records) {
    const [key, value] = [record.key, record.value].map((data) => (data === null ? null : Buffer.from(data as Uint8Array)));
    const headers = encodeHeaders(record.headers ?? []);
    batch.add(batch.topicIndex(record.topic), key ?? null, value ?? null, headers, record.timestampMs ?? nowMs);
  }
  batch.seal([{ partition: { server: 'stage' }, offset: { position: offset } }]);
}

function encodeHeaders(headers: NonNullable<SimpleRecord['headers']>): Buffer | null {
  if (headers.length === 0) return null;
  const parts = [zigzag(headers.length)];
  for (const [name, value] of headers) {
    parts.push(zigzag(Buffer.byteLength(name)), Buffer.from(name));
    parts.push(value === null ? zigzag(-1) : Buffer.concat([zigzag(value.length), value]));
  }
  return Buffer.concat(parts);
}

function zigzag(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value < 0 ? -2 * value - 1 : 2 * value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return Buffer.from([...bytes, rest]);
}

/**
 * Everything a read-committed kafkajs consumer sees of what was written before the call, none of it our code; ordered by
 * partition and offset. A plain record at the end of each partition tells when that point is reached: it becomes visible
 * only when every transaction before it has ended. `readUncommitted`: also what was never committed.
 */
export async function readCommitted(bootstrap: string, topic: string, timeoutMs = 120_000, readUncommitted = false): Promise<ReadRecord[]> {
  const kafka = kafkaClient(bootstrap);
  const mark = uniqueName('end');
  const left = await writeMarks(kafka, topic, mark);
  const consumer = kafka.consumer({ groupId: mark, readUncommitted, maxWaitTimeInMs: 50 });
  const records: ReadRecord[] = [];
  const next = new Map<number, bigint>();
  const done = Promise.withResolvers<void>();
  const timer = setTimeout(() => done.reject(new Error(`not read to the end within ${timeoutMs} ms: ${[...left].join(',')}`)), timeoutMs);
  try {
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      eachMessage: ({ partition, message: { offset, key, value, timestamp, headers = {} } }) => {
        // A consumer that lost its connection is given again what it had not yet told of.
        if (BigInt(offset) < (next.get(partition) ?? 0n)) return Promise.resolve();
        next.set(partition, BigInt(offset) + 1n);
        if (headers['mark'] === undefined) {
          records.push({ partition, offset: BigInt(offset), key, value, timestampMs: Number(timestamp), headers });
        } else if (String(headers['mark']) === mark) left.delete(partition);
        if (left.size === 0) done.resolve();
        return Promise.resolve();
      },
    });
    await done.promise;
  } finally {
    clearTimeout(timer);
    await consumer.disconnect();
  }
  return records.toSorted((one, other) => one.partition - other.partition || Number(one.offset - other.offset));
}

/** The partitions of the topic, each of which now ends with a marked record. */
async function writeMarks(kafka: Kafka, topic: string, mark: string): Promise<Set<number>> {
  const admin = kafka.admin();
  await admin.connect();
  const partitions =
    (await admin.fetchTopicMetadata({ topics: [topic] })).topics[0]?.partitions.map(({ partitionId }) => partitionId) ?? [];
  await admin.disconnect();
  const producer = kafka.producer();
  await producer.connect();
  const messages = partitions.map((partition) => ({ partition, key: 'mark', value: '', headers: { mark } }));
  await producer.send({ topic, messages });
  await producer.disconnect();
  return new Set(partitions);
}
