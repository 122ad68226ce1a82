import type { Clock } from '../base/clock.ts';

/**
 * Changes to what the worker runs happen one after another. Nothing that waits for a source, a sink or a person goes
 * through here: only decisions and the records that make them last.
 */
export class WorkQueue {
  readonly #clock: Clock;
  #tail: Promise<unknown> = Promise.resolve();
  #current: { readonly what: string; readonly beganMs: number } | null = null;
  #last: { readonly what: string; readonly beganMs: number; readonly endedMs: number } | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `what` completes "The worker is currently …". */
  run<T>(what: string, work: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(async () => {
      const beganMs = this.#clock.now();
      this.#current = { what, beganMs };
      try {
        return await work();
      } finally {
        this.#last = { what, beganMs, endedMs: this.#clock.now() };
        this.#current = null;
      }
    });
    this.#tail = result.catch(() => undefined);
    return result;
  }

  /** Kafka Connect's sentence about what holds things up; with a blank before it, empty when nothing ever ran. */
  get stage(): string {
    if (this.#current !== null) return ` The worker is currently ${this.#current.what}, which began at ${iso(this.#current.beganMs)}`;
    if (this.#last === null) return '';
    const { what, beganMs, endedMs } = this.#last;
    return ` The last operation the worker completed was ${what}, which began at ${iso(beganMs)} and completed at ${iso(endedMs)}`;
  }
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
