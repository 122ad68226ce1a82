import type { ConnectError } from '../../../src/base/errors.ts';
import type { ChangeOutlet, Source } from '../../../src/connect/source.ts';
import type { Change } from '../../../src/record/change.ts';
import { type OffsetMap, type SourceOffset, stringifyOffset } from '../../../src/record/offset.ts';
import type { Shape } from '../../../src/record/shape.ts';
import { CellState } from '../../../src/record/tuple-view.ts';

export interface CollectedRow {
  readonly cells: readonly (string | null)[];
  readonly place: string;
  readonly timestampMs: number;
  /** As its dead letter would have it. */
  readonly raw: string;
}

/** Keeps every row and every position, and stops the source like a full batch after each `roomRows` rows. */
export class CsvOutlet implements ChangeOutlet {
  readonly shapes: Shape[] = [];
  readonly rows: CollectedRow[] = [];
  readonly failures: ConnectError[] = [];
  readonly raws: string[] = [];
  readonly offsets = new Map<string, OffsetMap>();
  roomRows = Infinity;
  tolerant = true;
  /** Called after each boundary, where a batch may be sealed. */
  onBoundary: () => void = () => {};
  readonly source: Source;
  #sinceDrain = 0;

  constructor(source: Source) {
    this.source = source;
  }

  declare(shape: Shape): Promise<void> {
    this.shapes.push(shape);
    return Promise.resolve();
  }

  emit(change: Change): boolean {
    if (this.#sinceDrain >= this.roomRows) throw new Error('emitted without waiting for room');
    const { after } = change;
    const cells = Array.from({ length: after.count }, (_, cell) => {
      return after.state[cell] === CellState.NULL
        ? null
        : Buffer.from(after.bytes.subarray(after.start[cell], after.end[cell])).toString('utf8');
    });
    this.rows.push({
      cells,
      place: change.locate(),
      timestampMs: change.timestampMs,
      raw: Buffer.from(change.raw?.() ?? []).toString('latin1'),
    });
    this.#sinceDrain += 1;
    return this.#sinceDrain < this.roomRows;
  }

  boundary(): boolean {
    this.onBoundary();
    return this.#sinceDrain < this.roomRows;
  }

  reject(failure: ConnectError, raw: Uint8Array | null): boolean {
    if (!this.tolerant) throw failure;
    this.failures.push(failure);
    this.raws.push(raw === null ? '' : Buffer.from(raw).toString('utf8'));
    return true;
  }

  drained(): Promise<void> {
    this.#sinceDrain = 0;
    return new Promise((resolve) => {
      setImmediate(resolve);
    });
  }

  /** What a sink would hold now. */
  seal(): readonly SourceOffset[] {
    for (const { partition, offset } of this.source.position()) if (offset !== null) this.offsets.set(stringifyOffset(partition), offset);
    return this.stored();
  }

  stored(): readonly SourceOffset[] {
    return [...this.offsets].map(([partition, offset]) => ({ partition: JSON.parse(partition) as OffsetMap, offset }));
  }
}
