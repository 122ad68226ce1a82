import { ConnectError } from '../../base/errors.ts';

/** How a file writes its cells. All four are single ASCII characters, given by their code; 0 stands for "there is none". */
export interface CsvDialect {
  readonly separator: number;
  readonly quote: number;
  /** Inside a quoted cell it makes a quote, or itself, plain text; a doubled quote does that in every dialect. */
  readonly escape: number;
  /** Which empty cells are null in text columns; an empty cell of any other column is always null. */
  readonly emptyUnquotedIsNull: boolean;
  readonly emptyQuotedIsNull: boolean;
  /** Unquoted cells with exactly one of these texts (UTF-8) are null. */
  readonly nullTexts: readonly Uint8Array[];
  /** A longer row (terminator included) is a fault of the data; bounds the memory a missing quote can take. */
  readonly rowBytesMax: number;
  /** Cells that a row is short of are null. */
  readonly padRows: boolean;
  /** Cells that a row has too many are left out. */
  readonly cutRows: boolean;
  /** Blanks and tabs before an opening quote are passed over. */
  readonly skipBlanks: boolean;
  /** An empty line is a row of one empty cell. */
  readonly keepBlankLines: boolean;
}

export const rfc4180: CsvDialect = {
  separator: 44,
  quote: 34,
  escape: 0,
  emptyUnquotedIsNull: true,
  emptyQuotedIsNull: false,
  nullTexts: [],
  rowBytesMax: 1024 * 1024,
  padRows: false,
  cutRows: false,
  skipBlanks: false,
  keepBlankLines: false,
};

/** Every line is one cell of text. The carriage return, which no file can have as separator, stands for lines that may end in one. */
export const wholeLines: CsvDialect = { ...rfc4180, separator: 13, quote: 0, emptyUnquotedIsNull: false, keepBlankLines: true };

/** A character as a user writes it: itself (`;`), its code in decimal (`59`, 0 for none), `\t` or `\s` for a blank. Null when it is none of these. */
export function parseCharacter(text: string): number | null {
  if (/^\d{1,3}$/.test(text)) {
    const code = Number(text);
    return code <= 127 && code !== 10 && code !== 13 ? code : null;
  }
  if (text === '\\t') return 9;
  if (text === '\\s') return 32;
  if (text === '') return 0;
  const code = text.codePointAt(0) ?? 0;
  return text.length === 1 && code <= 127 && code !== 10 && code !== 13 ? code : null;
}

/** Throws where two roles fall on one character, so that no row could be read. */
export function checkDialect(dialect: CsvDialect): void {
  if (dialect.separator === 0) {
    throw new ConnectError('config.invalid', 'csv.separator.char is empty: a CSV file needs a separator.', {
      remedy: 'Set csv.separator.char to the character between cells, or leave it out for a comma.',
    });
  }
  if (dialect.separator === dialect.quote || dialect.separator === dialect.escape) {
    throw new ConnectError('config.invalid', 'csv.separator.char is the same character as csv.quote.char or csv.escape.char.', {
      remedy: 'Give each of the three its own character, or 0 for no quote or no escape character.',
    });
  }
}
