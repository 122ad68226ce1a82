import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Column } from '../../../src/record/row-schema.ts';
import { ColumnKind } from '../../../src/record/column-kind.ts';
import { Op } from '../../../src/record/change.ts';
import { extensionType } from '../../../src/sources/postgres/extension-type.ts';
import { columnsOf, envelopeOf, optionsOf, stored, written } from './transform-run.ts';

function vector(name: string, type: string, optional: boolean): Column {
  const mapped = extensionType(type, 1, 'text');
  assert.ok(mapped !== null);
  // What its elements are read as matters to converters alone.
  return { name, kind: mapped.kind, scale: -1, rewrite: mapped.rewrite, schema: { ...mapped.schema, optional } };
}

const shape = () =>
  envelopeOf('shop.public.items', [
    ...columnsOf({ id: [ColumnKind.INT, 'int32'] }),
    vector('v', 'vector', true),
    vector('h', 'halfvec', false),
    vector('s', 'sparsevec', true),
    vector('t', 'sparsevec', false),
  ]);
const rows = [
  { op: Op.CREATE, after: ['1', '[1,-2.5,1e+20,1e-07,0.1]', '[1,0.1,1e+10,1234567]', '{1:1,3:2.5}/5', '{}/1'] },
  { op: Op.UPDATE, before: ['1', '[1]', '[]', '{}/5', '{}/1'], after: ['1', null, '[2]', null, '{}/1'] },
  // More digits than a float holds.
  { op: Op.CREATE, after: ['1', '[0.123456789]', '[0.123456789]', '{1:0.123456789}/1', '{}/1'] },
  { op: Op.DELETE, before: ['1', null, null, null, null] },
] as const;
const type = 'io.debezium.transforms.VectorToJsonConverter';

describe('VectorToJsonConverter', () => {
  it('has the texts of Debezium 3.6.1, in both images', async () => {
    const values = (await written(optionsOf(type), shape(), rows)).map(({ value }) => {
      const { before, after } = value as { before: unknown; after: unknown };
      return [before, after];
    });
    const none = '{ "values": [] }';
    const one = '{ "dimensions": 1, "vector": {  } }';
    assert.deepEqual(values, [
      [
        null,
        {
          id: 1,
          v: '{ "values": [1.0, -2.5, 1.0E20, 1.0E-7, 0.1] }',
          h: '{ "values": [1.0, 0.1, 1.0E10, 1234567.0] }',
          s: '{ "dimensions": 5, "vector": { "1": 1.0, "3": 2.5 } }',
          t: one,
        },
      ],
      [
        { id: 1, v: '{ "values": [1.0] }', h: none, s: '{ "dimensions": 5, "vector": {  } }', t: one },
        { id: 1, v: null, h: '{ "values": [2.0] }', s: null, t: one },
      ],
      [
        null,
        {
          id: 1,
          v: '{ "values": [0.123456789] }',
          h: '{ "values": [0.12345679] }',
          s: '{ "dimensions": 1, "vector": { "1": 0.123456789 } }',
          t: one,
        },
      ],
      // A row whose old image lacks vectors that cannot be null.
      [{ id: 1, v: null, h: none, s: null, t: '{ "dimensions": 0, "vector": {  } }' }, null],
    ]);
  });

  it('says what they are; other records pass', async () => {
    const [record] = await stored(optionsOf(type), shape(), rows.slice(0, 1), true);
    const { schema } = JSON.parse(record?.value ?? '') as { schema: { fields: readonly { fields: readonly object[] }[] } };
    const json = { type: 'string', name: 'io.debezium.data.Json', version: 1 };
    assert.deepEqual(schema.fields[1]?.fields.slice(1), [
      { ...json, optional: true, field: 'v' },
      { ...json, optional: false, field: 'h' },
      { ...json, optional: true, field: 's' },
      { ...json, optional: false, field: 't' },
    ]);
    const plain = envelopeOf('shop.public.plain', columnsOf({ id: [ColumnKind.INT, 'int32'] }));
    const untouched = [{ op: Op.CREATE, after: ['1'] }];
    const filter = optionsOf('io.debezium.transforms.SchemaChangeEventFilter', { 'schema.change.event.exclude.list': 'DROP' });
    for (const config of [optionsOf(type), filter]) {
      assert.deepEqual(await stored(config, plain, untouched), await stored({}, plain, untouched));
    }
  });
});
