import { unreachable } from '../../base/assert.ts';
import { ConnectError } from '../../base/errors.ts';

/** Why a line is no row. */
export const CsvFault = {
  NONE: 0,
  /** Another number of cells than columns. */
  RAGGED: 1,
  /** Bytes that are not of the file's encoding. */
  ENCODING: 2,
  /** A quote opens and nothing closes it. */
  OPEN_QUOTE: 3,
  /** Text between a closing quote and the next separator. */
  AFTER_QUOTE: 4,
  /** No end of line within the bound. */
  TOO_LONG: 5,
  /** Text added to a last line that had been taken as whole. */
  CONTINUED: 6,
} as const;
export type CsvFault = (typeof CsvFault)[keyof typeof CsvFault];

/** Where and what, as the reader reports it; `cell` from 0, -1 for none. */
export interface CsvFaultPlace {
  readonly fault: CsvFault;
  readonly file: string;
  readonly line: number;
  readonly cell: number;
  readonly cells: number;
  readonly columns: readonly string[];
  readonly charset: string;
  readonly rowBytesMax: number;
}

export function faultError(place: CsvFaultPlace): ConnectError {
  const { file, line, cell, cells, columns } = place;
  const column = cell < 0 ? '' : (columns[cell] ?? `column ${cell + 1}`);
  const where = `CSV file ${file} line ${line}${column === '' ? '' : `, column ${cell + 1} (${column})`}`;
  const details = { file, line, ...(column === '' ? {} : { column }) };
  const failure = (reason: string, remedy: string): ConnectError =>
    new ConnectError('data.row', `${where}: ${reason}.`, { remedy, details });
  switch (place.fault) {
    case CsvFault.RAGGED: {
      const missing = columns[cells];
      const from = cells < columns.length && missing !== undefined ? `, from column ${cells + 1} (${missing}) on they are missing` : '';
      return failure(
        `the line has ${cells} cells and the file has ${columns.length} columns${from}`,
        'Correct the line, or set csv.separator.char and csv.quote.char to what the file uses.',
      );
    }
    case CsvFault.ENCODING:
      return failure(`the bytes are not valid ${place.charset}`, 'Correct the line, or set csv.file.charset to the encoding of the file.');
    case CsvFault.OPEN_QUOTE:
      return failure(
        `a quote opens and no quote closes it within ${place.rowBytesMax} bytes of the file`,
        'Close the quote, or set csv.quote.char.',
      );
    case CsvFault.AFTER_QUOTE:
      return failure('text follows the closing quote of a cell', 'Double the quotes inside the cell, or set csv.escape.char.');
    case CsvFault.TOO_LONG:
      return failure(`the line is longer than ${place.rowBytesMax} bytes`, 'Correct the line, or raise csv.row.bytes.max.');
    case CsvFault.CONTINUED:
      return failure(
        'text was added to a last line that had already been read as a whole row',
        'Write whole lines, or set follow=true so that a last line is read only when its line feed is there.',
      );
    case CsvFault.NONE:
      return failure('there is no fault', '');
    default:
      return unreachable(place.fault);
  }
}
