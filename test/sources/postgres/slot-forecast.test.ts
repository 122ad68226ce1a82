import assert from 'node:assert/strict';
import { test } from 'node:test';

import { SlotForecast } from '../../../src/sources/postgres/slot-forecast.ts';

const megabyte = 1024 * 1024;

test('a connector that falls behind sees the end of its slot come, one that keeps up does not', () => {
  const behind = new SlotForecast();
  const seconds = [0, 5, 10, 15, 20].map((at) => behind.add(at * 1000, (1000 - at) * megabyte));
  assert.deepEqual(seconds, [null, null, null, 985, 980]);
  const keeping = new SlotForecast();
  for (let at = 0; at < 100; at += 5) assert.equal(keeping.add(at * 1000, 1000 * megabyte), null);
});

test('only the last minute counts: what stopped falling is no danger any more', () => {
  const forecast = new SlotForecast();
  for (let at = 0; at <= 30; at += 5) forecast.add(at * 1000, (1000 - at) * megabyte);
  let last: number | null = 0;
  for (let at = 35; at <= 120; at += 5) last = forecast.add(at * 1000, 970 * megabyte);
  assert.equal(last, null);
});

test('without a limit there is nothing to foresee, and beyond it no time is left', () => {
  const forecast = new SlotForecast();
  assert.equal(forecast.add(0, null), null);
  assert.equal(forecast.add(60_000, null), null);
  assert.equal(forecast.add(61_000, 0), 0);
  assert.equal(forecast.add(62_000, -5), 0);
});

test('a warning comes once, again at half the time, and anew after the danger was over', () => {
  const forecast = new SlotForecast();
  const news = [7000, 3600, 3500, 1900, 1800, 1700, 899, 0, 0, null, 3000].map((seconds) => forecast.isNews(seconds, 3600));
  assert.deepEqual(news, [false, true, false, false, true, false, true, true, false, false, true]);
});
