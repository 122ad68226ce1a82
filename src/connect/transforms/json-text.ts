/** A JSON text taken apart. Numbers stay the text they were, so that no digit is lost; of two members of one name the last counts. */
export type Json =
  | { readonly kind: 'string' | 'number'; readonly text: string }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'null' }
  | { readonly kind: 'array'; readonly items: readonly Json[] }
  | { readonly kind: 'object'; readonly members: ReadonlyMap<string, Json> };

const depthMax = 100;
const space = /[ \t\n\r]*/y;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const [quote, backslash] = [0x22, 0x5c];
const words: ReadonlyMap<string, Json> = new Map<string, Json>([
  ['true', { kind: 'boolean', value: true }],
  ['false', { kind: 'boolean', value: false }],
  ['null', { kind: 'null' }],
]);

/** Null: the text is no JSON, or nested more than 100 deep. */
export function parseJson(text: string): Json | null {
  const reader = new JsonReader(text);
  const json = reader.value(0);
  return json !== null && reader.isAtEnd() ? json : null;
}

class JsonReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  isAtEnd(): boolean {
    this.#take(space);
    return this.#at === this.#text.length;
  }

  /** Null: there is none. */
  value(depth: number): Json | null {
    if (depth > depthMax) return null;
    this.#take(space);
    const first = this.#text[this.#at];
    if (first === '{') return this.#object(depth);
    if (first === '[') return this.#array(depth);
    if (first === '"') {
      const text = this.#string();
      return text === null ? null : { kind: 'string', text };
    }
    for (const [word, json] of words) {
      if (!this.#text.startsWith(word, this.#at)) continue;
      this.#at += word.length;
      return json;
    }
    const digits = this.#take(number);
    return digits === null || digits === '' ? null : { kind: 'number', text: digits };
  }

  #object(depth: number): Json | null {
    const members = new Map<string, Json>();
    this.#at += 1;
    if (this.#skip('}')) return { kind: 'object', members };
    do {
      this.#take(space);
      const name = this.#string();
      if (name === null || !this.#skip(':')) return null;
      const value = this.value(depth + 1);
      if (value === null) return null;
      members.set(name, value);
    } while (this.#skip(','));
    return this.#skip('}') ? { kind: 'object', members } : null;
  }

  #array(depth: number): Json | null {
    const items: Json[] = [];
    this.#at += 1;
    if (this.#skip(']')) return { kind: 'array', items };
    do {
      const item = this.value(depth + 1);
      if (item === null) return null;
      items.push(item);
    } while (this.#skip(','));
    return this.#skip(']') ? { kind: 'array', items } : null;
  }

  #string(): string | null {
    const start = this.#at;
    if (this.#text.charCodeAt(start) !== quote) return null;
    let end = start + 1;
    for (let code = 0; (code = this.#text.charCodeAt(end)) !== quote; end += 1) {
      if (Number.isNaN(code)) return null;
      if (code === backslash) end += 1;
    }
    this.#at = end + 1;
    try {
      return JSON.parse(this.#text.slice(start, end + 1)) as string;
    } catch {
      return null;
    }
  }

  #skip(character: string): boolean {
    this.#take(space);
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #take(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return null;
    this.#at = pattern.lastIndex;
    return match[0];
  }
}
