/** Lets `perSecond` rows through per second, with short bursts after a pause. Pure: the caller brings the time and waits. */
export class TokenBucket {
  readonly #perMs: number;
  readonly #capacity: number;
  #tokens = 1;
  #atMs: number;

  constructor(perSecond: number, nowMs: number) {
    this.#perMs = perSecond / 1000;
    // A tenth of a second: large enough that high rates do not need a timer per row.
    this.#capacity = Math.max(1, perSecond / 10);
    this.#atMs = nowMs;
  }

  /** Takes one token and returns 0, or takes none and returns the milliseconds until there is one. */
  take(nowMs: number): number {
    this.#tokens = Math.min(this.#capacity, this.#tokens + (nowMs - this.#atMs) * this.#perMs);
    this.#atMs = nowMs;
    // Rounding of repeated additions must not cost a further wait of next to nothing.
    if (this.#tokens < 1 - 1e-9) return Math.max(1, Math.ceil((1 - this.#tokens) / this.#perMs));
    this.#tokens = Math.max(0, this.#tokens - 1);
    return 0;
  }
}
