import { ConnectError } from '../../base/errors.ts';
import type { ConfigIssue, ConfigKey, SourcePlugin } from '../../connect/plugin.ts';
import type { Config } from '../../connect/config.ts';
import { findCharset } from './csv-charset.ts';
import { parseColumns } from './csv-columns.ts';
import { parseCharacter } from './csv-dialect.ts';
import { csvOptions, spoolDirClass } from './csv-options.ts';
import { CsvSource } from './csv-source.ts';

const character = (value: string): string | null =>
  parseCharacter(value.length > 1 ? value.trim() : value) === null
    ? 'must be one ASCII character or its code (0 to 127), and no line end'
    : null;

/** The complaint of something that throws, or null. */
const complaintOf = (attempt: () => unknown): string | null => {
  try {
    attempt();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

const columnList = (value: string): string | null => complaintOf(() => parseColumns(value));

const input: readonly ConfigKey[] = [
  { name: 'file', type: 'STRING', default: null, importance: 'HIGH', doc: 'The CSV file to read. Either this or input.path.' },
  {
    name: 'input.path',
    type: 'STRING',
    default: null,
    importance: 'HIGH',
    doc: 'The folder whose files are read, in the order of their names.',
  },
  {
    name: 'input.file.pattern',
    type: 'STRING',
    default: '.*\\.csv',
    importance: 'HIGH',
    doc: 'Regular expression that the whole name of a file in input.path must match.',
    check: (value) => complaintOf(() => new RegExp(value)),
  },
  { name: 'topic', type: 'STRING', importance: 'HIGH', doc: 'The topic the rows are written to.' },
  {
    name: 'cleanup.policy',
    type: 'STRING',
    default: 'NONE',
    oneOf: ['NONE'],
    doc: 'What happens to a file that has been read. It stays where it is, and its offset tells that it has been read.',
  },
  ...['finished.path', 'error.path', 'halt.on.error'].map((name): ConfigKey => ({
    name,
    type: 'STRING',
    default: null,
    doc: 'Accepted without effect.',
    ignored: 'files are left where they are',
  })),
  {
    name: 'file.replaced.policy',
    type: 'STRING',
    default: 'read',
    oneOf: ['read', 'fail'],
    doc: 'When a file is no longer the one that was read (truncated, or another under its name): read it from its start, or fail.',
  },
];

const format: readonly ConfigKey[] = [
  {
    name: 'csv.separator.char',
    type: 'STRING',
    default: null,
    doc: 'Separator of cells: the character or its code; a comma by default.',
    check: character,
  },
  {
    name: 'csv.quote.char',
    type: 'STRING',
    default: null,
    doc: 'Quote of cells: the character or its code, 0 for none; " by default.',
    check: character,
  },
  {
    name: 'csv.escape.char',
    type: 'STRING',
    default: null,
    doc: 'Makes a quote inside a quoted cell plain text, besides doubling it. None by default; under the spooldir class a backslash.',
    check: character,
  },
  {
    name: 'csv.first.row.as.header',
    type: 'BOOLEAN',
    default: null,
    doc: 'Whether the first line names the columns: true by default; under the spooldir class false.',
  },
  {
    name: 'csv.file.charset',
    type: 'STRING',
    default: 'UTF-8',
    doc: 'Encoding of the files: UTF-8, UTF-16LE, UTF-16BE or a single-byte encoding.',
    check: (value) => (findCharset(value) === null ? 'must be UTF-8, UTF-16LE, UTF-16BE or a single-byte encoding' : null),
  },
  {
    name: 'csv.null.field.indicator',
    type: 'STRING',
    default: null,
    oneOf: ['NEITHER', 'EMPTY_SEPARATORS', 'EMPTY_QUOTES', 'BOTH'],
    doc: 'Which empty cells of text columns are null; EMPTY_SEPARATORS by default, under the spooldir class NEITHER. Empty cells of other columns always are.',
  },
  { name: 'csv.null.texts', type: 'LIST', default: '', doc: 'Texts of unquoted cells that mean null, such as NULL or NA.' },
  {
    name: 'csv.row.bytes.max',
    type: 'INT',
    default: String(1024 * 1024),
    min: 64,
    max: 256 * 1024 * 1024,
    doc: 'A longer row is a data error; bounds memory when a quote is never closed.',
  },
];

const shape: readonly ConfigKey[] = [
  {
    name: 'key.fields',
    type: 'LIST',
    default: '',
    importance: 'HIGH',
    doc: 'Columns of the record key, in this order; without any the key is null.',
  },
  {
    name: 'columns',
    type: 'STRING',
    default: null,
    importance: 'HIGH',
    doc: 'All columns in file order as name:type, with ? behind the type where cells may be empty. Without it, types are inferred.',
    check: columnList,
  },
  {
    name: 'column.types',
    type: 'STRING',
    default: '',
    doc: 'Types of some columns, as in columns, put over what is inferred.',
    check: columnList,
  },
  {
    name: 'schema.infer.rows',
    type: 'INT',
    default: '1000',
    min: 1,
    max: 1_000_000,
    doc: 'How many rows from the start of the first file types are inferred from.',
  },
  { name: 'schema.name', type: 'STRING', default: null, doc: 'Name of the value record; TOPIC.Value by default.' },
  { name: 'key.schema.name', type: 'STRING', default: null, doc: 'Name of the key record; TOPIC.Key by default.' },
];

const pace: readonly ConfigKey[] = [
  { name: 'follow', type: 'BOOLEAN', default: 'false', doc: 'Go on reading what is appended, and files that appear in the folder.' },
  { name: 'poll.interval.ms', type: 'INT', default: '500', min: 1, doc: 'How often followed files are looked at.' },
  {
    name: 'follow.idle.ms',
    type: 'INT',
    default: '0',
    min: 0,
    doc: 'While following, take a last line without line feed after the file has not grown for so long; 0: wait for its line feed.',
  },
  { name: 'rows.per.second', type: 'DOUBLE', default: '0', min: 0, doc: 'Rows per second; 0: as fast as they are taken.' },
  {
    name: 'repeat',
    type: 'STRING',
    default: 'once',
    doc: 'How often the input is read: once, a number, or forever.',
    check: (value) => (/^(once|forever|[1-9]\d{0,8})$/i.test(value.trim()) ? null : 'must be once, forever or a number from 1'),
  },
];

function validate(config: Config): readonly ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  try {
    const options = csvOptions(config);
    if (options.follow && options.repeat > 1)
      issues.push({ key: 'repeat', message: 'A followed file has no end, so it cannot be repeated.' });
    const names = options.columns?.map((column) => column.name);
    if (names !== undefined) {
      const twice = names.find((name, index) => names.indexOf(name) !== index);
      if (twice !== undefined) issues.push({ key: 'columns', message: `Column "${twice}" is listed twice.` });
      if (options.columnTypes.length > 0)
        issues.push({ key: 'column.types', message: 'Give types either in "columns" or in "column.types".' });
      for (const name of options.keyFields) {
        const column = options.columns?.find((candidate) => candidate.name === name);
        if (column === undefined) issues.push({ key: 'key.fields', message: `Column "${name}" is not in "columns".` });
        else if (column.optional) issues.push({ key: 'key.fields', message: `Column "${name}" of the key may not be optional.` });
      }
    }
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    const key =
      [...config.names()].find((name) => error.message.startsWith(name)) ?? (error.message.includes('"input.path"') ? 'file' : 'columns');
    issues.push({ key, message: error.message });
  }
  return issues;
}

export const csvSourcePlugin: SourcePlugin = {
  className: 'millrace.CsvSource',
  aliases: [spoolDirClass],
  version: '0.1.0',
  configKeys: [
    ...input.map((key) => ({ ...key, group: 'Input' })),
    ...format.map((key) => ({ ...key, group: 'Format' })),
    ...shape.map((key) => ({ ...key, group: 'Records' })),
    ...pace.map((key) => ({ ...key, group: 'Pace' })),
  ],
  validate,
  create: (context) => new CsvSource(context),
};
