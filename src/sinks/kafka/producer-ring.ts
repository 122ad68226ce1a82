import { must } from '../../base/assert.ts';
import type { Clock } from '../../base/clock.ts';
import type { Cluster } from '../../kafka/cluster.ts';
import type { BatchProducerOptions } from './batch-producer.ts';
import { BatchProducer } from './batch-producer.ts';
import type { TransactionOptions } from './transaction.ts';
import { Transaction } from './transaction.ts';

export interface ProducerTurn {
  readonly transaction: Transaction;
  readonly producer: BatchProducer;
}

/**
 * What the ids of the second, third producer add to the task's transactional id, which is the first one's. Another task's
 * id ends in a number, so it is none of these.
 */
const idSuffixes = ['', '-b', '-c'];

/**
 * The producers of one incarnation of a sink, which take turns: one commit each. A transaction that was ended has its
 * markers still to come, and the broker keeps the same producer waiting, 20 ms at a time, that writes before they are
 * there; by its next turn they have long been.
 *
 * Of several incarnations at the same time only one may commit, and what the others committed it has read. That is decided
 * by the first id: every incarnation takes it before the others, and uses it before the others. So who lost it before his
 * first commit never commits; who had committed with it lost the others, too, before the next incarnation read anything.
 *
 * Of two that start at the same moment the one that lost the first id may take another one from the winner. He commits nothing
 * with it: the winner, who still has the first id, starts anew.
 */
export class ProducerRing {
  readonly #turns: readonly ProducerTurn[];
  #next = 0;

  /** `transactionalId` null: a single producer without transactions. */
  constructor(cluster: Cluster, transaction: TransactionOptions, producer: BatchProducerOptions, clock: Clock) {
    const { transactionalId } = transaction;
    const ids = transactionalId === null ? [null] : idSuffixes.map((suffix) => `${transactionalId}${suffix}`);
    this.#turns = ids.map((id) => {
      const own = new Transaction(cluster, { ...transaction, transactionalId: id }, clock);
      return { transaction: own, producer: new BatchProducer(cluster, own, producer, clock) };
    });
  }

  /** Fences every earlier incarnation. Then none of them commits any more, and each of their commits can be read. */
  async initialize(signal: AbortSignal): Promise<void> {
    const [first, ...others] = this.#turns;
    await must(first, 'a ring has a first producer').transaction.initialize(signal);
    await Promise.all(others.map(({ transaction }) => transaction.initialize(signal)));
  }

  /** After `turn` was fenced: whether only one that is fenced himself can have done it, so that this incarnation may start anew. */
  async isLatest(turn: ProducerTurn): Promise<boolean> {
    const first = must(this.#turns[0], 'a ring has a first producer');
    return turn !== first && (await first.transaction.isLatest());
  }

  /** The producer of the next commit, when the one before has ended. */
  next(): ProducerTurn {
    const turn = must(this.#turns[this.#next], 'a ring has no gaps');
    this.#next = (this.#next + 1) % this.#turns.length;
    return turn;
  }

  fail(): void {
    for (const { transaction } of this.#turns) transaction.fail();
  }
}
