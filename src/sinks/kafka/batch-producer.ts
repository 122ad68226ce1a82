import { must } from '../../base/assert.ts';
import type { Clock } from '../../base/clock.ts';
import { ConnectError } from '../../base/errors.ts';
import type { Cluster } from '../../kafka/cluster.ts';
import { isTransient, kafkaError, KafkaCode } from '../../kafka/kafka-error.ts';
import type { EncodedBatch } from './record-batch-writer.ts';
import { stampProducer } from './record-batch-writer.ts';
import type { Transaction } from './transaction.ts';

export interface BatchProducerOptions {
  /** Bytes of record batches in one request, unless one batch alone is larger. */
  readonly requestBytesMax: number;
  /** How long a record batch is sent again before the commit is given up. */
  readonly deliveryTimeoutMs: number;
  /** A record batch of several records was refused as too large; the topic takes less than we believed. */
  readonly onBatchTooLarge: (batch: EncodedBatch) => void;
}

/** Brokers recognise a repeated batch among the last five of a producer in a partition; so never more may be in doubt. */
const inFlightMax = 5;

/**
 * Brings record batches to the leaders of their partitions: leaders in parallel, several requests in flight to each,
 * in order within a partition. A batch is stamped once; every repetition has the same bytes and the same sequence
 * number, so a broker that has it already says so instead of storing it twice (invariants 3 and 4).
 */
export class BatchProducer {
  readonly #cluster: Cluster;
  readonly #transaction: Transaction;
  readonly #options: BatchProducerOptions;
  readonly #clock: Clock;

  constructor(cluster: Cluster, transaction: Transaction, options: BatchProducerOptions, clock: Clock) {
    this.#cluster = cluster;
    this.#transaction = transaction;
    this.#options = options;
    this.#clock = clock;
  }

  /** `delayed` hears why batches go again. Resolves when every batch is on all in-sync replicas. After a rejection some may be there and some not. */
  async send(batches: readonly EncodedBatch[], delayed: (reason: unknown) => void = () => undefined): Promise<void> {
    const { id, epoch } = this.#transaction.producer;
    for (const batch of batches) {
      stampProducer(batch.bytes, id, epoch, this.#transaction.takeSequence(batch.topic, batch.partition, batch.records));
    }
    await this.#transaction.add(partitionsOf(batches), delayed);
    const deadline = Math.min(this.#clock.monotonic() + this.#options.deliveryTimeoutMs, this.#transaction.expiresAtMs);
    const { retryBackoffMs, retryBackoffMaxMs } = this.#cluster.config;
    let backoffMs = retryBackoffMs;
    for (let pending = batches; ;) {
      const round = await this.#sendRound(pending);
      if (round.undelivered.size === 0) return;
      pending = pending.filter((batch) => round.undelivered.has(batch));
      const failure = must(round.failure, 'an undelivered batch has a reason');
      const waitMs = round.busy ? busyBackoffMs : backoffMs;
      if (this.#clock.monotonic() + waitMs > deadline) throw failure;
      if (!round.busy) delayed(failure);
      await this.#clock.sleep(waitMs);
      if (round.busy) continue;
      backoffMs = Math.min(backoffMs * 2, retryBackoffMaxMs);
      await this.#refresh(pending);
    }
  }

  async #sendRound(batches: readonly EncodedBatch[]): Promise<Round> {
    const round = new Round(batches);
    const byLeader = new Map<number, EncodedBatch[]>();
    for (const batch of batches) {
      const leader = this.#cluster.topic(batch.topic)?.leaders[batch.partition] ?? -1;
      const own = byLeader.get(leader);
      if (leader < 0) round.postpone(this.#refusal(batch, KafkaCode.LEADER_NOT_AVAILABLE));
      else if (own === undefined) byLeader.set(leader, [batch]);
      else own.push(batch);
    }
    await Promise.all([...byLeader].map(([leader, own]) => this.#sendToLeader(leader, own, round)));
    if (round.fatal !== null) throw round.fatal;
    return round;
  }

  async #sendToLeader(leader: number, batches: readonly EncodedBatch[], round: Round): Promise<void> {
    const inFlight = new Set<Promise<void>>();
    const lane = new Lane();
    const lostBefore = this.#cluster.connectionsLost(leader);
    for (const request of packRequests(batches, this.#options.requestBytesMax)) {
      if (inFlight.size >= inFlightMax) await Promise.race(inFlight);
      // A request on a new connection would overtake those in doubt on the old one, and put a sixth batch in doubt.
      if (this.#cluster.connectionsLost(leader) !== lostBefore) {
        lane.stopped = true;
        round.postpone(
          new ConnectError(
            'kafka.unreachable',
            `The connection to broker ${leader} of Kafka at ${this.#cluster.config.serverNames} was lost.`,
          ),
        );
      }
      if (lane.stopped) break;
      const sent: Promise<void> = this.#sendRequest(leader, request, round, lane).finally(() => inFlight.delete(sent));
      inFlight.add(sent);
    }
    await Promise.all(inFlight);
  }

  async #sendRequest(leader: number, batches: readonly EncodedBatch[], round: Round, lane: Lane): Promise<void> {
    const { protocol, options } = this.#transaction;
    try {
      const timeoutMs = this.#cluster.config.requestTimeoutMs;
      const answers = await this.#cluster.call(leader, 'write records', protocol.produce, options.transactionalId, timeoutMs, batches);
      const codes = new Map(answers.map(({ topic, partition, errorCode }) => [`${topic} ${partition}`, errorCode]));
      for (const batch of batches) this.#settle(batch, codes.get(`${batch.topic} ${batch.partition}`) ?? networkException, round, lane);
    } catch (error) {
      // The requests behind this one are lost with the connection, or are answered as out of order.
      lane.stopped = true;
      if (error instanceof ConnectError && error.code === 'kafka.unreachable') {
        for (const { topic, partition } of batches) lane.broken.add(`${topic} ${partition}`);
        round.postpone(error);
      } else round.fatal ??= error;
    }
  }

  #settle(batch: EncodedBatch, code: number, round: Round, lane: Lane): void {
    if (code === KafkaCode.NONE || code === KafkaCode.DUPLICATE_SEQUENCE_NUMBER) {
      round.undelivered.delete(batch);
      return;
    }
    lane.stopped = true;
    const partition = `${batch.topic} ${batch.partition}`;
    // Out of order is what must happen to a batch behind one that was not taken; it goes again after that one.
    if (isTransient(code) || (code === KafkaCode.OUT_OF_ORDER_SEQUENCE_NUMBER && lane.broken.has(partition))) {
      lane.broken.add(partition);
      round.postpone(this.#refusal(batch, code), code === KafkaCode.CONCURRENT_TRANSACTIONS);
      return;
    }
    round.fatal ??= this.#refusal(batch, code);
  }

  #refusal(batch: EncodedBatch, code: number): ConnectError {
    const doing = `write to partition ${batch.partition} of topic ${batch.topic}`;
    if (code !== KafkaCode.MESSAGE_TOO_LARGE && code !== KafkaCode.RECORD_LIST_TOO_LARGE) return this.#transaction.refusal(code, doing);
    if (batch.records === 1) return recordTooLarge(batch.topic, batch.bytes.length, null);
    this.#options.onBatchTooLarge(batch);
    return new ConnectError(
      'kafka.transient',
      `Topic ${batch.topic} refused a batch of ${batch.bytes.length} bytes; smaller ones follow.`,
      {
        cause: kafkaError(code, doing, this.#cluster.config.serverNames),
      },
    );
  }

  async #refresh(batches: readonly EncodedBatch[]): Promise<void> {
    try {
      await this.#cluster.refresh([...new Set(batches.map(({ topic }) => topic))]);
    } catch (error) {
      if (!(error instanceof ConnectError) || (error.code !== 'kafka.unreachable' && error.code !== 'kafka.transient')) throw error;
    }
  }
}

/** The answer to the first write of a transaction while the markers of the previous one are still being written. */
const busyBackoffMs = 5;
/** Kafka's codes for a partition without a leader and for an answer that leaves a partition out. */
const networkException = 13;

/** What one attempt to deliver left over. */
class Round {
  readonly undelivered: Set<EncodedBatch>;
  failure: ConnectError | null = null;
  fatal: unknown = null;
  /** True when nothing is wrong but the previous transaction is still being finished. */
  busy = true;

  constructor(batches: readonly EncodedBatch[]) {
    this.undelivered = new Set(batches);
  }

  postpone(failure: ConnectError, busy = false): void {
    this.failure ??= failure;
    this.busy &&= busy;
  }
}

/** One leader within a round. */
class Lane {
  /** No further requests in this round. */
  stopped = false;
  /** Partitions of which a batch was not taken. */
  readonly broken = new Set<string>();
}

/** `setting` null: the topic's own limit refused it. */
export function recordTooLarge(topic: string, bytes: number, setting: string | null): ConnectError {
  const remedy =
    setting === null
      ? `Raise max.message.bytes of topic ${topic}, or leave the large column out.`
      : `Raise ${setting} (as producer.override.${setting} of the connector) and max.message.bytes of topic ${topic}, or leave the large column out.`;
  return new ConnectError(
    'kafka.record-too-large',
    `A record of ${bytes} bytes is larger than topic ${topic} takes (${setting ?? 'max.message.bytes'}).`,
    {
      remedy,
      details: { topic, bytes },
    },
  );
}

/** A request holds at most one batch of a partition; the batches of a partition keep their order over the requests. */
export function packRequests(batches: readonly EncodedBatch[], bytesMax: number): EncodedBatch[][] {
  const queues = new Map<string, EncodedBatch[]>();
  for (const batch of batches) {
    const key = `${batch.topic} ${batch.partition}`;
    const queue = queues.get(key);
    if (queue === undefined) queues.set(key, [batch]);
    else queue.push(batch);
  }
  const requests: EncodedBatch[][] = [];
  while (queues.size > 0) {
    const request: EncodedBatch[] = [];
    let bytes = 0;
    for (const [key, queue] of queues) {
      const head = must(queue[0], 'empty queues are removed');
      if (request.length > 0 && bytes + head.bytes.length > bytesMax) continue;
      request.push(head);
      bytes += head.bytes.length;
      queue.shift();
      if (queue.length === 0) queues.delete(key);
    }
    requests.push(request);
  }
  return requests;
}

function partitionsOf(batches: readonly EncodedBatch[]): { topic: string; partitions: number[] }[] {
  const topics = new Map<string, Set<number>>();
  for (const { topic, partition } of batches) {
    const partitions = topics.get(topic);
    if (partitions === undefined) topics.set(topic, new Set([partition]));
    else partitions.add(partition);
  }
  return [...topics].map(([topic, partitions]) => ({ topic, partitions: [...partitions] }));
}
