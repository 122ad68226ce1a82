import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Op, TupleRef } from '../../../src/record/change.ts';
import type { Schema } from '../../../src/record/schema.ts';
import type { ColumnNode, FieldNode, Node } from '../../../src/record/shape.ts';
import type { ColumnInfo, ReplicaIdentity, TableInfo } from '../../../src/sources/postgres/catalog.ts';
import { adjustFieldName, adjustSchemaName } from '../../../src/record/name-adjustment.ts';
import { buildTableShape, type TableShape, type WireColumn } from '../../../src/sources/postgres/table-shape.ts';
import { topicName } from '../../../src/sources/postgres/topic-name.ts';
import { TypeCatalog } from '../../../src/sources/postgres/type-catalog.ts';
import { testSettings } from './test-settings.ts';

const text = 25;
const int4 = 23;

function wire(name: string, typeOid = text, isKey = false): WireColumn {
  return { name, typeOid, typmod: -1, isKey };
}

function info(columns: readonly (WireColumn & Partial<ColumnInfo>)[], extra: Partial<TableInfo> = {}): TableInfo {
  return {
    oid: 1,
    schema: 'public',
    name: 'orders',
    kind: 'r',
    logged: true,
    isPartition: false,
    primaryKey: ['id'],
    replicaIdentity: 'd',
    identityIndexColumns: [],
    columns: columns.map((column, index) => ({
      number: index + 1,
      notNull: false,
      defaultExpression: null,
      generated: '',
      identity: false,
      ...column,
    })),
    ...extra,
  };
}

const orders = [
  { ...wire('id', int4, true), notNull: true },
  { ...wire('note') },
  { ...wire('count', int4), notNull: true, defaultExpression: '7' },
];

function build(
  wireColumns: readonly WireColumn[] = orders,
  table: TableInfo | null = info(orders),
  extra: Readonly<Record<string, string>> = {},
): TableShape {
  return buildTableShape({
    schema: 'public',
    table: 'orders',
    wireColumns,
    info: table,
    types: new TypeCatalog(),
    settings: testSettings(extra),
  });
}

function names(schema: Schema | undefined): string[] {
  return (schema?.fields ?? []).map((field) => field.name);
}

test('the envelope: names, versions and order of fields', () => {
  const { shape } = build();
  assert.equal(shape.topic, 'shop.public.orders');
  const { schema } = shape.value;
  assert.deepEqual([schema.name, schema.version, schema.optional], ['shop.public.orders.Envelope', 2, false]);
  assert.deepEqual(names(schema), ['before', 'after', 'source', 'transaction', 'op', 'ts_ms', 'ts_us', 'ts_ns']);
  const [before, after, source, transaction] = schema.fields ?? [];
  assert.equal(before?.schema, after?.schema, 'one row schema, twice');
  assert.deepEqual([before?.schema.name, before?.schema.optional], ['shop.public.orders.Value', true]);
  assert.deepEqual(
    [source?.schema.name, source?.schema.version, source?.schema.optional],
    ['io.debezium.connector.postgresql.Source', 1, false],
  );
  assert.deepEqual(names(source?.schema), [
    'version',
    'connector',
    'name',
    'ts_ms',
    'snapshot',
    'db',
    'sequence',
    'ts_us',
    'ts_ns',
    'schema',
    'table',
    'txId',
    'lsn',
    'xmin',
    'origin',
    'origin_lsn',
  ]);
  assert.deepEqual(source?.schema.fields?.[4]?.schema, {
    type: 'string',
    optional: true,
    name: 'io.debezium.data.Enum',
    version: 1,
    parameters: { allowed: 'true,first,first_in_data_collection,last_in_data_collection,last,false,incremental' },
    default: 'false',
  });
  assert.deepEqual([transaction?.schema.name, transaction?.schema.version, transaction?.schema.optional], ['event.block', 1, true]);
  assert.deepEqual([shape.key?.schema.name, shape.key?.schema.optional], ['shop.public.orders.Key', false]);
});

test('headers tell the other key of a key change, and where a record comes from', () => {
  const related = build().shape.headers.filter((header) => header.presence === TupleRef.RELATED);
  assert.deepEqual(
    related.map((header) => [header.name, header.ops]),
    [
      ['__debezium.newkey', [Op.DELETE, Op.TOMBSTONE]],
      ['__debezium.oldkey', [Op.CREATE]],
    ],
  );
  assert.equal(build().shape.headers.length, 5);
  assert.equal(build(orders, info(orders), { 'extended.headers.enabled': 'false' }).shape.headers.length, 2);
  const keyless = orders.map((column) => ({ ...column, isKey: false }));
  assert.deepEqual(
    build(keyless, info(orders, { primaryKey: [] }), { 'connector.class': 'millrace.PostgresSource' }).shape.headers.map(
      ({ name }) => name,
    ),
    ['__millrace.unavailable'],
  );
});

test('NOT NULL decides what is optional; a value for absent cells is kept, but never for a key', () => {
  const { rowSchema } = build();
  assert.deepEqual(
    rowSchema.columns.map(({ schema, neutral }) => [schema.optional, schema.default, neutral]),
    [
      [false, undefined, undefined],
      [true, undefined, undefined],
      [false, 7, 7],
    ],
  );
});

test('a moment that an old row lacks is padded as the column only where that is its default', () => {
  const moments = [
    { ...wire('id', int4, true), notNull: true },
    { ...wire('made', 1184), notNull: true, defaultExpression: 'now()' },
    { ...wire('seen', 1184), notNull: true },
  ];
  const { rowSchema } = build(moments, info(moments));
  assert.deepEqual(
    rowSchema.columns.map(({ neutral }) => neutral),
    [undefined, '1970-01-01T00:00:00.000000Z', '1970-01-01T00:00:00Z'],
  );
});

test('a table that the catalog no longer has: everything optional, the replica identity is the key', () => {
  const { rowSchema } = build(orders, null);
  assert.deepEqual(
    rowSchema.columns.map((column) => column.schema.optional),
    [true, true, true],
  );
  assert.deepEqual([...rowSchema.key], [0]);
  const full = orders.map((column) => ({ ...column, isKey: true }));
  assert.deepEqual([...build(full, null).rowSchema.key], [], 'FULL says nothing about a key');
});

test('a renamed column keeps what the catalog knows of its place', () => {
  const { rowSchema } = build([wire('ident', int4, true), wire('note'), wire('count', int4)]);
  assert.equal(rowSchema.columns[0]?.schema.optional, false);
  assert.deepEqual([...rowSchema.key], [0]);
});

test('a column that has become one of another type lends its default to none of its namesakes', () => {
  const since = orders.map((column) => (column.name === 'count' ? { ...column, typeOid: 20 } : column));
  const defaultOf = (columns: readonly WireColumn[]): unknown => build(columns, info(since)).rowSchema.columns[2]?.schema.default;
  assert.deepEqual([defaultOf(orders), defaultOf(since)], [undefined, 7n]);
});

test('keys: in key order, custom, of the identity index when the primary key is not in old images', () => {
  const pair = info(orders, { primaryKey: ['count', 'id'] });
  const marked = (...names: readonly string[]): WireColumn[] => orders.map((column) => ({ ...column, isKey: names.includes(column.name) }));
  assert.deepEqual([...build(marked('id', 'count'), pair).rowSchema.key], [2, 0]);
  assert.deepEqual([...build(orders, pair, { 'message.key.columns': 'public.ORDERS:note' }).rowSchema.key], [1]);
  assert.throws(() => build(orders, pair, { 'message.key.columns': 'public.orders:nope' }), { code: 'config.invalid', message: /"nope"/ });
  const index = info(orders, { replicaIdentity: 'i', identityIndexColumns: ['count'] });
  assert.deepEqual([...build(marked('count'), index).rowSchema.key], [2]);
  const wider = info(orders, { replicaIdentity: 'i', identityIndexColumns: ['count', 'id'] });
  assert.deepEqual([...build(marked('count', 'id'), wider).rowSchema.key], [0], 'old images have the primary key');
  assert.equal(build(marked(), info(orders, { primaryKey: [] })).shape.key, null);
  // Under FULL all columns are marked, which says nothing.
  assert.deepEqual([...build(marked('id', 'note', 'count'), pair).rowSchema.key], [2, 0]);
});

test('the key is what old images had at that moment, whatever the catalog says since', () => {
  const marked = (...names: readonly string[]): WireColumn[] => orders.map((column) => ({ ...column, isKey: names.includes(column.name) }));
  const index = info(orders, { replicaIdentity: 'i', identityIndexColumns: ['count'] });
  assert.deepEqual([...build(marked('id'), index).rowSchema.key], [0], 'it had no other identity yet');
  assert.deepEqual([...build(marked('count')).rowSchema.key], [2], 'it has no other identity any more');
  assert.deepEqual([...build(marked('id'), info(orders, { primaryKey: [] })).rowSchema.key], [0], 'the primary key was dropped');
  assert.deepEqual([...build(marked('id'), info(orders, { primaryKey: ['id', 'count'] })).rowSchema.key], [0], 'it was widened');
  assert.deepEqual([...build(marked('id', 'count'), info(orders, { primaryKey: ['id'] })).rowSchema.key], [0], 'narrowed: still there');
});

test('the key is that of the moment, whatever the catalog says by now', () => {
  const flags = (...keys: readonly string[]): WireColumn[] => orders.map((column) => ({ ...column, isKey: keys.includes(column.name) }));
  const key = (identity: ReplicaIdentity, keys: readonly string[], now: Partial<TableInfo>): string[] => {
    const { rowSchema } = buildTableShape({
      schema: 'public',
      table: 'orders',
      wireColumns: flags(...keys),
      identity,
      info: info(orders, now),
      types: new TypeCatalog(),
      settings: testSettings(),
    });
    return [...rowSchema.key].map((index) => rowSchema.columns[index]?.name ?? '');
  };
  const all = orders.map(({ name }) => name);
  assert.deepEqual(key('d', ['id'], { primaryKey: ['count'] }), ['id']);
  assert.deepEqual(key('d', ['id'], { primaryKey: [] }), ['id']);
  assert.deepEqual(key('d', ['id', 'count'], { primaryKey: ['count', 'id'] }), ['count', 'id'], 'the order is that of the catalog');
  assert.deepEqual(key('d', ['id', 'count'], {}), ['id', 'count'], 'it was narrowed since');
  assert.deepEqual(key('d', ['id'], { replicaIdentity: 'i', identityIndexColumns: ['count'] }), ['id']);
  assert.deepEqual(key('d', [], {}), ['id'], 'a unique index in the stead of a primary key is no replica identity');
  assert.deepEqual(key('i', ['count'], {}), ['count']);
  assert.deepEqual(key('i', ['note', 'count'], { replicaIdentity: 'i', identityIndexColumns: ['count'] }), ['note', 'count']);
  assert.deepEqual(key('i', ['note', 'count'], { replicaIdentity: 'i', identityIndexColumns: ['count', 'note'] }), ['count', 'note']);
  assert.deepEqual(key('i', ['count', 'id'], { replicaIdentity: 'f' }), ['id'], 'the primary key is part of the index');
  assert.deepEqual(key('f', all, { replicaIdentity: 'i', identityIndexColumns: ['count'] }), ['id']);
  assert.deepEqual(key('n', [], {}), ['id']);
});

test('a key column that is left out of the value stays in the key and in the row', () => {
  const { shape, rowSchema, columnOf } = build(orders, info(orders), { 'column.exclude.list': 'public.orders.(id|note)' });
  assert.deepEqual(
    rowSchema.columns.map((column) => column.name),
    ['id', 'count'],
  );
  assert.deepEqual([...columnOf], [0, -1, 1]);
  assert.deepEqual(names(shape.value.schema.fields?.[1]?.schema), ['count']);
  assert.deepEqual(names(shape.key?.schema), ['id']);
  // Neither the chosen key nor the one that the snapshot reads in the order of has to be shown.
  const custom = { 'message.key.columns': 'public.orders:note', 'column.exclude.list': 'public.orders.(id|note)' };
  const other = build(orders, info(orders), custom);
  assert.deepEqual(
    other.rowSchema.columns.map((column) => column.name),
    ['id', 'note', 'count'],
  );
  assert.deepEqual([names(other.shape.key?.schema), names(other.shape.value.schema.fields?.[1]?.schema)], [['note'], ['count']]);
});

test('columns that cannot both be fields are refused by name', () => {
  assert.throws(() => build([wire('Id'), wire('id')], null), { code: 'data.shape', message: /"Id" and "id" differ in letter case only/ });
  const clash = [wire('a-b'), wire('a.b')];
  assert.equal(build(clash, null).rowSchema.columns.length, 2);
  assert.throws(() => build(clash, null, { 'field.name.adjustment.mode': 'avro' }), {
    code: 'data.shape',
    message: /"a-b" and "a.b" both become the field "a_b"/,
  });
  const { shape } = build(clash, null, { 'field.name.adjustment.mode': 'avro_unicode' });
  assert.deepEqual(names(shape.value.schema.fields?.[1]?.schema), ['a_u002db', 'a_u002eb']);
});

function field(shape: TableShape, name: string): FieldNode | undefined {
  const after = shape.shape.value.kind === 'struct' ? shape.shape.value.fields[1]?.node : undefined;
  return after?.kind === 'struct' ? after.fields.find((each) => each.name === name) : undefined;
}

function keyField({ shape }: TableShape): Node | undefined {
  return shape.key?.kind === 'struct' ? shape.key.fields[0]?.node : undefined;
}

test('of a column there is one mapping, and what hides goes before what shortens', () => {
  const mapped = build(orders, info(orders), {
    'column.truncate.to.3.chars': 'public.orders.note',
    'column.mask.hash.v2.SHA-256.with.salt.s': 'PUBLIC.orders.note',
    'column.propagate.source.type': 'public.orders..*',
  });
  assert.deepEqual(field(mapped, 'note')?.node.schema.parameters, { masked: 'true' });
  assert.equal(mapped.rowSchema.columns[1]?.rewrite?.kind, 'hash');
  assert.equal(field(mapped, 'count')?.node.schema.parameters?.['__debezium.source.column.type'], 'INT4');
  const masked = build(orders, info(orders), {
    'column.mask.with.2.chars': 'public.orders.note',
    'column.mask.hash.MD5.with.salt.s': 'public.orders.note',
  });
  const node = field(masked, 'note')?.node;
  assert.deepEqual([node?.kind, node?.kind === 'constant' && node.value], ['constant', '**'], 'the value is not even read');
  const cut = (typmod: number): unknown =>
    field(build([{ ...wire('note', 1043), typmod }], null, { 'column.truncate.to.3.chars': 'public.orders.note' }), 'note')?.node.schema
      .parameters;
  assert.deepEqual([cut(7), cut(8)], [undefined, { truncateLength: '3' }], 'what cannot be longer is not cut');
});

test('types to be propagated are named with the schema and table, or the database before them', () => {
  for (const pattern of ['public.orders.INT4', 'shop.public.orders.INT4']) {
    const shape = build(orders, info(orders), { 'datatype.propagate.source.type': pattern });
    const typeOf = (name: string): unknown => field(shape, name)?.node.schema.parameters?.['__debezium.source.column.type'];
    assert.deepEqual([typeOf('count'), typeOf('note')], ['INT4', undefined], pattern);
  }
});

test('keys and what is not text: as Debezium under its class name, refused or hashed under ours', () => {
  const texts = [{ ...wire('id', text, true), notNull: true }, wire('count', int4)];
  const table = info(texts);
  const hash = { 'column.mask.hash.v2.SHA-256.with.salt.s': 'public.orders.(id|count)' };
  const own = { 'connector.class': 'millrace.PostgresSource' };
  const theirs = build(texts, table, hash);
  assert.equal((keyField(theirs) as ColumnNode).raw, true);
  assert.deepEqual(field(theirs, 'count')?.node.schema.parameters, { masked: 'true' });
  assert.equal(theirs.rowSchema.columns[1]?.rewrite, undefined, 'a number passes as it is');
  assert.throws(() => build(texts, table, { ...hash, ...own }), { code: 'data.shape', message: /"count" is not text/ });
  const ours = build(texts, table, { ...own, 'column.mask.hash.v2.SHA-256.with.salt.s': 'public.orders.id' });
  assert.equal((keyField(ours) as ColumnNode).raw, false);
  assert.throws(() => build(texts, table, { ...own, 'column.mask.with.3.chars': 'public.orders.id' }), {
    code: 'data.shape',
    message: /key column "id" cannot be masked/,
  });
});

test('a hash in a column of type "char" has one digit, as much as the column takes', () => {
  const columns = [wire('c', 18), wire('t', text)];
  const { rowSchema } = build(columns, info(columns), { 'column.mask.hash.v2.SHA-256.with.salt.s': 'public.orders.(c|t)' });
  const digits = rowSchema.columns.map(({ rewrite }) => (rewrite?.kind === 'hash' ? rewrite.digitsMax : null));
  assert.equal(digits[0], 1);
  assert.ok((digits[1] ?? 0) >= 64);
});

test("under Debezium's class schemas tell the defaults of its types, under ours of all", () => {
  // A number, an address, an oid.
  const columns = [
    { ...wire('n', int4), notNull: true, defaultExpression: '7' },
    { ...wire('a', 869), notNull: true, defaultExpression: "'1.2.3.4'::inet" },
    { ...wire('o', 26), notNull: true, defaultExpression: "'5'::oid" },
  ];
  const defaults = (extra: Readonly<Record<string, string>>): unknown[] =>
    build(columns, info(columns), extra).rowSchema.columns.map(({ schema }) => schema.default);
  assert.deepEqual(defaults({}), [7, undefined, undefined]);
  assert.deepEqual(defaults({ 'connector.class': 'millrace.PostgresSource' }), [7, '1.2.3.4', 5n]);
});

test('a default counts for the type that it was written for, not for one that the column had before', () => {
  const now = [{ ...wire('n', text), notNull: true, defaultExpression: "'7'::text" }];
  const told = (typeOid: number): unknown => build([wire('n', typeOid)], info(now)).rowSchema.columns[0]?.schema.default;
  assert.deepEqual([told(text), told(int4)], ['7', undefined]);
});

function placeholder(typeOid: number): string | undefined {
  return build([wire('a', typeOid)], null).rowSchema.columns[0]?.unavailable;
}

test('placeholders for values that were not sent', () => {
  assert.equal(placeholder(text), '__debezium_unavailable_value');
  assert.equal(placeholder(17), `\\x${Buffer.from('__debezium_unavailable_value').toString('hex')}`);
  assert.equal(placeholder(2950), 'b68a35a7-17ad-35b3-af2a-ae46edb4545a');
  // The number that has these bytes.
  const bytes = Buffer.from('__debezium_unavailable_value').toString('hex');
  assert.equal(placeholder(1700), String(BigInt(`0x${bytes}`)));
  assert.equal(placeholder(23), undefined, 'always sent');
  // json, xml, varchar, jsonb.
  for (const oid of [114, 142, 1043, 3802]) assert.equal(placeholder(oid), '__debezium_unavailable_value', String(oid));
});

test('topics are named with or without the schema, and schemas of keys and rows after them', () => {
  const { shape } = build(orders, info(orders), {
    'topic.naming.strategy': 'io.debezium.schema.DefaultTopicNamingStrategy',
    'topic.delimiter': '-',
  });
  assert.equal(shape.topic, 'shop-orders');
  assert.deepEqual([shape.value.schema.name, shape.key?.schema.name], ['shop-orders.Envelope', 'shop-orders.Key']);
});

test('topic names take what Kafka takes, adjusted names what Avro takes', () => {
  assert.equal(topicName('underscore', 'shop.my schema.tàble'), 'shop.my_schema.t_ble');
  assert.equal(topicName('underscore', 'x'.repeat(300)).length, 249);
  assert.deepEqual(
    ['.', '..', 'a..'].map((name) => topicName('underscore', name)),
    ['_', '_.', 'a..'],
  );
  assert.equal(topicName('unicode', 'a_b.à-c'), 'a_u005fb._u00e0-c');
  assert.equal(adjustSchemaName('shop.my-schema.1t', 'avro'), 'shop.my_schema.1t');
  assert.equal(adjustFieldName('1a-b_c.d', 'avro'), '_1a_b_c_d');
  assert.equal(adjustFieldName('1a-b_c', 'avro_unicode'), '_u0031a_u002db_u005fc');
  assert.equal(adjustSchemaName('a_b.c', 'avro_unicode'), 'a_u005fb.c');
  assert.equal(adjustFieldName('a b', 'none'), 'a b');
});
