import { CellState, type TupleView } from '../../record/tuple-view.ts';
import { ByteRegister } from '../../text/value-register.ts';
import type { CsvColumn } from './csv-columns.ts';
import type { NumberForm } from './number-form.ts';

/** What a cell can be read as, as bits; a column is what all its cells can be. */
const As = { BOOLEAN: 1, LONG: 2, DOUBLE: 4, DATE: 8, TIMESTAMP: 16, MICROS: 32, ZONED: 64, STRING: 128 } as const;
const anything = 255;

/** In the order of preference: the narrowest type that holds every cell seen. */
const ladder: readonly (readonly [number, string])[] = [
  [As.BOOLEAN, 'boolean'],
  [As.LONG, 'long'],
  [As.DOUBLE, 'double'],
  [As.DATE, 'date'],
  [As.TIMESTAMP, 'timestamp'],
  [As.MICROS, 'timestamp_micros'],
  [As.ZONED, 'timestamptz'],
];

/**
 * Column types from a sample of rows. Widths are generous on purpose (64-bit integers, doubles, every column optional),
 * so that rows behind the sample fit and two files of one kind give one schema. Text that a number would not give back
 * (`007`, 20 digits, more digits than a double holds) stays text. A column without any value in the sample is text.
 */
export class ColumnInference {
  rows = 0;
  readonly #numbers: NumberForm | null;
  readonly #possible: number[];
  readonly #seen: boolean[];
  readonly #written = new ByteRegister();

  constructor(columns: number, numbers: NumberForm | null = null) {
    this.#numbers = numbers;
    this.#possible = Array.from({ length: columns }, () => anything);
    this.#seen = Array.from({ length: columns }, () => false);
  }

  add(row: TupleView): void {
    this.rows += 1;
    for (let cell = 0; cell < this.#possible.length; cell += 1) {
      const [start, end] = [row.start[cell] ?? 0, row.end[cell] ?? 0];
      if (row.state[cell] !== CellState.TEXT || start === end) continue;
      const possible = this.#possible[cell] ?? As.STRING;
      this.#seen[cell] = true;
      if (possible === As.STRING) continue;
      this.#possible[cell] = possible & this.#readings(row.bytes.subarray(start, end));
    }
  }

  #readings(cell: Uint8Array): number {
    if (cell.length > 64) return As.STRING;
    const text = Buffer.from(cell.buffer, cell.byteOffset, cell.byteLength).toString('latin1');
    if (this.#numbers === null || !/\d/.test(text)) return readings(text);
    if (this.#numbers.isNumber(cell, 0, cell.length)) {
      this.#written.length = 0;
      this.#numbers.write(cell, 0, cell.length, this.#written);
      return readings(Buffer.from(this.#written.bytes.subarray(0, this.#written.length)).toString('latin1'));
    }
    // 1.5 is no number where a comma stands before the fraction.
    return readings(text) & ~(As.LONG | As.DOUBLE);
  }

  /** `required`: names of columns whose cells may not be empty, which are those of the key. */
  columns(names: readonly string[], required: readonly string[]): CsvColumn[] {
    return names.map((name, cell) => {
      const possible = this.#possible[cell] ?? As.STRING;
      const found = this.#seen[cell] === true ? ladder.find(([bit]) => (possible & bit) !== 0) : undefined;
      return { name, type: found?.[1] ?? 'string', optional: !required.includes(name) };
    });
  }
}

function readings(text: string): number {
  if (/^(true|false)$/i.test(text)) return As.BOOLEAN | As.STRING;
  if (/^-?(0|[1-9]\d{0,18})$/.test(text)) return longReadings(text);
  if (/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d{1,3})?$/i.test(text)) {
    const digits = text.replace(/e.*$/i, '').replaceAll(/\D/g, '').replace(/^0+/, '');
    const padded = /^[-+]?0\d/.test(text) || (text.startsWith('+') && !text.includes('.'));
    return digits.length <= 15 && !padded && Number.isFinite(Number(text)) ? As.DOUBLE | As.STRING : As.STRING;
  }
  const time = /^(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d):(\d\d)(\.\d{1,6})?(Z|[-+]\d\d(?::?\d\d)?)?)?$/.exec(text);
  return time === null ? As.STRING : timeReadings(time);
}

function longReadings(text: string): number {
  const value = BigInt(text);
  if (value !== BigInt.asIntN(64, value)) return As.STRING;
  return As.LONG | As.STRING | (Number.isSafeInteger(Number(text)) ? As.DOUBLE : 0);
}

function timeReadings(match: RegExpExecArray): number {
  const [, year, month, day, hour, minute, second, fraction, zone] = match;
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  if (date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day) || Number(year) < 1000) return As.STRING;
  if (hour === undefined) return As.DATE | As.STRING;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return As.STRING;
  if (zone !== undefined) return As.ZONED | As.STRING;
  return As.MICROS | As.STRING | ((fraction ?? '').length <= 4 ? As.TIMESTAMP : 0);
}
