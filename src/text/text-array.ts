import { nestingMax } from './cell-format.ts';
import { valueError } from './value-error.ts';
import { ByteRegister } from './value-register.ts';

const open = 0x7b;
const close = 0x7d;
const comma = 0x2c;
const quote = 0x22;
const backslash = 0x5c;

/**
 * The elements of a Postgres array literal as byte ranges, one dimension. Ranges point into `bytes`: the cell itself,
 * or text whose escapes were resolved. One instance is reused from cell to cell.
 */
export class ArrayReader {
  count = 0;
  bytes: Uint8Array = new Uint8Array(0);
  start = new Int32Array(64);
  end = new Int32Array(64);
  /** 1 where the element is NULL. */
  isNull = new Uint8Array(64);
  readonly #plain = new ByteRegister();

  read(bytes: Uint8Array, start: number, end: number): void {
    this.count = 0;
    let at = skipBounds(bytes, start, end);
    if (end - at < 2 || bytes[at] !== open || bytes[end - 1] !== close) throw valueError('not an array: expected {…}');
    at += 1;
    const stop = end - 1;
    // Quoted elements are copied without their escapes; unquoted ones too, so that all ranges share one buffer.
    this.#plain.length = 0;
    this.#plain.reserve(end - start);
    this.bytes = this.#plain.bytes;
    if (at === stop) return;
    for (;;) {
      at = bytes[at] === quote ? this.#quoted(bytes, at + 1, stop) : this.#unquoted(bytes, at, stop);
      if (at === stop) return;
      if (bytes[at] !== comma) throw valueError('not an array: expected a comma between elements');
      at += 1;
    }
  }

  /** Keys and values by turns; a key is never null. */
  readPairs(bytes: Uint8Array, start: number, end: number): void {
    this.read(bytes, start, end);
    if (this.count % 2 === 1) throw valueError('not a map: a key without a value');
    for (let at = 0; at < this.count; at += 2) if (this.isNull[at] === 1) throw valueError('not a map: a null key');
  }

  /** One element for each of `count` fields. */
  readFields(bytes: Uint8Array, start: number, end: number, count: number): void {
    this.read(bytes, start, end);
    if (this.count !== count) throw valueError(`not a struct of ${count} fields`);
  }

  #quoted(bytes: Uint8Array, from: number, stop: number): number {
    const start = this.#plain.length;
    for (let at = from; at < stop; at += 1) {
      let byte = bytes[at] as number;
      if (byte === quote) {
        this.#add(start, 0);
        return at + 1;
      }
      if (byte === backslash && at + 1 < stop) byte = bytes[++at] as number;
      this.#plain.push(byte);
    }
    throw valueError('not an array: a quoted element does not end');
  }

  #unquoted(bytes: Uint8Array, from: number, stop: number): number {
    const start = this.#plain.length;
    let at = from;
    let escaped = false;
    for (; at < stop && bytes[at] !== comma; at += 1) {
      let byte = bytes[at] as number;
      if (byte === open || byte === close) throw manyDimensions();
      if (byte === quote) throw valueError('not an array: a quote inside an element');
      if (byte === backslash && at + 1 < stop) {
        byte = bytes[++at] as number;
        escaped = true;
      }
      this.#plain.push(byte);
    }
    if (at === from) throw valueError('not an array: an element without text');
    this.#add(start, !escaped && isNullWord(this.#plain.bytes, start, this.#plain.length) ? 1 : 0);
    return at;
  }

  #add(start: number, isNull: number): void {
    if (this.count === this.start.length) this.#grow();
    this.start[this.count] = start;
    this.end[this.count] = this.#plain.length;
    this.isNull[this.count] = isNull;
    this.count += 1;
  }

  #grow(): void {
    const size = this.count * 2;
    const starts = new Int32Array(size);
    const ends = new Int32Array(size);
    const nulls = new Uint8Array(size);
    starts.set(this.start);
    ends.set(this.end);
    nulls.set(this.isNull);
    this.start = starts;
    this.end = ends;
    this.isNull = nulls;
  }
}

/** Readers for arrays, maps and structs in one another: the one at `CellFormat.depth` is free. */
export function nestedReaders(): readonly ArrayReader[] {
  return Array.from({ length: nestingMax }, () => new ArrayReader());
}

/** `[2:3]={…}`: Postgres prints lower bounds that are not 1. They are not part of the value here. */
function skipBounds(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end || bytes[start] !== 0x5b) return start;
  const equals = bytes.indexOf(0x3d, start);
  if (equals < 0 || equals >= end) throw valueError('not an array: bounds without =');
  for (let at = start + 1; at < equals; at += 1) if (bytes[at] === 0x5b) throw manyDimensions();
  return equals + 1;
}

function manyDimensions(): Error {
  return valueError('not an array of one dimension (array.handling.mode or array.struct.columns give the column a form that takes any)');
}

function isNullWord(bytes: Uint8Array, start: number, end: number): boolean {
  return (
    end - start === 4 &&
    ((bytes[start] as number) | 0x20) === 0x6e &&
    ((bytes[start + 1] as number) | 0x20) === 0x75 &&
    ((bytes[start + 2] as number) | 0x20) === 0x6c &&
    ((bytes[start + 3] as number) | 0x20) === 0x6c
  );
}
