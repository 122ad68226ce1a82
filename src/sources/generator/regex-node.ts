/** A regular expression as a tree. Characters are code points, as inclusive ranges in ascending order. */
export type RegexNode =
  | { readonly kind: 'characters'; readonly ranges: readonly (readonly [number, number])[] }
  | { readonly kind: 'sequence'; readonly nodes: readonly RegexNode[] }
  | { readonly kind: 'choice'; readonly nodes: readonly RegexNode[] }
  /** `max` is Infinity where the expression sets no limit. */
  | { readonly kind: 'repeat'; readonly node: RegexNode; readonly min: number; readonly max: number };

type Ranges = readonly (readonly [number, number])[];

const digits: Ranges = [[0x30, 0x39]];
const words: Ranges = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
];
const blanks: Ranges = [
  [0x09, 0x0a],
  [0x0c, 0x0d],
  [0x20, 0x20],
];
const classes: Readonly<Record<string, Ranges>> = {
  d: digits,
  w: words,
  s: blanks,
  D: inverted(digits),
  W: inverted(words),
  S: inverted(blanks),
};
const controls: Readonly<Record<string, number>> = { t: 9, n: 10, r: 13, f: 12 };
const repeatMax = 10_000;

/** Throws `SyntaxError` with the reason and the place for what is no regular expression that text can be made from. */
export function parseRegex(pattern: string): RegexNode {
  return new RegexParser(pattern).parse();
}

class RegexParser {
  readonly #characters: readonly string[];
  #at = 0;

  constructor(pattern: string) {
    this.#characters = Array.from(pattern);
  }

  parse(): RegexNode {
    // Texts are made of the whole expression anyway.
    if (this.#peek() === '^') this.#at += 1;
    const node = this.#choice();
    if (this.#at < this.#characters.length) throw this.#fault(`"${this.#peek()}" is not expected here`);
    return node;
  }

  #peek(): string {
    return this.#characters[this.#at] ?? '';
  }

  #choice(): RegexNode {
    const nodes = [this.#sequence()];
    while (this.#take('|')) nodes.push(this.#sequence());
    return nodes.length === 1 ? (nodes[0] as RegexNode) : { kind: 'choice', nodes };
  }

  #sequence(): RegexNode {
    const nodes: RegexNode[] = [];
    while (this.#at < this.#characters.length && this.#peek() !== '|' && this.#peek() !== ')') {
      if (this.#peek() === '$' && this.#at === this.#characters.length - 1) {
        this.#at += 1;
        break;
      }
      nodes.push(this.#repeated(this.#atom()));
    }
    return nodes.length === 1 ? (nodes[0] as RegexNode) : { kind: 'sequence', nodes };
  }

  #repeated(node: RegexNode): RegexNode {
    if (this.#take('*')) return this.#checked(node, 0, Infinity);
    if (this.#take('+')) return this.#checked(node, 1, Infinity);
    if (this.#take('?')) return this.#checked(node, 0, 1);
    if (!this.#take('{')) return node;
    const end = this.#characters.indexOf('}', this.#at);
    const match = /^(\d+)(,(\d*))?$/.exec(this.#characters.slice(this.#at, end < 0 ? undefined : end).join(''));
    if (end < 0 || match === null) throw this.#fault('a repetition is {n}, {n,} or {n,m}');
    this.#at = end + 1;
    const min = Number(match[1]);
    const max = match[2] === undefined ? min : match[3] === '' ? Infinity : Number(match[3]);
    if (max < min) throw this.#fault(`a repetition from ${min} to ${max} cannot be met`);
    if (min > repeatMax || (max > repeatMax && max !== Infinity)) throw this.#fault(`repetitions are limited to ${repeatMax}`);
    return this.#checked(node, min, max);
  }

  #checked(node: RegexNode, min: number, max: number): RegexNode {
    if (/[*+?]/.test(this.#peek())) throw this.#fault('lazy, possessive and double repetitions mean nothing when texts are made');
    return { kind: 'repeat', node, min, max };
  }

  #atom(): RegexNode {
    const character = this.#peek();
    this.#at += 1;
    switch (character) {
      case '(': {
        if (this.#take('?') && !this.#take(':')) throw this.#fault('look-around and flags mean nothing when texts are made');
        const node = this.#choice();
        if (!this.#take(')')) throw this.#fault('a group does not end');
        return node;
      }
      case '[':
        return { kind: 'characters', ranges: this.#class() };
      case '.':
        return { kind: 'characters', ranges: [[0x20, 0x7e]] };
      case '\\':
        return { kind: 'characters', ranges: this.#escape() };
      case '*':
      case '+':
      case '?':
      case '{':
        throw this.#fault(`"${character}" repeats nothing`);
      case '^':
      case '$':
        throw this.#fault(`"${character}" inside an expression means nothing when texts are made`);
      default: {
        const code = character.codePointAt(0) ?? 0;
        return { kind: 'characters', ranges: [[code, code]] };
      }
    }
  }

  #escape(): Ranges {
    const character = this.#peek();
    if (character === '') throw this.#fault('a backslash at the end');
    this.#at += 1;
    const known = classes[character];
    if (known !== undefined) return known;
    const control = controls[character];
    if (control !== undefined) return [[control, control]];
    if (/[a-zA-Z0-9]/.test(character)) throw this.#fault(`\\${character} is not supported`);
    const code = character.codePointAt(0) ?? 0;
    return [[code, code]];
  }

  #class(): Ranges {
    const isInverted = this.#take('^');
    const ranges: (readonly [number, number])[] = [];
    for (let isFirst = true; isFirst || this.#peek() !== ']'; isFirst = false) {
      if (this.#peek() === '') throw this.#fault('a character class does not end');
      if (isFirst && this.#peek() === ']') break;
      const low = this.#member();
      const single = low.length === 1 && low[0]?.[0] === low[0]?.[1];
      if (this.#peek() !== '-' || (this.#characters[this.#at + 1] ?? ']') === ']' || !single) {
        ranges.push(...low);
        continue;
      }
      this.#at += 1;
      const high = this.#member();
      const [from, to] = [low[0]?.[0] ?? 0, high[0]?.[1] ?? 0];
      if (high.length !== 1 || to < from) throw this.#fault('a range of characters is the wrong way round');
      ranges.push([from, to]);
    }
    this.#at += 1;
    const merged = merge(ranges);
    const left = isInverted ? inverted(merged) : merged;
    if (left.length === 0) throw this.#fault('a character class is empty');
    return left;
  }

  #member(): Ranges {
    const character = this.#peek();
    this.#at += 1;
    if (character === '\\') return this.#escape();
    const code = character.codePointAt(0) ?? 0;
    return [[code, code]];
  }

  #take(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#at += 1;
    return true;
  }

  #fault(reason: string): SyntaxError {
    return new SyntaxError(`${reason} (at character ${this.#at})`);
  }
}

/** Each character once, so that all are equally likely. */
function merge(ranges: Ranges): Ranges {
  const merged: [number, number][] = [];
  for (const [from, to] of [...ranges].sort((left, right) => left[0] - right[0])) {
    const last = merged.at(-1);
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  return merged;
}

/** What is not in the ranges, among printable ASCII. */
function inverted(ranges: Ranges): Ranges {
  const left: [number, number][] = [];
  let from = 0x20;
  for (const [low, high] of ranges) {
    if (low > from && from <= 0x7e) left.push([from, Math.min(low - 1, 0x7e)]);
    from = Math.max(from, high + 1);
  }
  if (from <= 0x7e) left.push([from, 0x7e]);
  return left;
}
