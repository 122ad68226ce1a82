import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { formatPosition, parsePosition, startPoint, type ResumePoint } from '../../../src/sources/postgres/position.ts';
import { SourceRegister } from '../../../src/sources/postgres/registers.ts';
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

/** Random transactions: how many inserts, deletes (two records), key changes (three records) and messages, in which order. */
const transactions = fc.array(fc.array(fc.constantFrom('insert', 'delete', 'key', 'message'), { maxLength: 6 }), {
  minLength: 1,
  maxLength: 6,
});

function script(plan: readonly (readonly string[])[]): readonly Buffer[] {
  const wal = new WalScript();
  let id = 0;
  for (const [index, steps] of plan.entries()) {
    if (steps.at(0) === 'message') wal.messageOutside('app', 'alone');
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

/** What `source.sequence` is in each change. */
function sequencesOf({ change, out }: DecoderFixture): string[] {
  const { registers } = change;
  const seen: string[] = [];
  out.hasRoom = () => {
    const { bytes, start, end } = registers;
    return seen.push(Buffer.from(bytes.subarray(start[SourceRegister.SEQUENCE], end[SourceRegister.SEQUENCE])).toString()) > 0;
  };
  return seen;
}

function facts(changes: readonly CollectedChange[]): unknown[] {
  return changes.map(({ op, before, after, related, locate }) => ({ op, before, after, related, locate }));
}

test('from the position after any frame a replay brings exactly the rest, also of a replay that was resumed itself', async () => {
  await fc.assert(
    fc.asyncProperty(transactions, fc.nat(), fc.nat(), async (plan, firstCut, secondCut) => {
      const frames = script(plan);
      const all = new DecoderFixture([orders], { messages: true });
      await all.feed(frames);
      const seen: CollectedChange[] = [];
      let resume: ResumePoint = startPoint(0n);
      for (const cut of [firstCut % (frames.length + 1), secondCut % (frames.length + 1), frames.length]) {
        const part = new DecoderFixture([orders], { resume, messages: true });
        await part.feed(frames.slice(0, cut));
        seen.push(...part.out.changes);
        resume = part.position.snapshot();
      }
      assert.deepEqual(facts(seen), facts(all.out.changes));
    }),
    { numRuns: 500 },
  );
});

test('from the position behind any change, also in the middle of a message, a replay brings exactly the rest', async () => {
  const cut = fc.record({ frames: fc.nat(), changes: fc.nat(), behindFrame: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(transactions, cut, cut, async (plan, ...cuts) => {
      const frames = script(plan);
      const all = new DecoderFixture([orders], { messages: true });
      await all.feed(frames);
      const seen: CollectedChange[] = [];
      let resume: ResumePoint = startPoint(0n);
      for (const stop of [...cuts, { frames: frames.length, changes: 0, behindFrame: true }]) {
        const part = new DecoderFixture([orders], { resume, messages: true });
        // Asked while a change is being handed over, the position is that behind the change before it.
        const behind: ResumePoint[] = [];
        part.out.hasRoom = () => behind.push(part.position.snapshot()) > 0;
        await part.feed(frames.slice(0, stop.frames % (frames.length + 1)));
        behind.push(part.position.snapshot());
        const count = stop.behindFrame ? behind.length - 1 : stop.changes % behind.length;
        seen.push(...part.out.changes.slice(0, count));
        resume = behind[count] ?? resume;
      }
      assert.deepEqual(facts(seen), facts(all.out.changes));
    }),
    { numRuns: 200 },
  );
});

test('a change tells the same commit before it whether or not the stream went on there, also after an idle time', async () => {
  await fc.assert(
    fc.asyncProperty(transactions, fc.nat(), fc.boolean(), async (plan, cut, isIdle) => {
      const frames = script(plan);
      const all = new DecoderFixture([orders], { messages: true });
      const expected = sequencesOf(all);
      await all.feed(frames);
      const first = new DecoderFixture([orders], { messages: true });
      const seen = sequencesOf(first);
      await first.feed(frames.slice(0, cut % (frames.length + 1)));
      // The server has written what is nobody's commit.
      if (isIdle) first.position.idle(0, Number(first.position.done) + 8);
      const { point } = parsePosition(formatPosition(first.position.snapshot(), { systemId: '1', timeline: null }));
      const again = new DecoderFixture([orders], { resume: point, messages: true });
      const rest = sequencesOf(again);
      await again.feed(frames);
      assert.deepEqual([...seen, ...rest], expected);
    }),
    { numRuns: 300 },
  );
});

test('messages that are left out count, so that a restart that takes them in goes on behind the same row', async () => {
  const wal = new WalScript().begin(1).relation(orders).message('app', 'hello').insert(orders, ['1', 'a']);
  const first = new DecoderFixture([orders], { messages: true, settings: { 'message.prefix.exclude.list': 'app' } });
  await first.feed(wal.frames);
  wal.insert(orders, ['2', 'b']).commit();
  const again = new DecoderFixture([orders], { resume: first.position.snapshot(), messages: true });
  await again.feed(wal.frames);
  assert.deepEqual(
    again.out.changes.map(({ op, after }) => [op, after?.['id']]),
    [['c', '2']],
  );
});

test('a message outside transactions says nothing of the transaction before it', async () => {
  const fixture = new DecoderFixture([orders], { messages: true });
  const { registers } = fixture.change;
  const seen: number[] = [];
  fixture.out.hasRoom = () => seen.push(registers.present[SourceRegister.TX_ID] ?? -1) > 0;
  const wal = new WalScript().begin(731).relation(orders).origin('elsewhere', 7n).insert(orders, ['1', 'a']).commit();
  await fixture.feed(wal.messageOutside('app', 'alone').frames);
  assert.deepEqual(seen, [1, 0]);
  assert.equal(registers.present[SourceRegister.ORIGIN], 0);
});

test('a transaction whose commit starts where the one before ended comes after a restart, once', async () => {
  const wal = new WalScript().begin(1).relation(orders).insert(orders, ['1', 'a']).commit();
  const first = new DecoderFixture([orders]);
  await first.feed(wal.frames);
  const { commitEnd } = wal;
  // Its rows were written beside those of the first; its commit record is the next one.
  wal.begin(2, 0).insert(orders, ['2', 'b']).commit();
  assert.equal(wal.finalLsn, commitEnd);
  const again = new DecoderFixture([orders], { resume: first.position.snapshot() });
  await again.feed(wal.frames);
  assert.deepEqual(
    again.out.changes.map(({ after }) => after?.['id']),
    ['2'],
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
