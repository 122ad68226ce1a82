import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { catchUpWaitMsMax, filteredWaitMsMax, tailWaitMsMax, waitBeforeSeal } from '../../src/connect/batch-cut.ts';
import type { BatchFacts } from '../../src/connect/batch-cut.ts';

const idle: BatchFacts = {
  records: 3,
  full: false,
  atBoundary: true,
  filteredOnly: false,
  sinkIdle: true,
  ending: false,
  ageMs: 0,
  waitedMs: 0,
  behindMs: 0,
};

describe('when to seal', () => {
  const cases: readonly (readonly [name: string, facts: Partial<BatchFacts>, lingerMs: number, waitMs: number])[] = [
    ['an idle sink takes what stands at a boundary', {}, 0, 0],
    ['a busy sink takes nothing, however full', { sinkIdle: false, full: true, ending: true }, 0, Infinity],
    ['linger counts from the first record', { ageMs: 30 }, 100, 70],
    ['linger is over', { ageMs: 100 }, 100, 0],
    ['a full batch does not linger', { full: true }, 100, 0],
    ['an ending task does not linger', { ending: true, atBoundary: false }, 100, 0],
    ['the tail of a transaction is waited for', { atBoundary: false, waitedMs: 1 }, 0, tailWaitMsMax - 1],
    ['and not for longer', { atBoundary: false, waitedMs: tailWaitMsMax, ageMs: 900 }, 0, 0],
    ['a position alone goes at once', { records: 0 }, 0, 0],
    ['a position alone does not linger', { records: 0 }, 100, 0],
    ['a position that moved over filtered changes waits', { records: 0, filteredOnly: true, ageMs: 1 }, 0, filteredWaitMsMax - 1],
    ['many old changes wait for more of them', { records: 64, behindMs: 60_000, waitedMs: 5 }, 0, catchUpWaitMsMax - 5],
    ['the less the younger they are', { records: 64, behindMs: 500 }, 0, 10],
    ['young ones go at once', { records: 64, behindMs: 199 }, 0, 0],
    ['few go at once, however old they seem', { records: 63, behindMs: 60_000 }, 0, 0],
    [
      'after that wait the tail of a transaction has its own',
      { records: 64, behindMs: 60_000, waitedMs: 22, atBoundary: false },
      0,
      tailWaitMsMax - 2,
    ],
    ['a full batch does not wait for more', { records: 64, behindMs: 60_000, full: true }, 0, 0],
    ['nor does an ending task', { records: 64, behindMs: 60_000, ending: true }, 0, 0],
    ['without records there is no tail', { records: 0, atBoundary: false }, 0, Infinity],
  ];
  for (const [name, facts, lingerMs, waitMs] of cases) {
    it(name, () => assert.equal(waitBeforeSeal({ ...idle, ...facts }, lingerMs), waitMs));
  }

  it('never keeps records from an idle sink for longer than the tail bound and the linger', () => {
    const facts = fc.record({
      records: fc.integer({ min: 1, max: 9 }),
      full: fc.boolean(),
      atBoundary: fc.boolean(),
      filteredOnly: fc.constant(false),
      sinkIdle: fc.constant(true),
      ending: fc.boolean(),
      ageMs: fc.nat(200),
      waitedMs: fc.nat(200),
      behindMs: fc.nat(5000),
    });
    fc.assert(
      fc.property(facts, fc.nat(100), (each, lingerMs) => {
        const waitMs = waitBeforeSeal(each, lingerMs);
        assert.ok(waitMs >= 0 && waitMs <= Math.max(tailWaitMsMax, lingerMs));
      }),
    );
  });
});
