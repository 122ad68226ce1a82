import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { events, states, transitions, type Event, type State } from '../../src/connect/lifecycle.ts';

/** What each event must lead to wherever it is carried out; the exceptions are listed by hand. */
const goals: Record<Event, State> = {
  start: 'RUNNING',
  resume: 'RUNNING',
  pause: 'PAUSED',
  stop: 'STOPPED',
  restart: 'RESTARTING',
  fail: 'FAILED',
  release: 'UNASSIGNED',
};

for (const state of states) {
  for (const event of events) {
    test(`${event} in ${state}`, () => {
      const outcome = transitions[state][event];
      if (outcome === 'ignored' || outcome === 'illegal') return;
      assert.equal(outcome, goals[event]);
      assert.notEqual(outcome, state, 'a transition to the same state is to be ignored');
    });
  }
}

test('only a start can be illegal: people may ask for anything at any time', () => {
  const illegal = states.flatMap((state) =>
    events.filter((event) => transitions[state][event] === 'illegal').map((event) => `${event} in ${state}`),
  );
  assert.deepEqual(illegal, ['start in PAUSED', 'start in STOPPED', 'start in FAILED']);
});

test('an event is ignored where its goal is reached, and in these states for a reason', () => {
  const ignored = states.flatMap((state) => {
    return events
      .filter((event) => transitions[state][event] === 'ignored' && goals[event] !== state)
      .map((event) => `${event} in ${state}`);
  });
  assert.deepEqual(ignored, ['resume in UNASSIGNED', 'restart in STOPPED', 'pause in FAILED', 'resume in FAILED', 'resume in RESTARTING']);
  for (const state of states)
    for (const event of events) if (goals[event] === state && event !== 'start') assert.equal(transitions[state][event], 'ignored');
});

test('a failed task runs again only through restart or stop', () => {
  assert.deepEqual(
    events.filter((event) => states.includes(transitions.FAILED[event] as State)),
    ['stop', 'restart', 'release'],
  );
});

test('from wherever events lead, stop stops and release releases', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...events)), (sequence) => {
      let state: State = 'UNASSIGNED';
      const apply = (event: Event): void => {
        const outcome = transitions[state][event];
        if (outcome !== 'ignored' && outcome !== 'illegal') state = outcome;
      };
      for (const event of sequence) apply(event);
      apply('stop');
      assert.equal(state, 'STOPPED');
      apply('release');
      assert.equal(state, 'UNASSIGNED');
    }),
  );
});
