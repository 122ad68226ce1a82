import type { Clock } from '../base/clock.ts';
import { ConnectError, classify } from '../base/errors.ts';
import { failpoint } from '../base/failpoint.ts';
import type { Logger } from '../base/log.ts';
import type { AckLedger, CommitOutcome } from './ack-ledger.ts';
import type { BatchPair, SealedBatch } from './batch-pair.ts';
import type { Sink } from './sink.ts';
import type { Source } from './source.ts';
import type { TaskMetrics } from './task-metrics.ts';

export interface CommitLoopOptions {
  readonly source: Source;
  readonly sink: Sink;
  readonly batches: BatchPair;
  readonly ledger: AckLedger;
  readonly metrics: TaskMetrics;
  readonly clock: Clock;
  readonly log: Logger;
  /** Aborts when nobody waits for the outcome any more. */
  readonly signal: AbortSignal;
  /** What holds up the commit under way. */
  readonly onTrouble: (reason: unknown) => void;
  /** Resolves when the next commit may begin. */
  readonly gate?: (() => Promise<void>) | undefined;
  readonly onCommitted?: (() => void) | undefined;
  /** The commit that was held up is through. */
  readonly onRecovered: () => void;
}

/** A commit that takes longer is told about, with no reason known: a broker that hangs gives none. */
const slowCommitMs = 10_000;

/** How often one batch is tried again before the supervisor gets the error and restarts the task, with its own patience. */
const commitRetriesMax = 5;
const retryDelayMs = 100;
const retryDelayMsMax = 5_000;

/**
 * Takes sealed batches one at a time, in order: commit, then confirm. A commit that fails has one way to recover:
 * reopen the sink and compare what it holds with what the batch says; the batch stays as it is until that is settled.
 */
export class CommitLoop {
  readonly #options: CommitLoopOptions;

  constructor(options: CommitLoopOptions) {
    this.#options = options;
  }

  /** Resolves after the last batch; rejects with the first error that cannot be recovered from. */
  async run(): Promise<void> {
    const { batches, ledger, metrics, clock } = this.#options;
    for (let sealed = await batches.next(); sealed !== null; sealed = await batches.next()) {
      await this.#options.gate?.();
      const startMs = clock.monotonic();
      const number = ledger.seal(sealed.batch.offsets);
      await this.#watched(sealed, number);
      // Too late for this run: the next one reads the sink itself, and its source must hear nothing older than that.
      this.#options.signal.throwIfAborted();
      ledger.commit(number);
      failpoint('after-commit');
      // Invariant 1: confirm upstream only what is durable downstream. This line is the only way to `confirm`.
      const offsets = ledger.confirmable();
      if (offsets.length > 0) this.#options.source.confirm(offsets);
      failpoint('after-confirm');
      const lagMs = sealed.sourceTimeMs === 0 || sealed.batch.length === 0 ? null : Math.max(0, clock.now() - sealed.sourceTimeMs);
      this.#options.onCommitted?.();
      metrics.committed(sealed.batch.length, sealed.batch.bytes, clock.monotonic() - startMs, lagMs);
      batches.release(sealed);
    }
  }

  async #watched(sealed: SealedBatch, number: number): Promise<void> {
    const { clock, onTrouble, onRecovered } = this.#options;
    let troubled = false;
    const tell = (reason: unknown): void => {
      troubled = true;
      onTrouble(reason);
    };
    const timer = clock.after(slowCommitMs, () => tell(slowCommit(sealed)));
    try {
      await this.#commit(sealed, number, tell);
    } finally {
      timer.cancel();
    }
    if (troubled) onRecovered();
  }

  async #commit(sealed: SealedBatch, number: number, tell: (reason: unknown) => void): Promise<void> {
    const { sink, batches, clock, log, metrics, signal } = this.#options;
    for (let attempt = 0; ; attempt += 1) {
      try {
        // Invariant 4: whole or not at all, and the very same bytes each time.
        await sink.commit(sealed.batch, tell);
        return;
      } catch (error) {
        if (classify(error) === 'stop') throw error;
        tell(error);
        const outcome = await this.#reopen(number, attempt, error);
        log.warn(
          { err: error, outcome, attempt, records: sealed.batch.length },
          'A commit failed; the sink was opened again and asked what it holds.',
        );
        if (outcome === 'committed') return;
        // Without records nothing can be doubled: the position is simply stored again.
        if (outcome === 'unknown' && sealed.batch.length > 0) throw foreignOffsets(error);
        if (classify(error) !== 'retry' || attempt >= commitRetriesMax || batches.failed) throw error;
        metrics.resent();
        await clock.sleep(backoffMs(attempt), signal);
      }
    }
  }

  /** What the sink holds, told by itself; as long as it cannot be reached nothing is known and nothing may be sent. */
  async #reopen(number: number, attempt: number, failure: unknown): Promise<CommitOutcome> {
    const { sink, ledger, batches, clock, signal } = this.#options;
    for (let opening = attempt; ; opening += 1) {
      try {
        return ledger.outcome(number, await sink.open(signal));
      } catch (error) {
        if (classify(error) === 'stop') throw error;
        if (classify(error) !== 'retry' || opening >= commitRetriesMax || batches.failed) throw failure;
        await clock.sleep(backoffMs(opening), signal);
      }
    }
  }
}

function backoffMs(attempt: number): number {
  return Math.min(retryDelayMsMax, retryDelayMs * 2 ** attempt);
}

function slowCommit({ batch }: SealedBatch): ConnectError {
  return new ConnectError(
    'kafka.transient',
    `A commit of ${batch.length} records has had no answer from Kafka for ${slowCommitMs / 1000} s; it is waited for.`,
    { remedy: 'Look at the brokers. Nothing is lost: the source waits, and goes on when they answer.' },
  );
}

function foreignOffsets(cause: unknown): ConnectError {
  return new ConnectError(
    'kafka.transient',
    'After a failed commit the stored offsets are neither those before it nor those of the batch.',
    {
      remedy: 'Make sure that no other connector with this name writes the same offsets; the task starts again from what is stored.',
      cause,
    },
  );
}
