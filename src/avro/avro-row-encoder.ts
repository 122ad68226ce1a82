import { copyWords, wordsOf } from '../base/word-copy.ts';
import type { ByteSink } from '../base/byte-sink.ts';
import type { Change, TupleRef } from '../record/change.ts';
import { ColumnKind } from '../record/column-kind.ts';
import { CellState } from '../record/tuple-view.ts';
import type { CellFormat } from '../text/cell-format.ts';
import { opLetters, RowEncoder } from '../text/row-encoder.ts';
import { Opcode, Slot, slotsPerInstruction } from '../text/row-program.ts';
import type { RowProgram } from '../text/row-program.ts';
import { readFloat64 } from '../text/text-number.ts';
import { avroValueWriter } from './avro-value-writer.ts';
import {
  quickBoolean,
  quickDate,
  quickDecimal,
  quickInt,
  quickLong,
  quickText,
  quickTimestampMicros,
  quickZonedTimestamp,
  writeDouble,
  writeInt,
  writeLong,
} from './quick-cells.ts';

/** Beyond this, copying words is faster than copying bytes, even with a view that has to be made for a row. */
const shortTextMax = 40;

/** Operations of the quick program: the opcodes, and from here on cells by their kind, so that one switch decides all. */
const cellBase = 16;
const slots = 4;

const empty = new Uint8Array(0);
const noWords = wordsOf(empty);

/**
 * The row encoder's loop for Avro: the same program and the same bytes, with the position in a local variable and the
 * usual forms of cells written by `quick-cells`. All else goes through the sink and the full writer.
 */
export class AvroRowEncoder extends RowEncoder {
  /** Four integers an instruction: operation, column or A, B or limit, the byte that marks a value as present. */
  readonly #quick: Int32Array;
  readonly #constantWords: DataView;
  #source: Uint8Array = empty;
  #sourceWords = noWords;

  readonly wireHeader: Uint8Array;

  constructor(program: RowProgram, wireHeader: Uint8Array = empty) {
    super(program, avroValueWriter);
    this.wireHeader = wireHeader;
    const { code, formats } = program;
    const quick: number[] = [];
    for (let at = 0; at < code.length; at += slotsPerInstruction) {
      const [opcode, a, b, present] = code.subarray(at, at + slots) as unknown as [number, number, number, number];
      const format = opcode === Opcode.CELL ? formats[b] : undefined;
      if (format === undefined)
        quick.push(opcode, a, opcode === Opcode.IF_ABSENT || opcode === Opcode.IF_UNSET ? b / slotsPerInstruction : b, present);
      else quick.push(cellBase + format.kind, a, limitOf(format), present);
    }
    this.#quick = Int32Array.from(quick);
    this.#constantWords = wordsOf(program.constants);
  }

  override encode(change: Change, out: ByteSink): void {
    const quick = this.#quick;
    const { constants } = this.program;
    const target = out.bytes;
    let { bytes, state, start, end } = change.after;
    let pos = out.at;
    let at = 0;
    try {
      for (;;) {
        const operation = quick[at] as number;
        const a = quick[at + 1] as number;
        const b = quick[at + 2] as number;
        if (operation >= cellBase) {
          if (state[a] === CellState.TEXT) {
            const present = quick[at + 3] as number;
            target[pos] = present;
            if (present >= 0) pos += 1;
            const next = writeCell(operation, target, pos, bytes, start[a] as number, end[a] as number, b);
            pos = next >= 0 ? next : this.#slowCell(out, pos, at, bytes, start[a] as number, end[a] as number);
          } else {
            out.at = pos;
            this.missing(out, full(at), state[a] as CellState);
            pos = out.at;
          }
        } else if (operation === Opcode.RUN) pos = this.#copyRun(out, pos, constants, a, b);
        else if (operation === Opcode.TUPLE) {
          const tuple = change.tuple(a as TupleRef);
          ({ bytes, state, start, end } = tuple);
          if (tuple.count < b) throw this.tooShort(tuple.count, b);
        } else if (operation === Opcode.IF_ABSENT || operation === Opcode.IF_UNSET) {
          if (operation === Opcode.IF_ABSENT ? change.tuple(a as TupleRef).count === 0 : change.registers.present[a] === 0) {
            const { code } = this.program;
            const from = full(at);
            pos = this.#copyRun(out, pos, constants, code[from + Slot.NULL_START] as number, code[from + Slot.NULL_END] as number);
            at = b * slots;
            continue;
          }
        } else {
          if (operation === Opcode.END) {
            out.at = pos;
            return;
          }
          const present = quick[at + 3] as number;
          target[pos] = present;
          const next = writeRegister(operation, target, present >= 0 ? pos + 1 : pos, change, a, b);
          if (next < 0) {
            out.at = pos;
            this.other(change, out, full(at));
            pos = out.at;
          } else pos = next;
        }
        at += slots;
      }
    } catch (error) {
      throw this.locate(error, full(at));
    }
  }

  #slowCell(out: ByteSink, pos: number, at: number, bytes: Uint8Array, start: number, end: number): number {
    if (this.#quick[at] === cellBase + ColumnKind.STRING) return this.#longText(out, pos, bytes, start, end);
    const { code, formats } = this.program;
    out.at = pos;
    this.writer.cell(out, formats[code[full(at) + Slot.B] as number]!, bytes, start, end);
    return out.at;
  }

  #longText(out: ByteSink, pos: number, bytes: Uint8Array, start: number, end: number): number {
    const target = out.bytes;
    const length = end - start;
    const to = writeInt(target, pos, length);
    if (to + length > target.length) return to + length;
    if (this.#source !== bytes) {
      this.#source = bytes;
      this.#sourceWords = wordsOf(bytes);
    }
    copyWords(out.words(), target, to, this.#sourceWords, bytes, start, length);
    return to + length;
  }

  #copyRun(out: ByteSink, pos: number, constants: Uint8Array, start: number, end: number): number {
    out.at = pos;
    out.copyRun(constants, this.#constantWords, start, end);
    return out.at;
  }
}

/** Where the instruction at `at` of the quick program stands in the full one. */
function full(at: number): number {
  return at * (slotsPerInstruction / slots);
}

/** Where the value ends, -1 when there is none or it is not one of the usual. */
function writeRegister(operation: number, target: Uint8Array, at: number, change: Change, register: number, narrow: number): number {
  const { registers } = change;
  if (operation === Opcode.OP) {
    if (change.op >= opLetters.length) return -1;
    target[at] = 2;
    target[at + 1] = opLetters[change.op] as number;
    return at + 2;
  }
  if (registers.present[register] === 0) return -1;
  if (operation === Opcode.INT64) {
    const high = registers.high[register] as number;
    const low = registers.low[register] as number;
    if (narrow === 1 && high !== low >> 31) return -1;
    return writeLong(target, at, high * 0x1_0000_0000 + (low >>> 0));
  }
  const start = registers.start[register] as number;
  const end = registers.end[register] as number;
  return operation === Opcode.TEXT && end - start <= shortTextMax ? quickText(target, at, registers.bytes, start, end) : -1;
}

/** Where the value ends, -1 when its form is not one of the usual. */
function writeCell(
  operation: number,
  target: Uint8Array,
  at: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  limit: number,
): number {
  switch (operation - cellBase) {
    case ColumnKind.STRING:
      return end - start <= shortTextMax ? quickText(target, at, bytes, start, end) : -1;
    case ColumnKind.INT:
      return quickInt(target, at, bytes, start, end, limit);
    case ColumnKind.LONG:
      return quickLong(target, at, bytes, start, end);
    case ColumnKind.FLOAT64:
      return writeDouble(target, at, readFloat64(bytes, start, end));
    case ColumnKind.DECIMAL:
      return quickDecimal(target, at, bytes, start, end, limit);
    case ColumnKind.TIMESTAMP_MICROS:
      return quickTimestampMicros(target, at, bytes, start, end);
    case ColumnKind.ZONED_TIMESTAMP:
      return quickZonedTimestamp(target, at, bytes, start, end, limit);
    case ColumnKind.DATE_DAYS:
      return quickDate(target, at, bytes, start, end);
    case ColumnKind.BOOLEAN:
      return quickBoolean(target, at, bytes, start, end);
    default:
      return -1;
  }
}

function limitOf(format: CellFormat): number {
  if (format.kind !== ColumnKind.INT) return format.scale;
  return format.max > 0x7fff ? 9 : format.max > 0x7f ? 4 : 2;
}
