import assert from 'node:assert/strict';
import { test } from 'node:test';

import { silentLog, type Logger } from '../../../src/base/log.ts';
import { SlotDanger } from '../../../src/sources/postgres/slot-danger.ts';
import { SlotWatch } from '../../../src/sources/postgres/slot-watch.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { testSettings } from './test-settings.ts';

test('others are held while the slot is in danger, let go after a minute of calm or when it does not help', () => {
  const danger = new SlotDanger({ limitMs: 600_000, holdMsMax: 900_000 });
  const verdicts = (steps: readonly (readonly [atMs: number, secondsLeft: number | null])[]): string[] =>
    steps.map(([atMs, secondsLeft]) => danger.judge(atMs, secondsLeft));
  assert.deepEqual(
    verdicts([
      [0, null],
      [1, 700],
      [2, 600],
      [3, 900],
      [50_000, 1201],
      [100_000, 900],
    ]),
    ['free', 'free', 'hold', 'hold', 'hold', 'hold'],
  );
  assert.ok(!danger.farAway);
  assert.deepEqual(
    verdicts([
      [109_999, null],
      [110_000, null],
      [200_000, 590],
    ]),
    ['hold', 'free', 'hold'],
  );
  assert.deepEqual(
    verdicts([
      [1_100_000, 500],
      [1_105_000, 500],
      [1_110_000, null],
      [1_170_000, null],
      [1_171_000, 1],
    ]),
    ['given up', 'free', 'free', 'free', 'hold'],
  );
});

test('a danger that comes back in its minute of calm has to be away for a minute again', () => {
  const danger = new SlotDanger({ limitMs: 600_000, holdMsMax: 900_000 });
  const verdicts = (
    [
      [0, 500],
      [10_000, null],
      [50_000, 500],
      [71_000, null],
      [130_999, null],
      [131_000, null],
    ] as const
  ).map(([atMs, secondsLeft]) => danger.judge(atMs, secondsLeft));
  assert.deepEqual(verdicts, ['hold', 'hold', 'hold', 'hold', 'hold', 'free']);
});

test('a slot whose log is nearly used up claims the way, where that was asked for', async () => {
  for (const policy of ['warn', 'pause_others']) {
    const clock = new ManualClock();
    const claims: (string | null)[] = [];
    const warned: object[] = [];
    const log = { ...silentLog, warn: (facts: object) => warned.push(facts) } as unknown as Logger;
    const settings = testSettings({ 'slot.danger.policy': policy, 'slot.danger.ms': '60000' }).slot;
    const watch = new SlotWatch(settings, { clock, log, claimWay: (reason) => claims.push(reason) }, { slot: () => {} });
    const look = async (safeBytes: number): Promise<void> => {
      watch.add({ lagBytes: 1, retainedBytes: 1, walStatus: 'extended', safeBytes });
      await clock.advance(20_000);
    };
    await look(100e6);
    await look(99e6);
    assert.ok(watch.canWait);
    assert.deepEqual(
      claims.filter((reason) => reason !== null),
      [],
    );
    await look(30e6);
    assert.ok(!watch.canWait, 'it may not stand still for others itself');
    assert.deepEqual(
      claims.filter((reason) => reason !== null),
      policy === 'warn' ? [] : ['the log for its replication slot "debezium" is nearly used up'],
    );
    assert.equal(warned.length, 2, 'below an hour, and when half of that is gone');
  }
});

test('others are let go in time although the server tells no more of the slot', async () => {
  const clock = new ManualClock();
  const claims: (string | null)[] = [];
  const settings = testSettings({ 'slot.danger.policy': 'pause_others', 'slot.danger.hold.max.ms': '60000' }).slot;
  const warned: string[] = [];
  const log = { ...silentLog, warn: (_facts: object, text: string) => warned.push(text) } as unknown as Logger;
  const watch = new SlotWatch(settings, { clock, log, claimWay: (reason) => claims.push(reason) }, { slot: () => {} });
  watch.tick();
  watch.add({ lagBytes: 1, retainedBytes: 1, walStatus: 'unreserved', safeBytes: 0 });
  watch.tick();
  await clock.advance(59_999);
  watch.tick();
  assert.deepEqual(
    claims.map((reason) => reason !== null),
    [false, true, true, true],
  );
  await clock.advance(1);
  watch.tick();
  assert.equal(claims.at(-1), null);
  assert.match(warned.at(-1) ?? '', /stood still for this one, and its slot is in danger all the same/);
});

test('the metrics have what the server tells of the slot, and how long it lasts: of a lost one no longer', () => {
  const told: unknown[] = [];
  const watch = new SlotWatch(
    testSettings().slot,
    { clock: new ManualClock(), log: silentLog, claimWay: undefined },
    { slot: (...facts) => told.push(facts) },
  );
  const reserved = { lagBytes: 1, retainedBytes: 2, walStatus: 'reserved', safeBytes: null };
  const lost = { ...reserved, walStatus: 'lost' };
  watch.add(reserved);
  watch.add(lost);
  assert.deepEqual(told, [
    [reserved, null],
    [lost, 0],
  ]);
});
