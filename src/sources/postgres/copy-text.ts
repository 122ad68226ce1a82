import { ConnectError } from '../../base/errors.ts';
import { CellState, type TupleView } from '../../record/tuple-view.ts';

const tab = 0x09;
const newline = 0x0a;
const backslash = 0x5c;

/** Where in an escape sequence the last chunk ended. */
const Escape = { NONE: 0, STARTED: 1, OCTAL: 2, HEX: 3 } as const;
type Escape = (typeof Escape)[keyof typeof Escape];

/** What `\b`, `\f`, … stand for, by the byte after the backslash; 0: the byte itself. */
const simpleEscapes = new Uint8Array(256);
for (const [letter, code] of Object.entries({ b: 8, f: 12, n: 10, r: 13, t: 9, v: 11 })) simpleEscapes[letter.charCodeAt(0)] = code;

/**
 * `COPY … TO STDOUT` in text format, cut into chunks anywhere, into the cells of a tuple.
 *
 * A row is copied once, unescaped on the way, into a buffer of this object; the tuple points at it. A row is handed over
 * as soon as another begins, or by `flush`: who receives it knows whether it was the last one.
 */
export class CopyText {
  readonly #tuple: TupleView;
  readonly #columns: number;
  /** Wire column → cell of the tuple; -1: not kept there. */
  readonly #cellOf: Int16Array;
  readonly #onRow: () => boolean;
  #bytes = new Uint8Array(16 * 1024);
  #at = 0;
  #cellStart = 0;
  #column = 0;
  /** `\N` so far: only a cell that is nothing else is NULL. */
  #isNull = false;
  #escape: Escape = Escape.NONE;
  #code = 0;
  #digits = 0;
  #complete = false;
  /** Ranges of all wire columns of the row, also of those that are not in the tuple. */
  readonly start: Int32Array;
  readonly end: Int32Array;

  /**
   * `onRow` receives a complete row in `tuple`, and answers false to stop soon. `cellOf` has one entry for each wire
   * column; `count` is how many cells the tuple has.
   */
  constructor(tuple: TupleView, cellOf: Int16Array, count: number, onRow: () => boolean) {
    this.#tuple = tuple;
    this.#cellOf = cellOf;
    this.#columns = cellOf.length;
    this.#onRow = onRow;
    this.start = new Int32Array(cellOf.length);
    this.end = new Int32Array(cellOf.length);
    tuple.reserve(count);
    tuple.count = count;
    tuple.state.fill(CellState.ABSENT, 0, count);
  }

  /** The bytes that `start` and `end` point into. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Takes `chunk[from, …)`; returns how far it came: less than the end when `onRow` answered false. */
  push(chunk: Uint8Array, from = 0): number {
    const length = chunk.length;
    let at = from;
    while (at < length) {
      if (this.#complete && !this.#handOver()) return at;
      if (this.#escape !== Escape.NONE) {
        if (this.#continueEscape(chunk[at] as number)) at += 1;
        continue;
      }
      // A row is never longer unescaped than escaped: what is left of the chunk is room enough.
      this.#reserve(length - at);
      at = this.#plain(chunk, at, length);
    }
    return at;
  }

  /** The end of the data. True: there is a last row, for `flush`. Throws when the data ends inside one. */
  finish(): boolean {
    if (this.#at > 0 || this.#column > 0 || this.#escape !== Escape.NONE) {
      if (!this.#complete) throw new ConnectError('postgres.protocol', 'The data of a table ended in the middle of a row.');
    }
    return this.#complete;
  }

  /** Hands over the last row. True: there was one. */
  flush(): boolean {
    if (!this.finish()) return false;
    this.#handOver();
    return true;
  }

  /** Ordinary bytes up to an escape, the end of a row or the end of the chunk. */
  #plain(chunk: Uint8Array, from: number, length: number): number {
    const bytes = this.#bytes;
    let to = this.#at;
    let at = from;
    while (at < length) {
      const byte = chunk[at] as number;
      at += 1;
      if (byte > backslash || (byte !== tab && byte !== newline && byte !== backslash)) {
        bytes[to++] = byte;
        continue;
      }
      this.#at = to;
      if (byte === backslash) {
        this.#escape = Escape.STARTED;
        return at;
      }
      this.#endCell();
      if (byte === newline) {
        this.#endRow();
        return at;
      }
    }
    this.#at = to;
    return at;
  }

  /** True: the byte belonged to the escape. */
  #continueEscape(byte: number): boolean {
    if (this.#escape === Escape.STARTED) {
      if (byte === 0x4e) return this.#markNull();
      if (byte >= 0x30 && byte <= 0x37) return this.#startCode(Escape.OCTAL, byte - 0x30, 1);
      if (byte === 0x78) return this.#startCode(Escape.HEX, 0, 0);
      const simple = simpleEscapes[byte] as number;
      return this.#put(simple === 0 ? byte : simple);
    }
    const base = this.#escape === Escape.OCTAL ? 8 : 16;
    const digit = digitValue(byte);
    if (digit < base && this.#digits < (base === 8 ? 3 : 2))
      return this.#startCode(this.#escape, this.#code * base + digit, this.#digits + 1);
    // `\x` without digits is the letter itself.
    this.#put(base === 16 && this.#digits === 0 ? 0x78 : this.#code & 0xff);
    return false;
  }

  #startCode(escape: Escape, code: number, digits: number): boolean {
    this.#escape = escape;
    this.#code = code;
    this.#digits = digits;
    return true;
  }

  #put(byte: number): boolean {
    this.#reserve(1);
    this.#bytes[this.#at++] = byte;
    this.#escape = Escape.NONE;
    return true;
  }

  #markNull(): boolean {
    this.#isNull = true;
    this.#escape = Escape.NONE;
    return true;
  }

  #endCell(): void {
    const column = this.#column;
    if (column < this.#columns) {
      const cell = this.#cellOf[column] as number;
      const isNull = this.#isNull && this.#at === this.#cellStart;
      this.start[column] = this.#cellStart;
      this.end[column] = isNull ? -1 : this.#at;
      if (cell >= 0) {
        const tuple = this.#tuple;
        tuple.state[cell] = isNull ? CellState.NULL : CellState.TEXT;
        tuple.start[cell] = this.#cellStart;
        tuple.end[cell] = this.#at;
      }
    }
    this.#isNull = false;
    this.#cellStart = this.#at;
    this.#column = column + 1;
  }

  #endRow(): void {
    if (this.#column !== this.#columns) {
      throw new ConnectError('postgres.protocol', `A row of a table has ${this.#column} columns where ${this.#columns} were asked for.`);
    }
    this.#complete = true;
  }

  #handOver(): boolean {
    this.#tuple.bytes = this.#bytes;
    const room = this.#onRow();
    this.#complete = false;
    this.#at = 0;
    this.#cellStart = 0;
    this.#column = 0;
    return room;
  }

  #reserve(bytes: number): void {
    const needed = this.#at + bytes;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = larger;
  }
}

function digitValue(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : 99;
}
