import type { Clock } from '../base/clock.ts';
import { ConnectError } from '../base/errors.ts';
import { BrokerRefusal } from './broker-api.ts';
import type { ClientConfig } from './client-config.ts';
import { Cluster } from './cluster.ts';
import { brokerCode, fromKafkaClient, isTransient, KafkaCode, kafkaPatienceMs } from './kafka-error.ts';
import { createTopicsApi, describeSettingApi } from './topic-admin-api.ts';

export interface NewTopic {
  readonly name: string;
  /** -1: the broker's default. */
  readonly partitions: number;
  readonly replicationFactor: number;
  /** Topic settings by Kafka's names: `retention.ms`, `cleanup.policy`, ... */
  readonly settings: Readonly<Record<string, string>>;
}

export interface TopicDescription {
  readonly partitions: number;
  readonly replicationFactor: number;
}

/**
 * Creates and looks at topics. Connects with the first request; every rejection is a `ConnectError`. Asks about nothing but the
 * topics in question: a description of the whole cluster, which kafkajs gets in front of each such request, is many
 * megabytes of objects where there are many topics.
 */
export class TopicAdmin {
  readonly #cluster: Cluster;
  readonly #clock: Clock;
  readonly #patient: boolean;

  /** `patient`: where nobody answers, it tries again for some seconds. */
  constructor(config: ClientConfig, clock: Clock, patient = true, cluster = new Cluster(config, clock)) {
    this.#cluster = cluster;
    this.#clock = clock;
    this.#patient = patient;
  }

  /** By connections that somebody else has and closes. */
  static over(cluster: Cluster, clock: Clock): TopicAdmin {
    return new TopicAdmin(cluster.config, clock, true, cluster);
  }

  clusterId(): Promise<string> {
    return this.#ask('describe the cluster', async (doing) => (await this.#cluster.metadata(doing, [])).clusterId ?? '');
  }

  brokerCount(): Promise<number> {
    return this.#ask('describe the cluster', async (doing) => (await this.#cluster.metadata(doing, [])).brokers.length);
  }

  /** Asks the brokers whether such a topic could be created, and creates nothing; rejects with their reason. */
  async tryCreate(topic: NewTopic): Promise<void> {
    await this.#create(`create topics such as ${topic.name}`, topic, true);
  }

  /** Null when the topic does not exist. Never creates it. */
  describe(name: string): Promise<TopicDescription | null> {
    return this.#ask(`describe topic ${name}`, async (doing) => {
      const [topic] = (await this.#cluster.metadata(doing, [name])).topics;
      if (topic === undefined || topic.errorCode === KafkaCode.UNKNOWN_TOPIC_OR_PARTITION) return null;
      requireNoError(topic.errorCode, name);
      for (const { errorCode } of topic.partitions) if (errorCode !== KafkaCode.REPLICA_NOT_AVAILABLE) requireNoError(errorCode, name);
      return { partitions: topic.partitions.length, replicationFactor: topic.partitions[0]?.replicas ?? 0 };
    });
  }

  /** The topic's setting, or null when it is not known or not allowed to be read. */
  async setting(topic: string, name: string): Promise<string | null> {
    return (await this.settings([topic], name)).get(topic) ?? null;
  }

  /** The same of many topics, in one request that fails as a whole. A broker that has not heard of a new topic yet is asked again. */
  settings(topics: readonly string[], name: string): Promise<ReadonlyMap<string, string | null>> {
    const [first = '', ...others] = topics;
    const asking = others.length === 0 ? `read the settings of topic ${first}` : `read the settings of ${topics.length} topics`;
    return this.#ask(asking, async (doing) => {
      const described = await this.#cluster.callAny(doing, describeSettingApi, topics, name);
      for (const { errorCode, message } of described) requireNoError(errorCode, message);
      return new Map(described.map((topic) => [topic.name, topic.value]));
    });
  }

  /**
   * True when this call created the topic, false when it was there already (also when another worker was quicker). `onSent`: the
   * cluster has been asked, and takes its time.
   */
  async create(topic: NewTopic, onSent: () => void = () => undefined): Promise<boolean> {
    let created = true;
    try {
      await this.#create(`create topic ${topic.name}`, topic, false, onSent);
    } catch (error) {
      // It may be one's own first try that has made it, of which no answer came.
      if (!(error instanceof ConnectError) || brokerCode(error.cause) !== KafkaCode.TOPIC_ALREADY_EXISTS) throw error;
      created = false;
    }
    // A broker hears of the topic a moment after the controller made it.
    const deadline = this.#clock.monotonic() + kafkaPatienceMs;
    for (let attempt = 1; (await this.describe(topic.name)) === null && this.#clock.monotonic() < deadline; attempt += 1) {
      await this.#clock.sleep(pauseMs(attempt));
    }
    return created;
  }

  async close(): Promise<void> {
    await this.#cluster.close();
  }

  #create(asking: string, topic: NewTopic, validateOnly: boolean, onSent?: () => void): Promise<void> {
    return this.#ask(asking, async (doing) => {
      const { controllerId } = await this.#cluster.metadata(doing, []);
      if (controllerId < 0) throw new BrokerRefusal(KafkaCode.NOT_CONTROLLER, 'the cluster has no controller now');
      const answer = this.#cluster.call(controllerId, doing, createTopicsApi, [topic], validateOnly);
      onSent?.();
      for (const { errorCode, message } of await answer) requireNoError(errorCode, message);
    });
  }

  /** A request whose answer was lost may have been obeyed: none of these does harm when it is sent again. */
  async #ask<T>(doing: string, request: (doing: string) => Promise<T>): Promise<T> {
    const { retryBackoffMaxMs, serverNames } = this.#cluster.config;
    const startedMs = this.#clock.monotonic();
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await request(doing);
      } catch (error) {
        const code = brokerCode(error);
        const failure = fromKafkaClient(error, doing, serverNames);
        const lost = code === null && this.#patient && failure.code === 'kafka.unreachable';
        if (!lost && (code === null || !isTransient(code))) throw failure;
        if (this.#clock.monotonic() - startedMs >= (lost ? lostPatienceMs : kafkaPatienceMs)) throw failure;
      }
      await this.#clock.sleep(Math.min(pauseMs(attempt), retryBackoffMaxMs));
    }
  }
}

const lostPatienceMs = 4_000;
const pauseMs = (attempt: number): number => Math.min(20 * attempt * attempt, 1000);

function requireNoError(errorCode: number, message: string | null): void {
  if (errorCode !== KafkaCode.NONE) throw new BrokerRefusal(errorCode, message ?? `error ${errorCode}`);
}
