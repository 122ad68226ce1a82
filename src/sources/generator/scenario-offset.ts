import type { SourceOffset } from '../../record/offset.ts';
import { natural, malformedOffset, partition } from './generator-offset.ts';

/** Where a scenario goes on. Everything a further record depends on is in here. */
export interface ScenarioProgress {
  /** How often it was started before. */
  readonly generation: number;
  /** Records made. */
  readonly iteration: number;
  /** Of all of it; null: nothing was made yet. */
  readonly seed: bigint | null;
  readonly turn: number;
  /** How many events of that turn are done. */
  readonly done: number;
  /** Of `ScenarioTimes`. */
  readonly times: string;
}

export function scenarioOffset({ generation, iteration, seed, turn, done, times }: ScenarioProgress): SourceOffset {
  return {
    partition,
    offset: {
      'task.generation': generation,
      'current.iteration': iteration,
      'random.seed': seed,
      'scenario.turn': turn,
      'scenario.done': done,
      ...(times === '' ? {} : { 'scenario.times': times }),
    },
  };
}

/** Throws `config.invalid` on an offset that no scenario has written. */
export function parseScenarioOffset(offsets: readonly SourceOffset[]): ScenarioProgress {
  const offset = offsets.find((each) => Number(each.partition['task.id']) === 0)?.offset ?? null;
  if (offset === null) return { generation: 0, iteration: 0, seed: null, turn: 0, done: 0, times: '' };
  const seed = offset['random.seed'] ?? null;
  if (seed !== null && typeof seed !== 'bigint' && !Number.isInteger(seed)) throw malformedOffset('"random.seed" is no whole number');
  const times = offset['scenario.times'] ?? '';
  if (typeof times !== 'string' || !/^(\d+:\d+:\d+(,\d+:\d+:\d+)*)?$/.test(times))
    throw malformedOffset('"scenario.times" is no list of times');
  return {
    generation: natural(offset, 'task.generation'),
    iteration: natural(offset, 'current.iteration'),
    seed: seed === null ? null : BigInt(seed),
    turn: natural(offset, 'scenario.turn'),
    done: natural(offset, 'scenario.done'),
    times,
  };
}
