import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteSink } from '../../src/base/byte-sink.ts';
import type { Converter } from '../../src/connect/converter.ts';
import { SimpleHeaderConverter, StringConverter } from '../../src/json/string-converter.ts';
import { Change, TupleRef } from '../../src/record/change.ts';
import { ColumnKind } from '../../src/record/column-kind.ts';
import { nextRowSchemaId } from '../../src/record/row-schema.ts';
import type { Column, RowSchema } from '../../src/record/row-schema.ts';
import type { Node } from '../../src/record/shape.ts';
import { fillTuple } from '../support/sample-shape.ts';

const columns: readonly Column[] = [
  { name: 'id', kind: ColumnKind.LONG, scale: -1, schema: { type: 'int64', optional: false } },
  { name: 'name', kind: ColumnKind.STRING, scale: -1, schema: { type: 'string', optional: true } },
  { name: 'share', kind: ColumnKind.FLOAT64, scale: -1, schema: { type: 'float64', optional: true } },
  {
    name: 'price',
    kind: ColumnKind.DECIMAL,
    scale: 2,
    schema: { type: 'bytes', optional: true, name: 'org.apache.kafka.connect.data.Decimal' },
  },
];
const schema: RowSchema = { id: nextRowSchemaId(), name: 't', key: new Uint16Array(0), columns };
const cell = (column: number): Node => ({ kind: 'column', tuple: TupleRef.ROW, column, schema: columns[column]!.schema });
const struct: Node = {
  kind: 'struct',
  presence: null,
  schema: { type: 'struct', optional: false, fields: columns.map(({ name, schema }) => ({ name, schema })) },
  fields: columns.map(({ name }, index) => ({ name, node: cell(index) })),
};

async function convert(converter: Converter, node: Node, cells: readonly (string | null)[]): Promise<string> {
  const change = new Change(schema, 0, () => 'here');
  fillTuple(change.after, cells);
  const out = new ByteSink(Buffer.alloc(4096));
  const encoder = await converter.compile(node, { topic: 't', part: 'value', schema });
  assert.ok(encoder !== null);
  encoder.encode(change, out);
  return out.bytes.toString('utf8', 0, out.at);
}

test('a struct prints like Java prints it: null fields leave no trace, an empty text does', async () => {
  const converter = new StringConverter();
  assert.equal(await convert(converter, struct, ['7', 'Zoë', '1', '12.5']), 'Struct{id=7,name=Zoë,share=1.0,price=12.50}');
  assert.equal(await convert(converter, struct, ['7', null, '12345678.9', null]), 'Struct{id=7,share=1.23456789E7}');
  assert.equal(await convert(converter, struct, ['7', '', null, '0']), 'Struct{id=7,name=,price=0.00}');
});

test('a single value is its text, a null is nothing', async () => {
  const converter = new StringConverter();
  assert.equal(await convert(converter, cell(0), ['-9223372036854775808', null, null, null]), '-9223372036854775808');
  assert.equal(await convert(converter, cell(1), ['7', 'a "b"', null, null]), 'a "b"');
  assert.equal(await convert(converter, cell(1), ['7', null, null, null]), '');
});

test('headers: single values are plain text, structs are JSON', async () => {
  const converter = new SimpleHeaderConverter();
  assert.equal(await convert(converter, cell(1), ['7', 'x', null, null]), 'x');
  assert.equal(await convert(converter, struct, ['7', 'x', null, '1']), '{"id":7,"name":"x","share":null,"price":1.00}');
});
