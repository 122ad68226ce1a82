import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AvroRowEncoder } from '../../src/avro/avro-row-encoder.ts';
import { avroValueWriter } from '../../src/avro/avro-value-writer.ts';
import { ByteSink } from '../../src/base/byte-sink.ts';
import { Change, TupleRef } from '../../src/record/change.ts';
import { ColumnKind as Kind } from '../../src/record/column-kind.ts';
import { nextRowSchemaId } from '../../src/record/row-schema.ts';
import type { RowSchema } from '../../src/record/row-schema.ts';
import type { SchemaType } from '../../src/record/schema.ts';
import type { Node } from '../../src/record/shape.ts';
import { RowEncoder } from '../../src/text/row-encoder.ts';
import { compileRow } from '../../src/text/row-program.ts';
import { propertySettings } from '../support/property.ts';
import { debeziumShape, fillTuple, sourceRegisters } from '../support/sample-shape.ts';

const digits = (minLength: number, maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...Array.from('0123456789')), minLength, maxLength });
const sign = fc.constantFrom('', '', '-', '+');
const two = fc.oneof(
  fc.nat(99).map((value) => String(value).padStart(2, '0')),
  fc.constantFrom('00', '01', '12', '13', '23', '24', '28', '29', '30', '31', '59', '60', '1x', ' 1', '1'),
);
const month = fc.constantFrom('01', '02', '02', '03', '06', '12', '00', '13');
const day = fc.oneof(two, fc.constantFrom('28', '29', '30', '31'));
const year = fc.oneof(digits(4, 4), fc.constantFrom('0000', '0001', '1900', '2000', '2024', '2026', '9999', '10000', '294276'));
const date = fc.tuple(year, month, day).map((parts) => parts.join('-'));
const fraction = fc.oneof(
  fc.constant(''),
  digits(0, 7).map((text) => `.${text}`),
);
const time = fc.tuple(two, two, two, fraction).map(([hours, minutes, seconds, rest]) => `${hours}:${minutes}:${seconds}${rest}`);
const timestamp = fc.tuple(date, fc.constantFrom(' ', ' ', 'T', '_'), time).map((parts) => parts.join(''));
const number = fc.tuple(sign, digits(0, 20)).map((parts) => parts.join(''));
const decimal = fc
  .tuple(sign, digits(0, 17), fc.constantFrom('', '.', '..'), digits(0, 12), fc.constantFrom('', '', 'e5', 'E-21', 'x'))
  .map((parts) => parts.join(''));

/** Texts of each kind in the usual form, next to it, and not at all. */
const kinds: readonly (readonly [Kind, SchemaType, number, fc.Arbitrary<string>])[] = [
  [Kind.INT, 'int8', -1, number],
  [Kind.INT, 'int16', -1, number],
  [Kind.INT, 'int32', -1, number],
  [Kind.LONG, 'int64', -1, number],
  [Kind.STRING, 'string', -1, fc.string({ maxLength: 2_000, unit: 'grapheme' })],
  [Kind.STRING, 'string', -1, fc.string({ maxLength: 60 })],
  [Kind.BOOLEAN, 'boolean', -1, fc.constantFrom('t', 'f', 'T', '1', '0', 'true', 'FALSE', 'x', '')],
  [Kind.FLOAT64, 'float64', -1, fc.oneof(decimal, fc.double().map(String))],
  [Kind.DECIMAL, 'bytes', 0, decimal],
  [
    Kind.DECIMAL,
    'bytes',
    2,
    fc.oneof(
      decimal,
      fc.tuple(sign, digits(1, 9), digits(2, 2)).map(([s, w, f]) => `${s}${w}.${f}`),
    ),
  ],
  [Kind.DATE_DAYS, 'int32', -1, fc.tuple(date, fc.constantFrom('', '', ' BC', 'x')).map((parts) => parts.join(''))],
  [Kind.TIMESTAMP_MICROS, 'int64', 6, fc.tuple(timestamp, fc.constantFrom('', '', ' BC', '+00')).map((parts) => parts.join(''))],
  [Kind.TIMESTAMP_MICROS, 'int64', 6, fc.constantFrom('infinity', '-infinity', '')],
  ...[-1, 0, 3, 6].map(
    (scale) =>
      [
        Kind.ZONED_TIMESTAMP,
        'string',
        scale,
        fc.tuple(timestamp, fc.constantFrom('+00', '+00', '+00', '+02', '-03:30', '+0', '')).map((parts) => parts.join('')),
      ] as const,
  ),
];

function schemaOf(kind: Kind, type: SchemaType, scale: number): RowSchema {
  return {
    id: nextRowSchemaId(),
    name: 'test.public.cells',
    key: Uint16Array.of(0),
    columns: [{ name: 'cell', kind, scale, schema: { type, optional: true } }],
  };
}

/** The bytes, or the message of the error. */
function outcome(encoder: RowEncoder, change: Change, size: number): string {
  const out = new ByteSink(Buffer.alloc(size, 0xaa));
  try {
    encoder.encode(change, out);
  } catch (error) {
    return (error as Error).message;
  }
  return `${out.at} ${out.bytes.toString('hex', 0, Math.min(out.at, size))}`;
}

const options = { prefix: Buffer.from([0, 0, 0, 0, 7]), suffix: new Uint8Array(0) };

for (const [kind, type, scale, texts] of kinds) {
  const name = Object.entries(Kind).find(([, value]) => value === kind)?.[0];
  test(`${name} as ${type}, scale ${scale}: the quick loop writes what the plain one writes, and refuses the same`, () => {
    const schema = schemaOf(kind, type, scale);
    const [{ name: field, schema: cell }] = schema.columns as [RowSchema['columns'][0]];
    const node: Node = {
      kind: 'struct',
      presence: null,
      schema: { type: 'struct', optional: false, fields: [{ name: field, schema: cell }] },
      fields: [{ name: field, node: { kind: 'column', tuple: TupleRef.AFTER, column: 0, schema: cell } }],
    };
    const program = compileRow(node, schema, avroValueWriter, options);
    const [plain, quick] = [new RowEncoder(program, avroValueWriter), new AvroRowEncoder(program)];
    const change = new Change(schema, 0, () => 'test');
    fc.assert(
      fc.property(texts, (text) => {
        fillTuple(change.after, [text]);
        assert.equal(outcome(quick, change, 16_384), outcome(plain, change, 16_384));
      }),
      propertySettings(),
    );
  });
}

test('a row that does not fit counts the same size and writes nothing beyond the end', () => {
  const schema: RowSchema = {
    ...schemaOf(Kind.STRING, 'string', -1),
    columns: kinds.map(([kind, type, scale], index) => ({ name: `c${index}`, kind, scale, schema: { type, optional: true } })),
  };
  const program = compileRow(debeziumShape(schema), schema, avroValueWriter, options);
  const [plain, quick] = [new RowEncoder(program, avroValueWriter), new AvroRowEncoder(program)];
  const change = new Change(schema, sourceRegisters, () => 'test');
  const cells = ['1', '2', '3', '4', 'a text', 'x'.repeat(300), 't', '1.5', '7', '1.25', '2026-07-14', '2026-07-14 08:15:30.5'];
  const zoned = '2026-07-14 08:15:30.25+00';
  fillTuple(change.after, [...cells, 'infinity', zoned, zoned, zoned, zoned]);
  change.registers.setNumber(0, 1_784_017_000_000);
  const whole = outcome(plain, change, 4_096);
  const size = Number(whole.split(' ')[0]);
  for (let room = 0; room <= size; room += 1) {
    const larger = Buffer.alloc(size + 64, 0xaa);
    const out = new ByteSink(larger.subarray(0, room));
    quick.encode(change, out);
    assert.equal(out.at, size);
    assert.ok(
      larger.subarray(room).every((byte) => byte === 0xaa),
      'bytes behind the end are untouched',
    );
  }
  assert.equal(outcome(quick, change, 4_096), whole);
});
