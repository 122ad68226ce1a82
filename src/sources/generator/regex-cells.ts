import type { ByteRegister } from '../../text/value-register.ts';
import type { ArgLength } from './arg-properties.ts';
import { faulty } from './avro-type.ts';
import type { CellGenerator } from './cell-generator.ts';
import type { JavaRandom } from './java-random.ts';
import { parseRegex, type RegexNode } from './regex-node.ts';

/** Repetitions without a limit go on for up to so many more. */
const moreRepeats = 8;
/** Bounds the tables that lengths are looked up in. */
const lengthMax = 300;
const tableCellsMax = 1_000_000;
/** Bounds a text that is as long as it comes. */
const textMax = 100_000;
/** For `compile`: no length is to be held to. */
const anyLength = -1;

/** Texts that match a regular expression, of a length that is given or as it comes. */
export class RegexCells implements CellGenerator {
  readonly #node: Part;
  /** The lengths that are asked for and possible; null: any. */
  readonly #lengths: readonly number[] | null;

  constructor(node: Part, lengths: readonly number[] | null) {
    this.#node = node;
    this.#lengths = lengths;
  }

  write(random: JavaRandom, out: ByteRegister): boolean {
    if (this.#lengths === null) this.#node.free(random, out);
    else this.#node.exact(random, out, this.#lengths[random.below(this.#lengths.length)] as number);
    return true;
  }
}

/** Throws `config.invalid` for what is no regular expression, or when no text of it has such a length. */
export function regexCells(pattern: string, length: ArgLength | null, path: string): RegexCells {
  let node: RegexNode;
  try {
    node = parseRegex(pattern);
  } catch (error) {
    if (error instanceof SyntaxError) throw faulty(path, `"regex" ${pattern} cannot be used: ${error.message}`);
    throw error;
  }
  if (length === null && longestText(node) > textMax)
    throw faulty(path, `"regex" ${pattern} makes texts of more than ${textMax} characters`);
  if (length === null) return new RegexCells(compile(node, anyLength), null);
  const longest = length.max - 1;
  if (longest > lengthMax) throw faulty(path, `"length" together with "regex" is limited to ${lengthMax} characters`);
  if (tableCells(node, longest) > tableCellsMax) throw faulty(path, `"regex" ${pattern} is too large to be held to a length`);
  const part = compile(node, longest);
  const lengths = Array.from({ length: longest + 1 }, (_, at) => at).filter((at) => at >= length.min && part.possible[at] === 1);
  if (lengths.length === 0) {
    throw faulty(path, `"regex" ${pattern} cannot be met: none of its texts has ${length.min} to ${longest} characters`);
  }
  return new RegexCells(part, lengths);
}

/** One part of an expression. `possible` tells which lengths it can take, up to the greatest that is asked for. */
interface Part {
  readonly possible: Uint8Array;
  free(random: JavaRandom, out: ByteRegister): void;
  /** Only with a length that is possible. */
  exact(random: JavaRandom, out: ByteRegister, length: number): void;
}

function compile(node: RegexNode, longest: number): Part {
  switch (node.kind) {
    case 'characters':
      return new CharacterPart(node.ranges, longest);
    case 'sequence':
      return new SequencePart(
        node.nodes.map((each) => compile(each, longest)),
        longest,
      );
    case 'choice':
      return new ChoicePart(
        node.nodes.map((each) => compile(each, longest)),
        longest,
      );
    case 'repeat': {
      const freeMax = freeRepeats(node.min, node.max);
      return new RepeatPart(compile(node.node, longest), node.min, freeMax, Math.min(node.max, Math.max(longest, node.min)), longest);
    }
  }
}

function longestText(node: RegexNode): number {
  switch (node.kind) {
    case 'characters':
      return 1;
    case 'sequence':
      return node.nodes.reduce((sum, each) => sum + longestText(each), 0);
    case 'choice':
      return Math.max(...node.nodes.map(longestText));
    case 'repeat':
      return longestText(node.node) * freeRepeats(node.min, node.max);
  }
}

function freeRepeats(min: number, max: number): number {
  return max === Infinity ? min + moreRepeats : max;
}

/** How large the tables of `compile` come out; counted before they are made. */
function tableCells(node: RegexNode, longest: number): number {
  switch (node.kind) {
    case 'characters':
      return longest;
    case 'sequence':
    case 'choice':
      return node.nodes.reduce((sum, each) => sum + tableCells(each, longest), (node.nodes.length + 1) * longest);
    case 'repeat':
      return tableCells(node.node, longest) + (Math.min(node.max, Math.max(longest, node.min)) + 1) * longest;
  }
}

class CharacterPart implements Part {
  readonly possible: Uint8Array;
  readonly #ranges: readonly (readonly [number, number])[];
  readonly #count: number;

  constructor(ranges: readonly (readonly [number, number])[], longest: number) {
    this.possible = Uint8Array.from({ length: longest + 1 }, (_, at) => (at === 1 ? 1 : 0));
    this.#ranges = ranges;
    this.#count = ranges.reduce((sum, [from, to]) => sum + to - from + 1, 0);
  }

  free(random: JavaRandom, out: ByteRegister): void {
    // A character alone takes no random number.
    let at = this.#count === 1 ? 0 : random.below(this.#count);
    for (const range of this.#ranges) {
      const size = range[1] - range[0] + 1;
      if (at < size) {
        appendCharacter(out, range[0] + at);
        return;
      }
      at -= size;
    }
  }

  exact(random: JavaRandom, out: ByteRegister): void {
    this.free(random, out);
  }
}

class SequencePart implements Part {
  readonly #parts: readonly Part[];
  /** The lengths that parts from this one on can take together. */
  readonly #rest: readonly Uint8Array[];

  constructor(parts: readonly Part[], longest: number) {
    this.#parts = parts;
    const rest: Uint8Array[] = [Uint8Array.from({ length: longest + 1 }, (_, at) => (at === 0 ? 1 : 0))];
    for (const part of parts.toReversed()) rest.unshift(sums(part.possible, rest[0] as Uint8Array));
    this.#rest = rest;
  }

  get possible(): Uint8Array {
    return this.#rest[0] as Uint8Array;
  }

  free(random: JavaRandom, out: ByteRegister): void {
    for (const part of this.#parts) part.free(random, out);
  }

  exact(random: JavaRandom, out: ByteRegister, length: number): void {
    let left = length;
    for (let at = 0; at < this.#parts.length; at += 1) {
      const part = this.#parts[at] as Part;
      const own = pickSplit(random, part.possible, this.#rest[at + 1] as Uint8Array, left);
      part.exact(random, out, own);
      left -= own;
    }
  }
}

class ChoicePart implements Part {
  readonly possible: Uint8Array;
  readonly #parts: readonly Part[];

  constructor(parts: readonly Part[], longest: number) {
    this.#parts = parts;
    this.possible = Uint8Array.from({ length: longest + 1 }, (_, at) => (parts.some((part) => part.possible[at] === 1) ? 1 : 0));
  }

  free(random: JavaRandom, out: ByteRegister): void {
    this.#parts[random.below(this.#parts.length)]?.free(random, out);
  }

  exact(random: JavaRandom, out: ByteRegister, length: number): void {
    let fitting = 0;
    for (const part of this.#parts) fitting += part.possible[length] as number;
    let skip = random.below(fitting);
    for (const part of this.#parts) {
      if (part.possible[length] === 1) {
        if (skip === 0) {
          part.exact(random, out, length);
          return;
        }
        skip -= 1;
      }
    }
  }
}

class RepeatPart implements Part {
  readonly possible: Uint8Array;
  readonly #part: Part;
  readonly #min: number;
  readonly #freeMax: number;
  /** The lengths that so many repetitions can take together. */
  readonly #times: readonly Uint8Array[];

  constructor(part: Part, min: number, freeMax: number, exactMax: number, longest: number) {
    this.#part = part;
    this.#min = min;
    this.#freeMax = freeMax;
    const times: Uint8Array[] = [Uint8Array.from({ length: longest + 1 }, (_, at) => (at === 0 ? 1 : 0))];
    // Without a length to be held to there is no use for the table.
    const tabled = longest === anyLength ? 0 : exactMax;
    for (let count = 1; count <= tabled; count += 1) times.push(sums(part.possible, times[count - 1] as Uint8Array));
    this.#times = times;
    this.possible = Uint8Array.from({ length: longest + 1 }, (_, at) =>
      times.some((each, count) => count >= min && each[at] === 1) ? 1 : 0,
    );
  }

  free(random: JavaRandom, out: ByteRegister): void {
    const count = this.#freeMax === this.#min ? this.#min : this.#min + random.below(this.#freeMax - this.#min + 1);
    for (let time = 0; time < count; time += 1) this.#part.free(random, out);
  }

  exact(random: JavaRandom, out: ByteRegister, length: number): void {
    let fitting = 0;
    for (let count = this.#min; count < this.#times.length; count += 1) fitting += (this.#times[count] as Uint8Array)[length] as number;
    let skip = random.below(fitting);
    let count = this.#min;
    for (; ; count += 1) {
      if ((this.#times[count] as Uint8Array)[length] === 0) continue;
      if (skip === 0) break;
      skip -= 1;
    }
    let left = length;
    for (; count > 0; count -= 1) {
      const own = pickSplit(random, this.#part.possible, this.#times[count - 1] as Uint8Array, left);
      this.#part.exact(random, out, own);
      left -= own;
    }
  }
}

/** A length for the part at hand such that what follows can take the rest. */
function pickSplit(random: JavaRandom, own: Uint8Array, rest: Uint8Array, length: number): number {
  let fitting = 0;
  for (let at = 0; at <= length; at += 1) fitting += (own[at] as number) & (rest[length - at] as number);
  let skip = fitting === 1 ? 0 : random.below(fitting);
  for (let at = 0; at <= length; at += 1) {
    if (((own[at] as number) & (rest[length - at] as number)) === 0) continue;
    if (skip === 0) return at;
    skip -= 1;
  }
  return length;
}

function sums(left: Uint8Array, right: Uint8Array): Uint8Array {
  const possible = new Uint8Array(left.length);
  for (let a = 0; a < left.length; a += 1) {
    if (left[a] === 0) continue;
    for (let b = 0; a + b < left.length; b += 1) if (right[b] === 1) possible[a + b] = 1;
  }
  return possible;
}

/** UTF-8 without a string in between. */
export function appendCharacter(out: ByteRegister, code: number): void {
  if (code < 0x80) out.push(code);
  else if (code < 0x800) {
    out.push(0xc0 | (code >> 6));
    out.push(0x80 | (code & 0x3f));
  } else if (code < 0x1_0000) {
    out.push(0xe0 | (code >> 12));
    out.push(0x80 | ((code >> 6) & 0x3f));
    out.push(0x80 | (code & 0x3f));
  } else {
    out.push(0xf0 | (code >> 18));
    out.push(0x80 | ((code >> 12) & 0x3f));
    out.push(0x80 | ((code >> 6) & 0x3f));
    out.push(0x80 | (code & 0x3f));
  }
}
