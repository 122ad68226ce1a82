import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Statistics } from '../../src/demo/statistics.ts';
import type { RecordSummary } from '../../src/demo/record-summary.ts';

const record = (topic: string, key = ''): RecordSummary => ({ topic, operation: 'insert', key, values: [] });

test('counts in all and per topic, also of topics that got nothing', () => {
  const statistics = new Statistics(['a', 'b', 'c']);
  assert.equal(statistics.firstAtMs, null);
  assert.equal(statistics.currentRate(5000), 0);
  assert.equal(statistics.averageRate(), 0);
  for (let at = 0; at < 10; at += 1) statistics.add(record(at < 7 ? 'a' : 'b'), 1000 + at);
  assert.equal(statistics.total, 10);
  assert.deepEqual(statistics.counts(), { a: 7, b: 3, c: 0 });
  assert.equal(statistics.firstAtMs, 1000);
});

test('the current rate is that of the last five seconds, the average that since the first record', () => {
  const statistics = new Statistics(['a', 'b']);
  for (let at = 0; at < 10_000; at += 100) statistics.add(record(at % 200 === 0 ? 'a' : 'b'), at);
  assert.equal(Math.round(statistics.currentRate(9999)), 10);
  assert.equal(Math.round(statistics.currentRate(9999, 'a')), 5);
  assert.equal(Math.round(statistics.averageRate()), 10);
  assert.equal(statistics.currentRate(20_000), 0);
  assert.equal(statistics.currentRate(9999, 'unknown'), 0);
});

test('a rate soon after the first record is not blown up', () => {
  const statistics = new Statistics(['a']);
  statistics.add(record('a'), 7000);
  assert.equal(statistics.currentRate(7001), 1);
  assert.equal(statistics.averageRate(), 1);
});

test('the newest are given oldest first, and of a quiet topic the last one stays', () => {
  const statistics = new Statistics(['quiet', 'busy']);
  for (let at = 0; at < 5; at += 1) statistics.add(record('quiet', `q${at}`), at);
  for (let at = 0; at < 1000; at += 1) statistics.add(record('busy', `b${at}`), 100 + Math.floor(at / 3));
  const keys = (count: number): string[] => statistics.latest(count).map(({ key }) => key);
  assert.deepEqual(keys(4), ['q4', 'b997', 'b998', 'b999']);
  assert.deepEqual(keys(1), ['b999']);
  assert.deepEqual(keys(0), []);
  assert.equal(keys(1000).length, 65, 'memory is bounded');
});
