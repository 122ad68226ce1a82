import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chosenScenarios, scenarios } from '../../bench/bench.ts';
import { benchOptions } from '../../bench/bench-options.ts';

const names = { scenarios: ['streaming', 'start'], longScenarios: ['idle', 'updates'], engines: ['millrace'] };
const chosen = (...args: string[]): string[] => chosenScenarios(benchOptions(args, {}, names)).map(({ name }) => name);

test('the long list is measured only when it is wanted or named', () => {
  const usual = scenarios.filter(({ long }) => long !== true).map(({ name }) => name);
  assert.deepEqual(chosen(), usual);
  assert.ok(usual.includes('streaming') && !usual.includes('idle') && !usual.includes('updates'));
  assert.deepEqual(
    chosen('--all'),
    scenarios.map(({ name }) => name),
  );
  assert.deepEqual(chosen('--scenario', 'updates,streaming'), ['streaming', 'updates']);
});

test('no two scenarios share a name', () => {
  assert.equal(new Set(scenarios.map(({ name }) => name)).size, scenarios.length);
});

test('idle minutes may be parts of one', () => {
  assert.equal(benchOptions(['--idle-minutes', '0.2'], {}, names).idleMinutes, 0.2);
  assert.equal(benchOptions([], {}, names).idleMinutes, null);
});
