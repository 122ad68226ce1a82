/** What a config may say about one thing: each level is a set of properties under a short name. */
export interface Factor {
  readonly name: string;
  readonly levels: readonly Level[];
}

export interface Level {
  readonly name: string;
  readonly config: Readonly<Record<string, string>>;
}

/** One level of each factor, by the factor's name. */
export type Row = ReadonlyMap<string, Level>;

type Levels = readonly number[];

export function named(name: string, levels: Readonly<Record<string, Level['config']>>): Factor {
  return { name, levels: Object.entries(levels).map(([level, config]): Level => ({ name: level, config })) };
}

/**
 * Rows in which every pair of levels of two factors stands together at least once: most faults need no more than two
 * properties to show. The same `random` gives the same rows; another one gives others. The earlier ones have most of the pairs.
 */
export function* pairwise(factors: readonly Factor[], random: () => number): Generator<Row, void> {
  const open = new Pairs(factors);
  while (open.size > 0) {
    const candidates = Array.from({ length: 20 }, () => candidate(factors, open, random));
    const best = candidates.reduce((left, right) => (open.covered(right) > open.covered(left) ? right : left));
    open.cover(best);
    yield new Map(factors.map(({ name, levels }, factor) => [name, levels[best[factor] ?? 0] as Level]));
  }
}

/** Begins with a pair that is still open, then gives each other factor the level that covers most. */
function candidate(factors: readonly Factor[], open: Pairs, random: () => number): Levels {
  const levels: number[] = factors.map(() => -1);
  for (const [factor, level] of open.any(random)) levels[factor] = level;
  for (const factor of shuffled(factors.length, random)) {
    if ((levels[factor] ?? -1) >= 0) continue;
    const gains = (factors[factor]?.levels ?? []).map((_, level) => open.gain(levels, factor, level) + random() / 2);
    levels[factor] = gains.indexOf(Math.max(...gains));
  }
  return levels;
}

/** The pairs that no row has so far. */
class Pairs {
  readonly #open = new Set<string>();

  constructor(factors: readonly Factor[]) {
    for (const [left, { levels }] of factors.entries()) {
      for (let right = left + 1; right < factors.length; right += 1) {
        for (const one of levels.keys())
          for (const other of (factors[right]?.levels ?? []).keys()) this.#open.add(pair(left, one, right, other));
      }
    }
  }

  get size(): number {
    return this.#open.size;
  }

  any(random: () => number): readonly (readonly [factor: number, level: number])[] {
    const chosen = [...this.#open][Math.floor(random() * this.#open.size)] ?? '';
    return chosen.split(' ').map((place) => place.split(':').map(Number) as [number, number]);
  }

  /** How many open pairs this level makes with those that are given already. */
  gain(levels: Levels, factor: number, level: number): number {
    return levels.filter((given, other) => given >= 0 && other !== factor && this.#open.has(ordered(other, given, factor, level))).length;
  }

  covered(levels: Levels): number {
    return pairsOf(levels).filter((found) => this.#open.has(found)).length;
  }

  cover(levels: Levels): void {
    for (const found of pairsOf(levels)) this.#open.delete(found);
  }
}

function pairsOf(levels: Levels): string[] {
  return levels.flatMap((one, left) => levels.slice(left + 1).map((other, offset) => pair(left, one, left + 1 + offset, other)));
}

function pair(left: number, one: number, right: number, other: number): string {
  return `${left}:${one} ${right}:${other}`;
}

function ordered(left: number, one: number, right: number, other: number): string {
  return left < right ? pair(left, one, right, other) : pair(right, other, left, one);
}

function shuffled(length: number, random: () => number): number[] {
  return Array.from({ length }, (_, index) => ({ index, place: random() }))
    .toSorted((left, right) => left.place - right.place)
    .map(({ index }) => index);
}
