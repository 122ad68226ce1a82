import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import avro from 'avsc';
import { AvroConverter } from '../../../src/avro/avro-converter.ts';
import { subjectNameStrategy } from '../../../src/avro/subject-name.ts';
import { ByteSink } from '../../../src/base/byte-sink.ts';
import { Config } from '../../../src/connect/config.ts';
import type { Converter } from '../../../src/connect/converter.ts';
import { createTransforms } from '../../../src/connect/transforms/catalog.ts';
import { StringConverter } from '../../../src/json/string-converter.ts';
import { Change, Op } from '../../../src/record/change.ts';
import { ColumnKind } from '../../../src/record/column-kind.ts';
import type { Schema } from '../../../src/record/schema.ts';
import type { Shape } from '../../../src/record/shape.ts';
import { columnsOf, envelopeOf, optionsOf, stored, written, type Row } from './transform-run.ts';

const kafka = 'org.apache.kafka.connect.transforms';
const text: Schema = { type: 'string', optional: true };
const routing = {
  'transforms.R.type': 'io.debezium.transforms.partitions.PartitionRouting',
  'transforms.R.partition.payload.fields': 'after.id',
  'transforms.R.partition.topic.num': '8',
};
const unwrap = 'io.debezium.transforms.ExtractNewRecordState';
const insert = `${kafka}.InsertField$Value`;

const orders = (): Shape =>
  envelopeOf(
    'shop.public.orders',
    columnsOf({
      id: [ColumnKind.INT, 'int32'],
      tags: [ColumnKind.ARRAY, 'array', { items: text }],
      more: [ColumnKind.ARRAY, 'array?', { items: text }],
    }).map((column) =>
      column.schema.items === undefined ? column : { ...column, element: { name: 'e', kind: ColumnKind.STRING, schema: text, scale: -1 } },
    ),
  );
const rows: readonly Row[] = [
  { op: Op.CREATE, after: ['5', '{a,b}', '{c}'] },
  { op: Op.DELETE, before: ['6', '{a}', null] },
];

function partitionInto(field: string): Record<string, string> {
  return {
    transforms: 'R,U,A',
    ...routing,
    'transforms.U.type': unwrap,
    'transforms.A.type': insert,
    'transforms.A.partition.field': field,
    'transforms.A.topic.field': 'topic',
    'transforms.A.static.field': 'site',
    'transforms.A.static.value': 'north',
  };
}

describe('InsertField: the partition of the record', () => {
  it('as a transform before it chose it; where none did it is not known yet', async () => {
    const records = await stored(partitionInto('p'), orders(), rows.slice(0, 1));
    assert.deepEqual(
      records.map(({ partition, value }) => [partition, value]),
      [[5, '{"id":5,"tags":["a","b"],"more":["c"],"topic":"shop.public.orders","p":5,"site":"north"}']],
    );
    const only = { ...partitionInto('p'), transforms: 'U,A' };
    assert.deepEqual(
      (await stored(only, orders(), rows.slice(0, 1))).map(({ partition, value }) => [partition, JSON.parse(value ?? '').p]),
      [[-1, null]],
    );
    await assert.rejects(stored({ ...only, 'transforms.A.partition.field': 'p!' }, orders(), rows.slice(0, 1)), /none is chosen/);
  });

  it('of the source where that says one', async () => {
    const shape = { ...orders(), partition: 3 };
    const records = await stored(optionsOf(insert, { 'partition.field': 'p!' }), shape, rows);
    assert.deepEqual(
      records.map(({ partition, value }) => [partition, JSON.parse(value ?? '').p]),
      [
        [3, 3],
        [3, 3],
      ],
    );
  });
});

function refuse(transforms: string, reason: RegExp): Promise<void> {
  const config = {
    transforms,
    'transforms.U.type': unwrap,
    'transforms.M.type': `${kafka}.MaskField$Value`,
    'transforms.M.fields': 'tags',
    'transforms.X.type': `${kafka}.MaskField$Value`,
    'transforms.X.fields': 'tags',
    'transforms.X.replacement': 'x',
    'transforms.C.type': `${kafka}.Cast$Value`,
    'transforms.C.spec': 'tags:string',
  };
  return assert.rejects(stored(config, orders(), rows.slice(0, 1)), reason, transforms);
}

describe('MaskField: arrays and maps', () => {
  const columns = {
    id: { type: 'int32', optional: false },
    tags: { type: 'array', optional: false, items: text },
    more: { type: 'array', optional: true, items: text },
    named: { type: 'map', optional: false, items: text },
    pairs: { type: 'map', optional: true, keys: { type: 'int32', optional: false }, items: text },
  } as const satisfies Record<string, Schema>;
  const fields = Object.entries(columns).map(([name, schema]) => ({ name, schema }));
  const shape: Shape = {
    ...orders(),
    value: {
      kind: 'struct',
      presence: null,
      schema: { type: 'struct', optional: false, name: 'Order', fields },
      fields: fields.map(({ name, schema }) => ({ name, node: { kind: 'constant', schema, value: schema.type === 'int32' ? 7 : null } })),
    },
  };

  async function bytes(converter: Converter, part = 'value'): Promise<Buffer> {
    const mask = optionsOf(`${kafka}.MaskField$Value`, { fields: 'id,tags,more,named,pairs' });
    const [transform] = createTransforms(Config.of(mask));
    const masked = transform?.plan(shape, Op.CREATE)?.shape;
    assert.ok(masked !== undefined);
    const node =
      part === 'value'
        ? masked.value
        : masked.value.kind === 'struct'
          ? masked.value.fields.find(({ name }) => name === part)?.node
          : undefined;
    assert.ok(node !== undefined);
    const encoder = await converter.compile(node, { topic: 'orders', part: 'value', schema: masked.schema });
    const out = new ByteSink(Buffer.alloc(1000));
    encoder?.encode(new Change(masked.schema, 0, () => ''), out);
    return out.bytes.subarray(0, out.at);
  }

  it('hold nothing, as in Kafka Connect, optional or not', async () => {
    let schema = '';
    const registry = { idOf: (_subject: string, of: string): Promise<number> => ((schema = of), Promise.resolve(1)) };
    const subjectName = subjectNameStrategy('TopicNameStrategy');
    const avroBytes = await bytes(new AvroConverter(registry, { schema: { connectMetaData: true }, subjectName }));
    const type = avro.Type.forSchema(JSON.parse(schema) as avro.Schema, { wrapUnions: false });
    assert.equal(JSON.stringify(type.fromBuffer(avroBytes.subarray(5))), '{"id":0,"tags":[],"more":[],"named":{},"pairs":[]}');
    const [record] = await written(optionsOf(`${kafka}.MaskField$Value`, { fields: 'id,tags,more,named,pairs' }), shape, rows.slice(0, 1));
    assert.deepEqual(record?.value, { id: 0, tags: [], more: [], named: {}, pairs: [] });
    assert.equal((await bytes(new StringConverter(), 'tags')).toString(), '[]');
    assert.equal((await bytes(new StringConverter(), 'named')).toString(), '{}');
  });

  it('are no texts: neither a replacement nor a cast', async () => {
    await refuse('U,X', /Cannot mask value of type array/);
    await refuse('U,C', /Cast cannot turn field "tags" \(array\)/);
    await refuse('U,M,C', /Cast cannot turn field "tags" \(array\)/);
  });
});
