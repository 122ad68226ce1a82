import { silentLog } from '../../../src/base/log.ts';
import { systemClock, type Clock } from '../../../src/base/clock.ts';
import { Metrics } from '../../../src/base/metrics.ts';
import type { ChangeOutlet, Source } from '../../../src/connect/source.ts';
import { opCodes, type Change } from '../../../src/record/change.ts';
import { parseOffset, stringifyOffset, type SourceOffset } from '../../../src/record/offset.ts';
import type { Shape } from '../../../src/record/shape.ts';
import { CellState, type TupleView } from '../../../src/record/tuple-view.ts';
import { generatorSourcePlugin } from '../../../src/sources/generator/plugin.ts';
import { configOf } from './generator-run.ts';

export type Row = Readonly<Record<string, string | null>>;

export interface ScenarioRecord {
  readonly topic: string;
  /** `c`, `u`, `d`; empty for a tombstone. */
  readonly op: string;
  readonly before: Row | null;
  readonly after: Row | null;
}

/** What a scenario emits, with the position behind each record as the offsets topic gives it back. */
export class ScenarioOutlet implements ChangeOutlet {
  readonly records: ScenarioRecord[] = [];
  readonly offsets: SourceOffset[] = [];
  readonly shapes = new Map<number, Shape>();
  onRecord: (records: number) => void = () => {};
  source: Source | null = null;

  declare(shape: Shape): Promise<void> {
    this.shapes.set(shape.schema.id, shape);
    return Promise.resolve();
  }

  emit(change: Change): boolean {
    const image = (tuple: TupleView): Row | null =>
      tuple.count === 0 ? null : Object.fromEntries(change.schema.columns.map(({ name }, cell) => [name, textOf(tuple, cell)]));
    const topic = this.shapes.get(change.schema.id)?.topic ?? '';
    this.records.push({ topic, op: opCodes[change.op] ?? '', before: image(change.before), after: image(change.after) });
    return true;
  }

  boundary(): boolean {
    for (const { partition, offset } of this.source?.position() ?? []) {
      if (offset !== null)
        this.offsets.push({ partition: parseOffset(stringifyOffset(partition)), offset: parseOffset(stringifyOffset(offset)) });
    }
    this.onRecord(this.records.length);
    return this.records.length % 7 !== 0;
  }

  reject(): boolean {
    throw new Error('a generator rejects nothing');
  }

  drained(): Promise<void> {
    return new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

function textOf(tuple: TupleView, cell: number): string | null {
  if (tuple.state[cell] !== CellState.TEXT) return null;
  return Buffer.from(tuple.bytes.subarray(tuple.start[cell], tuple.end[cell])).toString('utf8');
}

/** Runs until `iterations`, or until `stopAt` records of this run. */
export async function runScenario(
  values: Readonly<Record<string, string>>,
  resumeFrom: readonly SourceOffset[] = [],
  stopAt = Infinity,
  clock: Clock = systemClock,
): Promise<ScenarioOutlet> {
  const context = { connector: 'sample', config: configOf(values), clock, log: silentLog, metrics: new Metrics() };
  const source = generatorSourcePlugin.create(context);
  const out = new ScenarioOutlet();
  out.source = source;
  const abort = new AbortController();
  out.onRecord = (records) => {
    if (records >= stopAt) abort.abort();
  };
  await source.run(resumeFrom, out, abort.signal);
  return out;
}
