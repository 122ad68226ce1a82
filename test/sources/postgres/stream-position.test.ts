import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { startPoint, type ResumePoint } from '../../../src/sources/postgres/position.ts';
import type { CollectedChange } from '../../support/collecting-outlet.ts';
import { intType, textType, WalScript, type ScriptTable } from '../../support/wal-script.ts';
import { DecoderFixture } from './decoder-fixture.ts';

const orders: ScriptTable = {
  id: 1,
  schema: 'public',
  name: 'orders',
  identity: 'd',
  columns: [
    { name: 'id', type: intType, key: true },
    { name: 'item', type: textType },
  ],
};

/** Random transactions: how many inserts, deletes (two records) and key changes (three records), in which order. */
const transactions = fc.array(fc.array(fc.constantFrom('insert', 'delete', 'key', 'message'), { maxLength: 6 }), {
  minLength: 1,
  maxLength: 6,
});

function script(plan: readonly (readonly string[])[]): readonly Buffer[] {
  const wal = new WalScript();
  let id = 0;
  for (const [index, steps] of plan.entries()) {
    wal.begin(700 + index).relation(orders);
    for (const step of steps) {
      id += 1;
      if (step === 'insert') wal.insert(orders, [String(id), 'x']);
      else if (step === 'delete') wal.delete(orders, [String(id), null]);
      else if (step === 'key') wal.update(orders, [String(id), 'y'], [String(-id), null]);
      else wal.message('app', 'hello');
    }
    wal.commit();
  }
  return wal.frames;
}

function facts(changes: readonly CollectedChange[]): unknown[] {
  return changes.map(({ op, before, after, related, locate }) => ({ op, before, after, related, locate }));
}

test('from the position after any frame a replay brings exactly the rest, also of a replay that was resumed itself', async () => {
  await fc.assert(
    fc.asyncProperty(transactions, fc.nat(), fc.nat(), async (plan, firstCut, secondCut) => {
      const frames = script(plan);
      const all = new DecoderFixture([orders]);
      await all.feed(frames);
      const seen: CollectedChange[] = [];
      let resume: ResumePoint = startPoint(0n);
      for (const cut of [firstCut % (frames.length + 1), secondCut % (frames.length + 1), frames.length]) {
        const part = new DecoderFixture([orders], { resume });
        await part.feed(frames.slice(0, cut));
        seen.push(...part.out.changes);
        resume = part.position.snapshot();
      }
      assert.deepEqual(facts(seen), facts(all.out.changes));
    }),
    { numRuns: 500 },
  );
});

test('an idle keepalive moves the position only between transactions, and only forward', async () => {
  const wal = new WalScript();
  wal.begin(1).relation(orders).insert(orders, ['1', 'a']);
  const fixture = new DecoderFixture([orders]);
  await fixture.feed(wal.frames);
  assert.equal(fixture.position.idle(0, 0xffff_ffff), false);
  assert.equal(fixture.position.done, 0n);
  await fixture.feed(wal.commit().frames.slice(-1));
  assert.equal(fixture.position.done, wal.commitEnd);
  assert.equal(fixture.position.idle(0, 1), false);
  assert.equal(fixture.position.idle(1, 0), true);
  assert.equal(fixture.position.done, 1n << 32n);
});
