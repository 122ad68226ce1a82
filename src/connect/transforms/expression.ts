import { invalid } from './part.ts';

/** A condition or a topic as a user writes it: what Groovy, JavaScript and Java write alike, without calls and assignments. */
export type Expression =
  | { readonly kind: 'literal'; readonly value: string | number | bigint | boolean | null }
  | { readonly kind: 'path'; readonly path: readonly string[] }
  | { readonly kind: 'not' | 'negate'; readonly of: Expression }
  | { readonly kind: 'binary'; readonly operator: BinaryOperator; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'choice'; readonly when: Expression; readonly yes: Expression; readonly no: Expression }
  | { readonly kind: 'in'; readonly left: Expression; readonly list: readonly Expression[] }
  | { readonly kind: 'matches'; readonly left: Expression; readonly regex: RegExp };

/** Higher binds more tightly. */
const precedence = {
  '||': 1,
  '&&': 2,
  '==': 3,
  '!=': 3,
  '<': 4,
  '<=': 4,
  '>': 4,
  '>=': 4,
  '+': 5,
  '-': 5,
  '*': 6,
  '/': 6,
  '%': 6,
} as const;
export type BinaryOperator = keyof typeof precedence;
const comparison = 4;

const tokenPattern =
  /\s*(?:(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)[LlDdFf]?(?![\w$])|('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|([A-Za-z_$][\w$]*)|(===|!==|==~|=~|==|!=|<=|>=|&&|\|\||\?\.|[-+*/%<>!?:().,[\]]))/y;

interface Token {
  readonly kind: 'number' | 'text' | 'name' | 'symbol' | 'end';
  readonly text: string;
}

/** Throws `config.invalid` naming `key` and the place. */
export function parseExpression(text: string, key: string): Expression {
  const parser = new Parser(text, key);
  const expression = parser.expression();
  parser.expect('end', '');
  return expression;
}

class Parser {
  readonly #text: string;
  readonly #key: string;
  readonly #tokens: Token[];
  #at = 0;

  constructor(text: string, key: string) {
    this.#text = text;
    this.#key = key;
    this.#tokens = this.#scan();
  }

  expression(): Expression {
    const when = this.#binary(1);
    if (!this.#take('?')) return when;
    const yes = this.expression();
    this.expect('symbol', ':');
    return { kind: 'choice', when, yes, no: this.expression() };
  }

  expect(kind: Token['kind'], text: string): void {
    const { kind: found, text: at } = this.#peek();
    if (found !== kind || at !== text)
      throw this.#fault(`${found === 'end' ? 'it ends' : `"${at}" stands`} where ${kind === 'end' ? 'the end' : `"${text}"`} is expected`);
    this.#at += 1;
  }

  #binary(least: number): Expression {
    let left = this.#unary();
    for (;;) {
      const word = this.#peek().text;
      if (least <= comparison && (word === 'in' || word === '=~' || word === '==~')) {
        this.#at += 1;
        left = word === 'in' ? { kind: 'in', left, list: this.#list() } : { kind: 'matches', left, regex: this.#regex(word) };
        continue;
      }
      const operator = (word === '===' ? '==' : word === '!==' ? '!=' : word) as BinaryOperator;
      const binds = this.#peek().kind === 'symbol' ? precedence[operator] : undefined;
      if (binds === undefined || binds < least) return left;
      this.#at += 1;
      left = { kind: 'binary', operator, left, right: this.#binary(binds + 1) };
    }
  }

  #unary(): Expression {
    if (this.#take('!')) return { kind: 'not', of: this.#unary() };
    if (this.#take('-')) return { kind: 'negate', of: this.#unary() };
    if (this.#take('(')) {
      const inner = this.expression();
      this.expect('symbol', ')');
      return inner;
    }
    const token = this.#next();
    if (token.kind === 'number') return { kind: 'literal', value: /^\d{16,}$/.test(token.text) ? BigInt(token.text) : Number(token.text) };
    if (token.kind === 'text') return { kind: 'literal', value: unquote(token.text) };
    if (token.kind !== 'name')
      throw this.#fault(token.kind === 'end' ? 'it ends too early' : `"${token.text}" stands where a value is expected`);
    if (token.text === 'true' || token.text === 'false') return { kind: 'literal', value: token.text === 'true' };
    return token.text === 'null' ? { kind: 'literal', value: null } : this.#path(token.text);
  }

  /** `value.after.price`, also `value?.after['price']`. */
  #path(first: string): Expression {
    const path = [first];
    for (;;) {
      const conditional = this.#take('?.');
      if (this.#take('[')) {
        const { kind, text } = this.#next();
        if (kind !== 'text') throw this.#fault(`"${path.join('.')}[" needs a name in quotes`);
        path.push(unquote(text));
        this.expect('symbol', ']');
      } else if (conditional || this.#take('.')) {
        const { kind, text } = this.#next();
        if (kind !== 'name') throw this.#fault(`a name is missing after "${path.join('.')}."`);
        if (this.#peek().text === '(') throw this.#fault(`"${text}()" is a call, and there are none`);
        path.push(text);
      } else {
        return { kind: 'path', path };
      }
    }
  }

  #list(): Expression[] {
    this.expect('symbol', '[');
    const items: Expression[] = [];
    while (!this.#take(']')) {
      if (items.length > 0) this.expect('symbol', ',');
      items.push(this.expression());
    }
    return items;
  }

  /** `=~` looks anywhere, `==~` at the whole text. */
  #regex(operator: string): RegExp {
    const { kind, text } = this.#next();
    if (kind !== 'text') throw this.#fault(`"${operator}" needs a regular expression in quotes`);
    const source = unquote(text, true);
    try {
      return new RegExp(operator === '==~' ? `^(?:${source})$` : source);
    } catch {
      throw this.#fault(`${text} is not a regular expression`);
    }
  }

  #peek(): Token {
    return this.#tokens[this.#at] as Token;
  }

  #next(): Token {
    const token = this.#peek();
    if (token.kind !== 'end') this.#at += 1;
    return token;
  }

  #take(symbol: string): boolean {
    const { kind, text } = this.#peek();
    if (kind !== 'symbol' || text !== symbol) return false;
    this.#at += 1;
    return true;
  }

  #scan(): Token[] {
    const tokens: Token[] = [];
    const pattern = new RegExp(tokenPattern);
    const text = this.#text.trimEnd();
    while (pattern.lastIndex < text.length) {
      const at = pattern.lastIndex;
      const [, number, quoted, name, symbol] = pattern.exec(text) ?? [];
      if (number !== undefined) tokens.push({ kind: 'number', text: number });
      else if (quoted !== undefined) tokens.push({ kind: 'text', text: quoted });
      else if (name !== undefined) tokens.push({ kind: 'name', text: name });
      else if (symbol !== undefined) tokens.push({ kind: 'symbol', text: symbol });
      else throw this.#fault(`"${text.slice(at).trim().slice(0, 10)}" cannot be read`);
    }
    return [...tokens, { kind: 'end', text: '' }];
  }

  #fault(reason: string): Error {
    return invalid(
      this.#key,
      this.#text,
      `${reason}. It may have names such as value.after.price, literals, comparisons, && || !, + - * / %, ?:, in [..] and =~ '..'`,
    );
  }
}

/** In a regular expression a backslash is the expression's own, but before a quote. */
function unquote(text: string, regex = false): string {
  const quote = text[0] ?? '';
  return text.slice(1, -1).replaceAll(/\\(.)/g, (escape: string, each: string) => {
    if (each === quote) return each;
    if (regex) return escape;
    return { n: '\n', t: '\t', r: '\r' }[each] ?? each;
  });
}
