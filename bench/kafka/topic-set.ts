import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import type { Admin } from 'kafkajs';
import { systemClock } from '../../src/base/clock.ts';
import { Config } from '../../src/connect/config.ts';
import { ClientConfig } from '../../src/kafka/client-config.ts';
import { Cluster } from '../../src/kafka/cluster.ts';
import { fetchApi } from '../../src/kafka/cluster-api.ts';
import type { FetchPartition } from '../../src/kafka/cluster-api.ts';
import type { FetchedRecord } from '../../src/kafka/record-batch-reader.ts';
import { readRecordBatches } from '../../src/kafka/record-batch-reader.ts';
import type { TopicPartitions } from './committed-ends-api.ts';
import { committedEndsApi } from './committed-ends-api.ts';

const fetchBytesMax = 8 * 1024 * 1024;
const leadersWithinMs = 60_000;

/**
 * The topics of one run: made before the engine starts, so that no engine pays for making them, and removed afterwards. Positions
 * are arrays with one number per partition, all topics one behind the other.
 */
export class TopicSet implements AsyncDisposable {
  readonly topics: readonly string[];
  readonly partitions: number;
  readonly #cluster: Cluster;
  readonly #client: ClientConfig;
  readonly #prefix: string;

  private constructor(client: ClientConfig, prefix: string, topics: readonly string[], partitions: number) {
    this.#client = client;
    this.#prefix = prefix;
    this.#cluster = new Cluster(client, systemClock);
    this.topics = topics;
    this.partitions = partitions;
  }

  static async create(bootstrapServers: string, prefix: string, topics: readonly string[], partitions: number): Promise<TopicSet> {
    const client = new ClientConfig(Config.of({ 'bootstrap.servers': bootstrapServers, 'client.id': 'bench' }));
    const set = new TopicSet(client, prefix, topics, partitions);
    await set.#withAdmin((admin) =>
      admin.createTopics({
        waitForLeaders: false,
        topics: topics.map((topic) => ({ topic, numPartitions: partitions, replicationFactor: 1 })),
      }),
    );
    await set.#findLeaders();
    return set;
  }

  /** Where a read-committed consumer would come to now. */
  async ends(): Promise<Float64Array> {
    const ends = new Float64Array(this.topics.length * this.partitions);
    const byLeader = new Map<number, TopicPartitions[]>();
    for (const topic of this.topics) {
      const leaders = this.#cluster.topic(topic)?.leaders ?? new Int32Array();
      for (const leader of new Set(leaders)) {
        const partitions = Array.from(leaders.keys()).filter((partition) => leaders[partition] === leader);
        byLeader.set(leader, [...(byLeader.get(leader) ?? []), { topic, partitions }]);
      }
    }
    const places = new Map(this.topics.map((topic, index) => [topic, index * this.partitions]));
    for (const [leader, wanted] of byLeader) {
      for (const { topic, partition, errorCode, offset } of await this.#cluster.call(leader, 'list offsets', committedEndsApi, wanted)) {
        if (errorCode !== 0) throw new Error(`${topic}-${partition} has no end: Kafka's error ${errorCode}`);
        ends[(places.get(topic) ?? 0) + partition] = Number(offset);
      }
    }
    return ends;
  }

  /** Reads from `positions`, which move along, to `ends`; records come in lots that are valid until the promise has resolved. */
  async read(
    positions: Float64Array,
    ends: Float64Array,
    onLot: (topic: string, lot: readonly FetchedRecord[]) => Promise<void>,
  ): Promise<void> {
    for (const [index, topic] of this.topics.entries()) {
      const first = index * this.partitions;
      for (;;) {
        const wanted: FetchPartition[] = [];
        for (let partition = 0; partition < this.partitions; partition += 1) {
          const position = positions[first + partition] ?? 0;
          if (position < (ends[first + partition] ?? 0)) wanted.push({ partition, offset: BigInt(position) });
        }
        if (wanted.length === 0) break;
        for (const { partition, offset, lot } of await this.#fetch(topic, wanted)) {
          positions[first + partition] = offset;
          await onLot(topic, lot);
        }
      }
    }
  }

  /** Waits on the broker for something new, as a consumer does. */
  async follow(topic: string, positions: Float64Array, waitMs: number, onRecord: (record: FetchedRecord) => void): Promise<void> {
    const wanted = Array.from(positions, (offset, partition) => ({ partition, offset: BigInt(offset) }));
    for (const { partition, offset, lot } of await this.#fetch(topic, wanted, waitMs)) {
      positions[partition] = offset;
      for (const record of lot) onRecord(record);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#withAdmin(async (admin) => {
      // The engine's internal topics begin with its name, too.
      const own = (await admin.listTopics()).filter((topic) => topic.startsWith(this.#prefix));
      if (own.length > 0) await admin.deleteTopics({ topics: own });
    }).catch(() => undefined);
    await this.#cluster.close();
  }

  async #withAdmin(act: (admin: Admin) => Promise<unknown>): Promise<void> {
    const admin = new kafkajs.Kafka({ brokers: this.#client.serverNames.split(','), logLevel: kafkajs.logLevel.NOTHING }).admin();
    await admin.connect();
    try {
      await act(admin);
    } finally {
      await admin.disconnect();
    }
  }

  /** A broker hears of a topic a moment after the controller made it, and leads its partitions another moment later. */
  async #findLeaders(): Promise<void> {
    const deadline = performance.now() + leadersWithinMs;
    for (;;) {
      await this.#cluster.refresh(this.topics).catch(() => undefined);
      const known = this.topics.map((topic) => this.#cluster.topic(topic)?.leaders ?? new Int32Array());
      const led = known.every((leaders) => leaders.length === this.partitions && leaders.every((leader) => leader >= 0));
      if (led && (await this.ends().catch(() => null)) !== null) return;
      if (performance.now() > deadline) throw new Error(`the topics have no leaders after ${leadersWithinMs / 1000} s`);
      await sleep(50);
    }
  }

  async #fetch(
    topic: string,
    wanted: readonly FetchPartition[],
    waitMs = 100,
  ): Promise<{ partition: number; offset: number; lot: FetchedRecord[] }[]> {
    const leaders = this.#cluster.topic(topic)?.leaders ?? new Int32Array();
    const found: { partition: number; offset: number; lot: FetchedRecord[] }[] = [];
    for (const leader of new Set(wanted.map(({ partition }) => leaders[partition] ?? -1))) {
      const own = wanted.filter(({ partition }) => leaders[partition] === leader);
      const answer = await this.#cluster.call(leader, `read topic ${topic}`, fetchApi, topic, own, waitMs, fetchBytesMax);
      if (answer.errorCode !== 0) throw new Error(`${topic} cannot be read: Kafka's error ${answer.errorCode}`);
      for (const { partition, errorCode, aborted, records } of answer.partitions) {
        if (errorCode !== 0) throw new Error(`${topic}-${partition} cannot be read: Kafka's error ${errorCode}`);
        if (records === null || records.length === 0) continue;
        const from = own.find((each) => each.partition === partition)?.offset ?? 0n;
        const lot: FetchedRecord[] = [];
        const next = readRecordBatches(records, partition, from, aborted, (record) => lot.push(record));
        found.push({ partition, offset: Number(next), lot });
      }
    }
    return found;
  }
}
