import { randomBytes } from 'node:crypto';
import { assert } from '../../base/assert.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { CounterCell } from '../../base/metrics.ts';
import type { SourceContext } from '../../connect/plugin.ts';
import type { ChangeOutlet, Source } from '../../connect/source.ts';
import { Change, Op } from '../../record/change.ts';
import type { SourceOffset } from '../../record/offset.ts';
import type { Shape } from '../../record/shape.ts';
import { ByteRegister } from '../../text/value-register.ts';
import { JavaRandom } from './java-random.ts';
import { Pacer, standstillMs } from './pacer.ts';
import { GeneratorRegister } from './row-generator.ts';
import { ScenarioCalendar, type ScenarioEvent } from './scenario-calendar.ts';
import { ScenarioLives, stepsMaxOf, type Life } from './scenario-life.ts';
import { parseScenarioOffset, scenarioOffset } from './scenario-offset.ts';
import type { ScenarioOptions } from './scenario-options.ts';
import { ScenarioRows } from './scenario-rows.ts';
import { ScenarioRegister, scenarioShape } from './scenario-shape.ts';
import { ScenarioTimes } from './scenario-times.ts';

/** After so many records without a pause other tasks have their turn. */
const recordsPerTurn = 1000;

interface TablePlan {
  readonly shape: Shape;
  readonly rows: ScenarioRows;
}

/** Shapes and rows of all tables. Throws `config.invalid` for a scenario that cannot be met. */
export function planTables({ scenario, topicPrefix, isEnvelope }: ScenarioOptions, connector: string): TablePlan[] {
  return scenario.map((spec, table) => ({
    shape: scenarioShape(spec, `${topicPrefix}.${spec.name}`, connector, isEnvelope),
    rows: new ScenarioRows(spec, table),
  }));
}

/**
 * Tables that belong together, with rows that are born, change and are deleted. Every record is a boundary.
 *
 * Nothing of what was written is kept: lives and values follow from the seed and a row's number, so the position is the
 * seed, the turn, how much of it is done, and what decided about times. Whoever goes on from it makes the records that
 * would have come anyway.
 */
export class ScenarioSource implements Source {
  readonly #options: ScenarioOptions;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #tables: readonly TablePlan[];
  readonly #change: Change;
  readonly #counter: CounterCell;
  readonly #random = new JavaRandom(0n);
  readonly #out = new ByteRegister();
  readonly #windowTurns: number;
  #seed: readonly [high: number, low: number] = [0, 0];
  #lives: ScenarioLives;
  #times: ScenarioTimes;
  #generation = 0;
  /** Records given out, of all turns. */
  #iteration = 0;
  #turn = 0;
  /** Events of the turn that are done. */
  #done = 0;
  #moved = false;
  #told = 0;
  #running = false;

  /** Throws `config.invalid` for a scenario that cannot be met. */
  constructor(context: SourceContext, options: ScenarioOptions) {
    this.#options = options;
    this.#clock = context.clock;
    this.#log = context.log;
    const { scenario } = options;
    this.#tables = planTables(options, context.connector);
    this.#windowTurns = Math.max(0, ...scenario.map((spec) => stepsMaxOf(spec.paths))) + 1;
    this.#lives = new ScenarioLives(scenario, 0, 0, this.#random);
    this.#times = new ScenarioTimes('', options.fixedTimes, this.#windowTurns);
    this.#counter = context.metrics.counter('millrace_generator_rows_total', 'Rows made by data generators', {
      connector: context.connector,
    });
    const [first] = this.#tables;
    assert(first !== undefined, 'a scenario has a table');
    this.#change = new Change(first.shape.schema, ScenarioRegister.COUNT, () => `iteration ${this.#iteration}, turn ${this.#turn}`);
    const columns = Math.max(...this.#tables.map(({ shape }) => shape.schema.columns.length));
    this.#change.before.reserve(columns);
    this.#change.after.reserve(columns);
    this.#change.registers.setNumber(GeneratorRegister.TASK, 0);
  }

  async run(resumeFrom: readonly SourceOffset[], out: ChangeOutlet, signal: AbortSignal): Promise<void> {
    assert(!this.#running, 'a generator runs once at a time');
    this.#running = true;
    try {
      this.#resume(resumeFrom);
      for (const { shape } of this.#tables) await out.declare(shape);
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
    const [high, low] = this.#seed;
    const seed = (BigInt(high) << 32n) | BigInt(low >>> 0);
    return [
      scenarioOffset({
        generation: this.#generation + 1,
        iteration: this.#iteration,
        seed,
        turn: this.#turn,
        done: this.#done,
        times: this.#times.toString(),
      }),
    ];
  }

  /** Nothing is held anywhere that could be let go of. */
  confirm(): void {}

  close(): Promise<void> {
    return Promise.resolve();
  }

  #resume(resumeFrom: readonly SourceOffset[]): void {
    const { scenario, seed: given, fixedTimes } = this.#options;
    const progress = parseScenarioOffset(resumeFrom);
    const seed = progress.seed ?? given ?? randomBytes(8).readBigInt64BE();
    this.#seed = [Number(BigInt.asIntN(32, seed >> 32n)), Number(BigInt.asIntN(32, seed))];
    this.#lives = new ScenarioLives(scenario, this.#seed[0], this.#seed[1], this.#random);
    this.#times = new ScenarioTimes(progress.times, fixedTimes, this.#windowTurns);
    this.#generation = progress.generation;
    this.#iteration = progress.iteration;
    this.#told = progress.iteration;
    this.#turn = progress.turn;
    this.#done = progress.done;
    this.#moved = false;
    this.#change.registers.setNumber(GeneratorRegister.GENERATION, progress.generation);
  }

  async #generate(out: ChangeOutlet, signal: AbortSignal): Promise<void> {
    const { scenario, iterations, pace } = this.#options;
    const calendar = new ScenarioCalendar(scenario, this.#lives, this.#turn);
    const pacer = new Pacer(pace, new JavaRandom(randomBytes(8).readBigInt64BE()), this.#clock.monotonic());
    let sinceTurn = 0;
    while (!signal.aborted && this.#iteration < iterations) {
      const events = calendar.next();
      // Records of a turn that is done in part have told its time already.
      if (this.#done === 0) this.#times.enter(this.#turn, this.#clock.now());
      sinceTurn += 1;
      for (let at = this.#done; at < events.length && this.#iteration < iterations; at += 1) {
        sinceTurn += 1;
        const waitMs = await this.#wait(pacer, sinceTurn > recordsPerTurn, signal);
        if (signal.aborted) return;
        if (waitMs) sinceTurn = 0;
        if (!this.#emit(events[at] as ScenarioEvent, at + 1 === events.length, out)) await out.drained();
      }
      // Turns without any event take no time, and still others have to have theirs.
      if (events.length === 0) this.#step(0, true);
      if (sinceTurn > recordsPerTurn) {
        sinceTurn = 0;
        await this.#clock.sleep(0, signal);
      }
    }
    if (this.#iteration >= iterations) this.#log.info({ iterations }, 'All records that were asked for have been generated');
  }

  /** Resolves when the next record is due; true when it was waited for. */
  async #wait(pacer: Pacer, mustYield: boolean, signal: AbortSignal): Promise<boolean> {
    const { byHour } = this.#options.pace;
    for (;;) {
      const waitMs = pacer.next(this.#clock.monotonic(), byHour?.at(this.#clock.now()));
      if (waitMs === 0 && !mustYield) return false;
      this.#tell();
      await this.#clock.sleep(waitMs ?? standstillMs, signal);
      if (waitMs !== null) return true;
    }
  }

  /** One event with all its records; false when there is no more room. */
  #emit(event: ScenarioEvent, isLast: boolean, out: ChangeOutlet): boolean {
    const { table, row, step } = event;
    const life = this.#lives.of(table, row);
    const plan = this.#tables[table];
    assert(life !== null && plan !== undefined, 'an event belongs to a row that is born');
    const change = this.#change;
    change.schema = plan.shape.schema;
    const now = this.#clock.now();
    change.timestampMs = now;
    change.sourceTimeMs = now;
    change.registers.setNumber(ScenarioRegister.TS_MS, now);
    change.registers.setNumber(GeneratorRegister.ITERATION, this.#iteration);
    this.#out.length = 0;
    change.before.count = 0;
    change.after.count = 0;
    const isDelete = step > 0 && step === life.turns.length - 1 && life.end !== Infinity;
    if (step > 0) this.#fill(plan, row, life, step - 1, 'before');
    if (!isDelete) this.#fill(plan, row, life, step, 'after');
    let room = true;
    if (!isDelete || this.#options.isEnvelope) {
      change.op = isDelete ? Op.DELETE : step === 0 ? Op.CREATE : Op.UPDATE;
      room = out.emit(change);
    }
    if (isDelete) {
      change.op = Op.TOMBSTONE;
      room = out.emit(change) && room;
    }
    this.#iteration += 1;
    this.#step(this.#done + 1, isLast);
    return out.boundary() && room;
  }

  #fill(plan: TablePlan, row: number, life: Life, step: number, image: 'before' | 'after'): void {
    plan.rows.write({ row, life, step, seed: this.#seed }, this.#times, this.#random, this.#change[image], this.#out);
  }

  #step(done: number, isTurnOver: boolean): void {
    this.#done = isTurnOver ? 0 : done;
    if (isTurnOver) this.#turn += 1;
    this.#moved = true;
  }

  #tell(): void {
    if (this.#iteration > this.#told) this.#counter.add(this.#iteration - this.#told);
    this.#told = this.#iteration;
  }
}
