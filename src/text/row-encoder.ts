import { AssertionError } from '../base/assert.ts';
import { ByteSink } from '../base/byte-sink.ts';
import { ConnectError } from '../base/errors.ts';
import { CellFault } from '../record/cell-fault.ts';
import type { Change, TupleRef } from '../record/change.ts';
import { opCodes } from '../record/change.ts';
import { CellState } from '../record/tuple-view.ts';
import type { TupleView } from '../record/tuple-view.ts';
import { Opcode, Slot, slotsPerInstruction } from './row-program.ts';
import type { RowProgram, ValueWriter } from './row-program.ts';
import { valueError } from './value-error.ts';

/** By `Op`; a tombstone has none, and stands behind the others. */
export const opLetters = Buffer.from(opCodes.join(''), 'latin1');

/** What an encoder inside of a program wrote. One at a time: such encoders have none inside of themselves. */
const inner = new ByteSink(Buffer.allocUnsafeSlow(1024));

/** Runs a compiled program over changes: one loop, one switch, nothing allocated. A format may bring a faster loop of its own. */
export class RowEncoder {
  readonly program: RowProgram;
  protected readonly writer: ValueWriter;

  constructor(program: RowProgram, writer: ValueWriter) {
    this.program = program;
    this.writer = writer;
  }

  /** Throws `data.value` naming table and column; what was written until then is the caller's to roll back. */
  encode(change: Change, out: ByteSink): void {
    const { code, constants, formats } = this.program;
    const writer = this.writer;
    // The current image, taken apart once: its arrays are read for every cell.
    let tuple: TupleView = change.after;
    let { bytes, state, start, end } = tuple;
    let at = 0;
    try {
      for (;;) {
        switch (code[at + Slot.OPCODE] as number) {
          case Opcode.CELL: {
            const column = code[at + Slot.A] as number;
            if (state[column] === CellState.TEXT) {
              const present = code[at + Slot.PRESENT] as number;
              if (present >= 0) out.byte(present);
              writer.cell(out, formats[code[at + Slot.B] as number]!, bytes, start[column] as number, end[column] as number);
            } else {
              this.missing(out, at, state[column] as CellState);
            }
            break;
          }
          case Opcode.RUN:
            out.copy(constants, code[at + Slot.A] as number, code[at + Slot.B] as number);
            break;
          case Opcode.TUPLE:
            tuple = change.tuple(code[at + Slot.A] as TupleRef);
            ({ bytes, state, start, end } = tuple);
            if (tuple.count < (code[at + Slot.B] as number)) throw this.tooShort(tuple.count, code[at + Slot.B] as number);
            break;
          case Opcode.IF_ABSENT:
            if (change.tuple(code[at + Slot.A] as TupleRef).count === 0) {
              out.copy(constants, code[at + Slot.NULL_START] as number, code[at + Slot.NULL_END] as number);
              at = code[at + Slot.B] as number;
              continue;
            }
            break;
          case Opcode.IF_UNSET:
            if (change.registers.present[code[at + Slot.A] as number] === 0) {
              out.copy(constants, code[at + Slot.NULL_START] as number, code[at + Slot.NULL_END] as number);
              at = code[at + Slot.B] as number;
              continue;
            }
            break;
          case Opcode.END:
            return;
          default:
            this.other(change, out, at);
        }
        at += slotsPerInstruction;
      }
    } catch (error) {
      throw this.locate(error, at);
    }
  }

  /** What is no cell and no constant. */
  protected other(change: Change, out: ByteSink, at: number): void {
    switch (this.program.code[at + Slot.OPCODE] as number) {
      case Opcode.INT64:
        this.#int64(change, out, at);
        break;
      case Opcode.TEXT:
        this.#text(change, out, at);
        break;
      case Opcode.OP:
        this.writer.text(out, opLetters, change.op, Math.min(change.op + 1, opLetters.length));
        break;
      case Opcode.ENCODED:
        this.#encoded(change, out, at);
        break;
      default:
        throw new AssertionError('an unknown instruction');
    }
  }

  /** Invariant 5: what is written for a value that is not there was decided with the shape; where nothing was, it is an error. */
  protected missing(out: ByteSink, at: number, state: CellState): void {
    const { code, constants } = this.program;
    const slot = state === CellState.UNCHANGED ? Slot.UNCHANGED_START : Slot.NULL_START;
    const start = code[at + slot] as number;
    if (start < 0) throw valueError(reasons[state], state === CellState.UNCHANGED ? wholeOldRows : undefined);
    out.copy(constants, start, code[at + slot + 1] as number);
  }

  #int64(change: Change, out: ByteSink, at: number): void {
    const { code } = this.program;
    const { registers } = change;
    const register = code[at + Slot.A] as number;
    if (registers.present[register] === 0) {
      this.missing(out, at, CellState.NULL);
      return;
    }
    const high = registers.high[register] as number;
    const low = registers.low[register] as number;
    if (code[at + Slot.B] === 1 && high !== low >> 31) throw valueError('not an int32: out of range');
    const present = code[at + Slot.PRESENT] as number;
    if (present >= 0) out.byte(present);
    this.writer.int64(out, high, low);
  }

  #text(change: Change, out: ByteSink, at: number): void {
    const { code } = this.program;
    const { registers } = change;
    const register = code[at + Slot.A] as number;
    if (registers.present[register] === 0) {
      this.missing(out, at, CellState.NULL);
      return;
    }
    const present = code[at + Slot.PRESENT] as number;
    if (present >= 0) out.byte(present);
    this.writer.text(out, registers.bytes, registers.start[register] as number, registers.end[register] as number);
  }

  #encoded(change: Change, out: ByteSink, at: number): void {
    const { code, encoders } = this.program;
    const encoder = encoders[code[at + Slot.A] as number]!;
    inner.rewind(0);
    encoder.encode(change, inner);
    if (inner.overflowed) {
      inner.bytes = Buffer.allocUnsafeSlow(inner.at * 2);
      inner.rewind(0);
      encoder.encode(change, inner);
    }
    if (code[at + Slot.B] === 1) this.writer.bytes(out, inner.bytes, 0, inner.at);
    else this.writer.text(out, inner.bytes, 0, inner.at);
  }

  protected tooShort(count: number, expected: number): ConnectError {
    return new ConnectError(
      'data.row',
      `A row of "${this.program.schema.name}" has ${count} columns where at least ${expected} are needed.`,
    );
  }

  protected locate(error: unknown, at: number): unknown {
    if (!(error instanceof ConnectError) || error.code !== 'data.value') return error;
    const { code, schema } = this.program;
    // An encoder inside has said where it is.
    if (code[at + Slot.OPCODE] === Opcode.ENCODED) return error;
    const isCell = code[at + Slot.OPCODE] === Opcode.CELL;
    const number = code[at + Slot.A] as number;
    const column = isCell ? (schema.columns[number]?.name ?? '?') : `register ${number}`;
    const message = `Column "${column}" of "${schema.name}": ${error.message}.`;
    const options = {
      remedy:
        error.remedy ??
        'Correct the value at the source, map the column to a wider type, or set errors.tolerance=all to leave such records out.',
      details: { table: schema.name, column },
    };
    if (!isCell) return new ConnectError('data.value', message, options);
    const nullable = this.program.formats[code[at + Slot.B] as number]?.schema.optional === true;
    return new CellFault(message, options, { tuple: this.#tupleAt(at), column: number, nullable });
  }

  /** The image that the cell at this place of the program is read from. */
  #tupleAt(at: number): TupleRef {
    const { code } = this.program;
    let before = at;
    while (before > 0 && code[before + Slot.OPCODE] !== Opcode.TUPLE) before -= slotsPerInstruction;
    return code[before + Slot.A] as TupleRef;
  }
}

/** Only columns of a key, and those of which nothing is known, have no placeholder. */
const wholeOldRows =
  'Have the source send whole old rows (in Postgres ALTER TABLE ... REPLICA IDENTITY FULL), or take columns as keys that are always sent.';

const reasons: Readonly<Record<CellState, string>> = {
  [CellState.ABSENT]: 'the source sent no value for a column that may not be null',
  [CellState.NULL]: 'null in a column that may not be null',
  [CellState.UNCHANGED]: 'the source did not send the unchanged value and there is no placeholder for it',
  [CellState.TEXT]: 'unexpected text',
};
