import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { AckLedger } from '../../src/connect/ack-ledger.ts';
import type { SourceOffset } from '../../src/record/offset.ts';

const at = (file: string, position: number | bigint | null): SourceOffset => ({
  partition: { file },
  offset: position === null ? null : { position },
});

describe('the ack ledger', () => {
  it('holds back what is behind a gap', () => {
    const ledger = new AckLedger([]);
    const first = ledger.seal([at('a', 1)]);
    const second = ledger.seal([at('a', 2)]);
    ledger.commit(second);
    assert.deepEqual(ledger.confirmable(), []);
    ledger.commit(first);
    assert.deepEqual(ledger.confirmable(), [at('a', 2)]);
    assert.deepEqual(ledger.confirmable(), []);
  });

  it('gives the newest offset of each partition', () => {
    const ledger = new AckLedger([]);
    for (const offsets of [[at('a', 1), at('b', 1)], [at('a', 2)], [at('c', 5)]]) ledger.commit(ledger.seal(offsets));
    const confirmed = ledger.confirmable();
    assert.deepEqual(new Set(confirmed), new Set([at('b', 1), at('a', 2), at('c', 5)]));
    assert.equal(confirmed.length, 3);
  });

  it('refuses to commit a batch twice, after its confirmation, or before its seal', () => {
    const ledger = new AckLedger([]);
    const number = ledger.seal([at('a', 1)]);
    ledger.commit(number);
    assert.throws(() => ledger.commit(number), /twice/);
    ledger.confirmable();
    assert.throws(() => ledger.commit(number), /never sealed or is confirmed/);
    assert.throws(() => ledger.commit(number + 1), /never sealed/);
  });

  it('in any order of commits, what comes out is the contiguous prefix, rising', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(Array.from({ length: 12 }, (_, index) => index)), (order) => {
        const ledger = new AckLedger([]);
        for (let position = 0; position < 12; position += 1) ledger.seal([at('a', position)]);
        const done = new Set<number>();
        let last = -1;
        for (const number of order) {
          ledger.commit(number);
          done.add(number);
          const position = Number(ledger.confirmable()[0]?.offset?.['position'] ?? last);
          assert.ok(position >= last);
          last = position;
          let prefix = 0;
          while (done.has(prefix)) prefix += 1;
          assert.equal(last, prefix - 1);
        }
      }),
    );
  });
});

const outcome = (before: SourceOffset[], batch: SourceOffset[], stored: SourceOffset[]) => {
  const ledger = new AckLedger(before);
  return ledger.outcome(ledger.seal(batch), stored);
};

describe('what stored offsets say about a failed commit', () => {
  const cases: readonly (readonly [string, SourceOffset[], SourceOffset[], SourceOffset[], string])[] = [
    ['it is there', [at('a', 1)], [at('a', 2)], [at('a', 2)], 'committed'],
    ['5 and 5n are the same', [at('a', 1)], [at('a', 5n)], [at('a', 5)], 'committed'],
    ['it is not there', [at('a', 1)], [at('a', 2)], [at('a', 1)], 'absent'],
    ['the first batch is not there', [], [at('a', 2)], [], 'absent'],
    ['other partitions do not matter', [at('a', 1)], [at('a', 2)], [at('a', 1), at('b', 7)], 'absent'],
    ['somebody moved it on', [at('a', 1)], [at('a', 2)], [at('a', 3)], 'unknown'],
    ['half of it is there, which no atomic sink does', [], [at('a', 2), at('b', 2)], [at('a', 2)], 'unknown'],
    ['a partition was forgotten', [at('a', 1)], [at('a', null)], [], 'committed'],
    ['a batch that does not move its offset tells nothing', [at('a', 1)], [at('a', 1)], [at('a', 1)], 'unknown'],
    ['a batch without offsets tells nothing', [at('a', 1)], [], [at('a', 1)], 'unknown'],
  ];
  for (const [name, before, batch, stored, expected] of cases) it(name, () => assert.equal(outcome(before, batch, stored), expected));

  it('compares with the last commit of this run', () => {
    const ledger = new AckLedger([at('a', 1)]);
    ledger.commit(ledger.seal([at('a', 2)]));
    const number = ledger.seal([at('a', 3)]);
    assert.equal(ledger.outcome(number, [at('a', 2)]), 'absent');
    assert.equal(ledger.outcome(number, [at('a', 1)]), 'unknown');
  });
});
