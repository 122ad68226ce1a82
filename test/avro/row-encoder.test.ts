import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AvroRowEncoder } from '../../src/avro/avro-row-encoder.ts';
import { avroValueWriter } from '../../src/avro/avro-value-writer.ts';
import { ByteSink } from '../../src/base/byte-sink.ts';
import { ConnectError } from '../../src/base/errors.ts';
import { Change, Op, TupleRef } from '../../src/record/change.ts';
import { ColumnKind } from '../../src/record/column-kind.ts';
import { nextRowSchemaId } from '../../src/record/row-schema.ts';
import type { Column, RowSchema } from '../../src/record/row-schema.ts';
import type { Node, StructNode } from '../../src/record/shape.ts';
import { compileRow, printRowProgram } from '../../src/text/row-program.ts';
import { assertAvroBody } from '../support/avro-oracle.ts';
import type { PlainValue } from '../support/avro-oracle.ts';
import { debeziumShape, fillTuple, sourceRegisters } from '../support/sample-shape.ts';
import { kindSamples } from '../support/cell-samples.ts';
import type { KindSample } from '../support/cell-samples.ts';
import { propertySettings } from '../support/property.ts';

const none = { prefix: new Uint8Array(0), suffix: new Uint8Array(0) };

interface SampledColumn {
  readonly sample: KindSample;
  readonly optional: boolean;
}

function rowSchema(columns: readonly SampledColumn[]): RowSchema {
  return {
    id: nextRowSchemaId(),
    name: 'test.public.samples',
    key: Uint16Array.of(0),
    columns: columns.map(({ sample, optional }, index): Column => ({
      name: `c${index}`,
      kind: sample.kind,
      scale: sample.scale,
      element: sample.element,
      schema: { ...sample.schema, optional },
    })),
  };
}

function encode(node: Node, schema: RowSchema, change: Change): Uint8Array {
  const out = new ByteSink(Buffer.alloc(1 << 20));
  new AvroRowEncoder(compileRow(node, schema, avroValueWriter, none)).encode(change, out);
  assert.equal(out.overflowed, false);
  return out.bytes.subarray(0, out.at);
}

const columnsArbitrary = fc.array(fc.record({ sample: fc.constantFrom(...kindSamples), optional: fc.boolean() }), {
  minLength: 1,
  maxLength: 20,
});

/** Columns, and two rows of cells for them. */
const rows = columnsArbitrary.chain((columns) => {
  const row = fc.tuple(...columns.map(({ sample, optional }) => (optional ? fc.option(sample.cells) : sample.cells)));
  return fc.record({
    columns: fc.constant(columns),
    before: row,
    after: row,
    op: fc.constantFrom(Op.CREATE, Op.UPDATE, Op.DELETE),
    lsn: fc.maxSafeNat(),
  });
});

test('every row is what avsc would have written, and decodes to the values the cells were made from', () => {
  fc.assert(
    fc.property(rows, ({ columns, before, after, op, lsn }) => {
      const schema = rowSchema(columns);
      const change = new Change(schema, sourceRegisters, () => 'here');
      const node = debeziumShape(schema);
      const [hasBefore, hasAfter] = [op !== Op.CREATE, op !== Op.DELETE];
      fillTuple(change.before, hasBefore ? before.map((cell) => cell?.text ?? null) : []);
      fillTuple(change.after, hasAfter ? after.map((cell) => cell?.text ?? null) : []);
      change.op = op;
      change.registers.setNumber(0, lsn);
      change.registers.setNull(1);
      const image = (cells: typeof before): PlainValue =>
        Object.fromEntries(cells.map((cell, index) => [`c${index}`, cell?.value ?? null]));
      assertAvroBody(node.schema, encode(node, schema, change), {
        before: hasBefore ? image(before) : null,
        after: hasAfter ? image(after) : null,
        source: { version: '0.1.0', connector: 'postgresql', snapshot: 'false', ts_ms: BigInt(lsn), table: 'samples', txId: null },
        op: 'cud'.charAt(op),
        ts_ms: BigInt(lsn),
      });
    }),
    propertySettings(),
  );
});

function oneColumn(column: Partial<Column> & Pick<Column, 'kind' | 'schema'>): { schema: RowSchema; node: StructNode; change: Change } {
  const schema: RowSchema = {
    id: nextRowSchemaId(),
    name: 'test.public.one',
    key: new Uint16Array(0),
    columns: [{ name: 'c', scale: -1, ...column }],
  };
  const node: StructNode = {
    kind: 'struct',
    presence: null,
    schema: { type: 'struct', optional: false, name: 'one.Value', fields: [{ name: 'c', schema: column.schema }] },
    fields: [{ name: 'c', node: { kind: 'column', tuple: TupleRef.ROW, column: 0, schema: column.schema } }],
  };
  return { schema, node, change: new Change(schema, 0, () => 'here') };
}

test('a null where the schema has a default stays null and is not replaced by the default', () => {
  const { schema, node, change } = oneColumn({ kind: ColumnKind.STRING, schema: { type: 'string', optional: true, default: 'dflt' } });
  fillTuple(change.after, [null]);
  assertAvroBody(node.schema, encode(node, schema, change), { c: null });
  fillTuple(change.after, ['x']);
  assertAvroBody(node.schema, encode(node, schema, change), { c: 'x' });
});

test('a null in a required column is the neutral value where there is one, and an error where there is none', () => {
  const filled = oneColumn({ kind: ColumnKind.LONG, schema: { type: 'int64', optional: false }, neutral: 7n });
  fillTuple(filled.change.after, [null]);
  assertAvroBody(filled.node.schema, encode(filled.node, filled.schema, filled.change), { c: 7n });
  const bare = oneColumn({ kind: ColumnKind.LONG, schema: { type: 'int64', optional: false } });
  fillTuple(bare.change.after, [null]);
  assert.throws(
    () => encode(bare.node, bare.schema, bare.change),
    (error) => error instanceof ConnectError && error.code === 'data.value' && /Column "c" of "test.public.one": null/.test(error.message),
  );
});

test('neutral values of arrays are text, and a cast takes the neutral value along', () => {
  const list: Column['schema'] = { type: 'array', optional: false, items: { type: 'string', optional: true } };
  const element: Column = { name: 'element', kind: ColumnKind.STRING, scale: -1, schema: { type: 'string', optional: true } };
  const array = oneColumn({ kind: ColumnKind.ARRAY, schema: list, element, neutral: '{}' });
  fillTuple(array.change.after, [null]);
  assertAvroBody(array.node.schema, encode(array.node, array.schema, array.change), { c: [] });
  const decimal: Column['schema'] = { type: 'bytes', optional: false, name: 'org.apache.kafka.connect.data.Decimal' };
  const cast = oneColumn({ kind: ColumnKind.DECIMAL, schema: decimal, scale: 2, neutral: Uint8Array.of(0) });
  fillTuple(cast.change.after, [null]);
  const text: Column['schema'] = { type: 'string', optional: false };
  const node: StructNode = {
    ...cast.node,
    schema: { ...cast.node.schema, fields: [{ name: 'c', schema: text }] },
    fields: [{ name: 'c', node: { kind: 'column', tuple: TupleRef.ROW, column: 0, schema: text } }],
  };
  assertAvroBody(node.schema, encode(node, cast.schema, cast.change), { c: '0.00' });
});

test('a struct that is left out does not decide which image the fields after it are read from', () => {
  const { schema, change } = oneColumn({ kind: ColumnKind.STRING, schema: { type: 'string', optional: false } });
  const text: Column['schema'] = { type: 'string', optional: false };
  const row = { name: 'c', node: { kind: 'column', tuple: TupleRef.ROW, column: 0, schema: text } } as const;
  const inner: StructNode = {
    kind: 'struct',
    presence: TupleRef.AFTER,
    schema: { type: 'struct', optional: true, name: 'one.Inner', fields: [{ name: 'c', schema: text }] },
    fields: [row],
  };
  const node: StructNode = {
    kind: 'struct',
    presence: null,
    schema: {
      type: 'struct',
      optional: false,
      name: 'one.Outer',
      fields: [
        { name: 'inner', schema: inner.schema },
        { name: 'c', schema: text },
      ],
    },
    fields: [{ name: 'inner', node: inner }, row],
  };
  fillTuple(change.before, ['old']);
  fillTuple(change.after, []);
  assertAvroBody(node.schema, encode(node, schema, change), { inner: null, c: 'old' });
});

test('an unchanged value is the placeholder where there is one, and never a silent null', () => {
  const placed = oneColumn({ kind: ColumnKind.STRING, schema: { type: 'string', optional: true }, unavailable: '__unavailable' });
  fillTuple(placed.change.after, ['']);
  placed.change.after.state[0] = 2;
  assertAvroBody(placed.node.schema, encode(placed.node, placed.schema, placed.change), { c: '__unavailable' });
  const bare = oneColumn({ kind: ColumnKind.STRING, schema: { type: 'string', optional: true } });
  fillTuple(bare.change.after, ['']);
  bare.change.after.state[0] = 2;
  assert.throws(
    () => encode(bare.node, bare.schema, bare.change),
    (error) =>
      error instanceof ConnectError &&
      error.message.startsWith('Column "c" of "test.public.one": the source did not send the unchanged value') &&
      /REPLICA IDENTITY FULL/.test(error.remedy ?? ''),
  );
});

test('a value that does not fit names column, table and reason, and never itself', () => {
  const { schema, node, change } = oneColumn({ kind: ColumnKind.INT, schema: { type: 'int16', optional: false } });
  fillTuple(change.after, ['40000']);
  assert.throws(
    () => encode(node, schema, change),
    (error) =>
      error instanceof ConnectError &&
      error.code === 'data.value' &&
      error.message === 'Column "c" of "test.public.one": not an int16: out of range.' &&
      !`${error.message}${JSON.stringify(error.details)}`.includes('40000'),
  );
});

test('a tuple with fewer columns than its schema is refused', () => {
  const { schema, node, change } = oneColumn({ kind: ColumnKind.INT, schema: { type: 'int32', optional: true } });
  assert.throws(
    () => encode(node, schema, change),
    (error) => error instanceof ConnectError && error.code === 'data.row',
  );
});

test('adjacent constants are one run', () => {
  const schema = rowSchema([{ sample: kindSamples[2]!, optional: false }]);
  const text = printRowProgram(
    compileRow(debeziumShape(schema), schema, avroValueWriter, { prefix: Uint8Array.of(0, 0, 0, 0, 9), suffix: none.suffix }),
  );
  const runs = text.split('\n').filter((line) => line.includes('RUN'));
  // The header; before and after each mark their presence; the source's constants around its registers.
  assert.equal(runs.length, 5, text);
  assert.ok(
    runs.some((line) => line.includes(Buffer.from('0.1.0').toString('hex')) && line.includes(Buffer.from('postgresql').toString('hex'))),
  );
});
