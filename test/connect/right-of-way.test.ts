import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';

import { silentLog } from '../../src/base/log.ts';
import { RightOfWay } from '../../src/connect/right-of-way.ts';
import { ManualClock, settle } from '../support/manual-clock.ts';
import { boundary, row } from '../support/scripted-source.ts';
import { never, stageTask } from '../support/task-stage.ts';

const told: string[] = [];

function waiter(connector: string, canWait = (): boolean => true): Parameters<RightOfWay['pass']>[0] {
  return { connector, canWait, onHeld: (reason) => told.push(reason), onFree: () => told.push('free') };
}

test('others wait while one claims the way, as long as they can', async () => {
  const clock = new ManualClock();
  const way = new RightOfWay(clock, silentLog);
  const [a, b] = [way.claimant('a'), way.claimant('b')];
  await way.pass(waiter('a'), never);
  assert.deepEqual(told, [], 'nobody claims it');
  a.claim('its slot');
  await way.pass(waiter('a'), never);
  let passed = false;
  let able = true;
  const held = way
    .pass(
      waiter('b', () => able),
      never,
    )
    .then(() => (passed = true));
  await clock.advance(5000);
  assert.ok(!passed);
  assert.match(told[0] ?? '', /^Held up for the connector "a": its slot$/);
  able = false;
  await clock.advance(1000);
  await held;
  assert.equal(told.at(-1), 'free');
  able = true;
  const other = way.pass(waiter('b'), never);
  b.claim('its own slot');
  await other;
  const third = way.pass(waiter('c'), never);
  a.claim(null);
  await settle();
  assert.match(way.reason('c') ?? '', /"b"/);
  b.claim(null);
  await third;
});

test('who has waited leaves nothing behind: no timer, and nothing that its end would call', async () => {
  const clock = new ManualClock();
  const way = new RightOfWay(clock, silentLog);
  const a = way.claimant('a');
  a.claim('its slot');
  const { signal } = new AbortController();
  const held = way.pass(waiter('b'), signal);
  await clock.advance(3000);
  assert.deepEqual([clock.pending, getEventListeners(signal, 'abort').length], [1, 1]);
  a.claim(null);
  await held;
  assert.deepEqual([clock.pending, getEventListeners(signal, 'abort').length], [0, 0]);
});

test('a task that has ended claims nothing any more, whatever it hears of late; the next one does', () => {
  const way = new RightOfWay(new ManualClock(), silentLog);
  const [first, next] = [way.claimant('a'), way.claimant('a')];
  first.claim('its slot');
  first.end();
  first.claim('its slot');
  assert.equal(way.reason('b'), null);
  next.claim('its slot');
  first.claim(null);
  first.end();
  assert.match(way.reason('b') ?? '', /its slot/);
});

test('a task that is held emits into its two batches, commits nothing, and leaves at once when it is stopped', async () => {
  const clock = new ManualClock();
  const way = new RightOfWay(clock, silentLog);
  way.claimant('a').claim('its slot');
  const stage = stageTask([row(1), boundary], { gate: (stop) => way.pass(waiter('b'), stop) });
  const stop = new AbortController();
  const run = stage.task.run(stop.signal);
  await settle();
  await clock.advance(3000);
  assert.deepEqual(stage.memory.commits, []);
  stop.abort(new Error('stopped'));
  await run;
  assert.deepEqual(stage.ids(), ['1'], 'what was emitted is drained');
});
