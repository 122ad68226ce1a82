import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Measurement } from '../../bench/measure/measurement.ts';
import { resultAfterFirst, resultOfWhole } from '../../bench/measure/measurement.ts';
import { median, quantile, spread } from '../../bench/measure/statistics.ts';
import { compareResults } from '../../bench/micro/comparison.ts';
import { barPlot } from '../../bench/report/bar-plot.ts';
import { headline, headlineTable } from '../../bench/report/headline.ts';
import { between } from '../../bench/report/readme-table.ts';
import { markdownTable, tableHeads, tableRows } from '../../bench/report/result-table.ts';

test('quantiles lie between neighbours in proportion', () => {
  const samples = [4, 1, 3, 2, 5];
  assert.equal(median(samples), 3);
  assert.equal(quantile(samples, 0), 1);
  assert.equal(quantile(samples, 1), 5);
  assert.equal(quantile(samples, 0.9), 4.6);
  assert.equal(quantile([7], 0.99), 7);
  assert.ok(Number.isNaN(median([])));
  assert.equal(spread([8, 10, 12]), 0.4);
  assert.equal(spread([8]), 0);
  assert.deepEqual(samples, [4, 1, 3, 2, 5]);
});

const progress = {
  fromMs: 1000,
  firstMs: 3000,
  firstRows: 200,
  endMs: 5000,
  rows: 1000,
  bytes: 4e6,
  cpuSeconds: { engine: 2 },
  cpuSecondsAfterFirst: { engine: 0.8 },
  problems: [],
};

test('a rate of the whole run, and one without start and first rows', () => {
  assert.deepEqual(resultOfWhole(progress), {
    seconds: 4,
    rows: 1000,
    rowsPerSecond: 250,
    megabytesPerSecond: 1,
    cpuPerMillion: { engine: 2000 },
  });
  const after = resultAfterFirst(progress);
  assert.equal(after.rowsPerSecond, 400);
  assert.equal(after.cpuPerMillion?.['engine'], 1000);
  assert.deepEqual(resultAfterFirst({ ...progress, firstRows: 1000 }), resultOfWhole(progress));
});

const measured = (engine: string, role: Measurement['role'], rates: readonly number[], more: Partial<Measurement> = {}): Measurement => ({
  scenario: 'streaming',
  engine,
  title: engine,
  role,
  config: {},
  runs: rates.map((rowsPerSecond) => ({ seconds: 1, rows: 1, rowsPerSecond, cpuPerMillion: { engine: 3 } })),
  peakRssBytes: 2e8,
  failure: null,
  ...more,
});
const column = (name: (typeof tableHeads)[number]): number => tableHeads.indexOf(name);

test('ratios are those of medians within a scenario: against the tuned peer and against the limit', () => {
  const rows = tableRows([
    measured('walsender', 'limit', [400, 410, 390]),
    measured('millrace', 'ours', [200, 320, 310]),
    measured('debezium-avro-tuned', 'peer', [31]),
    measured('millrace', 'ours', [1000], { scenario: 'csv' }),
  ]);
  assert.deepEqual(
    rows.map((row) => [row[column('rows/s')], row[column('spread')], row[column('x peer')], row[column('of limit')]]),
    [
      ['400', '5 %', '12.9', ''],
      ['310', '39 %', '10.0', '78 %'],
      ['31', '', '1', '8 %'],
      ['1,000', '', '', ''],
    ],
  );
});

const latencyMs = (p50: number): Measurement['runs'] => [{ seconds: 9, rows: 9, latencyMs: { p50, p90: 2, p99: 3, max: 4 } }];

test('less latency is better: the ratio is turned round', () => {
  const rows = tableRows([
    measured('millrace', 'ours', [], { runs: latencyMs(4) }),
    measured('debezium-avro-tuned', 'peer', [], { runs: latencyMs(60) }),
  ]);
  assert.equal(rows[0]?.[column('x peer')], '15.0');
  assert.equal(rows[0]?.[column('seconds')], '');
});

test('an engine that failed has no numbers, and nothing is compared with it', () => {
  const failed = measured('debezium-avro-tuned', 'peer', [500], { failure: 'lost | rows\nmore' });
  const rows = tableRows([measured('millrace', 'ours', [100]), failed]);
  assert.equal(rows[0]?.[column('x peer')], '');
  assert.deepEqual(rows[1], ['streaming', 'debezium-avro-tuned', 'FAILED: lost | rows']);
  assert.ok(markdownTable([failed]).includes(String.raw`FAILED: lost \| rows`));
  assert.deepEqual(headline([failed]), []);
});

test('the headline has the streaming scenario, quickest first, and the same engine once', () => {
  const bars = headline([
    measured('millrace-again', 'ours', [300]),
    measured('debezium-avro', 'peer', [30]),
    measured('a <b> & c', 'ours', [290, 310, 305]),
    measured('millrace', 'ours', [1], { scenario: 'csv' }),
  ]);
  assert.deepEqual(
    bars.map(({ title, rowsPerSecond }) => [title, rowsPerSecond]),
    [
      ['a <b> & c', 305],
      ['debezium-avro', 30],
    ],
  );
  assert.match(headlineTable(bars), /\| a <b> & c \| 305 \| 3.0 \| 200 \|/);
  const plot = barPlot(bars) ?? '';
  assert.match(plot, /^<svg [^]*prefers-color-scheme: dark[^]*a &lt;b&gt; &amp; c[^]*<\/svg>\n$/);
  assert.equal(barPlot([]), null);
});

test('what stands between the marks of README.md is replaced', () => {
  const [begin, end] = ['<!-- bench: begin -->', '<!-- bench: end -->'];
  assert.equal(between(`a\n${begin}\nold\n${end}\nz`, 'NEW'), 'a\nNEW\nz');
  assert.throws(() => between(`a ${end} ${begin}`, 'NEW'), /has no/);
});

const result = (name: string, ratio: number, noise = 0.01): Parameters<typeof compareResults>[0][number] => ({
  name,
  unit: 'row',
  nanosecondsPerUnit: 100,
  ratio,
  spread: noise,
});

test('a difference is told when it is beyond both spreads, a tenth and a few nanoseconds', () => {
  const now = [result('a', 1.09), result('b', 1.2), result('c', 0.8), result('d', 1.2, 0.2), result('e', 1)];
  const then = [result('a', 1), result('b', 1), result('c', 1), result('d', 1, 0.1), result('f', 1)];
  assert.deepEqual(
    compareResults(now, then).map(({ name, verdict }) => `${name} ${verdict}`),
    ['a same', 'b slower', 'c faster', 'd same', 'e new', 'f gone'],
  );
  assert.equal(compareResults([{ ...result('g', 1.4), nanosecondsPerUnit: 7 }], [result('g', 1)])[0]?.verdict, 'same');
});
