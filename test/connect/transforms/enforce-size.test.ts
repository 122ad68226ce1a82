import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ColumnKind } from '../../../src/record/column-kind.ts';
import { Change, Op, TupleRef } from '../../../src/record/change.ts';
import { recordSize } from '../../../src/connect/transforms/record-size.ts';
import type { FieldNode, HeaderNode, Shape, StructNode } from '../../../src/record/shape.ts';
import type { Schema } from '../../../src/record/schema.ts';
import { CellState } from '../../../src/record/tuple-view.ts';
import { Config } from '../../../src/connect/config.ts';
import { createTransforms } from '../../../src/connect/transforms/catalog.ts';
import { fillTuple } from '../../support/sample-shape.ts';
import { emptyRow, fullRow, sizedShape } from './sized-rows.ts';
import { columnsOf, envelopeOf, optionsOf, written, type Cells } from './transform-run.ts';

/** What the calculator of Debezium 3.6.1 says of these records with one entry of the partition and six of the offset. */
const estimates = [
  3700, 4036, 1419, 1419, 1419, 1488, 1446, 1483, 1479, 1481, 1486, 1499, 1499, 1486, 1498, 1494, 1445, 1446, 1445, 1624, 1543, 1624, 1579,
  1710, 1574, 1478, 1547, 1564,
];

describe('recordSize', () => {
  it('is what Debezium estimates, for every kind of cell', () => {
    const shape = sizedShape();
    const sizeOf = (op: Op, before: Cells | null, after: Cells | null): number => {
      const change = new Change(shape.schema, 0, () => 'a row');
      change.op = op;
      if (before !== null) fillTuple(change.before, before);
      if (after !== null) fillTuple(change.after, after);
      return recordSize(shape, op)(change);
    };
    const alone = fullRow.slice(1).map((value, at) => emptyRow.map((cell, index) => (index === at + 1 ? value : cell)));
    assert.deepEqual(
      [
        sizeOf(Op.CREATE, null, fullRow),
        sizeOf(Op.UPDATE, emptyRow, fullRow),
        sizeOf(Op.DELETE, emptyRow, null),
        ...alone.map((row) => sizeOf(Op.CREATE, null, row)),
      ],
      estimates,
    );
  });
});

describe('recordSize', () => {
  const number: Schema = { type: 'int64', optional: true };
  const text: Schema = { type: 'string', optional: true };
  const [sequence, xmin, transaction] = [0, 1, 2];
  const bare = envelopeOf('shop.public.bare', columnsOf({ id: [ColumnKind.INT, 'int32'] }));
  const told: Shape = {
    ...bare,
    headers: [headerNode({ ops: null }), headerNode({ ops: [Op.DELETE] }), headerNode({ ops: null, presence: TupleRef.RELATED })],
    value: struct([
      {
        name: 'source',
        node: struct([
          { name: 'sequence', node: { kind: 'register', schema: text, register: sequence, holds: 'text' } },
          { name: 'xmin', node: { kind: 'register', schema: number, register: xmin, holds: 'int64' } },
        ]),
      },
      {
        name: 'transaction',
        node: { ...struct([{ name: 'n', node: { kind: 'constant', schema: number, value: 1 } }]), presenceRegister: transaction },
      },
    ]),
  };
  /** Beyond the value, the key and the topic: 100 for each entry of partition, offset and headers. */
  const entriesOf = (op: Op, fill: (change: Change) => void): number => {
    const change = new Change(told.schema, 3, () => 'a row');
    fill(change);
    const { registers } = change;
    const ofText = registers.present[sequence] === 1 ? 56 + (registers.end[sequence] ?? 0) : 0;
    const ofTransaction = registers.present[transaction] === 1 ? 56 + 32 : 0;
    const known = 8 + told.topic.length + (56 + 32) + (56 + 16) + (56 + 16) + ofText + 24 + ofTransaction;
    return (recordSize(told, op)(change) - known) / 100;
  };
  const sequenceOf =
    (value: string) =>
    ({ registers }: Change): void => {
      registers.bytes = Buffer.from(value);
      registers.setText(sequence, 0, value.length);
    };

  it('counts headers that are there, and what Debezium keeps as partition and offset', () => {
    assert.equal(
      entriesOf(Op.READ, () => {}),
      1 + 7,
    );
    assert.equal(
      entriesOf(Op.READ, ({ registers }) => registers.setNumber(xmin, 5)),
      1 + 8,
    );
    assert.equal(entriesOf(Op.UPDATE, sequenceOf('["1","2"]')), 1 + 7);
    assert.equal(entriesOf(Op.UPDATE, sequenceOf('[null,"2"]')), 1 + 6);
    assert.equal(entriesOf(Op.DELETE, sequenceOf('["1","2"]')), 2 + 7);
    assert.equal(
      entriesOf(Op.CREATE, (change) => {
        sequenceOf('["1","2"]')(change);
        fillTuple(change.related, ['1']);
        change.registers.setNumber(transaction, 1);
      }),
      2 + 9,
    );
  });

  const sizeOf = (name: string, schema: Schema): number => {
    const header: HeaderNode = { ...headerNode({ ops: null }), name };
    const value = struct([{ name: 'snapshot', node: { kind: 'register', schema, register: sequence, holds: 'text' } }]);
    return recordSize({ ...bare, headers: [header], value }, Op.CREATE)(new Change(bare.schema, 3, () => 'a row'));
  };

  it('counts the header of the run, which only Debezium has, and no default of what is not set', () => {
    const mark: Schema = { type: 'string', optional: true, default: 'false' };
    assert.equal(sizeOf('__debezium.context.connectorName', text) - sizeOf('h', text), 100);
    assert.equal(sizeOf('h', mark), sizeOf('h', text));
  });

  it('takes the placeholder of what was not sent', () => {
    const [column] = columnsOf({ a: [ColumnKind.STRING, 'string?'] });
    assert.ok(column);
    const base = envelopeOf('t', [{ ...column, unavailable: 'gone' }]);
    const change = new Change(base.schema, 0, () => 'a row');
    fillTuple(change.after, ['12']);
    const present = recordSize(base, Op.UPDATE)(change);
    change.after.state[0] = CellState.UNCHANGED;
    // In the key, too.
    assert.equal(recordSize(base, Op.UPDATE)(change), present + 2 * 2);
  });
});

function headerNode({ ops, presence = null }: Pick<HeaderNode, 'ops'> & Partial<HeaderNode>): HeaderNode {
  return { name: 'h', node: { kind: 'constant', schema: { type: 'string', optional: false }, value: 'x' }, ops, presence };
}

function struct(fields: readonly FieldNode[]): StructNode {
  const schemas = fields.map(({ name, node }) => ({ name, schema: node.schema }));
  return { kind: 'struct', schema: { type: 'struct', optional: true, name: 'Envelope', fields: schemas }, fields, presence: null };
}

const type = 'io.debezium.transforms.EnforceRecordSize';
const shape = () =>
  envelopeOf('shop.public.texts', [
    ...columnsOf({
      id: [ColumnKind.INT, 'int32'],
      a: [ColumnKind.STRING, 'string?'],
      b: [ColumnKind.STRING, 'string?'],
      raw: [ColumnKind.BYTES_HEX, 'bytes?'],
      b64: [ColumnKind.BYTES_BASE64_URL, 'string?'],
    }),
  ]);
const long = (character: string, length: number): string => character.repeat(length);
const rows = [
  { op: Op.CREATE, after: ['1', long('x', 300), long('é', 700), `\\x${long('ff', 500)}`, `\\x${long('fb', 300)}`] },
  {
    op: Op.UPDATE,
    before: ['1', long('y', 50), long('z', 400), null, null],
    after: ['1', long('x', 300), long('z', 401), `\\x${long('01', 200)}`, null],
  },
  { op: Op.DELETE, before: ['1', long('y', 2500), null, null, null] },
  { op: Op.CREATE, after: ['2', 'short', null, null, null] },
];

/** Lengths of the fields as a reader of JSON sees them, images one behind the other. */
async function lengths(options: Readonly<Record<string, string>>): Promise<number[][]> {
  return (await written(optionsOf(type, options), shape(), rows)).map(({ value }) => {
    const { before, after } = value as Record<'before' | 'after', Record<'a' | 'b' | 'raw' | 'b64', string | null> | null>;
    return [before, after].flatMap((image) => {
      if (image === null) return [];
      const { a, b, raw, b64 } = image;
      return [a?.length ?? -1, b?.length ?? -1, raw === null ? -1 : Buffer.from(raw, 'base64').length, b64?.length ?? -1];
    });
  });
}

describe('EnforceRecordSize', () => {
  it('cuts long texts and bytes in proportion, as Debezium does', async () => {
    // Lengths that the class of Debezium 3.6.1 leaves of these records.
    const small = [5, -1, -1, -1];
    assert.deepEqual(await lengths({ 'max.bytes': '2000', 'min.field.size': '100' }), [
      [0, 0, 0, 0],
      [50, 116, -1, -1, 87, 116, 58, -1],
      [741, -1, -1, -1],
      small,
    ]);
    assert.deepEqual(await lengths({ 'max.bytes': '2500', 'min.field.size': '100' }), [
      [63, 149, 106, 85],
      [50, 270, -1, -1, 202, 270, 134, -1],
      [1241, -1, -1, -1],
      small,
    ]);
    assert.deepEqual(await lengths({ 'max.bytes': '1900', 'min.field.size': '100', 'compression.ratio': '0.777' }), [
      [109, 256, 182, 146],
      [50, 285, -1, -1, 214, 286, 142, -1],
      [1479, -1, -1, -1],
      small,
    ]);
  });

  it('cuts pairs that are written as JSON, and leaves short ones as they are', async () => {
    const pairs = envelopeOf('t', columnsOf({ id: [ColumnKind.INT, 'int32'], pairs: [ColumnKind.HSTORE_JSON, 'string?'] }));
    for (const text of [`"k"=>"${long('v', 500)}"`, `"a\\"=>"=>"x, NULL", "n"=>NULL, "x\\\\"=>"null", "long"=>"${long('\n', 300)}"`, '']) {
      const [whole] = await written({}, pairs, [{ op: Op.CREATE, after: ['1', text] }]);
      const [kept] = await written(optionsOf(type, { 'max.bytes': '100000' }), pairs, [{ op: Op.CREATE, after: ['1', text] }]);
      assert.deepEqual(kept, whole);
      const [cut] = await written(optionsOf(type, { 'max.bytes': '700', 'min.field.size': '100' }), pairs, [
        { op: Op.CREATE, after: ['1', text] },
      ]);
      const [before, after] = [whole, cut].map((record) => (record!.value as { after: { pairs: string } }).after.pairs);
      assert.ok(before?.startsWith(after ?? '-') && (text === '' || before.length > after!.length), after);
    }
  });

  it('leaves a record alone that is small enough, or has no long field', async () => {
    // The estimate of the first is 3995.
    assert.deepEqual((await lengths({ 'max.bytes': '3995', 'min.field.size': '0' }))[0], [300, 700, 500, 400]);
    assert.notDeepEqual((await lengths({ 'max.bytes': '3994', 'min.field.size': '0' }))[0], [300, 700, 500, 400]);
    assert.deepEqual((await lengths({ 'max.bytes': '2500', 'min.field.size': '300' }))[0], [300, 45, 32, 26]);
    const untouched = await lengths({ 'max.bytes': '100000', 'min.field.size': '0' });
    assert.deepEqual(untouched[0], [300, 700, 500, 400]);
    assert.deepEqual(await lengths({ 'max.bytes': '1' }), untouched);
    assert.deepEqual(await lengths({ 'max.bytes': '1000', 'min.field.size': '0', 'compression.ratio': '0.01' }), untouched);
  });

  it('hands on what was not sent as that, and cuts a long placeholder no more than a value that is not there', () => {
    const base = shape();
    const [transform] = createTransforms(Config.of(optionsOf(type, { 'max.bytes': '1', 'min.field.size': '1' })));
    const change = new Change(base.schema, 0, () => 'a row');
    fillTuple(change.after, ['1', 'long enough', '', null, null]);
    change.after.state[2] = CellState.UNCHANGED;
    const plan = transform?.plan(base, Op.UPDATE);
    assert.ok(plan);
    assert.ok(plan.step?.(change));
    const after = plan.shape.value.kind === 'struct' ? plan.shape.value.fields[1]?.node : null;
    const [a, b, raw] =
      after?.kind === 'struct' ? after.fields.slice(1).map(({ node }) => (node.kind === 'column' ? node.column : -1)) : [];
    assert.deepEqual(
      [a, b, raw].map((at) => change.derived.state[at ?? -1]),
      [CellState.TEXT, CellState.UNCHANGED, CellState.NULL],
    );
  });

  it('does not cut within a character, and leaves tombstones alone', async () => {
    const smiles = [
      { op: Op.CREATE, after: ['1', long('😀', 400), null, null, null] },
      { op: Op.TOMBSTONE, before: ['1', null, null, null, null] },
    ];
    const options = optionsOf(type, { 'max.bytes': '2701', 'min.field.size': '100' });
    const [first, second] = await written(options, shape(), smiles);
    const { a } = (first!.value as { after: { a: string } }).after;
    assert.ok(a.length > 0 && a.length < 800 && a === long('😀', a.length / 2), String(a.length));
    assert.equal(second?.value, null);
  });
});
