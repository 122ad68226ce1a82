import assert from 'node:assert/strict';
import { appendFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { CsvPace } from '../../../src/sources/csv/csv-pace.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { CsvFixture, CsvRun } from './csv-fixture.ts';

const none = { rowsPerSecond: 0, rowDelayMs: 0, burstRows: 0, burstPauseMs: 0, jitter: 0 };
const signal = new AbortController().signal;

/** When each of `rows` rows went, in milliseconds from the first. */
async function times(options: Partial<typeof none>, rows: number): Promise<number[]> {
  const clock = new ManualClock();
  const pace = new CsvPace({ ...none, ...options }, clock);
  const at: number[] = [];
  const done = (async (): Promise<void> => {
    for (let row = 0; row < rows; row += 1) {
      await pace.turn(signal);
      at.push(clock.monotonic());
    }
  })();
  for (let step = 0; at.length < rows && step < 10_000; step += 1) await clock.advance(1);
  await done;
  return at.map((time) => time - at[0]!);
}

test('rows keep their delay, and bursts their pauses', async () => {
  assert.deepEqual(await times({ rowDelayMs: 20 }, 4), [0, 20, 40, 60]);
  assert.deepEqual(await times({ burstRows: 2, burstPauseMs: 30 }, 5), [0, 0, 30, 30, 60]);
  assert.deepEqual(await times({ rowDelayMs: 5, burstRows: 2, burstPauseMs: 30 }, 4), [0, 5, 40, 45]);
});

test('with jitter waits differ by no more than their part, and are the same in every run', async () => {
  const at = await times({ rowDelayMs: 100, jitter: 0.5 }, 20);
  const waits = at.slice(1).map((time, index) => time - at[index]!);
  for (const wait of waits) assert.ok(wait >= 49 && wait <= 151, `${wait}`);
  assert.ok(new Set(waits).size > 10);
  assert.deepEqual(await times({ rowDelayMs: 100, jitter: 0.5 }, 20), at);
});

test('started at the end, only what comes after the first start is read, also by the next one', async () => {
  using fixture = new CsvFixture();
  const file = fixture.path('a.csv');
  const clock = new ManualClock();
  const config = { file, follow: 'true', start: 'end' };
  writeFileSync(file, 'id,text\n1,"a\nb"\n2,b\n3,');
  const run = new CsvRun(fixture.source(config, clock));
  await run.until(() => clock.pending > 0);
  assert.deepEqual(run.lines, []);
  const offsets = await run.stop();
  assert.deepEqual([offsets[0]!.offset!['position'], offsets[0]!.offset!['line']], [20, 4]);
  appendFileSync(file, 'c\n4,d\n');
  const next = new CsvRun(fixture.source(config, clock), offsets);
  await next.until(() => next.out.rows.length === 2);
  await next.stop();
  assert.deepEqual(next.lines, ['3|c', '4|d']);
});

test('started at the beginning, every start reads all again, and a pause does not', async () => {
  using fixture = new CsvFixture();
  const file = fixture.path('a.csv');
  writeFileSync(file, 'id\n1\n2\n');
  const source = fixture.source({ file, start: 'beginning' });
  const run = new CsvRun(source);
  await run.until(() => run.out.rows.length === 2);
  const offsets = await run.stop();
  const resumed = new CsvRun(source, offsets);
  await resumed.stop();
  assert.deepEqual(resumed.lines, []);
  const again = new CsvRun(fixture.source({ file, start: 'beginning' }), offsets);
  await again.until(() => again.out.rows.length === 2);
  await again.stop();
});

test('lines before the header are passed over, short rows padded, long ones cut, blanks before quotes passed over', async () => {
  using fixture = new CsvFixture();
  const file = fixture.path('a.csv');
  writeFileSync(file, '# made by\n"x\nid,text,more\n1\n2,b,c,d,e\n3, "x,y",\t"z"\n4, w,v\n');
  const columns = { columns: 'id:int,text:string?,more:string?' };
  const config = { file, 'csv.skip.lines': '2', 'csv.ragged.rows': 'fit', 'csv.ignore.leading.whitespace': 'true', ...columns };
  const run = new CsvRun(fixture.source(config));
  await run.until(() => run.out.rows.length === 4);
  await run.stop();
  assert.deepEqual(run.lines, ['1|null|null', '2|b|c', '3|x,y|z', '4| w|v']);
  assert.equal(run.out.rows[0]!.place, 'file a.csv line 4');
  for (const [policy, rejected] of [
    ['pad', 1],
    ['cut', 1],
    ['reject', 2],
  ] as const) {
    const other = new CsvRun(fixture.source({ ...config, 'csv.ragged.rows': policy }));
    await other.until(() => other.lines.includes('4| w|v'));
    await other.stop();
    assert.equal(other.out.failures.length, rejected, policy);
  }
});
