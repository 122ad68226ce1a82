/** What the server still lets be written before the slot is in danger, seen at one moment. */
interface Sample {
  readonly atMs: number;
  readonly safeBytes: number;
}

/** Long enough that a checkpoint or one large transaction does not count as a trend. */
const windowMs = 60_000;
const spanMsMin = 15_000;

/**
 * When `max_slot_wal_keep_size` will be used up, from how fast `safe_wal_size` shrinks. It shrinks while the connector falls
 * behind and stays while it keeps up, however much is written.
 */
export class SlotForecast {
  #samples: Sample[] = [];
  #warnedSeconds = Infinity;

  /** Seconds until the slot may be lost; null: there is no limit, or it comes no closer, or it is too early to say. */
  add(atMs: number, safeBytes: number | null): number | null {
    if (safeBytes === null) {
      this.#samples = [];
      return null;
    }
    if (safeBytes <= 0) return 0;
    this.#samples = [...this.#samples.filter((sample) => atMs - sample.atMs <= windowMs), { atMs, safeBytes }];
    const [first] = this.#samples;
    if (first === undefined || atMs - first.atMs < spanMsMin) return null;
    const lostPerSecond = ((first.safeBytes - safeBytes) * 1000) / (atMs - first.atMs);
    return lostPerSecond > 0 ? safeBytes / lostPerSecond : null;
  }

  /** Whether to say so now: when it first falls below the limit, and again each time it has halved. */
  isNews(seconds: number | null, limitSeconds: number): boolean {
    if (seconds === null || seconds > limitSeconds) {
      if (seconds === null || seconds > limitSeconds * 2) this.#warnedSeconds = Infinity;
      return false;
    }
    if (seconds > this.#warnedSeconds / 2 || seconds === this.#warnedSeconds) return false;
    this.#warnedSeconds = seconds;
    return true;
  }
}
