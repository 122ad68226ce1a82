import type { Config } from '../../connect/config.ts';
import { ConnectError } from '../../base/errors.ts';
import { findCharset, type CsvCharset } from './csv-charset.ts';
import { parseColumns, type CsvColumn } from './csv-columns.ts';
import { checkDialect, parseCharacter, wholeLines, type CsvDialect } from './csv-dialect.ts';
import { parseFields, type CsvField } from './csv-fields.ts';
import type { CsvCleanupOptions } from './csv-cleanup.ts';
import { fileStreamClass, spoolDirClass } from './class-names.ts';
import { fileHeaders } from './csv-headers.ts';
import { checkTime } from './cell-time.ts';
import { canonicalType, csvType, isoPatternOf } from './csv-type.ts';
import { NumberForm, parseGrouping } from './number-form.ts';
import { parseSpoolSchema, type SpoolSchema } from './spool-schema.ts';
import type { CsvPaceOptions } from './csv-pace.ts';
import { schemaNameOf, type CsvShapeOptions, type RecordForm } from './csv-shape.ts';

/** Of records whose columns are all text, as the spooldir connector calls them. */
export const generatedNames = {
  key: 'com.github.jcustenborder.kafka.connect.model.Key',
  value: 'com.github.jcustenborder.kafka.connect.model.Value',
} as const;

/** Where rows come from: exactly one of a file and a folder with a pattern that whole file names must match. */
export type CsvInput = { readonly file: string; readonly name: string } | CsvFolder;

export interface CsvFolder {
  readonly folder: string;
  readonly pattern: RegExp;
  /** Also the folders in it; names are then relative paths. */
  readonly recursive: boolean;
  /** `NameAsc`, `LengthDesc`, …: the first that tells two files apart counts. */
  readonly order: readonly string[];
}

/** `files`: new files of the folder are read, each of them whole when it appears. */
export type Follow = 'no' | 'rows' | 'files';
export type CsvStart = 'stored' | 'beginning' | 'end';

export interface CsvOptions {
  readonly input: CsvInput;
  /** Younger files are left for later. */
  readonly minAgeMs: number;
  readonly compression: 'auto' | 'none' | 'gzip' | 'zstd';
  /** A single file that is not there yet is waited for. */
  readonly mayBeMissing: boolean;
  readonly dialect: CsvDialect;
  readonly charset: CsvCharset;
  readonly header: boolean;
  readonly skipLines: number;
  /** All columns in file order; null: names from the header, types inferred. */
  readonly columns: readonly CsvColumn[] | null;
  /** Types of single columns, put over inferred ones. */
  readonly columnTypes: readonly CsvColumn[];
  readonly inferRows: number;
  /** Types are not inferred: what is not given is text. */
  readonly allText: boolean;
  /** The pattern and zone that types without their own take on. */
  readonly timed: (type: string) => string;
  /** Inferred columns are written there; null: nowhere. */
  readonly saveFile: string | null;
  /** False when every field has a type of its own, so that those of the columns do not matter. */
  readonly needsTypes: boolean;
  /** Columns of the key whose type is the column's. */
  readonly keyColumns: readonly string[];
  readonly shape: CsvShapeOptions;
  readonly timestampFromFile: boolean;
  readonly follow: Follow;
  readonly start: CsvStart;
  readonly pollMs: number;
  /** A last line without line feed is taken after the file has not grown for so long; 0: never while following. */
  readonly idleMs: number;
  readonly pace: CsvPaceOptions;
  /** How often the input is read; Infinity for ever. */
  readonly repeat: number;
  readonly failOnReplaced: boolean;
  readonly cleanup: CsvCleanupOptions;
  /** False: a file with a line that is no row is given up and moved to `error.path`. */
  readonly haltOnError: boolean;
}

/** Throws `config.invalid` where a value, or several together, make no sense. */
export function csvOptions(config: Config): CsvOptions {
  const lines = isClass(config, fileStreamClass);
  const header = !lines && headerOf(config);
  const timed = timesOf(config);
  const shape = lines ? lineShape(config) : shapeOf(config, timed);
  const allText = config.boolean('schema.generation.enabled');
  const fields = [...(shape.valueFields ?? []), ...shape.keyFields];
  checkForms(shape);
  checkTimes([...fields, ...(shape.timestampField === null ? [] : [shape.timestampField])]);
  return {
    input: inputOf(config),
    minAgeMs: config.int('file.minimum.age.ms'),
    compression: config.choice('file.compression') as CsvOptions['compression'],
    mayBeMissing: lines,
    dialect: lines ? { ...wholeLines, rowBytesMax: config.int('csv.row.bytes.max') } : dialectOf(config),
    charset: charsetOf(config),
    header,
    skipLines: lines ? 0 : config.int('csv.skip.lines'),
    columns: lines
      ? [{ name: 'line', type: 'string', optional: false }]
      : (columnsOf(config, header)?.map((column) => ({ ...column, type: timed(column.type) })) ?? null),
    columnTypes: parseColumns(text(config, 'column.types') ?? '').map((column) => ({ ...column, type: timed(column.type) })),
    inferRows: config.int('schema.infer.rows'),
    allText,
    timed,
    saveFile: text(config, 'schema.save.file'),
    needsTypes:
      shape.valueFields === null ||
      fields.some((field) => field.type === null && (shape.valueForm !== 'joined' || shape.keyFields.includes(field))),
    keyColumns: shape.keyFields.flatMap((field) => (field.type === null && field.column !== null ? [field.column] : [])),
    shape,
    timestampFromFile: config.choice('timestamp.mode') === 'file_time',
    follow: followOf(config),
    start: config.choice('start') as CsvStart,
    pollMs: config.optionalInt('empty.poll.wait.ms') ?? config.int('poll.interval.ms'),
    idleMs: config.int('follow.idle.ms'),
    pace: {
      rowsPerSecond: Number(config.string('rows.per.second')),
      rowDelayMs: config.int('row.delay.ms'),
      burstRows: config.int('burst.rows'),
      burstPauseMs: config.int('burst.pause.ms'),
      jitter: Number(config.string('pace.jitter')),
    },
    repeat: repeatOf(config),
    failOnReplaced: config.choice('file.replaced.policy') === 'fail',
    cleanup: cleanupOf(config),
    haltOnError: config.boolean('halt.on.error'),
  };
}

/** Null for a key without a value or with an empty one. */
function text(config: Config, name: string): string | null {
  const value = config.optional(name);
  return value === null || value === '' ? null : value;
}

/** The class decides what its users expect of a key they left out. */
function isClass(config: Config, name: string): boolean {
  return config.optional('connector.class') === name;
}

/** Sets pattern and zone of `parser.timestamp.*` into types that read times and have none. */
function timesOf(config: Config): (type: string) => string {
  const formats = config.list('parser.timestamp.date.formats');
  const zone = text(config, 'parser.timestamp.timezone');
  if (formats.length === 0 && zone === null) return (type) => type;
  return (type) => {
    const iso = isoPatternOf(type);
    return iso === null ? type : canonicalType(`${type}("${[...formats, ...iso].join('||')}",${zone ?? 'UTC'})`, type);
  };
}

function shapeOf(config: Config, timed: (type: string) => string): CsvShapeOptions {
  const topic = config.string('topic');
  const valueFields = text(config, 'value.fields');
  const [spoolKey, spoolValue] = [spoolSchema(config, 'key.schema'), spoolSchema(config, 'value.schema')];
  const keyFields = text(config, 'key.fields') ?? text(config, 'schema.generation.key.fields');
  const withTimes = (fields: readonly CsvField[]): CsvField[] =>
    fields.map((field) => (field.type === null || field.constant !== null ? field : { ...field, type: timed(field.type) }));
  const generated = (part: 'key' | 'value'): string | null =>
    config.boolean('schema.generation.enabled') ? (text(config, `schema.generation.${part}.name`) ?? generatedNames[part]) : null;
  return {
    names: {
      topic,
      value: text(config, 'schema.name') ?? spoolValue?.name ?? generated('value') ?? `${schemaNameOf(topic)}.Value`,
      key: text(config, 'key.schema.name') ?? spoolKey?.name ?? generated('key') ?? `${schemaNameOf(topic)}.Key`,
    },
    keyFields: withTimes(keyFields === null ? (spoolKey?.fields ?? []) : parseFields(keyFields)),
    keyForm: config.choice('key.form') as RecordForm,
    valueFields: valueFields === null ? (spoolValue === null ? null : withTimes(spoolValue.fields)) : withTimes(parseFields(valueFields)),
    valueForm: config.choice('value.form') as RecordForm,
    separator: (untrimmed(config, 'joined.separator') ?? ', ').replaceAll(String.raw`\s`, ' ').replaceAll(String.raw`\t`, '\t'),
    shiftFields: config.list('shift.to.now'),
    timestampField: timestampFieldOf(config),
    headers: metadataOf(config) ? fileHeaders : [],
    numbers: numbersOf(config),
  };
}

/** Null for numbers as programs write them. */
function numbersOf(config: Config): NumberForm | null {
  const [decimal, written] = [config.string('csv.decimal.separator'), untrimmed(config, 'csv.grouping.separator')];
  const grouping = written === null || written === '' ? null : parseGrouping(written);
  if (grouping === decimal) {
    throw new ConnectError('config.invalid', 'csv.grouping.separator is the same character as csv.decimal.separator.', {
      remedy: 'Give numbers as 1.234,5 the decimal separator "," and the grouping separator ".".',
    });
  }
  return decimal === '.' && grouping === null ? null : new NumberForm(decimal, grouping);
}

function spoolSchema(config: Config, name: string): SpoolSchema | null {
  const written = text(config, name);
  return written === null ? null : parseSpoolSchema(name, written);
}

/** Without a header the columns are the fields of the value's schema, in their order. */
function columnsOf(config: Config, header: boolean): readonly CsvColumn[] | null {
  const columns = text(config, 'columns');
  if (columns !== null) return parseColumns(columns);
  if (header) return null;
  const fields = spoolSchema(config, 'value.schema')?.fields ?? null;
  return fields?.map(({ name, type, optional }) => ({ name, type: type ?? 'string', optional })) ?? null;
}

function lineShape(config: Config): CsvShapeOptions {
  const line: CsvField = { column: 'line', constant: null, type: 'string', optional: false, name: 'line' };
  return {
    ...shapeOf(config, (type) => type),
    keyFields: [],
    valueFields: [line],
    valueForm: 'single',
    shiftFields: [],
    timestampField: null,
  };
}

function checkForms({ keyFields, keyForm, valueFields, valueForm }: CsvShapeOptions): void {
  const key = keyForm === 'single' && keyFields.length !== 1 ? 'key' : valueForm === 'single' && valueFields?.length !== 1 ? 'value' : null;
  if (key === null) return;
  throw new ConnectError('config.invalid', `${key}.form is single, and ${key}.fields does not name exactly one field.`, {
    remedy: `Name one field in ${key}.fields, or set ${key}.form to record or joined.`,
  });
}

/** Patterns and zones are looked at before a file is. */
function checkTimes(fields: readonly CsvField[]): void {
  for (const { type } of fields) {
    const { pattern, zone } = csvType(type ?? 'string');
    if (pattern !== null) checkTime(pattern, zone);
  }
}

function timestampFieldOf(config: Config): CsvField | null {
  const written = text(config, 'timestamp.field');
  if (config.choice('timestamp.mode') !== 'field') return null;
  const [field, second] = parseFields(written ?? '');
  if (field !== undefined && second === undefined && field.column !== null) return field;
  throw new ConnectError('config.invalid', 'timestamp.field names no column, and timestamp.mode is FIELD.', {
    remedy: 'Set timestamp.field to one column of times, or timestamp.mode to PROCESS_TIME.',
  });
}

function metadataOf(config: Config): boolean {
  const location = text(config, 'metadata.location')?.toLowerCase();
  return location === undefined ? isClass(config, spoolDirClass) : location === 'headers';
}

function headerOf(config: Config): boolean {
  return text(config, 'csv.first.row.as.header') === null ? !isClass(config, spoolDirClass) : config.boolean('csv.first.row.as.header');
}

function inputOf(config: Config): CsvInput {
  const [file, folder] = [text(config, 'file'), text(config, 'input.path')];
  // Kafka's own file source stores its offsets under the whole path.
  if (file !== null && folder === null) return { file, name: isClass(config, fileStreamClass) ? file : (file.split('/').at(-1) ?? file) };
  if (file === null && folder !== null) {
    return {
      folder,
      pattern: new RegExp(`^(?:${text(config, 'input.file.pattern') ?? String.raw`.*\.csv`})$`),
      recursive: config.boolean('input.path.walk.recursively'),
      order: config.list('files.sort.attributes').map((attribute) => attribute.toLowerCase()),
    };
  }
  throw new ConnectError(
    'config.invalid',
    file === null ? 'Neither "file" nor "input.path" is given.' : 'Both "file" and "input.path" are given.',
    {
      remedy: 'Set "file" to read one file, or "input.path" and "input.file.pattern" to read those of a folder.',
    },
  );
}

/** Blanks and tabs may be meant. */
function untrimmed(config: Config, name: string): string | null {
  return config.entries().find(([key]) => key === name)?.[1] ?? null;
}

function characterOf(config: Config, name: string, missing: number): number {
  const written = untrimmed(config, name);
  if (written === null) return missing;
  const code = parseCharacter(written.length > 1 ? written.trim() : written);
  if (code !== null) return code;
  throw new ConnectError('config.invalid', `${name} must be one ASCII character or its code (0 to 127), and no line end.`, {
    remedy: 'Write the character itself (;), its code (59), \\t for a tab, or 0 for none.',
  });
}

function dialectOf(config: Config): CsvDialect {
  const spoolDir = isClass(config, spoolDirClass);
  const indicator = text(config, 'csv.null.field.indicator')?.toUpperCase() ?? (spoolDir ? 'NEITHER' : 'EMPTY_SEPARATORS');
  const ragged = config.choice('csv.ragged.rows');
  const quoted = !config.boolean('csv.ignore.quotations');
  const escape = characterOf(config, 'csv.escape.char', spoolDir ? 92 : 0);
  const dialect: CsvDialect = {
    separator: characterOf(config, 'csv.separator.char', 44),
    quote: quoted ? characterOf(config, 'csv.quote.char', 34) : 0,
    escape: config.boolean('csv.rfc.4180.parser.enabled') ? 0 : escape,
    emptyUnquotedIsNull: indicator === 'EMPTY_SEPARATORS' || indicator === 'BOTH',
    emptyQuotedIsNull: indicator === 'EMPTY_QUOTES' || indicator === 'BOTH',
    nullTexts: config.list('csv.null.texts').map((item) => Buffer.from(item)),
    rowBytesMax: config.int('csv.row.bytes.max'),
    padRows: ragged === 'pad' || ragged === 'fit',
    cutRows: ragged === 'cut' || ragged === 'fit',
    skipBlanks: text(config, 'csv.ignore.leading.whitespace') === null ? spoolDir : config.boolean('csv.ignore.leading.whitespace'),
    keepBlankLines: false,
  };
  checkDialect(dialect);
  return dialect;
}

function charsetOf(config: Config): CsvCharset {
  const name = config.string('csv.file.charset');
  const charset = findCharset(name);
  if (charset !== null) return charset;
  throw new ConnectError('config.invalid', `csv.file.charset "${name}" is not supported.`, {
    remedy:
      'Use UTF-8, UTF-16LE, UTF-16BE, a single-byte encoding such as ISO-8859-1 or windows-1252, or Shift_JIS, EUC-JP, EUC-KR, GBK, GB18030, Big5; convert other files to UTF-8.',
  });
}

function followOf(config: Config): Follow {
  const value = text(config, 'follow')?.toLowerCase() ?? null;
  if (value !== null) return value === 'true' ? 'rows' : value === 'files' ? 'files' : 'no';
  return isClass(config, fileStreamClass) ? 'rows' : isClass(config, spoolDirClass) ? 'files' : 'no';
}

function repeatOf(config: Config): number {
  const value = config.string('repeat').toLowerCase();
  if (value === 'once') return 1;
  return value === 'forever' ? Infinity : Number(value);
}

function cleanupOf(config: Config): CsvCleanupOptions {
  const written = text(config, 'cleanup.policy')?.toLowerCase();
  const policy = (written ?? (isClass(config, spoolDirClass) ? 'move' : 'none')) as CsvCleanupOptions['policy'];
  const [finishedPath, errorPath] = [text(config, 'finished.path'), text(config, 'error.path')];
  if (policy.startsWith('move') && finishedPath === null) {
    throw new ConnectError('config.invalid', `finished.path is missing, and cleanup.policy is ${policy.toUpperCase()}.`, {
      remedy: 'Set finished.path to the folder for files that have been read, or cleanup.policy to NONE or DELETE.',
    });
  }
  if (!config.boolean('halt.on.error') && errorPath === null) {
    throw new ConnectError('config.invalid', 'error.path is missing, and halt.on.error is false.', {
      remedy: 'Set error.path to the folder for files that cannot be read.',
    });
  }
  return { policy, finishedPath, errorPath, keepRelativePath: config.boolean('cleanup.policy.maintain.relative.path') };
}
