import { nextRowSchemaId } from '../../src/record/row-schema.ts';
import type { Schema } from '../../src/record/schema.ts';
import { kindSamples } from './cell-samples.ts';
import { debeziumShape } from './sample-shape.ts';

const record = (name: string | undefined, fields: Readonly<Record<string, Schema>>, more: Partial<Schema> = {}): Schema => ({
  type: 'struct',
  optional: false,
  ...(name === undefined ? {} : { name }),
  fields: Object.entries(fields).map(([field, schema]) => ({ name: field, schema })),
  ...more,
});

const decimal = (scale: number, precision: number | null, more: Partial<Schema> = {}): Schema => ({
  type: 'bytes',
  optional: false,
  name: 'org.apache.kafka.connect.data.Decimal',
  version: 1,
  parameters: { scale: String(scale), ...(precision === null ? {} : { 'connect.decimal.precision': String(precision) }) },
  ...more,
});

const connect = (type: Schema['type'], name: string): Schema => ({
  type,
  optional: false,
  name: `org.apache.kafka.connect.data.${name}`,
  version: 1,
});
const optional = (schema: Schema): Schema => ({ ...schema, optional: true });
const plain = (type: Schema['type'], more: Partial<Schema> = {}): Schema => ({ type, optional: false, ...more });

const envelope = debeziumShape({
  id: nextRowSchemaId(),
  name: 'test.public.samples',
  key: new Uint16Array(0),
  columns: kindSamples.map((sample, index) => ({
    name: `c${index}`,
    kind: sample.kind,
    scale: sample.scale,
    element: sample.element,
    schema: { ...sample.schema, optional: index % 2 === 0 },
  })),
}).schema;

const inner = record('app.Inner', { a: plain('int32') });

/** Connect schemas whose Avro and JSON texts are known from Connect's own converters: see golden/schemas.json. */
export const schemaSamples: Readonly<Record<string, Schema>> = {
  envelope,
  key: record('app.public.orders.Key', { id: plain('int64'), region: plain('string') }),
  types: record(
    'app.Types',
    Object.fromEntries(
      (['int8', 'int16', 'int32', 'int64', 'float32', 'float64', 'boolean', 'string', 'bytes'] as const).flatMap((type) => [
        [type, plain(type)],
        [`${type}_optional`, plain(type, { optional: true })],
      ]),
    ),
  ),
  logical: record('app.Logical', {
    d: connect('int32', 'Date'),
    t: connect('int32', 'Time'),
    ts: optional(connect('int64', 'Timestamp')),
    wide: decimal(2, 10),
    bare: decimal(2, null),
    fallback: decimal(2, 10, { default: Uint8Array.of(0x00, 0x80), optional: true }),
  }),
  defaults: record('app.Defaults', {
    i8: plain('int8', { default: 7 }),
    i32: plain('int32', { default: 0 }),
    i64: plain('int64', { default: 9_007_199_254_740_993n, optional: true }),
    f32: plain('float32', { default: 3.3 }),
    f64: plain('float64', { default: 0 }),
    large: plain('float64', { default: 1.5e10 }),
    small: plain('float64', { default: 0.00012 }),
    flag: plain('boolean', { default: false }),
    text: plain('string', { default: 'a "quoted" \u0001 \u007f ü \n / text', optional: true }),
    empty: plain('string', { default: '' }),
    bytes: plain('bytes', { default: Uint8Array.of(0, 1, 31, 65, 127, 128, 255), optional: true }),
  }),
  documented: record(
    'app.Documented',
    {
      a: plain('string', { doc: 'of the field' }),
      b: plain('int32', { optional: true, doc: 'opt', version: 3, parameters: { x: 'y', a: 'b' } }),
    },
    { doc: 'of the record', version: 4, parameters: { table: 'orders' } },
  ),
  nested: record('app.Outer', {
    first: inner,
    second: optional(inner),
    other: record('elsewhere.Inner', { a: plain('string') }),
    again: record('elsewhere.Inner', { a: plain('string') }),
    list: { type: 'array', optional: true, items: optional(inner) },
  }),
  collections: record('app.Collections', {
    list: { type: 'array', optional: false, items: plain('int32') },
    named: { type: 'array', optional: true, name: 'io.debezium.data.DoubleVector', version: 1, items: plain('float64') },
    map: { type: 'map', optional: false, keys: plain('string'), items: plain('string', { optional: true }) },
    entries: { type: 'map', optional: false, keys: plain('int16'), items: plain('float64') },
    named_entries: { type: 'map', optional: true, name: 'app.Entry', keys: plain('int32'), items: plain('string') },
  }),
  unnamed: record(undefined, {
    a: plain('int32'),
    b: record(undefined, { c: plain('string') }),
    d: record(undefined, { c: plain('string') }),
    e: record(undefined, { f: plain('string') }),
  }),
  no_namespace: record('Bare', {
    a: plain('int32'),
    b: record('Other', { c: plain('string') }),
    d: record('Other', { c: plain('string') }),
  }),
  string: plain('string'),
  optional_string: plain('string', { optional: true }),
  named_long: plain('int64', { name: 'io.debezium.time.MicroTimestamp', version: 1 }),
};
