import type { Clock } from '../base/clock.ts';
import { ConnectError } from '../base/errors.ts';
import type { Cluster } from './cluster.ts';
import type { FetchPartition, PartitionOffset } from './cluster-api.ts';
import { fetchApi, listOffsetsApi, OffsetSpec } from './cluster-api.ts';
import { isTransient, kafkaError, KafkaCode } from './kafka-error.ts';
import type { FetchedRecord } from './record-batch-reader.ts';
import { readRecordBatches } from './record-batch-reader.ts';

const fetchBytesMax = 8 * 1024 * 1024;
const fetchWaitMs = 500;
/** Longer than a transaction may stay open by default: another producer's open transaction holds us up only so long. */
const readTimeoutMs = 120_000;

/**
 * Reads every partition of one topic, committed records only, without a consumer group. Positions are kept between
 * calls: each call goes on where the last one stopped. Retries on its own while leaders move or brokers restart.
 */
export class TopicReader {
  readonly topic: string;
  readonly #cluster: Cluster;
  readonly #clock: Clock;
  readonly #positions = new Map<number, bigint>();

  /** The cluster is shared but not owned. Give a follower its own: a waiting fetch delays other requests to the broker. */
  constructor(cluster: Cluster, topic: string, clock: Clock) {
    this.#cluster = cluster;
    this.topic = topic;
    this.#clock = clock;
  }

  /** Sets where reading a partition begins: at an offset that is still there, or (null) behind everything there is now. */
  async begin(partition: number, from: bigint | null): Promise<bigint> {
    const deadline = this.#clock.monotonic() + readTimeoutMs;
    const ends = await this.#persist(deadline, undefined, () => this.#locate());
    const [earliest, end] = [this.#positions.get(partition) ?? 0n, ends.get(partition) ?? 0n];
    // What was there is gone: another topic of this name, or one that forgets.
    const start = from === null ? end : from < earliest || from > end ? earliest : from;
    this.#positions.set(partition, start);
    return start;
  }

  /**
   * Reads up to the end as it is now. The end is the high watermark and not the last stable offset: a record that was
   * committed before the call is always seen, even when another producer's open transaction lies before it, at the
   * price of waiting for that transaction. Rejects with `kafka.topic` when the topic does not exist.
   */
  async readToEnd(onRecord: (record: FetchedRecord) => void, signal?: AbortSignal): Promise<void> {
    const deadline = this.#clock.monotonic() + readTimeoutMs;
    const ends = await this.#persist(deadline, signal, () => this.#locate());
    const behind = (): number[] =>
      [...ends].filter(([partition, end]) => (this.#positions.get(partition) ?? 0n) < end).map(([partition]) => partition);
    for (let left = behind(); left.length > 0; left = behind()) {
      if (this.#clock.monotonic() > deadline) {
        throw new ConnectError('kafka.transient', `Topic ${this.topic} could not be read to its end within ${readTimeoutMs / 1000} s.`, {
          remedy: `Look for a transaction that stays open in partition ${left.join(', ')} (kafka-transactions.sh find-hanging) and abort it.`,
        });
      }
      await this.#persist(deadline, signal, () => this.#fetch(left, onRecord));
    }
  }

  /** Goes on reading new records until the signal aborts. Ask `readToEnd` first. */
  async follow(onRecord: (record: FetchedRecord) => void, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const deadline = this.#clock.monotonic() + readTimeoutMs;
      try {
        await this.#persist(deadline, signal, () => this.#fetch([...this.#positions.keys()], onRecord));
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    }
  }

  /** The high watermark of each partition; new partitions start at their first record. */
  async #locate(): Promise<Map<number, bigint>> {
    await this.#cluster.refresh([this.topic]);
    const metadata = this.#cluster.topic(this.topic);
    if (metadata === undefined)
      throw kafkaError(KafkaCode.UNKNOWN_TOPIC_OR_PARTITION, `read topic ${this.topic}`, this.#cluster.config.serverNames);
    const partitions = Array.from(metadata.leaders, (_leader, partition) => partition);
    const fresh = partitions.filter((partition) => !this.#positions.has(partition));
    const [ends, starts] = await Promise.all([
      this.#listOffsets(partitions, OffsetSpec.LATEST),
      this.#listOffsets(fresh, OffsetSpec.EARLIEST),
    ]);
    for (const { partition, offset } of starts) this.#positions.set(partition, offset);
    return new Map(ends.map(({ partition, offset }) => [partition, offset]));
  }

  async #listOffsets(partitions: readonly number[], spec: bigint): Promise<PartitionOffset[]> {
    const answers = await Promise.all(
      [...this.#byLeader(partitions)].map(([leader, own]) =>
        this.#cluster.call(leader, `list offsets of topic ${this.topic}`, listOffsetsApi, this.topic, own, spec),
      ),
    );
    const found = answers.flat();
    for (const { errorCode } of found) this.#check(errorCode);
    return found;
  }

  async #fetch(partitions: readonly number[], onRecord: (record: FetchedRecord) => void): Promise<void> {
    await Promise.all(
      [...this.#byLeader(partitions)].map(async ([leader, own]) => {
        const wanted: FetchPartition[] = own.map((partition) => ({ partition, offset: this.#positions.get(partition) ?? 0n }));
        const answer = await this.#cluster.call(
          leader,
          `read topic ${this.topic}`,
          fetchApi,
          this.topic,
          wanted,
          fetchWaitMs,
          fetchBytesMax,
        );
        this.#check(answer.errorCode);
        for (const { partition, errorCode, aborted, records } of answer.partitions) {
          this.#check(errorCode);
          if (records === null || records.length === 0) continue;
          const from = this.#positions.get(partition) ?? 0n;
          this.#positions.set(partition, readRecordBatches(records, partition, from, aborted, onRecord));
        }
      }),
    );
  }

  #byLeader(partitions: readonly number[]): Map<number, number[]> {
    const leaders = this.#cluster.topic(this.topic)?.leaders;
    const groups = new Map<number, number[]>();
    for (const partition of partitions) {
      const leader = leaders?.[partition] ?? -1;
      if (leader < 0)
        throw kafkaError(5, `name the leader of partition ${partition} of topic ${this.topic}`, this.#cluster.config.serverNames);
      const group = groups.get(leader);
      if (group === undefined) groups.set(leader, [partition]);
      else group.push(partition);
    }
    return groups;
  }

  #check(errorCode: number): void {
    if (errorCode !== 0) throw kafkaError(errorCode, `read topic ${this.topic}`, this.#cluster.config.serverNames);
  }

  async #isListed(): Promise<boolean> {
    await this.#cluster.refresh([this.topic]).catch(() => undefined);
    return this.#cluster.topic(this.topic) !== undefined;
  }

  async #persist<T>(deadline: number, signal: AbortSignal | undefined, attempt: () => Promise<T>): Promise<T> {
    const { retryBackoffMs, retryBackoffMaxMs } = this.#cluster.config;
    for (let backoffMs = retryBackoffMs; ; backoffMs = Math.min(backoffMs * 2, retryBackoffMaxMs)) {
      signal?.throwIfAborted();
      try {
        return await attempt();
      } catch (error) {
        // The leader may not yet know a topic that is just created and that the metadata has.
        const isLate = isUnknown(error) && (await this.#isListed());
        if ((!isLate && !worthAnotherTry(error)) || this.#clock.monotonic() + backoffMs > deadline) throw error;
      }
      await this.#clock.sleep(backoffMs, signal);
      await this.#cluster.refresh([this.topic]).catch(() => undefined);
    }
  }
}

function isUnknown(error: unknown): boolean {
  return error instanceof ConnectError && error.details['kafkaCode'] === KafkaCode.UNKNOWN_TOPIC_OR_PARTITION;
}

function worthAnotherTry(error: unknown): boolean {
  if (!(error instanceof ConnectError) || isUnknown(error)) return false;
  const code = error.details['kafkaCode'];
  return error.code === 'kafka.unreachable' || (typeof code === 'number' && isTransient(code));
}
