import { assert } from '../base/assert.ts';
import type { Clock } from '../base/clock.ts';
import { classify, describeError, messagesOf } from '../base/errors.ts';
import type { JavaRegex } from '../base/java-regex.ts';
import type { Logger } from '../base/log.ts';
import { errorTrace } from './error-trace.ts';
import { transitions } from './lifecycle.ts';
import type { Event, State } from './lifecycle.ts';
import type { RetryPolicy } from './retry-policy.ts';
import type { SourceSignal } from './source.ts';

/** One incarnation of a connector's task, built anew for every start so that references and plugins are fresh. */
export interface Incarnation {
  /** Resolves when `signal` aborts or the source is exhausted; rejects when it cannot go on. */
  run(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
  /** As `Source.signal`; absent: this source takes none. */
  signal?(signal: SourceSignal): Promise<void>;
}

/** What a task under way tells its supervisor. */
export interface TaskEvents {
  /** It is under way, or is so again after trouble. */
  running(): void;
  /** It goes on trying by itself, and this is what stands in its way. */
  troubled(reason: unknown): void;
}

export interface SupervisorStatus {
  readonly state: State;
  /** Why it failed, or why the last attempt failed while it is being retried. */
  readonly trace: string | null;
  /** True when the failure was in building the task: config, plugins, references. */
  readonly unbuilt: boolean;
}

export interface SupervisorOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Resolves references, creates source, sink and converters. */
  readonly build: (events: TaskEvents) => Promise<Incarnation>;
  readonly scrub: (text: string) => string;
  readonly retry: () => RetryPolicy;
  readonly changed: (status: SupervisorStatus) => void;
}

/** The wish, as opposed to `State`, which is the fact. */
type Desired = 'RUNNING' | 'PAUSED' | 'STOPPED' | 'RELEASED';

const retryDelayMsMin = 500;

/** A run that another one has replaced never comes back. */
function mayPass(error: unknown, passing: JavaRegex | null): boolean {
  const reaction = classify(error);
  return reaction === 'retry' || (reaction === 'fail' && passing !== null && messagesOf(error).some((message) => passing.matches(message)));
}

/**
 * Keeps one connector's task as it should be. Callers say what they want and return; one loop carries it out, so there
 * are never two incarnations of a task at a time and nothing here can hold up another connector.
 *
 * A failure that may pass (`retry`) leaves the state RUNNING with the reason in the trace, and is tried again after a
 * growing pause. Everything else is FAILED until somebody restarts it.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  #desired: Desired = 'PAUSED';
  #state: State = 'UNASSIGNED';
  #trace: string | null = null;
  #unbuilt = false;
  #attempts = 0;
  #restart = false;
  #exhausted = false;
  #abort: AbortController | null = null;
  #incarnation: Incarnation | null = null;
  #wake: AbortController = new AbortController();
  #loop: Promise<void> | null = null;
  readonly #waiters = new Set<() => void>();

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  get status(): SupervisorStatus {
    return { state: this.#state, trace: this.#trace, unbuilt: this.#unbuilt };
  }

  /** True while an incarnation exists, even one that is on its way out. */
  get busy(): boolean {
    return this.#abort !== null;
  }

  /** What runs now; null: nothing does. */
  get incarnation(): Incarnation | null {
    return this.#incarnation;
  }

  run(): void {
    this.#want('RUNNING');
  }

  pause(): void {
    this.#want('PAUSED');
  }

  stop(): void {
    this.#want('STOPPED');
  }

  /** A new incarnation, also of a failed task; paused stays paused. */
  restart(): void {
    this.#restart = true;
    this.#apply('restart');
    this.#want(this.#desired);
  }

  /** Ends for good. Resolves when the incarnation has let go of everything. */
  async release(): Promise<void> {
    this.#want('RELEASED');
    await this.#loop;
  }

  /** Resolves when the facts are what was last wished for, or the task failed; false when that took longer. */
  settled(timeoutMs: number): Promise<boolean> {
    if (this.#isSettled()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const done = (settled: boolean): void => {
        this.#waiters.delete(check);
        timer.cancel();
        resolve(settled);
      };
      const check = (): void => {
        if (this.#isSettled()) done(true);
      };
      const timer = this.#options.clock.after(timeoutMs, () => done(false));
      this.#waiters.add(check);
    });
  }

  #isSettled(): boolean {
    if (this.#restart) return false;
    if (this.#desired === 'RUNNING') return this.#state === 'RUNNING' || this.#state === 'FAILED';
    if (this.#desired === 'RELEASED') return this.#state === 'UNASSIGNED' && !this.busy;
    return !this.busy && (this.#state === this.#desired || (this.#desired === 'PAUSED' && this.#state === 'FAILED'));
  }

  #want(desired: Desired): void {
    this.#desired = desired;
    if (desired !== 'RUNNING' || this.#restart) this.#abort?.abort();
    this.#wake.abort();
    this.#loop ??= this.#supervise();
  }

  #apply(event: Event): void {
    const outcome = transitions[this.#state][event];
    assert(outcome !== 'illegal', `lifecycle event ${event} in state ${this.#state}`);
    if (outcome === 'ignored') return;
    if (outcome !== 'FAILED') {
      this.#trace = null;
      this.#unbuilt = false;
    }
    this.#enter(outcome);
  }

  #enter(state: State): void {
    this.#state = state;
    this.#options.changed(this.status);
    this.#notify();
  }

  #notify(): void {
    for (const waiter of this.#waiters) waiter();
  }

  async #supervise(): Promise<void> {
    for (;;) {
      this.#wake = new AbortController();
      const restart = this.#restart;
      this.#restart = false;
      if (restart) {
        this.#exhausted = false;
        // The old incarnation may have failed on its way out; that is no reason not to start a new one.
        this.#apply('restart');
      }
      switch (this.#desired) {
        case 'RELEASED':
          this.#apply('release');
          this.#notify();
          return;
        case 'PAUSED':
          this.#apply('pause');
          await this.#sleep(null);
          break;
        case 'STOPPED':
          this.#exhausted = false;
          this.#apply('stop');
          await this.#sleep(null);
          break;
        case 'RUNNING':
          await this.#runOnce();
      }
    }
  }

  async #runOnce(): Promise<void> {
    if (this.#state === 'FAILED' || this.#exhausted) {
      if (this.#exhausted) this.#apply('resume');
      await this.#sleep(null);
      return;
    }
    const abort = new AbortController();
    this.#abort = abort;
    let failure: unknown = null;
    try {
      await this.#attempt(abort.signal);
    } catch (error) {
      failure = error ?? new Error('unknown failure');
    }
    this.#abort = null;
    if (failure !== null && !(abort.signal.aborted && classify(failure) === 'retry')) await this.#failed(failure);
    else if (!abort.signal.aborted) {
      this.#exhausted = true;
      this.#options.log.info('The source is exhausted; the connector stays as it is until it is restarted');
    }
    this.#notify();
  }

  async #attempt(signal: AbortSignal): Promise<void> {
    let incarnation: Incarnation;
    try {
      incarnation = await this.#options.build({ running: () => this.#running(), troubled: (reason) => this.#troubled(reason) });
    } catch (error) {
      this.#unbuilt = true;
      throw error;
    }
    try {
      if (signal.aborted) return;
      this.#unbuilt = false;
      this.#apply(this.#startEvent());
      this.#incarnation = incarnation;
      await incarnation.run(signal);
    } finally {
      this.#incarnation = null;
      await incarnation.close().catch((error: unknown) => {
        this.#options.log.warn({ reason: this.#options.scrub(describeError(error)) }, 'Closing the task failed');
      });
    }
  }

  /** The task got as far as streaming: earlier failures are over. */
  #running(): void {
    this.#attempts = 0;
    if (this.#trace === null || this.#state !== 'RUNNING') return;
    this.#trace = null;
    this.#enter('RUNNING');
  }

  /** The state stays RUNNING, and says why nothing moves. */
  #troubled(reason: unknown): void {
    const trace = this.#options.scrub(errorTrace(reason));
    if (this.#state !== 'RUNNING' || this.#abort === null || trace === this.#trace) return;
    this.#trace = trace;
    this.#enter('RUNNING');
  }

  async #failed(error: unknown): Promise<void> {
    const reason = this.#options.scrub(describeError(error));
    const trace = this.#options.scrub(errorTrace(error));
    const { delayMsMax, delayMs: constant, retriesMax, passing } = this.#options.retry();
    if (mayPass(error, passing) && (retriesMax < 0 || this.#attempts < retriesMax)) {
      const delayMs = constant ?? Math.min(retryDelayMsMin * 2 ** Math.min(this.#attempts, 20), delayMsMax);
      this.#attempts += 1;
      this.#options.log.warn({ reason, attempt: this.#attempts, retryInMs: delayMs }, 'The task was interrupted and will be tried again');
      this.#apply(this.#startEvent());
      this.#trace = trace;
      this.#enter(this.#state);
      await this.#sleep(delayMs);
      return;
    }
    this.#attempts = 0;
    this.#trace = trace;
    this.#options.log.error(
      { reason },
      'Task threw an uncaught and unrecoverable exception. Task is being killed and will not recover until manually restarted',
    );
    this.#apply('fail');
  }

  #startEvent(): Event {
    return this.#state === 'PAUSED' || this.#state === 'STOPPED' ? 'resume' : 'start';
  }

  /** Until something new is wished for, or for `delayMs`. */
  async #sleep(delayMs: number | null): Promise<void> {
    const signal = this.#wake.signal;
    this.#notify();
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = delayMs === null ? null : this.#options.clock.after(delayMs, resolve);
      signal.addEventListener(
        'abort',
        () => {
          timer?.cancel();
          resolve();
        },
        { once: true },
      );
    });
  }
}
