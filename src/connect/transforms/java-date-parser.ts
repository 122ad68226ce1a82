import { invalid } from './part.ts';

const monthNames = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const numeric = 'yuMLdDHkKhmsS';
/** Before it Java has another calendar. */
const yearMin = 1583;

/** What the letters of a pattern found, by letter. */
type Found = Map<string, string>;

/**
 * Reads as `java.text.SimpleDateFormat` does in English and UTC, leniently: fields may have fewer or more digits than the
 * pattern unless another number follows, months and hours may run over, and what stands behind is ignored. The answer is
 * null for a text that does not fit, and for years before 1583. Throws `config.invalid` for letters that are not listed.
 */
export function javaDateParser(pattern: string, key: string): (text: string) => number | null {
  const letters: { readonly letter: string; readonly width: number }[] = [];
  let source = '^';
  const tokens = [...pattern.matchAll(/'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+|'/g)];
  for (const [at, [token, quoted, letter]] of tokens.entries()) {
    if (token === "'") throw invalid(key, pattern, 'a quote is not closed');
    if (letter === undefined) {
      source += escape(quoted === undefined ? token : quoted === '' ? "'" : quoted.replaceAll("''", "'"));
      continue;
    }
    const next = tokens[at + 1]?.[2];
    source += `(${groupFor(letter, token.length, next !== undefined && numeric.includes(next), pattern, key)})`;
    letters.push({ letter, width: token.length });
  }
  const regex = new RegExp(source, 'i');
  return (text) => {
    const match = regex.exec(text);
    if (match === null) return null;
    const found: Found = new Map();
    for (const [at, { letter, width }] of letters.entries()) found.set(letter, yearOf(letter, width, match[at + 1] ?? ''));
    return epochMsOf(found);
  };
}

function groupFor(letter: string, width: number, isFollowed: boolean, pattern: string, key: string): string {
  const isMonthName = (letter === 'M' || letter === 'L') && width >= 3;
  if (isMonthName) return '(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*';
  if (numeric.includes(letter)) return isFollowed ? `\\s*\\d{${width}}` : '\\s*\\d+';
  if (letter === 'E') return '[a-z]+';
  if (letter === 'a') return 'am|pm';
  if (letter === 'z' || letter === 'Z' || letter === 'X') return 'z|utc|gmt|[+-]\\d\\d(?::?\\d\\d)?';
  throw invalid(key, pattern, `the letter ${letter} is not known here; known are y M L d D E u a H k K h m s S z Z X and text in quotes`);
}

function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** Two digits under `yy` mean the years around now. */
function yearOf(letter: string, width: number, text: string): string {
  const digits = text.trim();
  if (letter !== 'y' || width !== 2 || digits.length !== 2) return digits;
  return `${Number(digits) < 50 ? 20 : 19}${digits}`;
}

function epochMsOf(found: Found): number | null {
  const number = (letter: string, fallback: number): number => (found.has(letter) ? Number(found.get(letter)) : fallback);
  const year = number('y', 1970);
  if (year < yearMin || year > 9999) return null;
  const month = found.get('M') ?? found.get('L') ?? '1';
  const named = monthNames.indexOf(month.slice(0, 3).toLowerCase());
  const day = found.has('D') ? number('D', 1) : number('d', 1);
  const monthIndex = found.has('D') ? 0 : named >= 0 ? named : Number(month) - 1;
  const days = Date.UTC(year, monthIndex, day);
  return days + ((hoursOf(found) * 60 + number('m', 0)) * 60 + number('s', 0)) * 1000 + number('S', 0) - zoneMs(found);
}

function hoursOf(found: Found): number {
  const afternoon = found.get('a')?.toLowerCase() === 'pm' ? 12 : 0;
  if (found.has('H')) return Number(found.get('H'));
  if (found.has('k')) return Number(found.get('k')) % 24;
  if (found.has('h')) return (Number(found.get('h')) % 12) + afternoon;
  return found.has('K') ? Number(found.get('K')) + afternoon : 0;
}

function zoneMs(found: Found): number {
  const zone = found.get('X') ?? found.get('Z') ?? found.get('z') ?? 'Z';
  const [, sign, hours = '0', minutes = '0'] = /^([+-])(\d\d):?(\d\d)?$/.exec(zone) ?? [];
  return sign === undefined ? 0 : (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}
