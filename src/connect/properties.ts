/** A malformed line; `line` counts from 1. The text of the line is not part of the message: it may hold a secret. */
export class PropertiesError extends Error {
  override readonly name = 'PropertiesError';
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

/**
 * Java's `Properties.load`: `key=value`, `key:value` or `key value`, comments with `#` or `!`, lines continued by a
 * backslash, escapes `\t \n \r \f \uXXXX`. The last of several lines with the same key wins.
 */
export function parseProperties(text: string): Map<string, string> {
  const properties = new Map<string, string>();
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
  for (let index = 0; index < lines.length; index += 1) {
    const first = index + 1;
    let line = (lines[index] ?? '').replace(/^[ \t\f]+/, '');
    if (line === '' || line.startsWith('#') || line.startsWith('!')) continue;
    while (endsWithOddBackslashes(line) && index + 1 < lines.length) {
      index += 1;
      line = line.slice(0, -1) + (lines[index] ?? '').replace(/^[ \t\f]+/, '');
    }
    if (endsWithOddBackslashes(line)) line = line.slice(0, -1);
    const [key, value] = splitLine(line);
    properties.set(unescape(key, first), unescape(value, first));
  }
  return properties;
}

function endsWithOddBackslashes(line: string): boolean {
  return (/\\*$/.exec(line)?.[0].length ?? 0) % 2 === 1;
}

function splitLine(line: string): [string, string] {
  let at = 0;
  while (at < line.length && !' \t\f=:'.includes(line[at] ?? '')) at += line[at] === '\\' ? 2 : 1;
  const key = line.slice(0, at);
  const rest = line.slice(at).replace(/^[ \t\f]*[=:]?[ \t\f]*/, '');
  return [key, rest];
}

const escapes: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' };

function unescape(text: string, line: number): string {
  return text.replaceAll(/\\(u[0-9a-fA-F]{4}|u|[\s\S])/g, (_match, escaped: string) => {
    if (escaped === 'u') throw new PropertiesError(line, 'malformed \\uXXXX escape');
    if (escaped.length === 5) return String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
    return escapes[escaped] ?? escaped;
  });
}
