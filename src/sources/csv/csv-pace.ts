import type { Clock } from '../../base/clock.ts';
import { TokenBucket } from './token-bucket.ts';

export interface CsvPaceOptions {
  /** 0: as fast as the sink takes them. */
  readonly rowsPerSecond: number;
  /** Before every row but the first. */
  readonly rowDelayMs: number;
  /** After so many rows there is a pause; 0: never. */
  readonly burstRows: number;
  readonly burstPauseMs: number;
  /** Waits are longer or shorter by up to this part of them, 0 to 1. */
  readonly jitter: number;
}

export function isPaced(options: CsvPaceOptions): boolean {
  return options.rowsPerSecond > 0 || options.rowDelayMs > 0 || (options.burstRows > 0 && options.burstPauseMs > 0);
}

/** Decides how long to wait before a row; the caller brings the clock and does the waiting. */
export class CsvPace {
  readonly #options: CsvPaceOptions;
  readonly #clock: Clock;
  readonly #bucket: TokenBucket | null;
  #inBurst = 0;
  #first = true;
  // A generator of its own (Park and Miller's), so that tests see the same waits; nothing depends on its quality.
  #seed = 20_200_701;

  constructor(options: CsvPaceOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    this.#bucket = options.rowsPerSecond > 0 ? new TokenBucket(options.rowsPerSecond, clock.monotonic()) : null;
  }

  /** Resolves when the next row may go; rejects when `signal` aborts. */
  async turn(signal: AbortSignal): Promise<void> {
    const { rowDelayMs, burstRows, burstPauseMs } = this.#options;
    let waitMs = this.#first ? 0 : rowDelayMs;
    this.#first = false;
    if (burstRows > 0) {
      if (this.#inBurst === burstRows) {
        waitMs += burstPauseMs;
        this.#inBurst = 0;
      }
      this.#inBurst += 1;
    }
    if (waitMs > 0) await this.#clock.sleep(this.#jittered(waitMs), signal);
    for (;;) {
      const tokenMs = this.#bucket?.take(this.#clock.monotonic()) ?? 0;
      if (tokenMs === 0) return;
      await this.#clock.sleep(this.#jittered(tokenMs), signal);
    }
  }

  #jittered(waitMs: number): number {
    const { jitter } = this.#options;
    if (jitter === 0) return waitMs;
    this.#seed = (this.#seed * 48_271) % 0x7fff_ffff;
    return Math.max(0, waitMs * (1 + jitter * ((2 * this.#seed) / 0x7fff_ffff - 1)));
  }
}
