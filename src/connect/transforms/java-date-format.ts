import { invalid } from './part.ts';

const months = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];
const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

type Part = (date: Date) => string;

/** `java.text.SimpleDateFormat` in English and UTC, as far as letters are listed here; throws `config.invalid` for others. */
export function javaDateFormat(pattern: string, key: string): (epochMs: number) => string {
  const parts: Part[] = [];
  for (const [token, quoted, letters] of pattern.matchAll(/'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+|'/g)) {
    if (token === "'") throw invalid(key, pattern, 'a quote is not closed');
    if (quoted !== undefined) parts.push(literal(quoted === '' ? "'" : quoted.replaceAll("''", "'")));
    else if (letters === undefined) parts.push(literal(token));
    else parts.push(field(letters, token.length, pattern, key));
  }
  return (epochMs) => {
    const date = new Date(epochMs);
    return parts.map((part) => part(date)).join('');
  };
}

function literal(text: string): Part {
  return () => text;
}

function field(letter: string, width: number, pattern: string, key: string): Part {
  const padded =
    (of: (date: Date) => number): Part =>
    (date) =>
      String(of(date)).padStart(width, '0');
  switch (letter) {
    case 'y':
    case 'u':
      if (letter === 'u') return padded((date) => ((date.getUTCDay() + 6) % 7) + 1);
      return (date) =>
        width === 2 ? String(date.getUTCFullYear() % 100).padStart(2, '0') : String(date.getUTCFullYear()).padStart(width, '0');
    case 'M':
    case 'L':
      if (width < 3) return padded((date) => date.getUTCMonth() + 1);
      return (date) => (months[date.getUTCMonth()] as string).slice(0, width === 3 ? 3 : undefined);
    case 'd':
      return padded((date) => date.getUTCDate());
    case 'D':
      return padded((date) =>
        Math.floor(
          (Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()) - Date.UTC(date.getUTCFullYear(), 0, 0)) / 86_400_000,
        ),
      );
    case 'E':
      return (date) => (days[date.getUTCDay()] as string).slice(0, width <= 3 ? 3 : undefined);
    case 'a':
      return (date) => (date.getUTCHours() < 12 ? 'AM' : 'PM');
    case 'H':
      return padded((date) => date.getUTCHours());
    case 'k':
      return padded((date) => date.getUTCHours() || 24);
    case 'K':
      return padded((date) => date.getUTCHours() % 12);
    case 'h':
      return padded((date) => date.getUTCHours() % 12 || 12);
    case 'm':
      return padded((date) => date.getUTCMinutes());
    case 's':
      return padded((date) => date.getUTCSeconds());
    case 'S':
      return padded((date) => date.getUTCMilliseconds());
    case 'z':
      return literal('UTC');
    case 'Z':
      return literal('+0000');
    case 'X':
      return literal('Z');
    default:
      throw invalid(
        key,
        pattern,
        `the letter ${letter} is not known here; known are y M L d D E u a H k K h m s S z Z X and text in quotes`,
      );
  }
}
