import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { ConfigProviders } from '../../../src/connect/config-provider.ts';
import { parseColumns } from '../../../src/sources/csv/csv-columns.ts';
import { spoolDirClass } from '../../../src/sources/csv/class-names.ts';
import { generatedNames } from '../../../src/sources/csv/csv-options.ts';
import { NumberForm } from '../../../src/sources/csv/number-form.ts';
import { csvSourcePlugin } from '../../../src/sources/csv/plugin.ts';
import { ByteRegister } from '../../../src/text/value-register.ts';
import { configOf, CsvFixture, CsvRun } from './csv-fixture.ts';

async function linesOf(
  fixture: CsvFixture,
  text: string,
  config: Readonly<Record<string, string>>,
): Promise<{ lines: string[]; run: CsvRun }> {
  const file = fixture.path('a.csv');
  writeFileSync(file, text);
  const run = new CsvRun(fixture.source({ file, ...config }));
  const rows = text.trimEnd().split('\n').length - 1;
  await run.until(() => run.out.rows.length === rows);
  await run.stop();
  return { lines: run.lines, run };
}

const written = (form: NumberForm, text: string): string => {
  const into = new ByteRegister();
  const bytes = Buffer.from(text);
  form.write(bytes, 0, bytes.length, into);
  return Buffer.from(into.bytes.subarray(0, into.length)).toString();
};

test('numbers of any country come out as programs write them, and what is none as it was or as no number', () => {
  for (const [decimal, grouping] of [
    [',', '.'],
    [',', ' '],
    ['.', ','],
    ['.', "'"],
    [',', null],
  ] as const) {
    const form = new NumberForm(decimal, grouping);
    fc.assert(
      fc.property(
        fc.constantFrom('', '-', '+'),
        fc.bigInt({ min: 0n, max: 10n ** 15n }),
        fc.option(fc.nat(99_999)),
        (sign, whole, fraction) => {
          const digits = String(whole);
          const groups = grouping === null ? digits : digits.replaceAll(/\B(?=(\d{3})+$)/g, grouping);
          const tail = (point: string): string => (fraction === null ? '' : `${point}${fraction}`);
          assert.equal(written(form, `${sign}${groups}${tail(decimal)}`), `${sign}${digits}${tail('.')}`);
          assert.equal(written(form, `${sign}${digits}${tail(decimal)}`), `${sign}${digits}${tail('.')}`);
        },
      ),
      { numRuns: 50 },
    );
  }
  const german = new NumberForm(',', '.');
  for (const text of ['1.5', '12.34', '1.2345', '1..234', '.123', '1.234.5', 'a1,5', '1,5,5', '1,5e', '']) {
    assert.doesNotMatch(written(german, text), /^[-+]?\d+(\.\d+)?$/, text);
  }
  assert.equal(written(german, '1,5e-3'), '1.5e-3');
});

test('columns of numbers with commas are inferred and read, decimals too, and text stays what it is', async () => {
  using fixture = new CsvFixture();
  const text = 'id;price;net;note\n1;1.234,50;0,5;1,5 kg\n2;-7;1.000,25;x\n';
  const { lines, run } = await linesOf(fixture, text, {
    'csv.separator.char': ';',
    'csv.decimal.separator': ',',
    'csv.grouping.separator': '.',
    'column.types': 'net:decimal(9,2)',
  });
  assert.deepEqual(lines, ['1|1234.50|0.5|1,5 kg', '2|-7|1000.25|x']);
  assert.deepEqual(
    run.out.shapes[0]!.schema.columns.map((column) => column.schema.type),
    ['int64', 'float64', 'bytes', 'string'],
  );
});

test('a date with points is no number where points group digits', async () => {
  using fixture = new CsvFixture();
  const { run } = await linesOf(fixture, 'day;n\n21.02.2020;1.000\n', {
    'csv.separator.char': ';',
    'csv.decimal.separator': ',',
    'csv.grouping.separator': '.',
  });
  assert.deepEqual(
    run.out.shapes[0]!.schema.columns.map((column) => column.schema.type),
    ['string', 'int64'],
  );
});

test('patterns and zone of the spooldir connector hold for times without their own', async () => {
  using fixture = new CsvFixture();
  const config = {
    'parser.timestamp.date.formats': "dd.MM.yyyy HH:mm,yyyy/MM/dd'T'HH:mm:ss",
    'parser.timestamp.timezone': 'Europe/Berlin',
    columns: 'at:timestamp,own:timestamp("yyyyMMddHHmm",UTC),day:date,time:time',
    'csv.separator.char': ';',
  };
  const text =
    'at;own;day;time\n01.07.2020 02:30;202007010230;2020-07-01;10:00:00\n2020/12/01T02:30:00;202007010230;2020-07-01;10:00:00.5\n2020-07-01 02:30:00;202007010230;2020-07-01;10:00:00\n';
  const { lines } = await linesOf(fixture, text, config);
  assert.deepEqual(lines, [
    '2020-07-01 00:30:00|2020-07-01 02:30:00|2020-07-01|10:00:00',
    '2020-12-01 01:30:00|2020-07-01 02:30:00|2020-07-01|10:00:00.5',
    '2020-07-01 00:30:00|2020-07-01 02:30:00|2020-07-01|10:00:00',
  ]);
});

test('the zone holds for inferred times, also after a restart with the stored columns', async () => {
  using fixture = new CsvFixture();
  const text = 'id,at\n1,2020-07-01 02:30:00\n';
  const config = { 'parser.timestamp.timezone': '+02:00' };
  const { lines, run } = await linesOf(fixture, text, config);
  assert.deepEqual(lines, ['1|2020-07-01 00:30:00']);
  writeFileSync(fixture.path('a.csv'), `${text}2,2020-07-01 02:31:00\n`);
  const stored = [...run.out.offsets].map(([partition, offset]) => ({
    partition: JSON.parse(partition) as Record<string, string>,
    offset,
  }));
  const again = new CsvRun(fixture.source({ file: fixture.path('a.csv'), ...config }), stored);
  await again.until(() => again.out.rows.length === 1);
  await again.stop();
  assert.deepEqual(again.lines, ['2|2020-07-01 00:31:00']);
});

test('schema.generation.enabled makes optional text of everything, under the names of the spooldir connector', async () => {
  using fixture = new CsvFixture();
  const { run } = await linesOf(fixture, 'id,n\n1,007\n', {
    'schema.generation.enabled': 'true',
    'schema.generation.key.fields': 'id',
    'schema.generation.value.name': 'a.Row',
    'column.types': 'n:int?',
  });
  const { key, value } = run.out.shapes[0]!;
  assert.deepEqual([key!.schema.name, value.schema.name], [generatedNames.key, 'a.Row']);
  assert.deepEqual(
    value.schema.fields!.map(({ name, schema }) => [name, schema.type, schema.optional]),
    [
      ['id', 'string', false],
      ['n', 'int32', true],
    ],
  );
});

test('inferred columns are saved in a form that a config takes in again', async () => {
  using fixture = new CsvFixture();
  const saved = fixture.path('rides.properties');
  const { run } = await linesOf(fixture, 'id,"odd ""name"", \\ here",at\n1,x,2020-07-01\n', { 'schema.save.file': saved });
  assert.match(readFileSync(saved, 'utf8'), /^# Columns of .*\ncolumns=id:long/);
  const { columns } = new ConfigProviders({}, {}).resolve({ columns: `\${file:${saved}:columns}` });
  assert.deepEqual(
    parseColumns(columns!).map(({ name, type }) => [name, type]),
    [
      ['id', 'long'],
      ['odd "name", \\ here', 'string'],
      ['at', 'date'],
    ],
  );
  const again = await linesOf(fixture, 'id,"odd ""name"", \\ here",at\n1,x,2020-07-01\n', { columns: columns! });
  assert.deepEqual(again.run.out.shapes[0]!.value.schema.fields, run.out.shapes[0]!.value.schema.fields);
  const failing = new CsvRun(fixture.source({ file: fixture.path('a.csv'), 'schema.save.file': fixture.path('nowhere/x') }));
  await assert.rejects(
    failing.until(() => false),
    /schema.save.file .*nowhere/,
  );
});

const issues = (values: Readonly<Record<string, string>>): string[] => {
  const own = csvSourcePlugin.configKeys.flatMap((key) => {
    const complaint = values[key.name] === undefined ? null : (key.check?.(values[key.name]!) ?? null);
    return complaint === null ? [] : [`${key.name}: ${complaint}`];
  });
  return own.length > 0
    ? own
    : (csvSourcePlugin.validate?.(configOf({ file: 'a.csv', ...values })) ?? []).map((issue) => `${issue.key}: ${issue.message}`);
};

test('what has no effect that could be meant is refused with the reason', () => {
  assert.match(issues({ 'csv.strict.quotes': 'true' })[0]!, /can only be false: it would leave out all text outside quotes/);
  assert.match(issues({ 'csv.keep.carriage.return': 'true' })[0]!, /can only be false/);
  assert.match(issues({ 'csv.decimal.separator': ',', 'csv.grouping.separator': ',' })[0]!, /^csv.grouping.separator: .*same character/);
  assert.match(issues({ 'csv.grouping.separator': '5' })[0]!, /must be one of/);
  assert.match(issues({ 'parser.timestamp.date.formats': 'yyyy-QQ' })[0]!, /holds "QQ"/);
  assert.match(issues({ 'parser.timestamp.timezone': 'Mars' })[0]!, /no time zone "Mars"/);
  assert.deepEqual(
    issues({ 'connector.class': spoolDirClass, 'finished.path': '/f', 'task.index': '0', 'task.count': '1', 'batch.size': '10' }),
    [],
  );
});

test('a packing that cannot be unpacked is named, and the files before it are read', async () => {
  using fixture = new CsvFixture();
  mkdirSync(fixture.path('in'));
  writeFileSync(fixture.path('in/a.csv'), 'id\n1\n');
  writeFileSync(fixture.path('in/b.csv.bz2'), 'BZh9');
  const run = new CsvRun(fixture.source({ 'input.path': fixture.path('in'), 'input.file.pattern': '.*' }));
  await assert.rejects(
    run.until(() => run.out.rows.length > 1),
    /b.csv.bz2 is packed as bz2/,
  );
  assert.deepEqual(run.lines, ['1']);
});
