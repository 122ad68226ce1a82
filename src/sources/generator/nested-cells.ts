import { ByteRegister } from '../../text/value-register.ts';
import type { ArgLength } from './arg-properties.ts';
import type { CellGenerator } from './cell-generator.ts';
import type { JavaRandom } from './java-random.ts';

const quote = 0x22;
const backslash = 0x5c;
const nullWord = Buffer.from('NULL', 'latin1');

/** How often a map looks for a key that it does not have yet. */
const keyTries = 1000;

/** `"…"` with what is special inside escaped, as array literals want it. */
export function appendQuoted(out: ByteRegister, bytes: Uint8Array, start: number, end: number): void {
  out.push(quote);
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] as number;
    if (byte === quote || byte === backslash) out.push(backslash);
    out.push(byte);
  }
  out.push(quote);
}

/** Number of elements for the next value. */
function drawLength(random: JavaRandom, length: ArgLength): number {
  return length.max - length.min === 1 ? length.min : length.min + random.below(length.max - length.min);
}

/** `{"…","…",NULL}`, the literal that arrays are read from. */
export class ArrayCells implements CellGenerator {
  readonly #element: CellGenerator;
  readonly #length: ArgLength;
  readonly #scratch = new ByteRegister();

  constructor(element: CellGenerator, length: ArgLength) {
    this.#element = element;
    this.#length = length;
  }

  write(random: JavaRandom, out: ByteRegister): boolean {
    const count = drawLength(random, this.#length);
    out.push(0x7b);
    for (let at = 0; at < count; at += 1) {
      if (at > 0) out.push(0x2c);
      appendElement(this.#element, random, out, this.#scratch);
    }
    out.push(0x7d);
    return true;
  }
}

/** One element for each field, in the same literal. */
export class StructCells implements CellGenerator {
  readonly #fields: readonly CellGenerator[];
  readonly #scratch = new ByteRegister();

  constructor(fields: readonly CellGenerator[]) {
    this.#fields = fields;
  }

  write(random: JavaRandom, out: ByteRegister): boolean {
    out.push(0x7b);
    for (let at = 0; at < this.#fields.length; at += 1) {
      if (at > 0) out.push(0x2c);
      appendElement(this.#fields[at] as CellGenerator, random, out, this.#scratch);
    }
    out.push(0x7d);
    return true;
  }
}

/**
 * Keys and values by turns, in the same literal. No key comes twice; where the keys run out, the map has fewer entries
 * than its length says.
 */
export class MapCells implements CellGenerator {
  readonly #keys: CellGenerator;
  readonly #values: CellGenerator;
  readonly #length: ArgLength;
  /** Of the map under way, one behind the other. */
  readonly #taken = new ByteRegister();
  #ends: Int32Array;
  readonly #scratch = new ByteRegister();

  constructor(keys: CellGenerator, values: CellGenerator, length: ArgLength) {
    this.#keys = keys;
    this.#values = values;
    this.#length = length;
    this.#ends = new Int32Array(length.max);
  }

  write(random: JavaRandom, out: ByteRegister): boolean {
    const count = drawLength(random, this.#length);
    this.#taken.length = 0;
    out.push(0x7b);
    for (let at = 0; at < count; at += 1) {
      const start = this.#taken.length;
      if (!this.#newKey(random, at)) break;
      if (at > 0) out.push(0x2c);
      appendQuoted(out, this.#taken.bytes, start, this.#taken.length);
      out.push(0x2c);
      appendElement(this.#values, random, out, this.#scratch);
    }
    out.push(0x7d);
    return true;
  }

  /** Behind the `count` keys that are there. */
  #newKey(random: JavaRandom, count: number): boolean {
    const start = this.#taken.length;
    for (let attempt = 0; attempt < keyTries; attempt += 1) {
      this.#keys.write(random, this.#taken);
      if (!this.#isTaken(count, start)) {
        this.#ends[count] = this.#taken.length;
        return true;
      }
      this.#taken.length = start;
    }
    return false;
  }

  #isTaken(count: number, start: number): boolean {
    const { bytes, length } = this.#taken;
    for (let key = 0, from = 0; key < count; key += 1) {
      const end = this.#ends[key] as number;
      let at = from;
      if (end - from === length - start) while (at < end && bytes[at] === bytes[start + at - from]) at += 1;
      else at = -1;
      if (at === end) return true;
      from = end;
    }
    return false;
  }
}

function appendElement(generator: CellGenerator, random: JavaRandom, out: ByteRegister, scratch: ByteRegister): void {
  scratch.length = 0;
  if (generator.write(random, scratch)) appendQuoted(out, scratch.bytes, 0, scratch.length);
  else out.append(nullWord, 0, nullWord.length);
}
