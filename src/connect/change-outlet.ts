import { assert } from '../base/assert.ts';
import { ConnectError } from '../base/errors.ts';
import { failpoint } from '../base/failpoint.ts';
import { CellFault } from '../record/cell-fault.ts';
import { Op, TupleRef } from '../record/change.ts';
import type { Change } from '../record/change.ts';
import { copyChange } from '../record/copy-change.ts';
import type { RowSchema } from '../record/row-schema.ts';
import type { Shape } from '../record/shape.ts';
import { CellState } from '../record/tuple-view.ts';
import type { BatchPair } from './batch-pair.ts';
import { Stage, deadLetterHeaders, deadLetterValue } from './dead-letter.ts';
import type { FailedRecord } from './dead-letter.ts';
import { enrichFailure, isPassedOver, isTolerable } from './error-tolerance.ts';
import type { ErrorTolerance, FailureLog } from './error-tolerance.ts';
import { planShape } from './shape-plan.ts';
import type { RoutePlan, RowPlan, ShapePlanner } from './shape-plan.ts';
import type { Sink } from './sink.ts';
import type { ChangeOutlet } from './source.ts';
import type { TaskMetrics } from './task-metrics.ts';
import type { RowTarget } from './transform.ts';

export interface TaskOutletOptions {
  readonly connector: string;
  readonly taskId: number;
  readonly sink: Sink;
  readonly batches: BatchPair;
  readonly planner: ShapePlanner;
  readonly tolerance: ErrorTolerance;
  readonly failures: FailureLog;
  readonly metrics: TaskMetrics;
  /** A shape is declared: schemas and topics are there. */
  readonly onDeclared?: (() => void) | undefined;
}

/** A plan with the number its topic has in the batches. */
interface OutletPlan extends RowPlan {
  readonly topicIndex: number;
  /** Bytes that the length of the last key and value took: left free in front of the next one. */
  keyWidth: number;
  valueWidth: number;
  /** By number of `route`'s topic; null: filtered out; undefined: not open yet. */
  readonly routed: (OutletPlan | null | undefined)[];
}

const noRow: Pick<FailedRecord, 'raw' | 'key'> = { raw: null, key: null };

/** -1 as a zigzag varint. */
const nullLength = 1;

/**
 * What a source writes into: looks up the plan of a change by number, runs the steps and encodes headers, key and value
 * into the filling batch. Per row it makes no object, string or promise.
 */
export class TaskOutlet implements ChangeOutlet {
  readonly #options: TaskOutletOptions;
  readonly #batches: BatchPair;
  readonly #metrics: TaskMetrics;
  /** By operation; null: filtered out. A schema that the source has let go of takes its plans with it. */
  #plans = new WeakMap<RowSchema, readonly (OutletPlan | null)[]>();
  /** Rows of a table mostly follow each other: the plans looked up last. */
  #schema: RowSchema | null = null;
  #schemaPlans: readonly (OutletPlan | null)[] = [];
  readonly #topics = new Map<string, Promise<void>>();
  #stage: Stage = Stage.TRANSFORMATION;
  /** Copies of changes that wait for a topic that a row named first, and of those behind them; null: none. */
  #held: Change[] | null = null;
  /** The topic that the first of them waits for. */
  #closed: { readonly plan: OutletPlan; readonly route: RoutePlan; readonly number: number } | null = null;

  constructor(options: TaskOutletOptions) {
    this.#options = options;
    this.#batches = options.batches;
    this.#metrics = options.metrics;
  }

  async declare(shape: Shape): Promise<void> {
    const plans = await planShape(shape, this.#options.planner);
    failpoint('during-declare');
    const topics = new Set(plans.flatMap((plan) => (plan === null || plan.route !== null ? [] : plan.topic)));
    await Promise.all([...topics].map((topic) => this.prepareTopic(topic)));
    this.#plans.set(
      shape.schema,
      plans.map((plan) => (plan === null ? null : this.#number(plan))),
    );
    this.#schema = null;
    this.#options.onDeclared?.();
  }

  /** Once per topic; a failure is not remembered, so that the next declaration tries again. */
  prepareTopic(topic: string): Promise<void> {
    let prepared = this.#topics.get(topic);
    if (prepared === undefined) {
      prepared = this.#options.sink.prepareTopic(topic).catch((error: unknown) => {
        this.#topics.delete(topic);
        throw error;
      });
      this.#topics.set(topic, prepared);
    }
    return prepared;
  }

  emit(change: Change): boolean {
    this.#metrics.emitted += 1;
    if (this.#held !== null) {
      this.#held.push(copyChange(change));
      return false;
    }
    return this.#take(change) ?? this.#hold(change);
  }

  /** Null: the change goes to a topic that is not open yet, and nothing was done. */
  #take(change: Change): boolean | null {
    const plan = change.schema === this.#schema ? this.#schemaPlans[change.op] : this.#look(change);
    if (plan === undefined) {
      const undeclared = new ConnectError('internal', `The shape of "${change.schema.name}" was not declared before its first change.`);
      return this.#giveUp(undeclared, Stage.TASK_POLL, null, change);
    }
    if (plan === null) return this.#filtered();
    const batch = this.#batches.filling;
    const start = batch.out.at;
    try {
      this.#stage = Stage.TRANSFORMATION;
      if (plan.steps !== null && !runSteps(plan, change)) return this.#filtered();
      if (plan.route === null) this.#encode(plan, change);
      else {
        const routed = this.#follow(plan, plan.route, change);
        if (routed === undefined) return null;
        if (routed === null) return this.#filtered();
        if (routed.refusal !== null) return this.#park(change, routed.topic, routed.refusal);
        this.#encode(routed, change);
      }
    } catch (error) {
      batch.rollback(start);
      const topic = plan.route === null ? plan.topic : null;
      if (this.#becomesNull(error, topic, change)) return this.#take(change);
      return this.#giveUp(error, this.#stage, topic, change);
    }
    if (change.sourceTimeMs > 0) this.#batches.sourceTimeMs = change.sourceTimeMs;
    return this.#batches.appended();
  }

  #filtered(): boolean {
    this.#metrics.filtered += 1;
    return this.#batches.skipped();
  }

  #number(plan: RowPlan): OutletPlan {
    const topicIndex = plan.route === null && plan.refusal === null ? this.#batches.topicIndex(plan.topic) : -1;
    return { ...plan, topicIndex, keyWidth: 1, valueWidth: 2, routed: [] };
  }

  /** The plan at the end of a route, and of those behind it. Undefined: not open yet. */
  #follow(from: OutletPlan, first: RoutePlan, change: Change): OutletPlan | null | undefined {
    let [plan, route] = [from, first];
    for (;;) {
      const number = route.rows.choose(change);
      const routed = plan.routed[number];
      if (routed === undefined) this.#closed = { plan, route, number };
      if (routed === undefined || routed === null) return routed;
      if (routed.steps !== null && !runSteps(routed, change)) return null;
      if (routed.route === null) return routed;
      [plan, route] = [routed, routed.route];
    }
  }

  /** The first row of a topic: it waits, and all that come behind it, so that their order stays. */
  #hold(change: Change): boolean {
    this.#held = [copyChange(change)];
    this.#batches.hold();
    this.#release(this.#held).catch((error: unknown) => this.#batches.fail(error));
    return false;
  }

  async #release(held: Change[]): Promise<void> {
    for (let at = 0; at < held.length;) {
      const closed = this.#closed;
      assert(closed !== null, 'changes are held for a topic');
      const opened = await closed.route.open(closed.route.rows.targets[closed.number] as RowTarget);
      if (opened !== null && opened.refusal !== null) this.#refused(opened.topic, opened.refusal);
      else if (opened !== null && opened.route === null) await this.prepareTopic(opened.topic);
      closed.plan.routed[closed.number] = opened === null ? null : this.#number(opened);
      while (at < held.length && this.#take(held[at] as Change) !== null) at += 1;
    }
    this.#held = null;
    this.#batches.resume();
  }

  /** Throws where the task is to end. */
  #refused(topic: string, refusal: ConnectError): void {
    const { tolerance, failures } = this.#options;
    if (tolerance.refused === 'fail') throw refusal;
    failures.refused(topic, refusal);
  }

  /** The dead letter of a row that its topic must not have. */
  #park(change: Change, topic: string, { message, remedy, details }: ConnectError): boolean {
    if (change.op === Op.TOMBSTONE) return this.#filtered();
    const what = `A row for topic "${topic}" cannot be written (${change.locate()}). ${message}`;
    const failure = new ConnectError('data.row', what, { ...(remedy === null ? {} : { remedy }), details: { ...details, topic } });
    return this.#giveUp(failure, Stage.TASK_POLL, topic, change, change.letter(change, topic) ?? noRow);
  }

  boundary(): boolean {
    return this.#batches.boundary();
  }

  reject(failure: ConnectError, raw: Uint8Array | null, key: Uint8Array | null = null): boolean {
    this.#metrics.emitted += 1;
    return this.#giveUp(failure, Stage.TASK_POLL, null, null, { raw, key });
  }

  drained(): Promise<void> {
    return this.#batches.drained();
  }

  /** Undefined: never declared. */
  #look(change: Change): OutletPlan | null | undefined {
    const plans = this.#plans.get(change.schema);
    if (plans === undefined) return undefined;
    this.#schema = change.schema;
    this.#schemaPlans = plans;
    return plans[change.op];
  }

  #encode(plan: OutletPlan, change: Change): void {
    const batch = this.#batches.filling;
    const out = batch.out;
    const start = out.at;
    if (this.#write(plan, change)) return;
    const size = out.at;
    batch.rollback(start);
    batch.grow(size, start);
    assert(this.#write(plan, change), 'a record needs more room the second time');
  }

  /** False when the arena was too small; then `out.at` says how large it has to be, and nothing was appended. */
  #write(plan: OutletPlan, change: Change): boolean {
    const batch = this.#batches.filling;
    const out = batch.out;
    const start = out.at;
    let keyStart = -1;
    if (plan.key === null) out.byte(nullLength);
    else {
      this.#stage = Stage.KEY_CONVERTER;
      out.at = start + plan.keyWidth;
      plan.key.encode(change, out);
      plan.keyWidth = out.closeLength(start, plan.keyWidth);
      keyStart = start + plan.keyWidth;
    }
    const keyEnd = keyStart < 0 ? -1 : out.at;
    if (plan.value === null || (plan.valuePresence !== null && change.tuple(plan.valuePresence).count === 0)) out.byte(nullLength);
    else {
      this.#stage = Stage.VALUE_CONVERTER;
      const valueAt = out.at;
      out.at = valueAt + plan.valueWidth;
      plan.value.encode(change, out);
      plan.valueWidth = out.closeLength(valueAt, plan.valueWidth);
    }
    const headersAt = out.at;
    if (plan.headers !== null) {
      this.#stage = Stage.HEADER_CONVERTER;
      plan.headers.encode(change, out);
    }
    if (out.at === headersAt) out.byte(0);
    if (out.overflowed) return false;
    if (plan.partition === null) batch.append(plan.topicIndex, start, keyStart, keyEnd, change.timestampMs);
    else {
      this.#stage = Stage.TRANSFORMATION;
      const partition = plan.partition(change);
      batch.append(plan.topicIndex, start, keyStart, keyEnd, change.timestampMs);
      batch.place(partition);
    }
    return true;
  }

  /** Slow path: a cell that cannot be written, where null may stand instead. True: it is null now. */
  #becomesNull(error: unknown, topic: string | null, change: Change): boolean {
    const { connector, taskId, tolerance, failures } = this.#options;
    const isOfValue = this.#stage === Stage.VALUE_CONVERTER || this.#stage === Stage.TRANSFORMATION;
    if (tolerance.values === 'fail' || !isOfValue || !(error instanceof CellFault)) return false;
    const tuple = change.tuple(error.tuple);
    // What a transform derived is derived again.
    if (!error.nullable || error.tuple === TupleRef.DERIVED || tuple.state[error.column] !== CellState.TEXT) return false;
    tuple.state[error.column] = CellState.NULL;
    this.#metrics.failures += 1;
    const failed = { connector, taskId, stage: this.#stage, topic, position: change.locate(), raw: null, key: null, error };
    if (failures.nulled(failed)) this.#metrics.logged += 1;
    return true;
  }

  /** Slow path: one change or row that does not fit. */
  #giveUp(error: unknown, stage: Stage, topic: string | null, change: Change | null, row = noRow): boolean {
    const { connector, taskId, tolerance, failures } = this.#options;
    const position = change?.locate() ?? '';
    const raw = row.raw ?? change?.raw?.() ?? null;
    const failed: FailedRecord = { connector, taskId, stage, topic, position, raw, key: row.key, error: error as Error };
    this.#metrics.failures += 1;
    if (!isTolerable(error, tolerance)) {
      if (isPassedOver(error, stage, tolerance)) {
        this.#metrics.skipped += 1;
        if (failures.passOver(failed)) this.#metrics.logged += 1;
        return this.#batches.skipped();
      }
      const failure = enrichFailure(failed);
      this.#plans = new WeakMap(); // Nothing may follow.
      this.#schema = null;
      // The position does not count this change, so what came before it can be committed; after a fault nothing is sure.
      // While changes are held it counts those behind this one as well: then nothing is committed.
      if (failure.code.startsWith('data.') && this.#held === null) this.#batches.refuse(failure);
      else this.#batches.fail(failure);
      throw failure;
    }
    this.#metrics.skipped += 1;
    if (failures.record(failed)) this.#metrics.logged += 1;
    if (tolerance.deadLetterTopic === null) return this.#batches.skipped();
    this.#appendDeadLetter(tolerance.deadLetterTopic, failed, change?.timestampMs ?? failures.nowMs());
    return this.#batches.appended();
  }

  /** Into the same batch as its neighbours, hence exactly once like them. */
  #appendDeadLetter(topic: string, failed: FailedRecord, timestampMs: number): void {
    const headers = this.#options.tolerance.deadLetterHeaders ? deadLetterHeaders(failed) : null;
    this.#batches.filling.add(this.#batches.topicIndex(topic), failed.key, deadLetterValue(failed), headers, timestampMs);
    this.#metrics.deadLetters += 1;
  }
}

function runSteps(plan: RowPlan, change: Change): boolean {
  if (plan.steps === null) return true;
  for (const step of plan.steps) if (!step(change)) return false;
  return true;
}
