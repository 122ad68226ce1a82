import type { Config } from '../../connect/config.ts';
import { ConnectError } from '../../base/errors.ts';
import { findCharset, type CsvCharset } from './csv-charset.ts';
import { parseColumns, type CsvColumn } from './csv-columns.ts';
import { checkDialect, parseCharacter, type CsvDialect } from './csv-dialect.ts';
import { schemaNameOf, type CsvShapeNames } from './csv-shape.ts';

export const spoolDirClass = 'com.github.jcustenborder.kafka.connect.spooldir.SpoolDirCsvSourceConnector';

/** Where rows come from: exactly one of a file and a folder with a pattern that whole file names must match. */
export type CsvInput = { readonly file: string } | { readonly folder: string; readonly pattern: RegExp };

export interface CsvOptions {
  readonly input: CsvInput;
  readonly dialect: CsvDialect;
  readonly charset: CsvCharset;
  readonly header: boolean;
  /** All columns in file order; null: names from the header, types inferred. */
  readonly columns: readonly CsvColumn[] | null;
  /** Types of single columns, put over inferred ones. */
  readonly columnTypes: readonly CsvColumn[];
  readonly inferRows: number;
  readonly keyFields: readonly string[];
  readonly names: CsvShapeNames;
  readonly follow: boolean;
  readonly pollMs: number;
  /** A last line without line feed is taken after the file has not grown for so long; 0: never while following. */
  readonly idleMs: number;
  /** 0: as fast as the sink takes them. */
  readonly rowsPerSecond: number;
  /** How often the input is read; Infinity for ever. */
  readonly repeat: number;
  readonly failOnReplaced: boolean;
}

/** Throws `config.invalid` where a value, or several together, make no sense. */
export function csvOptions(config: Config): CsvOptions {
  const topic = config.string('topic');
  const columns = text(config, 'columns');
  const header = headerOf(config);
  return {
    input: inputOf(config),
    dialect: dialectOf(config),
    charset: charsetOf(config),
    header,
    columns: columns === null ? null : parseColumns(columns),
    columnTypes: parseColumns(text(config, 'column.types') ?? ''),
    inferRows: config.int('schema.infer.rows'),
    keyFields: config.list('key.fields'),
    names: {
      topic,
      value: text(config, 'schema.name') ?? `${schemaNameOf(topic)}.Value`,
      key: text(config, 'key.schema.name') ?? `${schemaNameOf(topic)}.Key`,
    },
    follow: config.boolean('follow'),
    pollMs: config.int('poll.interval.ms'),
    idleMs: config.int('follow.idle.ms'),
    rowsPerSecond: Number(config.string('rows.per.second')),
    repeat: repeatOf(config),
    failOnReplaced: config.choice('file.replaced.policy') === 'fail',
  };
}

/** Null for a key without a value or with an empty one. */
function text(config: Config, name: string): string | null {
  const value = config.optional(name);
  return value === null || value === '' ? null : value;
}

/** The class decides what its users expect of a key they left out. */
function isSpoolDir(config: Config): boolean {
  return config.optional('connector.class') === spoolDirClass;
}

function headerOf(config: Config): boolean {
  return text(config, 'csv.first.row.as.header') === null ? !isSpoolDir(config) : config.boolean('csv.first.row.as.header');
}

function inputOf(config: Config): CsvInput {
  const [file, folder] = [text(config, 'file'), text(config, 'input.path')];
  if (file !== null && folder === null) return { file };
  if (file === null && folder !== null) {
    return { folder, pattern: new RegExp(`^(?:${text(config, 'input.file.pattern') ?? String.raw`.*\.csv`})$`) };
  }
  throw new ConnectError(
    'config.invalid',
    file === null ? 'Neither "file" nor "input.path" is given.' : 'Both "file" and "input.path" are given.',
    {
      remedy: 'Set "file" to read one file, or "input.path" and "input.file.pattern" to read those of a folder.',
    },
  );
}

/** Untrimmed, because a blank or a tab may be meant. */
function characterOf(config: Config, name: string, missing: number): number {
  const written = config.entries().find(([key]) => key === name)?.[1] ?? null;
  if (written === null) return missing;
  const code = parseCharacter(written.length > 1 ? written.trim() : written);
  if (code !== null) return code;
  throw new ConnectError('config.invalid', `${name} must be one ASCII character or its code (0 to 127), and no line end.`);
}

function dialectOf(config: Config): CsvDialect {
  const indicator = text(config, 'csv.null.field.indicator')?.toUpperCase() ?? (isSpoolDir(config) ? 'NEITHER' : 'EMPTY_SEPARATORS');
  const dialect: CsvDialect = {
    separator: characterOf(config, 'csv.separator.char', 44),
    quote: characterOf(config, 'csv.quote.char', 34),
    escape: characterOf(config, 'csv.escape.char', isSpoolDir(config) ? 92 : 0),
    emptyUnquotedIsNull: indicator === 'EMPTY_SEPARATORS' || indicator === 'BOTH',
    emptyQuotedIsNull: indicator === 'EMPTY_QUOTES' || indicator === 'BOTH',
    nullTexts: config.list('csv.null.texts').map((item) => Buffer.from(item)),
    rowBytesMax: config.int('csv.row.bytes.max'),
  };
  checkDialect(dialect);
  return dialect;
}

function charsetOf(config: Config): CsvCharset {
  const name = config.string('csv.file.charset');
  const charset = findCharset(name);
  if (charset !== null) return charset;
  throw new ConnectError('config.invalid', `csv.file.charset "${name}" is not supported.`, {
    remedy: 'Use UTF-8, UTF-16LE, UTF-16BE, or a single-byte encoding such as ISO-8859-1 or windows-1252; convert other files to UTF-8.',
  });
}

function repeatOf(config: Config): number {
  const value = config.string('repeat').toLowerCase();
  if (value === 'once') return 1;
  return value === 'forever' ? Infinity : Number(value);
}
