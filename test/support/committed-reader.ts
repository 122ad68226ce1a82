import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import type { Consumer, Kafka, KafkaMessage } from 'kafkajs';

import { bigintLong } from './bigint-long.ts';
import { kafkaClient } from './kafka-client.ts';
import { stack } from './stack.ts';
import { uniqueName } from './unique-name.ts';

export interface CommittedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly key: unknown;
  readonly value: unknown;
  readonly rawKey: Buffer | null;
  readonly rawValue: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** A new registry of named types for each schema: two versions of a schema have the same names. */
const avroOptions = {
  get registry() {
    return { long: bigintLong };
  },
};

const endMark = 'end-of-test';

/**
 * What a microservice would see: a read-committed kafkajs consumer with the registry's own decoder, none of it our code.
 * Reads on in the background; `until` waits for what a test expects.
 */
export class CommittedReader implements AsyncDisposable {
  readonly records: CommittedRecord[] = [];
  readonly #kafka: Kafka;
  readonly #topics: readonly string[];
  readonly #consumer: Consumer;
  readonly #registry: SchemaRegistry;
  readonly #decodes: boolean;
  #failure: Error | null = null;

  /** Partitions that have not come to the end that `toEnd` has marked. */
  readonly #unread = new Set<string>();
  /** By partition the offset that comes next: a consumer that lost its connection is given again what it had not yet told of. */
  readonly #next = new Map<string, bigint>();

  private constructor(kafka: Kafka, registry: string, topics: readonly string[], consumer: Consumer, decode: boolean) {
    this.#kafka = kafka;
    this.#registry = new SchemaRegistry({ host: registry }, { [SchemaType.AVRO]: avroOptions });
    this.#topics = topics;
    this.#consumer = consumer;
    this.#decodes = decode;
  }

  /**
   * The topics are waited for: a kafkajs consumer ends when it subscribes to one that is not there yet. Without `decode`
   * keys and values are raw only.
   */
  static async open(
    topics: readonly string[],
    timeoutMs = 120_000,
    decode = true,
    servers: Pick<typeof stack, 'kafka' | 'registry'> = stack,
  ): Promise<CommittedReader> {
    const kafka = kafkaClient(servers.kafka);
    await waitForTopics(kafka, topics, timeoutMs);
    const consumer = kafka.consumer({ groupId: uniqueName('reader'), readUncommitted: false, maxWaitTimeInMs: 100 });
    const reader = new CommittedReader(kafka, servers.registry, topics, consumer, decode);
    await consumer.connect();
    await consumer.subscribe({ topics: [...topics], fromBeginning: true });
    await consumer.run({ eachMessage: ({ topic, partition, message }) => reader.#take(topic, partition, message) });
    return reader;
  }

  /** Resolves when `done` holds for what was read so far; `describe` tells in the failure what was missing. */
  async until(done: (records: readonly CommittedRecord[]) => boolean, describe: () => string, timeoutMs = 120_000): Promise<void> {
    const end = performance.now() + timeoutMs;
    while (!done(this.records)) {
      if (this.#failure !== null) throw this.#failure;
      const left = end - performance.now();
      if (left <= 0) throw new Error(`after ${timeoutMs} ms and ${this.records.length} records: ${describe()}`);
      // Looks again a few times a second and not at every record: `done` may look at all of them.
      await new Promise((resolve) => setTimeout(resolve, Math.min(left, 150)));
    }
  }

  /**
   * Resolves when everything written before the call was read. A plain record at the end of each partition tells, which becomes
   * visible only when every transaction before it has ended; it is not among the `records`.
   */
  async toEnd(timeoutMs = 120_000): Promise<void> {
    const admin = this.#kafka.admin();
    await admin.connect();
    const { topics } = await admin.fetchTopicMetadata({ topics: [...this.#topics] });
    await admin.disconnect();
    const producer = this.#kafka.producer();
    await producer.connect();
    for (const { name, partitions } of topics) {
      for (const { partitionId } of partitions) this.#unread.add(`${name}-${partitionId}`);
      const messages = partitions.map(({ partitionId }) => ({
        partition: partitionId,
        // A compacted topic takes no record without a key.
        key: endMark,
        value: null,
        headers: { [endMark]: '' },
      }));
      await producer.send({ topic: name, messages });
    }
    await producer.disconnect();
    await this.until(
      () => this.#unread.size === 0,
      () => `not read to the end: ${[...this.#unread].join(', ')}`,
      timeoutMs,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#consumer.disconnect();
  }

  async #take(topic: string, partition: number, message: KafkaMessage): Promise<void> {
    const place = `${topic}-${partition}`;
    const offset = BigInt(message.offset);
    if (offset < (this.#next.get(place) ?? 0n)) return;
    this.#next.set(place, offset + 1n);
    try {
      if (message.headers?.[endMark] !== undefined) {
        this.#unread.delete(place);
        return;
      }
      const headers = Object.fromEntries(Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)]));
      this.records.push({
        topic,
        partition,
        offset,
        key: message.key === null || !this.#decodes ? null : await this.#registry.decode(message.key),
        value: message.value === null || !this.#decodes ? null : await this.#registry.decode(message.value),
        rawKey: message.key,
        rawValue: message.value,
        headers,
      });
    } catch (error) {
      this.#failure = new Error(`${place}@${offset} does not decode`, { cause: error });
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
