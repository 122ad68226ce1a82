import type { ByteRegister } from '../../text/value-register.ts';
import type { JavaRandom } from './java-random.ts';

/** Makes one value after the other, as the text that the column's kind reads. */
export interface CellGenerator {
  /** Appends the text of the next value. False: the value is null, and nothing was appended. */
  write(random: JavaRandom, out: ByteRegister): boolean;
}

/** Picks one of some texts. */
export class OptionCells implements CellGenerator {
  readonly #texts: readonly (Uint8Array | null)[];

  /** `null` stands for null. */
  constructor(texts: readonly (string | null)[]) {
    this.#texts = texts.map((text) => (text === null ? null : Buffer.from(text, 'utf8')));
  }

  write(random: JavaRandom, out: ByteRegister): boolean {
    const text = this.#texts[random.below(this.#texts.length)] ?? null;
    if (text === null) return false;
    out.append(text, 0, text.length);
    return true;
  }
}

/** Constant text around another value. */
export class FramedCells implements CellGenerator {
  readonly #inner: CellGenerator;
  readonly #prefix: Uint8Array;
  readonly #suffix: Uint8Array;

  constructor(inner: CellGenerator, prefix: string, suffix: string) {
    this.#inner = inner;
    this.#prefix = Buffer.from(prefix, 'utf8');
    this.#suffix = Buffer.from(suffix, 'utf8');
  }

  write(random: JavaRandom, out: ByteRegister): boolean {
    out.append(this.#prefix, 0, this.#prefix.length);
    this.#inner.write(random, out);
    out.append(this.#suffix, 0, this.#suffix.length);
    return true;
  }
}

/** One of several branches, each with its share; a branch without a generator is null. */
export class UnionCells implements CellGenerator {
  readonly #branches: readonly (CellGenerator | null)[];
  /** Upper bounds of the shares, the last one 1; null: all alike. */
  readonly #bounds: readonly number[] | null;

  constructor(branches: readonly (CellGenerator | null)[], shares: readonly number[] | null) {
    this.#branches = branches;
    let sum = 0;
    this.#bounds = shares === null ? null : shares.map((share) => (sum += share));
  }

  write(random: JavaRandom, out: ByteRegister): boolean {
    const branch = this.#branches[this.#pick(random)] ?? null;
    return branch !== null && branch.write(random, out);
  }

  #pick(random: JavaRandom): number {
    if (this.#bounds === null) return random.below(this.#branches.length);
    const drawn = random.double();
    for (let at = 0; at < this.#bounds.length - 1; at += 1) if (drawn < (this.#bounds[at] as number)) return at;
    // Rounding may leave the last bound short of 1; a branch without a share is still never taken.
    return this.#lastShare();
  }

  #lastShare(): number {
    const bounds = this.#bounds ?? [];
    let at = bounds.length - 1;
    while (at > 0 && bounds[at] === bounds[at - 1]) at -= 1;
    return at;
  }
}

const malformed = Buffer.from('malformed-', 'latin1');

/** Every now and then a text that is no value of the type: rows for the error tolerance to deal with. */
export class MalformedCells implements CellGenerator {
  readonly #inner: CellGenerator;
  readonly #rate: number;

  constructor(inner: CellGenerator, rate: number) {
    this.#inner = inner;
    this.#rate = rate;
  }

  write(random: JavaRandom, out: ByteRegister): boolean {
    const start = out.length;
    const isThere = this.#inner.write(random, out);
    if (random.double() >= this.#rate) return isThere;
    out.length = start;
    out.append(malformed, 0, malformed.length);
    out.appendDigits(random.below(10_000), 4);
    return true;
  }
}
