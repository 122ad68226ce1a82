import { systemClock, type Clock } from '../../../src/base/clock.ts';
import { silentLog } from '../../../src/base/log.ts';
import { Metrics } from '../../../src/base/metrics.ts';
import { Config } from '../../../src/connect/config.ts';
import type { ChangeOutlet } from '../../../src/connect/source.ts';
import type { Change } from '../../../src/record/change.ts';
import type { SourceOffset } from '../../../src/record/offset.ts';
import type { Shape } from '../../../src/record/shape.ts';
import { CellState } from '../../../src/record/tuple-view.ts';
import { GeneratorSource } from '../../../src/sources/generator/generator-source.ts';
import { generatorSourcePlugin } from '../../../src/sources/generator/plugin.ts';

export type Cells = readonly (string | null)[];

/** Defaults as the runtime fills them in. */
export function configOf(values: Readonly<Record<string, string>>): Config {
  const defaults = generatorSourcePlugin.configKeys.map((key): [string, string | null] => [key.name, key.default ?? null]);
  return Config.of({ ...Object.fromEntries(defaults), 'kafka.topic': 'sample', 'max.interval': '0', ...values });
}

/** A schema with one field. */
export function oneField(type: unknown): string {
  return JSON.stringify({ type: 'record', name: 'one', namespace: 'test', fields: [{ name: 'a', type }] });
}

/** What a generator emits, as text, with the position behind each row. */
export class GeneratorOutlet implements ChangeOutlet {
  readonly rows: Cells[] = [];
  readonly places: string[] = [];
  readonly times: number[] = [];
  readonly offsets: SourceOffset[] = [];
  readonly shapes: Shape[] = [];
  onRow: (rows: number, change: Change) => void = () => {};
  roomRows = Infinity;
  readonly #source: GeneratorSource;
  readonly #clock: Clock;

  constructor(source: GeneratorSource, clock: Clock) {
    this.#source = source;
    this.#clock = clock;
  }

  declare(shape: Shape): Promise<void> {
    this.shapes.push(shape);
    return Promise.resolve();
  }

  emit(change: Change): boolean {
    const { after } = change;
    this.rows.push(
      Array.from({ length: after.count }, (_, cell) =>
        after.state[cell] === CellState.NULL
          ? null
          : Buffer.from(after.bytes.subarray(after.start[cell], after.end[cell])).toString('utf8'),
      ),
    );
    this.places.push(change.locate());
    this.times.push(this.#clock.monotonic());
    this.onRow(this.rows.length, change);
    return true;
  }

  boundary(): boolean {
    this.offsets.push(...this.#source.position());
    return this.rows.length % this.roomRows !== 0;
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

export interface GeneratorRun {
  readonly source: GeneratorSource;
  readonly out: GeneratorOutlet;
  readonly metrics: Metrics;
  readonly done: Promise<void>;
  stop(): Promise<void>;
}

export function startGenerator(
  values: Readonly<Record<string, string>>,
  resumeFrom: readonly SourceOffset[] = [],
  clock: Clock = systemClock,
  prepare: (out: GeneratorOutlet, stop: () => void) => void = () => {},
): GeneratorRun {
  const metrics = new Metrics();
  const source = new GeneratorSource({ connector: 'sample', config: configOf(values), clock, log: silentLog, metrics });
  const out = new GeneratorOutlet(source, clock);
  const abort = new AbortController();
  prepare(out, () => abort.abort());
  const done = source.run(resumeFrom, out, abort.signal);
  return {
    source,
    out,
    metrics,
    done,
    stop: () => {
      abort.abort();
      return done;
    },
  };
}

/** The first `count` rows. */
export async function generate(values: Readonly<Record<string, string>>, count: number): Promise<GeneratorOutlet> {
  const run = startGenerator({ ...values, iterations: String(count) });
  await run.done;
  return run.out;
}

/** The first `count` values of a schema's only field. */
export async function values(type: unknown, count: number, seed: number): Promise<(string | null)[]> {
  const out = await generate({ 'schema.string': oneField(type), 'random.seed': String(seed) }, count);
  return out.rows.map((row) => row[0] ?? null);
}
