import type { TupleView } from '../../../record/tuple-view.ts';
import type { Relation } from '../relation-cache.ts';
import type { TransactionView } from '../transaction-view.ts';
import type { SnapshotWindow } from './snapshot-window.ts';

const recentMax = 8192;
const farAhead = 1 << 24;

/**
 * The stream's side of ad-hoc snapshots: which transactions it has brought lately, and, while a window is open, which rows
 * they changed. Told of every change before anything is skipped or filtered.
 */
export class RowWatch {
  window: SnapshotWindow | null = null;
  /** The window wants to hear of the rows of the current transaction. */
  active = false;
  readonly #recent = new Uint32Array(recentMax);
  #count = 0;

  /** `last`: the transaction that was delivered last before this stream began. */
  constructor(last: number | null) {
    if (last !== null) this.#remember(last);
  }

  begin(xid: number): void {
    this.#remember(xid);
    if (this.window === null) this.active = false;
    else {
      this.window.begin(xid);
      this.active = this.window.unseen;
    }
  }

  /**
   * A transaction may be streamed a moment before it becomes visible to queries. False: what the stream has brought is not
   * all in this view, so rows read in it may be older than what was delivered.
   */
  isCovered(view: TransactionView): boolean {
    const length = Math.min(this.#count, recentMax);
    for (let index = 0; index < length; index += 1) {
      const xid = this.#recent[index] as number;
      // Ids go round: one that seems to lie far ahead is a very old one.
      if (!view.sees(xid) && ((xid - view.xmax) | 0) < farAhead) return false;
    }
    // Later views see all of these, too.
    this.#count = 0;
    return true;
  }

  appeared(relation: Relation, after: TupleView): void {
    if (this.active) this.window?.appeared(relation, after);
  }

  /** `before` is empty when the key stayed as it was, unless the whole old row is known. */
  updated(relation: Relation, before: TupleView, after: TupleView): void {
    if (before.count > 0) this.changed(relation, before);
    if (before.count === 0) this.changed(relation, after);
    else this.appeared(relation, after);
  }

  changed(relation: Relation, image: TupleView): void {
    if (this.active) this.window?.changed(relation, image);
  }

  truncated(relation: Relation): void {
    if (this.active) this.window?.truncated(relation);
  }

  #remember(xid: number): void {
    this.#recent[this.#count % recentMax] = xid;
    this.#count += 1;
  }
}
