import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ColumnKind } from '../../../src/record/column-kind.ts';
import { CellState, TupleView } from '../../../src/record/tuple-view.ts';
import { formatColumns, parseColumns, toColumn, type CsvColumn } from '../../../src/sources/csv/csv-columns.ts';
import type { Shape } from '../../../src/record/shape.ts';
import { csvOptions } from '../../../src/sources/csv/csv-options.ts';
import { configOf } from './csv-fixture.ts';
import { csvShape, schemaNameOf } from '../../../src/sources/csv/csv-shape.ts';
import { ColumnInference } from '../../../src/sources/csv/infer-columns.ts';

test('what is written of columns is read back, whatever their names', () => {
  const column: fc.Arbitrary<CsvColumn> = fc.record(
    {
      name: fc.oneof(fc.string({ minLength: 1 }), fc.constantFrom('a b', ' a', 'a:b,c', '"', 'größe', '_x-1.y')),
      type: fc.constantFrom('int', 'long', 'string', 'decimal(10,2)', 'timestamp_micros'),
      optional: fc.boolean(),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.array(column), (columns) => {
      assert.deepEqual(parseColumns(formatColumns(columns)), columns);
    }),
  );
});

test('types go by several names, and unknown ones are refused with the list', () => {
  assert.deepEqual(
    parseColumns('a:INTEGER, b : decimal( 10 , 2 )?,c:numeric(5),d:text').map(({ type }) => type),
    ['int', 'decimal(10,2)', 'decimal(5,0)', 'string'],
  );
  for (const [text, message] of [
    ['a:integr', /Column "a" has the unknown type "integr"/],
    ['a:decimal(2,3)', /unknown type "decimal\(2,3\)"/],
    ['a:toString', /unknown type/],
    ['a', /"a" is not/],
    ['a:int b:int', /"a:int b:int" is not/],
  ] as const) {
    assert.throws(() => parseColumns(text), { code: 'config.invalid', message });
  }
});

/** Everything of a declared column but its name. */
const columnOf = (text: string): unknown => {
  const { name: _, ...column } = toColumn(parseColumns(text)[0]!);
  return column;
};

test('types are Connect schemas', () => {
  assert.deepEqual(columnOf('a:int'), { kind: ColumnKind.INT, scale: -1, schema: { type: 'int32', optional: false } });
  assert.deepEqual(columnOf('a:date?'), {
    kind: ColumnKind.DATE_DAYS,
    scale: -1,
    schema: { type: 'int32', name: 'org.apache.kafka.connect.data.Date', version: 1, optional: true },
  });
  assert.deepEqual(columnOf('a:decimal(10,2)'), {
    kind: ColumnKind.DECIMAL,
    scale: 2,
    schema: {
      type: 'bytes',
      optional: false,
      name: 'org.apache.kafka.connect.data.Decimal',
      version: 1,
      parameters: { scale: '2', 'connect.decimal.precision': '10' },
    },
  });
});

/** The type inferred for one column of these cells; an empty cell is null. */
function typeOf(...cells: string[]): string {
  const inference = new ColumnInference(1);
  for (const cell of cells) {
    const row = new TupleView(1);
    row.bytes = Buffer.from(cell);
    row.count = 1;
    row.end[0] = row.bytes.length;
    row.state[0] = cell === '' ? CellState.NULL : CellState.TEXT;
    inference.add(row);
  }
  return inference.columns(['a'], [])[0]!.type;
}

test('the narrowest type that holds every cell is inferred, and nothing a number would not give back', () => {
  const cases: [string, string[]][] = [
    ['boolean', ['true', 'FALSE', '']],
    ['long', ['0', '-17', '9223372036854775807']],
    ['string', ['9223372036854775808']],
    ['double', ['1', '.80', '8', '-1.5e3', '+0.5']],
    ['string', ['1.5', '9007199254740993']],
    ['string', ['1.23456789012345678']],
    ['string', ['007', '8']],
    ['string', ['1', 'true']],
    ['string', ['+49']],
    ['date', ['2024-02-29', '1999-12-31']],
    ['string', ['2023-02-29']],
    ['string', ['2024-01-01', '2024-01-01 00:00:00']],
    ['timestamp', ['2020-07-01 00:25:32', '2020-07-01T00:25:32.123']],
    ['timestamp_micros', ['2020-07-01 00:25:32', '2020-07-01 00:25:32.123456']],
    ['timestamptz', ['2020-07-01T00:25:32Z', '2020-07-01T00:25:32+02:00']],
    ['string', ['2020-07-01 24:00:00']],
    ['string', ['1,5']],
    ['string', ['']],
    ['string', []],
    ['string', ['x'.repeat(100), '1']],
  ];
  for (const [type, cells] of cases) assert.equal(typeOf(...cells), type, JSON.stringify(cells));
});

test('every inferred column is optional but those of the key', () => {
  const inference = new ColumnInference(2);
  assert.deepEqual(
    inference.columns(['a', 'b'], ['b']).map(({ optional }) => optional),
    [true, false],
  );
});

const shapeOf = (columns: string, key: string): Shape =>
  csvShape(parseColumns(columns), csvOptions(configOf({ file: 'a', 'key.fields': key })).shape).shape;

test('the key has its fields in the order given, and records are named after the topic', () => {
  const shape = shapeOf('a:int,b:string,c:long', 'c,a');
  assert.deepEqual(
    shape.key!.schema.fields!.map(({ name }) => name),
    ['c', 'a'],
  );
  assert.deepEqual([...shape.schema.key], [2, 0]);
  assert.equal(shapeOf('a:int', '').key, null);
  assert.deepEqual(['rides', 'a-b.c', '1.2x', 'a..b'].map(schemaNameOf), ['rides', 'a_b.c', '_1._2x', 'a._.b']);
});
