import { ConnectError } from '../../base/errors.ts';
import type { ChangeOutlet } from '../../connect/source.ts';
import type { Change } from '../../record/change.ts';
import { Op, opCodes } from '../../record/change.ts';
import { CellState, type TupleView } from '../../record/tuple-view.ts';
import { RowWatch } from './adhoc/row-watch.ts';
import { emitOrReject } from './refused-row.ts';
import type { Relation } from './relation-cache.ts';
import type { PostgresSettings } from './settings.ts';
import type { SnapshotFilter } from './snapshot-filter.ts';
import type { StreamPosition } from './stream-position.ts';
import type { TransactionRecords } from './transaction-records.ts';

/**
 * Turns a decoded row message into the changes it stands for: a delete and its tombstone, the three records of a key
 * change, one per table of a truncate. The images are already in `change.before` and `change.after`.
 */
export class RowEmitter {
  readonly #change: Change;
  readonly #out: ChangeOutlet;
  readonly #position: StreamPosition;
  /** Knows what the snapshot has shown already. */
  readonly #shown: SnapshotFilter;
  readonly #transactions: TransactionRecords | null;
  /** Hears of every row before anything is skipped. */
  readonly #watch: RowWatch;
  readonly #tombstones: boolean;
  readonly #skips: Uint8Array;
  readonly #skipUnchanged: boolean;
  /** Changes handed over, by `Op`; drained into the metrics now and then. */
  readonly counts = new Float64Array(opCodes.length);
  #room = true;

  constructor(
    change: Change,
    out: ChangeOutlet,
    position: StreamPosition,
    shown: SnapshotFilter,
    settings: PostgresSettings,
    transactions: TransactionRecords | null = null,
    watch: RowWatch = new RowWatch(null),
  ) {
    this.#watch = watch;
    this.#change = change;
    this.#out = out;
    this.#position = position;
    this.#shown = shown;
    this.#transactions = transactions;
    this.#tombstones = settings.records.tombstonesOnDelete;
    this.#skipUnchanged = settings.stream.skipUnchanged;
    const skipped: ReadonlySet<string> = settings.stream.skippedOperations;
    this.#skips = Uint8Array.from(opCodes, (code) => (skipped.has(code) ? 1 : 0));
  }

  /** False once after the outlet asked to stop. */
  takeRoom(): boolean {
    const room = this.#room;
    this.#room = true;
    return room;
  }

  insert(relation: Relation): void {
    if (this.#watch.active) this.#watch.appeared(relation, this.#change.after);
    if (this.#skips[Op.CREATE] === 1 || this.#shown.drops(relation.regions, this.#change.after, 'appears')) return;
    this.#change.before.count = 0;
    this.#change.related.count = 0;
    this.#emit(relation, Op.CREATE);
  }

  update(relation: Relation): void {
    const { before, after, related } = this.#change;
    const keepsKey = before.count === 0 || sameCells(relation.key, before, after);
    // Where updates are left out, a row stays as it was read. Another key is a delete and a create.
    if (keepsKey && this.#skips[Op.UPDATE] === 1) return;
    if (this.#watch.active) this.#watch.updated(relation, before, after);
    related.count = 0;
    if (keepsKey) {
      if (this.#skipUnchanged && relation.wholeOld && sameCells(relation.captured, before, after)) return;
      if (!this.#shown.drops(relation.regions, after, 'other')) this.#emit(relation, Op.UPDATE);
      return;
    }
    // The two halves may have been read at different times.
    const showsOld = this.#skips[Op.DELETE] === 0 && !this.#shown.drops(relation.regions, before, 'other');
    const showsNew = this.#skips[Op.CREATE] === 0 && !this.#shown.drops(relation.regions, after, 'appears');
    // A letter has room for both.
    if (relation.refusal !== null && showsOld && showsNew) return this.#emit(relation, Op.UPDATE);
    // The old key is deleted, pointing at the new one, and the row is created anew, pointing back.
    const missing = missingKeyColumn(relation.key, before);
    copyTuple(after, related);
    after.count = 0;
    if (showsOld) this.#deleteOld(relation, missing);
    after.count = related.count;
    if (missing < 0) copyTuple(before, related);
    else related.count = 0;
    before.count = 0;
    if (showsNew) this.#emit(relation, Op.CREATE);
  }

  delete(relation: Relation): void {
    if (this.#watch.active) this.#watch.changed(relation, this.#change.before);
    if (this.#skips[Op.DELETE] === 1) return;
    const { before, after, related } = this.#change;
    after.count = 0;
    related.count = 0;
    if (!this.#shown.drops(relation.regions, before, 'other')) this.#deleteOld(relation, missingKeyColumn(relation.key, before));
  }

  truncate(relation: Relation): void {
    if (this.#watch.active) this.#watch.truncated(relation);
    if (this.#skips[Op.TRUNCATE] === 1 || this.#shown.dropsTable(relation.regions)) return;
    this.#change.before.count = 0;
    this.#change.after.count = 0;
    this.#change.related.count = 0;
    this.#emit(relation, Op.TRUNCATE);
  }

  /** `missing`: the first key column that the old image leaves out, -1 for none. */
  #deleteOld(relation: Relation, missing: number): void {
    const parked = relation.refusal !== null;
    if (missing >= 0 && !parked) {
      this.#rejectDelete(relation, missing);
      return;
    }
    this.#emit(relation, Op.DELETE);
    if (this.#tombstones && !parked) this.#emit(relation, Op.TOMBSTONE);
  }

  #emit(relation: Relation, op: Op): void {
    const { refusal } = relation;
    if (this.#transactions !== null && op !== Op.TOMBSTONE && refusal === null) this.#transactions.changed(relation.counter!);
    if (!this.#position.admit()) return;
    this.#change.op = op;
    if (refusal === null) this.counts[op] = (this.counts[op] as number) + 1;
    if (!emitOrReject(this.#out, this.#change, refusal)) this.#room = false;
    this.#position.handedOver();
  }

  /** Invariant 5: a delete under a made-up key would delete another row downstream. */
  #rejectDelete(relation: Relation, column: number): void {
    if (!this.#position.admit()) return;
    const name = relation.columns[column]?.name ?? '';
    const table = `${relation.schema}.${relation.table}`;
    const failure = new ConnectError(
      'data.row',
      `A row of ${table} was deleted or got another key, and its key column "${name}" is not part of the table's replica identity (${this.#change.locate()}).`,
      {
        remedy: `ALTER TABLE ${table} REPLICA IDENTITY FULL, or make "${name}" part of the identity's index.`,
        details: { table, column: name },
      },
    );
    if (!this.#out.reject(failure, null)) this.#room = false;
    this.#position.handedOver();
  }
}

function missingKeyColumn(key: Uint16Array, before: TupleView): number {
  for (let index = 0; index < key.length; index += 1) {
    const column = key[index] as number;
    if (before.state[column] === CellState.ABSENT) return column;
  }
  return -1;
}

/** A column that the old image leaves out did not change, as far as the server lets us know. */
function sameCells(columns: Uint16Array, before: TupleView, after: TupleView): boolean {
  for (let index = 0; index < columns.length; index += 1) {
    const column = columns[index] as number;
    const state = before.state[column];
    if (state === CellState.ABSENT || after.state[column] === CellState.UNCHANGED) continue;
    if (state !== after.state[column]) return false;
    if (state !== CellState.TEXT) continue;
    const start = before.start[column] as number;
    const other = after.start[column] as number;
    const length = (before.end[column] as number) - start;
    if (length !== (after.end[column] as number) - other) return false;
    for (let at = 0; at < length; at += 1) if (before.bytes[start + at] !== after.bytes[other + at]) return false;
  }
  return true;
}

function copyTuple(from: TupleView, to: TupleView): void {
  to.bytes = from.bytes;
  to.count = from.count;
  for (let column = 0; column < from.count; column += 1) {
    to.state[column] = from.state[column] as number;
    to.start[column] = from.start[column] as number;
    to.end[column] = from.end[column] as number;
  }
}
