/** Escapes that mean the same in both languages, as far as names go. */
const shared = /^[dDwWsSbBtnrfcx1-9]$/;

/** Java's names of POSIX classes, which are of ASCII there. */
const posix: Readonly<Record<string, string>> = {
  Lower: 'a-z',
  Upper: 'A-Z',
  Alpha: 'A-Za-z',
  Digit: '0-9',
  Alnum: '0-9A-Za-z',
  Punct: String.raw`!-\/:-@\[-\x60{-~`,
  Space: String.raw`\t-\r `,
  XDigit: '0-9A-Fa-f',
};

/**
 * The text of a regular expression of Java as JavaScript's, to be compiled with flag `u`. What is written alike stays;
 * `\Q…\E`, escaped characters that need none, `]` and `}` that stand for themselves, `\A`, `\z`, `\p{Alpha}` and `\p{IsLatin}` are
 * translated. Throws SyntaxError for what has no counterpart (`\R`, classes within classes); possessive quantifiers and atomic
 * groups are left for the compiler to refuse.
 */
export function javaPattern(text: string): string {
  let [out, at, inClass] = ['', 0, false];
  while (at < text.length) {
    const char = text.charAt(at);
    if (char === '\\') {
      const [written, length] = escaped(text.slice(at), inClass);
      out += written;
      at += length;
      continue;
    }
    if (inClass && (char === '[' || text.startsWith('&&', at))) throw new SyntaxError('classes within classes have no counterpart');
    const quantifier = inClass ? undefined : /^\{\d+(?:,\d*)?\}/.exec(text.slice(at))?.[0];
    if (char === '[') inClass = true;
    const closes = char === ']' && inClass;
    if (closes) inClass = false;
    out += quantifier ?? (!inClass && !closes && (char === ']' || char === '}') ? `\\${char}` : char);
    at += quantifier?.length ?? 1;
  }
  return out;
}

/** What `text` begins with, a backslash and what belongs to it, and how long that is. */
function escaped(text: string, inClass: boolean): [written: string, length: number] {
  const char = text.charAt(1);
  if (char === 'Q') {
    const end = text.indexOf(String.raw`\E`, 2);
    const quoted = end === -1 ? text.slice(2) : text.slice(2, end);
    return [quoted.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, (each) => literal(each, inClass)), end === -1 ? text.length : end + 2];
  }
  if (char === 'A' && !inClass) return ['(?<![^])', 2];
  if (char === 'z' && !inClass) return ['(?![^])', 2];
  const name = /^\\[kupx](?:<\w+>|[\dA-Fa-f]{4}|\{\w+\}|[A-Z])/i.exec(text)?.[0];
  if (name !== undefined && /[pP]/.test(char)) return [property(name, inClass), name.length];
  if (name !== undefined) return [name.replace('\\x{', String.raw`\u{`), name.length];
  if (shared.test(char)) return [`\\${char}`, 2];
  if (char === '' || /[0-9A-Za-z]/.test(char)) throw new SyntaxError(`"\\${char}" has no counterpart`);
  return [literal(char, inClass), 1 + char.length];
}

/** With `u`, only what has a meaning may be escaped. */
function literal(char: string, inClass: boolean): string {
  return /[\\^$.*+?()[\]{}|/]/.test(char) || (inClass && char === '-') ? `\\${char}` : char;
}

/** `\p{Alpha}`, `\pL`, `\P{IsGreek}`. */
function property(text: string, inClass: boolean): string {
  const [negated, name] = [text.charAt(1) === 'P', text.slice(2).replaceAll(/[{}]/g, '')];
  const ascii = posix[name];
  if (ascii !== undefined && inClass && !negated) return ascii;
  if (ascii !== undefined && !inClass) return `[${negated ? '^' : ''}${ascii}]`;
  const bare = name.replace(/^Is/, '');
  const script = bare !== name && /^[A-Z][a-z]{2,}$/.test(bare) && !/^(?:Alphabetic|Uppercase|Lowercase|Ideographic)$/.test(bare);
  return `\\${negated ? 'P' : 'p'}{${script ? 'Script=' : ''}${bare}}`;
}
