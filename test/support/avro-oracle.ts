import assert from 'node:assert/strict';
import type { Type } from 'avsc';
import { avroRecordName, avroSchemaText } from '../../src/avro/avro-schema.ts';
import { avscType } from '../../src/avro/avsc-type.ts';
import type { Schema } from '../../src/record/schema.ts';

/** A value as a test states it: no union wrappers, int64 as bigint, bytes as Uint8Array, structs by field name. */
export type PlainValue = null | boolean | number | bigint | string | Uint8Array | PlainValue[] | { readonly [field: string]: PlainValue };

/** avsc as the judge: `body` decodes to `expected`, and avsc itself would have written the same bytes. */
export function assertAvroBody(schema: Schema, body: Uint8Array, expected: PlainValue): void {
  const type: Type = avscType(avroSchemaText(schema, { connectMetaData: true }));
  const wrapped = wrap(schema, expected);
  const bytes = Buffer.from(body);
  assert.deepEqual(plain(type.fromBuffer(bytes)), plain(wrapped));
  assert.equal(bytes.toString('hex'), type.toBuffer(wrapped).toString('hex'));
}

/** avsc's form of a value: unions wrapped by branch name. */
function wrap(schema: Schema, value: PlainValue): unknown {
  if (!schema.optional) return content(schema, value);
  return value === null ? null : { [branch(schema)]: content(schema, value) };
}

function content(schema: Schema, value: PlainValue): unknown {
  if (schema.type === 'struct') {
    const fields = value as { readonly [field: string]: PlainValue };
    return Object.fromEntries((schema.fields ?? []).map((field) => [field.name, wrap(field.schema, fields[field.name] as PlainValue)]));
  }
  if (schema.type === 'array') return (value as PlainValue[]).map((item) => wrap(schema.items as Schema, item));
  if (schema.type === 'bytes') return Buffer.from(value as Uint8Array);
  return schema.type === 'float32' ? Math.fround(value as number) : value;
}

const branches: Readonly<Record<string, string>> = {
  int8: 'int',
  int16: 'int',
  int32: 'int',
  int64: 'long',
  float32: 'float',
  float64: 'double',
};

function branch(schema: Schema): string {
  return avroRecordName(schema) ?? branches[schema.type] ?? schema.type;
}

/** avsc's objects have classes of their own; equality is about the data. */
function plain(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return `bytes ${value.toString('hex')}`;
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]));
}
