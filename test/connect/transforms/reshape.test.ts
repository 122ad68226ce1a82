import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Op, TupleRef } from '../../../src/record/change.ts';
import { ColumnKind } from '../../../src/record/column-kind.ts';
import type { Schema } from '../../../src/record/schema.ts';
import type { FieldNode, HeaderNode, Node, Shape, StructNode } from '../../../src/record/shape.ts';
import { Config } from '../../../src/connect/config.ts';
import { createTransforms } from '../../../src/connect/transforms/catalog.ts';
import { columnsOf, envelopeOf, optionsOf, written } from './transform-run.ts';

const columns = columnsOf({ id: [ColumnKind.INT, 'int32'], name: [ColumnKind.STRING, 'string?'] });
const shape = (topic = 'shop.public.orders'): Shape => envelopeOf(topic, columns);
const kafka = 'org.apache.kafka.connect.transforms';

/** The plan of one transform, for what the schema says. */
function planned(type: string, options: Record<string, string>, base: Shape, op: Op = Op.CREATE): Shape {
  return createTransforms(Config.of(optionsOf(type, options)))[0]!.plan(base, op)!.shape;
}

function flat(before: readonly unknown[], after: readonly unknown[], op: string): Record<string, unknown> {
  const [beforeId, beforeName] = before;
  const [afterId, afterName] = after;
  return {
    before_id: beforeId,
    before_name: beforeName,
    after_id: afterId,
    after_name: afterName,
    source_table: 'orders',
    op,
  };
}

function header(name: string, value: string, presence: TupleRef | null = null): HeaderNode {
  return { name, node: { kind: 'constant', schema: { type: 'string', optional: false }, value }, ops: null, presence };
}

describe('Flatten', () => {
  const rows = [
    { op: Op.CREATE, after: ['1', 'new'] },
    { op: Op.UPDATE, after: ['2', 'changed'] },
    { op: Op.UPDATE, before: ['3', null], after: ['3', 'again'] },
    { op: Op.DELETE, before: ['4', 'gone'] },
    { op: Op.TOMBSTONE, before: ['4', 'gone'] },
  ];

  it('an envelope: missing images are nulls, whether the operation says so or only the row does', async () => {
    const records = await written(optionsOf(`${kafka}.Flatten$Value`, { delimiter: '_' }), shape(), rows);
    const none = [null, null];
    assert.deepEqual(
      records.map(({ value }) => value),
      [
        flat(none, [1, 'new'], 'c'),
        flat(none, [2, 'changed'], 'u'),
        flat([3, null], [3, 'again'], 'u'),
        flat([4, 'gone'], none, 'd'),
        null,
      ],
    );
  });

  it('a tombstone passes what asks for a flattened field', async () => {
    const options = {
      ...optionsOf(`${kafka}.Flatten$Value`, { delimiter: '_' }),
      transforms: 'A,B',
      'transforms.B.type': `${kafka}.ExtractField$Value`,
      'transforms.B.field': 'after_id',
    };
    const records = await written(options, shape(), rows);
    assert.deepEqual(
      records.map(({ value }) => value),
      [1, 2, 3, null, null],
    );
  });

  it('a constant of an image that is missing is null, too', async () => {
    const base = envelopeOf('shop.public.orders', columns);
    const value = base.value as StructNode;
    const mask: Node = { kind: 'constant', schema: { type: 'string', optional: false }, value: '***' };
    const masked = value.fields.map((image): FieldNode => {
      if (image.node.kind !== 'struct' || image.node.presence === null) return image;
      return {
        name: image.name,
        node: { ...image.node, fields: image.node.fields.map((field) => (field.name === 'name' ? { name: 'name', node: mask } : field)) },
      };
    });
    const records = await written(optionsOf(`${kafka}.Flatten$Value`), { ...base, value: { ...value, fields: masked } }, rows.slice(1, 4));
    assert.deepEqual(
      records.map((record) => record.value as Record<string, unknown>).map((row) => [row['before.name'], row['after.name']]),
      [
        [null, '***'],
        ['***', '***'],
        ['***', null],
      ],
    );
  });

  it('columns that are structs: what the converter would write inside of them', async () => {
    const [double, number] = [{ type: 'float64', optional: false } as const, { type: 'int32', optional: false } as const];
    const fields: Readonly<Record<string, Schema['fields']>> = {
      place: [
        { name: 'x', schema: double },
        { name: 'y', schema: double },
        { name: 'wkb', schema: { type: 'bytes', optional: true } },
        { name: 'srid', schema: { ...number, optional: true } },
      ],
      price: [
        { name: 'scale', schema: number },
        { name: 'value', schema: { type: 'bytes', optional: false } },
      ],
    };
    const structs = columnsOf({
      place: [ColumnKind.POINT, 'struct?', { fields: fields['place'] }],
      price: [ColumnKind.VARIABLE_SCALE_DECIMAL, 'struct?', { fields: fields['price'] }],
    });
    const cells = [
      ['(1.5,-2)', '10.50'],
      ['(-0,1e+300)', '-128'],
      ['(0.1,3)', '0.00'],
      ['(1,2)', '-32769.000001'],
      ['(1,2)', '12345678901234567890'],
    ];
    const config = { transforms: 'A', 'transforms.A.type': 'io.debezium.transforms.ExtractNewRecordState' };
    const changes = cells.map((after) => ({ op: Op.CREATE, after }));
    const whole = await written(config, envelopeOf('shop.public.places', structs), changes);
    const flattened = { ...config, transforms: 'A,B', 'transforms.B.type': `${kafka}.Flatten$Value` };
    const apart = await written(flattened, envelopeOf('shop.public.places', structs), [...changes, { op: Op.CREATE, after: [null, null] }]);
    const expected = whole.map(({ value }) => {
      const { place, price } = value as Record<string, Record<string, unknown>>;
      const [at, of] = [place ?? {}, price ?? {}];
      const { x, y, wkb, srid } = at;
      return { 'place.x': x, 'place.y': y, 'place.wkb': wkb, 'place.srid': srid, 'price.scale': of['scale'], 'price.value': of['value'] };
    });
    const none = { 'place.x': null, 'place.y': null, 'place.wkb': null, 'place.srid': null, 'price.scale': null, 'price.value': null };
    assert.deepEqual(
      apart.map(({ value }) => value),
      [...expected, none],
    );
  });

  it('children of optional structs are optional, others as they were', () => {
    const { value } = planned(`${kafka}.Flatten$Value`, {}, shape());
    assert.deepEqual(
      value.schema.fields?.map(({ name, schema }) => `${name}:${schema.type}${schema.optional ? '?' : ''}`),
      ['before.id:int32?', 'before.name:string?', 'after.id:int32?', 'after.name:string?', 'source.table:string', 'op:string'],
    );
  });
});

describe('ByLogicalTableRouter', () => {
  const type = 'io.debezium.transforms.ByLogicalTableRouter';
  const options = { 'topic.regex': '(.*)customers_shard(.*)', 'topic.replacement': '$1customers_all_shards' };

  it("Debezium's example: shards into one topic, with the shard in the key", async () => {
    const rows = [
      { op: Op.CREATE, after: ['1', 'new'] },
      { op: Op.TOMBSTONE, before: ['1', 'new'] },
    ];
    const records = await written(optionsOf(type, options), shape('myserver.mydb.customers_shard1'), rows);
    const key = { id: 1, __dbz__physicalTableIdentifier: 'myserver.mydb.customers_shard1' };
    assert.deepEqual(
      records.map((record) => [record.topic, record.key, record.value === null]),
      [
        ['myserver.mydb.customers_all_shards', key, false],
        ['myserver.mydb.customers_all_shards', key, true],
      ],
    );
    const { key: keyNode, value } = planned(type, options, shape('myserver.mydb.customers_shard1'));
    assert.deepEqual(
      [keyNode?.schema.name, value.schema.name, value.schema.fields?.[0]?.schema.name, value.schema.fields?.[1]?.schema.name],
      ['Key', 'Envelope', 'Value', 'Value'].map((suffix) => `myserver.mydb.customers_all_shards.${suffix}`),
    );
    assert.equal(value.schema.fields?.[0]?.schema.optional, true);
  });

  it("the key's field: named, taken out of the topic, or left away", () => {
    const from = shape('myserver.mydb.customers_shard1');
    const named = { 'key.field.name': 'shard', 'key.field.regex': '(.*)customers_shard(.*)', 'key.field.replacement': '$2' };
    const field = (more: Record<string, string>) => {
      const { key } = planned(type, { ...options, ...more }, from);
      return key?.kind === 'struct'
        ? key.fields.map(({ name, node }) => (node.kind === 'constant' ? `${name}=${String(node.value)}` : name))
        : null;
    };
    assert.deepEqual(field(named), ['id', 'shard=1']);
    assert.deepEqual(field({ 'key.enforce.uniqueness': 'false' }), ['id']);
    assert.throws(() => field({ 'key.field.regex': 'x' }), /belong together/);
    assert.throws(() => planned(type, { ...options, 'topic.replacement': '$3' }, from), /No group 3/);
  });

  it('the first place is replaced, not the empty text behind it, too', () => {
    const all = { 'topic.regex': '(.*)', 'topic.replacement': 'all', 'key.field.regex': '.*', 'key.field.replacement': 'one' };
    const { topic, key } = planned(type, all, shape('myserver.mydb.customers'));
    const last = key?.kind === 'struct' ? key.fields.at(-1)?.node : null;
    assert.deepEqual([topic, last?.kind === 'constant' ? last.value : null], ['all', 'one']);
  });

  it('other topics, records without key and values that are no envelope', () => {
    assert.equal(planned(type, options, shape()).topic, 'shop.public.orders');
    const keyless = planned(type, options, { ...shape('a.customers_shard1'), key: null });
    assert.deepEqual([keyless.topic, keyless.key], ['a.customers_all_shards', null]);
    const heartbeat = shape('a.customers_shard1');
    const plain = { ...heartbeat, value: { ...heartbeat.value, schema: { ...heartbeat.value.schema, name: 'Heartbeat' } } } as Shape;
    assert.equal(planned(type, options, plain).value, plain.value);
    const adjusted = planned(type, { ...options, 'schema.name.adjustment.mode': 'avro' }, shape('1-a.customers_shard1'));
    assert.equal(adjusted.key?.schema.name, '_1_a.customers_all_shards.Key');
  });
});

describe('HeaderToValue', () => {
  const headed: Shape = { ...shape(), headers: [header('event_timestamp', 'now'), header('key', 'k1')] };
  const type = 'io.debezium.transforms.HeaderToValue';
  const options = { headers: 'event_timestamp,key', fields: 'timestamp,source.id', operation: 'move' };

  it('moves or copies, also into nested structs', async () => {
    const rows = [
      { op: Op.CREATE, after: ['1', 'new'] },
      { op: Op.TOMBSTONE, before: ['1', 'new'] },
    ];
    const [moved, tombstone] = await written(optionsOf(type, options), headed, rows);
    assert.deepEqual(moved?.value, {
      before: null,
      after: { id: 1, name: 'new' },
      source: { table: 'orders', id: 'k1' },
      op: 'c',
      timestamp: 'now',
    });
    assert.deepEqual([moved?.headers, tombstone?.value, tombstone?.headers], [{}, null, { event_timestamp: 'now', key: 'k1' }]);
    const [copied] = await written(optionsOf(type, { ...options, operation: 'copy' }), headed, rows);
    assert.deepEqual(copied?.headers, { event_timestamp: 'now', key: 'k1' });
  });

  it('a field that is there already keeps its place', async () => {
    const [record] = await written(optionsOf(type, { ...options, fields: 'source.table,op' }), headed, [
      { op: Op.CREATE, after: ['1', 'a'] },
    ]);
    assert.equal(JSON.stringify(record?.value), '{"before":null,"after":{"id":1,"name":"a"},"source":{"table":"now"},"op":"k1"}');
  });

  it('a missing header makes no field; one that comes and goes is refused', () => {
    assert.equal(planned(type, { ...options, headers: 'x,y' }, headed).value.schema.fields?.length, 4);
    assert.throws(() => planned(type, options, { ...headed, headers: [header('key', 'k', TupleRef.BEFORE)] }), /Only some records/);
    assert.throws(() => planned(type, { ...options, fields: 'a' }, headed), /same number of elements/);
    assert.throws(() => planned(type, { ...options, fields: 'a,nope.b' }, headed), /"nope" is not a struct/);
  });
});
