import type { ConfigKey } from '../../connect/plugin.ts';
import { complaintOf, csvRecordKeys } from './csv-record-keys.ts';
import { findCharset } from './csv-charset.ts';
import { parseCharacter } from './csv-dialect.ts';
import { parseGrouping } from './number-form.ts';

const character = (value: string): string | null =>
  parseCharacter(value.length > 1 ? value.trim() : value) === null
    ? 'must be one ASCII character or its code (0 to 127), and no line end'
    : null;

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
    name: 'input.path.walk.recursively',
    type: 'BOOLEAN',
    default: 'false',
    doc: 'Read the folders in input.path too; files are then known by their paths in it.',
  },
  {
    name: 'files.sort.attributes',
    type: 'LIST',
    default: 'NameAsc',
    oneOf: ['NameAsc', 'NameDesc', 'LengthAsc', 'LengthDesc', 'LastModifiedAsc', 'LastModifiedDesc'],
    doc: 'The order in which files of a folder are read; the first attribute that tells two files apart counts.',
  },
  {
    name: 'file.minimum.age.ms',
    type: 'INT',
    default: '0',
    min: 0,
    doc: 'A file is left alone until it has not changed for so long, because it may still be uploaded.',
  },
  {
    name: 'file.compression',
    type: 'STRING',
    default: 'auto',
    oneOf: ['auto', 'none', 'gzip', 'zstd'],
    doc: 'What files are packed with; auto goes by .gz, .zst and .zstd at the end of their names.',
  },
  {
    name: 'cleanup.policy',
    type: 'STRING',
    default: null,
    oneOf: ['NONE', 'DELETE', 'MOVE', 'MOVEBYDATE'],
    doc: 'What happens to a file whose rows are all durable: it stays (NONE, the default), is deleted, or is moved to finished.path, there into a folder of the day (MOVEBYDATE). Under the spooldir class MOVE is the default.',
  },
  {
    name: 'finished.path',
    type: 'STRING',
    default: null,
    doc: 'The folder for files that have been read, with cleanup.policy MOVE or MOVEBYDATE.',
  },
  { name: 'error.path', type: 'STRING', default: null, doc: 'The folder for files that were given up, with halt.on.error=false.' },
  {
    name: 'halt.on.error',
    type: 'BOOLEAN',
    default: 'true',
    doc: 'On a line that is no row, true: do what errors.tolerance says; false: give up the rest of the file, move it to error.path and go on with the next.',
  },
  {
    name: 'cleanup.policy.maintain.relative.path',
    type: 'BOOLEAN',
    default: 'false',
    doc: 'With input.path.walk.recursively: keep the path inside input.path when a file is moved.',
  },
  ...(
    [
      ['batch.size', 'batches form by themselves, as large as the topic takes them'],
      ['file.buffer.size.bytes', 'files are read in chunks of a fixed size'],
      ['processing.file.extension', 'offsets keep a file from being read twice, no marker is written'],
      ['task.partitioner', 'one task reads all files'],
      ['task.index', 'one task reads all files'],
      ['task.count', 'one task reads all files'],
      ['csv.verify.reader', 'every byte is checked anyway'],
      ['csv.case.sensitive.field.names', 'names of columns are compared as they are'],
    ] as const
  ).map(([name, ignored]): ConfigKey => ({
    name,
    type: 'STRING',
    default: null,
    importance: 'LOW',
    doc: 'Accepted without effect.',
    ignored,
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
    doc: 'Encoding of the files: UTF-8, UTF-16LE, UTF-16BE, a single-byte encoding, or one of Shift_JIS, EUC-JP, ISO-2022-JP, EUC-KR, GBK, GB18030 and Big5.',
    check: (value) =>
      findCharset(value) === null
        ? 'must be UTF-8, UTF-16LE, UTF-16BE, a single-byte encoding, or one of Shift_JIS, EUC-JP, ISO-2022-JP, EUC-KR, GBK, GB18030 and Big5'
        : null,
  },
  {
    name: 'csv.null.field.indicator',
    type: 'STRING',
    default: null,
    oneOf: ['NEITHER', 'EMPTY_SEPARATORS', 'EMPTY_QUOTES', 'BOTH'],
    doc: 'Which empty cells of text columns are null; EMPTY_SEPARATORS by default, under the spooldir class NEITHER. Empty cells of other columns always are.',
  },
  {
    name: 'csv.skip.lines',
    type: 'INT',
    default: '0',
    min: 0,
    doc: 'Lines at the start of each file that are passed over, before the header.',
  },
  {
    name: 'csv.ragged.rows',
    type: 'STRING',
    default: 'reject',
    oneOf: ['reject', 'pad', 'cut', 'fit'],
    doc: 'Rows with another number of cells than columns: reject them as data errors, pad short ones with nulls, cut long ones, or do both (fit).',
  },
  {
    name: 'csv.ignore.leading.whitespace',
    type: 'BOOLEAN',
    default: null,
    doc: 'Pass over blanks and tabs before an opening quote; false by default, under the spooldir class true.',
  },
  { name: 'csv.ignore.quotations', type: 'BOOLEAN', default: 'false', doc: 'Quotes are text like any other.' },
  {
    name: 'csv.rfc.4180.parser.enabled',
    type: 'BOOLEAN',
    default: 'false',
    doc: 'No escape character, whatever csv.escape.char says: quotes are doubled.',
  },
  ...(
    [
      ['csv.strict.quotes', 'it would leave out all text outside quotes without a word; use csv.ignore.leading.whitespace for blanks'],
      ['csv.keep.carriage.return', 'it would make the end of a line part of its last cell'],
    ] as const
  ).map(([name, reason]): ConfigKey => ({
    name,
    type: 'BOOLEAN',
    default: 'false',
    importance: 'LOW',
    doc: `Only false is supported: ${reason}.`,
    check: (value) => (/^false$/i.test(value.trim()) ? null : `can only be false: ${reason}`),
  })),
  {
    name: 'csv.decimal.separator',
    type: 'STRING',
    default: '.',
    doc: 'What stands before the fraction of a number, in columns of numbers: a point, or a comma as in 1234,5.',
    check: (value) => (/^[.,]$/.test(value.trim()) ? null : 'must be a point or a comma'),
  },
  {
    name: 'csv.grouping.separator',
    type: 'STRING',
    default: null,
    doc: 'What may stand between groups of three digits of a number: a point, a comma, an apostrophe, _ or \\s for a blank. None by default.',
    check: (value) => (value === '' || parseGrouping(value) !== null ? null : "must be one of . , ' _ and \\s for a blank"),
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

const pace: readonly ConfigKey[] = [
  {
    name: 'follow',
    type: 'STRING',
    default: null,
    oneOf: ['false', 'true', 'files'],
    doc: 'Go on when all is read. true: with what is appended, and files that appear in the folder; files: only with files that appear, which are whole. false by default, under the spooldir class files, under the file stream class true.',
  },
  {
    name: 'start',
    type: 'STRING',
    default: 'stored',
    oneOf: ['stored', 'beginning', 'end'],
    doc: 'Where reading starts. stored: where it stopped, and at the beginning of what was never read; end: the same, but the first start of all goes to the end of what there is; beginning: every start reads all again.',
  },
  { name: 'empty.poll.wait.ms', type: 'INT', default: null, min: 1, importance: 'LOW', doc: 'Another name of poll.interval.ms.' },
  { name: 'poll.interval.ms', type: 'INT', default: '500', min: 1, doc: 'How often followed files are looked at.' },
  {
    name: 'follow.idle.ms',
    type: 'INT',
    default: '0',
    min: 0,
    doc: 'While following, take a last line without line feed after the file has not grown for so long; 0: wait for its line feed.',
  },
  { name: 'rows.per.second', type: 'DOUBLE', default: '0', min: 0, doc: 'Rows per second; 0: as fast as they are taken.' },
  { name: 'row.delay.ms', type: 'INT', default: '0', min: 0, doc: 'A wait before every row but the first.' },
  { name: 'burst.rows', type: 'INT', default: '0', min: 0, doc: 'After so many rows there is a pause of burst.pause.ms; 0: never.' },
  { name: 'burst.pause.ms', type: 'INT', default: '0', min: 0, doc: 'The pause after burst.rows rows.' },
  {
    name: 'pace.jitter',
    type: 'DOUBLE',
    default: '0',
    min: 0,
    max: 1,
    doc: 'Waits are longer or shorter by up to this part of them, 0 to 1.',
  },
  {
    name: 'repeat',
    type: 'STRING',
    default: 'once',
    doc: 'How often the input is read: once, a number, or forever.',
    check: (value) => (/^(once|forever|[1-9]\d{0,8})$/i.test(value.trim()) ? null : 'must be once, forever or a number from 1'),
  },
];

/** All options of the source, in groups. */
export const csvConfigKeys: readonly ConfigKey[] = [
  ...input.map((key) => ({ ...key, group: 'Input' })),
  ...format.map((key) => ({ ...key, group: 'Format' })),
  ...csvRecordKeys.map((key) => ({ ...key, group: 'Records' })),
  ...pace.map((key) => ({ ...key, group: 'Pace' })),
];
