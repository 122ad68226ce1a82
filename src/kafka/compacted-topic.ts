import type { Clock } from '../base/clock.ts';
import { ConnectError } from '../base/errors.ts';
import type { ClientConfig } from './client-config.ts';
import { Cluster } from './cluster.ts';
import type { LogEntry } from './record-batch-bytes.ts';
import type { FetchedRecord } from './record-batch-reader.ts';
import { TopicAdmin } from './topic-admin.ts';
import { TopicAppender } from './topic-appender.ts';
import { TopicReader } from './topic-reader.ts';

export interface CompactedTopicOptions {
  readonly topic: string;
  /** The worker setting that names the topic (`offset.storage.topic`), for messages. */
  readonly setting: string;
  /** What the topic holds, for messages: `source connector offsets`. */
  readonly purpose: string;
  readonly client: ClientConfig;
  /** Used when the topic has to be created; -1: the broker's default. */
  readonly partitions: number;
  readonly replicationFactor: number;
  /** Further settings of a topic that has to be created. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly clock: Clock;
}

/**
 * How an internal topic is made. Compaction spares the segment being written, which by default has up to 1 GB: with a commit
 * every few milliseconds that would be millions of entries to read at every start.
 */
export const compactedTopicSettings: Readonly<Record<string, string>> = {
  'cleanup.policy': 'compact',
  'segment.bytes': String(16 * 1024 * 1024),
};

export type OnEntry = (key: Buffer, value: Buffer | null) => void;

/** A key-value log that all workers of a group share: config, offsets and status live in topics of this form. */
export class CompactedTopic {
  readonly topic: string;
  readonly #options: CompactedTopicOptions;
  readonly #cluster: Cluster;
  readonly #reader: TopicReader;
  readonly #appender: TopicAppender;
  #followers: Cluster[] = [];

  constructor(options: CompactedTopicOptions) {
    this.#options = options;
    this.topic = options.topic;
    this.#cluster = new Cluster(options.client, options.clock);
    this.#reader = new TopicReader(this.#cluster, options.topic, options.clock);
    this.#appender = new TopicAppender(this.#cluster, options.topic, options.clock);
  }

  /**
   * Creates the topic if it is missing; resolves to its partitions. Rejects with `kafka.topic` when it exists and would lose
   * entries. `onAsked`: it is there, or the cluster has been asked to make it, which takes a while.
   */
  async open(onAsked: () => void = () => undefined): Promise<number> {
    const { clock, topic, partitions, replicationFactor } = this.#options;
    const admin = TopicAdmin.over(this.#cluster, clock);
    const found = await admin.describe(topic);
    if (found === null) {
      const settings = { ...compactedTopicSettings, ...this.#options.settings, 'cleanup.policy': 'compact' };
      const created = await admin.create({ name: topic, partitions, replicationFactor, settings }, onAsked);
      // What this call made is as it was asked for.
      if (created && partitions > 0) return partitions;
    }
    onAsked();
    await this.#verify(admin);
    return found?.partitions ?? (await admin.describe(topic))?.partitions ?? partitions;
  }

  /**
   * Hands over every entry from where the previous call stopped (the first: from the beginning) to the end as of now,
   * in order within a key. An entry appended before the call, by anyone, is seen. The buffers are borrowed.
   */
  async readToEnd(onEntry: OnEntry, signal?: AbortSignal): Promise<void> {
    await this.#reader.readToEnd((record) => handOver(record, onEntry), signal);
  }

  /** Hands over new entries as they come, those of this process included, until the signal aborts. Has positions of its own. */
  async follow(onEntry: OnEntry, signal: AbortSignal): Promise<void> {
    const cluster = new Cluster(this.#options.client, this.#options.clock);
    this.#followers.push(cluster);
    const closing = (): void => void cluster.close();
    signal.addEventListener('abort', closing, { once: true });
    try {
      const reader = new TopicReader(cluster, this.topic, this.#options.clock);
      await reader.readToEnd((record) => handOver(record, onEntry), signal);
      await reader.follow((record) => handOver(record, onEntry), signal);
    } finally {
      signal.removeEventListener('abort', closing);
      this.#followers = this.#followers.filter((other) => other !== cluster);
      await cluster.close();
    }
  }

  /** Resolves when all in-sync replicas hold the entries. A null value is a tombstone. A retry may write one twice, which compaction undoes. */
  append(entries: readonly LogEntry[]): Promise<void> {
    return this.#appender.append(entries);
  }

  async close(): Promise<void> {
    this.#appender.close();
    await Promise.allSettled([this.#cluster.close(), ...this.#followers.map((follower) => follower.close())]);
  }

  async #verify(admin: TopicAdmin): Promise<void> {
    const { topic, setting, purpose } = this.#options;
    let policy: string | null;
    try {
      policy = await admin.setting(topic, 'cleanup.policy');
    } catch (error) {
      // Without the right to read settings nothing can be said; Kafka Connect goes on as well.
      if (error instanceof ConnectError && error.code === 'kafka.authorization') return;
      throw error;
    }
    if (policy === null || policy === 'compact') return;
    throw new ConnectError(
      'kafka.topic',
      `Topic '${topic}' supplied via the '${setting}' property is required to have 'cleanup.policy=compact' to guarantee consistency ` +
        `and durability of ${purpose}, but found the topic currently has 'cleanup.policy=${policy}'.`,
      {
        remedy: `Change it with kafka-configs.sh --alter --topic ${topic} --add-config cleanup.policy=compact, or name another topic in ${setting}.`,
      },
    );
  }
}

function handOver(record: FetchedRecord, onEntry: OnEntry): void {
  if (record.key !== null) onEntry(record.key, record.value);
}
