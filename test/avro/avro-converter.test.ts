import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AvroConverter, avroConverterPlugin } from '../../src/avro/avro-converter.ts';
import { subjectNameStrategy } from '../../src/avro/subject-name.ts';
import { ByteSink } from '../../src/base/byte-sink.ts';
import { ConnectError } from '../../src/base/errors.ts';
import { silentLog } from '../../src/base/log.ts';
import { Config } from '../../src/connect/config.ts';
import { Change, TupleRef } from '../../src/record/change.ts';
import { ColumnKind } from '../../src/record/column-kind.ts';
import { nextRowSchemaId } from '../../src/record/row-schema.ts';
import type { RowSchema } from '../../src/record/row-schema.ts';
import type { Schema } from '../../src/record/schema.ts';
import type { StructNode } from '../../src/record/shape.ts';
import { assertAvroBody } from '../support/avro-oracle.ts';
import { fillTuple } from '../support/sample-shape.ts';

const rows: RowSchema = {
  id: nextRowSchemaId(),
  name: 'app.public.orders',
  key: Uint16Array.of(0),
  columns: [{ name: 'id', kind: ColumnKind.INT, scale: -1, schema: { type: 'int32', optional: false } }],
};

function key(schema: Schema): StructNode {
  return {
    kind: 'struct',
    presence: null,
    schema: { type: 'struct', optional: false, name: 'app.public.orders.Key', fields: [{ name: 'id', schema }] },
    fields: [{ name: 'id', node: { kind: 'column', tuple: TupleRef.ROW, column: 0, schema } }],
  };
}

function converter(strategy = 'TopicNameStrategy'): { readonly converter: AvroConverter; readonly registered: [string, string][] } {
  const registered: [string, string][] = [];
  const ids = {
    idOf: (subject: string, text: string): Promise<number> => {
      registered.push([subject, text]);
      return Promise.resolve(0x0102_0304);
    },
  };
  return {
    converter: new AvroConverter(ids, { schema: { connectMetaData: true }, subjectName: subjectNameStrategy(strategy) }),
    registered,
  };
}

const context = { topic: 'orders', part: 'key', schema: rows } as const;

test('a payload is a zero byte, the schema id and the Avro body', async () => {
  const { converter: avro, registered } = converter();
  const node = key({ type: 'int32', optional: false });
  const encoder = await avro.compile(node, context);
  const change = new Change(rows, 0, () => 'here');
  fillTuple(change.after, ['42']);
  const out = new ByteSink(Buffer.alloc(64));
  encoder.encode(change, out);
  assert.deepEqual([...out.bytes.subarray(0, 5)], [0, 1, 2, 3, 4]);
  assertAvroBody(node.schema, out.bytes.subarray(5, out.at), { id: 42 });
  assert.deepEqual(registered, [
    [
      'orders-key',
      '{"type":"record","name":"Key","namespace":"app.public.orders","fields":[{"name":"id","type":"int"}],"connect.name":"app.public.orders.Key"}',
    ],
  ]);
});

test('subjects are named by the strategy', async () => {
  const subjects = {
    TopicNameStrategy: 'orders-key',
    RecordNameStrategy: 'app.public.orders.Key',
    TopicRecordNameStrategy: 'orders-app.public.orders.Key',
  };
  for (const [strategy, subject] of Object.entries(subjects)) {
    for (const name of [strategy, `io.confluent.kafka.serializers.subject.${strategy}`]) {
      const { converter: avro, registered } = converter(name);
      await avro.compile(key({ type: 'int32', optional: false }), context);
      assert.equal(registered[0]?.[0], subject);
    }
  }
  assert.throws(() => subjectNameStrategy('com.example.Mine'), /Unknown subject name strategy "com.example.Mine"/);
});

test('a shape that cannot be written registers nothing', async () => {
  const { converter: avro, registered } = converter();
  await assert.rejects(
    avro.compile(key({ type: 'bytes', optional: false }), context),
    (error) => error instanceof ConnectError && error.code === 'data.shape' && /"id" cannot be written as bytes/.test(error.message),
  );
  assert.deepEqual(registered, []);
});

test('a cast writes under its target type', async () => {
  for (const [schema, value] of [
    [{ type: 'int64', optional: true }, 42n],
    [{ type: 'string', optional: false }, '42'],
    [{ type: 'float64', optional: false }, 42],
  ] as const) {
    const { converter: avro } = converter();
    const node = key(schema);
    const encoder = await avro.compile(node, context);
    const change = new Change(rows, 0, () => 'here');
    fillTuple(change.after, ['42']);
    const out = new ByteSink(Buffer.alloc(64));
    encoder.encode(change, out);
    assertAvroBody(node.schema, out.bytes.subarray(5, out.at), { id: value });
  }
});

test('the plugin answers to the names that configurations in the field use, with defaults for all keys but the address', () => {
  assert.equal(avroConverterPlugin.className, 'io.confluent.connect.avro.AvroConverter');
  const required = avroConverterPlugin.configKeys.filter((config) => config.default === undefined).map((config) => config.name);
  assert.deepEqual(required, ['schema.registry.url']);
  const values = Object.fromEntries(avroConverterPlugin.configKeys.map((config) => [config.name, config.default ?? null]));
  const create = (more: Readonly<Record<string, string>>) =>
    avroConverterPlugin.create(Config.of({ ...values, ...more }), { isKey: true, log: silentLog });
  assert.ok(create({ 'schema.registry.url': 'http://localhost:8081' }));
  assert.throws(
    () => create({ 'schema.registry.url': 'http://localhost:8081', 'basic.auth.credentials.source': 'USER_INFO' }),
    /basic.auth.user.info is missing/,
  );
});
