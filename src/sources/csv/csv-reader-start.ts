/** How many bytes of the file a range of its UTF-8 form stands for; null: the file is UTF-8 itself. */
export type WidthOf = ((bytes: Uint8Array, start: number, end: number) => number) | null;

export interface CsvReaderStart {
  /** Cells a row must have; 0: any number. */
  readonly columns: number;
  /** Of the first byte that will be put into the window. */
  readonly position: number;
  /** Lines before it. */
  readonly line: number;
  /** The byte before it does not end a line. */
  readonly midLine: boolean;
}

export const fileStart: CsvReaderStart = { columns: 0, position: 0, line: 0, midLine: false };
