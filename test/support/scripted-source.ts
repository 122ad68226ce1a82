import assert from 'node:assert/strict';
import { ConnectError } from '../../src/base/errors.ts';
import { Change, Op, TupleRef } from '../../src/record/change.ts';
import { ColumnKind } from '../../src/record/column-kind.ts';
import type { SourceOffset } from '../../src/record/offset.ts';
import { nextRowSchemaId } from '../../src/record/row-schema.ts';
import type { RowSchema } from '../../src/record/row-schema.ts';
import type { ColumnNode, Shape, StructNode } from '../../src/record/shape.ts';
import { CellState } from '../../src/record/tuple-view.ts';
import type { TupleView } from '../../src/record/tuple-view.ts';
import type { ChangeOutlet, Source } from '../../src/connect/source.ts';

export type ScriptStep =
  | { readonly kind: 'row'; readonly op?: Op; readonly id: string; readonly text?: string }
  /** Whatever the test puts into the change, of the declared shape. */
  | { readonly kind: 'fill'; readonly fill: (change: Change) => void }
  | { readonly kind: 'boundary' }
  /** A position that moves without a change. */
  | { readonly kind: 'keepalive' }
  | { readonly kind: 'reject'; readonly raw: string }
  /** The source waits some turns of the event loop, as for its socket. */
  | { readonly kind: 'pause' }
  /** The source goes on when the test calls `proceed`. */
  | { readonly kind: 'wait' }
  | { readonly kind: 'fail'; readonly error: Error };

export const row = (id: number | string, text = `t${id}`, op: Op = Op.CREATE): ScriptStep => ({ kind: 'row', op, id: String(id), text });
export const boundary: ScriptStep = { kind: 'boundary' };
export const partition = { script: 'one' };

/**
 * A source that plays a script and holds the runtime to its word. Its position is the number of steps that moved it; a
 * resumed run skips those. Rows have columns `id` (key) and `text`.
 */
export class ScriptedSource implements Source {
  readonly schema: RowSchema;
  readonly shape: Shape;
  readonly change: Change;
  /** Positions the runtime confirmed. */
  readonly confirmed: number[] = [];
  /** Checked at each confirmation, for invariant 1. */
  durable: () => number = () => Infinity;
  runs = 0;
  drains = 0;
  closed = false;
  /** False: after the script the source waits to be stopped, as a stream does. */
  exhaustible = true;
  readonly #script: readonly ScriptStep[];
  #position = 0;
  #reported = -1;
  #asked = false;
  #waiting: PromiseWithResolvers<void> | null = null;
  #waited: PromiseWithResolvers<void> | null = null;

  constructor(script: readonly ScriptStep[], shape: (base: Shape) => Shape = (base) => base) {
    this.#script = script;
    const text = { type: 'string', optional: true } as const;
    const column = (name: string) => ({ name, kind: ColumnKind.STRING, schema: text, scale: -1 });
    this.schema = { id: nextRowSchemaId(), name: 'test.rows', columns: [column('id'), column('text')], key: Uint16Array.of(0) };
    this.shape = shape(baseShape(this.schema));
    this.change = new Change(this.schema, 2, () => `script step ${this.#position}`);
  }

  async run(resumeFrom: readonly SourceOffset[], out: ChangeOutlet, signal: AbortSignal): Promise<void> {
    this.runs += 1;
    this.#position = resumeFrom.length === 0 ? 0 : Number(resumeFrom[0]!.offset!['step']);
    this.#reported = this.#position;
    await out.declare(this.shape);
    for (const step of this.#script.slice(this.#position)) {
      if (signal.aborted) return;
      if (step.kind === 'pause') for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      if (step.kind === 'wait') await this.#wait();
      // A boundary stands for everything before it, itself included; a change counts when the call that took it has returned.
      const early = step.kind === 'boundary' || step.kind === 'keepalive';
      if (early) this.#position += 1;
      const room = this.#play(step, out);
      if (!early) this.#position += 1;
      if (!room) {
        this.drains += 1;
        await out.drained();
      }
    }
    if (!this.exhaustible && !signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  }

  position(): readonly SourceOffset[] {
    this.#asked = true;
    if (this.#position === this.#reported) return [];
    this.#reported = this.#position;
    return [{ partition, offset: { step: this.#position } }];
  }

  confirm(offsets: readonly SourceOffset[]): void {
    const step = Number(offsets[0]!.offset!['step']);
    assert.ok(step <= this.durable(), `confirmed ${step} while ${this.durable()} is durable (invariant 1)`);
    assert.ok(step > (this.confirmed.at(-1) ?? -1), 'confirmations never go backwards (invariant 2)');
    this.confirmed.push(step);
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }

  /** Resolves when the script has come to a `wait`. */
  async waiting(): Promise<void> {
    if (this.#waiting !== null) return;
    this.#waited ??= Promise.withResolvers();
    await this.#waited.promise;
  }

  proceed(): void {
    this.#waiting?.resolve();
    this.#waiting = null;
  }

  async #wait(): Promise<void> {
    this.#waiting = Promise.withResolvers();
    this.#waited?.resolve();
    this.#waited = null;
    await this.#waiting.promise;
  }

  #play(step: ScriptStep, out: ChangeOutlet): boolean {
    switch (step.kind) {
      case 'row':
        this.#fill(step.op ?? Op.CREATE, step.id, step.text ?? '');
        return this.#emit(out);
      case 'fill':
        this.change.schema = this.shape.schema;
        step.fill(this.change);
        return this.#emit(out);
      case 'reject':
        return out.reject(new ConnectError('data.row', 'The row is ragged.', { details: { line: 7 } }), Buffer.from(step.raw));
      case 'keepalive':
        return out.boundary();
      case 'boundary':
        // Counted by now, whichever way: a boundary stands for everything before it.
        return out.boundary();
      case 'fail':
        throw step.error;
      case 'pause':
      case 'wait':
        return true;
    }
  }

  #emit(out: ChangeOutlet): boolean {
    this.#asked = false;
    const room = out.emit(this.change);
    assert.ok(!this.#asked, 'while a change is being emitted, the position is asked for only when it is refused');
    return room;
  }

  #fill(op: Op, id: string, text: string): void {
    const { change } = this;
    change.op = op;
    change.timestampMs = 1_700_000_000_000;
    change.sourceTimeMs = 1_700_000_000_000;
    const old = op === Op.DELETE || op === Op.TOMBSTONE;
    fillTuple(change.after, old ? null : [id, text]);
    fillTuple(change.before, old ? [id, text] : null);
  }
}

export function fillTuple(tuple: TupleView, cells: readonly (string | null)[] | null): void {
  tuple.count = cells?.length ?? 0;
  if (cells === null) return;
  tuple.bytes = Buffer.from(cells.map((cell) => cell ?? '').join(''));
  let at = 0;
  for (const [index, cell] of cells.entries()) {
    tuple.state[index] = cell === null ? CellState.NULL : CellState.TEXT;
    tuple.start[index] = at;
    at += Buffer.byteLength(cell ?? '');
    tuple.end[index] = at;
  }
}

function baseShape(schema: RowSchema): Shape {
  const column = (at: number): ColumnNode => ({ kind: 'column', schema: schema.columns[at]!.schema, tuple: TupleRef.ROW, column: at });
  const struct = (name: string, columns: readonly number[]): StructNode => ({
    kind: 'struct',
    schema: {
      type: 'struct',
      optional: false,
      name,
      fields: columns.map((at) => ({ name: schema.columns[at]!.name, schema: schema.columns[at]!.schema })),
    },
    fields: columns.map((at) => ({ name: schema.columns[at]!.name, node: column(at) })),
    presence: null,
  });
  return { topic: 'rows', key: struct('test.rows.Key', [0]), value: struct('test.rows.Value', [0, 1]), headers: [], schema };
}
