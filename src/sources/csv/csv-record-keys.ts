import type { ConfigKey } from '../../connect/plugin.ts';
import { parseColumns } from './csv-columns.ts';
import { parseFields } from './csv-fields.ts';
import { generatedNames } from './csv-options.ts';
import { parseSpoolSchema } from './spool-schema.ts';
import { TimePattern } from './time-pattern.ts';
import { TimeZone } from '../../base/time-zone.ts';

/** The complaint of something that throws, or null. */
export const complaintOf = (attempt: () => unknown): string | null => {
  try {
    attempt();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

const fieldList = (value: string): string | null => complaintOf(() => parseFields(value));

const columnList = (value: string): string | null => complaintOf(() => parseColumns(value));

/** Options about what records look like. */
export const csvRecordKeys: readonly ConfigKey[] = [
  {
    name: 'key.fields',
    type: 'STRING',
    default: '',
    importance: 'HIGH',
    doc: 'Fields of the record key, in this order, each as column, column:type or column:type as name; without any the key is null.',
    check: fieldList,
  },
  {
    name: 'key.form',
    type: 'STRING',
    default: 'record',
    oneOf: ['record', 'single', 'joined'],
    doc: 'What the key is: a record of its fields, the one field itself, or all fields joined to one text.',
  },
  {
    name: 'value.fields',
    type: 'STRING',
    default: null,
    importance: 'HIGH',
    doc: "Fields of the value, in this order, each as column, column:type or column:type as name, with ? behind the type where it may be null, or as a constant: 'text':type as name. Without it all columns as they are.",
    check: fieldList,
  },
  {
    name: 'value.form',
    type: 'STRING',
    default: 'record',
    oneOf: ['record', 'single', 'joined'],
    doc: 'What the value is: a record of its fields, the one field itself, or all fields joined to one text.',
  },
  {
    name: 'joined.separator',
    type: 'STRING',
    default: null,
    doc: 'Between the fields of a joined key or value: a comma and a blank by default. \\s stands for a blank, \\t for a tab.',
  },
  {
    name: 'shift.to.now',
    type: 'LIST',
    default: '',
    doc: 'Columns of times that are moved to the present: in every row the first becomes the present moment, the others keep their distance to it.',
  },
  {
    name: 'timestamp.mode',
    type: 'STRING',
    default: 'PROCESS_TIME',
    oneOf: ['PROCESS_TIME', 'FIELD', 'FILE_TIME'],
    doc: 'Where the time of a record comes from: the clock, a column (timestamp.field), or the modification time of the file.',
  },
  {
    name: 'timestamp.field',
    type: 'STRING',
    default: null,
    doc: 'The column of times for timestamp.mode=FIELD, as column or column:type, the type with a pattern where it is not ISO 8601.',
    check: fieldList,
  },
  {
    name: 'metadata.location',
    type: 'STRING',
    default: null,
    oneOf: ['NONE', 'HEADERS'],
    doc: 'Whether records have headers about their file (file.name, file.path, file.offset, …): NONE by default, under the spooldir class HEADERS.',
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
  ...['value.schema', 'key.schema'].map((name): ConfigKey => ({
    name,
    type: 'STRING',
    default: null,
    importance: 'LOW',
    doc: 'Fields, their types and the name of the record, as the spooldir connector takes them; value.fields and key.fields are easier to write.',
    check: (value) => (value === '' ? null : complaintOf(() => parseSpoolSchema(name, value))),
  })),
  { name: 'schema.generation.key.fields', type: 'LIST', default: null, importance: 'LOW', doc: 'Another name of key.fields.' },
  {
    name: 'schema.generation.enabled',
    type: 'BOOLEAN',
    default: 'false',
    importance: 'LOW',
    doc: 'All columns whose type is not given are optional text, as the spooldir connector makes them, instead of being inferred.',
  },
  ...(['key', 'value'] as const).map((part): ConfigKey => ({
    name: `schema.generation.${part}.name`,
    type: 'STRING',
    default: null,
    importance: 'LOW',
    doc: `With schema.generation.enabled: the name of the ${part} record, ${generatedNames[part]} by default.`,
  })),
  {
    name: 'parser.timestamp.date.formats',
    type: 'LIST',
    default: '',
    doc: 'Patterns of dates and times that hold where a type has no pattern of its own; the first that fits counts, and ISO 8601 always does.',
    check: (value) => complaintOf(() => value.split(',').forEach((pattern) => new TimePattern(pattern.trim()))),
  },
  {
    name: 'parser.timestamp.timezone',
    type: 'STRING',
    default: null,
    doc: 'The time zone of times without an offset, where a type has no zone of its own; UTC by default.',
    check: (value) => complaintOf(() => new TimeZone(value.trim())),
  },
  {
    name: 'schema.save.file',
    type: 'STRING',
    default: null,
    doc: 'A file into which inferred columns are written, as a line "columns=…" that ${file:FILE:columns} takes in again.',
  },
  { name: 'schema.name', type: 'STRING', default: null, doc: 'Name of the value record; TOPIC.Value by default.' },
  { name: 'key.schema.name', type: 'STRING', default: null, doc: 'Name of the key record; TOPIC.Key by default.' },
];
