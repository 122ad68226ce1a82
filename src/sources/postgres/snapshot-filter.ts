import { CellState, type TupleView } from '../../record/tuple-view.ts';
import { compareHalves, highHalf, lowHalf } from './lsn.ts';
import { epochsOf, isComplete, SnapshotProgress } from './snapshot-progress.ts';
import type { KeyOrder, KeyPoint, TableProgress } from './snapshot-progress.ts';
import { TransactionView } from './transaction-view.ts';

/** What becomes of a row image: it appears (insert, new image of a key change), disappears, or changes in place. */
export type RowEffect = 'appears' | 'other';

/** Instead of an epoch: nothing has read these rows yet, so a later reading will show their changes. */
export const unreadEpoch = 0xffff;
/** No reading has to do with these rows. */
const noEpoch = 0xfffe;

/** Which epoch read which rows of a table; renewed in place while rows are being read. */
export interface TableRegions {
  /** By region, in the order of the key: the epoch that read it, or `unreadEpoch`. */
  epochs: Uint16Array;
  /** By region but the last: the key up to which it reaches; empty for a table that was read in one epoch. */
  bounds: readonly (readonly Uint8Array[])[];
  /** Cells of the key in the tuple; empty where keys do not tell the regions apart: then `epochs` are sorted. */
  cells: Uint16Array;
  orders: readonly KeyOrder[];
}

/**
 * Keeps changes out of the stream that a reading has shown, or is going to show.
 *
 * The stream starts where the slot was made. A snapshot that was interrupted goes on in a later database snapshot, which
 * has seen transactions that the stream is yet to bring; a table that is filled in while streaming is read in database
 * snapshots of their own. A change is dropped exactly when the transaction that made it was seen by the database snapshot
 * in which its row's key was read. The two halves of a key change are judged one by one, since their keys may have been
 * read in different ones. Nothing is left to drop once the stream has come past the time of the last snapshot.
 *
 * A change of a row that is still to be read is dropped, too: the reading to come has to see its transaction, hence
 * `awaited`.
 */
export class SnapshotFilter {
  readonly progress: SnapshotProgress;
  /** Asked when the stream describes a table: are its rows still to be read? `gone`: the table is not there any more. */
  isNew: (table: number, gone: boolean) => Promise<boolean> = () => Promise.resolve(false);
  readonly #accepts: (schema: string, table: string) => boolean;
  #views: (TransactionView | null)[] = [];
  #sees = new Uint8Array(0);
  #horizonHigh = 0;
  #horizonLow = 0;
  #active = false;
  #seesAny = false;
  #unread = false;
  #xid = 0;
  readonly #awaited = new Set<number>();
  readonly #regions = new Map<number, { readonly columns: readonly string[]; readonly regions: TableRegions }>();

  /** `accepts`: which tables the snapshot read. */
  constructor(progress: SnapshotProgress, accepts: (schema: string, table: string) => boolean) {
    this.progress = progress;
    this.#accepts = accepts;
    this.refresh();
  }

  /** From an offset; `text` null: drops nothing. */
  static parse(text: string | null, accepts: (schema: string, table: string) => boolean): SnapshotFilter {
    return new SnapshotFilter(SnapshotProgress.parse(text, true), accepts);
  }

  /** For the offset; null: nothing is left to drop. */
  toText(current: readonly TableProgress[] = []): string | null {
    return this.#active || current.length > 0 ? this.progress.format(current) : null;
  }

  /** False: `drops` need not be asked any more. */
  get active(): boolean {
    return this.#active;
  }

  /** Transactions of which changes were dropped because they are still to be read. */
  get awaited(): ReadonlySet<number> {
    return this.#awaited;
  }

  /** A reading has seen them all. */
  clearAwaited(): void {
    this.#awaited.clear();
  }

  /** `progress` has changed. Between two transactions only. */
  refresh(): void {
    const { epochs } = this.progress;
    this.#views = epochs.map(({ view, exported }) => (exported ? null : new TransactionView(view)));
    this.#sees = new Uint8Array(epochs.length);
    const horizon = epochs.reduce((latest, epoch) => (!epoch.exported && epoch.horizon > latest ? epoch.horizon : latest), 0n);
    this.#horizonHigh = highHalf(horizon);
    this.#horizonLow = lowHalf(horizon);
    this.#unread = [...this.progress.tables].some((table) => !this.progress.isComplete(table.table));
    this.#active = horizon > 0n || this.#unread;
    for (const [table, { columns, regions }] of this.#regions) Object.assign(regions, this.#regionsOf(table, columns));
  }

  /**
   * A transaction begins: its top-level id, and the place of its commit record in the log. True: some of its changes may
   * have to be dropped.
   */
  beginTransaction(xid: number, commitHigh: number, commitLow: number): boolean {
    this.#xid = xid;
    if (!this.#active) return false;
    this.#seesAny = this.#unread;
    if (compareHalves(commitHigh, commitLow, this.#horizonHigh, this.#horizonLow) >= 0) {
      this.#active = this.#unread;
      this.#sees.fill(0);
      return this.#seesAny;
    }
    for (const [epoch, view] of this.#views.entries()) {
      const sees = view !== null && view.sees(xid);
      this.#sees[epoch] = sees ? 1 : 0;
      if (sees) this.#seesAny = true;
    }
    return this.#seesAny;
  }

  /** The stream describes a table: before `regions`. */
  async meet(table: number, schema: string, name: string, gone: boolean): Promise<void> {
    if (!this.#accepts(schema, name) || !(await this.isNew(table, gone))) return;
    // What a reading that was interrupted has come to stays; whoever forgets a table has it forgotten here, too.
    if (this.progress.table(table) === null) this.#markUnread(table);
  }

  /** `columns`: names of the tuple's cells. Null: nothing of this table is ever dropped. */
  regions(table: number, schema: string, name: string, columns: readonly string[]): TableRegions | null {
    if (!this.#accepts(schema, name)) return null;
    if (!this.#active || this.progress.table(table) === null) return null;
    const regions = this.#regionsOf(table, columns);
    this.#regions.set(table, { columns, regions });
    return regions;
  }

  /** What is still to be read never will be. */
  giveUpUnread(): void {
    const unread = [...this.progress.tables].filter(({ table }) => !this.progress.isComplete(table));
    for (const { table } of unread) this.progress.forget(table);
    if (unread.length > 0) this.refresh();
  }

  /** Also in the middle of a transaction. */
  #markUnread(table: number): void {
    this.progress.set({ kind: 'place', table, fileNode: -1, ranges: [{ to: null, parts: [] }] });
    this.#unread = true;
    this.#active = true;
    this.#seesAny = true;
  }

  #regionsOf(table: number, columns: readonly string[]): TableRegions {
    const none = { bounds: [], cells: new Uint16Array(0), orders: [] };
    const progress = this.progress.table(table);
    if (progress === null) return { ...none, epochs: new Uint16Array(1).fill(noEpoch) };
    const complete = this.progress.isComplete(table);
    const cells = progress.kind === 'key' ? progress.columns.map((column) => columns.indexOf(column)) : [];
    if (progress.kind !== 'key' || cells.includes(-1)) {
      return { ...none, epochs: Uint16Array.from([...epochsOf(progress), ...(complete ? [] : [unreadEpoch])]) };
    }
    const epochs: number[] = [];
    const bounds: (readonly Uint8Array[])[] = [];
    const add = (epoch: number, until: KeyPoint | null): void => {
      epochs.push(epoch);
      if (until !== null) bounds.push(until.map((text) => new TextEncoder().encode(text)));
    };
    for (const range of progress.ranges) {
      for (const { epoch, until } of range.parts) add(epoch, until ?? range.to);
      if (!isComplete(range)) add(unreadEpoch, range.to);
    }
    return { epochs: Uint16Array.from(epochs), bounds, cells: Uint16Array.from(cells), orders: progress.orders };
  }

  /**
   * Has a reading shown this change of the current transaction, or is going to? `tuple` is the row image that has the
   * key. For a key change ask twice: with the old image for its delete, with the new one for its create.
   */
  drops(regions: TableRegions | null, tuple: TupleView, effect: RowEffect): boolean {
    if (!this.#seesAny || regions === null) return false;
    const { epochs, bounds, cells, orders } = regions;
    const last = epochs.length - 1;
    if (cells.length === 0) {
      // Rows without a key: one that appeared is in the last epoch's reading if that saw it. One that changed may have
      // been read before: it counts as shown only if no reading can have missed the change.
      return this.#shows(epochs[effect === 'appears' ? last : 0] as number);
    }
    let part = 0;
    while (part < last && compareKey(tuple, cells, orders, bounds[part] as readonly Uint8Array[]) > 0) part += 1;
    return this.#shows(epochs[part] as number);
  }

  /** For TRUNCATE, which concerns all rows: shown only if every reading of the table saw it. */
  dropsTable(regions: TableRegions | null): boolean {
    if (!this.#seesAny || regions === null) return false;
    for (const epoch of regions.epochs) if (!this.#shows(epoch)) return false;
    return true;
  }

  #shows(epoch: number): boolean {
    if (epoch !== unreadEpoch) return this.#sees[epoch] === 1;
    this.#awaited.add(this.#xid);
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
