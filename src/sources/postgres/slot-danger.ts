/** The end of a danger is believed when it has been away for so long: standing still changes the forecast at once. */
const calmMs = 60_000;

export interface SlotDangerSettings {
  /** Others wait when the log for the slot is used up within this time. */
  readonly limitMs: number;
  /** They do not wait longer than this for one danger. */
  readonly holdMsMax: number;
}

/**
 * Decides when other connectors have to wait because a slot is about to be lost. They are let go when the danger has been
 * over for a minute, and at the latest after `holdMsMax`: then waiting does not help, and they are not held again before
 * the danger has been over once.
 */
export class SlotDanger {
  readonly #settings: SlotDangerSettings;
  #sinceMs: number | null = null;
  #calmSinceMs: number | null = null;
  #secondsLeft: number | null = null;
  /** The danger that was given up. */
  #givenUpMs: number | null = null;

  constructor(settings: SlotDangerSettings) {
    this.#settings = settings;
  }

  /** Whether a connector with this slot may stand still for another. */
  get farAway(): boolean {
    return this.#secondsLeft === null || this.#secondsLeft * 1000 > this.#settings.limitMs * 2;
  }

  /** `secondsLeft` as `SlotForecast.add` gives it. `given up`: just now, because it does not help. */
  judge(nowMs: number, secondsLeft: number | null): 'hold' | 'free' | 'given up' {
    this.#secondsLeft = secondsLeft;
    if (secondsLeft !== null && secondsLeft * 1000 <= this.#settings.limitMs) {
      this.#sinceMs ??= nowMs;
      this.#calmSinceMs = null;
    } else if (this.#sinceMs !== null && this.farAway) {
      this.#calmSinceMs ??= nowMs;
      if (nowMs - this.#calmSinceMs >= calmMs) this.#sinceMs = null;
    }
    if (this.#sinceMs === null) return 'free';
    const heldMs = nowMs - this.#sinceMs;
    if (heldMs < this.#settings.holdMsMax) return 'hold';
    if (this.#givenUpMs === this.#sinceMs) return 'free';
    this.#givenUpMs = this.#sinceMs;
    return 'given up';
  }
}
