import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FrameGate, heldBytesMax } from '../../../src/sources/postgres/frame-gate.ts';

test('held frames are copies, come in order, and the gate may close again among them', () => {
  const seen: string[] = [];
  const gate = new FrameGate((frame) => {
    seen.push(frame.toString());
    return !frame.toString().startsWith('stop');
  });
  const borrowed = Buffer.from('stop1');
  assert.equal(gate.push(borrowed), false);
  const next = Buffer.from('go2');
  assert.equal(gate.push(next), false);
  next.fill('x');
  gate.push(Buffer.from('stop3'));
  gate.push(Buffer.from('go4'));
  assert.deepEqual(seen, ['stop1']);
  assert.equal(gate.open(), false);
  assert.deepEqual(seen, ['stop1', 'go2', 'stop3']);
  assert.equal(gate.empty, false);
  assert.equal(gate.open(), true);
  assert.deepEqual([seen.at(-1), gate.empty, gate.heldBytes], ['go4', true, 0]);
});

test('a pause that does not work is noticed instead of filling the memory', () => {
  const gate = new FrameGate(() => false);
  gate.push(Buffer.from('first'));
  const frame = Buffer.alloc(heldBytesMax / 4 + 1);
  for (let count = 0; count < 3; count += 1) gate.push(frame);
  assert.throws(() => gate.push(frame), /went on delivering/);
});
