import assert from 'node:assert/strict';
import { test } from 'node:test';

import { silentLog } from '../../../src/base/log.ts';
import { SlotPoll } from '../../../src/sources/postgres/slot-poll.ts';
import type { SlotLag } from '../../../src/sources/postgres/source-metrics.ts';
import { ManualClock, settle } from '../../support/manual-clock.ts';

const lag: SlotLag = { lagBytes: 1, retainedBytes: 1, walStatus: 'reserved', safeBytes: null };

test('a slot is looked at every five seconds; while the server does not answer time passes, and no second question is put', async () => {
  const clock = new ManualClock();
  const seen: string[] = [];
  const questions: PromiseWithResolvers<SlotLag | null>[] = [];
  const poll = new SlotPoll({
    look: () => {
      seen.push('look');
      const question = Promise.withResolvers<SlotLag | null>();
      questions.push(question);
      return question.promise;
    },
    watch: { add: ({ walStatus }) => seen.push(walStatus ?? ''), tick: () => seen.push('tick') },
    onUnreserved: () => seen.push('give it back'),
    clock,
    log: silentLog,
  });
  /** What comes of a tick after so much time, and of the answer to its question. */
  const after = async (ms: number, answer?: SlotLag | null | Error): Promise<readonly string[]> => {
    await clock.advance(ms);
    poll.tick();
    if (answer instanceof Error) questions.at(-1)?.reject(answer);
    else if (answer !== undefined) questions.at(-1)?.resolve(answer);
    await settle();
    return seen.splice(0);
  };
  assert.deepEqual(await after(0, lag), ['tick', 'look', 'reserved']);
  assert.deepEqual(await after(4999), []);
  assert.deepEqual(await after(1), ['tick', 'look']);
  assert.deepEqual(await after(5000), ['tick']);
  assert.deepEqual(await after(5000, { ...lag, walStatus: 'unreserved' }), ['tick', 'unreserved', 'give it back']);
  assert.deepEqual(await after(5000, null), ['tick', 'look'], 'the slot is gone');
  assert.deepEqual(await after(5000, new Error('the connection is gone')), ['tick', 'look']);
  assert.deepEqual(await after(5000, lag), ['tick', 'look', 'reserved']);
});
