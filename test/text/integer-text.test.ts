import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ByteSink } from '../../src/base/byte-sink.ts';
import { writeInt64 } from '../../src/text/integer-text.ts';
import { propertySettings } from '../support/property.ts';

function written(high: number, low: number): string {
  const out = new ByteSink(Buffer.alloc(32));
  writeInt64(out, high, low);
  return out.bytes.toString('latin1', 0, out.at);
}

test('64-bit integers print like BigInt', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }), fc.integer({ min: 0, max: 63 }), (wide, shift) => {
      const value = wide >> BigInt(shift);
      assert.equal(written(Number(BigInt.asIntN(32, value >> 32n)), Number(BigInt.asIntN(32, value))), value.toString());
    }),
    propertySettings(),
  );
  assert.equal(written(-0x8000_0000, 0), '-9223372036854775808');
});
