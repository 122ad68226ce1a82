import { ConnectError } from '../../base/errors.ts';
import { ColumnKind } from '../../record/column-kind.ts';
import type { Column } from '../../record/row-schema.ts';
import type { Schema } from '../../record/schema.ts';

/**
 * A column as a user declares it: `name:type`, with `?` behind the type when cells may be empty. Lists are separated by
 * commas; a name that holds anything but letters, digits, `_`, `-`, `.` and blanks is put into double quotes.
 */
export interface CsvColumn {
  readonly name: string;
  readonly type: string;
  readonly optional: boolean;
}

type ColumnKindAndSchema = Pick<Column, 'kind' | 'scale'> & { readonly schema: Omit<Schema, 'optional'> };

const types: Readonly<Record<string, ColumnKindAndSchema>> = {
  boolean: { kind: ColumnKind.BOOLEAN, scale: -1, schema: { type: 'boolean' } },
  short: { kind: ColumnKind.INT, scale: -1, schema: { type: 'int16' } },
  int: { kind: ColumnKind.INT, scale: -1, schema: { type: 'int32' } },
  long: { kind: ColumnKind.LONG, scale: -1, schema: { type: 'int64' } },
  float: { kind: ColumnKind.FLOAT32, scale: -1, schema: { type: 'float32' } },
  double: { kind: ColumnKind.FLOAT64, scale: -1, schema: { type: 'float64' } },
  string: { kind: ColumnKind.STRING, scale: -1, schema: { type: 'string' } },
  date: { kind: ColumnKind.DATE_DAYS, scale: -1, schema: { type: 'int32', name: 'org.apache.kafka.connect.data.Date', version: 1 } },
  time: { kind: ColumnKind.TIME_MILLIS, scale: 3, schema: { type: 'int32', name: 'org.apache.kafka.connect.data.Time', version: 1 } },
  timestamp: {
    kind: ColumnKind.TIMESTAMP_MILLIS,
    scale: 3,
    schema: { type: 'int64', name: 'org.apache.kafka.connect.data.Timestamp', version: 1 },
  },
  timestamp_micros: {
    kind: ColumnKind.TIMESTAMP_MICROS,
    scale: 6,
    schema: { type: 'int64', name: 'io.debezium.time.MicroTimestamp', version: 1 },
  },
  timestamptz: {
    kind: ColumnKind.ZONED_TIMESTAMP,
    scale: -1,
    schema: { type: 'string', name: 'io.debezium.time.ZonedTimestamp', version: 1 },
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
  datetime: 'timestamp',
};

export const columnTypeNames: readonly string[] = [...Object.keys(types), 'decimal(precision,scale)'];

/** Throws `config.invalid` naming the item under fault. */
export function parseColumns(text: string): CsvColumn[] {
  const columns: CsvColumn[] = [];
  const pattern = /\s*(?:"((?:[^"]|"")*)"|([^",:]+?))\s*:\s*([A-Za-z0-9_]+(?:\s*\([^)]*\))?)\s*(\??)\s*(?:,|$)/y;
  while (pattern.lastIndex < text.length) {
    const from = pattern.lastIndex;
    const match = pattern.exec(text);
    if (match === null) {
      throw new ConnectError(
        'config.invalid',
        `Columns are given as name:type, separated by commas; "${text.slice(from, from + 40).trim()}" is not.`,
        {
          remedy: `Write for example "id:long,name:string?,price:decimal(10,2)". Types: ${columnTypeNames.join(', ')}.`,
        },
      );
    }
    const [, quoted, plain, type = '', mark] = match;
    const name = quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"');
    columns.push({ name, type: canonicalType(type, name), optional: mark === '?' });
  }
  return columns;
}

/** What `parseColumns` reads back. */
export function formatColumns(columns: readonly CsvColumn[]): string {
  return columns
    .map(({ name, type, optional }) => {
      const plain = /^[\p{L}\p{N}_.-]+( [\p{L}\p{N}_.-]+)*$/u.test(name);
      return `${plain ? name : `"${name.replaceAll('"', '""')}"`}:${type}${optional ? '?' : ''}`;
    })
    .join(',');
}

/** The column of a row schema that a declaration stands for. */
export function toColumn(declared: CsvColumn): Column {
  const { name, type, optional } = declared;
  const decimal = /^decimal\((\d+),(\d+)\)$/.exec(type);
  if (decimal !== null) {
    const [, precision = '', scale = ''] = decimal;
    const parameters = { scale, 'connect.decimal.precision': precision };
    const schema: Schema = { type: 'bytes', optional, name: 'org.apache.kafka.connect.data.Decimal', version: 1, parameters };
    return { name, kind: ColumnKind.DECIMAL, scale: Number(scale), schema };
  }
  const found = types[type];
  if (found === undefined) throw new ConnectError('config.invalid', `Column "${name}" has the unknown type "${type}".`);
  return { name, kind: found.kind, scale: found.scale, schema: { ...found.schema, optional } };
}

function canonicalType(written: string, column: string): string {
  const type = written.toLowerCase().replaceAll(/\s/g, '');
  const decimal = /^(?:decimal|numeric)\((\d+)(?:,(\d+))?\)$/.exec(type);
  if (decimal !== null) {
    const [, precision = '', scale = '0'] = decimal;
    if (Number(precision) >= 1 && Number(scale) <= Number(precision)) return `decimal(${Number(precision)},${Number(scale)})`;
  }
  const name = Object.hasOwn(aliases, type) ? (aliases[type] ?? type) : type;
  if (Object.hasOwn(types, name)) return name;
  throw new ConnectError('config.invalid', `Column "${column}" has the unknown type "${written}".`, {
    remedy: `Use one of: ${columnTypeNames.join(', ')}.`,
  });
}
