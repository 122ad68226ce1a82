import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';

/** A connector that may have to wait. */
export interface Waiter {
  readonly connector: string;
  /** Nothing is lost upstream if it stands still for a while. */
  readonly canWait: () => boolean;
  /** It stands still, and why. */
  readonly onHeld: (reason: string) => void;
  /** It goes on. */
  readonly onFree: () => void;
}

/** Who may claim the way. */
export interface Claimant {
  /** `reason` null: gives it up. */
  claim(reason: string | null): void;
  end(): void;
}

/** How often a connector that waits looks whether it still can. */
const lookMs = 1000;

/**
 * Connectors of one worker share its processor, its brokers and often a database. One that is about to lose its place
 * upstream may claim the way for itself: the others commit nothing more and so come to stand, each by its own
 * back-pressure, until the claim is given up. Nobody's target state changes.
 */
export class RightOfWay {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #claims = new Map<string, string>();
  #changed = Promise.withResolvers<void>();

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock;
    this.#log = log;
  }

  /** For one incarnation of a connector's task: when it ends, what it claimed is given up, and what it claims later is not heard. */
  claimant(connector: string): Claimant {
    let ended = false;
    return {
      claim: (reason) => {
        if (!ended) this.#claim(connector, reason);
      },
      end: () => {
        if (!ended) this.#claim(connector, null);
        ended = true;
      },
    };
  }

  #claim(connector: string, reason: string | null): void {
    const known = this.#claims.get(connector);
    if ((known ?? null) === reason) return;
    if (reason === null) {
      this.#claims.delete(connector);
      this.#log.info({ connector }, 'the connector needs no right of way any more: others go on');
    } else {
      this.#claims.set(connector, reason);
      if (known === undefined) this.#log.warn({ connector, reason }, 'a connector takes the right of way: others stand still meanwhile');
    }
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  /** Why the connector has to wait; null: it need not. One that claims the way itself does not. */
  reason(connector: string): string | null {
    if (this.#claims.size === 0 || this.#claims.has(connector)) return null;
    const [[other, reason] = ['', '']] = this.#claims;
    return `Held up for the connector "${other}": ${reason}`;
  }

  /** Resolves when the connector may go on, or `signal` aborts. */
  async pass({ connector, canWait, onHeld, onFree }: Waiter, signal: AbortSignal): Promise<void> {
    let held = false;
    for (;;) {
      const reason = signal.aborted || !canWait() ? null : this.reason(connector);
      if (reason === null) break;
      held = true;
      onHeld(reason);
      const woken = new AbortController();
      const stop = (): void => woken.abort();
      signal.addEventListener('abort', stop, { once: true });
      await Promise.race([this.#changed.promise, this.#clock.sleep(lookMs, woken.signal).catch(() => undefined)]);
      woken.abort();
      signal.removeEventListener('abort', stop);
    }
    if (held) onFree();
  }
}
