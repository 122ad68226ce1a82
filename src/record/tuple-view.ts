/** What a column of a tuple holds. */
export const CellState = {
  /** The source sent no value at all (a column outside the replica identity's key in an old image). */
  ABSENT: 0,
  NULL: 1,
  /** TOASTed and not changed by this update: the source knows that there is a value but not which. */
  UNCHANGED: 2,
  /** Text in `bytes[start, end)`. */
  TEXT: 3,
} as const;
export type CellState = (typeof CellState)[keyof typeof CellState];

/**
 * A row as byte ranges over one buffer: no strings, no per-row objects. pgoutput tuples, COPY lines and CSV lines all
 * fit it. The bytes are borrowed and valid only until the source returns from the call that emitted the change.
 */
export class TupleView {
  bytes: Uint8Array = new Uint8Array(0);
  /** Columns in this tuple; 0 means that there is no such row image. */
  count = 0;
  state: Uint8Array;
  start: Int32Array;
  end: Int32Array;

  constructor(columnsMax = 64) {
    this.state = new Uint8Array(columnsMax);
    this.start = new Int32Array(columnsMax);
    this.end = new Int32Array(columnsMax);
  }

  /** Makes room for at least `columns`; existing cells are kept. Called when a shape is declared, not per row. */
  reserve(columns: number): void {
    if (columns <= this.state.length) return;
    const state = new Uint8Array(columns);
    const start = new Int32Array(columns);
    const end = new Int32Array(columns);
    state.set(this.state);
    start.set(this.start);
    end.set(this.end);
    this.state = state;
    this.start = start;
    this.end = end;
  }
}
