import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { SlotWatch } from './slot-watch.ts';
import type { SlotLag } from './source-metrics.ts';

const pollMs = 5000;

export interface SlotPollParts {
  /** Asks the server; null: it has no such slot. */
  readonly look: () => Promise<SlotLag | null>;
  readonly watch: Pick<SlotWatch, 'add' | 'tick'>;
  /** The next checkpoint takes the log away, and until then waits for whoever reads the slot. */
  readonly onUnreserved: () => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Looks at the slot every few seconds while it is being read. */
export class SlotPoll {
  readonly #parts: SlotPollParts;
  #polling: Promise<void> | null = null;
  #polledMs = -Infinity;

  constructor(parts: SlotPollParts) {
    this.#parts = parts;
  }

  tick(): void {
    const { clock, watch } = this.#parts;
    const nowMs = clock.monotonic();
    if (nowMs - this.#polledMs < pollMs) return;
    this.#polledMs = nowMs;
    watch.tick();
    // Behind a session that is held up they do not pile up.
    if (this.#polling === null) this.#polling = this.look().finally(() => (this.#polling = null));
  }

  /** Never rejects. */
  async look(): Promise<void> {
    const { look, watch, onUnreserved, log } = this.#parts;
    try {
      const lag = await look();
      if (lag !== null) watch.add(lag);
      if (lag?.walStatus === 'unreserved') onUnreserved();
    } catch (error) {
      // Only a measurement: what is wrong with the server shows in the stream itself.
      log.debug({ err: error }, 'the slot could not be looked at');
    }
  }
}
