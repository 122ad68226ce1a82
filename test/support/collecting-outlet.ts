import type { ConnectError } from '../../src/base/errors.ts';
import type { ChangeOutlet, Source } from '../../src/connect/source.ts';
import { opCodes, Op, type Change } from '../../src/record/change.ts';
import type { SourceOffset } from '../../src/record/offset.ts';
import type { Shape } from '../../src/record/shape.ts';
import { CellState, type TupleView } from '../../src/record/tuple-view.ts';

/** A cell as text; the other states by name, so that no text can be taken for them. */
export type Cell = string | null | { readonly state: 'absent' | 'unchanged' };
export type Row = Readonly<Record<string, Cell>>;

/** A change as it was at the moment it was emitted. */
export interface CollectedChange {
  /** `c`, `u`, `d`, `r`, `t`; `tombstone`. */
  readonly op: string;
  /** `public.orders` */
  readonly table: string;
  readonly schemaId: number;
  readonly before: Row | null;
  readonly after: Row | null;
  readonly related: Row | null;
  /** Where the source stood when it returned from the synchronous run that emitted this. */
  readonly offset: SourceOffset['offset'];
  readonly locate: string;
}

interface Waiter {
  readonly ready: () => boolean;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

type MutableChange = { -readonly [Key in keyof CollectedChange]: CollectedChange[Key] };

/**
 * An outlet for tests: keeps copies of changes as plain objects, asks the source for its position after each, and can be
 * full or slow to declare.
 */
export class CollectingOutlet implements ChangeOutlet {
  readonly changes: CollectedChange[] = [];
  readonly shapes: Shape[] = [];
  readonly rejected: ConnectError[] = [];
  readonly rawKeys: (Buffer | null)[] = [];
  /** The raw rows that came with them. */
  readonly raws: (Buffer | null)[] = [];
  /** The source's position at every boundary that moved it. */
  readonly boundaries: SourceOffset[] = [];
  readonly #source: () => Source | null;
  /** Runs before a shape counts as declared. */
  onDeclare: (shape: Shape) => Promise<void> = async () => {};
  /** Answers of `emit`; false makes the source wait until `makeRoom`. */
  hasRoom: (changes: number) => boolean = () => true;
  #declared = new Set<number>();
  #room: PromiseWithResolvers<void> | null = null;
  #waiters: Waiter[] = [];
  #failure: { readonly error: unknown } | null = null;
  #offset: SourceOffset['offset'] = null;
  #last: MutableChange | null = null;

  constructor(source: () => Source | null = () => null) {
    this.#source = source;
  }

  async declare(shape: Shape): Promise<void> {
    await this.onDeclare(shape);
    this.shapes.push(shape);
    this.#declared.add(shape.schema.id);
    this.#wake();
  }

  emit(change: Change): boolean {
    // One message may make several changes; the next message may not come before there is room.
    if (this.#room !== null && change.locate() !== this.changes.at(-1)?.locate) throw new Error('emitted although the outlet was full');
    if (!this.#declared.has(change.schema.id)) throw new Error(`the shape of ${change.schema.name} was not declared`);
    const names = change.schema.columns.map((column) => column.name);
    if (this.#last !== null) this.#locateLast();
    const collected: MutableChange = {
      op: change.op === Op.TOMBSTONE ? 'tombstone' : (opCodes[change.op] ?? ''),
      table: change.schema.name.split('.').slice(-2).join('.'),
      schemaId: change.schema.id,
      before: rowOf(change.before, names),
      after: rowOf(change.after, names),
      related: rowOf(change.related, names),
      offset: this.#offset,
      locate: change.locate(),
    };
    this.changes.push(collected);
    // The position counts a change when the call that took it has returned.
    this.#last = collected;
    queueMicrotask(() => {
      if (this.#last !== null) this.#locateLast();
    });
    const room = this.hasRoom(this.changes.length);
    if (!room) this.#room ??= Promise.withResolvers();
    this.#wake();
    return room;
  }

  boundary(): boolean {
    for (const offset of this.#locateLast()) this.boundaries.push(offset);
    this.#wake();
    return true;
  }

  reject(failure: ConnectError, raw: Uint8Array | null, key: Uint8Array | null = null): boolean {
    this.raws.push(raw === null ? null : Buffer.from(raw));
    this.rawKeys.push(key === null ? null : Buffer.from(key));
    this.rejected.push(failure);
    this.#wake();
    return true;
  }

  async drained(): Promise<void> {
    await this.#room?.promise;
  }

  get full(): boolean {
    return this.#room !== null;
  }

  makeRoom(): void {
    this.#room?.resolve();
    this.#room = null;
  }

  /** Resolves as soon as `ready` is true; rejects after a bounded time with what there is. */
  async until(ready: () => boolean, timeoutMs = 120_000): Promise<void> {
    if (ready()) return;
    if (this.#failure !== null) throw this.#failure.error;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(
      () => reject(new Error(`waited in vain with ${this.changes.length} changes and ${this.boundaries.length} boundaries`)),
      timeoutMs,
    );
    this.#waiters.push({ ready, resolve, reject });
    await promise.finally(() => clearTimeout(timer));
  }

  /** The source has failed: whoever waits hears of it. */
  fail(error: unknown): void {
    this.#failure = { error };
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
  }

  /** After `fail`, when the source is run again. */
  revive(): void {
    this.#failure = null;
  }

  async untilChanges(count: number): Promise<readonly CollectedChange[]> {
    await this.until(() => this.changes.length >= count);
    return this.changes;
  }

  #locateLast(): readonly SourceOffset[] {
    const moved = this.#source()?.position() ?? [];
    this.#offset = moved.at(-1)?.offset ?? this.#offset;
    if (this.#last !== null) this.#last.offset = this.#offset;
    this.#last = null;
    return moved;
  }

  #wake(): void {
    const ready = this.#waiters.filter((waiter) => waiter.ready());
    this.#waiters = this.#waiters.filter((waiter) => !ready.includes(waiter));
    for (const waiter of ready) waiter.resolve();
  }
}

function rowOf(view: TupleView, names: readonly string[]): Row | null {
  if (view.count === 0) return null;
  return Object.fromEntries(names.slice(0, view.count).map((name, index) => [name, cellOf(view, index)]));
}

function cellOf(view: TupleView, column: number): Cell {
  switch (view.state[column] as CellState) {
    case CellState.NULL:
      return null;
    case CellState.TEXT: {
      const [start, end] = [view.start[column] ?? -1, view.end[column] ?? -1];
      if (start < 0 || end < start || end > view.bytes.length)
        throw new Error(`a cell at ${start} to ${end} of ${view.bytes.length} bytes`);
      return Buffer.from(view.bytes.subarray(start, end)).toString('utf8');
    }
    case CellState.UNCHANGED:
      return { state: 'unchanged' };
    case CellState.ABSENT:
      return { state: 'absent' };
  }
}
