import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Op } from '../../../src/record/change.ts';
import { ColumnKind } from '../../../src/record/column-kind.ts';
import type { FieldNode, Node } from '../../../src/record/shape.ts';
import { columnsOf, envelopeOf, optionsOf, written } from './transform-run.ts';
import type { Row } from './transform-run.ts';

const columns = columnsOf({
  id: [ColumnKind.INT, 'int32'],
  name: [ColumnKind.STRING, 'string?'],
  city: [ColumnKind.STRING, 'string?'],
});
const type = 'io.debezium.transforms.ExtractChangedRecordState';
const both = { 'header.changed.name': 'Changed', 'header.unchanged.name': 'Unchanged' };
const rows: readonly Row[] = [
  { op: Op.UPDATE, before: ['1', 'old', 'Berlin'], after: ['1', 'new', 'Berlin'] },
  { op: Op.UPDATE, before: ['2', null, 'x'], after: ['2', '', null] },
  { op: Op.UPDATE, before: ['3', null, 'same'], after: ['3', null, 'same'] },
  { op: Op.UPDATE, after: ['4', 'without its old row', null] },
  { op: Op.CREATE, after: ['5', 'new', null] },
  { op: Op.DELETE, before: ['5', 'new', null] },
];
const tombstone: Row = { op: Op.TOMBSTONE, before: ['5', 'new', null] };

async function headersOf(config: Record<string, string>): Promise<unknown[]> {
  return (await written(config, envelopeOf('shop.public.people', columns), rows)).map(({ headers }) => headers);
}

/** The column `who` as a mask has it. */
function masked(node: Node): Node {
  if (node.kind !== 'struct') return node;
  const fields = node.fields.map(({ name, node: field }): FieldNode => {
    return { name, node: name === 'who' ? { kind: 'constant', schema: field.schema, value: '***' } : masked(field) };
  });
  return { ...node, fields };
}

describe('ExtractChangedRecordState', () => {
  it('lists what an update changed, and what not, where the old row is known', async () => {
    assert.deepEqual(await headersOf(optionsOf(type, both)), [
      { Changed: '["name"]', Unchanged: '["id","city"]' },
      { Changed: '["name","city"]', Unchanged: '["id"]' },
      { Changed: '[]', Unchanged: '["id","name","city"]' },
      // As Debezium 3.6.1: lists without anything where there is nothing to be compared.
      { Changed: '[]', Unchanged: '[]' },
      { Changed: '[]', Unchanged: '[]' },
      { Changed: '[]', Unchanged: '[]' },
    ]);
  });

  it('a masked column is unchanged; what a transform before it made of a column is compared', async () => {
    const zone = { 'transforms.Z.type': 'io.debezium.transforms.TimezoneConverter', 'transforms.Z.converted.timezone': 'Europe/Berlin' };
    const micros = [ColumnKind.TIMESTAMP_MICROS, 'int64?', { name: 'io.debezium.time.MicroTimestamp' }] as const;
    const visits = envelopeOf(
      'shop.public.visits',
      columnsOf({ id: [ColumnKind.INT, 'int32'], who: [ColumnKind.STRING, 'string?'], at: micros }),
    );
    const shape = { ...visits, value: masked(visits.value) };
    const noon = '2024-01-15 12:00:00';
    const updates: readonly Row[] = [
      { op: Op.UPDATE, before: ['1', 'Ada', noon], after: ['1', null, '2024-01-15 13:00:00'] },
      { op: Op.UPDATE, before: ['1', 'Ada', noon], after: ['1', 'Eve', noon] },
    ];
    const records = await written({ ...optionsOf(type, both), ...zone, transforms: 'Z,A' }, shape, updates);
    assert.deepEqual(
      records.map(({ headers }) => headers),
      [
        { Changed: '["at"]', Unchanged: '["id","who"]' },
        { Changed: '[]', Unchanged: '["id","who","at"]' },
      ],
    );
  });

  it('tombstones have them, too, as in Debezium', async () => {
    const [record] = await written(optionsOf(type, both), envelopeOf('shop.public.people', columns), [tombstone]);
    assert.deepEqual([record?.value, record?.headers], [null, { Changed: '[]', Unchanged: '[]' }]);
  });

  it('one header alone, or none', async () => {
    assert.deepEqual((await headersOf(optionsOf(type, { 'header.unchanged.name': 'same' })))[0], { same: '["id","city"]' });
    assert.deepEqual(await headersOf(optionsOf(type)), [{}, {}, {}, {}, {}, {}]);
  });

  it('as fields of the value by HeaderToValue: lists, of every record', async () => {
    const chain = {
      ...optionsOf(type, both),
      transforms: 'A,B',
      'transforms.B.type': 'io.debezium.transforms.HeaderToValue',
      'transforms.B.headers': 'Changed,Unchanged',
      'transforms.B.fields': 'changed,source.same',
      'transforms.B.operation': 'move',
    };
    const records = await written(chain, envelopeOf('shop.public.people', columns), rows);
    assert.deepEqual(
      records.map(({ value, headers }) => {
        const { changed, source } = value as { changed: unknown; source: { same: unknown } };
        return [changed, source.same, headers];
      }),
      [
        [['name'], ['id', 'city'], {}],
        [['name', 'city'], ['id'], {}],
        [[], ['id', 'name', 'city'], {}],
        [[], [], {}],
        [[], [], {}],
        [[], [], {}],
      ],
    );
  });

  it('in front of ExtractNewRecordState, and twice in one chain', async () => {
    const chain = {
      transforms: 'A,B,C',
      'transforms.A.type': type,
      'transforms.A.header.changed.name': 'first',
      'transforms.B.type': type,
      'transforms.B.header.unchanged.name': 'second',
      'transforms.C.type': 'io.debezium.transforms.ExtractNewRecordState',
    };
    const records = await written(chain, envelopeOf('shop.public.people', columns), rows.slice(0, 2));
    assert.deepEqual(
      records.map(({ value, headers }) => [value, headers]),
      [
        [
          { id: 1, name: 'new', city: 'Berlin' },
          { first: '["name"]', second: '["id","city"]' },
        ],
        [
          { id: 2, name: '', city: null },
          { first: '["name","city"]', second: '["id"]' },
        ],
      ],
    );
  });

  it('an expression can ask for what was changed', async () => {
    const chain = {
      transforms: 'A,B',
      'transforms.A.type': type,
      'transforms.A.header.changed.name': 'changed',
      'transforms.B.type': 'io.debezium.transforms.Filter',
      'transforms.B.condition': "value.op != 'u' || header.changed =~ '\"name\"'",
    };
    const records = await written(chain, envelopeOf('shop.public.people', columns), rows);
    assert.deepEqual(
      records.map(({ key }) => (key as { id: number }).id),
      [1, 2, 5, 5],
    );
  });
});
