import { ConnectError } from '../../base/errors.ts';
import type { CsvField } from './csv-fields.ts';

/** A schema as the spooldir connector takes it: the name of a record and its fields, each a column of the same name. */
export interface SpoolSchema {
  readonly name: string | null;
  readonly fields: readonly CsvField[];
}

const plain: Readonly<Record<string, string>> = {
  INT8: 'short',
  INT16: 'short',
  INT32: 'int',
  INT64: 'long',
  FLOAT32: 'float',
  FLOAT64: 'double',
  BOOLEAN: 'boolean',
  STRING: 'string',
};

const named: Readonly<Record<string, string>> = {
  'org.apache.kafka.connect.data.Date': 'date',
  'org.apache.kafka.connect.data.Time': 'time',
  'org.apache.kafka.connect.data.Timestamp': 'timestamp',
};

/** `{"name":…,"type":"STRUCT","fieldSchemas":{FIELD:{"type":…,"isOptional":…,"name":…,"parameters":…}}}`. Throws `config.invalid`. */
export function parseSpoolSchema(key: string, text: string): SpoolSchema {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new ConnectError('config.invalid', `${key} is no JSON.`, {
      remedy: `Correct ${key}, or describe columns in "columns" and "value.fields".`,
      cause: error,
    });
  }
  const { name, type, fieldSchemas } = members(parsed);
  if (type !== 'STRUCT') {
    throw new ConnectError('config.invalid', `${key} is not a schema of type STRUCT.`, {
      remedy: 'Write {"name":…,"type":"STRUCT","fieldSchemas":{COLUMN:{"type":…}}}.',
    });
  }
  const fields = Object.entries(members(fieldSchemas)).map(([column, schema]): CsvField => {
    const found = members(schema);
    return { column, constant: null, name: column, type: typeOf(key, column, found), optional: found['isOptional'] === true };
  });
  return { name: typeof name === 'string' && name !== '' ? name : null, fields };
}

function typeOf(key: string, column: string, schema: Readonly<Record<string, unknown>>): string {
  const { type, name, parameters } = schema;
  const scale = members(parameters)['scale'];
  if (name === 'org.apache.kafka.connect.data.Decimal' && /^\d{1,2}$/.test(String(scale))) return `decimal(38,${String(scale)})`;
  const found = typeof name === 'string' ? named[name] : plain[String(type)];
  if (found !== undefined) return found;
  throw new ConnectError('config.invalid', `${key}: field "${column}" has a type that a cell cannot have.`, {
    remedy: `Use one of ${Object.keys(plain).join(', ')}, or Connect's Date, Time, Timestamp and Decimal.`,
  });
}

function members(value: unknown): Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' ? (value as Readonly<Record<string, unknown>>) : {};
}
