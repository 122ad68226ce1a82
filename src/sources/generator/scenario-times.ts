interface Anchor {
  readonly turn: number;
  readonly ms: number;
  /** How long turns take from here on, as measured before. */
  readonly turnUs: number;
}

/**
 * The times of turns, for the columns that hold when a row was born or changed. They follow the clock about as turns do,
 * and still every turn has one time, told again whenever a row of that turn is written once more: what decided it is
 * kept in the offset.
 */
export class ScenarioTimes {
  /** Where times and clock were brought together, in order. */
  readonly #anchors: Anchor[];
  readonly #isFixed: boolean;
  /** Times of turns so far back are not asked for any more. */
  readonly #windowTurns: number;
  /** Turns have gone by since this was made. */
  #isRunning = false;

  /** `fixed`: the time of turn 0 and how long turns take; the clock does not matter then. */
  constructor(stored: string, fixed: { readonly ms: number; readonly turnMs: number } | null, windowTurns: number) {
    this.#isFixed = fixed !== null;
    this.#windowTurns = windowTurns;
    this.#anchors = fixed === null ? stored.split(',').flatMap(parse) : [{ turn: 0, ms: fixed.ms, turnUs: fixed.turnMs * 1000 }];
  }

  /** Before each turn: looks whether times have drifted away from the clock. They never go back. */
  enter(turn: number, nowMs: number): void {
    if (this.#isFixed) return;
    this.#look(turn, nowMs);
    this.#isRunning = true;
  }

  #look(turn: number, nowMs: number): void {
    const last = this.#anchors.at(-1);
    if (last === undefined) {
      this.#anchors.push({ turn, ms: nowMs, turnUs: 0 });
      return;
    }
    const time = this.at(turn);
    const passedMs = nowMs - last.ms;
    // The more there are already, the less a further one is wanted: they are part of every offset.
    const tolerated = (1000 + (3 * last.turnUs) / 1000 + passedMs / 20) * (1 + (this.#anchors.length / 50) ** 2);
    if (turn === last.turn || Math.abs(nowMs - time) <= tolerated) return;
    // A pause or an outage says nothing about how long turns take.
    const measuredUs = this.#isRunning ? Math.max(0, Math.round((passedMs * 1000) / (turn - last.turn))) : last.turnUs;
    this.#anchors.push({ turn, ms: Math.max(time, nowMs), turnUs: time > nowMs ? Math.floor(measuredUs / 2) : measuredUs });
    // The last anchor before the window still tells the times at its start.
    while ((this.#anchors[1]?.turn ?? Infinity) <= turn - this.#windowTurns) this.#anchors.shift();
  }

  at(turn: number): number {
    const anchors = this.#anchors;
    let at = anchors.length - 1;
    while (at > 0 && (anchors[at] as Anchor).turn > turn) at -= 1;
    const anchor = anchors[at];
    return anchor === undefined ? 0 : Math.floor(anchor.ms + ((turn - anchor.turn) * anchor.turnUs) / 1000);
  }

  toString(): string {
    return this.#isFixed ? '' : this.#anchors.map(({ turn, ms, turnUs }) => `${turn}:${ms}:${turnUs}`).join(',');
  }
}

function parse(item: string): Anchor[] {
  const match = /^(\d{1,15}):(\d{1,15}):(\d{1,15})$/.exec(item);
  return match === null ? [] : [{ turn: Number(match[1]), ms: Number(match[2]), turnUs: Number(match[3]) }];
}
