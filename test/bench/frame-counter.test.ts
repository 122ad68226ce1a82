import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FrameCounter } from '../../bench/limit/frame-counter.ts';
import { copyData, textType, WalScript } from '../support/wal-script.ts';

const trips = { id: 16_384, schema: 'public', name: 'trips', identity: 'd', columns: [{ name: 'id', type: textType, key: true }] } as const;

test('counts the inserts of a stream, however it is cut', () => {
  const wal = new WalScript().begin(1).relation(trips);
  for (let row = 0; row < 20; row += 1) wal.insert(trips, [String(row)]);
  const bytes = copyData(wal.insert(trips, ['x'.repeat(3000)]).commit().frames);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1 }), (sizes) => {
      const counter = new FrameCounter(true);
      for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
        const size = Math.min(sizes[turn % sizes.length] ?? 1, bytes.length - at);
        counter.read(bytes.subarray(at, at + size), size);
        at += size;
      }
      assert.equal(counter.rows, 21);
      assert.equal(counter.bytes, bytes.length);
    }),
  );
});

function row(text: string): Buffer {
  const message = Buffer.alloc(5 + text.length);
  message[0] = 0x64;
  message.writeInt32BE(4 + text.length, 1);
  message.write(text, 5);
  return message;
}

test('counts the rows of a COPY, also short ones', () => {
  const bytes = Buffer.concat([row('a\n'), row('\n'), row('b'.repeat(100)), row('c\n')]);
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    const counter = new FrameCounter(false);
    counter.read(bytes.subarray(0, cut), cut);
    counter.read(bytes.subarray(cut), bytes.length - cut);
    assert.equal(counter.rows, 4);
  }
});
