import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdirSync, readFileSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { mock, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { parseOffset, type SourceOffset } from '../../../src/record/offset.ts';
import { silentLog } from '../../../src/base/log.ts';
import { CsvCleanup } from '../../../src/sources/csv/csv-cleanup.ts';
import { listInput } from '../../../src/sources/csv/csv-input.ts';
import { fileStreamClass, spoolDirClass } from '../../../src/sources/csv/class-names.ts';
import { fileHeaders } from '../../../src/sources/csv/csv-headers.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { CsvFixture, CsvRun } from './csv-fixture.ts';

const fast = { 'poll.interval.ms': '1' };

/** A folder with inbox, done and bad, and a config that reads it. */
function spool(fixture: CsvFixture, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  for (const name of ['in', 'done', 'bad']) mkdirSync(fixture.path(name));
  return {
    'connector.class': spoolDirClass,
    'input.path': fixture.path('in'),
    'finished.path': fixture.path('done'),
    'error.path': fixture.path('bad'),
    'input.file.pattern': String.raw`.*\.csv`,
    'csv.first.row.as.header': 'true',
    columns: 'id:long,text:string',
    ...fast,
    ...more,
  };
}

/** Seals and confirms, as a sink does that has committed. */
function commit(source: ReturnType<CsvFixture['source']>, run: CsvRun): readonly SourceOffset[] {
  const moved = source.position();
  for (const { partition, offset } of moved) {
    const key = JSON.stringify(partition);
    if (offset === null) run.out.offsets.delete(key);
    else run.out.offsets.set(key, offset);
  }
  source.confirm(moved);
  return moved;
}

test('a file is moved when its rows are durable and not before, and the next one of its name is another file', async () => {
  using fixture = new CsvFixture();
  const clock = new ManualClock();
  const source = fixture.source(spool(fixture), clock);
  const file = fixture.path('in/a.csv');
  writeFileSync(file, 'id,text\n1,one\n2,two\n');
  const run = new CsvRun(source);
  await run.until(() => run.out.rows.length === 2 && clock.pending > 0);
  for (let look = 0; look < 3; look += 1) {
    await clock.advance(1);
    await run.until(() => clock.pending > 0);
  }
  assert.ok(existsSync(file), 'nothing is confirmed yet');
  commit(source, run);
  await clock.advance(1);
  await run.until(() => !existsSync(file) && clock.pending > 0);
  assert.equal(readFileSync(fixture.path('done/a.csv'), 'utf8'), 'id,text\n1,one\n2,two\n');
  assert.deepEqual(commit(source, run), [{ partition: { filename: 'a.csv' }, offset: null }]);
  writeFileSync(file, 'id,text\n1,one\n2,two\n');
  await clock.advance(1);
  await run.until(() => run.out.rows.length === 4);
  await run.stop();
  assert.deepEqual(run.lines, ['1|one', '2|two', '1|one', '2|two']);
});

test('killed between the commit and the move, the file is moved at the next start and not read again', async () => {
  using fixture = new CsvFixture();
  const config = spool(fixture, { 'cleanup.policy': 'DELETE' });
  const file = fixture.path('in/a.csv');
  writeFileSync(file, 'id,text\n1,one\n');
  const run = new CsvRun(fixture.source(config));
  await run.until(() => run.out.rows.length === 1);
  const offsets = await run.stop();
  assert.ok(existsSync(file));
  const next = new CsvRun(fixture.source(config), offsets);
  await next.until(() => !existsSync(file));
  await next.stop();
  assert.deepEqual(next.lines, []);
});

test('rows appended after the end was reached are read before the file is moved', async () => {
  using fixture = new CsvFixture();
  const clock = new ManualClock();
  const source = fixture.source(spool(fixture), clock);
  const file = fixture.path('in/a.csv');
  writeFileSync(file, 'id,text\n1,one\n');
  const run = new CsvRun(source);
  await run.until(() => run.out.rows.length === 1 && clock.pending > 0);
  writeFileSync(file, 'id,text\n1,one\n2,two\n');
  commit(source, run);
  for (let look = 0; look < 20 && existsSync(file); look += 1) {
    await clock.advance(1);
    await run.until(() => clock.pending > 0);
    commit(source, run);
  }
  await run.stop();
  assert.deepEqual(run.lines, ['1|one', '2|two']);
  assert.deepEqual(readdirSync(fixture.path('done')), ['a.csv']);
});

test('what an earlier file of the name was confirmed for does not count for the one after it', async () => {
  using fixture = new CsvFixture();
  const clock = new ManualClock();
  const source = fixture.source(spool(fixture), clock);
  const file = fixture.path('in/a.csv');
  writeFileSync(file, 'id,text\n1,one\n');
  const run = new CsvRun(source);
  await run.until(() => run.out.rows.length === 1 && clock.pending > 0);
  const late = source.position();
  writeFileSync(file, 'id,text\n2,two\n');
  await clock.advance(1);
  await run.until(() => run.out.rows.length === 2 && clock.pending > 0);
  source.confirm(late);
  await clock.advance(1);
  await run.until(() => clock.pending > 0);
  assert.ok(existsSync(file), 'its own row is not confirmed');
  commit(source, run);
  await clock.advance(1);
  await run.until(() => !existsSync(file));
  await run.stop();
});

test('a file that has grown or was replaced since its end was confirmed stays where it is', async () => {
  using fixture = new CsvFixture();
  mkdirSync(fixture.path('done'));
  const options = { policy: 'move', finishedPath: fixture.path('done'), errorPath: null, keepRelativePath: false } as const;
  const cleanup = new CsvCleanup(options, new ManualClock(), silentLog);
  const file = fixture.path('a.csv');
  writeFileSync(file, 'id\n1\n');
  const [input] = await listInput({ file, name: 'a.csv' }, false);
  for (const text of ['id\n1\n2\n', 'id\n1\n']) {
    cleanup.ended(input!, { position: 5, fingerprint: 'f' }, false, false);
    cleanup.confirmed([{ partition: { filename: 'a.csv' }, offset: { position: 5, fingerprint: 'f' } }]);
    writeFileSync(file, text);
    assert.deepEqual(await cleanup.run(), text.length === 5 ? { gone: [{ filename: 'a.csv' }], grew: false } : { gone: [], grew: true });
    assert.equal(existsSync(file), text.length !== 5);
  }
});

for (const [policy, call] of [
  ['DELETE', 'unlink'],
  ['MOVE', 'rename'],
] as const) {
  test(`rows appended between the last look and the ${call} are read all the same`, async () => {
    using fixture = new CsvFixture();
    const source = fixture.source(spool(fixture, { 'cleanup.policy': policy, follow: 'false' }));
    const file = fixture.path('in/a.csv');
    writeFileSync(file, 'id,text\n1,one\n');
    const original = fs[call] as (...names: string[]) => Promise<void>;
    let appended = 0;
    mock.method(fs, call, async (...names: string[]) => {
      if (names[0] === file && (appended += 1) === 1) appendFileSync(file, '2,two\n');
      await original(...names);
    });
    syncBuiltinESMExports();
    try {
      const run = new CsvRun(source);
      await run.until(() => {
        commit(source, run);
        return run.out.rows.length === 2 && !existsSync(file);
      });
      await run.stop();
      assert.deepEqual(run.lines, ['1|one', '2|two']);
      assert.deepEqual(readdirSync(fixture.path('done')), policy === 'MOVE' ? ['a.csv'] : []);
      assert.deepEqual(readdirSync(fixture.path('in')), []);
    } finally {
      mock.restoreAll();
      syncBuiltinESMExports();
    }
  });
}

test('an earlier file of the same name is not written over when the next one is moved', async () => {
  using fixture = new CsvFixture();
  mkdirSync(fixture.path('done'));
  const options = { policy: 'move', finishedPath: fixture.path('done'), errorPath: null, keepRelativePath: false } as const;
  const cleanup = new CsvCleanup(options, new ManualClock(), silentLog);
  const file = fixture.path('a.csv');
  for (const text of ['id\n1\n', 'id\n2\n', 'id\n3\n']) {
    writeFileSync(file, text);
    const [input] = await listInput({ file, name: 'a.csv' }, false);
    cleanup.ended(input!, { position: 5, fingerprint: text }, false, true);
    await cleanup.run();
  }
  assert.deepEqual(readdirSync(fixture.path('done')).sort(), ['a-1.csv', 'a-2.csv', 'a.csv']);
  assert.equal(readFileSync(fixture.path('done/a.csv'), 'utf8'), 'id\n1\n');
});

const schema = (name: string, fields: Record<string, unknown>): string =>
  JSON.stringify({ name, type: 'STRUCT', isOptional: false, fieldSchemas: fields });

test('schemas of the spooldir connector give fields, types and names', async () => {
  using fixture = new CsvFixture();
  const file = fixture.path('a.csv');
  const id = { type: 'INT64', isOptional: false };
  const timestamp = { name: 'org.apache.kafka.connect.data.Timestamp', type: 'INT64', isOptional: true };
  const decimal = { name: 'org.apache.kafka.connect.data.Decimal', type: 'BYTES', parameters: { scale: '2' }, isOptional: false };
  const config = {
    file,
    'csv.first.row.as.header': 'false',
    'value.schema': schema('com.example.User', { id, at: timestamp, price: decimal }),
    'key.schema': schema('com.example.UserKey', { id }),
  };
  writeFileSync(file, '1,2020-07-01 00:25:32,1.50\n2,,2\n');
  const run = new CsvRun(fixture.source(config));
  await run.until(() => run.out.rows.length === 2);
  await run.stop();
  const [shape] = run.out.shapes;
  assert.deepEqual([shape!.value.schema.name, shape!.key!.schema.name], ['com.example.User', 'com.example.UserKey']);
  assert.deepEqual(
    shape!.value.schema.fields!.map((field) => [field.name, field.schema.type, field.schema.optional]),
    [
      ['id', 'int64', false],
      ['at', 'int64', true],
      ['price', 'bytes', false],
    ],
  );
  assert.deepEqual(run.lines, ['1|2020-07-01 00:25:32|1.50', '2|null|2']);
  for (const [text, message] of [
    ['{', /value\.schema is no JSON/],
    ['{"type":"INT32"}', /not a schema of type STRUCT/],
    [schema('x', { a: { type: 'MAP' } }), /field "a" has a type that a cell cannot have/],
  ] as const) {
    assert.throws(() => fixture.source({ ...config, 'value.schema': text }), { code: 'config.invalid', message });
  }
});

test('by date, files go into a folder of the day', async () => {
  using fixture = new CsvFixture();
  const clock = new ManualClock(Date.UTC(2026, 10, 23));
  const source = fixture.source(spool(fixture, { 'cleanup.policy': 'MOVEBYDATE' }), clock);
  writeFileSync(fixture.path('in/a.csv'), 'id,text\n1,one\n');
  const run = new CsvRun(source);
  await run.until(() => run.out.rows.length === 1 && clock.pending > 0);
  commit(source, run);
  await clock.advance(1);
  await run.until(() => existsSync(fixture.path('done/2026-11-23/a.csv')));
  await run.stop();
});

test('with halt.on.error=false a file with a bad line is given up and moved, and the next is read', async () => {
  using fixture = new CsvFixture();
  const source = fixture.source(spool(fixture, { 'halt.on.error': 'false' }));
  writeFileSync(fixture.path('in/a.csv'), 'id,text\n1,one\n2\n3,three\n');
  writeFileSync(fixture.path('in/b.csv'), 'id,text\n4,four\n');
  const run = new CsvRun(source);
  await run.until(() => run.out.rows.length === 2);
  await run.until(() => {
    commit(source, run);
    return existsSync(fixture.path('bad/a.csv')) && existsSync(fixture.path('done/b.csv'));
  });
  await run.stop();
  assert.deepEqual(run.lines, ['1|one', '4|four']);
  assert.deepEqual(run.out.failures, []);
});

test('a file is left alone until it has stood still for its minimum age', async () => {
  using fixture = new CsvFixture();
  const clock = new ManualClock(Date.now());
  const file = fixture.path('in/a.csv');
  const config = spool(fixture, { 'file.minimum.age.ms': '60000', 'cleanup.policy': 'NONE', follow: 'false' });
  writeFileSync(file, 'id,text\n1,one\n');
  utimesSync(file, clock.now() / 1000, clock.now() / 1000);
  const run = new CsvRun(fixture.source(config, clock));
  await run.until(() => clock.pending > 0);
  await clock.advance(59_000);
  await run.until(() => clock.pending > 0);
  assert.deepEqual(run.lines, []);
  await clock.advance(1500);
  await run.until(() => run.out.rows.length === 1);
  await run.stop();
});

test('folders in the folder are read too, in the order asked for, under their paths', async () => {
  using fixture = new CsvFixture();
  const more = {
    'input.path.walk.recursively': 'true',
    'files.sort.attributes': 'LengthDesc,NameAsc',
    'cleanup.policy': 'NONE',
    follow: 'false',
  };
  const config = spool(fixture, more);
  mkdirSync(fixture.path('in/deep'));
  writeFileSync(fixture.path('in/a.csv'), 'id,text\n1,one\n');
  writeFileSync(fixture.path('in/deep/a.csv'), 'id,text\n2,longest\n');
  writeFileSync(fixture.path('in/b.csv'), 'id,text\n3,two\n');
  const run = new CsvRun(fixture.source(config));
  await run.until(() => run.out.rows.length === 3);
  await run.stop();
  assert.deepEqual(run.lines, ['2|longest', '1|one', '3|two']);
  assert.ok(run.out.offsets.has('{"filename":"deep/a.csv"}'));
});

test('under the spooldir class records say where they come from', async () => {
  using fixture = new CsvFixture();
  writeFileSync(fixture.path('first.part.csv'), 'id\n1\n');
  const run = new CsvRun(fixture.source({ file: fixture.path('first.part.csv'), 'metadata.location': 'HEADERS' }));
  await run.until(() => run.out.rows.length === 1);
  await run.stop();
  assert.deepEqual(run.out.shapes[0]!.headers, fileHeaders);
  assert.deepEqual(
    fileHeaders.map(({ name }) => name),
    [
      'file.name',
      'file.name.without.extension',
      'file.path',
      'file.parent.dir.name',
      'file.last.modified',
      'file.relative.path',
      'file.length',
      'file.offset',
    ],
  );
});

test('gzip and zstd files are read like others, and gone on with in the middle', async () => {
  const text = `id,text\n${Array.from({ length: 5000 }, (_, at) => `${at},row ${at}\n`).join('')}`;
  for (const [name, packed] of [
    ['a.csv.gz', gzipSync(text)],
    ['a.csv.zst', zstdCompressSync(text)],
  ] as const) {
    using fixture = new CsvFixture();
    const file = fixture.path(name);
    writeFileSync(file, packed);
    const run = new CsvRun(fixture.source({ file }), [], (out, stop) => {
      out.onBoundary = () => {
        if (out.rows.length === 1234) stop();
      };
    });
    await run.until(() => run.out.rows.length === 1234);
    const offsets = await run.stop();
    const next = new CsvRun(fixture.source({ file }), offsets);
    await next.until(() => run.out.rows.length + next.out.rows.length === 5000);
    await next.stop();
    assert.deepEqual(
      [...run.lines, ...next.lines],
      Array.from({ length: 5000 }, (_, at) => `${at}|row ${at}`),
      name,
    );
    const done = new CsvRun(fixture.source({ file, follow: 'true', ...fast }), next.out.stored());
    writeFileSync(file, name.endsWith('gz') ? gzipSync('id,text\n7,new\n') : zstdCompressSync('id,text\n7,new\n'));
    await done.until(() => done.lines.includes('7|new'));
    await done.stop();
    assert.deepEqual(done.lines, ['7|new'], 'another file under the name');
  }
});

test('a packed file that is cut off is an error that says so', async () => {
  using fixture = new CsvFixture();
  const file = fixture.path('a.csv.gz');
  writeFileSync(file, gzipSync('id\n1\n').subarray(0, 15));
  const failure = await new CsvRun(fixture.source({ file })).failure();
  assert.match(String(failure), /a\.csv\.gz cannot be unpacked as gzip/);
});

test('as a file stream source every line is a text, blank ones too, and the file may come later', async () => {
  using fixture = new CsvFixture();
  const file = fixture.path('log.txt');
  const clock = new ManualClock();
  const config = { 'connector.class': fileStreamClass, file, 'batch.size': '7' };
  const run = new CsvRun(fixture.source(config, clock));
  await run.until(() => clock.pending > 0);
  writeFileSync(file, 'first, "line"\r\n\nthird\nhal');
  await clock.advance(500);
  await run.until(() => run.out.rows.length === 3 && clock.pending > 0);
  assert.deepEqual(run.lines, ['first, "line"', '', 'third']);
  const [shape] = run.out.shapes;
  assert.deepEqual([shape!.key, shape!.value.kind, shape!.value.schema], [null, 'column', { type: 'string', optional: false }]);
  const [stored] = await run.stop();
  assert.deepEqual(stored!.partition, { filename: file });
  assert.equal(stored!.offset!['position'], 22);
  const kafkas: SourceOffset = { partition: { filename: file }, offset: parseOffset('{"position":16}') };
  const next = new CsvRun(fixture.source(config, clock), [kafkas]);
  await next.until(() => next.out.rows.length === 1);
  await next.stop();
  assert.deepEqual(next.lines, ['third'], 'an offset that Kafka Connect has written is gone on from');
});
