import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import { Kafka, logLevel } from 'kafkajs';
import type { Admin, Consumer, EachMessagePayload, KafkaJSError } from 'kafkajs';
import { setTimeout as sleep } from 'node:timers/promises';
import { logicalTypes, longsThatFit } from './avro-logical-types.ts';
import { summarise } from './record-summary.ts';
import type { RecordSummary } from './record-summary.ts';

export interface ViewerOptions {
  readonly kafka: string;
  readonly registry: string;
  readonly topics: readonly string[];
  readonly onRecord: (record: RecordSummary) => void;
}

const topicsWithinMs = 60_000;
const leadersWithinMs = 30_000;

/**
 * Reads the demo's topics as any other client would: kafkajs, the registry's own decoder, committed records only. What lay
 * there before the demo started is not shown again.
 */
export class RecordViewer {
  readonly #admin: Admin;
  readonly #consumer: Consumer;
  readonly #registry: SchemaRegistry;
  readonly #options: ViewerOptions;
  readonly #group = `millrace-demo-${process.pid}-${Math.random().toString(36).slice(2, 10)}`;
  readonly #stopped = new AbortController();
  readonly #partitions = new Map<string, number>();
  /** Next offset to read per `topic/partition`. */
  readonly #positions = new Map<string, bigint>();
  #starts: readonly [place: string, offset: bigint][] = [];
  /** Why it stopped by itself. */
  failure: Error | null = null;

  private constructor(options: ViewerOptions) {
    const kafka = new Kafka({
      clientId: 'millrace-demo',
      brokers: options.kafka.split(','),
      logLevel: logLevel.NOTHING,
      retry: { initialRetryTime: 100, retries: 8 },
    });
    this.#options = options;
    this.#admin = kafka.admin();
    this.#consumer = kafka.consumer({ groupId: this.#group, maxWaitTimeInMs: 100, sessionTimeout: 30_000, heartbeatInterval: 1000 });
    this.#registry = new SchemaRegistry({ host: options.registry }, { [SchemaType.AVRO]: { logicalTypes, typeHook: longsThatFit } });
  }

  /** Notes where the topics end now: to be called before the worker starts. */
  static async open(options: ViewerOptions): Promise<RecordViewer> {
    const viewer = new RecordViewer(options);
    await viewer.#admin.connect();
    // The first question after groups makes Kafka create the topic they live in: meanwhile the worker starts.
    void viewer.#admin.describeGroups([viewer.#group]).catch(() => {});
    const present = new Set(await viewer.#admin.listTopics());
    for (const topic of options.topics.filter((each) => present.has(each))) {
      for (const [place, end] of await viewer.#ends(topic)) viewer.#positions.set(place, end);
    }
    viewer.#starts = [...viewer.#positions];
    return viewer;
  }

  partitionsOf(topic: string): number | null {
    return this.#partitions.get(topic) ?? null;
  }

  /** Waits until the topics are there, then reads them until `stop`. */
  async run(): Promise<void> {
    await this.#topicsExist();
    await this.#consumer.connect();
    await this.#consumer.subscribe({ topics: [...this.#options.topics], fromBeginning: true });
    this.#consumer.on('consumer.crash', ({ payload }) => (this.failure ??= payload.restart ? null : payload.error));
    await this.#consumer.run({ eachMessage: (payload) => this.#show(payload) });
    for (const [place, offset] of this.#starts) {
      const at = place.lastIndexOf('/');
      this.#consumer.seek({ topic: place.slice(0, at), partition: Number(place.slice(at + 1)), offset: String(offset) });
    }
  }

  /** Resolves when everything written so far has been shown, or after `withinMs`. */
  async caughtUp(withinMs: number): Promise<void> {
    const deadline = performance.now() + withinMs;
    const ends: [string, bigint][] = [];
    for (const topic of this.#partitions.keys()) ends.push(...(await this.#ends(topic)));
    // The last offset of a partition is a transaction's marker, which no consumer is given: one before the end is the end.
    const isBehind = ([place, end]: [string, bigint]): boolean => end > 0n && (this.#positions.get(place) ?? 0n) < end - 1n;
    while (ends.some(isBehind) && performance.now() < deadline && this.failure === null) await sleep(20);
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#consumer.disconnect().catch(() => {});
    await this.#admin.deleteGroups([this.#group]).catch(() => {}); // A group that read nothing does not exist.
    await this.#admin.disconnect().catch(() => {});
  }

  /** Where the partitions of a topic end. A broker that has just come up leads them a moment later, and kafkajs does not wait. */
  async #ends(topic: string): Promise<[place: string, offset: bigint][]> {
    const deadline = performance.now() + leadersWithinMs;
    for (;;) {
      try {
        const ends = await this.#admin.fetchTopicOffsets(topic);
        return ends.map(({ partition, high }) => [`${topic}/${partition}`, BigInt(high)]);
      } catch (error) {
        if (!isRetriable(error) || performance.now() > deadline) throw error;
      }
      await sleep(50, undefined, { signal: this.#stopped.signal });
    }
  }

  async #topicsExist(): Promise<void> {
    const deadline = performance.now() + topicsWithinMs;
    for (;;) {
      const present = new Set(await this.#admin.listTopics());
      const missing = this.#options.topics.filter((topic) => !present.has(topic));
      if (missing.length === 0) break;
      if (performance.now() > deadline)
        throw new Error(`The worker did not make the topics ${missing.join(', ')} within ${topicsWithinMs / 1000} s.`);
      await sleep(100, undefined, { signal: this.#stopped.signal });
    }
    const { topics } = await this.#admin.fetchTopicMetadata({ topics: [...this.#options.topics] });
    for (const { name, partitions } of topics) this.#partitions.set(name, partitions.length);
  }

  /** What another program wrote here by hand, without the registry's zero byte in front, is shown as text. */
  #decode(bytes: Buffer | null): Promise<unknown> {
    if (bytes === null) return Promise.resolve(null);
    return bytes[0] === 0 ? this.#registry.decode(bytes) : Promise.resolve(String(bytes));
  }

  /** kafkajs would try again and again what cannot be read, and show other records twice: a failure ends the demo instead. */
  async #show({ topic, partition, message }: EachMessagePayload): Promise<void> {
    const place = `${topic}/${partition}`;
    // After a lost connection kafkajs goes on from what was last committed for the group, which is a little behind.
    if (this.failure !== null || BigInt(message.offset) < (this.#positions.get(place) ?? 0n)) return;
    try {
      const key = await this.#decode(message.key);
      const value = await this.#decode(message.value);
      this.#positions.set(place, BigInt(message.offset) + 1n);
      this.#options.onRecord(summarise(topic, key, value));
    } catch (error) {
      this.failure = new Error(
        `${topic}, partition ${partition}, offset ${message.offset}: ${error instanceof Error ? error.message : String(error)}`,
        { cause: error },
      );
    }
  }
}

function isRetriable(error: unknown): boolean {
  return error instanceof Error && (error as Partial<KafkaJSError>).retriable === true;
}
