import type { CopyText } from './copy-text.ts';
import type { KeyPoint, PlacePoint } from './snapshot-progress.ts';
import type { SnapshotTable } from './snapshot-query.ts';
import type { TransactionView } from './transaction-view.ts';

/** How many inserting transactions a position lists before it gives up telling them apart. */
const recentMax = 2000;

/**
 * Remembers the last row that was handed over, as bytes: the texts are made only when a position is asked for. One per
 * range and reading.
 */
export class SnapshotPosition {
  readonly #table: SnapshotTable;
  readonly #view: TransactionView;
  /** Wire columns that make up the position. */
  readonly #columns: Uint16Array;
  readonly #ends: Int32Array;
  #bytes = new Uint8Array(256);
  #started = false;
  #recent: Set<number> | null = new Set();

  constructor(table: SnapshotTable, view: TransactionView) {
    this.#table = table;
    this.#view = view;
    const own = table.columns.length;
    const byKey = table.order.map(({ name }) => table.columns.findIndex((column) => column.name === name));
    // tableoid and ctid; a table read by a SELECT of its own has no places.
    const byPlace = table.override === null ? [own, own + 1] : [];
    this.#columns = Uint16Array.from(byKey.length > 0 ? byKey : byPlace);
    this.#ends = new Int32Array(this.#columns.length);
  }

  /** The row in `row` has just been handed over. */
  remember(row: CopyText): void {
    this.#started = true;
    const columns = this.#columns;
    let at = 0;
    for (let index = 0; index < columns.length; index += 1) {
      const column = columns[index] as number;
      const start = row.start[column] as number;
      const length = (row.end[column] as number) - start;
      if (at + length > this.#bytes.length) this.#grow(at + length);
      for (let offset = 0; offset < length; offset += 1) this.#bytes[at + offset] = row.bytes[start + offset] as number;
      at += length;
      this.#ends[index] = at;
    }
    if (this.#table.order.length === 0 && this.#recent !== null && columns.length > 0) this.#rememberInserter(row, this.#recent);
  }

  /** Null: no row yet, or the table is not read in the order of a key. */
  key(): KeyPoint | null {
    return this.#started && this.#table.order.length > 0 ? this.#texts() : null;
  }

  /** Null: no row yet, or rows of this table cannot be told apart. */
  place(): PlacePoint | null {
    if (!this.#started || this.#table.order.length > 0) return null;
    const [part, ctid] = this.#texts();
    if (part === undefined || ctid === undefined) return null;
    return { part: Number(part), ctid, recent: this.#recent === null ? null : [...this.#recent] };
  }

  #texts(): string[] {
    return [...this.#ends].map((end, index) =>
      Buffer.from(this.#bytes.buffer, index === 0 ? 0 : this.#ends[index - 1], end - (this.#ends[index - 1] ?? 0)).toString('utf8'),
    );
  }

  #rememberInserter(row: CopyText, recent: Set<number>): void {
    const column = this.#table.columns.length + 2;
    let xid = 0;
    for (let at = row.start[column] as number; at < (row.end[column] as number); at += 1)
      xid = xid * 10 + ((row.bytes[at] as number) - 0x30);
    if (!this.#view.isRecent(xid)) return;
    recent.add(xid);
    if (recent.size > recentMax) this.#recent = null;
  }

  #grow(bytes: number): void {
    const larger = new Uint8Array(bytes * 2);
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}
