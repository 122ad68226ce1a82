import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { ByteSink } from '../../src/base/byte-sink.ts';

/** Avro's zigzag varint by arithmetic on BigInt: slow, obvious, independent of the halves. */
function zigzagVarint(value: bigint): number[] {
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
  const bytes: number[] = [];
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return bytes;
}

function written(write: (sink: ByteSink) => void): number[] {
  const sink = new ByteSink(Buffer.alloc(64));
  write(sink);
  return [...sink.bytes.subarray(0, sink.at)];
}

test('long writes what BigInt arithmetic says, for any 64 bits', () => {
  const edges = [0n, 1n, -1n, 63n, 64n, -64n, -65n, 2n ** 31n, -(2n ** 31n), 2n ** 32n, 2n ** 63n - 1n, -(2n ** 63n)];
  const value = fc.oneof(fc.constantFrom(...edges), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }));
  fc.assert(
    fc.property(value, (number) => {
      const high = Number(number >> 32n);
      const low = Number(BigInt.asIntN(32, number));
      assert.deepEqual(
        written((sink) => sink.long(high, low)),
        zigzagVarint(number),
      );
    }),
    { numRuns: 2000 },
  );
});

test('int agrees with long', () => {
  fc.assert(
    fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), (number) => {
      assert.deepEqual(
        written((sink) => sink.int(number)),
        zigzagVarint(BigInt(number)),
      );
    }),
  );
});

test('overflow is sticky, touches nothing, and tells the size that was needed', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 8 }), fc.nat(64), (parts, room) => {
      const backing = Buffer.alloc(room + 8, 0xee);
      const sink = new ByteSink(backing.subarray(0, room));
      for (const part of parts) sink.copy(part, 0, part.length);
      const size = parts.reduce((sum, part) => sum + part.length, 0);
      assert.equal(sink.at, size);
      assert.equal(sink.overflowed, size > room);
      assert.ok(backing.subarray(room).every((byte) => byte === 0xee));
      if (!sink.overflowed) assert.deepEqual(sink.bytes.subarray(0, size), Buffer.concat(parts));
    }),
  );
});

test('floats are little-endian IEEE 754', () => {
  const expected = Buffer.alloc(12);
  expected.writeFloatLE(9.3, 0);
  expected.writeDoubleLE(-1138.95, 4);
  assert.deepEqual(
    written((sink) => {
      sink.float32(9.3);
      sink.float64(-1138.95);
    }),
    [...expected],
  );
});

test('an overflow stays one, also when a length turns out to need fewer bytes than were left for it', () => {
  const out = new ByteSink(Buffer.alloc(12));
  out.at = 2;
  out.copy(Buffer.from('eleven byte'), 0, 11);
  assert.equal(out.closeLength(0, 2), 1);
  assert.equal(out.at, 12, 'what is needed fits exactly');
  assert.equal(out.overflowed, true, 'and yet the last byte is lost');
  out.rewind(0);
  assert.equal(out.overflowed, false);
  out.at = 1;
  out.copy(Buffer.from('eleven byte'), 0, 11);
  assert.equal(out.closeLength(0, 1), 1);
  assert.deepEqual([out.overflowed, out.bytes.toString('latin1')], [false, '\x16eleven byte']);
});
