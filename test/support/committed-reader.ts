import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import { Kafka, logLevel } from 'kafkajs';
import type { Consumer, KafkaMessage } from 'kafkajs';

import { bigintLong } from './bigint-long.ts';
import { stack } from './stack.ts';
import { uniqueName } from './unique-name.ts';

export interface CommittedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly key: unknown;
  readonly value: unknown;
  readonly rawKey: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * What a microservice would see: a read-committed kafkajs consumer with the registry's own decoder, none of it our code.
 * Reads on in the background; `until` waits for what a test expects.
 */
export class CommittedReader implements AsyncDisposable {
  readonly records: CommittedRecord[] = [];
  readonly #consumer: Consumer;
  readonly #registry = new SchemaRegistry({ host: stack.registry }, { [SchemaType.AVRO]: { registry: { long: bigintLong } } });
  #failure: Error | null = null;

  private constructor(consumer: Consumer) {
    this.#consumer = consumer;
  }

  /** The topics are waited for: a kafkajs consumer ends when it subscribes to one that is not there yet. */
  static async open(topics: readonly string[], timeoutMs = 60_000): Promise<CommittedReader> {
    const kafka = new Kafka({ clientId: 'committed-reader', brokers: [stack.kafka], logLevel: logLevel.NOTHING });
    await waitForTopics(kafka, topics, timeoutMs);
    const consumer = kafka.consumer({ groupId: uniqueName('reader'), readUncommitted: false, maxWaitTimeInMs: 100 });
    const reader = new CommittedReader(consumer);
    await consumer.connect();
    await consumer.subscribe({ topics: [...topics], fromBeginning: true });
    await consumer.run({ eachMessage: ({ topic, partition, message }) => reader.#take(topic, partition, message) });
    return reader;
  }

  /** Resolves when `done` holds for what was read so far; `describe` tells in the failure what was missing. */
  async until(done: (records: readonly CommittedRecord[]) => boolean, describe: () => string, timeoutMs = 60_000): Promise<void> {
    const end = performance.now() + timeoutMs;
    while (!done(this.records)) {
      if (this.#failure !== null) throw this.#failure;
      const left = end - performance.now();
      if (left <= 0) throw new Error(`after ${timeoutMs} ms and ${this.records.length} records: ${describe()}`);
      // Looks again a few times a second and not at every record: `done` may look at all of them.
      await new Promise((resolve) => setTimeout(resolve, Math.min(left, 150)));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#consumer.disconnect();
  }

  async #take(topic: string, partition: number, message: KafkaMessage): Promise<void> {
    try {
      const headers = Object.fromEntries(Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)]));
      this.records.push({
        topic,
        partition,
        offset: BigInt(message.offset),
        key: message.key === null ? null : await this.#registry.decode(message.key),
        value: message.value === null ? null : await this.#registry.decode(message.value),
        rawKey: message.key,
        headers,
      });
    } catch (error) {
      this.#failure = new Error(`${topic}-${partition}@${message.offset} does not decode`, { cause: error });
    }
  }
}

async function waitForTopics(kafka: Kafka, topics: readonly string[], timeoutMs: number): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const end = performance.now() + timeoutMs;
    for (;;) {
      const present = new Set(await admin.listTopics());
      const missing = topics.filter((topic) => !present.has(topic));
      if (missing.length === 0) return;
      if (performance.now() > end) throw new Error(`topics did not appear in ${timeoutMs} ms: ${missing.join(', ')}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  } finally {
    await admin.disconnect();
  }
}
