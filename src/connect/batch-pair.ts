import { assert } from '../base/assert.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { SourceOffset } from '../record/offset.ts';
import { RecordBatch } from '../record/record-batch.ts';
import type { RecordBatchLimits } from '../record/record-batch.ts';
import { waitBeforeSeal } from './batch-cut.ts';

export interface BatchPairOptions {
  readonly limits: RecordBatchLimits;
  readonly lingerMs: number;
  readonly clock: Clock;
  /** `Source.position`, asked between the source's synchronous runs, at its boundary, or when a change is refused. */
  readonly position: () => readonly SourceOffset[];
}

export interface SealedBatch {
  readonly batch: RecordBatch;
  /** `Change.sourceTimeMs` of the newest change in it; 0 where unknown. */
  readonly sourceTimeMs: number;
}

/**
 * The two batches of a task: one is being filled while the other is being committed, so memory is bounded whatever the
 * source sends. A batch is sealed at the moment the sink can take it and not before, so that each commit takes all that
 * is there: alone on an idle stream, large under load. The pure decision is `waitBeforeSeal`.
 */
export class BatchPair {
  /** Where the outlet writes. Another object after every seal. */
  filling: RecordBatch;
  /** Set by the outlet with every change. */
  sourceTimeMs = 0;
  readonly #options: BatchPairOptions;
  /** Both batches number their topics alike, because both are told each topic in the same order. */
  readonly #batches: readonly [RecordBatch, RecordBatch];
  /** Null while a batch is sealed or being committed. */
  #spare: RecordBatch | null;
  #ready: SealedBatch | null = null;
  #atBoundary = true;
  #filtered = false;
  /** Something is worth committing since the last seal: then when it came in, else -1. */
  #sinceMs = -1;
  #idleSinceMs: number;
  #lookDue = false;
  /** A batch stands in the middle of a transaction and only waits for its end. */
  #boundaryAwaited = false;
  #timer: Timer | null = null;
  #ending = false;
  /** Changes were taken that are not in `filling` yet: the source's position is ahead of it. */
  #held = false;
  #failure: { readonly error: unknown } | null = null;
  #refusal: { readonly error: unknown; readonly offsets: readonly SourceOffset[] } | null = null;
  #sealedWaiter: PromiseWithResolvers<SealedBatch | null> | null = null;
  #roomWaiter: PromiseWithResolvers<void> | null = null;

  constructor(options: BatchPairOptions) {
    this.#options = options;
    this.#batches = [new RecordBatch(options.limits), new RecordBatch(options.limits)];
    [this.filling, this.#spare] = this.#batches;
    this.#idleSinceMs = options.clock.monotonic();
  }

  get failed(): boolean {
    return this.#failure !== null;
  }

  /** A change was refused, and what came before it is on its way out. */
  get refused(): boolean {
    return this.#refusal !== null;
  }

  topicIndex(name: string): number {
    const [left, right] = this.#batches;
    const index = left.topicIndex(name);
    assert(right.topicIndex(name) === index, 'both batches number topics alike');
    return index;
  }

  /** After each record appended to `filling`. False: no room for more. */
  appended(): boolean {
    this.#atBoundary = false;
    if (this.#sinceMs < 0 || this.#filtered) this.#begin();
    if (!this.filling.full) return !this.#held;
    this.#scheduleLook();
    return false;
  }

  /** After a change that left no record: only the position moved. */
  skipped(): boolean {
    this.#atBoundary = false;
    if (this.#sinceMs < 0) {
      this.#begin();
      this.#filtered = true;
    }
    return !this.filling.full && !this.#held;
  }

  boundary(): boolean {
    this.#atBoundary = true;
    // Between two boundaries without a change the source reports a position of its own accord.
    if (this.#sinceMs < 0) this.#begin();
    else if (this.#boundaryAwaited) this.#look();
    return !this.filling.full && !this.#held;
  }

  /** The next batch to commit, null after `end` when everything is out. One call at a time. */
  next(): Promise<SealedBatch | null> {
    assert(this.#sealedWaiter === null, 'one commit loop per task');
    if (this.#failure !== null) return Promise.reject(this.#failure.error);
    const ready = this.#ready;
    if (ready !== null) {
      this.#ready = null;
      return Promise.resolve(ready);
    }
    if (this.#ending && this.#spare !== null && !this.#held)
      return this.#refusal === null ? Promise.resolve(null) : Promise.reject(this.#refusal.error);
    this.#sealedWaiter = Promise.withResolvers();
    return this.#sealedWaiter.promise;
  }

  /** The batch is committed: it is emptied and the sink idle again. */
  release(sealed: SealedBatch): void {
    assert(this.#spare === null && sealed.batch !== this.filling, 'only the sealed batch is released');
    sealed.batch.reset();
    this.#spare = sealed.batch;
    this.#idleSinceMs = this.#options.clock.monotonic();
    this.#look();
  }

  drained(): Promise<void> {
    const failure = this.#failure ?? this.#refusal;
    if (failure !== null) return Promise.reject(failure.error);
    if (!this.filling.full && !this.#held) return Promise.resolve();
    this.#roomWaiter ??= Promise.withResolvers();
    return this.#roomWaiter.promise;
  }

  /** Nothing is sealed, and there is no room, until `resume`: a batch must hold all that the source's position counts. */
  hold(): void {
    this.#held = true;
  }

  /** Everything that was held is in `filling`. */
  resume(): void {
    this.#held = false;
    if (!this.filling.full) {
      this.#roomWaiter?.resolve();
      this.#roomWaiter = null;
    }
    this.#look();
  }

  /** The source emits nothing more: what is there is sealed without waiting for anything. */
  end(): void {
    this.#ending = true;
    this.#look();
  }

  /**
   * The source's next change cannot be taken and nothing may follow it: what came before is sealed like any other batch,
   * then `next` rejects with `error`. The position is that of this moment, whatever becomes of the source.
   */
  refuse(error: unknown): void {
    if (this.#failure !== null || this.#refusal !== null) return;
    const offsets = this.#options.position();
    this.#refusal = { error, offsets };
    this.#roomWaiter?.reject(error);
    this.#roomWaiter = null;
    this.#ending = true;
    if (this.filling.length > 0 || offsets.length > 0) this.#sinceMs = this.#options.clock.monotonic();
    this.#look();
  }

  /** Nothing is sealed any more; whoever waits here is rejected with `error`. The first failure stays. */
  fail(error: unknown): void {
    if (this.#failure !== null) return;
    this.#failure = { error };
    this.#timer?.cancel();
    this.#sealedWaiter?.reject(error);
    this.#roomWaiter?.reject(error);
    this.#sealedWaiter = null;
    this.#roomWaiter = null;
  }

  #begin(): void {
    this.#filtered = false;
    this.#sinceMs = this.#options.clock.monotonic();
    this.#scheduleLook();
  }

  /** In a microtask: behind the source's synchronous run, so that one commit takes all of a socket read. */
  #scheduleLook(): void {
    if (this.#lookDue || this.#spare === null) return;
    this.#lookDue = true;
    queueMicrotask(() => {
      this.#lookDue = false;
      this.#look();
    });
  }

  #look(): void {
    if (this.#failure !== null) return;
    try {
      this.#cut();
    } catch (error) {
      this.fail(error);
    }
  }

  #cut(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#boundaryAwaited = false;
    if (this.#held) return;
    if (this.#sinceMs < 0) {
      if (this.#ending && this.#spare !== null) this.#hand(null);
      return;
    }
    const { clock } = this.#options;
    const nowMs = clock.monotonic();
    const waitMs = waitBeforeSeal(
      {
        records: this.filling.length,
        full: this.filling.full,
        atBoundary: this.#atBoundary,
        filteredOnly: this.#filtered,
        sinkIdle: this.#spare !== null,
        ending: this.#ending,
        ageMs: nowMs - this.#sinceMs,
        waitedMs: nowMs - Math.max(this.#sinceMs, this.#idleSinceMs),
        behindMs: this.sourceTimeMs === 0 ? 0 : clock.now() - this.sourceTimeMs,
      },
      this.#options.lingerMs,
    );
    if (waitMs === 0) {
      this.#seal();
      return;
    }
    this.#boundaryAwaited = this.#spare !== null && !this.#atBoundary;
    if (Number.isFinite(waitMs)) this.#timer = clock.after(waitMs, () => this.#look());
  }

  #seal(): void {
    const batch = this.filling;
    const offsets = this.#refusal?.offsets ?? this.#options.position();
    this.#sinceMs = -1;
    this.#filtered = false;
    if (batch.length === 0 && offsets.length === 0) {
      if (this.#ending) this.#hand(null);
      return;
    }
    assert(offsets.length > 0, 'the source emitted changes and its position did not move');
    assert(this.#spare !== null, 'a batch is sealed only when the other one is free');
    batch.seal(offsets);
    this.filling = this.#spare;
    this.#spare = null;
    this.#roomWaiter?.resolve();
    this.#roomWaiter = null;
    this.#hand({ batch, sourceTimeMs: this.sourceTimeMs });
  }

  #hand(sealed: SealedBatch | null): void {
    const waiter = this.#sealedWaiter;
    this.#sealedWaiter = null;
    if (waiter === null) this.#ready = sealed;
    else if (sealed === null && this.#refusal !== null) waiter.reject(this.#refusal.error);
    else waiter.resolve(sealed);
  }
}
