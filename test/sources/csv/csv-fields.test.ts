import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { ColumnKind } from '../../../src/record/column-kind.ts';
import { parseFields } from '../../../src/sources/csv/csv-fields.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { CsvFixture, CsvRun } from './csv-fixture.ts';

test('fields are columns, with types and names, or constants', () => {
  const plain = { constant: null, type: null, optional: false };
  assert.deepEqual(
    parseFields(
      `a, b:int? as B ,"c, d":string as "C ""D""",trip km:timestamp("d.M.yyyy, HH:mm",Europe/Berlin),'it''s':string as note,'5':int as n`,
    ),
    [
      { ...plain, column: 'a', name: 'a' },
      { ...plain, column: 'b', type: 'int', optional: true, name: 'B' },
      { ...plain, column: 'c, d', type: 'string', name: 'C "D"' },
      { ...plain, column: 'trip km', type: 'timestamp("d.M.yyyy, HH:mm",Europe/Berlin)', name: 'trip km' },
      { ...plain, column: null, constant: "it's", type: 'string', name: 'note' },
      { ...plain, column: null, constant: '5', type: 'int', name: 'n' },
    ],
  );
  assert.deepEqual(parseFields('VendorID as vendor_id'), [{ ...plain, column: 'VendorID', name: 'vendor_id' }]);
  for (const [text, message] of [
    ['a:int,,b', /",b" is not/],
    ["'x':string", /is not/],
    ['a:float128', /unknown type "float128"/],
    ['a,b as a', /"a" is listed twice/],
  ] as const) {
    assert.throws(() => parseFields(text), { code: 'config.invalid', message }, text);
  }
});

test('columns are chosen, typed twice, put into arrays, and constants added', async () => {
  using fixture = new CsvFixture();
  const file = fixture.path('a.csv');
  writeFileSync(file, 'id,note,at,n\n7,"say ""hi"" \\",1.7.2020,\n8,x,2.7.2020,4\n');
  const fields = `note:string[] as notes,id:int,id:string as text,at:date("d.M.yyyy"),n:int?,'NYC':string as city`;
  const run = new CsvRun(
    fixture.source({
      file,
      'value.fields': fields,
      'key.fields': 'id:string as k',
      'key.form': 'single',
      'csv.null.field.indicator': 'NEITHER',
    }),
  );
  await run.until(() => run.out.rows.length === 2);
  await run.stop();
  assert.deepEqual(run.lines, [String.raw`{"say \"hi\" \\"}|7|7|2020-07-01|null`, '{"x"}|8|8|2020-07-02|4']);
  const [shape] = run.out.shapes;
  assert.deepEqual(
    shape!.schema.columns.map(({ kind }) => kind),
    [ColumnKind.ARRAY, ColumnKind.INT, ColumnKind.STRING, ColumnKind.DATE_DAYS, ColumnKind.INT],
  );
  assert.deepEqual(
    shape!.value.schema.fields!.map(({ name, schema }) => `${name}:${schema.type}${schema.optional ? '?' : ''}`),
    ['notes:array', 'id:int32', 'text:string', 'at:int32', 'n:int32?', 'city:string'],
  );
  assert.deepEqual([shape!.key!.kind, shape!.key!.schema.type], ['column', 'string']);
  assert.equal(run.out.offsets.get('{"filename":"a.csv"}')!['schema'], undefined, 'no type was inferred, so none is stored');
});

test('fields that the file does not have are told before a row is read', async () => {
  using fixture = new CsvFixture();
  const file = fixture.path('a.csv');
  writeFileSync(file, 'id,note\n1,a\n');
  for (const config of [{ 'value.fields': 'nota:string' }, { 'key.fields': 'nota' }, { 'shift.to.now': 'nota' }]) {
    const failure = await new CsvRun(fixture.source({ file, ...config })).failure();
    assert.match(String(failure), /there is no column "nota"/);
  }
});

test('the time of a record is that of a column, with its pattern and zone, or of the file', async () => {
  using fixture = new CsvFixture();
  const file = fixture.path('a.csv');
  writeFileSync(file, 'id,at\n1,01.07.2020 00:25\n2,never\n3,01.07.2020 00:27\n');
  const field = { 'timestamp.mode': 'FIELD', 'timestamp.field': 'at:timestamp("dd.MM.yyyy HH:mm",Europe/Berlin)' };
  const run = new CsvRun(fixture.source({ file, ...field }));
  await run.until(() => run.out.rows.length === 2);
  await run.stop();
  assert.deepEqual(
    run.out.rows.map(({ timestampMs }) => timestampMs),
    [Date.UTC(2020, 5, 30, 22, 25), Date.UTC(2020, 5, 30, 22, 27)],
  );
  assert.match(run.out.failures[0]!.message, /line 3: the column of timestamp\.field holds no time/);
});

test('shifted, the first column is now, others keep their distance, and so does the time of the record', async () => {
  using fixture = new CsvFixture();
  const file = fixture.path('a.csv');
  writeFileSync(file, 'from,to\n2020-07-01 00:00:00,2020-07-01 00:10:30\n');
  const now = Date.UTC(2026, 0, 1, 0, 0, 5, 700);
  const config = { 'shift.to.now': 'to,from', 'timestamp.mode': 'FIELD', 'timestamp.field': 'from', columns: 'from:timestamp,to:string' };
  const run = new CsvRun(fixture.source({ file, ...config }, new ManualClock(now)));
  await run.until(() => run.out.rows.length === 1);
  await run.stop();
  assert.deepEqual(run.out.rows[0]!.cells.slice(0, 2), ['2025-12-31 23:49:35', '2026-01-01 00:00:05']);
  assert.equal(run.out.rows[0]!.timestampMs, Date.UTC(2025, 11, 31, 23, 49, 35));
});
