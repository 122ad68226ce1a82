import type { MicroResult } from './measure.ts';

export type Verdict = 'same' | 'faster' | 'slower' | 'new' | 'gone';

export interface Difference {
  readonly name: string;
  readonly verdict: Verdict;
  /** Time now by time then; 1.2: a fifth slower. */
  readonly factor: number;
}

/** Smaller differences than this are not told, however quiet the machine was. */
const floor = 0.1;
/** Nor those of a few machine instructions. */
const nanosecondsMin = 5;

/** Beyond noise means: further apart than both spreads together, and than a tenth. */
export function compareResults(results: readonly MicroResult[], baseline: readonly MicroResult[]): Difference[] {
  const known = new Map(baseline.map((each) => [each.name, each]));
  const found = results.map(({ name, ratio, spread, nanosecondsPerUnit }): Difference => {
    const then = known.get(name);
    known.delete(name);
    if (then === undefined) return { name, verdict: 'new', factor: Number.NaN };
    const factor = ratio / then.ratio;
    const noise = Math.max(floor, spread + then.spread);
    if (Math.abs(1 - 1 / factor) * nanosecondsPerUnit < nanosecondsMin) return { name, verdict: 'same', factor };
    const verdict = factor > 1 + noise ? 'slower' : factor < 1 / (1 + noise) ? 'faster' : 'same';
    return { name, verdict, factor };
  });
  return [...found, ...Array.from(known.keys(), (name): Difference => ({ name, verdict: 'gone', factor: Number.NaN }))];
}
