import { assert } from '../../base/assert.ts';
import type { Clock } from '../../base/clock.ts';
import { ConnectError } from '../../base/errors.ts';
import type { Cluster } from '../../kafka/cluster.ts';
import { isTransient, kafkaError, KafkaCode } from '../../kafka/kafka-error.ts';
import type { ProducerIdentity, TopicPartitions, TransactionProtocol } from './produce-api.ts';
import { addPartitionsApi, initProducerIdApi, transactionProtocol1, transactionProtocol2 } from './produce-api.ts';

export type TransactionState = 'new' | 'ready' | 'open' | 'ending' | 'failed' | 'fenced';
export type TransactionEvent = 'initialize' | 'begin' | 'end' | 'ended' | 'fail' | 'fence';

/** Every state and event. After `failed` and `fenced` only a new transaction object, which is a new incarnation, goes on. */
export const transactionTransitions: Readonly<Record<TransactionState, Readonly<Record<TransactionEvent, TransactionState | 'illegal'>>>> =
  {
    new: { initialize: 'ready', begin: 'illegal', end: 'illegal', ended: 'illegal', fail: 'failed', fence: 'fenced' },
    ready: { initialize: 'illegal', begin: 'open', end: 'illegal', ended: 'illegal', fail: 'failed', fence: 'fenced' },
    open: { initialize: 'illegal', begin: 'illegal', end: 'ending', ended: 'illegal', fail: 'failed', fence: 'fenced' },
    ending: { initialize: 'illegal', begin: 'illegal', end: 'illegal', ended: 'ready', fail: 'failed', fence: 'fenced' },
    failed: { initialize: 'illegal', begin: 'illegal', end: 'illegal', ended: 'illegal', fail: 'failed', fence: 'fenced' },
    fenced: { initialize: 'illegal', begin: 'illegal', end: 'illegal', ended: 'illegal', fail: 'fenced', fence: 'fenced' },
  };

export interface TransactionOptions {
  /** Null: an idempotent producer without transactions; `begin` and `end` then only keep the order of calls. */
  readonly transactionalId: string | null;
  readonly timeoutMs: number;
  /** How long a request is repeated while the coordinator moves, loads or finishes the previous transaction. */
  readonly blockMsMax: number;
}

/** The markers of the transaction before are written within milliseconds; waiting the usual back-off would cost throughput. */
const concurrentBackoffMs = 5;
const sequenceLimit = 0x8000_0000;

/** The identity of one incarnation of a producer, its sequences and its place in the transaction protocol. */
export class Transaction {
  readonly options: TransactionOptions;
  readonly #cluster: Cluster;
  readonly #clock: Clock;
  readonly #added = new Set<string>();
  #state: TransactionState = 'new';
  #producer: ProducerIdentity = { id: -1n, epoch: -1 };
  #protocol = transactionProtocol1;
  #coordinator = -1;
  #beganAtMs = 0;
  /** Next sequence number by topic, then partition. */
  #sequences = new Map<string, Map<number, number>>();

  constructor(cluster: Cluster, options: TransactionOptions, clock: Clock) {
    this.#cluster = cluster;
    this.options = options;
    this.#clock = clock;
  }

  get state(): TransactionState {
    return this.#state;
  }

  get producer(): ProducerIdentity {
    return this.#producer;
  }

  get protocol(): TransactionProtocol {
    return this.#protocol;
  }

  /** When the coordinator may abort the open transaction on its own, on the clock's monotonic scale. */
  get expiresAtMs(): number {
    return this.options.transactionalId === null ? Number.POSITIVE_INFINITY : this.#beganAtMs + this.options.timeoutMs;
  }

  /** Fences every earlier incarnation and waits until its open transaction is committed or aborted. */
  async initialize(signal: AbortSignal): Promise<void> {
    const { transactionalId, timeoutMs } = this.options;
    if (transactionalId !== null && this.#cluster.feature('transaction.version') >= 2) this.#protocol = transactionProtocol2;
    const answer = await this.#persist(`start producer ${transactionalId ?? ''}`.trim(), true, signal, async (broker, doing) =>
      this.#cluster.call(broker, doing, initProducerIdApi, transactionalId, timeoutMs),
    );
    this.#adopt(answer.producer);
    this.#move('initialize');
  }

  /** Between two transactions: whether this is the latest incarnation still. */
  async isLatest(): Promise<boolean> {
    const { transactionalId, timeoutMs } = this.options;
    try {
      const answer = await this.#persist(`ask for producer ${transactionalId}`, true, null, async (broker, doing) =>
        this.#cluster.call(broker, doing, initProducerIdApi, transactionalId, timeoutMs, this.#producer),
      );
      this.#adopt(answer.producer);
      return true;
    } catch (error) {
      if (error instanceof ConnectError && error.code === 'kafka.fenced') return false;
      throw error;
    }
  }

  begin(): void {
    this.#move('begin');
    this.#beganAtMs = this.#clock.monotonic();
  }

  /** Where the old protocol needs it, adds these partitions to the open transaction. */
  async add(topics: readonly TopicPartitions[], delayed?: (reason: unknown) => void): Promise<void> {
    const { transactionalId } = this.options;
    if (transactionalId === null || !this.#protocol.addsPartitions) return;
    const fresh = topics
      .map(({ topic, partitions }) => ({ topic, partitions: partitions.filter((partition) => !this.#added.has(`${topic} ${partition}`)) }))
      .filter(({ partitions }) => partitions.length > 0);
    if (fresh.length === 0) return;
    await this.#persist(
      'add partitions to the transaction',
      true,
      null,
      async (broker, doing) => {
        const answers = await this.#cluster.call(broker, doing, addPartitionsApi, transactionalId, this.#producer, fresh);
        return { errorCode: answers.find(({ errorCode }) => errorCode !== 0)?.errorCode ?? 0 };
      },
      delayed,
    );
    for (const { topic, partitions } of fresh) for (const partition of partitions) this.#added.add(`${topic} ${partition}`);
  }

  /**
   * Commits or aborts. A lost answer leaves the outcome unknown, so it is not asked again: the next incarnation's
   * `initialize` settles the transaction one way or the other, and what is stored then says which.
   */
  async end(commit: boolean, delayed?: (reason: unknown) => void): Promise<void> {
    this.#move('end');
    const { transactionalId } = this.options;
    if (transactionalId !== null) {
      const answer = await this.#persist(
        commit ? 'commit the transaction' : 'abort the transaction',
        false,
        null,
        async (broker, doing) => this.#cluster.call(broker, doing, this.#protocol.endTransaction, transactionalId, this.#producer, commit),
        delayed,
      );
      this.#added.clear();
      // A new epoch numbers each partition's records from 0 again; brokers insist on it.
      if (answer.next !== null) this.#adopt(answer.next);
    }
    this.#move('ended');
  }

  /** The sequence number of the first of `records` records, the next ones in this partition. */
  takeSequence(topic: string, partition: number, records: number): number {
    let sequences = this.#sequences.get(topic);
    if (sequences === undefined) {
      sequences = new Map();
      this.#sequences.set(topic, sequences);
    }
    const sequence = sequences.get(partition) ?? 0;
    sequences.set(partition, (sequence + records) % sequenceLimit);
    return sequence;
  }

  fail(): void {
    this.#move('fail');
  }

  /** The error for a broker's refusal. Moves to `fenced` when the refusal means that a newer incarnation exists. */
  refusal(code: number, doing: string): ConnectError {
    const error = kafkaError(code, doing, this.#cluster.config.serverNames);
    if (code === KafkaCode.INVALID_TRANSACTION_TIMEOUT) {
      return new ConnectError('config.invalid', `transaction.timeout.ms is ${this.options.timeoutMs}, more than the brokers allow.`, {
        remedy: "Lower it (as producer.override.transaction.timeout.ms), or raise the brokers' transaction.max.timeout.ms.",
        cause: error,
      });
    }
    if (error.code !== 'kafka.fenced') return error;
    if (this.options.transactionalId === null) {
      return new ConnectError('kafka.transient', 'The brokers no longer know this idempotent producer.', { cause: error });
    }
    if ((this.#state === 'open' || this.#state === 'ending') && this.#clock.monotonic() >= this.expiresAtMs) {
      // The coordinator fences the epoch of a transaction that took too long, just as a newer incarnation would.
      return new ConnectError(
        'kafka.transient',
        `The transaction of ${this.options.transactionalId} was open for longer than ${this.options.timeoutMs} ms and was aborted.`,
        {
          remedy: 'Raise transaction.timeout.ms, or look for what holds up the brokers.',
          cause: error,
        },
      );
    }
    this.#move('fence');
    return new ConnectError('kafka.fenced', `A newer task holds transactional.id ${this.options.transactionalId}; this one stops.`, {
      remedy: 'Make sure that only one worker group runs this connector.',
      cause: error,
    });
  }

  #adopt(producer: ProducerIdentity): void {
    if (producer.id === this.#producer.id && producer.epoch === this.#producer.epoch) return;
    this.#producer = producer;
    this.#sequences = new Map();
  }

  #move(event: TransactionEvent): void {
    const next = transactionTransitions[this.#state][event];
    assert(next !== 'illegal', `transaction event ${event} in state ${this.#state}`);
    this.#state = next;
  }

  /** Repeats while the coordinator says "later"; `resend`: also when the connection broke and nobody knows what it did. */
  async #persist<T extends { readonly errorCode: number }>(
    doing: string,
    resend: boolean,
    signal: AbortSignal | null,
    request: (broker: number, doing: string) => Promise<T>,
    delayed?: (reason: unknown) => void,
  ): Promise<T> {
    const deadline = this.#clock.monotonic() + this.options.blockMsMax;
    const { retryBackoffMs, retryBackoffMaxMs } = this.#cluster.config;
    let backoffMs = retryBackoffMs;
    for (;;) {
      signal?.throwIfAborted();
      let failure: ConnectError;
      let sent = false;
      try {
        const broker = await this.#broker();
        sent = true;
        const answer = await request(broker, doing);
        if (answer.errorCode === 0) return answer;
        failure = this.refusal(answer.errorCode, doing);
        if (!isTransient(answer.errorCode)) throw failure;
        if (answer.errorCode !== KafkaCode.CONCURRENT_TRANSACTIONS) this.#coordinator = -1;
        else backoffMs = concurrentBackoffMs;
      } catch (error) {
        if (!(error instanceof ConnectError) || (error.code !== 'kafka.unreachable' && error.code !== 'kafka.transient')) throw error;
        if (error.details['kafkaCode'] === undefined && sent && !resend) throw error;
        failure = error;
        this.#coordinator = -1;
      }
      if (this.#clock.monotonic() + backoffMs > deadline) throw failure;
      if (failure.details['kafkaCode'] !== KafkaCode.CONCURRENT_TRANSACTIONS) delayed?.(failure);
      await this.#clock.sleep(backoffMs, signal ?? undefined);
      backoffMs = Math.min(backoffMs * 2, retryBackoffMaxMs);
    }
  }

  async #broker(): Promise<number> {
    if (this.#coordinator < 0) {
      const { transactionalId } = this.options;
      this.#coordinator =
        transactionalId === null ? await this.#cluster.anyBrokerId() : await this.#cluster.transactionCoordinator(transactionalId);
    }
    return this.#coordinator;
  }
}
