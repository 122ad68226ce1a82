import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';

import { avroSchemaText } from '../../../src/avro/avro-schema.ts';
import { avroValueWriter } from '../../../src/avro/avro-value-writer.ts';
import { jsonValueWriter } from '../../../src/json/json-value-writer.ts';
import { plainValueWriter } from '../../../src/json/plain-value-writer.ts';
import { oneVersion } from '../../../src/sources/postgres/row-versions.ts';
import { TypeCatalog, type TypeInfo } from '../../../src/sources/postgres/type-catalog.ts';
import { plainJson } from '../../support/plain-decoder.ts';
import { propertySettings } from '../../support/property.ts';
import { CellShape } from './cell-shape.ts';
import { testSettings } from './test-settings.ts';

const nothing: Omit<TypeInfo, 'oid' | 'name' | 'kind'> = {
  schema: 'public',
  elementOid: 0,
  baseOid: 0,
  baseTypmod: -1,
  notNull: false,
  labels: [],
  rangeOf: 0,
  attributes: [],
  versions: [],
};
const attribute = (name: string, number: number, typeOid: number, dropped = false): TypeInfo['attributes'][number] => ({
  name,
  number,
  typeOid,
  typmod: -1,
  dropped,
});

const infos: Readonly<Record<string, TypeInfo>> = Object.fromEntries(
  [
    {
      ...nothing,
      oid: 90_001,
      name: 'pair',
      kind: 'composite',
      attributes: [attribute('a', 1, 23), attribute('gone', 2, 0, true), attribute('b', 3, 25)],
    },
    { ...nothing, oid: 90_002, name: '_pair', kind: 'base', elementOid: 90_001 },
    {
      ...nothing,
      oid: 90_003,
      name: 'deep',
      kind: 'composite',
      attributes: [attribute('p', 1, 90_001), attribute('list', 2, 90_002), attribute('x', 3, 1186)],
    },
    { ...nothing, oid: 90_004, name: 'numbers', kind: 'composite', attributes: [attribute('a', 1, 23), attribute('b', 2, 701)] },
    { ...nothing, oid: 90_006, name: 'lost', kind: 'composite', attributes: [attribute('a', 1, 23), attribute('b', 2, 25)] },
    { ...nothing, oid: 90_007, name: '_lost', kind: 'base', elementOid: 90_006 },
    { ...nothing, oid: 90_005, name: 'odd name', kind: 'composite', attributes: [attribute('1st', 1, 23)] },
    { ...nothing, oid: 3904, schema: 'pg_catalog', name: 'int4range', kind: 'range', rangeOf: 23 },
    { ...nothing, oid: 4451, schema: 'pg_catalog', name: 'int4multirange', kind: 'multirange', rangeOf: 3904 },
    { ...nothing, oid: 3905, schema: 'pg_catalog', name: '_int4range', kind: 'base', elementOid: 3904 },
    { ...nothing, oid: 1007, schema: 'pg_catalog', name: '_int4', kind: 'base', elementOid: 23 },
    { ...nothing, oid: 1231, schema: 'pg_catalog', name: '_numeric', kind: 'base', elementOid: 1700 },
    { ...nothing, oid: 1009, schema: 'pg_catalog', name: '_text', kind: 'base', elementOid: 25 },
  ].map((info) => [info.name, info as TypeInfo]),
);

class ComposedTypes extends TypeCatalog {
  override has(oid: number): boolean {
    return this.get(oid) !== null;
  }

  override get(oid: number): TypeInfo | null {
    const found = Object.values(infos).find((info) => info.oid === oid);
    return found === undefined ? null : { ...found, versions: found.name === 'lost' ? [] : oneVersion(found.attributes) };
  }
}

const field = (name: string, type: string): string => `{"name":"${name}","type":["null",${type}],"default":null}`;
const builtin: Readonly<Record<string, number>> = {
  date: 1082,
  time: 1083,
  timestamp: 1114,
  timestamptz: 1184,
  interval: 1186,
  timetz: 1266,
  line: 628,
  circle: 718,
  box: 603,
  path: 602,
};
const structs = {
  'connector.class': 'millrace.PostgresSource',
  'array.handling.mode': 'struct',
  'range.handling.mode': 'struct',
  'geometric.handling.mode': 'struct',
  'time.precision.mode': 'structured',
};

function cellsOf(type: string, modes: Readonly<Record<string, string>> = structs, typmod = -1): CellShape {
  return new CellShape(new ComposedTypes(), testSettings(modes), infos[type]?.oid ?? builtin[type] ?? 0, typmod);
}

function decoded(type: string, text: string | null, modes?: Readonly<Record<string, string>>): unknown {
  return plainJson(cellsOf(type, modes).decoded(text));
}

const values: readonly (readonly [type: string, text: string, expected: unknown])[] = [
  ['pair', '(1,x)', { a: 1, b: 'x' }],
  ['pair', '(,)', { a: null, b: null }],
  ['pair', '(,"")', { a: null, b: '' }],
  ['pair', '(-7,"a ""b"" \\\\ (c),")', { a: -7, b: 'a "b" \\ (c),' }],
  ['_pair', '{"(1,x)",NULL}', { dimensions: [2], lower_bounds: [1], elements: [{ a: 1, b: 'x' }, null] }],
  ['int4range', '[1,6)', { lower: 1, upper: 6, lower_inclusive: true, upper_inclusive: false, empty: false }],
  ['int4range', '(,6]', { lower: null, upper: 6, lower_inclusive: false, upper_inclusive: true, empty: false }],
  ['int4range', 'empty', { lower: null, upper: null, lower_inclusive: false, upper_inclusive: false, empty: true }],
  ['int4multirange', '{}', []],
  ['_int4', '{}', { dimensions: [], lower_bounds: [], elements: [] }],
  ['_int4', '[0:2]={1,NULL,3}', { dimensions: [3], lower_bounds: [0], elements: [1, null, 3] }],
  ['_int4', '[-2147483648:-2147483648][7:8]={{1,2}}', { dimensions: [1, 2], lower_bounds: [-2_147_483_648, 7], elements: [1, 2] }],
  ['_int4', '{{{1},{2}},{{3},{4}}}', { dimensions: [2, 2, 1], lower_bounds: [1, 1, 1], elements: [1, 2, 3, 4] }],
  ['_text', '{{"a\\"b","{,}"},{NULL,"NULL"}}', { dimensions: [2, 2], lower_bounds: [1, 1], elements: ['a"b', '{,}', null, 'NULL'] }],
  ['line', '{-1,0,0}', { a: -1, b: 0, c: 0 }],
  ['circle', '<(1,2),3>', { center: { x: 1, y: 2, wkb: '0x0101000000000000000000f03f0000000000000040', srid: null }, radius: 3 }],
  [
    'path',
    '((1,2))',
    { wkb: '0x010200000001000000000000000000f03f0000000000000040', srid: null, extensions: { type: 'path', closed: 'true' } },
  ],
  ['date', '0044-03-15 BC', { year: -43, month: 3, day: 15, specialValue: null }],
  ['date', '-infinity', { year: null, month: null, day: null, specialValue: 'NEGATIVE_INFINITY' }],
  ['time', '24:00:00', { hour: 24, minute: 0, second: 0, nanos: 0, precision: 6 }],
  ['timetz', '24:00:00+05:30', { hour: 24, minute: 0, second: 0, nanos: 0, offsetSeconds: 19_800, precision: 6 }],
  ['timetz', '04:05:11-08', { hour: 4, minute: 5, second: 11, nanos: 0, offsetSeconds: -28_800, precision: 6 }],
  [
    'timestamp',
    '294276-12-31 23:59:59.999999',
    { year: 294_276, month: 12, day: 31, hour: 23, minute: 59, second: 59, nanos: 999_999_000, specialValue: null, precision: 6 },
  ],
  [
    'timestamptz',
    'infinity',
    {
      year: null,
      month: null,
      day: null,
      hour: null,
      minute: null,
      second: null,
      nanos: null,
      offsetSeconds: null,
      zoneId: null,
      specialValue: 'POSITIVE_INFINITY',
      precision: 6,
    },
  ],
  [
    'timestamptz',
    '2016-11-04 13:51:30.5+02',
    {
      year: 2016,
      month: 11,
      day: 4,
      hour: 11,
      minute: 51,
      second: 30,
      nanos: 500_000_000,
      offsetSeconds: 0,
      zoneId: 'Z',
      specialValue: null,
      precision: 6,
    },
  ],
  [
    'interval',
    '1 year 2 mons -3 days -04:05:06.789',
    { years: 1, months: 2, days: -3, hours: -4, minutes: -5, seconds: '-6', nanos: -789_000_000, precision: 6 },
  ],
];

for (const [type, text, expected] of values) {
  test(`${type}: ${text}`, () => assert.deepEqual(decoded(type, text), expected));
}

test('a struct says how fine its column is', () => {
  assert.equal((cellsOf('timestamp', structs, 3).decoded('2016-11-04 13:51:30.123') as { precision: number }).precision, 3);
  // interval year to month, interval(2).
  assert.equal((cellsOf('interval', structs, 0x6_ffff).decoded('1 year') as { precision: number }).precision, 6);
  assert.equal((cellsOf('interval', structs, 0x7fff_0002).decoded('00:00:01.25') as { precision: number }).precision, 2);
});

test('what is nested is written whole, in every format', () => {
  const text = '("(1,""x y"")","{""(2,\\\\""z\\\\"")"",NULL}","1 day")';
  const cells = cellsOf('deep', { 'connector.class': 'millrace.PostgresSource' });
  const expected = { p: { a: 1, b: 'x y' }, list: [{ a: 2, b: 'z' }, null], x: '86400000000' };
  assert.deepEqual(plainJson(cells.decoded(text)), expected);
  const json = cells.written(text, jsonValueWriter({ decimalNumeric: false })).toString();
  assert.deepEqual(JSON.parse(json), { ...expected, x: 86_400_000_000 });
  assert.equal(cells.written(text, plainValueWriter).toString(), 'Struct{p=Struct{a=1,b=x y},list=[Struct{a=2,b=z}, null],x=86400000000}');
});

test('structs are named after their types, once in each schema', () => {
  const { schemaText } = cellsOf('deep', { 'connector.class': 'millrace.PostgresSource' });
  assert.equal(
    schemaText,
    '["null",{"type":"record","name":"deep","namespace":"shop.public","fields":[' +
      '{"name":"p","type":["null",{"type":"record","name":"pair","fields":[{"name":"a","type":["null","int"],"default":null},' +
      '{"name":"b","type":["null","string"],"default":null}],"connect.name":"shop.public.pair"}],"default":null},' +
      '{"name":"list","type":["null",{"type":"array","items":["null","pair"]}],"default":null},' +
      '{"name":"x","type":["null",{"type":"long","connect.version":1,"connect.name":"io.debezium.time.MicroDuration"}],"default":null}' +
      '],"connect.name":"shop.public.deep"}]',
  );
  const odd = { 'connector.class': 'millrace.PostgresSource', 'schema.name.adjustment.mode': 'avro', 'field.name.adjustment.mode': 'avro' };
  assert.match(cellsOf('odd name', odd).schemaText, /"name":"odd_name".*"name":"_1st"/);
  const numeric = ((10 << 16) | 2) + 4;
  assert.match(cellsOf('_numeric', structs, numeric).schemaText, /"name":"_numeric_10_2","namespace":"shop.pg_catalog"/);
});

test('times as structs have the schemas that Debezium 3.7 builds', () => {
  const { schema } = cellsOf('timestamptz');
  const text = avroSchemaText({ ...schema, optional: false }, { connectMetaData: true });
  const byte = '{"type":"int","connect.type":"int8"}';
  assert.equal(
    text,
    `{"type":"record","name":"StructuredZonedTimestamp","namespace":"io.debezium.time","fields":[${[
      field('year', '"int"'),
      ...['month', 'day', 'hour', 'minute', 'second'].map((name) => field(name, byte)),
      field('nanos', '"int"'),
      field('offsetSeconds', '"int"'),
      field('zoneId', '"string"'),
      field('specialValue', '"string"'),
      field('precision', '"int"'),
    ].join()}],"connect.version":1,"connect.name":"io.debezium.time.StructuredZonedTimestamp"}`,
  );
  const names = (type: string): string => (cellsOf(type).schema.fields ?? []).map((each) => each.name).join();
  assert.equal(names('date'), 'year,month,day,specialValue');
  assert.equal(names('time'), 'hour,minute,second,nanos,precision');
  assert.equal(names('timetz'), 'hour,minute,second,nanos,offsetSeconds,precision');
  assert.equal(names('timestamp'), 'year,month,day,hour,minute,second,nanos,specialValue,precision');
  assert.equal(names('interval'), 'years,months,days,hours,minutes,seconds,nanos,precision');
});

test('by default arrays are arrays, a column named in array.struct.columns is not, and text takes any', () => {
  assert.deepEqual(decoded('_int4', '[0:1]={1,2}', {}), [1, 2]);
  assert.deepEqual(decoded('_int4', '{{1},{2}}', { 'array.handling.mode': 'text' }), '{{1},{2}}');
  assert.deepEqual(decoded('_int4', '{1}', { 'array.struct.columns': 'public.t.C' }), {
    dimensions: [1],
    lower_bounds: [1],
    elements: [1],
  });
  assert.throws(() => decoded('_int4', '{{1},{2}}', {}), { code: 'data.value', message: /one dimension.*array\.handling\.mode/ });
});

test('an unchanged value that was not sent has the placeholder where text can stand', () => {
  const text = '__debezium_unavailable_value';
  assert.deepEqual(decoded('path', null), { wkb: `0x${Buffer.from(text).toString('hex')}`, srid: null, extensions: null });
  assert.deepEqual(decoded('pair', null), { a: null, b: text });
  assert.deepEqual(decoded('_text', null), { dimensions: [1], lower_bounds: [1], elements: [text] });
  assert.deepEqual(decoded('_pair', null), { dimensions: [1], lower_bounds: [1], elements: [{ a: null, b: text }] });
  assert.deepEqual(decoded('deep', null), {
    p: { a: null, b: text },
    list: { dimensions: [1], lower_bounds: [1], elements: [{ a: null, b: text }] },
    x: null,
  });
  assert.deepEqual(decoded('numbers', null), { a: null, b: null }, 'no field has a placeholder');
  const none = { lower: null, upper: null, lower_inclusive: false, upper_inclusive: false, empty: true };
  assert.deepEqual(decoded('int4range', null), none, 'nor have the bounds');
  assert.deepEqual(decoded('lost', null), { a: null, b: text }, 'also where no text of the type can be read');
  assert.deepEqual(decoded('_lost', null), { dimensions: [1], lower_bounds: [1], elements: [null] });
  for (const type of ['line', 'circle']) {
    assert.throws(() => decoded(type, null), { code: 'data.value', message: /no placeholder/ }, `${type} is always sent`);
  }
});

test('of ranges, each counts a byte of the placeholder where its bounds are numbers', () => {
  const modes = { ...structs, 'array.handling.mode': 'array', 'unavailable.value.placeholder': 'no' };
  const bounds = { lower_inclusive: true, upper_inclusive: true, empty: false };
  const expected = [110, 111].map((count) => ({ lower: count, upper: count, ...bounds }));
  for (const type of ['int4multirange', '_int4range']) assert.deepEqual(decoded(type, null, modes), expected, type);
});

test('damaged text is a data error', () => {
  const broken: Readonly<Record<string, readonly string[]>> = {
    pair: ['', '1,x', '(1)', '(1,x,y)', '(1,"x)', '(a,x)', '()'],
    _int4: [
      '',
      '{',
      '{1',
      '{1}}',
      '{{1},{2,3}}',
      '{{1},2}',
      '{1,{2}}',
      '{{}}',
      '{1,}',
      '[0:1={1}',
      '[0:1]{1}',
      '[a:b]={1}',
      '[0:0][0:0]={1}',
      '{"1}',
      '{{{{{{{1}}}}}}}',
    ],
    int4range: ['', '[1', '1,2', '[1)', '[1,2,3)', '{1,2}', 'Empty'],
    int4multirange: ['', '[1,2)', '{[1,2}', '{[1,2)[3,4)}'],
    line: ['{1,2}', '(1,2,3)', '{1,2,3,4}'],
    circle: ['', '<1,2,3>', '<(1,2)>', '<(1,2),x>', '((1,2),3)'],
    box: ['', '(1,2)', '(1,2),(3)', '(1,2),(3,4),(5,6)'],
    path: ['', '[]', '(x,y)', '((1,2'],
    date: ['', '2020-13-01', '2020-01-01 00:00:00'],
    time: ['', '25:00:00', '10:00'],
    timetz: ['10:00:00', ''],
    timestamp: ['2020-01-01', '2020-01-01 00:00:00+00', ''],
    timestamptz: ['2020-01-01 00:00:00', ''],
    interval: ['', 'P1D', 'infinity', '99999999999:00:00'],
  };
  for (const [type, texts] of Object.entries(broken)) {
    const cells = cellsOf(type);
    for (const text of texts) assert.throws(() => cells.written(text, avroValueWriter), { code: 'data.value' }, `${type} ${text}`);
  }
});

test('text that is damaged anywhere is a data error or a value, never anything else', () => {
  const edit = fc.tuple(
    fc.nat(80),
    fc.nat(3),
    fc.string({ unit: fc.constantFrom(...Array.from('{}()[]<>,;:".=\\-+ 019eNULt')), maxLength: 3 }),
  );
  const shapes = new Map(values.map(([type]) => [type, cellsOf(type)]));
  fc.assert(
    fc.property(fc.constantFrom(...values), fc.array(edit, { minLength: 1, maxLength: 3 }), ([type, text], edits) => {
      const damaged = edits.reduce((now, [at, gone, more]) => now.slice(0, at) + more + now.slice(at + gone), text);
      try {
        shapes.get(type)?.decoded(damaged);
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'data.value', `${type} ${damaged}: ${String(error)}`);
      }
    }),
    { ...propertySettings(), numRuns: 1500 },
  );
});
