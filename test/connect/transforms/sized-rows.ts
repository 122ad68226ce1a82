import type { CellRewrite } from '../../../src/record/cell-rewrite.ts';
import { ColumnKind } from '../../../src/record/column-kind.ts';
import type { Column } from '../../../src/record/row-schema.ts';
import type { Schema } from '../../../src/record/schema.ts';
import type { Shape } from '../../../src/record/shape.ts';
import { columnsOf, envelopeOf } from './transform-run.ts';

const K = ColumnKind;
const text: Schema = { type: 'string', optional: true };

function plain(name: string, kind: ColumnKind, schema: Schema, scale = -1): Column {
  return { name, kind, schema, scale };
}

function listOf(name: string, item: Column): Column {
  return { ...plain(name, K.ARRAY, { type: 'array', optional: true, items: item.schema }), element: item };
}

function rewritten(name: string, rewrite: CellRewrite, element: Column): Column {
  return { ...plain(name, K.REWRITTEN, element.schema), rewrite, element };
}

const strings = plain('s', K.STRING, text);
const fields = [plain('a', K.INT, { type: 'int32', optional: true }), strings];
const row: Schema = { type: 'struct', optional: true, fields: fields.map(({ name, schema }) => ({ name, schema })) };
const geometry: readonly Column[] = [
  plain('wkb', K.BYTES_HEX, { type: 'bytes', optional: false }),
  plain('srid', K.INT, { type: 'int32', optional: true }),
];

/** A column of each kind that counts in its own way, with the text of a value. */
const columns: readonly (readonly [column: Column, value: string])[] = [
  [plain('n', K.LONG, { type: 'int64', optional: true }), '12345678901'],
  [plain('yes', K.BOOLEAN, { type: 'boolean', optional: true }), 't'],
  [plain('words', K.STRING, text), 'Ümläut 😀'],
  [plain('raw', K.BYTES_HEX, { type: 'bytes', optional: true }), '\\x00ff41'],
  [plain('b64', K.BYTES_BASE64, text), '\\x00ff4142'],
  [plain('url', K.BYTES_BASE64_URL, text), '\\x00ff'],
  [plain('hex', K.BYTES_HEX_TEXT, text), '\\x00ff41'],
  [plain('day', K.ISO_DATE, text), '2020-01-02'],
  [plain('zoned', K.ZONED_TIMESTAMP, text), '2020-01-02 03:04:05.678+00'],
  [plain('zoned3', K.ZONED_TIMESTAMP, text, 3), '2020-01-02 03:04:05+00'],
  [plain('zone', K.ZONED_TIME, text), '03:04:05.5+02'],
  [plain('iso', K.ISO_TIMESTAMP, text), '2020-01-02 03:04:05.25'],
  [plain('pairs', K.HSTORE_JSON, text), '"a"=>"1", "ü"=>NULL'],
  [
    plain(
      'price',
      K.DECIMAL,
      { type: 'bytes', optional: true, name: 'org.apache.kafka.connect.data.Decimal', version: 1, parameters: { scale: '2' } },
      2,
    ),
    '-327.68',
  ],
  [
    plain(
      'cost',
      K.DECIMAL,
      { type: 'bytes', optional: true, name: 'org.apache.kafka.connect.data.Decimal', version: 1, parameters: { scale: '2' } },
      2,
    ),
    '327.68',
  ],
  [
    plain('bits', K.BITS, { type: 'bytes', optional: true, name: 'io.debezium.data.Bits', version: 1, parameters: { length: '12' } }),
    '000100000001',
  ],
  [
    plain('at', K.POINT, {
      type: 'struct',
      optional: true,
      fields: [
        { name: 'x', schema: { type: 'float64', optional: false } },
        { name: 'y', schema: { type: 'float64', optional: false } },
        { name: 'wkb', schema: { type: 'bytes', optional: true } },
        { name: 'srid', schema: { type: 'int32', optional: true } },
      ],
    }),
    '(1,2)',
  ],
  [
    plain('any', K.VARIABLE_SCALE_DECIMAL, {
      type: 'struct',
      optional: true,
      fields: [
        { name: 'scale', schema: { type: 'int32', optional: false } },
        { name: 'value', schema: { type: 'bytes', optional: false } },
      ],
    }),
    '123456.7800',
  ],
  [listOf('list', strings), '{a,NULL,"b \\"c"}'],
  [listOf('numbers', plain('i', K.INT, { type: 'int32', optional: true })), '{1,NULL,3}'],
  [
    { ...plain('map', K.MAP, { type: 'map', optional: true, keys: { type: 'string', optional: false }, items: text }), element: strings },
    '{"a","1","b",NULL}',
  ],
  [{ ...plain('row', K.STRUCT, row), fields }, '{"1","two"}'],
  [rewritten('cut', { kind: 'truncate', inner: strings, units: 3 }, strings), 'abcdef'],
  [rewritten('vector', { kind: 'vector' }, listOf('vector', plain('i', K.FLOAT64, { type: 'float64', optional: false }))), '[1,2.5]'],
  [
    rewritten(
      'place',
      { kind: 'ewkb', extended: false },
      {
        ...plain('place', K.STRUCT, { type: 'struct', optional: true, fields: geometry.map(({ name, schema }) => ({ name, schema })) }),
        fields: geometry,
      },
    ),
    '0101000020E6100000000000000000F03F0000000000000040',
  ],
];

export function sizedShape(): Shape {
  return envelopeOf('shop.public.kinds', [...columnsOf({ id: [K.INT, 'int32'] }), ...columns.map(([column]) => column)]);
}

export const fullRow: readonly string[] = ['1', ...columns.map(([, value]) => value)];
export const emptyRow: readonly (string | null)[] = ['1', ...columns.map(() => null)];
