import type { ByteRegister } from '../../text/value-register.ts';

const ZERO = 0x30;
const NINE = 0x39;
const POINT = 0x2e;

/** The character between groups of digits as a user writes it; null when it is none of those that are allowed. */
export function parseGrouping(written: string): string | null {
  const character = written === String.raw`\s` ? ' ' : written;
  return /^[.,'_ ]$/.test(character) ? character : null;
}

/**
 * Numbers as people of other countries write them: `1.234,5`. What has this form is brought into the form of the
 * readers (`1234.5`); anything else stays as it is, for its reader to complain about.
 */
export class NumberForm {
  readonly #decimal: number;
  /** -1: digits are not grouped. */
  readonly #grouping: number;

  constructor(decimal: string, grouping: string | null) {
    this.#decimal = decimal.charCodeAt(0);
    this.#grouping = grouping?.charCodeAt(0) ?? -1;
  }

  /** Appends the number in `bytes[start, end)`. */
  write(bytes: Uint8Array, start: number, end: number, into: ByteRegister): void {
    if (!this.isNumber(bytes, start, end)) {
      // A point that has no place in this form must not be taken for one that has.
      for (let at = start; at < end; at += 1) into.push(bytes[at] === POINT && this.#decimal !== POINT ? this.#decimal : bytes[at]!);
      return;
    }
    for (let at = start; at < end; at += 1) {
      const byte = bytes[at]!;
      if (byte !== this.#grouping) into.push(byte === this.#decimal ? POINT : byte);
    }
  }

  /** A sign, whole digits in groups of three or without groups, a fraction, an exponent; not all of it has to be there. */
  isNumber(bytes: Uint8Array, start: number, end: number): boolean {
    let at = start;
    if (bytes[at] === 0x2d || bytes[at] === 0x2b) at += 1;
    let digits = 0;
    let group = 0;
    let grouped = false;
    for (; at < end; at += 1) {
      const byte = bytes[at]!;
      if (byte >= ZERO && byte <= NINE) {
        digits += 1;
        group += 1;
      } else if (byte === this.#grouping && (grouped ? group === 3 : group >= 1 && group <= 3)) {
        grouped = true;
        group = 0;
      } else break;
    }
    if (grouped && group !== 3) return false;
    if (at < end && bytes[at] === this.#decimal) {
      for (at += 1; at < end && bytes[at]! >= ZERO && bytes[at]! <= NINE; at += 1) digits += 1;
    }
    if (digits === 0 || at === end) return digits > 0;
    if ((bytes[at]! | 0x20) !== 0x65) return false;
    at += bytes[at + 1] === 0x2d || bytes[at + 1] === 0x2b ? 2 : 1;
    if (at === end) return false;
    for (; at < end; at += 1) if (bytes[at]! < ZERO || bytes[at]! > NINE) return false;
    return true;
  }
}
