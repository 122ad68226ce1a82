import assert from 'node:assert/strict';
import { test } from 'node:test';

import { PacedReads } from '../../../src/sources/postgres/paced-reads.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const recordBytes = 300;
const recordsPerTurn = 100;
const turns = 60;

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

test('over TLS, where each record is a read, what comes in one turn of the event loop is waited for once, when it is all there', async () => {
  const clock = new ManualClock();
  const waits: number[] = [];
  let arriving = false;
  const reads = new PacedReads(true, clock, (waitMs) => {
    assert.ok(!arriving, 'a wait in the middle of a turn leaves the rest of it for later');
    waits.push(waitMs);
  });
  for (let turn = 0; turn < turns; turn += 1) {
    arriving = true;
    for (let record = 0; record < recordsPerTurn; record += 1) reads.arrived(recordBytes, Infinity);
    arriving = false;
    const before = waits.length;
    await nextTurn();
    assert.ok(waits.length - before <= 1);
    if (waits.length > before) reads.waited();
    await clock.advance(1);
  }
  // All of a busy stream but its first reads, and as long as what a turn brought is worth.
  assert.ok(waits.length > turns / 2, `${waits.length} waits`);
  assert.deepEqual(new Set(waits), new Set([4]));
});

test('without TLS a read that filled its buffer is followed by the next one at once', async () => {
  const clock = new ManualClock();
  let waits = 0;
  const reads = new PacedReads(false, clock, () => {
    waits += 1;
  });
  for (let read = 0; read < 60; read += 1) {
    reads.arrived(64 * 1024, 64 * 1024);
    await clock.advance(1);
  }
  assert.equal(waits, 0);
  reads.arrived(64 * 1024, 256 * 1024);
  assert.equal(waits, 1);
});
