import { CellState, type TupleView } from '../../record/tuple-view.ts';
import { compareHalves, highHalf, lowHalf } from './lsn.ts';
import { formatEpochs, parseEpochs, tableParts } from './snapshot-progress.ts';
import type { Epoch, KeyOrder } from './snapshot-progress.ts';
import { TransactionView } from './transaction-view.ts';

/** What becomes of a row image: it appears (insert, new image of a key change), disappears, or changes in place. */
export type RowEffect = 'appears' | 'other';

/** Which epoch read which rows of a table; made once per relation. */
export interface TableRegions {
  /** By part: the epoch that read it. */
  readonly epochs: Uint16Array;
  /** By part but the last: the key up to which it reaches; empty for a table that was read in one epoch. */
  readonly bounds: readonly (readonly Uint8Array[])[];
  /** Cells of the key in the tuple. */
  readonly cells: Uint16Array;
  readonly orders: readonly KeyOrder[];
}

/**
 * Keeps changes out of the stream that a snapshot has already shown.
 *
 * The stream starts where the slot was made. A snapshot that was interrupted goes on in a later database snapshot, which
 * has seen transactions that the stream is yet to bring. A change is dropped exactly when the transaction that made it
 * was seen by the database snapshot in which its row's key was read. The two halves of a key change are judged one by
 * one, since their keys may have been read in different ones. Nothing is left to drop once the stream has come past
 * the time of the last snapshot.
 */
export class SnapshotFilter {
  readonly #epochs: readonly Epoch[];
  readonly #views: readonly (TransactionView | null)[];
  readonly #accepts: (schema: string, table: string) => boolean;
  readonly #sees: Uint8Array;
  readonly #horizonHigh: number;
  readonly #horizonLow: number;
  #active: boolean;
  #seesAny = false;

  /** `accepts`: which tables the snapshot read. */
  constructor(epochs: readonly Epoch[], accepts: (schema: string, table: string) => boolean) {
    this.#epochs = epochs;
    this.#accepts = accepts;
    this.#views = epochs.map(({ view, exported }) => (exported ? null : new TransactionView(view)));
    this.#sees = new Uint8Array(epochs.length);
    const horizon = epochs.reduce((latest, epoch) => (!epoch.exported && epoch.horizon > latest ? epoch.horizon : latest), 0n);
    this.#horizonHigh = highHalf(horizon);
    this.#horizonLow = lowHalf(horizon);
    this.#active = horizon > 0n;
  }

  /** From an offset; `text` null: drops nothing. */
  static parse(text: string | null, accepts: (schema: string, table: string) => boolean): SnapshotFilter {
    return new SnapshotFilter(text === null ? [] : parseEpochs(text), accepts);
  }

  /** For the offset; null: nothing is left to drop. */
  toText(): string | null {
    return this.#active ? formatEpochs(this.#epochs) : null;
  }

  /** False: `drops` need not be asked any more. */
  get active(): boolean {
    return this.#active;
  }

  /**
   * A transaction begins: its top-level id, and the place of its commit record in the log. True: some of its changes may
   * have to be dropped.
   */
  beginTransaction(xid: number, commitHigh: number, commitLow: number): boolean {
    if (!this.#active) return false;
    if (compareHalves(commitHigh, commitLow, this.#horizonHigh, this.#horizonLow) >= 0) {
      this.#active = false;
      this.#seesAny = false;
      return false;
    }
    this.#seesAny = false;
    for (const [epoch, view] of this.#views.entries()) {
      const sees = view !== null && view.sees(xid);
      this.#sees[epoch] = sees ? 1 : 0;
      if (sees) this.#seesAny = true;
    }
    return this.#seesAny;
  }

  /** `columns`: names of the tuple's cells. Null: nothing of this table is ever dropped. */
  regions(table: number, schema: string, name: string, columns: readonly string[]): TableRegions | null {
    if (!this.#active || !this.#accepts(schema, name)) return null;
    const { parts, complete } = tableParts(this.#epochs, table);
    // A table that no epoch came to was made after all of them; the last one would have read it.
    const epochs = Uint16Array.from([...parts.map((part) => part.epoch), ...(complete ? [] : [this.#epochs.length - 1])]);
    const keyed = parts.flatMap(({ until }) => (until?.kind === 'key' ? [until] : []));
    const names = keyed[0]?.columns ?? [];
    const cells = names.map((column) => columns.indexOf(column));
    if (keyed.length === 0 || keyed.length < parts.filter(({ until }) => until !== null).length || cells.includes(-1))
      return { epochs, bounds: [], cells: new Uint16Array(0), orders: [] };
    const bounds = keyed.map(({ key }) => key.map((text) => new TextEncoder().encode(text)));
    return { epochs, bounds, cells: Uint16Array.from(cells), orders: keyed[0]?.orders ?? [] };
  }

  /**
   * Has the snapshot shown this change of the current transaction? `tuple` is the row image that has the key. For a key
   * change ask twice: with the old image for its delete, with the new one for its create.
   */
  drops(regions: TableRegions | null, tuple: TupleView, effect: RowEffect): boolean {
    if (!this.#seesAny || regions === null) return false;
    const { epochs, bounds, cells, orders } = regions;
    const last = epochs.length - 1;
    if (cells.length === 0) {
      // Rows without a key: one that appeared is in the last epoch's reading if that saw it. One that changed may have
      // been read before: it counts as shown only if no reading can have missed the change.
      return this.#sees[epochs[effect === 'appears' ? last : 0] as number] === 1;
    }
    let part = 0;
    while (part < last && compareKey(tuple, cells, orders, bounds[part] as readonly Uint8Array[]) > 0) part += 1;
    return this.#sees[epochs[part] as number] === 1;
  }

  /** For TRUNCATE, which concerns all rows: shown only if every reading of the table saw it. */
  dropsTable(regions: TableRegions | null): boolean {
    if (!this.#seesAny || regions === null) return false;
    for (const epoch of regions.epochs) if (this.#sees[epoch] === 0) return false;
    return true;
  }
}

function compareKey(tuple: TupleView, cells: Uint16Array, orders: readonly KeyOrder[], bound: readonly Uint8Array[]): number {
  for (let index = 0; index < cells.length; index += 1) {
    const cell = cells[index] as number;
    if (tuple.state[cell] !== CellState.TEXT) continue;
    const start = tuple.start[cell] as number;
    const end = tuple.end[cell] as number;
    const right = bound[index] as Uint8Array;
    const order =
      orders[index] === 'number' ? compareNumbers(tuple.bytes, start, end, right) : compareBytes(tuple.bytes, start, end, right);
    if (order !== 0) return order;
  }
  return 0;
}

function compareBytes(bytes: Uint8Array, start: number, end: number, right: Uint8Array): number {
  const length = Math.min(end - start, right.length);
  for (let index = 0; index < length; index += 1) {
    const order = (bytes[start + index] as number) - (right[index] as number);
    if (order !== 0) return order;
  }
  return end - start - right.length;
}

/** Integers as the server prints them: no leading zeros, no plus. */
function compareNumbers(bytes: Uint8Array, start: number, end: number, right: Uint8Array): number {
  const minus = 0x2d;
  const leftNegative = bytes[start] === minus;
  if (leftNegative !== (right[0] === minus)) return leftNegative ? -1 : 1;
  const longer = end - start - right.length;
  const order = longer === 0 ? compareBytes(bytes, start, end, right) : longer;
  return leftNegative ? -order : order;
}
