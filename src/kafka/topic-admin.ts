import type { Admin } from 'kafkajs';
import kafkajs from 'kafkajs';
import type { Clock } from '../base/clock.ts';
import { ConnectError } from '../base/errors.ts';
import type { ClientConfig } from './client-config.ts';
import { brokerCode, fromKafkaClient, KafkaCode } from './kafka-error.ts';

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

/** Creates and looks at topics. Connects with the first request; every rejection is a `ConnectError`. */
export class TopicAdmin {
  readonly #admin: Admin;
  readonly #clock: Clock;
  readonly #servers: string;
  #connected: Promise<void> | null = null;

  /** `patient`: kafkajs tries again by itself, which takes more than a minute where nobody answers. */
  constructor(config: ClientConfig, clock: Clock, patient = true) {
    const settings = config.kafkajs();
    this.#admin = new kafkajs.Kafka(patient ? settings : { ...settings, retry: { ...settings.retry, retries: 0 } }).admin();
    this.#clock = clock;
    this.#servers = config.serverNames;
  }

  clusterId(): Promise<string> {
    return this.#ask('describe the cluster', async (admin) => (await admin.describeCluster()).clusterId);
  }

  brokerCount(): Promise<number> {
    return this.#ask('describe the cluster', async (admin) => (await admin.describeCluster()).brokers.length);
  }

  /** Asks the brokers whether such a topic could be created, and creates nothing; rejects with their reason. */
  async tryCreate(topic: NewTopic): Promise<void> {
    await this.#ask(`create topics such as ${topic.name}`, (admin) =>
      admin.createTopics({
        validateOnly: true,
        waitForLeaders: false,
        topics: [{ topic: topic.name, numPartitions: topic.partitions, replicationFactor: topic.replicationFactor }],
      }),
    );
  }

  /** Null when the topic does not exist. Never creates it. */
  async describe(name: string): Promise<TopicDescription | null> {
    try {
      return await this.#ask(`describe topic ${name}`, async (admin) => {
        const { topics } = await admin.fetchTopicMetadata({ topics: [name] });
        const partitions = topics[0]?.partitions ?? [];
        return { partitions: partitions.length, replicationFactor: partitions[0]?.replicas.length ?? 0 };
      });
    } catch (error) {
      if (brokerCode(causeOf(error)) === KafkaCode.UNKNOWN_TOPIC_OR_PARTITION) return null;
      throw error;
    }
  }

  /** The topic's setting, or null when it is not known or not allowed to be read. */
  async setting(topic: string, name: string): Promise<string | null> {
    return (await this.settings([topic], name)).get(topic) ?? null;
  }

  /** The same of many topics, in one request that fails as a whole. A broker that has not heard of a new topic yet is asked again. */
  async settings(topics: readonly string[], name: string): Promise<ReadonlyMap<string, string | null>> {
    const [topic = '', ...others] = topics;
    const doing = others.length === 0 ? `read the settings of topic ${topic}` : `read the settings of ${topics.length} topics`;
    const resources = await this.#ask(
      doing,
      async (admin) => {
        const answer = await admin.describeConfigs({
          includeSynonyms: false,
          resources: topics.map((each) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name: each, configNames: [name] })),
        });
        return answer.resources;
      },
      [leaderNotAvailable, KafkaCode.UNKNOWN_TOPIC_OR_PARTITION],
    );
    return new Map(
      resources.map(({ resourceName, configEntries }) => [
        resourceName,
        configEntries.find((entry) => entry.configName === name)?.configValue ?? null,
      ]),
    );
  }

  /** True when this call created the topic, false when it was there already (also when another worker was quicker). */
  async create(topic: NewTopic): Promise<boolean> {
    let created = false;
    try {
      created = await this.#ask(`create topic ${topic.name}`, (admin) =>
        admin.createTopics({
          waitForLeaders: false,
          topics: [
            {
              topic: topic.name,
              numPartitions: topic.partitions,
              replicationFactor: topic.replicationFactor,
              configEntries: Object.entries(topic.settings).map(([name, value]) => ({ name, value })),
            },
          ],
        }),
      );
    } catch (error) {
      // It may be one's own first try that has made it, of which no answer came.
      if (brokerCode(causeOf(error)) !== KafkaCode.TOPIC_ALREADY_EXISTS) throw error;
    }
    // A broker hears of the topic a moment after the controller made it. kafkajs's own wait takes that moment for an error
    // where brokers do not create topics by themselves.
    for (let attempt = 1; attempt <= attemptsMax && (await this.describe(topic.name)) === null; attempt += 1) {
      await this.#clock.sleep(pauseMs(attempt));
    }
    return created;
  }

  async close(): Promise<void> {
    const connected = this.#connected;
    this.#connected = null;
    if (connected === null) return;
    await connected.catch(() => undefined);
    await this.#admin.disconnect();
  }

  async #ask<T>(doing: string, request: (admin: Admin) => Promise<T>, passing: readonly number[] = [leaderNotAvailable]): Promise<T> {
    this.#connected ??= this.#admin.connect();
    try {
      await this.#connected;
      return await this.#eventually(request, passing);
    } catch (error) {
      // A later request starts with a new connection.
      if (brokerCode(error) === null) await this.close().catch(() => undefined);
      throw fromKafkaClient(error, doing, this.#servers);
    }
  }

  /** kafkajs sends admin requests to the controller it knows; while that moves, its own retries see the change. */
  async #eventually<T>(request: (admin: Admin) => Promise<T>, passing: readonly number[]): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await request(this.#admin);
      } catch (error) {
        const code = brokerCode(error);
        if (attempt === attemptsMax || code === null || !passing.includes(code)) throw error;
        await this.#clock.sleep(pauseMs(attempt));
      }
    }
  }
}

/** Some ten seconds in all, as brokers that have much to do tell each other late; after that whoever uses the topic says what is wrong. */
const attemptsMax = 20;
const pauseMs = (attempt: number): number => Math.min(20 * attempt * attempt, 1000);
const leaderNotAvailable = 5;

function causeOf(error: unknown): unknown {
  return error instanceof ConnectError ? error.cause : error;
}
