import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { OffsetMap } from '../../../src/record/offset.ts';
import type { SlotState } from '../../../src/sources/postgres/slot.ts';
import { planStart, type StartPlan } from '../../../src/sources/postgres/start-plan.ts';
import { testSettings } from './test-settings.ts';

const slot: SlotState = {
  name: 'debezium',
  plugin: 'pgoutput',
  database: 'shop',
  active: false,
  activePid: null,
  restartLsn: 90n,
  confirmedFlushLsn: 100n,
  walStatus: 'reserved',
  invalidation: null,
  twoPhase: false,
};
const lost: SlotState = { ...slot, walStatus: 'lost', invalidation: 'wal_removed' };
const server = { version: 180_000, systemId: '7', walEnd: 500n, timeline: 1, timelineHistory: new Map<number, bigint>() };
const stored: OffsetMap = { lsn_commit: 100n, lsn: 100n, system_id: '7' };

function plan(extra: Readonly<Record<string, string>>, facts: { slot: SlotState | null; offset: OffsetMap | null }): StartPlan {
  return planStart(testSettings(extra), { ...facts, server });
}

/** A snapshot that was interrupted, its stream to start at 100. */
const interrupted: OffsetMap = { lsn: 100n, snapshot: 'INITIAL', system_id: '7', snapshot_progress: '{}' };

function outline(start: StartPlan): unknown {
  return start.kind === 'snapshot' ? [start.kind, start.recreateSlot, start.thenStream] : start.kind;
}

test('a slot that fits goes on, a lost one is replaced only where a new snapshot is allowed', () => {
  assert.equal(outline(plan({}, { slot, offset: stored })), 'stream');
  for (const mode of ['initial', 'no_data']) {
    assert.throws(() => plan({ 'snapshot.mode': mode }, { slot: lost, offset: stored }), /is lost/);
    assert.deepEqual(outline(plan({ 'snapshot.mode': mode, 'slot.lost.policy': 'snapshot' }, { slot: lost, offset: stored })), [
      'snapshot',
      true,
      true,
    ]);
  }
  assert.deepEqual(outline(plan({ 'snapshot.mode': 'when_needed' }, { slot: lost, offset: stored })), ['snapshot', true, true]);
  assert.deepEqual(outline(plan({ 'snapshot.mode': 'always' }, { slot: lost, offset: stored })), ['snapshot', true, true]);
});

test('the policy is about lost slots alone: one that is gone, moved or foreign is refused all the same', () => {
  const policy = { 'slot.lost.policy': 'snapshot' };
  assert.throws(() => plan(policy, { slot: null, offset: stored }), /does not exist/);
  assert.throws(() => plan(policy, { slot: { ...slot, confirmedFlushLsn: 200n }, offset: stored }), /changes in between are gone/);
  assert.throws(() => plan(policy, { slot: { ...slot, plugin: 'test_decoding' }, offset: stored }), /test_decoding/);
  assert.throws(() => plan(policy, { slot, offset: { ...stored, system_id: '8' } }), /another server/);
});

test("no mode takes somebody else's slot, nor drops one that is lost", () => {
  const foreign = [
    [{ plugin: 'decoderbufs' }, /plug-in decoderbufs, not pgoutput/],
    [{ plugin: null, database: null }, /physical/],
    [{ database: 'other' }, /belongs to the database "other"/],
    [{ twoPhase: true }, /sends prepared transactions/],
  ] as const;
  for (const mode of ['initial', 'initial_only', 'always', 'no_data', 'when_needed']) {
    for (const [trait, why] of foreign) {
      for (const offset of [stored, null]) {
        for (const state of [slot, lost]) {
          const extra = { 'snapshot.mode': mode, 'slot.lost.policy': 'snapshot' };
          assert.throws(() => plan(extra, { slot: { ...state, ...trait }, offset }), why);
        }
      }
    }
  }
});

test('a lost slot without a stored position is refused, or replaced where that is allowed', () => {
  assert.throws(() => plan({}, { slot: lost, offset: null }), /is lost/);
  assert.deepEqual(outline(plan({ 'slot.lost.policy': 'snapshot' }, { slot: lost, offset: null })), ['snapshot', true, true]);
});

function based(...flags: readonly string[]): Record<string, string> {
  return {
    'snapshot.mode': 'configuration_based',
    ...Object.fromEntries(flags.map((flag) => [`snapshot.mode.configuration.based.${flag}`, 'true'])),
  };
}

test('each snapshot mode at the first start, at a later one, and when the stored position cannot be served', () => {
  const moved = { ...slot, confirmedFlushLsn: 200n };
  const read = ['snapshot', false, true];
  const readOnly = ['snapshot', false, false];
  const cases: readonly (readonly [extra: Record<string, string>, first: unknown, later: unknown, unserved: unknown])[] = [
    [{ 'snapshot.mode': 'initial' }, read, 'stream', 'refused'],
    [{ 'snapshot.mode': 'initial_only' }, readOnly, 'done', 'done'],
    [{ 'snapshot.mode': 'always' }, read, read, read],
    [{ 'snapshot.mode': 'no_data' }, 'begin', 'stream', 'refused'],
    [{ 'snapshot.mode': 'never' }, 'begin', 'stream', 'refused'],
    [{ 'snapshot.mode': 'schema_only' }, 'begin', 'stream', 'refused'],
    [{ 'snapshot.mode': 'when_needed' }, read, 'stream', read],
    [based('snapshot.data', 'start.stream'), read, read, read],
    [based('snapshot.data'), readOnly, readOnly, readOnly],
    [based('start.stream'), 'begin', 'stream', 'refused'],
    [based('start.stream', 'snapshot.on.data.error'), 'begin', 'stream', read],
    [based(), 'done', 'done', 'done'],
  ];
  for (const [extra, first, later, unserved] of cases) {
    const name = JSON.stringify(extra);
    assert.deepEqual(outline(plan(extra, { slot: null, offset: null })), first, `first: ${name}`);
    assert.deepEqual(outline(plan(extra, { slot, offset: stored })), later, `later: ${name}`);
    if (unserved === 'refused') assert.throws(() => plan(extra, { slot: moved, offset: stored }), /in between are gone/, name);
    else assert.deepEqual(outline(plan(extra, { slot: moved, offset: stored })), unserved, `unserved: ${name}`);
  }
});

/** Where the stream goes on with a slot at `confirmedFlushLsn` and the stored position 100. */
function goesOnAt(strategy: string, confirmedFlushLsn: bigint, more: Readonly<Record<string, string>> = {}): unknown {
  const settings = { 'snapshot.mode': 'no_data', 'offset.mismatch.strategy': strategy, ...more };
  try {
    const start = plan(settings, { slot: { ...slot, confirmedFlushLsn }, offset: stored });
    return start.kind === 'stream' ? start.point.lsnCommit : start.kind;
  } catch (error) {
    assert.match(String(error), /changes in between are gone/);
    return 'refused';
  }
}

test('offset.mismatch.strategy decides when slot and stored position differ; nothing is passed over unless it is told to', () => {
  const unchecked = { 'internal.log.position.check.enable': 'false' };
  // [strategy, slot before it, at it, behind it, behind it without the check].
  const cases: readonly (readonly [string, ...unknown[]])[] = [
    ['no_validation', 100n, 100n, 'refused', 100n],
    ['trust_offset', 100n, 100n, 'refused', 100n],
    ['trust_slot', 90n, 100n, 200n, 200n],
    ['trust_greater_lsn', 100n, 100n, 200n, 200n],
  ];
  for (const [strategy, ...expected] of cases) {
    const found = [90n, 100n, 200n].map((at) => goesOnAt(strategy, at)).concat(goesOnAt(strategy, 200n, unchecked));
    assert.deepEqual(found, expected, strategy);
    // None of them stands for a slot that is gone.
    const gone = { slot: null, offset: stored };
    const settings = { 'offset.mismatch.strategy': strategy, ...unchecked };
    assert.throws(() => plan({ ...settings, 'snapshot.mode': 'no_data' }, gone), /does not exist/, strategy);
    assert.deepEqual(outline(plan({ ...settings, 'snapshot.mode': 'when_needed' }, gone)), ['snapshot', false, true], strategy);
  }
});

test('a position that this server has never reached, or reached in another history, is refused', () => {
  const facts = { slot: { ...slot, confirmedFlushLsn: 100n }, offset: { ...stored, lsn_commit: 300n, timeline: 1 } };
  const at = (found: object, extra: Readonly<Record<string, string>> = {}): unknown =>
    outline(planStart(testSettings(extra), { ...facts, server: { ...server, ...found } }));
  assert.equal(at({}), 'stream');
  assert.throws(() => at({ walEnd: 299n }), /log ends at 0\/12B, before the stored position 0\/12C/);
  assert.equal(at({ walEnd: 300n }), 'stream');
  assert.deepEqual(at({ walEnd: 299n }, { 'snapshot.mode': 'when_needed' }), ['snapshot', false, true]);
  // Promoted: this history parted from timeline 1 before or behind the position.
  assert.throws(() => at({ timeline: 2, timelineHistory: new Map([[1, 299n]]) }), /left it at 0\/12B/);
  assert.equal(at({ timeline: 2, timelineHistory: new Map([[1, 300n]]) }), 'stream');
  assert.throws(() => at({ timeline: 2 }), /has never been on it/);
  assert.equal(at({ timeline: null }), 'stream', 'a standby does not tell');
});

test('an interrupted snapshot goes on only where its own slot still brings what came after it', () => {
  const resumed = (found: SlotState | null, offset: OffsetMap = interrupted): boolean => {
    const start = plan({ 'slot.lost.policy': 'snapshot' }, { slot: found, offset });
    assert.equal(start.kind, 'snapshot');
    return start.kind === 'snapshot' && start.resume !== null;
  };
  assert.equal(resumed(slot), true);
  assert.equal(resumed({ ...slot, confirmedFlushLsn: 99n }), true);
  assert.equal(resumed({ ...slot, confirmedFlushLsn: 101n }), false, 'moved since, or made anew');
  assert.equal(resumed(null), false, 'gone');
  assert.equal(resumed(lost), false, 'lost');
  assert.equal(resumed(slot, { ...interrupted, system_id: '8' }), false, 'of another server');
});
