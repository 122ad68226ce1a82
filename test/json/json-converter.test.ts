import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { ByteSink } from '../../src/base/byte-sink.ts';
import { silentLog } from '../../src/base/log.ts';
import { Config } from '../../src/connect/config.ts';
import { JsonConverter, jsonConverterPlugin } from '../../src/json/json-converter.ts';
import { jsonSchemaText } from '../../src/json/json-schema.ts';
import { writeBase64, writeJsonString } from '../../src/json/json-bytes.ts';
import { Change, Op } from '../../src/record/change.ts';
import { ColumnKind } from '../../src/record/column-kind.ts';
import { nextRowSchemaId } from '../../src/record/row-schema.ts';
import type { RowSchema } from '../../src/record/row-schema.ts';
import type { Schema } from '../../src/record/schema.ts';
import type { PlainValue } from '../support/avro-oracle.ts';
import { kindSamples } from '../support/cell-samples.ts';
import { propertySettings } from '../support/property.ts';
import { debeziumShape, fillTuple, sourceRegisters } from '../support/sample-shape.ts';
import { schemaSamples } from '../support/schema-samples.ts';

const golden = JSON.parse(readFileSync(join(import.meta.dirname, '../avro/golden/schemas.json'), 'utf8')) as Record<
  string,
  { json: string }
>;

for (const [name, schema] of Object.entries(schemaSamples)) {
  test(`schema text is byte-equal to JsonConverter's: ${name}`, () => {
    assert.equal(jsonSchemaText(schema, { decimalNumeric: false }), golden[name]?.json);
  });
}

function written(write: (out: ByteSink) => void): string {
  const out = new ByteSink(Buffer.alloc(1 << 20));
  write(out);
  assert.equal(out.overflowed, false);
  return out.bytes.toString('utf8', 0, out.at);
}

test('any text comes back from JSON.parse, whatever has to be escaped', () => {
  const units = fc.oneof(
    fc.constantFrom('"', '\\', '\b', '\f', '\n', '\r', '\t', '\u0000', '\u001f', '\u007f', '/', 'é', '\u2028', '😀'),
    fc.string({ maxLength: 1 }),
  );
  fc.assert(
    fc.property(fc.array(units, { maxLength: 80 }), (parts) => {
      const text = parts.join('');
      const bytes = Buffer.from(text, 'utf8');
      assert.equal(JSON.parse(written((out) => writeJsonString(out, bytes, 0, bytes.length))), text);
    }),
    propertySettings(),
  );
});

test('bytes print in base 64 like Buffer', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => {
      assert.equal(
        written((out) => writeBase64(out, bytes, 0, bytes.length)),
        Buffer.from(bytes).toString('base64'),
      );
    }),
    propertySettings(),
  );
});

/** What JSON.parse gives for a value: numbers kept as their source text where doubles would round. */
function expected(schema: Schema, value: PlainValue): unknown {
  if (value === null) return null;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map((item) => expected(schema.items as Schema, item));
  if (typeof value === 'object')
    return Object.fromEntries((schema.fields ?? []).map((field) => [field.name, expected(field.schema, value[field.name] as PlainValue)]));
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  return typeof value === 'number' && /^-?\d{16,}$/.test(String(value)) ? BigInt(String(value)) : value;
}

function parse(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown, context?: { source?: string }) => {
    const integer = typeof value === 'number' && /^-?\d+$/.test(context?.source ?? '') && !Number.isSafeInteger(value);
    return integer ? BigInt(context?.source ?? '') : value;
  });
}

/** Small bigints and numbers are the same thing in JSON. */
const normal = (value: unknown): unknown => {
  if (typeof value === 'bigint' && Number.isSafeInteger(Number(value))) return Number(value);
  if (Array.isArray(value)) return value.map(normal);
  if (value !== null && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, normal(member)]));
  return value;
};

const columnsArbitrary = fc.array(fc.record({ sample: fc.constantFrom(...kindSamples), optional: fc.boolean() }), {
  minLength: 1,
  maxLength: 20,
});
const rows = columnsArbitrary.chain((columns) =>
  fc.record({
    columns: fc.constant(columns),
    after: fc.tuple(...columns.map(({ sample, optional }) => (optional ? fc.option(sample.cells) : sample.cells))),
  }),
);

test('every row parses to the values its cells were made from, with the schema in front', async () => {
  const converter = new JsonConverter({ schemasEnable: true, decimalNumeric: false });
  await fc.assert(
    fc.asyncProperty(rows, async ({ columns, after }) => {
      const schema: RowSchema = {
        id: nextRowSchemaId(),
        name: 'test.public.samples',
        key: new Uint16Array(0),
        columns: columns.map(({ sample, optional }, index) => ({ ...sample, name: `c${index}`, schema: { ...sample.schema, optional } })),
      };
      const change = new Change(schema, sourceRegisters, () => 'here');
      fillTuple(
        change.after,
        after.map((cell) => cell?.text ?? null),
      );
      change.op = Op.READ;
      change.registers.setNumber(0, 1_784_017_000_000);
      change.registers.setNull(1);
      const node = debeziumShape(schema);
      const encoder = await converter.compile(node, { topic: 't', part: 'value', schema });
      const text = written((out) => encoder.encode(change, out));
      const parsed = parse(text) as { schema: unknown; payload: { before: unknown; after: unknown; op: string } };
      assert.deepEqual(parsed.schema, JSON.parse(jsonSchemaText(node.schema, { decimalNumeric: false })));
      assert.equal(parsed.payload.before, null);
      assert.equal(parsed.payload.op, 'r');
      const image = Object.fromEntries(
        schema.columns.map((column, index) => [column.name, expected(column.schema, after[index]?.value ?? null)]),
      );
      assert.deepEqual(normal(parsed.payload.after), normal(image));
    }),
    propertySettings(),
  );
});

async function single(kind: ColumnKind, schema: Schema, text: string, options: Readonly<Record<string, string>> = {}): Promise<string> {
  const row: RowSchema = { id: nextRowSchemaId(), name: 't', key: new Uint16Array(0), columns: [{ name: 'c', kind, schema, scale: 2 }] };
  const change = new Change(row, 0, () => 'here');
  fillTuple(change.after, [text]);
  const config = Config.of({ 'schemas.enable': 'false', 'decimal.format': 'BASE64', ...options });
  const converter = jsonConverterPlugin.create(config, { isKey: false, log: silentLog });
  const encoder = await converter.compile({ kind: 'column', tuple: 2, column: 0, schema }, { topic: 't', part: 'value', schema: row });
  assert.ok(encoder !== null);
  return written((out) => encoder.encode(change, out));
}

test('numbers that JSON does not take as they stand are spelled anew', async () => {
  const float64: Schema = { type: 'float64', optional: false };
  const spelled = [
    ['.80', '0.8'],
    ['+1.5', '1.5'],
    ['007', '7'],
    ['5.', '5'],
    ['1e5', '1e5'],
    ['1.10', '1.10'],
    ['-0', '-0'],
    ['NaN', '"NaN"'],
    ['-Infinity', '"-Infinity"'],
  ] as const;
  for (const [text, json] of spelled) assert.equal(await single(ColumnKind.FLOAT64, float64, text), json);
  assert.equal(await single(ColumnKind.INT, { type: 'int32', optional: false }, '+007'), '7');
});

test('decimals are base64 of the unscaled value, or numbers', async () => {
  const schema: Schema = { type: 'bytes', optional: false, name: 'org.apache.kafka.connect.data.Decimal', parameters: { scale: '2' } };
  assert.equal(await single(ColumnKind.DECIMAL, schema, '-12.3'), `"${Buffer.from([0xfb, 0x32]).toString('base64')}"`);
  assert.equal(await single(ColumnKind.DECIMAL, schema, '-12.3', { 'decimal.format': 'NUMERIC' }), '-12.30');
});
