import assert from 'node:assert/strict';
import { test } from 'node:test';

import { avroSchemaText } from '../../../src/avro/avro-schema.ts';
import { avroValueWriter } from '../../../src/avro/avro-value-writer.ts';
import { jsonValueWriter } from '../../../src/json/json-value-writer.ts';
import { extensionType } from '../../../src/sources/postgres/extension-type.ts';
import { TypeCatalog } from '../../../src/sources/postgres/type-catalog.ts';
import { readEwkb } from '../../../src/text/extension-text.ts';
import type { ValueWriter } from '../../../src/text/row-program.ts';
import { ByteRegister } from '../../../src/text/value-register.ts';
import { plainJson } from '../../support/plain-decoder.ts';
import { CellShape } from './cell-shape.ts';
import { testSettings } from './test-settings.ts';

const types = ['geometry', 'geography', 'vector', 'halfvec', 'sparsevec', '_geometry', '_vector', '_halfvec', '_sparsevec'];
const firstOid = 90_000;

/** PostGIS and pgvector are not among the extensions that every server brings: what they print stands here. */
class ExtensionTypes extends TypeCatalog {
  override has(): boolean {
    return true;
  }

  override get(oid: number): ReturnType<TypeCatalog['get']> {
    const name = types[oid - firstOid];
    if (name === undefined) return null;
    const elementOid = name.startsWith('_') ? firstOid + types.indexOf(name.slice(1)) : 0;
    return {
      oid,
      schema: 'public',
      name,
      kind: 'base',
      elementOid,
      baseOid: 0,
      baseTypmod: -1,
      notNull: false,
      labels: [],
      rangeOf: 0,
      attributes: [],
      versions: [],
    };
  }
}

function cellsOf(type: string): CellShape {
  return new CellShape(new ExtensionTypes(), testSettings(), firstOid + types.indexOf(type));
}

/** One cell through the whole program; null: unchanged and not sent. */
function written(type: string, text: string | null, writer: ValueWriter): Buffer {
  return cellsOf(type).written(text, writer);
}

function decoded(type: string, text: string | null): unknown {
  return plainJson(cellsOf(type).decoded(text));
}

const json = jsonValueWriter({ decimalNumeric: false });
const placeholder = Buffer.from('__debezium_unavailable_value');
const point = '0101000020730C00001C7C613255DE6540787AA52C435C42C0';
const bigEndian = '00200000010000007B3FF00000000000004000000000000000';
const noSrid = '0101000000000000000000F03F0000000000000040';

const values: readonly (readonly [type: string, text: string, expected: unknown, json: string])[] = [
  ['geometry', point, { wkb: `0x${point.toLowerCase()}`, srid: 3187 }, `{"wkb":"${base64(point)}","srid":3187}`],
  ['geometry', bigEndian, { wkb: `0x${bigEndian.toLowerCase()}`, srid: 123 }, `{"wkb":"${base64(bigEndian)}","srid":123}`],
  ['geometry', noSrid, { wkb: `0x${noSrid.toLowerCase()}`, srid: null }, `{"wkb":"${base64(noSrid)}","srid":null}`],
  ['geography', point, { wkb: `0x${point.toLowerCase()}`, srid: 3187 }, `{"wkb":"${base64(point)}","srid":3187}`],
  [
    '_geometry',
    `{${noSrid}:NULL}`,
    [{ wkb: `0x${noSrid.toLowerCase()}`, srid: null }, null],
    `[{"wkb":"${base64(noSrid)}","srid":null},null]`,
  ],
  ['vector', '[1,-2.5,1e-07]', [1, -2.5, 1e-7], '[1,-2.5,1e-07]'],
  ['halfvec', '[0.5,65504]', [0.5, 65_504], '[0.5,65504]'],
  [
    'sparsevec',
    '{1:1.5,3:-2}/5',
    {
      dimensions: 5,
      vector: [
        { key: 1, value: 1.5 },
        { key: 3, value: -2 },
      ],
    },
    '{"dimensions":5,"vector":[[1,1.5],[3,-2]]}',
  ],
  ['sparsevec', '{}/3', { dimensions: 3, vector: [] }, '{"dimensions":3,"vector":[]}'],
];

function base64(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64');
}

for (const [type, text, expected, asJson] of values) {
  test(`${type}: ${text.slice(0, 20)}`, () => {
    assert.deepEqual(decoded(type, text), expected);
    assert.equal(written(type, text, json).toString(), asJson);
  });
}

function schemaText(type: string): string {
  return avroSchemaText({ ...cellsOf(type).schema, optional: false }, { connectMetaData: true });
}

function nameEnd(simple: string): string {
  return `"connect.version":1,"connect.name":"io.debezium.data.${simple}"}`;
}

test('schemas as Debezium 3.6.1 builds them', () => {
  assert.equal(
    schemaText('geography'),
    '{"type":"record","name":"Geography","namespace":"io.debezium.data.geometry","fields":[{"name":"wkb","type":"bytes"},' +
      `{"name":"srid","type":["null","int"],"default":null}],"connect.doc":"Geography",${nameEnd('geometry.Geography')}`,
  );
  assert.equal(schemaText('vector'), `{"type":"array","items":"double",${nameEnd('DoubleVector')}`);
  assert.equal(schemaText('halfvec'), `{"type":"array","items":"float",${nameEnd('FloatVector')}`);
  assert.match(schemaText('sparsevec'), /"name":"vector","type":\{"type":"array","items":\{"type":"record","name":"MapEntry"/);
});

test('a geometry column is optional also where it is NOT NULL; no value is read beyond its end', () => {
  assert.deepEqual(
    ['geometry', 'geography'].map((type) => extensionType(type, firstOid, 'text')?.schema.optional),
    [true, false],
  );
  const row = Buffer.from(point);
  assert.throws(() => readEwkb(row, 0, 16, false, new ByteRegister()), { code: 'data.value' });
});

test('an unchanged value that was not sent has a placeholder, so that no update is refused for it', () => {
  assert.deepEqual(decoded('geometry', null), { wkb: `0x${placeholder.toString('hex')}`, srid: null });
  assert.deepEqual(decoded('vector', null), [...placeholder]);
  assert.deepEqual(decoded('sparsevec', null), { dimensions: 0, vector: [] });
  for (const type of ['_vector', '_halfvec']) assert.deepEqual(decoded(type, null), [[...placeholder]], type);
  assert.deepEqual(decoded('_sparsevec', null), [{ dimensions: 0, vector: [] }]);
});

test('damaged text is a data error', () => {
  const broken: readonly (readonly [type: string, text: string])[] = [
    ['geometry', ''],
    ['geometry', 'POINT(1 2)'],
    ['geometry', point.slice(0, 12)],
    ['geometry', `${point}0`],
    ['geometry', `${noSrid.slice(0, -2)}zz`],
    ['vector', '1,2'],
    ['vector', '(1,2)'],
    ['vector', '[1,x]'],
    ['sparsevec', '{1:2}'],
    ['sparsevec', '{1:2}/'],
    ['sparsevec', '{1}/2'],
    ['sparsevec', '{99999:1}/5'],
  ];
  for (const [type, text] of broken) assert.throws(() => written(type, text, avroValueWriter), { code: 'data.value' }, `${type} ${text}`);
});
