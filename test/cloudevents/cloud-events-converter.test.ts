import assert from 'node:assert/strict';
import { test } from 'node:test';
import avro from 'avsc';
import type { Schema as AvroSchema } from 'avsc';
import { AvroConverter } from '../../src/avro/avro-converter.ts';
import { subjectNameStrategy } from '../../src/avro/subject-name.ts';
import { apicurioConverterPlugin } from '../../src/avro/apicurio-converter.ts';
import { avroConverterPlugin } from '../../src/avro/avro-converter.ts';
import { ByteSink } from '../../src/base/byte-sink.ts';
import { silentLog } from '../../src/base/log.ts';
import { CloudEventsConverter } from '../../src/cloudevents/cloud-events-converter.ts';
import type { EventFormat } from '../../src/cloudevents/cloud-events-converter.ts';
import { parseMetadataSource } from '../../src/cloudevents/metadata-source.ts';
import { cloudEventsConverterPlugin, withoutUser } from '../../src/cloudevents/plugin.ts';
import { Config } from '../../src/connect/config.ts';
import type { Converter, ConverterContext } from '../../src/connect/converter.ts';
import { planShape } from '../../src/connect/shape-plan.ts';
import type { RowPlan } from '../../src/connect/shape-plan.ts';
import type { RowTarget } from '../../src/connect/transform.ts';
import { withDefaults } from '../../src/connect/plugin.ts';
import { jsonConverterPlugin } from '../../src/json/json-converter.ts';
import { Change, Op, TupleRef } from '../../src/record/change.ts';
import { ColumnKind } from '../../src/record/column-kind.ts';
import type { RowSchema } from '../../src/record/row-schema.ts';
import type { Schema } from '../../src/record/schema.ts';
import type { HeaderNode, Node, StructNode } from '../../src/record/shape.ts';
import { registerCount, SourceRegisters } from '../../src/sources/postgres/registers.ts';
import { buildEnvelope } from '../../src/sources/postgres/envelope.ts';
import { testSettings } from '../sources/postgres/test-settings.ts';
import { fillTuple } from '../support/sample-shape.ts';

const writers = { json: jsonConverterPlugin, apicurio: apicurioConverterPlugin, confluent: avroConverterPlugin };
const plugin = cloudEventsConverterPlugin(writers);
const int = { type: 'int32', optional: false } as const;
const rows: RowSchema = {
  id: 7,
  name: 'public.orders',
  key: Uint16Array.of(0),
  columns: [
    { name: 'id', kind: ColumnKind.INT, scale: -1, schema: int },
    { name: 'kind', kind: ColumnKind.STRING, scale: -1, schema: { type: 'string', optional: true } },
  ],
};

const envelope = buildEnvelope({
  schema: 'public',
  table: 'orders',
  settings: testSettings({ 'topic.prefix': 'shop', 'database.dbname': 'sales-db', 'provide.transaction.metadata': 'true' }),
  rowSchema: rows,
  captured: [0],
  fieldNames: ['id'],
  valueSchemas: [int],
  masks: [null],
});

const context: ConverterContext = { topic: 'shop.public.orders', part: 'value', schema: rows };
const lsn = 26_441_986_440;

function converter(options: Readonly<Record<string, string>>): Converter {
  return plugin.create(withDefaults(Config.of(options), plugin.configKeys), { isKey: false, log: silentLog });
}

/** A row inserted by transaction 42 at 2026-11-23T10:00:00.123456Z; `kind` is not captured. */
function inserted(kind: string | null = null): Change {
  const change = new Change(rows, registerCount, () => 'here');
  const registers = new SourceRegisters(change);
  registers.beginTransaction(1_795_428_000_123_456, 42);
  registers.setLastCommitLsn(Math.floor((lsn - 8) / 2 ** 32), (lsn - 8) | 0);
  registers.setLsn(Math.floor(lsn / 2 ** 32), lsn | 0);
  change.op = Op.CREATE;
  fillTuple(change.after, ['5', kind]);
  return change;
}

async function written(made: Converter, node: Node = envelope.value, place: ConverterContext = context): Promise<Buffer> {
  const encoder = await made.compile(node, place);
  assert.ok(encoder !== null);
  const small = new ByteSink(Buffer.alloc(10));
  encoder.encode(inserted(), small);
  assert.ok(small.overflowed);
  // What did not fit says exactly how much it takes.
  const out = new ByteSink(Buffer.alloc(small.at));
  encoder.encode(inserted(), out);
  assert.ok(!out.overflowed);
  return out.bytes.subarray(0, out.at);
}

const attributes = {
  id: `name:shop;lsn:${lsn};txId:42;sequence:["${lsn - 8}","${lsn}"]`,
  source: '/debezium/postgresql/shop',
  specversion: '1.0',
  type: 'io.debezium.connector.postgresql.DataChangeEvent',
  time: '2026-11-23T10:00:00.123Z',
};

test('a change in JSON: attributes, integers of 64 bits as texts, then the images', async () => {
  const event = JSON.parse((await written(converter({ 'json.schemas.enable': 'false' }))).toString()) as Record<string, unknown>;
  assert.deepEqual(event, {
    ...attributes,
    datacontenttype: 'application/json',
    iodebeziumop: 'c',
    iodebeziumversion: event['iodebeziumversion'],
    iodebeziumconnector: 'postgresql',
    iodebeziumname: 'shop',
    iodebeziumtsms: '1795428000123',
    iodebeziumsnapshot: 'false',
    iodebeziumdb: 'sales-db',
    iodebeziumsequence: `["${lsn - 8}","${lsn}"]`,
    iodebeziumtsus: '1795428000123456',
    iodebeziumtsns: '1795428000123456000',
    iodebeziumschema: 'public',
    iodebeziumtable: 'orders',
    iodebeziumtxId: '42',
    iodebeziumlsn: String(lsn),
    iodebeziumxmin: null,
    iodebeziumorigin: null,
    iodebeziumoriginlsn: null,
    iodebeziumtxid: null,
    iodebeziumtxtotalorder: null,
    iodebeziumtxdatacollectionorder: null,
    data: { before: null, after: { id: 5 } },
  });
});

test('the data brings its schema, the event has none', async () => {
  const event = JSON.parse((await written(converter({ 'extension.attributes.enable': 'false' }))).toString()) as {
    data: { schema: { name: string }; payload: unknown };
  };
  const { data, ...rest } = event;
  assert.deepEqual(rest, { ...attributes, datacontenttype: 'application/json' });
  assert.equal(data.schema.name, 'io.debezium.connector.postgresql.Data');
  assert.deepEqual(data.payload, { before: null, after: { id: 5 } });
});

function avroWriter(): { readonly writer: Converter; readonly schemas: Map<string, string> } {
  const schemas = new Map<string, string>();
  const ids = {
    idOf: (subject: string, text: string): Promise<number> => {
      schemas.set(subject, text);
      return Promise.resolve(schemas.size);
    },
  };
  const subjectName = subjectNameStrategy('TopicNameStrategy');
  return { writer: new AvroConverter(ids, { schema: { connectMetaData: true }, subjectName }), schemas };
}

function events(format: EventFormat): Converter {
  const metadata = parseMetadataSource('value');
  assert.ok(typeof metadata !== 'string');
  const options = { metadata, schemaName: null, schemaNames: 'avro', extensions: false, tracing: false } as const;
  return new CloudEventsConverter(format, options, silentLog);
}

function decoded(bytes: Buffer, schema: string | undefined): Record<string, unknown> {
  assert.ok(schema !== undefined);
  return avro.Type.forSchema(JSON.parse(schema) as AvroSchema, { wrapUnions: false }).fromBuffer(bytes.subarray(5)) as Record<
    string,
    unknown
  >;
}

test('data in Avro is bytes with the id of its schema, and the event says where that is', async () => {
  const { writer, schemas } = avroWriter();
  const json = jsonConverterPlugin.create(Config.of({ 'schemas.enable': 'false', 'decimal.format': 'BASE64' }), {
    isKey: false,
    log: silentLog,
  });
  const mixed = JSON.parse(
    (await written(events({ kind: 'json-avro', event: json, data: writer, registry: 'http://registry:8081' }))).toString(),
  ) as Record<string, string>;
  const { data, ...rest } = mixed;
  assert.deepEqual(rest, { ...attributes, datacontenttype: 'application/avro', dataschema: 'http://registry:8081/schemas/ids/1' });
  assert.equal(
    JSON.stringify(decoded(Buffer.from(String(data), 'base64'), schemas.get('shop.public.orders-value'))),
    '{"before":null,"after":{"id":5}}',
  );

  const both = avroWriter();
  const event = decoded(
    await written(events({ kind: 'avro', event: both.writer, registry: 'http://registry:8081' })),
    both.schemas.get('shop.public.orders-value'),
  );
  assert.equal(event['id'], attributes.id);
  assert.equal(
    JSON.stringify(decoded(event['data'] as Buffer, both.schemas.get('shop.public.orders-data-value'))),
    '{"before":null,"after":{"id":5}}',
  );
  assert.match(both.schemas.get('shop.public.orders-value') ?? '', /"name":"Envelope","namespace":"shop.sales_db.CloudEvents"/);
});

function header(name: string, node: Node | undefined): HeaderNode {
  assert.ok(node !== undefined);
  return { name, node, ops: null, presence: null };
}

test('source, operation and name of the data come from headers, whose types are told', async () => {
  const fields = (envelope.value as StructNode).fields;
  const field = (name: string): Node | undefined => fields.find((each) => each.name === name)?.node;
  const headers = [
    header('op', field('op')),
    header('source', field('source')),
    header('dataSchemaName', { kind: 'constant', schema: { type: 'string', optional: false }, value: 'Order' }),
  ];
  const row: Node = {
    kind: 'struct',
    presence: null,
    schema: { type: 'struct', optional: false, name: 'row', fields: [{ name: 'id', schema: int }] },
    fields: [{ name: 'id', node: { kind: 'column', schema: int, tuple: TupleRef.AFTER, column: 0 } }],
  };
  const made = converter({
    'metadata.source': 'header, id:generate, type:generate, dataSchemaName:header',
    'schema.data.name.source.header.enable': 'true',
  });
  const event = JSON.parse((await written(made, row, { ...context, headers, headersDescribed: true })).toString()) as Record<
    string,
    unknown
  >;
  assert.equal(event['id'], attributes.id);
  assert.deepEqual((event['data'] as { payload: unknown }).payload, { id: 5 });
  assert.equal((event['data'] as { schema: { name: string } }).schema.name, 'Order');
  await assert.rejects(made.compile(row, { ...context, headers, headersDescribed: false }), /does not say which type/);
  assert.equal(await made.compile(row, { ...context, headers: [], headersDescribed: true }), null, 'no change');
});

test('the name of the data may differ by row: each is a schema of its own', async () => {
  const { writer, schemas } = avroWriter();
  const metadata = parseMetadataSource('value,dataSchemaName:header');
  assert.ok(typeof metadata !== 'string');
  const options = { metadata, schemaName: null, schemaNames: 'avro', extensions: false, tracing: false } as const;
  const made = new CloudEventsConverter({ kind: 'avro', event: writer, registry: 'http://registry:8081' }, options, silentLog);
  const json = jsonConverterPlugin.create(Config.of({ 'schemas.enable': 'true', 'decimal.format': 'BASE64' }), {
    isKey: false,
    log: silentLog,
  });
  const text: Schema = { type: 'string', optional: true };
  const headers = [header('dataSchemaName', { kind: 'column', schema: text, tuple: TupleRef.AFTER, column: 1 })];
  const shape = { ...envelope, topic: context.topic, headers, schema: rows };
  const planner = { transforms: [], keyConverter: json, valueConverter: made, headerConverter: json };
  const plans = await planShape(shape, planner);
  const route = plans[Op.CREATE]?.route;
  assert.ok(route !== undefined && route !== null);
  const numbers = ['shop.Order', 'shop.Return', 'shop.Order'].map((kind) => route.rows.choose(inserted(kind)));
  assert.deepEqual(numbers, [0, 1, 0]);
  for (const [number, name] of ['Order', 'Return'].entries()) {
    const target: RowTarget | undefined = route.rows.targets[number];
    const plan: RowPlan | null = target === undefined ? null : await route.open(target);
    assert.equal(plan?.topic, 'shop.public.orders');
    const out = new ByteSink(Buffer.alloc(10_000));
    plan.value?.encode(inserted(), out);
    const event = decoded(out.bytes.subarray(0, out.at), schemas.get('shop.public.orders-value'));
    const data = schemas.get('shop.public.orders-data-value') ?? '';
    assert.match(data, new RegExp(`^.{0,20}"name":"${name}","namespace":"shop"`));
    assert.equal(JSON.stringify(decoded(event['data'] as Buffer, data)), '{"before":null,"after":{"id":5}}');
  }
  assert.throws(() => route.rows.choose(inserted(null)), /no text in the header "dataSchemaName"/);
  assert.equal(plans[Op.TOMBSTONE]?.route, null);
});

function named(schema: Schema, value: string | number): Node {
  return { kind: 'constant', schema, value };
}

test('attributes from headers are plain strings, whatever their columns are called', async () => {
  const { writer, schemas } = avroWriter();
  const metadata = parseMetadataSource('value,id:header,type:header');
  assert.ok(typeof metadata !== 'string');
  const options = { metadata, schemaName: null, schemaNames: 'avro', extensions: false, tracing: false } as const;
  const made = new CloudEventsConverter({ kind: 'avro', event: writer, registry: 'http://registry:8081' }, options, silentLog);
  const type = header('type', named({ type: 'string', optional: false }, 'Ordered'));
  const uuid = header('id', named({ type: 'string', optional: true, name: 'io.debezium.data.Uuid', version: 1 }, 'one'));
  const bytes = await written(made, envelope.value, { ...context, headers: [type, uuid], headersDescribed: true });
  const text = schemas.get('shop.public.orders-value') ?? '';
  assert.match(text, /"fields":\[\{"name":"id","type":"string"\}/);
  const event = decoded(bytes, text);
  assert.deepEqual([event['id'], event['type']], ['one', 'Ordered']);
  const number = header('id', named({ type: 'int8', optional: false }, 7));
  const place = { ...context, headers: [type, number], headersDescribed: true };
  await assert.rejects(made.compile(envelope.value, place), /a header "id" that is no string/);
});

test('what is no change is null; an event that lacks something is refused by name', async () => {
  const other: Node = {
    kind: 'struct',
    presence: null,
    schema: { type: 'struct', optional: false, name: 'Heartbeat', fields: [] },
    fields: [],
  };
  assert.equal(await converter({}).compile(other, context), null);
  await assert.rejects(
    async () => converter({ 'opentelemetry.tracing.attributes.enable': 'true' }).compile(envelope.value, context),
    /no header "traceparent"/,
  );
  await assert.rejects(async () => converter({ 'metadata.source': 'value,id:header' }).compile(envelope.value, context), /no header "id"/);
  const named = { 'metadata.source': 'value,dataSchemaName:header', 'schema.data.name.source.header.enable': 'true' };
  await assert.rejects(async () => converter(named).compile(envelope.value, context), /no header "dataSchemaName"/);
  const number = header('dataSchemaName', { kind: 'constant', schema: int, value: 7 });
  await assert.rejects(
    async () => converter(named).compile(envelope.value, { ...context, headers: [number], headersDescribed: true }),
    /a header "dataSchemaName" that is no text/,
  );
  const unasked = converter({ ...named, 'schema.data.name.source.header.enable': 'false' });
  assert.equal(unasked.textHeader, undefined);
  assert.ok((await unasked.compile(envelope.value, context)) !== null, 'the name is made');
});

test('configurations that cannot be meant are refused by name, and addresses are told without their passwords', () => {
  assert.throws(() => converter({ 'serializer.type': 'avro' }), /data.serializer.type/);
  assert.throws(() => converter({ 'data.serializer.type': 'avro' }), /avro.schema.registry.url/);
  const check = plugin.configKeys.find(({ name }) => name === 'metadata.source')?.check;
  assert.match(check?.('nowhere') ?? '', /neither/);
  assert.match(check?.('value,subject:header') ?? '', /"subject"/);
  assert.match(check?.('value,id:value') ?? '', /header or generate for id/);
  assert.equal(check?.('Header, id:GENERATE'), null);
  assert.equal(withoutUser('http://ann:secret@one:1/a@b, https://two:2'), 'http://one:1/a@b,https://two:2');
});
