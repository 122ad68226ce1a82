import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { Op, TupleRef } from '../../../src/record/change.ts';
import { ColumnKind } from '../../../src/record/column-kind.ts';
import type { FieldNode, Shape } from '../../../src/record/shape.ts';
import { newStruct } from '../../../src/connect/transforms/part.ts';
import { columnsOf, envelopeOf, optionsOf, written, type Row } from './transform-run.ts';

const columns = columnsOf({
  id: [ColumnKind.INT, 'int32'],
  a: [ColumnKind.STRING, 'string?'],
  b: [ColumnKind.STRING, 'string?'],
  c: [ColumnKind.STRING, 'string'],
});

/** The key is `id` and `b`. */
function table(): Shape {
  const shape = envelopeOf('s.public.t', columns);
  const field = (at: number): FieldNode => ({
    name: columns[at]?.name ?? '',
    node: { kind: 'column', schema: columns[at]?.schema ?? { type: 'string', optional: true }, tuple: TupleRef.ROW, column: at },
  });
  return { ...shape, key: newStruct([field(0), field(2)]) };
}

const rows: readonly Row[] = [
  { op: Op.CREATE, after: ['1', 'x', 'y', 'z'] },
  { op: Op.UPDATE, before: ['1', 'x', 'y', 'z'], after: ['1', 'x2', 'y', 'z'] },
  { op: Op.UPDATE, before: ['1', 'x', 'y', 'z'], after: ['1', 'x', 'y2', 'z2'] },
  { op: Op.UPDATE, after: ['1', 'x', 'y2', 'z2'] },
  { op: Op.DELETE, before: ['1', 'x', 'y', 'z'] },
];
const all = { id: 1, a: 'x', b: 'y', c: 'z' };

async function dropped(options: Readonly<Record<string, string>>): Promise<unknown[]> {
  const config = {
    ...optionsOf('io.debezium.transforms.ExtractChangedRecordState', { 'header.unchanged.name': 'U' }),
    transforms: 'A,B',
    'transforms.B.type': 'io.debezium.transforms.ExtractNewRecordState',
    'transforms.B.drop.fields.header.name': 'U',
    ...Object.fromEntries(Object.entries(options).map(([name, value]) => [`transforms.B.${name}`, value])),
  };
  return (await written(config, table(), rows)).map(({ key, value, topic }) => [...(topic === 's.public.t' ? [] : [topic]), key, value]);
}

// Keys and values as Debezium 3.6.1 writes them for the same records.
describe("ExtractNewRecordState's drop.fields.header.name", () => {
  it('optional fields that the header lists are left out of the value', async () => {
    assert.deepEqual(await dropped({}), [
      [{ id: 1, b: 'y' }, all],
      [
        { id: 1, b: 'y' },
        { id: 1, a: 'x2', c: 'z' },
      ],
      [
        { id: 1, b: 'y2' },
        { id: 1, b: 'y2', c: 'z2' },
      ],
      [
        { id: 1, b: 'y2' },
        { ...all, b: 'y2', c: 'z2' },
      ],
      [{ id: 1, b: 'y' }, null],
    ]);
  });

  it('all that it lists, and those of the key, with facts of the envelope and a mark of deletes', async () => {
    const options = {
      'drop.fields.from.key': 'true',
      'drop.fields.keep.schema.compatible': 'false',
      'delete.tombstone.handling.mode': 'rewrite',
      'add.fields': 'op',
    };
    const live = { __deleted: 'false', __op: 'u' };
    assert.deepEqual((await dropped(options)).slice(1), [
      [{}, { a: 'x2', ...live }],
      [{ b: 'y2' }, { b: 'y2', c: 'z2', ...live }],
      [
        { id: 1, b: 'y2' },
        { ...all, b: 'y2', c: 'z2', ...live },
      ],
      [
        { id: 1, b: 'y' },
        { ...all, __deleted: 'true', __op: 'd' },
      ],
    ]);
    assert.deepEqual((await dropped({ 'drop.fields.from.key': 'true' }))[1], [{ id: 1 }, { id: 1, a: 'x2', c: 'z' }]);
  });

  it('beside a topic from a column; without such a header nothing is left out; a header that is no list is refused', async () => {
    assert.deepEqual((await dropped({ 'route.by.field': 'a' })).slice(1, 3), [
      ['x2', { id: 1, b: 'y' }, { id: 1, a: 'x2', c: 'z' }],
      ['x', { id: 1, b: 'y2' }, { id: 1, b: 'y2', c: 'z2' }],
    ]);
    assert.deepEqual((await dropped({ 'drop.fields.header.name': 'nope' }))[1], [
      { id: 1, b: 'y' },
      { ...all, a: 'x2' },
    ]);
    const config = {
      ...optionsOf('InsertHeader', { header: 'H', 'value.literal': 'a' }),
      transforms: 'A,B',
      'transforms.B.type': 'io.debezium.transforms.ExtractNewRecordState',
      'transforms.B.drop.fields.header.name': 'H',
    };
    await assert.rejects(written(config, table(), rows), /The header "H" of "s\.public\.t" is no list/);
  });
});
