import type { ByteRegister } from '../../text/value-register.ts';
import type { ArgLength } from './arg-properties.ts';
import type { CellGenerator } from './cell-generator.ts';
import type { JavaRandom } from './java-random.ts';

export class BooleanCells implements CellGenerator {
  readonly #odds: number | null;

  constructor(odds: number | null) {
    this.#odds = odds;
  }

  write(random: JavaRandom, out: ByteRegister): boolean {
    const value = this.#odds === null ? random.boolean() : random.double() < this.#odds;
    out.push(value ? 0x74 : 0x66);
    return true;
  }
}

/** Characters from 0 to 127, control characters among them. */
export class AsciiCells implements CellGenerator {
  readonly #length: ArgLength;

  constructor(length: ArgLength) {
    this.#length = length;
  }

  write(random: JavaRandom, out: ByteRegister): boolean {
    const { min, max } = this.#length;
    const length = max - min === 1 ? min : min + random.below(max - min);
    for (let at = 0; at < length; at += 1) out.push(random.bits(7));
    return true;
  }
}

const hexDigits = Buffer.from('0123456789abcdef', 'latin1');

/** `\x…`, the form that bytes are read from. */
export class BytesCells implements CellGenerator {
  readonly #length: ArgLength;

  constructor(length: ArgLength) {
    this.#length = length;
  }

  write(random: JavaRandom, out: ByteRegister): boolean {
    const { min, max } = this.#length;
    const length = max - min === 1 ? min : min + random.below(max - min);
    out.push(0x5c);
    out.push(0x78);
    for (let at = 0; at < length; at += 1) appendHex(out, random.bits(8));
    return true;
  }
}

/** Random UUIDs, version 4. */
export class UuidCells implements CellGenerator {
  write(random: JavaRandom, out: ByteRegister): boolean {
    for (let at = 0; at < 16; at += 1) {
      if (at === 4 || at === 6 || at === 8 || at === 10) out.push(0x2d);
      let byte = random.bits(8);
      if (at === 6) byte = (byte & 0x0f) | 0x40;
      if (at === 8) byte = (byte & 0x3f) | 0x80;
      appendHex(out, byte);
    }
    return true;
  }
}

function appendHex(out: ByteRegister, byte: number): void {
  out.push(hexDigits[byte >> 4] as number);
  out.push(hexDigits[byte & 15] as number);
}
