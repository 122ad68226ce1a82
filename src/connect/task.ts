import type { Clock, Timer } from '../base/clock.ts';
import { ConnectError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { Metrics } from '../base/metrics.ts';
import type { SourceOffset } from '../record/offset.ts';
import { recordBatchLimits } from '../record/record-batch.ts';
import type { RecordBatchLimits } from '../record/record-batch.ts';
import { AckLedger } from './ack-ledger.ts';
import { BatchPair } from './batch-pair.ts';
import { TaskOutlet } from './change-outlet.ts';
import { CommitLoop } from './commit-loop.ts';
import type { Converter } from './converter.ts';
import { FailureLog } from './error-tolerance.ts';
import type { ErrorTolerance } from './error-tolerance.ts';
import type { Sink } from './sink.ts';
import type { Source } from './source.ts';
import { TaskMetrics } from './task-metrics.ts';
import type { Transform } from './transform.ts';

export interface TaskOptions {
  readonly connector: string;
  readonly taskId: number;
  readonly source: Source;
  readonly sink: Sink;
  readonly keyConverter: Converter;
  readonly valueConverter: Converter;
  readonly headerConverter: Converter;
  readonly transforms: readonly Transform[];
  readonly tolerance: ErrorTolerance;
  readonly limits?: RecordBatchLimits | undefined;
  /** How long a batch waits for company although the sink is idle. 0: as soon as the source's synchronous run is over. */
  readonly lingerMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Called when the source has declared its first shape or something was committed, and when a commit that was held up is through. */
  readonly onStarted?: (() => void) | undefined;
  /** Called when a commit is held up and why; `onStarted` is called again when it is through. */
  readonly onTrouble?: ((reason: unknown) => void) | undefined;
  /** Resolves when the next commit may begin, or `stop` aborts. */
  readonly gate?: ((stop: AbortSignal) => Promise<void>) | undefined;
  /** How long a task that is being stopped may take to commit what was emitted; as `task.shutdown.graceful.timeout.ms`. */
  readonly drainMs?: number | undefined;
}

const drainMsDefault = 5_000;

/**
 * Runs a source into a sink. `run` may be called again after it has settled: everything that belongs to one run is made
 * anew, and the sink says where to go on. Closing source and sink is up to whoever made them.
 */
export class Task {
  readonly #options: TaskOptions;

  constructor(options: TaskOptions) {
    this.#options = options;
  }

  /**
   * Resolves when `signal` has aborted and everything emitted until then is committed and confirmed, or when the source
   * is exhausted. Rejects with the first error; what was emitted and not committed by then comes again in the next run.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { sink, tolerance } = this.#options;
    let stored: readonly SourceOffset[];
    try {
      stored = await sink.open(signal);
      if (tolerance.deadLetterTopic !== null) await sink.prepareTopic(tolerance.deadLetterTopic);
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    if (signal.aborted) return;
    await new TaskRun(this.#options, stored).settled(signal);
  }
}

/** One run, from the open sink to the last commit. */
class TaskRun {
  readonly #options: TaskOptions;
  readonly #stored: readonly SourceOffset[];
  readonly #batches: BatchPair;
  readonly #metrics: TaskMetrics;
  readonly #outlet: TaskOutlet;
  /** Tells the source to stop. */
  readonly #stop = new AbortController();
  /** Tells the sink that nobody waits any more. */
  readonly #abandon = new AbortController();
  readonly #deadline = Promise.withResolvers<void>();
  #timer: Timer | null = null;
  #underWay = false;
  #failure: { readonly error: unknown } | null = null;

  constructor(options: TaskOptions, stored: readonly SourceOffset[]) {
    const { connector, taskId, source, sink, tolerance, clock, log, lingerMs } = options;
    this.#options = options;
    this.#stored = stored;
    this.#batches = new BatchPair({ limits: options.limits ?? recordBatchLimits, lingerMs, clock, position: () => source.position() });
    this.#metrics = new TaskMetrics(options.metrics, connector, taskId);
    this.#outlet = new TaskOutlet({
      connector,
      taskId,
      sink,
      batches: this.#batches,
      planner: options,
      tolerance,
      failures: new FailureLog(tolerance, clock, log),
      metrics: this.#metrics,
      onDeclared: () => this.#begun(),
    });
  }

  /** The source got as far as handing something over, so what stood in its way before is over. */
  #begun(): void {
    if (this.#underWay) return;
    this.#underWay = true;
    this.#options.onStarted?.();
  }

  async settled(signal: AbortSignal): Promise<void> {
    const onAbort = (): void => this.#stopSource(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await Promise.race([Promise.all([this.#stream(), this.#commit()]), this.#deadline.promise]);
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#timer?.cancel();
      this.#metrics.flush();
    }
    if (this.#failure !== null) throw this.#failure.error;
  }

  async #stream(): Promise<void> {
    try {
      await this.#options.source.run(this.#stored, this.#outlet, this.#stop.signal);
      this.#batches.end();
    } catch (error) {
      // A source may pass on the reason it was stopped for; that is no failure.
      if (this.#stop.signal.aborted && error === this.#stop.signal.reason) this.#batches.end();
      else if (this.#batches.refused) this.#drain(error);
      else this.#fail(error);
    }
  }

  /** What came before a refused change is still committed; the loop that does so ends with the same error. */
  #drain(error: unknown): void {
    this.#failure ??= { error };
    this.#stopSource(error);
  }

  async #commit(): Promise<void> {
    const { source, sink, clock, log, onStarted, onTrouble, gate } = this.#options;
    const loop = new CommitLoop({
      source,
      sink,
      batches: this.#batches,
      ledger: new AckLedger(this.#stored),
      metrics: this.#metrics,
      clock,
      log,
      signal: this.#abandon.signal,
      gate: () => gate?.(this.#stop.signal) ?? Promise.resolve(),
      onCommitted: () => this.#begun(),
      onTrouble: onTrouble ?? (() => undefined),
      onRecovered: onStarted ?? (() => undefined),
    });
    try {
      await loop.run();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The first error decides; source and sink are left to finish what they are at, and nothing new is sealed. */
  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#batches.fail(error);
    this.#stopSource(error);
  }

  /** Invariant 7: what was emitted is drained, within bounds. */
  #stopSource(reason: unknown): void {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort(reason);
    this.#timer = this.#options.clock.after(this.#options.drainMs ?? drainMsDefault, () => {
      const { connector, taskId, drainMs } = this.#options;
      this.#fail(
        new ConnectError(
          'kafka.transient',
          `Task ${taskId} of connector "${connector}" did not stop within ${drainMs ?? drainMsDefault} ms.`,
          {
            remedy:
              'Nothing is lost: what was not committed comes again with the next start. Look at the source and the brokers if it happens often.',
          },
        ),
      );
      this.#abandon.abort(this.#failure?.error);
      this.#deadline.resolve();
    });
  }
}
