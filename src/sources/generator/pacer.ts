import type { HourRates } from './hour-rates.ts';
import type { JavaRandom } from './java-random.ts';

/** When rows come. The first two exclude each other; both 0: as fast as they are taken. */
export interface Pace {
  /** A random pause up to so long before every row, half of it on average. */
  readonly intervalMsMax: number;
  readonly rowsPerSecond: number;
  /** So many rows at once, then a pause for all of them. */
  readonly burstRows: number;
  /** How much pauses vary, as a share of themselves: 0 not at all, 1 between nothing and twice as long. */
  readonly jitter: number;
  /** Shares of `rowsPerSecond` by the time of day; null: always all of it. */
  readonly byHour: HourRates | null;
}

/** How long to wait before asking again in an hour without rows. */
export const standstillMs = 10_000;

/** What was missed in longer than this is not made up for, so that a stalled sink is not followed by a flood. */
const arrearsMsMax = 1000;

/**
 * Says when the next row is due. Pauses are added up from due time to due time, so that rates hold on average however
 * coarse timers are. Pure: the caller brings the time and waits.
 */
export class Pacer {
  readonly #pace: Pace;
  readonly #random: JavaRandom;
  #dueMs: number;
  #leftInBurst = 0;

  constructor(pace: Pace, random: JavaRandom, nowMs: number) {
    this.#pace = pace;
    this.#random = random;
    this.#dueMs = nowMs;
  }

  /**
   * Asks for one more row and returns the milliseconds until it is due, 0 when it is. `share` of `rowsPerSecond` holds
   * at present; null: nothing is due now, ask again.
   */
  next(nowMs: number, share = 1): number | null {
    const { intervalMsMax, rowsPerSecond, burstRows, jitter } = this.#pace;
    if (intervalMsMax <= 0 && rowsPerSecond <= 0) return 0;
    if (this.#leftInBurst > 0) {
      this.#leftInBurst -= 1;
      return 0;
    }
    if (share <= 0) {
      this.#dueMs = nowMs;
      return null;
    }
    if (this.#dueMs < nowMs - arrearsMsMax) this.#dueMs = nowMs;
    if (rowsPerSecond > 0) {
      // The first burst comes at once, each further one after the pause for the one before.
      const due = this.#dueMs;
      this.#dueMs += ((1000 * burstRows) / (rowsPerSecond * share)) * (1 + jitter * (2 * this.#random.double() - 1));
      this.#leftInBurst = burstRows - 1;
      return wait(due - nowMs);
    }
    this.#dueMs += intervalMsMax * this.#random.double();
    return wait(this.#dueMs - nowMs);
  }
}

/** Timers know whole milliseconds; what is less is made up for later. */
function wait(ms: number): number {
  return ms < 1 ? 0 : Math.floor(ms);
}
