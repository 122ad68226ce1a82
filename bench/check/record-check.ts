import type { CellHash } from './cell-hash.ts';
import type { TableDigest } from './table-digest.ts';

const problemsMax = 10;

export interface RecordCheckOptions {
  /** The row holds the cells of the template's row so many further on: what an update has put there. 0 without. */
  readonly shift?: number;
  /** Each row's record is followed by one of its key alone. */
  readonly tombstones?: boolean;
}

/**
 * Holds records against the table: each row once, under its key, with the values that the table has. A table may hold the rows
 * of the digest several times over, under ids that go on counting (`copies`).
 */
export class RecordCheck {
  readonly #digest: TableDigest;
  readonly #seen: Uint8Array;
  readonly #problems: string[] = [];
  readonly rows: number;
  readonly #shift: number;
  readonly #tombstonesDue: boolean;
  #problemCount = 0;
  #records = 0;
  #tombstones = 0;

  constructor(digest: TableDigest, rows: number = digest.rows, { shift = 0, tombstones = false }: RecordCheckOptions = {}) {
    this.#digest = digest;
    this.rows = rows;
    this.#shift = shift;
    this.#tombstonesDue = tombstones;
    this.#seen = new Uint8Array(rows + 1);
  }

  /** Complete ones: with the tombstone, where one is due. */
  get records(): number {
    return this.#tombstonesDue ? Math.min(this.#records, this.#tombstones) : this.#records;
  }

  /** `key`: the id in the record's key. `id`: the one in its value. `hash`: of the other cells: those after the change, or, of a delete, those before. */
  take(key: number, id: number, hash: CellHash, where: string): void {
    this.#records += 1;
    if (key !== id) this.problem(`${where}: key ${key}, but the row's id is ${id}`);
    if (!Number.isInteger(id) || id < 1 || id > this.rows) {
      this.problem(`${where}: id ${id} is not in the table`);
      return;
    }
    if (this.#seen[id] !== 0) this.problem(`${where}: id ${id} comes again`);
    this.#seen[id] = 1;
    if (!this.#holds(id + this.#shift, hash)) this.problem(`${where}: id ${id} has other values than the table`);
  }

  /** The row as it was before an update, which has to be the template's own. */
  takeOld(key: number, id: number, hash: CellHash, where: string): void {
    if (key !== id || !this.#holds(id, hash)) this.problem(`${where}: id ${id} has other old values than the table had`);
  }

  /** A record without a value, behind the one of its row. */
  takeTombstone(key: number, where: string): void {
    this.#tombstones += 1;
    if (!this.#tombstonesDue || this.#seen[key] !== 1) this.problem(`${where}: a tombstone of ${key} that was not due`);
    else this.#seen[key] = 2;
  }

  problem(text: string): void {
    this.#problemCount += 1;
    if (this.#problems.length < problemsMax) this.#problems.push(text);
  }

  /** Empty when every row came once and is as in the table. */
  problems(): readonly string[] {
    const missing: number[] = [];
    let missingCount = 0;
    const due = this.#tombstonesDue ? 2 : 1;
    for (let id = 1; id <= this.rows; id += 1) {
      if (this.#seen[id] === due) continue;
      missingCount += 1;
      if (missing.length < 3) missing.push(id);
    }
    const found = [...this.#problems];
    if (this.#problemCount > found.length) found.push(`and ${this.#problemCount - found.length} more`);
    if (missingCount > 0) found.push(`${missingCount} of ${this.rows} rows are missing, the first ids: ${missing.join(', ')}`);
    return found;
  }

  #holds(id: number, hash: CellHash): boolean {
    const at = ((id - 1) % this.#digest.rows) + 1;
    return hash.high === this.#digest.high[at] && hash.low === this.#digest.low[at];
  }
}
