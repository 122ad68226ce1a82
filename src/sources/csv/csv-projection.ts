import { CellState, type TupleView } from '../../record/tuple-view.ts';
import { ByteRegister } from '../../text/value-register.ts';
import type { CellTime } from './cell-time.ts';
import type { NumberForm } from './number-form.ts';

/** One column of the records' rows, and which cell of the file it is made of. */
export interface ProjectedCell {
  /** Index into the cells of the file; for `JOINED` unused. */
  readonly cell: number;
  readonly make: CellMake;
  /** An empty cell is a value. */
  readonly isText: boolean;
  /** Of times that are written anew. */
  readonly time: CellTime | null;
  /** Moved with the row's anchor to the present. */
  readonly shifted: boolean;
  /** Of `JOINED`: parts that are columns made before this one (by index), or texts. */
  readonly parts: readonly (number | Uint8Array)[];
}

export const CellMake = { COPY: 0, TIME: 1, ARRAY: 2, TIME_ARRAY: 3, JOINED: 4, NUMBER: 5 } as const;
export type CellMake = (typeof CellMake)[keyof typeof CellMake];

export interface ShiftAnchor {
  readonly cell: number;
  readonly time: CellTime;
}

/** What the record's timestamp is taken from. */
export interface TimestampCell {
  /** Index into the columns made. */
  readonly column: number;
  readonly time: CellTime;
}

/**
 * Makes the row that shapes are about from the row of the file: other columns, another order, cells brought into the
 * form their readers take. Without computed cells only ranges are copied; else the row's bytes too, so that all ranges
 * point into one buffer.
 */
export class CsvProjection {
  readonly #cells: readonly ProjectedCell[];
  readonly #anchor: ShiftAnchor | null;
  readonly #numbers: NumberForm | null;
  readonly #computes: boolean;
  readonly #scratch = new ByteRegister();

  constructor(cells: readonly ProjectedCell[], anchor: ShiftAnchor | null, numbers: NumberForm | null) {
    this.#numbers = numbers;
    this.#cells = cells;
    this.#anchor = anchor;
    this.#computes = cells.some((cell) => cell.make !== CellMake.COPY);
  }

  get width(): number {
    return this.#cells.length;
  }

  project(row: TupleView, into: TupleView, nowMs: number): void {
    const shift = this.#computes ? this.#shiftSeconds(row, nowMs) : 0;
    const scratch = this.#scratch;
    let base = 0;
    if (this.#computes) base = this.#copyRow(row);
    const cells = this.#cells;
    for (let index = 0; index < cells.length; index += 1) {
      const cell = cells[index]!;
      if (cell.make === CellMake.JOINED) {
        into.start[index] = scratch.length;
        this.#join(cell, into);
        into.end[index] = scratch.length;
        into.state[index] = CellState.TEXT;
        continue;
      }
      const start = row.start[cell.cell]! - base;
      const end = row.end[cell.cell]! - base;
      let state = row.state[cell.cell]!;
      if (state === CellState.TEXT && start === end && !cell.isText) state = CellState.NULL;
      into.state[index] = state;
      into.start[index] = start;
      into.end[index] = end;
      if (cell.make === CellMake.COPY || state !== CellState.TEXT) continue;
      into.start[index] = scratch.length;
      this.#compute(cell, start, end, cell.shifted ? shift : 0);
      into.end[index] = scratch.length;
    }
    into.count = cells.length;
    into.bytes = this.#computes ? scratch.bytes : row.bytes;
  }

  /** Seconds that make the anchor the present; whole ones, so that the form of the cells stays. */
  #shiftSeconds(row: TupleView, nowMs: number): number {
    const anchor = this.#anchor;
    if (anchor === null || row.state[anchor.cell] !== CellState.TEXT) return 0;
    const seconds = anchor.time.readLocalSeconds(row.bytes, row.start[anchor.cell]!, row.end[anchor.cell]!);
    return Number.isNaN(seconds) ? 0 : anchor.time.localSeconds(nowMs) - seconds;
  }

  /** The bytes from the first cell to the last go into the scratch; the answer is to be taken off their places. */
  #copyRow(row: TupleView): number {
    let from = row.bytes.length;
    let to = 0;
    for (let cell = 0; cell < row.count; cell += 1) {
      if (row.state[cell] !== CellState.TEXT) continue;
      if (row.start[cell]! < from) from = row.start[cell]!;
      if (row.end[cell]! > to) to = row.end[cell]!;
    }
    this.#scratch.length = 0;
    if (to <= from) return 0;
    this.#scratch.append(row.bytes, from, to);
    return from;
  }

  #compute(cell: ProjectedCell, start: number, end: number, shift: number): void {
    const scratch = this.#scratch;
    const { make, time } = cell;
    if (make === CellMake.NUMBER && this.#numbers !== null) {
      this.#numbers.write(scratch.bytes, start, end, scratch);
      return;
    }
    if (make === CellMake.ARRAY || make === CellMake.TIME_ARRAY) {
      scratch.push(0x7b);
      scratch.push(0x22);
    }
    if ((make === CellMake.TIME || make === CellMake.TIME_ARRAY) && time !== null) time.write(scratch.bytes, start, end, shift, scratch);
    else this.#escape(start, end);
    if (make === CellMake.ARRAY || make === CellMake.TIME_ARRAY) {
      scratch.push(0x22);
      scratch.push(0x7d);
    }
  }

  /** As it stands inside a quoted element of an array literal. */
  #escape(start: number, end: number): void {
    const scratch = this.#scratch;
    for (let at = start; at < end; at += 1) {
      const byte = scratch.bytes[at]!;
      if (byte === 0x22 || byte === 0x5c) scratch.push(0x5c);
      scratch.push(byte);
    }
  }

  #join(cell: ProjectedCell, made: TupleView): void {
    const scratch = this.#scratch;
    const { parts } = cell;
    for (let index = 0; index < parts.length; index += 1) {
      const part = parts[index]!;
      if (typeof part !== 'number') scratch.append(part, 0, part.length);
      else if (made.state[part] === CellState.TEXT) scratch.append(scratch.bytes, made.start[part]!, made.end[part]!);
    }
  }
}
