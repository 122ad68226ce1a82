import type { Scenario } from './scenario-spec.ts';
import { bornUpTo, stepsMaxOf, type ScenarioLives } from './scenario-life.ts';

/** One change of one row. `step` 0 is its birth, `step` n the n-th of its path. */
export interface ScenarioEvent {
  readonly table: number;
  readonly row: number;
  readonly step: number;
}

/**
 * What happens in each turn: births, parents first; then updates; then deletes, children first. So at no moment does a
 * row refer to one that is not there. Holds the turns to come, as far as rows that are there have a part in them.
 */
export class ScenarioCalendar {
  readonly #scenario: Scenario;
  readonly #lives: ScenarioLives;
  readonly #isDelete: (event: ScenarioEvent) => boolean;
  readonly #ahead = new Map<number, ScenarioEvent[]>();
  #turn: number;

  /** Starts before `turn`; rows born earlier and with something still to come are worked out again. */
  constructor(scenario: Scenario, lives: ScenarioLives, turn: number) {
    this.#scenario = scenario;
    this.#lives = lives;
    this.#turn = turn;
    this.#isDelete = ({ table, row, step }) => {
      const life = lives.of(table, row);
      return life !== null && step === life.turns.length - 1 && life.end !== Infinity;
    };
    for (const [table, spec] of scenario.entries()) {
      const last = bornUpTo(spec, turn - 1);
      for (let row = bornUpTo(spec, turn - 1 - stepsMaxOf(spec.paths)); row < last; row += 1) this.#plan(table, row);
    }
  }

  /** The events of the next turn, in their order. */
  next(): readonly ScenarioEvent[] {
    const turn = this.#turn;
    const births: ScenarioEvent[] = [];
    for (const [table, spec] of this.#scenario.entries()) {
      const last = bornUpTo(spec, turn);
      for (let row = bornUpTo(spec, turn - 1); row < last; row += 1) if (this.#plan(table, row)) births.push({ table, row, step: 0 });
    }
    const changes = (this.#ahead.get(turn) ?? []).sort((left, right) => left.table - right.table || left.row - right.row);
    this.#ahead.delete(turn);
    this.#turn += 1;
    const updates = changes.filter((event) => !this.#isDelete(event));
    const deletes = changes.filter(this.#isDelete).toReversed();
    return [...births, ...updates, ...deletes];
  }

  /** Enters what is to come of a row; false when it is never born. */
  #plan(table: number, row: number): boolean {
    const life = this.#lives.of(table, row);
    if (life === null) return false;
    for (let step = 1; step < life.turns.length; step += 1) {
      const turn = life.turns[step] ?? 0;
      if (turn < this.#turn) continue;
      const events = this.#ahead.get(turn);
      if (events === undefined) this.#ahead.set(turn, [{ table, row, step }]);
      else events.push({ table, row, step });
    }
    return true;
  }
}
