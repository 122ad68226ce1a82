import type { Clock } from '../../base/clock.ts';
import { ConnectError } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { Config } from '../../connect/config.ts';
import type { ClientConfig } from '../../kafka/client-config.ts';
import type { Cluster, TopicMetadata } from '../../kafka/cluster.ts';
import { compactedTopicSettings } from '../../kafka/compacted-topic.ts';
import { kafkaError, KafkaCode } from '../../kafka/kafka-error.ts';
import type { NewTopic } from '../../kafka/topic-admin.ts';
import { TopicAdmin } from '../../kafka/topic-admin.ts';
import { newTopicOf } from './topic-creation.ts';
import { GatheredQuestion } from './gathered-question.ts';
import type { TopicTarget } from './record-batch-writer.ts';

export interface SinkTopicsOptions {
  readonly client: ClientConfig;
  readonly creation: Config;
  /** False: topics are left to the brokers' `auto.create.topics.enable`. */
  readonly creationEnabled: boolean;
  /** `max.request.size` where the user set it. */
  readonly requestBytesMax: number | null;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Kafka's own default of `message.max.bytes`. */
const messageBytesMaxDefault = 1_048_588;
/** How long a topic just created, or without leader, may take to become known to all brokers. */
const settleMsMax = 30_000;
/** A limit that a refused batch taught us is not lowered below what any topic takes. */
const batchBytesMin = 4_096;

/** The topics a sink writes to: makes sure they exist, and knows their partitions and size limits. */
export class SinkTopics {
  readonly #options: SinkTopicsOptions;
  readonly #admin: TopicAdmin;
  /** The largest record batch each topic takes; survives a reopened connection. */
  readonly #batchBytesMax = new Map<string, number>();
  /** A start asks about every topic, and is over sooner when many share a request. */
  readonly #limits: GatheredQuestion<string | null>;
  #presence: { readonly cluster: Cluster; readonly topics: GatheredQuestion<TopicMetadata | undefined> } | null = null;

  constructor(options: SinkTopicsOptions) {
    this.#options = options;
    this.#admin = new TopicAdmin(options.client, options.clock);
    this.#limits = new GatheredQuestion(async (names) => {
      const settings = await this.#settings(names, 'max.message.bytes');
      return (name) => settings.get(name) ?? null;
    });
  }

  /** Creates the topic by `topic.creation.*` if it is missing, and learns its size limit. */
  async prepare(cluster: Cluster, name: string): Promise<void> {
    if (this.#batchBytesMax.has(name) && cluster.topic(name) !== undefined) return;
    await this.#ensure(cluster, newTopicOf(name, this.#options.creation));
    const limit = await this.#limits.about(name);
    this.#batchBytesMax.set(name, limit === null ? messageBytesMaxDefault : Number(limit));
  }

  /** For a topic of the runtime: created with the given form even when creating a connector's topics is switched off. */
  async ensureCompacted(cluster: Cluster, name: string, partitions: number): Promise<void> {
    await cluster.refresh([name]);
    if (cluster.topic(name) !== undefined) return;
    await this.#admin.create({ name, partitions, replicationFactor: -1, settings: compactedTopicSettings });
    await this.#settled(cluster, name, false);
  }

  /** What the writer needs, by index into `names`. Rejects with `kafka.topic` when one of them is gone. */
  async targets(cluster: Cluster, names: readonly string[]): Promise<TopicTarget[]> {
    if (cluster.outdated || names.some((name) => cluster.topic(name) === undefined)) await cluster.refresh(names);
    const targets: TopicTarget[] = [];
    for (const name of names) {
      const metadata = cluster.topic(name) ?? (await this.#settled(cluster, name, false));
      targets.push({ name, partitions: metadata.leaders.length, batchBytesMax: this.#limit(name) });
    }
    return targets;
  }

  /** After a batch of several records was refused as too large: smaller ones from now on. */
  lowerLimit(name: string, refusedBytes: number): void {
    const lower = Math.max(batchBytesMin, Math.floor(Math.min(this.#limit(name), refusedBytes) / 2));
    this.#batchBytesMax.set(name, lower);
    this.#options.log.warn({ topic: name, batchBytesMax: lower }, 'the topic takes smaller batches than max.message.bytes says');
  }

  async close(): Promise<void> {
    await this.#admin.close();
  }

  #limit(name: string): number {
    return Math.min(this.#batchBytesMax.get(name) ?? messageBytesMaxDefault, this.#options.requestBytesMax ?? Number.POSITIVE_INFINITY);
  }

  async #ensure(cluster: Cluster, topic: NewTopic): Promise<void> {
    if ((await this.#look(cluster, topic.name)) !== undefined) return;
    if (!this.#options.creationEnabled) {
      await this.#settled(cluster, topic.name, true);
      return;
    }
    try {
      const created = await this.#admin.create(topic);
      if (created) this.#options.log.info({ topic: topic.name, partitions: topic.partitions, settings: topic.settings }, 'created topic');
    } catch (error) {
      if (!(error instanceof ConnectError) || error.code !== 'kafka.authorization') throw error;
      this.#options.log.warn({ topic: topic.name }, 'not allowed to create the topic; leaving it to the brokers');
      await this.#settled(cluster, topic.name, true).catch(() => {
        throw error;
      });
    }
    await this.#settled(cluster, topic.name, false);
  }

  #look(cluster: Cluster, name: string): Promise<TopicMetadata | undefined> {
    if (this.#presence?.cluster !== cluster) {
      const topics = new GatheredQuestion(async (names: readonly string[]) => {
        await cluster.refresh(names);
        return (each: string) => cluster.topic(each);
      });
      this.#presence = { cluster, topics };
    }
    return this.#presence.topics.about(name);
  }

  /** Waits until the brokers know the topic and every partition has a leader. */
  async #settled(cluster: Cluster, name: string, autoCreate: boolean): Promise<TopicMetadata> {
    const { clock } = this.#options;
    const deadline = clock.monotonic() + settleMsMax;
    const { retryBackoffMs } = cluster.config;
    for (let waitMs = 10; ; waitMs = Math.min(waitMs * 2, retryBackoffMs)) {
      if (autoCreate) await cluster.refresh([name], true);
      const metadata = autoCreate ? cluster.topic(name) : await this.#look(cluster, name);
      if (metadata !== undefined && !metadata.leaders.includes(-1)) return metadata;
      if (clock.monotonic() + waitMs > deadline) {
        if (metadata !== undefined) return metadata;
        throw this.#missing(cluster, name);
      }
      await clock.sleep(waitMs);
    }
  }

  #missing(cluster: Cluster, name: string): ConnectError {
    const cause = kafkaError(KafkaCode.UNKNOWN_TOPIC_OR_PARTITION, `describe topic ${name}`, cluster.config.serverNames);
    return new ConnectError('kafka.topic', `Topic ${name} does not exist on Kafka at ${cluster.config.serverNames}.`, {
      remedy: 'Create it, or let it be created by topic.creation.enable=true.',
      cause,
    });
  }

  async #settings(topics: readonly string[], name: string): Promise<ReadonlyMap<string, string | null>> {
    try {
      return await this.#admin.settings(topics, name);
    } catch (error) {
      if (topics.length === 1 && error instanceof ConnectError && error.code === 'kafka.authorization') return new Map();
      throw error;
    }
  }
}
