import { ConnectError } from '../../base/errors.ts';
import type { CivilTime } from './civil-time.ts';

const Token = {
  LITERAL: 0,
  YEAR: 1,
  MONTH: 2,
  DAY: 3,
  HOUR: 4,
  HOUR_12: 5,
  MINUTE: 6,
  SECOND: 7,
  FRACTION: 8,
  OPTIONAL_FRACTION: 9,
  MARKER: 10,
  OFFSET: 11,
  MONTH_NAME: 12,
  YEAR_2: 13,
  SEPARATOR: 14,
} as const;
type Token = (typeof Token)[keyof typeof Token];

const letters: Readonly<Record<string, Token>> = {
  y: Token.YEAR,
  u: Token.YEAR,
  M: Token.MONTH,
  d: Token.DAY,
  H: Token.HOUR,
  h: Token.HOUR_12,
  m: Token.MINUTE,
  s: Token.SECOND,
  S: Token.FRACTION,
  a: Token.MARKER,
  X: Token.OFFSET,
  x: Token.OFFSET,
  Z: Token.OFFSET,
};

const monthNames = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** ISO 8601 as files have it: `T` or a blank between date and time, the fraction may be missing. */
export const isoPattern = 'yyyy-MM-dd|HH:mm:ss[.S]';

/**
 * A date and time pattern with the letters of Java's DateTimeFormatter: `yyyy yy MM M MMM dd d HH H hh h mm m ss s S a
 * X Z`, text in single quotes, other characters as they are. A single letter takes one or two digits, two letters
 * exactly two; `[.S]` is a fraction that may be missing. `|` stands for `T` or a blank.
 */
export class TimePattern {
  /** Pairs of a token and its width, or the character of a literal. */
  readonly #tokens: Int32Array;
  #at = 0;

  constructor(pattern: string) {
    const tokens: number[] = [];
    for (let at = 0; at < pattern.length;) {
      const rest = pattern.slice(at);
      const optional = /^\[\.S+\]/.exec(rest);
      const quoted = /^'([^']*)'/.exec(rest);
      const run = /^([A-Za-z])\1*/.exec(rest);
      if (optional !== null) tokens.push(Token.OPTIONAL_FRACTION, 0);
      else if (quoted !== null)
        for (const byte of Buffer.from(quoted[1] === '' ? "'" : (quoted[1] ?? ''))) tokens.push(Token.LITERAL, byte);
      else if (run !== null) tokens.push(...letterToken(run[0], pattern));
      else if (rest.startsWith('|')) tokens.push(Token.SEPARATOR, 0);
      else for (const byte of Buffer.from(rest[0] ?? '')) tokens.push(Token.LITERAL, byte);
      at += (optional ?? quoted ?? run)?.[0].length ?? 1;
    }
    this.#tokens = Int32Array.from(tokens);
  }

  /** False when the text does not have this form. */
  read(bytes: Uint8Array, start: number, end: number, into: CivilTime): boolean {
    into.reset();
    this.#at = start;
    let hour = 0;
    let minute = 0;
    let second = 0;
    let half = -1;
    const tokens = this.#tokens;
    for (let index = 0; index < tokens.length; index += 2) {
      const token = tokens[index];
      const width = tokens[index + 1]!;
      if (token === Token.LITERAL || token === Token.SEPARATOR) {
        if (this.#at >= end) return false;
        const byte = bytes[this.#at]!;
        if (token === Token.LITERAL ? byte !== width : byte !== 0x20 && byte !== 0x54) return false;
        this.#at += 1;
        continue;
      }
      if (token === Token.FRACTION || token === Token.OPTIONAL_FRACTION) {
        if (!this.#fraction(bytes, end, token === Token.OPTIONAL_FRACTION, into)) return false;
        continue;
      }
      if (token === Token.OFFSET) {
        if (!this.#offset(bytes, end, into)) return false;
        continue;
      }
      const value =
        token === Token.MONTH_NAME
          ? this.#monthName(bytes, end)
          : token === Token.MARKER
            ? this.#marker(bytes, end)
            : this.#digits(bytes, end, width);
      if (value < 0) return false;
      if (token === Token.YEAR) into.year = value;
      else if (token === Token.YEAR_2) into.year = 2000 + value;
      else if (token === Token.MONTH || token === Token.MONTH_NAME) into.month = value;
      else if (token === Token.DAY) into.day = value;
      else if (token === Token.MARKER) half = value;
      else if (token === Token.MINUTE) minute = value;
      else if (token === Token.SECOND) second = value;
      else hour = value;
    }
    if (half >= 0) hour = (hour % 12) + half * 12;
    into.second = hour * 3600 + minute * 60 + second;
    return this.#at === end && hour < 24 && minute < 60 && second < 60 && into.isValid;
  }

  /** `width` 1: one digit or two (a year: four); -1: none there. */
  #digits(bytes: Uint8Array, end: number, width: number): number {
    const max = width === 1 ? 2 : width;
    let value = 0;
    let count = 0;
    for (; count < max && this.#at < end; count += 1, this.#at += 1) {
      const digit = bytes[this.#at]! - 0x30;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    return count === 0 || (width !== 1 && count < width) ? -1 : value;
  }

  #fraction(bytes: Uint8Array, end: number, optional: boolean, into: CivilTime): boolean {
    if (optional) {
      if (this.#at >= end || bytes[this.#at] !== 0x2e) return true;
      this.#at += 1;
    }
    let digits = 0;
    let micros = 0;
    for (; this.#at < end; this.#at += 1, digits += 1) {
      const digit = bytes[this.#at]! - 0x30;
      if (digit < 0 || digit > 9) break;
      if (digits < 6) micros = micros * 10 + digit;
    }
    into.fractionDigits = Math.min(digits, 6);
    for (let at = digits; at < 6; at += 1) micros *= 10;
    into.micros = micros;
    return digits > 0;
  }

  #offset(bytes: Uint8Array, end: number, into: CivilTime): boolean {
    const sign = this.#at < end ? bytes[this.#at]! : 0;
    this.#at += 1;
    into.offsetSeconds = 0;
    if (sign === 0x5a || sign === 0x7a) return true;
    if (sign !== 0x2b && sign !== 0x2d) return false;
    const hours = this.#digits(bytes, end, 2);
    if (this.#at < end && bytes[this.#at] === 0x3a) this.#at += 1;
    const minutes = this.#at < end ? this.#digits(bytes, end, 2) : 0;
    if (hours < 0 || minutes < 0 || minutes > 59) return false;
    into.offsetSeconds = (sign === 0x2d ? -1 : 1) * (hours * 3600 + minutes * 60);
    return true;
  }

  #marker(bytes: Uint8Array, end: number): number {
    if (this.#at + 2 > end || (bytes[this.#at + 1]! | 0x20) !== 0x6d) return -1;
    const letter = bytes[this.#at]! | 0x20;
    this.#at += 2;
    return letter === 0x61 ? 0 : letter === 0x70 ? 1 : -1;
  }

  #monthName(bytes: Uint8Array, end: number): number {
    if (this.#at + 3 > end) return -1;
    for (let month = 0; month < 12; month += 1) {
      const name = monthNames[month]!;
      let at = 0;
      while (at < 3 && (bytes[this.#at + at]! | 0x20) === name.charCodeAt(at)) at += 1;
      if (at < 3) continue;
      this.#at += 3;
      return month + 1;
    }
    return -1;
  }
}

function letterToken(run: string, pattern: string): [Token, number] {
  const token = letters[run[0] ?? ''];
  const width = run.length;
  if (token === Token.YEAR && width === 2) return [Token.YEAR_2, 2];
  if (token === Token.YEAR) return [Token.YEAR, 4];
  if (token === Token.MONTH && width === 3) return [Token.MONTH_NAME, 3];
  if (token !== undefined && (width <= 2 || token === Token.FRACTION || token === Token.OFFSET)) return [token, width];
  throw new ConnectError('config.invalid', `The date and time pattern "${pattern}" holds "${run}", which is not supported.`, {
    remedy: 'Use yyyy yy MM M MMM dd d HH H hh h mm m ss s S a X, text in single quotes, and [.S] for a fraction that may be missing.',
  });
}
