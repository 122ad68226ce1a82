import { CellState, type TupleView } from '../../../record/tuple-view.ts';
import type { Relation } from '../relation-cache.ts';
import type { TransactionView } from '../transaction-view.ts';
import { KeySet } from './key-set.ts';

/** Keys that were changed while a window is open; beyond this the rows are read again in a new window. */
const keyBytesMax = 8 * 1024 * 1024;

/** A table whose rows were (or are being) read while the stream goes on. */
export interface WatchedTable {
  readonly oid: number;
  /** Columns that tell its rows apart: its key; without one, all of them. */
  readonly identity: readonly string[];
  /** False: rows may be equal, and a change concerns one of them. */
  readonly keyed: boolean;
}

interface Watch extends WatchedTable {
  readonly changed: KeySet;
  /** Emptied by TRUNCATE. */
  emptied: boolean;
  /** The relation that `cells` was made for. */
  relation: Relation | null;
  cells: Uint16Array;
}

/**
 * What the stream brings between the moment at which rows were read and the moment at which they are handed over.
 *
 * The rows were read in one database snapshot. They are handed over when the stream has brought every transaction that
 * the snapshot saw, so no older value can follow. What a transaction that the snapshot did not see has changed meanwhile
 * is newer than what was read: those rows are left out. Thus whatever was deleted stays deleted, and it does not matter
 * which operations become records, because the rows are noted before anything is skipped.
 */
export class SnapshotWindow {
  readonly view: TransactionView;
  /** Everything that the snapshot saw was committed before this place in the log. */
  readonly horizon: bigint;
  readonly #tables: ReadonlyMap<number, Watch>;
  #broken: string | null = null;
  /** The snapshot did not see the transaction that the stream is in. */
  unseen = false;

  constructor(view: TransactionView, horizon: bigint, tables: readonly WatchedTable[]) {
    this.view = view;
    this.horizon = horizon;
    this.#tables = new Map(
      tables.map((table) => [
        table.oid,
        { ...table, changed: new KeySet(), emptied: false, relation: null, cells: new Uint16Array(table.identity.length) },
      ]),
    );
  }

  /** Why what was read is of no use and has to be read again; null: it is. */
  get broken(): string | null {
    return this.#broken;
  }

  begin(xid: number): void {
    this.unseen = !this.view.sees(xid);
  }

  /** A row with this image has been changed by the current transaction, which the snapshot did not see. */
  changed(relation: Relation, tuple: TupleView): void {
    const watch = this.#tables.get(relation.id);
    if (watch === undefined || this.#broken !== null || !this.#aim(watch, relation)) return;
    for (let index = 0; index < watch.cells.length; index += 1) {
      const state = tuple.state[watch.cells[index] as number];
      if (state === CellState.TEXT || state === CellState.NULL) continue;
      this.#broken = 'a change does not tell which row it concerns';
      return;
    }
    watch.changed.add(tuple, watch.cells);
    if (watch.changed.byteLength > keyBytesMax) this.#broken = 'too many rows were changed meanwhile';
  }

  /** A row has come into being. One of a table without key cannot be among those that were read. */
  appeared(relation: Relation, tuple: TupleView): void {
    const watch = this.#tables.get(relation.id);
    if (watch !== undefined && (watch.keyed || this.#broken !== null)) this.changed(relation, tuple);
  }

  truncated(relation: Relation): void {
    const watch = this.#tables.get(relation.id);
    if (watch !== undefined) watch.emptied = true;
  }

  /** Is the row that was read out of date? `cells`: of the identity, in `tuple`. Asked once for each row. */
  isStale(table: number, tuple: TupleView, cells: Uint16Array): boolean {
    const watch = this.#tables.get(table);
    if (watch === undefined) return false;
    return watch.emptied || watch.changed.has(tuple, cells, !watch.keyed);
  }

  /** False: the table has been altered since, and its rows have to be read anew. */
  #aim(watch: Watch, relation: Relation): boolean {
    if (watch.relation === relation) return true;
    const names = relation.columns.map((column) => column.name);
    const cells = watch.identity.map((name) => names.indexOf(name));
    if (cells.includes(-1) || (watch.relation !== null && watch.relation.rowSchema !== relation.rowSchema)) {
      this.#broken = 'the table was altered meanwhile';
      return false;
    }
    watch.relation = relation;
    watch.cells = Uint16Array.from(cells);
    return true;
  }
}
