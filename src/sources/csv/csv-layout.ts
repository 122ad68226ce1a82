import { ConnectError } from '../../base/errors.ts';
import { TupleView } from '../../record/tuple-view.ts';
import { formatColumns, parseColumns, type CsvColumn } from './csv-columns.ts';
import type { CsvFile } from './csv-file.ts';
import type { CsvOptions } from './csv-options.ts';
import { fileStart } from './csv-reader-start.ts';
import { CsvReader, CsvStep } from './csv-reader.ts';
import { ColumnInference } from './infer-columns.ts';

/** What stands before the rows of a file, and what its columns are. */
export interface CsvLayout {
  readonly columns: readonly CsvColumn[];
  /** Where the first row begins, and the lines before it. */
  readonly position: number;
  readonly line: number;
  /** The rows that were looked at to infer types; 0 when types were known. */
  readonly inferredFrom: number;
}

const chunkBytes = 64 * 1024;

/**
 * Reads the header and, where types are not known yet, a sample of rows from the start of the file. `known`: columns
 * settled earlier (configured, stored, or of another file), which this file must have. Null when there is not enough
 * yet to tell: no whole header line, or nothing to infer types from.
 */
export async function readLayout(
  file: CsvFile,
  options: CsvOptions,
  known: readonly CsvColumn[] | null,
  final: boolean,
): Promise<CsvLayout | null> {
  const { charset } = options;
  const tuple = new TupleView(64);
  const reader = new CsvReader(options.dialect, tuple, fileStart, charset.widthOf, charset.whole || charset.widthOf !== null);
  file.seek(0);
  const next = async (): Promise<CsvStep> => {
    for (let ended = false; ;) {
      const step = reader.next(ended && final);
      if (step !== CsvStep.MORE || ended) return step;
      ended = (await file.read(reader, chunkBytes)) === 0;
    }
  };
  for (let skipped = 0; skipped < options.skipLines; skipped += 1) {
    while (!reader.passLine()) if ((await file.read(reader, chunkBytes)) === 0) return null;
  }
  const rowsFrom = { position: reader.position, line: reader.line };
  if (!options.header && known !== null) return { columns: known, ...rowsFrom, inferredFrom: 0 };
  const first = await next();
  if (first === CsvStep.MORE) return null;
  if (first === CsvStep.FAULT)
    throw unfit(file, `line ${reader.rowLine} cannot be read`, 'Check csv.separator.char, csv.quote.char and csv.file.charset.');
  const names = options.header ? headerNames(file, tuple) : Array.from({ length: tuple.count }, (_, cell) => numbered(cell));
  const { position, line } = options.header ? reader : rowsFrom;
  if (known !== null) {
    checkHeader(file, names, known, options.columns !== null);
    return { columns: known, position, line, inferredFrom: 0 };
  }
  checkNames(file, names, options);
  if (!options.needsTypes || options.allText) {
    const columns = names.map((name) => ({ name, type: 'string', optional: true }));
    return { columns: overlay(columns, options), position, line, inferredFrom: 0 };
  }
  const inference = new ColumnInference(names.length, options.shape.numbers);
  if (!options.header) inference.add(tuple);
  while (inference.rows < options.inferRows) {
    const step = await next();
    if (step === CsvStep.MORE) break;
    if (step === CsvStep.ROW && tuple.count === names.length) inference.add(tuple);
  }
  if (inference.rows === 0) return null;
  return { columns: overlay(inference.columns(names, options.keyColumns), options), position, line, inferredFrom: inference.rows };
}

/** Columns that need no look into a file: configured ones, else those stored with an offset. */
export function knownColumns(options: CsvOptions, stored: string | null): readonly CsvColumn[] | null {
  if (options.columns !== null) return options.columns;
  return stored === null ? null : overlay(parseColumns(stored), options);
}

/** Configured types win over inferred or stored ones, and a column of the key is never optional. */
function overlay(columns: readonly CsvColumn[], options: CsvOptions): CsvColumn[] {
  return columns.map((column) => {
    const given = options.columnTypes.find((candidate) => candidate.name === column.name);
    const isKey = options.keyColumns.includes(column.name);
    return { ...(given ?? { ...column, type: options.timed(column.type) }), optional: !isKey && (given?.optional ?? true) };
  });
}

function headerNames(file: CsvFile, tuple: TupleView): string[] {
  const names: string[] = [];
  for (let cell = 0; cell < tuple.count; cell += 1) {
    const name = Buffer.from(tuple.bytes.subarray(tuple.start[cell], tuple.end[cell])).toString('utf8').trim();
    names.push(name === '' ? numbered(cell) : name);
  }
  const twice = names.findIndex((name, index) => names.indexOf(name) !== index);
  if (twice < 0) return names;
  const name = names[twice] ?? '';
  throw unfit(
    file,
    `the header names column "${name}" twice (${names.indexOf(name) + 1} and ${twice + 1})`,
    'Give each column its own name.',
  );
}

function numbered(cell: number): string {
  return `column${String(cell + 1).padStart(2, '0')}`;
}

function checkNames(file: CsvFile, names: readonly string[], options: CsvOptions): void {
  const { keyFields, valueFields, shiftFields } = options.shape;
  const fields = [...keyFields, ...(valueFields ?? [])].flatMap((field) => field.column ?? []);
  const typed = options.columnTypes.map((column) => column.name);
  const missing = [...fields, ...shiftFields, ...typed].find((name) => !names.includes(name));
  if (missing === undefined) return;
  throw unfit(
    file,
    `there is no column "${missing}"`,
    `Name in key.fields, value.fields, shift.to.now and column.types only columns of the file: ${names.join(', ')}.`,
  );
}

function checkHeader(file: CsvFile, names: readonly string[], columns: readonly CsvColumn[], given: boolean): void {
  const expected = columns.map((column) => column.name);
  const differs = Array.from({ length: Math.max(names.length, expected.length) }).findIndex((_, cell) => names[cell] !== expected[cell]);
  if (differs < 0) return;
  const found = names[differs] === undefined ? 'is missing' : `is "${names[differs]}"`;
  const wanted = expected[differs] === undefined ? 'no such column is expected' : `"${expected[differs]}" is expected`;
  throw unfit(
    file,
    `column ${differs + 1} of the header ${found} and ${wanted}`,
    given
      ? `Correct "columns", or the file; expected are ${formatColumns(columns)}.`
      : 'Read files of another form with a connector of their own, or delete the offsets of this one to infer its columns anew.',
  );
}

function unfit(file: CsvFile, reason: string, remedy: string): ConnectError {
  return new ConnectError('file.unreadable', `CSV file ${file.path}: ${reason}.`, { remedy, details: { file: file.path } });
}
