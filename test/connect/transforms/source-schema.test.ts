import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ColumnKind } from '../../../src/record/column-kind.ts';
import { Op } from '../../../src/record/change.ts';
import { columnsOf, envelopeOf, optionsOf, stored, written } from './transform-run.ts';

const type = 'io.debezium.transforms.ExtractSchemaToNewRecord';

function parametersOf(name: string, typeName: string, more: Readonly<Record<string, string>> = {}): { parameters: Record<string, string> } {
  const all = { type: typeName, name, ...more };
  return { parameters: Object.fromEntries(Object.entries(all).map(([key, value]) => [`__debezium.source.column.${key}`, value])) };
}

const shape = () =>
  envelopeOf(
    'shop.public.items',
    columnsOf({
      id: [ColumnKind.INT, 'int32', parametersOf('id', 'INT4', { length: '10', scale: '0' })],
      label: [ColumnKind.STRING, 'string?', parametersOf('La"b,el', 'VARCHAR', { length: '20', comment: 'what it {says}' })],
    }),
  );
const rows = [
  { op: Op.CREATE, after: ['1', 'x'] },
  { op: Op.UPDATE, before: ['1', 'x'], after: ['1', null] },
  { op: Op.DELETE, before: ['1', null] },
] as const;
const described = {
  id: 'items',
  table: {
    columns: [
      { name: 'id', typeName: 'INT4', length: 10, scale: 0, comment: null },
      { name: 'La"b,el', typeName: 'VARCHAR', length: 20, scale: null, comment: 'what it {says}' },
    ],
  },
};

function struct(name: string, fields: readonly object[]): object {
  return { type: 'struct', fields, optional: false, name: `io.debezium.connector.source.${name}`, version: 1 };
}

describe('ExtractSchemaToNewRecord', () => {
  it('describes the columns in every envelope of a row, and leaves truncates and tombstones alone', async () => {
    const others = [{ op: Op.TRUNCATE }, { op: Op.TOMBSTONE, before: ['1', null] }] as const;
    const plain = await written({}, shape(), [...rows, ...others]);
    const found = await written(optionsOf(type), shape(), [...rows, ...others]);
    assert.deepEqual(
      found.slice(0, 3),
      plain.slice(0, 3).map((record) => ({ ...record, value: { ...(record.value as object), sourceSchema: described } })),
    );
    assert.deepEqual(found.slice(3), plain.slice(3));
  });

  it('has the schemas of Debezium 3.6.1', async () => {
    const [record] = await stored(optionsOf(type), shape(), rows.slice(0, 1), true);
    const { schema } = JSON.parse(record?.value ?? '') as { schema: { fields: readonly { field: string }[] } };
    const string = { type: 'string', optional: false };
    const number = { type: 'int32', optional: true };
    const column = struct('schema.Column', [
      { ...string, field: 'name' },
      { ...string, field: 'typeName' },
      { ...number, field: 'length' },
      { ...number, field: 'scale' },
      { ...string, optional: true, field: 'comment' },
    ]);
    const table = struct('schema.Table', [{ type: 'array', items: column, optional: false, field: 'columns' }]);
    const block = struct('Schema', [
      { ...string, field: 'id' },
      { ...table, field: 'table' },
    ]);
    assert.deepEqual(schema.fields.at(-1), { ...block, field: 'sourceSchema' });
  });

  it('asks for the option that tells source types', async () => {
    const bare = envelopeOf('shop.public.bare', columnsOf({ id: [ColumnKind.INT, 'int32'] }));
    await assert.rejects(written(optionsOf(type), bare, [{ op: Op.CREATE, after: ['1'] }]), {
      code: 'data.shape',
      remedy: /propagate\.source\.type/,
    });
  });
});
