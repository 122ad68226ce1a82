import type { Clock } from '../base/clock.ts';
import { ConnectError } from '../base/errors.ts';
import type { Cluster } from './cluster.ts';
import { isTransient, kafkaError, KafkaCode, kafkaPatienceMs } from './kafka-error.ts';
import { partitionOfKey } from './partitioner.ts';
import { produceApi } from './produce-request.ts';
import { recordBatchBytes, type LogEntry } from './record-batch-bytes.ts';

/** Far below what brokers take in one batch (`max.message.bytes`, 1 MB); an entry that is larger by itself goes alone. */
const batchBytesMax = 256 * 1024;
/** The oldest flexible version: neither transactions nor anything newer is needed. */
const produce = produceApi(9);

/**
 * Writes to a topic without transactions, for logs of keys in which an entry may stand twice: what was not confirmed is sent
 * again. Entries of one key keep their order, within a call and from call to call.
 */
export class TopicAppender {
  readonly topic: string;
  readonly #cluster: Cluster;
  readonly #clock: Clock;
  #last: Promise<void> = Promise.resolve();
  #closed = false;

  /** The cluster is shared but not owned. */
  constructor(cluster: Cluster, topic: string, clock: Clock) {
    this.#cluster = cluster;
    this.topic = topic;
    this.#clock = clock;
  }

  /** Resolves when all in-sync replicas hold the entries; those of one partition come in one batch, unless they are many. */
  append(entries: readonly LogEntry[]): Promise<void> {
    const appended = this.#last.then(async () => {
      for (const lot of lotsOf(entries)) await this.#persist(lot);
    });
    this.#last = appended.catch(() => undefined);
    return appended;
  }

  /** What fails from here on is not tried again. */
  close(): void {
    this.#closed = true;
  }

  async #persist(entries: readonly LogEntry[]): Promise<void> {
    const { retryBackoffMs, retryBackoffMaxMs } = this.#cluster.config;
    let left = entries;
    let backoffMs = retryBackoffMs;
    const deadline = this.#clock.monotonic() + kafkaPatienceMs;
    for (;;) {
      let failure: ConnectError;
      try {
        const refused = await this.#send(left);
        if (refused === null) return;
        ({ failure, left } = refused);
      } catch (error) {
        if (!(error instanceof ConnectError) || (error.code !== 'kafka.unreachable' && error.code !== 'kafka.transient')) throw error;
        failure = error;
      }
      if (this.#closed || this.#clock.monotonic() >= deadline) throw failure;
      await this.#clock.sleep(backoffMs);
      backoffMs = Math.min(backoffMs * 2, retryBackoffMaxMs);
      await this.#refresh().catch(() => undefined);
    }
  }

  /** Null: all are there; else what is left to be sent again and why. */
  async #send(entries: readonly LogEntry[]): Promise<{ readonly failure: ConnectError; readonly left: readonly LogEntry[] } | null> {
    if (this.#cluster.topic(this.topic) === undefined) await this.#refresh();
    const leaders = this.#cluster.topic(this.topic)?.leaders;
    if (leaders === undefined) throw this.#error(KafkaCode.UNKNOWN_TOPIC_OR_PARTITION);
    const byPartition = new Map<number, LogEntry[]>();
    for (const entry of entries) {
      const partition = partitionOfKey(entry.key, 0, entry.key.length, leaders.length);
      const own = byPartition.get(partition);
      if (own === undefined) byPartition.set(partition, [entry]);
      else own.push(entry);
    }
    let failure: ConnectError | null = null;
    const left: LogEntry[] = [];
    await Promise.all(
      [...byPartition].map(async ([partition, own]) => {
        const errorCode = await this.#sendTo(leaders[partition] ?? -1, partition, own);
        if (errorCode === KafkaCode.NONE) return;
        const refusal = this.#error(errorCode);
        if (!isTransient(errorCode)) throw refusal;
        failure ??= refusal;
        left.push(...own);
      }),
    );
    return failure === null ? null : { failure, left };
  }

  async #sendTo(leader: number, partition: number, entries: readonly LogEntry[]): Promise<number> {
    if (leader < 0) return KafkaCode.LEADER_NOT_AVAILABLE;
    const { topic } = this;
    const bytes = recordBatchBytes(entries, this.#clock.now());
    const timeoutMs = this.#cluster.config.requestTimeoutMs;
    const [answer] = await this.#cluster.call(leader, `write to topic ${topic}`, produce, null, timeoutMs, [{ topic, partition, bytes }]);
    return answer?.errorCode ?? KafkaCode.LEADER_NOT_AVAILABLE;
  }

  #refresh(): Promise<void> {
    return this.#cluster.refresh([this.topic]);
  }

  #error(code: number): ConnectError {
    return kafkaError(code, `write to topic ${this.topic}`, this.#cluster.config.serverNames);
  }
}

function* lotsOf(entries: readonly LogEntry[]): Generator<readonly LogEntry[]> {
  let lot: LogEntry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const size = entry.key.length + (entry.value?.length ?? 0);
    if (lot.length > 0 && bytes + size > batchBytesMax) {
      yield lot;
      lot = [];
      bytes = 0;
    }
    lot.push(entry);
    bytes += size;
  }
  if (lot.length > 0) yield lot;
}
