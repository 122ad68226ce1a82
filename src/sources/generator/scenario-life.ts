import type { JavaRandom } from './java-random.ts';
import { seedFor } from './row-seed.ts';
import type { Scenario, ScenarioPath, ScenarioTable } from './scenario-spec.ts';

/** What happens to one row, from the first turn to the last. */
export interface Life {
  readonly path: number;
  /** When each step happens; the first is the birth. */
  readonly turns: readonly number[];
  /** After this turn the row is gone; Infinity: it stays. */
  readonly end: number;
  /** Rows it refers to, by column index: their numbers from 0. */
  readonly references: ReadonlyMap<number, number>;
}

/** So often a row is drawn at random before one that is there is looked for. */
const drawsMax = 32;
/** Lives kept, so that those referred to again and again are not worked out each time. */
const keptMax = 100_000;

/**
 * When rows are born, change and die. All of it follows from the seed and a row's number alone, so that a generator can
 * go on at any turn without having kept the rows of earlier ones.
 */
export class ScenarioLives {
  readonly #scenario: Scenario;
  readonly #seedHigh: number;
  readonly #seedLow: number;
  readonly #random: JavaRandom;
  readonly #known: Map<number, Life | null>[];

  constructor(scenario: Scenario, seedHigh: number, seedLow: number, random: JavaRandom) {
    this.#scenario = scenario;
    this.#seedHigh = seedHigh;
    this.#seedLow = seedLow;
    this.#random = random;
    this.#known = scenario.map(() => new Map());
  }

  /** Null: the row is never born, because there was nothing for it to refer to. */
  of(table: number, row: number): Life | null {
    const known = this.#known[table] as Map<number, Life | null>;
    let life = known.get(row);
    if (life === undefined) {
      if (known.size >= keptMax) known.clear();
      life = this.#live(table, row);
      known.set(row, life);
    }
    return life;
  }

  #live(table: number, row: number): Life | null {
    const spec = this.#scenario[table] as ScenarioTable;
    const random = this.#random;
    seedFor(random, this.#seedHigh, this.#seedLow, table, row, lifeStream);
    const path = pickPath(spec.paths, random.double());
    const { steps } = spec.paths[path] as ScenarioPath;
    const turns = [birthOf(spec, row)];
    for (const { after } of steps) turns.push((turns.at(-1) ?? 0) + after.min + random.below(after.max - after.min + 1));
    const end = steps.at(-1)?.isDelete === true ? (turns.at(-1) ?? 0) : Infinity;
    const references = new Map<number, number>();
    for (const [column, parent] of spec.references) {
      const found = this.#refer(table, row, column, parent, turns[0] ?? 0, end);
      if (found < 0) return null;
      references.set(column, found);
    }
    return { path, turns, end, references };
  }

  /** A row of `parent` that is there from `born` to `end`; -1: there is none. */
  #refer(table: number, row: number, column: number, parent: number, born: number, end: number): number {
    const spec = this.#scenario[parent] as ScenarioTable;
    const count = bornUpTo(spec, born);
    const oldest = bornUpTo(spec, born - lifeMaxOf(spec) - 1);
    const isThere = (candidate: number): boolean => (this.of(parent, candidate)?.end ?? -1) >= end;
    if (count <= oldest) return -1;
    for (let draw = 0; draw < drawsMax; draw += 1) {
      // Lives are worked out with the same random numbers, so each draw starts from a seed of its own.
      seedFor(this.#random, this.#seedHigh, this.#seedLow, table, row, referenceStream + column * drawsMax + draw);
      const candidate = oldest + Math.floor(this.#random.double() * (count - oldest));
      if (isThere(candidate)) return candidate;
    }
    for (let candidate = count - 1; candidate >= oldest; candidate -= 1) if (isThere(candidate)) return candidate;
    return -1;
  }
}

/** Streams of random numbers of one row; its cells use those from 0. */
const lifeStream = 0x4000_0000;
const referenceStream = 0x5000_0000;

/** The turn in which a row is born. */
export function birthOf({ initial, every }: ScenarioTable, row: number): number {
  return row < initial ? 0 : Math.ceil((row - initial + 1) * every);
}

/** How many rows are born in the turns up to this one. */
export function bornUpTo(table: ScenarioTable, turn: number): number {
  if (turn < 0) return 0;
  // The quotient says about how many; what a rounded product decides is decided by `birthOf` alone.
  let count = table.initial + Math.max(0, Math.floor(turn / table.every) - 1);
  while (birthOf(table, count) <= turn) count += 1;
  while (count > 0 && birthOf(table, count - 1) > turn) count -= 1;
  return count;
}

/** The longest time between a birth and the last change of that row; Infinity where rows may stay for ever. */
export function lifeMaxOf({ paths }: ScenarioTable): number {
  return paths.some((path) => path.share > 0 && path.steps.at(-1)?.isDelete !== true) ? Infinity : stepsMaxOf(paths);
}

/** The longest time between a birth and the last step. */
export function stepsMaxOf(paths: readonly ScenarioPath[]): number {
  return Math.max(0, ...paths.map((path) => path.steps.reduce((sum, step) => sum + step.after.max, 0)));
}

function pickPath(paths: readonly ScenarioPath[], drawn: number): number {
  const total = paths.reduce((sum, path) => sum + path.share, 0);
  let left = drawn * total;
  let last = 0;
  for (const [at, { share }] of paths.entries()) {
    if (share === 0) continue;
    last = at;
    if (left < share) return at;
    left -= share;
  }
  return last;
}
