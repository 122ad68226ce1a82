import { randomBytes } from 'node:crypto';
import { assert } from '../../base/assert.ts';
import type { Clock } from '../../base/clock.ts';
import { ConnectError } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { CounterCell } from '../../base/metrics.ts';
import type { SourceContext } from '../../connect/plugin.ts';
import type { ChangeOutlet, Source } from '../../connect/source.ts';
import { Change } from '../../record/change.ts';
import type { SourceOffset } from '../../record/offset.ts';
import { nextRowSchemaId } from '../../record/row-schema.ts';
import { generatorOffset, parseGeneratorOffset } from './generator-offset.ts';
import { generatorOptions, type GeneratorOptions } from './generator-options.ts';
import { JavaRandom } from './java-random.ts';
import { Pacer, standstillMs } from './pacer.ts';
import { GeneratorRegister, planRows, type RowPlan } from './row-generator.ts';

/** After so many records without a pause other tasks have their turn. */
const recordsPerTurn = 1000;

/**
 * Made-up rows as flat records of `Op.READ`, every row a boundary.
 *
 * Each record is made of a seed of its own and of counters, and both are in the position: whoever goes on from a position
 * makes the same records that would have come anyway. After `iterations` records `run` ends.
 */
export class GeneratorSource implements Source {
  readonly #options: GeneratorOptions;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #plan: RowPlan;
  readonly #change: Change;
  readonly #counter: CounterCell;
  readonly #random = new JavaRandom(0n);
  #generation = 0;
  #iteration = 0;
  /** Of the next record. */
  #seedHigh = 0;
  #seedLow = 0;
  #moved = false;
  #told = 0;
  #running = false;

  constructor(context: SourceContext) {
    this.#options = generatorOptions(context.config);
    this.#clock = context.clock;
    this.#log = context.log;
    const { schema, topic, keyField } = this.#options;
    this.#plan = planRows(schema, topic, keyField, nextRowSchemaId());
    this.#counter = context.metrics.counter('millrace_generator_rows_total', 'Rows made by data generators', {
      connector: context.connector,
    });
    this.#change = new Change(this.#plan.shape.schema, 3, () => `iteration ${this.#iteration}`);
    this.#change.after.reserve(this.#plan.shape.schema.columns.length);
    this.#change.registers.setNumber(GeneratorRegister.TASK, 0);
  }

  async run(resumeFrom: readonly SourceOffset[], out: ChangeOutlet, signal: AbortSignal): Promise<void> {
    assert(!this.#running, 'a generator runs once at a time');
    this.#running = true;
    try {
      this.#resume(resumeFrom);
      await out.declare(this.#plan.shape);
      await this.#generate(out, signal);
    } catch (error) {
      // Waits are cut short by rejecting; when the run is to end anyway, that is no failure.
      if (!signal.aborted) throw error;
    } finally {
      this.#running = false;
      this.#tell();
    }
  }

  position(): readonly SourceOffset[] {
    if (!this.#moved) return [];
    this.#moved = false;
    const counts = this.#plan.counters.filter((counter) => !counter.steady).map((counter) => counter.cells.count);
    const seed = (BigInt(this.#seedHigh) << 32n) | BigInt(this.#seedLow >>> 0);
    return [generatorOffset({ generation: this.#generation + 1, iteration: this.#iteration, seed, counts })];
  }

  /** Nothing is held anywhere that could be let go of. */
  confirm(): void {}

  close(): Promise<void> {
    return Promise.resolve();
  }

  #resume(resumeFrom: readonly SourceOffset[]): void {
    const progress = parseGeneratorOffset(resumeFrom);
    const seed = progress.seed ?? this.#options.seed ?? randomBytes(8).readBigInt64BE();
    this.#generation = progress.generation;
    this.#iteration = progress.iteration;
    this.#told = progress.iteration;
    this.#seedHigh = Number(BigInt.asIntN(32, seed >> 32n));
    this.#seedLow = Number(BigInt.asIntN(32, seed));
    this.#moved = false;
    let unsteady = 0;
    for (const { cells, steady } of this.#plan.counters) {
      cells.seek(steady ? progress.iteration : (progress.counts[unsteady] ?? progress.iteration));
      if (!steady) unsteady += 1;
    }
    this.#change.registers.setNumber(GeneratorRegister.GENERATION, progress.generation);
  }

  async #generate(out: ChangeOutlet, signal: AbortSignal): Promise<void> {
    const { iterations, pace } = this.#options;
    const pacer = new Pacer(pace, new JavaRandom(randomBytes(8).readBigInt64BE()), this.#clock.monotonic());
    let sinceTurn = 0;
    while (!signal.aborted && this.#iteration < iterations) {
      const waitMs = pacer.next(this.#clock.monotonic(), pace.byHour?.at(this.#clock.now()));
      if (waitMs === null) {
        await this.#clock.sleep(standstillMs, signal);
        continue;
      }
      sinceTurn += 1;
      if (waitMs > 0 || sinceTurn > recordsPerTurn) {
        sinceTurn = 0;
        this.#tell();
        await this.#clock.sleep(waitMs, signal);
      }
      this.#make();
      let room = out.emit(this.#change);
      this.#advance();
      room = out.boundary() && room;
      if (!room) await out.drained();
    }
    if (this.#iteration >= iterations) this.#log.info({ iterations }, 'All records that were asked for have been generated');
  }

  /** The next record, into the change. */
  #make(): void {
    const { timeoutMs, topic } = this.#options;
    const change = this.#change;
    const start = timeoutMs > 0 ? this.#clock.monotonic() : 0;
    this.#random.seed(this.#seedHigh, this.#seedLow);
    this.#plan.rows.fill(this.#random, change.after);
    if (timeoutMs > 0 && this.#clock.monotonic() - start > timeoutMs) {
      throw new ConnectError('data.shape', `Making a record for topic "${topic}" took longer than generate.timeout, ${timeoutMs} ms.`, {
        remedy: 'Take lengths and repetitions in the schema down, or raise generate.timeout.',
      });
    }
    change.registers.setNumber(GeneratorRegister.ITERATION, this.#iteration);
    change.timestampMs = this.#clock.now();
    change.sourceTimeMs = change.timestampMs;
  }

  /** The seed of the record after comes out of the generator as this record left it. */
  #advance(): void {
    this.#random.long();
    this.#seedHigh = this.#random.high;
    this.#seedLow = this.#random.low;
    this.#iteration += 1;
    this.#moved = true;
  }

  #tell(): void {
    if (this.#iteration > this.#told) this.#counter.add(this.#iteration - this.#told);
    this.#told = this.#iteration;
  }
}
