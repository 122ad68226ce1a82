import type { Clock } from '../../base/clock.ts';
import { endOfTurn } from '../../base/end-of-turn.ts';
import { ReadPacing } from './liveness.ts';

/** Puts `ReadPacing` into effect on a plain or an encrypted connection. */
export class PacedReads {
  readonly #pacing = new ReadPacing();
  readonly #encrypted: boolean;
  readonly #clock: Clock;
  readonly #leaveAlone: (waitMs: number) => void;
  #turnBytes = 0;

  /** `leaveAlone` may stop reading for so long, and says `waited` when it reads again. */
  constructor(encrypted: boolean, clock: Clock, leaveAlone: (waitMs: number) => void) {
    this.#encrypted = encrypted;
    this.#clock = clock;
    this.#leaveAlone = leaveAlone;
  }

  /** As many bytes as there was `room` for: more is waiting. */
  arrived(bytes: number, room: number): void {
    if (!this.#encrypted) {
      const waitMs = this.#pacing.read(this.#clock.monotonic(), bytes);
      if (waitMs > 0 && bytes < room) this.#leaveAlone(waitMs);
      return;
    }
    // A TLS record comes as a read of its own, and what pauses behind the first one has them come one by one, a wait each.
    if (this.#turnBytes === 0) endOfTurn(() => this.#turnEnded());
    this.#turnBytes += bytes;
  }

  waited(): void {
    this.#pacing.waited(this.#clock.monotonic());
  }

  #turnEnded(): void {
    const waitMs = this.#pacing.read(this.#clock.monotonic(), this.#turnBytes);
    this.#turnBytes = 0;
    if (waitMs > 0) this.#leaveAlone(waitMs);
  }
}
