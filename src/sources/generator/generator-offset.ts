import { ConnectError } from '../../base/errors.ts';
import type { OffsetMap, SourceOffset } from '../../record/offset.ts';

/** Where a generator goes on. Everything a further record depends on is in here. */
export interface GeneratorProgress {
  /** How often it was started before. */
  readonly generation: number;
  /** Records made. */
  readonly iteration: number;
  /** Of the next record; null: nothing was made yet. */
  readonly seed: bigint | null;
  /** Of counters that do not move once with every record: inside arrays, maps and unions. */
  readonly counts: readonly number[];
}

/** There is one task, whatever `tasks.max` says. */
export const partition: OffsetMap = { 'task.id': 0 };

/** Under the names that the data generator of Confluent uses, which goes on from it and from whose offsets this one does. */
export function generatorOffset(progress: GeneratorProgress): SourceOffset {
  const { generation, iteration, seed, counts } = progress;
  return {
    partition,
    offset: {
      'task.generation': generation,
      'current.iteration': iteration,
      'random.seed': seed,
      ...(counts.length === 0 ? {} : { 'iteration.counts': counts.join(',') }),
    },
  };
}

/** Throws `config.invalid` on an offset that no generator has written. */
export function parseGeneratorOffset(offsets: readonly SourceOffset[]): GeneratorProgress {
  const offset = offsets.find((each) => Number(each.partition['task.id']) === 0)?.offset ?? null;
  if (offset === null) return { generation: 0, iteration: 0, seed: null, counts: [] };
  const seed = offset['random.seed'] ?? null;
  if (seed !== null && typeof seed !== 'bigint' && !Number.isInteger(seed)) throw malformedOffset('"random.seed" is no whole number');
  const counts = offset['iteration.counts'] ?? '';
  if (typeof counts !== 'string' || !/^(\d+(,\d+)*)?$/.test(counts)) throw malformedOffset('"iteration.counts" is no list of numbers');
  return {
    generation: natural(offset, 'task.generation'),
    iteration: natural(offset, 'current.iteration'),
    seed: seed === null ? null : BigInt(seed),
    counts: counts === '' ? [] : counts.split(',').map(Number),
  };
}

export function natural(offset: OffsetMap, name: string): number {
  const value = offset[name] ?? 0;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw malformedOffset(`"${name}" is not a whole number from 0`);
}

export function malformedOffset(reason: string): ConnectError {
  return new ConnectError('config.invalid', `The stored offset is not one of a data generator: ${reason}.`, {
    remedy:
      'Correct or delete the connector\'s offsets, as in {"task.id":0} → {"task.generation":1,"current.iteration":100,"random.seed":42}.',
  });
}
