import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { ConnectError, describeError } from '../../../src/base/errors.ts';
import type { SourceOffset } from '../../../src/record/offset.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { CsvFixture, CsvRun } from './csv-fixture.ts';
import { dialect, table, writeCsv, writeOptions } from './csv-text.ts';
import { unreadable } from '../../../src/sources/csv/csv-file.ts';
import type { CsvDialect } from '../../../src/sources/csv/csv-dialect.ts';

const fast = { 'poll.interval.ms': '1' };

const dialectConfig = ({ separator, quote, escape }: CsvDialect): Record<string, string> => ({
  'csv.separator.char': String(separator),
  'csv.quote.char': String(quote),
  'csv.escape.char': String(escape),
});

test('a file becomes flat rows of one declared shape, and the source stays idle until it is stopped', async () => {
  using fixture = new CsvFixture();
  const file = fixture.path('a.csv');
  writeFileSync(file, 'id,name,at\n1,Ann,2020-07-01 00:25:32\n2,,2020-07-02 01:02:03');
  const run = new CsvRun(fixture.source({ file, 'key.fields': 'id', 'schema.name': 'people.Person' }));
  await run.until(() => run.out.rows.length === 2);
  assert.deepEqual(run.lines, ['1|Ann|2020-07-01 00:25:32', '2|null|2020-07-02 01:02:03']);
  assert.deepEqual(
    run.out.rows.map((row) => row.place),
    ['file a.csv line 2', 'file a.csv line 3'],
  );
  const [shape] = run.out.shapes;
  assert.equal(run.out.shapes.length, 1);
  assert.equal(shape!.topic, 'rides');
  assert.equal(shape!.value.schema.name, 'people.Person');
  assert.deepEqual(
    shape!.value.schema.fields!.map(({ name, schema }) => [name, schema.type, schema.optional, schema.name]),
    [
      ['id', 'int64', false, undefined],
      ['name', 'string', true, undefined],
      ['at', 'int64', true, 'org.apache.kafka.connect.data.Timestamp'],
    ],
  );
  assert.equal(shape!.key!.schema.name, 'rides.Key');
  assert.deepEqual([...shape!.schema.key], [0]);
  assert.deepEqual(await run.stop(), [
    {
      partition: { filename: 'a.csv' },
      offset: {
        position: 59,
        line: 3,
        fingerprint: run.out.offsets.get('{"filename":"a.csv"}')!['fingerprint'],
        schema: 'id:long,name:string?,at:timestamp?',
      },
    },
  ]);
  const metrics = await fixture.metrics.text();
  for (const line of [
    'millrace_csv_rows_total{connector="csv"} 2',
    'millrace_csv_bytes_total{connector="csv"} 48',
    'millrace_csv_lag_bytes{connector="csv"} 0',
  ]) {
    assert.ok(metrics.includes(line), line);
  }
});

test('the dead letter of any row is its text as it stands in the file', async () => {
  using fixture = new CsvFixture();
  const file = fixture.path('a.csv');
  const lines = ['1,plain\n', '"2","quoted ""twice"", and\nbroken"\r\n', '3,\n', '4,last'];
  writeFileSync(file, `\uFEFFid,text\n${lines[0]}\n\r\n${lines.slice(1).join('')}`);
  const run = new CsvRun(fixture.source({ file }));
  await run.until(() => run.out.rows.length === 4);
  await run.stop();
  assert.deepEqual(
    run.out.rows.map((row) => row.raw),
    lines,
  );
  writeFileSync(file, Buffer.from('id,text\n1,\u00fc\n', 'latin1'));
  const latin = new CsvRun(fixture.source({ file, 'csv.file.charset': 'ISO-8859-1' }));
  await latin.until(() => latin.out.rows.length === 1);
  await latin.stop();
  assert.equal(latin.out.rows[0]!.raw, '1,\u00fc\n', 'the bytes of the file');
});

test('in any dialect, killed at any row and started again, every row comes exactly once', async () => {
  await fc.assert(
    fc.asyncProperty(
      table,
      dialect,
      writeOptions,
      fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 }),
      async (rows, how, options, kills) => {
        using fixture = new CsvFixture();
        const file = fixture.path('a.csv');
        const columns = rows[0]!.map((_, at) => `c${at}`);
        writeFileSync(file, writeCsv([columns, ...rows], how, options));
        const config = {
          file,
          columns: columns.map((name) => `${name}:string`).join(','),
          'csv.null.field.indicator': 'NEITHER',
          ...dialectConfig(how),
        };
        const seen: (readonly (string | null)[])[] = [];
        let offsets: readonly SourceOffset[] = [];
        for (const after of kills) {
          // What came after the last seal is lost with the process, as an aborted transaction would be.
          const run = new CsvRun(fixture.source(config), offsets, (out, stop) => {
            out.onBoundary = () => {
              if (out.rows.length === after) {
                seen.push(...out.rows.map((row) => row.cells));
                out.seal();
              } else if (out.rows.length > after) stop();
            };
          });
          await run.until(() => run.out.rows.length >= Math.min(after + 1, rows.length - seen.length));
          if (run.out.rows.length < after) {
            seen.push(...run.out.rows.map((row) => row.cells));
            offsets = await run.stop();
          } else {
            offsets = run.out.stored();
            await run.stop();
          }
          if (seen.length === rows.length) break;
        }
        const rest = new CsvRun(fixture.source(config), offsets);
        await rest.until(() => rest.out.rows.length >= rows.length - seen.length);
        await rest.stop();
        assert.deepEqual([...seen, ...rest.out.rows.map((row) => row.cells)], rows);
      },
    ),
    { numRuns: 60 },
  );
});

test('a full batch holds the source up, and nothing is lost by it', async () => {
  using fixture = new CsvFixture();
  const file = fixture.path('a.csv');
  writeFileSync(file, `id\n${Array.from({ length: 1000 }, (_, at) => at).join('\n')}`);
  const run = new CsvRun(fixture.source({ file }), [], (out) => {
    out.roomRows = 7;
  });
  await run.until(() => run.out.rows.length === 1000);
  await run.stop();
  assert.deepEqual(
    run.lines,
    Array.from({ length: 1000 }, (_, at) => String(at)),
  );
});

test('stopped inside a chunk, no further row is emitted', async () => {
  using fixture = new CsvFixture();
  const file = fixture.path('a.csv');
  writeFileSync(file, `id\n${Array.from({ length: 100 }, (_, at) => at).join('\n')}\n`);
  const run = new CsvRun(fixture.source({ file }), [], (out, stop) => {
    out.onBoundary = () => {
      if (out.rows.length === 5) stop();
    };
  });
  const offsets = await run.stop();
  assert.ok(run.out.rows.length <= 5);
  const next = new CsvRun(fixture.source({ file }), offsets);
  await next.until(() => next.out.rows.length === 100 - run.out.rows.length);
  await next.stop();
});

test('lines that are no rows are rejected with file, line and column, and the rows around them arrive', async () => {
  using fixture = new CsvFixture();
  const file = fixture.path('a.csv');
  writeFileSync(
    file,
    Buffer.concat([Buffer.from('id,name\n1,a\n2\n3,b\n4,'), Buffer.from([0xff]), Buffer.from('\n5,"x"y\n6,c\n7,"never\n')]),
  );
  const config = { file, columns: 'id:int,name:string?' };
  const run = new CsvRun(fixture.source(config));
  await run.until(() => run.out.rows.length + run.out.failures.length === 7);
  assert.deepEqual(run.lines, ['1|a', '3|b', '6|c']);
  assert.deepEqual(
    run.out.failures.map(describeError).map((text) => text.split(' Remedy')[0]),
    [
      'CSV file a.csv line 3: the line has 1 cells and the file has 2 columns, from column 2 (name) on they are missing.',
      'CSV file a.csv line 5, column 2 (name): the bytes are not valid utf-8.',
      'CSV file a.csv line 6, column 2 (name): text follows the closing quote of a cell.',
      'CSV file a.csv line 8, column 2 (name): a quote opens and no quote closes it within 1048576 bytes of the file.',
    ],
  );
  assert.ok(run.out.failures.every((failure) => failure.code === 'data.row' && failure.remedy !== null));
  assert.deepEqual(
    run.out.raws.map((raw) => raw.slice(0, 3)),
    ['2\n', '4,\uFFFD', '5,"', '7,"'],
  );
  const [stored] = await run.stop();
  assert.equal(stored!.offset!['line'], 8);

  const strict = new CsvRun(fixture.source(config), [], (out) => {
    out.tolerant = false;
  });
  const failure = await strict.failure();
  assert.ok(failure instanceof ConnectError && failure.code === 'data.row');
  assert.deepEqual(strict.lines, ['1|a']);
  const [before] = strict.out.seal();
  assert.equal(before!.offset!['line'], 2);
});

test('a folder is read in the order of names, each file with its own offset', async () => {
  using fixture = new CsvFixture();
  for (const [name, rows] of [
    ['b.csv', '3\n'],
    ['a.csv', '1\n2\n'],
    ['c.csv', ''],
    ['d.csv', '4'],
    ['e.txt', '9\n'],
  ] as const) {
    writeFileSync(fixture.path(name), `id\n${rows}`);
  }
  mkdirSync(fixture.path('f.csv'));
  const config = { 'input.path': fixture.folder, 'input.file.pattern': '[a-z]\\.csv' };
  const run = new CsvRun(fixture.source(config));
  await run.until(() => run.out.rows.length === 4);
  const offsets = await run.stop();
  assert.deepEqual(run.lines, ['1', '2', '3', '4']);
  assert.deepEqual(
    offsets.map(({ partition, offset }) => [partition['filename'], offset!['position']]),
    [
      ['a.csv', 7],
      ['b.csv', 5],
      ['d.csv', 4],
    ],
  );
  appendFileSync(fixture.path('b.csv'), '5\n');
  writeFileSync(fixture.path('0.csv'), 'id\n6\n');
  writeFileSync(fixture.path('aa.csv'), 'id\n7\n');
  const next = new CsvRun(fixture.source({ ...config, 'input.file.pattern': '.*\\.csv', follow: 'true', ...fast }), offsets);
  await next.until(() => next.out.rows.length === 3);
  assert.deepEqual(next.lines, ['6', '7', '5']);
  appendFileSync(fixture.path('a.csv'), '8\n');
  writeFileSync(fixture.path('z.csv'), 'id\n9\n');
  await next.until(() => next.out.rows.length === 5);
  assert.deepEqual(next.lines.slice(3), ['8', '9']);
  await next.stop();
});

test('killed anywhere in a folder of files, every row comes exactly once', async () => {
  using fixture = new CsvFixture();
  for (const [at, name] of ['a', 'b', 'c', 'd'].entries()) {
    writeFileSync(fixture.path(`${name}.csv`), `id\n${Array.from({ length: 5 }, (_, row) => at * 5 + row).join('\n')}`);
  }
  const config = { 'input.path': fixture.folder };
  for (let after = 1; after <= 20; after += 1) {
    const seen: string[] = [];
    const run = new CsvRun(fixture.source(config), [], (out) => {
      out.onBoundary = () => {
        if (out.rows.length !== after) return;
        out.seal();
        seen.push(...out.rows.map((row) => row.cells.join('')));
      };
    });
    await run.until(() => seen.length === after);
    const offsets = run.out.stored();
    await run.stop();
    const rest = new CsvRun(fixture.source(config), offsets);
    await rest.until(() => rest.lines.length === 20 - after);
    await rest.stop();
    assert.deepEqual(
      [...seen, ...rest.lines],
      Array.from({ length: 20 }, (_, row) => String(row)),
    );
  }
});

test('rows per second are kept by the clock', async () => {
  using fixture = new CsvFixture();
  const file = fixture.path('a.csv');
  writeFileSync(file, `id\n${Array.from({ length: 10 }, (_, at) => at).join('\n')}`);
  const clock = new ManualClock();
  const started = clock.now();
  const run = new CsvRun(fixture.source({ file, 'rows.per.second': '4' }, clock));
  for (let row = 1; row <= 10; row += 1) {
    await run.until(() => clock.pending > 0 || run.out.rows.length === 10);
    assert.equal(run.out.rows.length, row);
    await clock.advance(250);
  }
  await run.stop();
  assert.deepEqual(
    run.out.rows.map((row) => row.timestampMs - started),
    Array.from({ length: 10 }, (_, at) => at * 250),
  );
});

test('repeated, a pass goes on where it was', async () => {
  using fixture = new CsvFixture();
  const file = fixture.path('a.csv');
  writeFileSync(file, 'id\n1\n2\n3\n');
  const config = { file, repeat: '3', ...fast };
  const run = new CsvRun(fixture.source(config), [], (out, stop) => {
    out.onBoundary = () => {
      if (out.rows.length === 5) stop();
    };
  });
  await run.until(() => run.out.rows.length === 5);
  const offsets = await run.stop();
  assert.equal(offsets[0]!.offset!['pass'], 2);
  const next = new CsvRun(fixture.source(config), offsets);
  await next.until(() => next.out.rows.length === 4);
  assert.deepEqual(next.lines, ['3', '1', '2', '3']);
  const done = await next.stop();
  const idle = new CsvRun(fixture.source({ ...config, repeat: 'forever' }), done);
  await idle.until(() => idle.out.rows.length > 10);
  await idle.stop();
  assert.ok(idle.out.seal()[0]!.offset!['pass'] !== 3);
});

test('an empty cell of a number is null, of a text what the dialect says', async () => {
  using fixture = new CsvFixture();
  const file = fixture.path('a.csv');
  writeFileSync(file, 'id,name\n,\n');
  const run = new CsvRun(fixture.source({ file, columns: 'id:int?,name:string', 'csv.null.field.indicator': 'NEITHER' }));
  await run.until(() => run.lines.length === 1);
  await run.stop();
  assert.deepEqual(run.lines, ['null|']);
});

test('files that cannot be read and headers that do not fit are errors that say so', async () => {
  using fixture = new CsvFixture();
  const write = (name: string, text: string): string => {
    writeFileSync(fixture.path(name), text);
    return fixture.path(name);
  };
  const cases: [Record<string, string>, RegExp][] = [
    [{ file: fixture.path('none.csv') }, /CSV file .*none\.csv does not exist/],
    [{ file: fixture.folder }, /is not a regular file/],
    [{ 'input.path': fixture.path('none') }, /CSV folder .*none does not exist/],
    [{ 'input.path': write('plain', 'x') }, /CSV folder .*plain is not a folder/],
    [{ file: write('twice.csv', 'a,b,a\n1,2,3\n') }, /the header names column "a" twice \(1 and 3\)/],
    [{ file: write('other.csv', 'a,c\n1,2\n'), columns: 'a:int,b:int' }, /column 2 of the header is "c" and "b" is expected/],
    [{ file: write('fewer.csv', 'a\n1\n'), columns: 'a:int,b:int' }, /column 2 of the header is missing and "b" is expected/],
    [{ file: write('key.csv', 'a\n1\n'), 'key.fields': 'id' }, /there is no column "id"/],
  ];
  for (const [config, message] of cases) {
    const failure = await new CsvRun(fixture.source(config)).failure();
    assert.ok(failure instanceof ConnectError && failure.code === 'file.unreadable', String(failure));
    assert.match(failure.message, message);
  }
  rmSync(fixture.path('twice.csv'));
  write('x1.csv', 'a,b\n1,2\n');
  write('x2.csv', 'b,a\n1,2\n');
  const mixed = new CsvRun(fixture.source({ 'input.path': fixture.folder, 'input.file.pattern': 'x.*' }));
  assert.match(String(await mixed.failure()), /x2\.csv: column 1 of the header is "b" and "a" is expected/);
  assert.deepEqual(mixed.lines, ['1|2']);
});

test('missing rights are told as such', () => {
  const failure = unreadable('CSV folder', 'in', Object.assign(new Error('EACCES'), { code: 'EACCES' }));
  assert.equal(failure.message, 'CSV folder in may not be read by this user.');
  assert.match(failure.remedy!, /Grant read permission/);
});

test('an offset that no CSV source wrote is refused', async () => {
  using fixture = new CsvFixture();
  for (const offset of [{ position: -1 }, { position: '7' }, { lsn: 5 }]) {
    const run = new CsvRun(fixture.source({ file: fixture.path('a.csv') }), [{ partition: { filename: 'a.csv' }, offset }]);
    const failure = await run.failure();
    assert.ok(failure instanceof ConnectError && failure.code === 'config.invalid', String(failure));
  }
});
