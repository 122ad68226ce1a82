import { ConnectError } from '../../base/errors.ts';
import { ColumnKind } from '../../record/column-kind.ts';
import type { Column } from '../../record/row-schema.ts';
import type { Schema } from '../../record/schema.ts';
import { isoPattern } from './time-pattern.ts';

/** How a cell's text is made ready for its kind's reader; `AS_IS` costs nothing per row. */
export const CellForm = {
  AS_IS: 0,
  /** A Postgres array literal with the cell as its only element. */
  ARRAY: 1,
  /** A date, a time of day, or both, written anew in the form of ISO 8601. */
  DATE: 2,
  TIME: 3,
  /** `YYYY-MM-DD HH:MM:SS[.f]`, in UTC. */
  TIMESTAMP: 4,
  /** The same with `T` between date and time, in the zone in which it was read. */
  LOCAL: 5,
  /** The same as TIMESTAMP with `Z` behind it. */
  ZONED: 6,
} as const;
export type CellForm = (typeof CellForm)[keyof typeof CellForm];

/** What a type's name stands for. */
export interface CsvType {
  readonly kind: Column['kind'];
  readonly scale: number;
  readonly schema: Omit<Schema, 'optional'>;
  /** Of an array. */
  readonly element?: Column;
  readonly form: CellForm;
  /** A pattern of date and time letters, null for ISO 8601. */
  readonly pattern: string | null;
  /** In which a time without an offset of its own is to be understood. */
  readonly zone: string;
}

type Simple = Pick<CsvType, 'kind' | 'scale' | 'schema' | 'element'>;

const connect = (name: string, type: Schema['type']): Omit<Schema, 'optional'> => ({
  type,
  name: `org.apache.kafka.connect.data.${name}`,
  version: 1,
});
const text: Column = { name: 'element', kind: ColumnKind.STRING, scale: -1, schema: { type: 'string', optional: false } };

const plain: Readonly<Record<string, Simple>> = {
  boolean: { kind: ColumnKind.BOOLEAN, scale: -1, schema: { type: 'boolean' } },
  short: { kind: ColumnKind.INT, scale: -1, schema: { type: 'int16' } },
  int: { kind: ColumnKind.INT, scale: -1, schema: { type: 'int32' } },
  long: { kind: ColumnKind.LONG, scale: -1, schema: { type: 'int64' } },
  float: { kind: ColumnKind.FLOAT32, scale: -1, schema: { type: 'float32' } },
  double: { kind: ColumnKind.FLOAT64, scale: -1, schema: { type: 'float64' } },
  string: { kind: ColumnKind.STRING, scale: -1, schema: { type: 'string' } },
  'string[]': { kind: ColumnKind.ARRAY, scale: -1, schema: { type: 'array', items: text.schema }, element: text },
  decimal_text: { kind: ColumnKind.DECIMAL_STRING, scale: -1, schema: { type: 'string' } },
};

/** These take a pattern, and the last four a zone too. */
const temporal: Readonly<Record<string, Simple & { readonly form: CellForm }>> = {
  date: { kind: ColumnKind.DATE_DAYS, scale: -1, schema: connect('Date', 'int32'), form: CellForm.DATE },
  time: { kind: ColumnKind.TIME_MILLIS, scale: 3, schema: connect('Time', 'int32'), form: CellForm.TIME },
  datetime_text: { kind: ColumnKind.STRING, scale: -1, schema: { type: 'string' }, form: CellForm.LOCAL },
  timestamp: { kind: ColumnKind.TIMESTAMP_MILLIS, scale: 3, schema: connect('Timestamp', 'int64'), form: CellForm.TIMESTAMP },
  timestamp_micros: {
    kind: ColumnKind.TIMESTAMP_MICROS,
    scale: 6,
    schema: { type: 'int64', name: 'io.debezium.time.MicroTimestamp', version: 1 },
    form: CellForm.TIMESTAMP,
  },
  epoch_millis: { kind: ColumnKind.TIMESTAMP_MILLIS, scale: 3, schema: { type: 'int64' }, form: CellForm.TIMESTAMP },
  timestamptz: {
    kind: ColumnKind.ZONED_TIMESTAMP,
    scale: -1,
    schema: { type: 'string', name: 'io.debezium.time.ZonedTimestamp', version: 1 },
    form: CellForm.ZONED,
  },
};

const aliases: Readonly<Record<string, string>> = {
  bool: 'boolean',
  int8: 'short',
  int16: 'short',
  smallint: 'short',
  int32: 'int',
  integer: 'int',
  int64: 'long',
  bigint: 'long',
  float32: 'float',
  real: 'float',
  float64: 'double',
  text: 'string',
  varchar: 'string',
  'text[]': 'string[]',
  datetime: 'timestamp',
};

export const columnTypeNames: readonly string[] = [...Object.keys(plain), ...Object.keys(temporal), 'decimal(precision,scale)'];

/** A type as it is written, arguments included: for the patterns of column and field lists. */
export const typePattern = String.raw`[A-Za-z0-9_]+(?:\[\])?(?:\s*\((?:[^()"]|"[^"]*")*\))?`;

/** The one spelling of a type. Throws `config.invalid`. */
export function canonicalType(written: string, column: string): string {
  const match = /^([A-Za-z0-9_]+(?:\[\])?)\s*(?:\((.*)\))?$/s.exec(written.trim());
  const [, base = '', argument] = match ?? [];
  const lower = base.toLowerCase();
  const name = Object.hasOwn(aliases, lower) ? (aliases[lower] ?? lower) : lower;
  if (argument === undefined) {
    if (Object.hasOwn(plain, name) || Object.hasOwn(temporal, name)) return name;
  } else if (name === 'decimal' || name === 'numeric') {
    const [, precision = '', scale = '0'] = /^\s*(\d+)\s*(?:,\s*(\d+)\s*)?$/.exec(argument) ?? [];
    if (Number(precision) >= 1 && Number(scale) <= Number(precision)) return `decimal(${Number(precision)},${Number(scale)})`;
  } else if (Object.hasOwn(temporal, name)) {
    const found = /^\s*"([^"]+)"\s*(?:,\s*([A-Za-z0-9_+:/-]+)\s*)?$/.exec(argument);
    if (found !== null) return `${name}("${found[1]}"${found[2] === undefined ? '' : `,${found[2]}`})`;
  }
  throw new ConnectError('config.invalid', `Column "${column}" has the unknown type "${written}".`, {
    remedy: `Use one of: ${columnTypeNames.join(', ')}; for example timestamp("dd.MM.yyyy HH:mm",Europe/Berlin).`,
  });
}

/** What a canonical type stands for. */
export function csvType(type: string): CsvType {
  const decimal = /^decimal\((\d+),(\d+)\)$/.exec(type);
  if (decimal !== null) {
    const [, precision = '', scale = ''] = decimal;
    const parameters = { scale, 'connect.decimal.precision': precision };
    const schema = { ...connect('Decimal', 'bytes'), parameters };
    return { kind: ColumnKind.DECIMAL, scale: Number(scale), schema, form: CellForm.AS_IS, pattern: null, zone: 'UTC' };
  }
  const simple = plain[type];
  if (simple !== undefined) {
    return { ...simple, form: simple.kind === ColumnKind.ARRAY ? CellForm.ARRAY : CellForm.AS_IS, pattern: null, zone: 'UTC' };
  }
  const [, name = '', pattern, zone = 'UTC'] = /^([a-z_]+)(?:\("([^"]+)"(?:,(.+))?\))?$/.exec(type) ?? [];
  const found = temporal[name];
  if (found === undefined) {
    throw new ConnectError('config.invalid', `There is no type "${type}".`, { remedy: `Use one of: ${columnTypeNames.join(', ')}.` });
  }
  if (pattern !== undefined) return { ...found, pattern, zone };
  // The readers of these kinds take ISO 8601 as it is; only text has to be brought into one form.
  return { ...found, form: found.form === CellForm.LOCAL ? CellForm.LOCAL : CellForm.AS_IS, pattern: null, zone };
}

/** The forms of ISO 8601 that a type of dates or times reads when it has no pattern of its own; null for all other types. */
export function isoPatternOf(type: string): readonly string[] | null {
  const form = temporal[type]?.form;
  if (form === undefined) return null;
  if (form === CellForm.DATE) return ['yyyy-MM-dd'];
  return form === CellForm.TIME ? ['HH:mm:ss[.S]'] : [isoPattern, `${isoPattern}X`];
}

/** Whether cells are numbers, which people write in various ways. */
export function isNumeric(type: string): boolean {
  const { kind } = csvType(type);
  return numericKinds.has(kind);
}

const numericKinds: ReadonlySet<Column['kind']> = new Set([
  ColumnKind.INT,
  ColumnKind.LONG,
  ColumnKind.FLOAT32,
  ColumnKind.FLOAT64,
  ColumnKind.DECIMAL,
  ColumnKind.DECIMAL_STRING,
]);

/** Whether an empty cell may be a value. */
export function isText(type: string): boolean {
  return type === 'string' || type === 'string[]';
}
