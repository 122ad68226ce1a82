import { ColumnKind } from '../../record/column-kind.ts';
import type { Column } from '../../record/row-schema.ts';
import type { Schema } from '../../record/schema.ts';
import { faulty, type AvroLogical, type AvroRecord, type AvroType } from './avro-type.ts';

const recordDoc = 'io.confluent.connect.avro.record.doc';
const fieldDocPrefix = 'io.confluent.connect.avro.field.doc.';

/** What a union comes down to: one type, which may be null or not. */
export interface Optional {
  readonly type: Exclude<AvroType, { kind: 'union' | 'null' }>;
  readonly optional: boolean;
}

/** Throws `config.invalid` for types that Connect's data model does not have. */
export function withoutUnion(type: AvroType, path: string): Optional {
  if (type.kind === 'null') throw faulty(path, 'null alone is no type of a column');
  if (type.kind !== 'union') return { type, optional: false };
  const others = type.branches.filter((branch) => branch.kind !== 'null');
  const [only] = others;
  if (only === undefined || only.kind === 'union' || others.length > 1) {
    throw faulty(path, 'of unions only those of one type with null can become a column');
  }
  return { type: only, optional: others.length < type.branches.length };
}

/** The Connect schema of an Avro type, as Confluent's AvroData makes it; enums are strings, fixed are bytes. */
export function connectSchema(avro: AvroType, path: string): Schema {
  const { type, optional } = withoutUnion(avro, path);
  switch (type.kind) {
    case 'primitive':
      return { ...primitiveSchema(type.type, type.logical), optional };
    case 'enum':
      return { type: 'string', optional };
    case 'fixed':
      return { ...primitiveSchema('bytes', type.logical), optional };
    case 'array':
      return { type: 'array', optional, items: connectSchema(type.items, `${path}[]`) };
    case 'map':
      return { type: 'map', optional, keys: { type: 'string', optional: false }, items: connectSchema(type.values, `${path}{}`) };
    case 'record':
      return {
        ...structSchema(
          type,
          type.fields.map((field) => connectSchema(field.type, `${path}.${field.name}`)),
        ),
        optional,
      };
  }
}

/** A struct of these field schemas, with the names and texts of the record. */
export function structSchema(type: AvroRecord, fields: readonly Schema[]): Schema {
  const parameters: Record<string, string> = {};
  if (type.doc !== null) parameters[recordDoc] = type.doc;
  for (const field of type.fields) if (field.doc !== null) parameters[`${fieldDocPrefix}${field.name}`] = field.doc;
  return {
    type: 'struct',
    optional: false,
    name: type.name,
    ...(Object.keys(parameters).length === 0 ? {} : { parameters }),
    fields: type.fields.map((field, index) => ({ name: field.name, schema: fields[index] ?? { type: 'string', optional: true } })),
  };
}

function primitiveSchema(type: string, logical: AvroLogical | null): Omit<Schema, 'optional'> {
  const name = logical?.name ?? '';
  if (type === 'int' && name === 'date') return { type: 'int32', name: 'org.apache.kafka.connect.data.Date', version: 1 };
  if (type === 'int' && name === 'time-millis') return { type: 'int32', name: 'org.apache.kafka.connect.data.Time', version: 1 };
  if (type === 'long' && name === 'timestamp-millis') return { type: 'int64', name: 'org.apache.kafka.connect.data.Timestamp', version: 1 };
  if (type === 'bytes' && logical !== null && name === 'decimal') {
    const parameters = { scale: String(logical.scale), 'connect.decimal.precision': String(logical.precision) };
    return { type: 'bytes', name: 'org.apache.kafka.connect.data.Decimal', version: 1, parameters };
  }
  return { type: connectTypes[type] ?? 'bytes' };
}

const connectTypes: Readonly<Record<string, Schema['type']>> = {
  boolean: 'boolean',
  int: 'int32',
  long: 'int64',
  float: 'float32',
  double: 'float64',
  string: 'string',
};

const kinds: Readonly<Record<string, ColumnKind>> = {
  boolean: ColumnKind.BOOLEAN,
  int32: ColumnKind.INT,
  int64: ColumnKind.LONG,
  float32: ColumnKind.FLOAT32,
  float64: ColumnKind.FLOAT64,
  string: ColumnKind.STRING,
  array: ColumnKind.ARRAY,
  map: ColumnKind.MAP,
  struct: ColumnKind.STRUCT,
};

/** How texts of the schema are read. Dates and times are numbers of their unit in text as well. */
export function columnOf(name: string, schema: Schema, path: string): Column {
  const scale = schema.parameters?.['scale'];
  if (schema.type === 'bytes') {
    return scale === undefined
      ? { name, kind: ColumnKind.BYTES_HEX, schema, scale: -1 }
      : { name, kind: ColumnKind.DECIMAL, schema, scale: Number(scale) };
  }
  const items = schema.items;
  if (schema.type === 'array' && items?.type === 'array') {
    throw faulty(path, 'arrays directly inside arrays cannot be expressed; put a record in between');
  }
  return {
    name,
    kind: kinds[schema.type] ?? ColumnKind.STRING,
    schema,
    scale: -1,
    ...(items === undefined ? {} : { element: columnOf('element', items, path) }),
    ...(schema.fields === undefined
      ? {}
      : { fields: schema.fields.map((field) => columnOf(field.name, field.schema, `${path}.${field.name}`)) }),
  };
}
