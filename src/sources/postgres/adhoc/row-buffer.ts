import { CellState, type TupleView } from '../../../record/tuple-view.ts';

/** Copies of rows, all with the same cells, in one stretch of memory. */
export class RowBuffer {
  readonly #cells: number;
  #bytes = new Uint8Array(64 * 1024);
  #end = 0;
  #state = new Uint8Array(1024);
  #from = new Int32Array(1024);
  #to = new Int32Array(1024);
  #rows = 0;

  constructor(cells: number) {
    this.#cells = cells;
  }

  get rows(): number {
    return this.#rows;
  }

  get byteLength(): number {
    return this.#end;
  }

  add(tuple: TupleView): void {
    const cells = this.#cells;
    const base = this.#rows * cells;
    if (base + cells > this.#state.length) this.#growCells(base + cells);
    for (let cell = 0; cell < cells; cell += 1) {
      const state = tuple.state[cell] as number;
      this.#state[base + cell] = state;
      if (state !== CellState.TEXT) continue;
      const start = tuple.start[cell] as number;
      const end = tuple.end[cell] as number;
      const to = this.#end + end - start;
      if (to > this.#bytes.length) this.#growBytes(to);
      this.#bytes.set(tuple.bytes.subarray(start, end), this.#end);
      this.#from[base + cell] = this.#end;
      this.#to[base + cell] = to;
      this.#end = to;
    }
    this.#rows += 1;
  }

  /** Forgets the rows from `rows` on. */
  cut(rows: number): void {
    this.#rows = rows;
  }

  clear(): void {
    this.#rows = 0;
    this.#end = 0;
  }

  /** Points `tuple` at the first `count` cells of a row. */
  load(row: number, tuple: TupleView, count: number): void {
    const base = row * this.#cells;
    tuple.bytes = this.#bytes;
    tuple.count = count;
    for (let cell = 0; cell < count; cell += 1) {
      tuple.state[cell] = this.#state[base + cell] as number;
      tuple.start[cell] = this.#from[base + cell] as number;
      tuple.end[cell] = this.#to[base + cell] as number;
    }
  }

  /** The texts of the cells from `first` on; slow. */
  texts(row: number, first: number): (string | null)[] {
    const base = row * this.#cells;
    const texts: (string | null)[] = [];
    for (let cell = first; cell < this.#cells; cell += 1) {
      const isText = this.#state[base + cell] === CellState.TEXT;
      texts.push(isText ? Buffer.from(this.#bytes.subarray(this.#from[base + cell], this.#to[base + cell])).toString('utf8') : null);
    }
    return texts;
  }

  #growCells(needed: number): void {
    const length = Math.max(needed, this.#state.length * 2);
    const [state, from, to] = [new Uint8Array(length), new Int32Array(length), new Int32Array(length)];
    state.set(this.#state);
    from.set(this.#from);
    to.set(this.#to);
    this.#state = state;
    this.#from = from;
    this.#to = to;
  }

  #growBytes(needed: number): void {
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}
