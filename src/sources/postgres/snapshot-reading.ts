import type { CopyText } from './copy-text.ts';
import type { RowLayout } from './row-copy.ts';
import { SnapshotPosition } from './snapshot-position.ts';
import type { Epoch, KeyPoint, KeyRange, PlacePoint, PlaceRange, RangePart, TableProgress } from './snapshot-progress.ts';
import type { ReadBounds } from './snapshot-query.ts';
import { TransactionView } from './transaction-view.ts';

/** A row that was read and is kept back until it is known whether it is the last one. */
export interface Tail {
  readonly range: RangeReading;
  readonly row: CopyText;
}

/** A range with what earlier epochs read of it. */
export interface StoredRange {
  readonly to: KeyPoint | number | null;
  readonly parts: readonly RangePart<KeyPoint | PlacePoint>[];
}

/** One range of a table while it is being read. */
export class RangeReading {
  readonly table: TableReading;
  readonly #stored: StoredRange;
  readonly #from: StoredRange['to'];
  #position: SnapshotPosition | null = null;
  #done: boolean;

  constructor(table: TableReading, from: StoredRange['to'], stored: StoredRange) {
    this.table = table;
    this.#from = from;
    this.#stored = stored;
    // By key, what is read is read. By place, new rows may lie anywhere: each epoch looks at all of the table.
    this.#done = table.layout.table.order.length > 0 && stored.parts.at(-1)?.until === null;
  }

  get done(): boolean {
    return this.#done;
  }

  /** The rows that are left. `epochs`: in which the earlier parts were read. */
  begin(view: TransactionView, epochs: readonly Epoch[]): ReadBounds {
    this.#position = new SnapshotPosition(this.table.layout.table, view);
    const { to, parts } = this.#stored;
    const { order, override } = this.table.layout.table;
    if (order.length > 0) {
      const above = parts.at(-1)?.until ?? this.#from;
      return { kind: 'key', above: Array.isArray(above) ? above : null, upTo: Array.isArray(to) ? to : null };
    }
    if (override !== null) return { kind: 'all' };
    const read = parts.flatMap(({ epoch, until }) => {
      const seen = epochs[epoch]?.view;
      return until === null || isKey(until) || seen === undefined ? [] : [{ point: until, view: new TransactionView(seen) }];
    });
    const from = typeof this.#from === 'number' ? this.#from : null;
    return { kind: 'place', from, before: typeof to === 'number' ? to : null, read };
  }

  /** The row has just been handed over. */
  remember(row: CopyText): void {
    this.#position?.remember(row);
  }

  finish(): void {
    this.#done = true;
  }

  /** As it stands now, for a table with a key; the row that is kept back does not count. */
  keyProgress(): KeyRange {
    const { to, parts } = this.#stored as KeyRange;
    if (parts.at(-1)?.until === null) return { to, parts };
    const until = this.#done ? null : (this.#position?.key() ?? null);
    return { to, parts: this.#done || until !== null ? [...parts, { epoch: this.table.epoch, until }] : parts };
  }

  /**
   * The same for a table without one. A range has come to its end only when the table has: until then a later epoch has to
   * look for rows that were put into it, and goes by the last row to know them.
   */
  placeProgress(isTableComplete: boolean): PlaceRange {
    const { to, parts } = this.#stored as PlaceRange;
    const until = isTableComplete ? null : (this.#position?.place() ?? null);
    return { to, parts: isTableComplete || until !== null ? [...parts, { epoch: this.table.epoch, until }] : parts };
  }
}

/** One table while it is being read, by one reader or several. */
export class TableReading {
  readonly layout: RowLayout;
  /** In which it is read now. */
  readonly epoch: number;
  readonly #fileNode: number;
  readonly ranges: readonly RangeReading[];
  #next = 0;
  /** Rows of it were handed over, now or before an interruption. */
  started: boolean;
  /** Handed over by this run. */
  rows = 0;
  unfinished: number;
  /** The last row so far. */
  tail: Tail | null = null;

  constructor(layout: RowLayout, epoch: number, fileNode: number, ranges: readonly StoredRange[]) {
    this.layout = layout;
    this.epoch = epoch;
    this.#fileNode = fileNode;
    this.ranges = ranges.map((range, index) => new RangeReading(this, ranges[index - 1]?.to ?? null, range));
    this.started = ranges.some((range) => range.parts.length > 0);
    this.unfinished = this.ranges.filter((range) => !range.done).length;
  }

  /** The next range that nobody reads yet. */
  next(): RangeReading | null {
    while (this.#next < this.ranges.length) {
      const range = this.ranges[this.#next];
      this.#next += 1;
      if (range !== undefined && !range.done) return range;
    }
    return null;
  }

  /** Null: nothing that could be gone on from. */
  progress(): TableProgress | null {
    const { info, order } = this.layout.table;
    const table = info.oid;
    if (order.length > 0) {
      const ranges = this.ranges.map((range) => range.keyProgress());
      if (ranges.every((range) => range.parts.length === 0)) return null;
      return { kind: 'key', table, columns: order.map(({ name }) => name), orders: order.map(({ compare }) => compare), ranges };
    }
    const isComplete = this.ranges.every((range) => range.done);
    const ranges = this.ranges.map((range) => range.placeProgress(isComplete));
    if (ranges.every((range) => range.parts.length === 0)) return null;
    return { kind: 'place', table, fileNode: this.#fileNode, ranges };
  }
}

function isKey(point: KeyPoint | PlacePoint): point is KeyPoint {
  return Array.isArray(point);
}
