import type { CellHash } from './cell-hash.ts';
import type { TableDigest } from './table-digest.ts';

const problemsMax = 10;

/**
 * Holds records against the table: each row once, under its key, with the values that the table has. A table may hold the rows
 * of the digest several times over, under ids that go on counting (`copies`).
 */
export class RecordCheck {
  readonly #digest: TableDigest;
  readonly #seen: Uint8Array;
  readonly #problems: string[] = [];
  readonly rows: number;
  #problemCount = 0;
  #records = 0;

  constructor(digest: TableDigest, rows: number = digest.rows) {
    this.#digest = digest;
    this.rows = rows;
    this.#seen = new Uint8Array(rows + 1);
  }

  get records(): number {
    return this.#records;
  }

  /** `key`: the id in the record's key. `id`: the one in its value. `hash`: of the other cells. */
  take(key: number, id: number, hash: CellHash, where: string): void {
    this.#records += 1;
    if (key !== id) this.problem(`${where}: key ${key}, but the row's id is ${id}`);
    if (!Number.isInteger(id) || id < 1 || id > this.rows) {
      this.problem(`${where}: id ${id} is not in the table`);
      return;
    }
    if (this.#seen[id] !== 0) this.problem(`${where}: id ${id} comes again`);
    this.#seen[id] = 1;
    const at = ((id - 1) % this.#digest.rows) + 1;
    if (hash.high !== this.#digest.high[at] || hash.low !== this.#digest.low[at])
      this.problem(`${where}: id ${id} has other values than the table`);
  }

  problem(text: string): void {
    this.#problemCount += 1;
    if (this.#problems.length < problemsMax) this.#problems.push(text);
  }

  /** Empty when every row came once and is as in the table. */
  problems(): readonly string[] {
    const missing: number[] = [];
    let missingCount = 0;
    for (let id = 1; id <= this.rows; id += 1) {
      if (this.#seen[id] !== 0) continue;
      missingCount += 1;
      if (missing.length < 3) missing.push(id);
    }
    const found = [...this.#problems];
    if (this.#problemCount > found.length) found.push(`and ${this.#problemCount - found.length} more`);
    if (missingCount > 0) found.push(`${missingCount} of ${this.rows} rows are missing, the first ids: ${missing.join(', ')}`);
    return found;
  }
}
