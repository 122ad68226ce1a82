import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { avroSchemaText } from '../../src/avro/avro-schema.ts';
import { avscType } from '../../src/avro/avsc-type.ts';
import { ConnectError } from '../../src/base/errors.ts';
import type { Schema } from '../../src/record/schema.ts';
import { schemaSamples } from '../support/schema-samples.ts';

/** Made by oracle/SchemaOracle.java from the JVM's own converters. */
const golden = JSON.parse(readFileSync(join(import.meta.dirname, 'golden/schemas.json'), 'utf8')) as Record<string, { avro: string }>;
const options = { connectMetaData: true };

for (const [name, schema] of Object.entries(schemaSamples)) {
  test(`schema text is byte-equal to AvroData's: ${name}`, () => {
    const text = avroSchemaText(schema, options);
    assert.equal(text, golden[name]?.avro);
    avscType(text);
  });
}

const decimal = (scale: string): Schema => ({
  type: 'bytes',
  optional: false,
  name: 'org.apache.kafka.connect.data.Decimal',
  parameters: { scale, 'connect.decimal.precision': '5' },
});

test('a decimal whose scale Avro does not allow has no logical type', () => {
  for (const scale of ['-2', '6']) assert.doesNotMatch(avroSchemaText(decimal(scale), options), /logicalType/);
  for (const scale of ['0', '5']) assert.match(avroSchemaText(decimal(scale), options), /"logicalType":"decimal"/);
});

test('without connect.meta.data only Avro properties are left', () => {
  const text = avroSchemaText(schemaSamples['logical']!, { connectMetaData: false });
  assert.doesNotMatch(text, /connect\.(name|version|parameters|default)"/);
  assert.match(text, /"logicalType":"date"/);
});

const struct = (name: string, field: string): Schema => ({
  type: 'struct',
  optional: false,
  name,
  fields: [{ name: field, schema: { type: 'int32', optional: false } }],
});
const inner = (type: Schema['type']): Schema => ({
  type: 'struct',
  optional: false,
  name: 'app.Inner',
  fields: [{ name: 'a', schema: { type, optional: false } }],
});

test('names that Avro does not allow name the setting that adjusts them', () => {
  for (const [schema, setting] of [
    [struct('my-app.public.t.Value', 'a'), 'schema.name.adjustment.mode'],
    [struct('app.2nd.Value', 'a'), 'schema.name.adjustment.mode'],
    [struct('app.Value', 'first name'), 'field.name.adjustment.mode'],
  ] as const) {
    assert.throws(
      () => avroSchemaText(schema, options),
      (error) => error instanceof ConnectError && error.code === 'data.shape' && (error.remedy ?? '').includes(setting),
    );
  }
});

function outerText(fields: readonly Schema[]): string {
  const named = fields.map((schema, at) => ({ name: `f${at}`, schema }));
  return avroSchemaText({ type: 'struct', optional: false, name: 'app.Outer', fields: named }, options);
}

test('one struct in two places, which tell different parameters: the first tells its own', () => {
  const told = (column: string): Schema => ({ ...inner('int32'), parameters: { column } });
  const items: Schema = { type: 'array', optional: false, items: inner('int32') };
  assert.match(outerText([told('a'), items, told('b')]), /"connect.parameters":\{"column":"a"\}.*"items":"Inner".*"type":"Inner"/);
  assert.doesNotMatch(outerText([items, told('b')]), /connect.parameters/);
});

test('one name for two different structs is refused', () => {
  const outer: Schema = {
    type: 'struct',
    optional: false,
    name: 'app.Outer',
    fields: [
      { name: 'a', schema: inner('int32') },
      { name: 'b', schema: inner('string') },
    ],
  };
  assert.throws(() => avroSchemaText(outer, options), /Two different structs are named "app.Inner"/);
});

test('a struct without namespace within one that has it says so: otherwise it would take over that of the outer one', () => {
  const bare: Schema = {
    type: 'struct',
    optional: false,
    name: 'deep',
    fields: [{ name: 'a', schema: { type: 'int32', optional: false } }],
  };
  const outer: Schema = { type: 'struct', optional: false, name: 'app.Outer', fields: [{ name: 'b', schema: bare }] };
  const text = avroSchemaText(outer, options);
  assert.match(text, /"name":"deep","namespace":""/);
  const [field] = (avscType(text) as unknown as { fields: readonly { type: { name?: string } }[] }).fields;
  assert.equal(field?.type.name, 'deep');
});

test('former names of a field are its aliases, and no part of what its type is', () => {
  const point: Schema = {
    type: 'struct',
    optional: true,
    name: 'app.Point',
    fields: [{ name: 'x', schema: { type: 'float64', optional: false } }],
  };
  const fields = [
    { name: 'at', schema: point },
    { name: 'to', schema: { ...point, aliases: ['target', 'goal'] } },
  ];
  const text = avroSchemaText({ type: 'struct', optional: false, name: 'app.Row', fields }, options);
  assert.match(text, /\{"name":"to","type":\["null","Point"\],"default":null,"aliases":\["target","goal"\]\}/);
  assert.equal(text.split('aliases').length, 2);
});
