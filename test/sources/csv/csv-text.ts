import fc from 'fast-check';
import { type CsvDialect, rfc4180 } from '../../../src/sources/csv/csv-dialect.ts';

/** Cells full of everything that means something to a CSV reader. */
const cell = fc
  .array(fc.constantFrom('a', 'ü', '€', '😀', ' ', ',', ';', '\t', '"', "'", '\\', '\r', '\n', '\r\n', '', '0'), { maxLength: 8 })
  .map((parts) => parts.join(''));

export const table = fc
  .integer({ min: 1, max: 5 })
  .chain((columns) => fc.array(fc.array(cell, { minLength: columns, maxLength: columns }), { minLength: 1, maxLength: 12 }));

export const dialect: fc.Arbitrary<CsvDialect> = fc
  .record({ separator: fc.constantFrom(',', ';', '\t'), quote: fc.constantFrom('"', "'"), escape: fc.constantFrom('', '\\') })
  .map(({ separator, quote, escape }) => ({
    ...rfc4180,
    emptyUnquotedIsNull: false,
    separator: separator.charCodeAt(0),
    quote: quote.charCodeAt(0),
    escape: escape === '' ? 0 : escape.charCodeAt(0),
  }));

export interface WriteOptions {
  readonly lineEnd: '\n' | '\r\n';
  readonly lastLineEnd: boolean;
  /** Cells that need no quotes get them all the same when the bit of their number is set. */
  readonly quoteMask: number;
}

export const writeOptions: fc.Arbitrary<WriteOptions> = fc.record({
  lineEnd: fc.constantFrom('\n' as const, '\r\n' as const),
  lastLineEnd: fc.boolean(),
  quoteMask: fc.nat(0xffff),
});

/** The reference writer: rows as RFC 4180 has them, in any dialect. */
export function writeCsv(rows: readonly (readonly string[])[], how: CsvDialect, options: WriteOptions): string {
  const [separator, quote, escape] = [how.separator, how.quote, how.escape].map((code) =>
    code === 0 ? '' : String.fromCharCode(code),
  ) as [string, string, string];
  const lines = rows.map((row, at) =>
    row
      .map((text, column) => {
        const last = column === row.length - 1;
        const needsQuotes =
          text.includes(separator) ||
          text.includes('\n') ||
          text.startsWith(quote) ||
          (last && text.endsWith('\r')) ||
          (row.length === 1 && text === '');
        if (!needsQuotes && ((options.quoteMask >> ((at * 5 + column) % 16)) & 1) === 0) return text;
        const inner = escape === '' ? text : text.replaceAll(escape, escape + escape);
        const written =
          (at + column) % 2 === 0 || escape === '' ? inner.replaceAll(quote, quote + quote) : inner.replaceAll(quote, escape + quote);
        return quote + written + quote;
      })
      .join(separator),
  );
  return lines.join(options.lineEnd) + (options.lastLineEnd ? options.lineEnd : '');
}
