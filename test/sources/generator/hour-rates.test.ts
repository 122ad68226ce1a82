import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HourRates } from '../../../src/sources/generator/hour-rates.ts';
import { JavaRandom } from '../../../src/sources/generator/java-random.ts';
import { Pacer, standstillMs } from '../../../src/sources/generator/pacer.ts';

const day = Date.UTC(2026, 5, 1);
const hourMs = 3_600_000;
const steps = Array.from({ length: 24 }, (_, hour) => hour).join(',');

test('rates go evenly from hour to hour, and from the last to the first', () => {
  const rates = new HourRates(steps, 'UTC');
  assert.equal(rates.at(day), 0);
  assert.equal(rates.at(day + 5 * hourMs), 5);
  assert.equal(rates.at(day + 5.5 * hourMs), 5.5);
  assert.equal(rates.at(day + 23.5 * hourMs), 11.5);
});

test('hours are those of the zone, also where clocks change', () => {
  const rates = new HourRates(steps, 'Europe/Berlin');
  assert.equal(rates.at(day), 2);
  assert.equal(rates.at(Date.UTC(2026, 0, 1)), 1);
  assert.equal(new HourRates(steps, 'Asia/Kolkata').at(day), 5.5);
});

test('over a day there are as many rows as the rates add up to', () => {
  const rates = new HourRates('office', 'UTC');
  const pace = { intervalMsMax: 0, rowsPerSecond: 1, burstRows: 1, jitter: 0, byHour: rates };
  const pacer = new Pacer(pace, new JavaRandom(1n), 0);
  let rows = 0;
  for (let nowMs = 0; nowMs < 24 * hourMs;) {
    const waitMs = pacer.next(nowMs, rates.at(day + nowMs)) ?? standstillMs;
    nowMs += waitMs;
    rows += 1;
  }
  let expected = 0;
  for (let minute = 0; minute < 24 * 60; minute += 1) expected += 60 * rates.at(day + minute * 60_000);
  assert.ok(Math.abs(rows - expected) < expected * 0.02, `${rows} rows, ${expected} expected`);
});

test('in an hour without rows there are none, and none are made up for afterwards', () => {
  const pace = { intervalMsMax: 0, rowsPerSecond: 10, burstRows: 1, jitter: 0, byHour: null };
  const pacer = new Pacer(pace, new JavaRandom(1n), 0);
  assert.equal(pacer.next(0, 1), 0);
  assert.equal(pacer.next(100, 0), null);
  assert.equal(pacer.next(hourMs, 0), null);
  assert.equal(pacer.next(hourMs + 5, 1), 0);
  assert.equal(pacer.next(hourMs + 5, 1), 95);
});
