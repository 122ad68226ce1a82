import { CellState, type TupleView } from '../../record/tuple-view.ts';
import type { CsvDialect } from './csv-dialect.ts';
import { CsvFault } from './csv-fault.ts';
import type { CsvReaderStart, WidthOf } from './csv-reader-start.ts';
import { EncodingCheck } from './encoding-check.ts';
import { isNullText } from './null-text.ts';
import { unescapeCell } from './unescape-cell.ts';

/** What `CsvReader.next` found. */
export const CsvStep = {
  /** The bytes at hand hold no further whole row. */
  MORE: 0,
  /** `tuple` holds a row. */
  ROW: 1,
  /** A line that is no row; see `fault`. The next call goes on behind it. */
  FAULT: 2,
} as const;
export type CsvStep = (typeof CsvStep)[keyof typeof CsvStep];

/** Fault information keeps at most this much of a line that is longer than the bound. */
const rawBytesMax = 64 * 1024;

const LF = 10;
const CR = 13;
const TAB = 9;
const BLANK = 32;

/**
 * RFC 4180 over bytes: cuts a sliding window of UTF-8 into rows, each as byte ranges in `tuple`, without a string or
 * object per row. The caller fills the window (`room`, `filled`) in pieces of any size; the rows do not depend on how
 * the bytes were cut.
 *
 * A row ends at LF or CRLF outside quotes, a lone CR is text, empty lines are passed over. A cell is quoted when its
 * first character is the quote; quotes elsewhere are text. Ranges in `tuple` are valid until the next call.
 *
 * After a quote that is never closed, or that text follows, only the line in which the row began is given up: what
 * follows is read afresh, so one missing quote costs one row.
 */
export class CsvReader {
  /** Of the file: where the next row begins, counting its own bytes. */
  position: number;
  /** Lines of the file that lie before `position`. */
  line: number;
  /** The line in which the row or fault of the last step began, from 1. */
  rowLine = 0;
  fault: CsvFault = CsvFault.NONE;
  /** Cells of a `RAGGED` row. */
  cells = 0;
  /** The cell in which a fault lies, from 0; -1 where it concerns the line. */
  faultCell = -1;
  /** The line of a fault as it stands in the file (in UTF-8), at most `rawBytesMax` when it was too long. Borrowed. */
  raw: Uint8Array = new Uint8Array(0);
  readonly columns: number;

  readonly #dialect: CsvDialect;
  readonly #tuple: TupleView;
  readonly #widthOf: WidthOf;
  readonly #encoding: EncodingCheck;
  #bytes: Buffer;
  #start = 0;
  #end = 0;
  /** By column: 1 when an empty cell is null, whether unquoted (bit 0) or quoted (bit 1). */
  #emptyIsNull: Uint8Array;
  /** By cell: 1 when it holds doubled quotes or escapes that must be taken out. */
  #escaped: Uint8Array;
  /** Bytes of a line too long that have left the window already; -1 when no such line is being passed over. */
  #skipped = -1;
  /** The bytes before `position` do not end a line: the last line was taken without its line feed. */
  #midLine: boolean;

  // Results of `#scan`, here because a method returns one value.
  #rowEnd = 0;
  #newlines = 0;
  #anyEscaped = false;

  constructor(dialect: CsvDialect, tuple: TupleView, from: CsvReaderStart, widthOf: WidthOf = null, transcoded = widthOf !== null) {
    this.#dialect = dialect;
    this.#tuple = tuple;
    this.#widthOf = widthOf;
    this.#encoding = new EncodingCheck(transcoded);
    this.columns = from.columns;
    this.position = from.position;
    this.line = from.line;
    this.#midLine = from.midLine;
    this.#bytes = Buffer.allocUnsafeSlow(Math.min(512 * 1024, 2 * dialect.rowBytesMax + 64));
    tuple.reserve(Math.max(from.columns, 1));
    this.#emptyIsNull = new Uint8Array(tuple.state.length);
    this.#escaped = new Uint8Array(tuple.state.length);
    this.nullable(null);
  }

  /** Which columns hold text, where the dialect decides about empty cells; null: all of them. */
  nullable(isText: readonly boolean[] | null): void {
    const text = (this.#dialect.emptyUnquotedIsNull ? 1 : 0) | (this.#dialect.emptyQuotedIsNull ? 2 : 0);
    for (let cell = 0; cell < this.#emptyIsNull.length; cell += 1)
      this.#emptyIsNull[cell] = isText === null || isText[cell] !== false ? text : 3;
  }

  /** The window's free end, at least `bytes` large: write there, then say how much with `filled`. */
  room(bytes: number): Buffer {
    if (this.#bytes.length - this.#end < bytes) {
      const kept = this.#end - this.#start;
      const target =
        kept + bytes > this.#bytes.length ? Buffer.allocUnsafeSlow(Math.max(kept + bytes, this.#bytes.length * 2)) : this.#bytes;
      this.#bytes.copy(target, 0, this.#start, this.#end);
      this.#bytes = target;
      this.#encoding.shift(this.#start);
      this.#end = kept;
      this.#start = 0;
    }
    return this.#bytes.subarray(this.#end);
  }

  filled(bytes: number): void {
    this.#end += bytes;
  }

  /** Bytes in the window that belong to no row yet. */
  get pending(): number {
    return this.#end - this.#start;
  }

  /** `final`: the window's end is the end of the file, so a last line without LF is a whole one. */
  next(final: boolean): CsvStep {
    if (this.#skipped >= 0) return this.#skip(final);
    if (this.position === 0 && !this.#passByteOrderMark(final)) return CsvStep.MORE;
    for (;;) {
      if (this.#start === this.#end) return CsvStep.MORE;
      if (this.#midLine) {
        const step = this.#passLineEnd(final);
        if (step !== CsvStep.ROW) return step;
        continue;
      }
      this.rowLine = this.line + 1;
      this.fault = CsvFault.NONE;
      this.faultCell = -1;
      // One byte more than a row may have: whoever reaches it is too long, however the bytes came in.
      const bound = this.#start + this.#dialect.rowBytesMax + 1;
      const limit = Math.min(this.#end, bound);
      const whole = final && limit < bound;
      const cells = this.#scan(limit, whole);
      if (cells === scanBlank) this.#advance(this.#rowEnd, this.#newlines);
      else if (cells > 0) return this.#row(cells);
      else if (limit < bound && !final && (cells === scanOpen || this.#firstLineEnd(limit) < 0)) return CsvStep.MORE;
      else if (cells === scanAfterQuote) return this.#giveUpLine(CsvFault.AFTER_QUOTE, limit, whole);
      else return this.#giveUpLine(this.faultCell < 0 ? CsvFault.TOO_LONG : CsvFault.OPEN_QUOTE, limit, whole);
    }
  }

  /** Passes over a line without looking into it; false: its end is not there yet. */
  passLine(): boolean {
    const to = this.#firstLineEnd(this.#end);
    if (to < 0) return false;
    this.#advance(to, 1);
    return true;
  }

  /**
   * One row from `#start`: fills the tuple and returns its number of cells, or one of the negative outcomes below.
   * Stores beyond the tuple's size are no-ops by language rule, so a row of too many cells is only counted.
   */
  #scan(limit: number, final: boolean): number {
    const bytes = this.#bytes;
    const { separator, skipBlanks } = this.#dialect;
    const quote = this.#dialect.quote === 0 ? -1 : this.#dialect.quote;
    const { state, start, end } = this.#tuple;
    const emptyIsNull = this.#emptyIsNull;
    const nullTexts = this.#dialect.nullTexts.length > 0;
    let at = this.#start;
    let cell = 0;
    this.#newlines = 0;
    if (this.#anyEscaped) this.#escaped.fill(0);
    this.#anyEscaped = false;
    for (;;) {
      if (skipBlanks) at = this.#passBlanks(at, limit, quote);
      if (at < limit && bytes[at] === quote) {
        at = this.#scanQuoted(at + 1, limit, final, cell);
        if (at < 0) return at;
      } else {
        const begin = at;
        let byte = -1;
        while (at < limit) {
          byte = bytes[at]!;
          if (byte === separator || byte === LF) break;
          at += 1;
        }
        if (at === limit && !final) return scanOpen;
        let stop = at;
        if (stop > begin && (at === limit || byte === LF) && bytes[stop - 1] === CR) stop -= 1;
        start[cell] = begin;
        end[cell] = stop;
        state[cell] = stop === begin && (emptyIsNull[cell]! & 1) !== 0 ? CellState.NULL : CellState.TEXT;
        if (nullTexts && isNullText(this.#dialect.nullTexts, bytes, begin, stop)) state[cell] = CellState.NULL;
        if (cell === 0 && stop === begin && (at === limit || byte === LF)) {
          this.#rowEnd = Math.min(at + 1, limit);
          this.#newlines = 1;
          return this.#dialect.keepBlankLines ? 1 : scanBlank;
        }
      }
      cell += 1;
      if (at === limit || bytes[at] !== separator) break;
      if (separator === CR) {
        // Whole lines: a CR ends one, alone or with the LF behind it.
        if (at + 1 === limit && !final) return scanOpen;
        if (at + 1 < limit && bytes[at + 1] === LF) at += 1;
        break;
      }
      at += 1;
    }
    this.#rowEnd = Math.min(at + 1, limit);
    this.#newlines += 1;
    return cell;
  }

  /**
   * A cell behind its opening quote. Returns where its separator or line feed stands (`limit` at the end of the file),
   * or a negative outcome.
   */
  #scanQuoted(begin: number, limit: number, final: boolean, cell: number): number {
    const bytes = this.#bytes;
    const { quote } = this.#dialect;
    const escape = this.#dialect.escape === 0 ? quote : this.#dialect.escape;
    let at = begin;
    let escaped = 0;
    for (;;) {
      if (at >= limit) return this.#openQuote(cell);
      const byte = bytes[at]!;
      if (byte === quote) {
        if (at + 1 >= limit || bytes[at + 1] !== quote) break;
        escaped = 1;
        at += 2;
      } else if (byte === escape) {
        if (at + 1 >= limit) return this.#openQuote(cell);
        const next = bytes[at + 1];
        if (next === quote || next === escape) escaped = 1;
        at += next === quote || next === escape ? 2 : 1;
      } else {
        if (byte === LF) this.#newlines += 1;
        at += 1;
      }
    }
    this.#escaped[cell] = escaped;
    if (escaped !== 0) this.#anyEscaped = true;
    const tuple = this.#tuple;
    tuple.start[cell] = begin;
    tuple.end[cell] = at;
    tuple.state[cell] = at === begin && (this.#emptyIsNull[cell]! & 2) !== 0 ? CellState.NULL : CellState.TEXT;
    at += 1;
    if (at < limit && bytes[at] === CR) {
      if (at + 1 < limit ? bytes[at + 1] === LF : final) at += 1;
      else if (at + 1 >= limit) return scanOpen;
    }
    if (at >= limit) return final ? limit : scanOpen;
    if (bytes[at] === this.#dialect.separator || bytes[at] === LF) return at;
    this.faultCell = cell;
    return scanAfterQuote;
  }

  /** Where an opening quote stands behind blanks and tabs; else where the cell began. */
  #passBlanks(from: number, limit: number, quote: number): number {
    let at = from;
    while (at < limit && (this.#bytes[at] === BLANK || this.#bytes[at] === TAB) && this.#bytes[at] !== this.#dialect.separator) at += 1;
    return at < limit && this.#bytes[at] === quote ? at : from;
  }

  #openQuote(cell: number): number {
    this.faultCell = cell;
    return scanOpen;
  }

  #row(cells: number): CsvStep {
    const begin = this.#start;
    const tuple = this.#tuple;
    const rowEnd = this.#rowEnd;
    if (cells > tuple.state.length && this.columns === 0) {
      // A header is the first to tell how many columns there are: make room and read it again.
      tuple.reserve(cells);
      this.#escaped = new Uint8Array(cells);
      this.#emptyIsNull = new Uint8Array(cells);
      this.nullable(null);
      this.#scan(rowEnd, true);
      this.#rowEnd = rowEnd;
    }
    if (!this.#encoding.isGood(this.#bytes, begin, rowEnd, this.#end)) {
      this.faultCell = this.#encoding.firstBadCell(this.#bytes, tuple, Math.min(cells, tuple.state.length));
      return this.#faultUpTo(CsvFault.ENCODING, rowEnd, this.#newlines);
    }
    if (this.columns !== 0 && cells !== this.columns) {
      const { padRows, cutRows } = this.#dialect;
      this.cells = cells;
      if (cells < this.columns ? !padRows : !cutRows) return this.#faultUpTo(CsvFault.RAGGED, rowEnd, this.#newlines);
      for (let cell = cells; cell < this.columns; cell += 1) tuple.state[cell] = CellState.NULL;
    }
    tuple.bytes = this.#bytes;
    tuple.count = this.columns === 0 ? cells : this.columns;
    // The width in the file is taken before unescaping, which happens in place.
    this.#advance(rowEnd, this.#newlines);
    if (this.#anyEscaped) this.#unescape(Math.min(cells, tuple.count));
    return CsvStep.ROW;
  }

  #advance(to: number, newlines: number): void {
    this.position += this.#widthOf === null ? to - this.#start : this.#widthOf(this.#bytes, this.#start, to);
    this.line += newlines;
    this.#midLine = this.#bytes[to - 1] !== LF && (this.#bytes[to - 1] !== CR || this.#dialect.separator !== CR);
    this.#start = to;
  }

  /** False: too few bytes to tell. */
  #passByteOrderMark(final: boolean): boolean {
    const found = Math.min(3, this.#end - this.#start);
    for (let at = 0; at < found; at += 1) if (this.#bytes[this.#start + at] !== byteOrderMark[at]) return true;
    if (found < 3) return final;
    this.#advance(this.#start + 3, 0);
    this.#midLine = false;
    return true;
  }

  /** The line feed of a line that was taken without one; `ROW`: done. Anything else there belongs to a row that is gone. */
  #passLineEnd(final: boolean): CsvStep {
    const carriageReturn = this.#bytes[this.#start] === CR ? 1 : 0;
    if (this.#start + carriageReturn >= this.#end) return CsvStep.MORE;
    if (this.#bytes[this.#start + carriageReturn] === LF) {
      this.#advance(this.#start + carriageReturn + 1, 0);
      return CsvStep.ROW;
    }
    this.rowLine = this.line;
    this.faultCell = -1;
    const to = this.#firstLineEnd(this.#end);
    if (to < 0 && !final && this.pending <= this.#dialect.rowBytesMax) return CsvStep.MORE;
    return this.#faultUpTo(CsvFault.CONTINUED, to < 0 ? this.#end : to, 0);
  }

  #faultUpTo(fault: CsvFault, to: number, newlines: number): CsvStep {
    this.fault = fault;
    this.raw = this.#bytes.subarray(this.#start, to);
    this.#advance(to, newlines);
    return CsvStep.FAULT;
  }

  #firstLineEnd(limit: number): number {
    const found = this.#bytes.indexOf(LF, this.#start);
    const isThere = found >= 0 && found < limit;
    if (this.#dialect.separator !== CR) return isThere ? found + 1 : -1;
    const carriageReturn = this.#bytes.subarray(0, isThere ? found : limit).indexOf(CR, this.#start);
    if (carriageReturn < 0) return isThere ? found + 1 : -1;
    return carriageReturn + (carriageReturn + 1 === found ? 2 : 1);
  }

  /** Ends the fault at the first line feed of the row; without one, at the end of the file or of a line too long. */
  #giveUpLine(fault: CsvFault, limit: number, final: boolean): CsvStep {
    const to = this.#firstLineEnd(limit);
    if (to > 0) return this.#faultUpTo(fault, to, 1);
    if (final) return this.#faultUpTo(fault, limit, 1);
    this.raw = Buffer.from(this.#bytes.subarray(this.#start, Math.min(limit, this.#start + rawBytesMax)));
    this.#skipped = 0;
    return this.#skip(false);
  }

  /** Passes over the rest of a line too long; `position` moves only when its end is found. */
  #skip(final: boolean): CsvStep {
    const found = this.#firstLineEnd(this.#end);
    const to = found < 0 ? this.#end : found;
    this.#skipped += this.#widthOf === null ? to - this.#start : this.#widthOf(this.#bytes, this.#start, to);
    this.#start = to;
    if (found < 0 && !final) return CsvStep.MORE;
    this.fault = CsvFault.TOO_LONG;
    this.faultCell = -1;
    this.rowLine = this.line + 1;
    this.line += 1;
    this.position += this.#skipped;
    this.#skipped = -1;
    this.#midLine = found < 0;
    return CsvStep.FAULT;
  }

  /** The window is not read again, so that it may be changed. */
  #unescape(cells: number): void {
    const { quote } = this.#dialect;
    const escape = this.#dialect.escape === 0 ? quote : this.#dialect.escape;
    const { start, end } = this.#tuple;
    for (let cell = 0; cell < cells; cell += 1) {
      if (this.#escaped[cell] !== 0) end[cell] = unescapeCell(this.#bytes, start[cell]!, end[cell]!, quote, escape);
    }
  }
}

/** Outcomes of a scan that are no number of cells. */
const scanBlank = 0;
const scanOpen = -1;
const scanAfterQuote = -2;

const byteOrderMark = Buffer.from('\uFEFF');
