import assert from 'node:assert/strict';
import { appendFileSync, copyFileSync, renameSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { ManualClock } from '../../support/manual-clock.ts';
import { fileStreamClass } from '../../../src/sources/csv/class-names.ts';
import { CsvFixture, CsvRun } from './csv-fixture.ts';

const fast = { 'poll.interval.ms': '1' };

/** The source has read what there is and waits for its next look. */
const atRest = (run: CsvRun, clock: ManualClock): Promise<void> => run.until(() => clock.pending > 0);

test('followed, a half line waits for its end, and restarts in between change nothing', async () => {
  using fixture = new CsvFixture();
  const file = fixture.path('a.csv');
  const clock = new ManualClock();
  const config = { file, follow: 'true' };
  writeFileSync(file, 'id,text\n1,one\n2,t');
  const run = new CsvRun(fixture.source(config, clock));
  for (const [lines, more] of [
    [['1|one'], 'w'],
    [['1|one'], 'o\n3,"th'],
    [['1|one', '2|two'], 'r\nee"\n4,'],
  ] as const) {
    await atRest(run, clock);
    assert.deepEqual(run.lines, lines);
    if (lines.length === 2) break;
    appendFileSync(file, more);
    await clock.advance(500);
  }
  const offsets = await run.stop();
  appendFileSync(file, 'r\nee"\n4,');
  const next = new CsvRun(fixture.source(config, clock), offsets);
  await atRest(next, clock);
  assert.deepEqual(next.lines, ['3|thr\nee']);
  appendFileSync(file, 'four\n');
  await clock.advance(500);
  await atRest(next, clock);
  assert.deepEqual(next.lines, ['3|thr\nee', '4|four']);
  assert.deepEqual(
    next.out.rows.map((row) => row.place),
    ['file a.csv line 4', 'file a.csv line 6'],
  );
  await next.stop();
});

test('followed with follow.idle.ms, a last line without line feed is taken once the file stands still', async () => {
  using fixture = new CsvFixture();
  const file = fixture.path('a.csv');
  writeFileSync(file, 'id\n1\n2');
  const run = new CsvRun(fixture.source({ file, follow: 'true', 'follow.idle.ms': '20', ...fast }));
  await run.until(() => run.out.rows.length === 2);
  appendFileSync(file, '\n3');
  await run.until(() => run.out.rows.length === 3);
  appendFileSync(file, '3\n4\n');
  await run.until(() => run.out.rows.length === 4);
  await run.stop();
  assert.deepEqual(run.lines, ['1', '2', '3', '4']);
  assert.equal(run.out.rows.at(-1)!.place, 'file a.csv line 5');
  assert.match(run.out.failures[0]!.message, /^CSV file a\.csv line 4: text was added to a last line/);
});

test('text added to a last line that was read as a whole is refused, also by a later start', async () => {
  using fixture = new CsvFixture();
  const file = fixture.path('a.csv');
  writeFileSync(file, 'id\n1\n2');
  const run = new CsvRun(fixture.source({ file }));
  await run.until(() => run.out.rows.length === 2);
  const offsets = await run.stop();
  appendFileSync(file, '2\n3\n');
  const next = new CsvRun(fixture.source({ file }), offsets);
  await next.until(() => next.lines.includes('3'));
  await next.stop();
  assert.deepEqual(next.lines, ['3']);
  assert.deepEqual(next.out.raws, ['2\n']);
});

test('inferred columns are kept with the offset, so that later rows do not change them', async () => {
  using fixture = new CsvFixture();
  const file = fixture.path('a.csv');
  writeFileSync(file, 'id,code\n1,7\n');
  const config = { file, follow: 'true', ...fast };
  const run = new CsvRun(fixture.source(config));
  await run.until(() => run.out.rows.length === 1);
  const offsets = await run.stop();
  appendFileSync(file, '2,seven\n');
  const next = new CsvRun(fixture.source(config), offsets);
  await next.until(() => next.out.rows.length === 1);
  await next.stop();
  assert.deepEqual(next.out.shapes[0]!.value.schema, run.out.shapes[0]!.value.schema);
  assert.equal(next.out.shapes[0]!.schema.columns[1]!.schema.type, 'int64');
});

test('a rotated file is read to its end, then the new one from its start', async () => {
  using fixture = new CsvFixture();
  const file = fixture.path('a.csv');
  const clock = new ManualClock();
  writeFileSync(file, 'id\n1\n');
  const run = new CsvRun(fixture.source({ file, follow: 'true' }, clock));
  await atRest(run, clock);
  appendFileSync(file, '2\n3');
  renameSync(file, fixture.path('old'));
  await clock.advance(500);
  await atRest(run, clock);
  assert.deepEqual(run.lines, ['1', '2'], 'its name is gone, and it can still grow');
  appendFileSync(fixture.path('old'), '3');
  writeFileSync(file, 'id\n4\n');
  await clock.advance(500);
  await atRest(run, clock);
  assert.deepEqual(run.lines, ['1', '2', '33', '4']);
  await run.stop();
});

test('a file truncated between two looks is read from its start, even when it has grown beyond its old size since', async () => {
  using fixture = new CsvFixture();
  const file = fixture.path('a.csv');
  writeFileSync(file, 'id\n1\n2\n');
  const clock = new ManualClock();
  const run = new CsvRun(fixture.source({ file, follow: 'true' }, clock));
  for (const [text, lines] of [
    ['id\n3\n', ['1', '2']],
    ['id\n4\n5\n6\n', ['1', '2', '3']],
    ['', ['1', '2', '3', '4', '5', '6']],
  ] as const) {
    await run.until(() => run.lines.length === lines.length && clock.pending > 0);
    assert.deepEqual(run.lines, lines);
    writeFileSync(file, text);
    await clock.advance(500);
  }
  await run.stop();
});

test('a copy of the file under its name goes on, another file is read from its start or refused', async () => {
  using fixture = new CsvFixture();
  const file = fixture.path('a.csv');
  writeFileSync(file, 'id\n1\n2\n');
  const run = new CsvRun(fixture.source({ file }));
  await run.until(() => run.out.rows.length === 2);
  const offsets = await run.stop();
  copyFileSync(file, fixture.path('copy'));
  appendFileSync(fixture.path('copy'), '3\n');
  renameSync(fixture.path('copy'), file);
  const copied = new CsvRun(fixture.source({ file }), offsets);
  await copied.until(() => copied.out.rows.length === 1);
  await copied.stop();
  assert.deepEqual(copied.lines, ['3']);
  writeFileSync(file, 'id\n7\n8\n9\n');
  const other = new CsvRun(fixture.source({ file }), offsets);
  await other.until(() => other.out.rows.length === 3);
  await other.stop();
  writeFileSync(file, 'id\n');
  await assert.rejects(
    async () => {
      throw await new CsvRun(fixture.source({ file, 'file.replaced.policy': 'fail' }), offsets).failure();
    },
    { code: 'file.unreadable', message: /is not the one that was read before: it has 3 bytes, and 7 had been read/ },
  );
});

test('lines of a file stream may end in a carriage return, and reading goes on behind one after a restart', async () => {
  using fixture = new CsvFixture();
  const file = fixture.path('a.log');
  const config = { 'connector.class': fileStreamClass, file, 'poll.interval.ms': '1' };
  writeFileSync(file, 'one\rtwo\r');
  const first = new CsvRun(fixture.source(config));
  await first.until(() => first.out.rows.length === 1);
  const offsets = await first.stop();
  appendFileSync(file, '\nthree\rfour\n');
  const next = new CsvRun(fixture.source(config), offsets);
  await next.until(() => next.out.rows.length === 3);
  await next.stop();
  assert.deepEqual([...first.lines, ...next.lines], ['one', 'two', 'three', 'four']);
});
