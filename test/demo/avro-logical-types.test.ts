import assert from 'node:assert/strict';
import { test } from 'node:test';
import avro from 'avsc';
import fc from 'fast-check';
import { decimalBytes, decimalText, logicalTypes, longsThatFit } from '../../src/demo/avro-logical-types.ts';

test('a decimal is read as it is written, of any sign, size and scale', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n }), fc.integer({ min: 0, max: 20 }), (unscaled, scale) => {
      const text = decimalText(decimalBytes(String(unscaled), 0), scale);
      assert.equal(BigInt(text.replace('.', '')), unscaled);
      assert.equal(text.includes('.') ? text.length - text.indexOf('.') - 1 : 0, scale);
    }),
  );
  assert.equal(decimalText(Buffer.from([0x04, 0xe2]), 2), '12.50');
  assert.equal(decimalText(Buffer.from([0xff]), 2), '-0.01');
  assert.equal(decimalText(Buffer.from([5]), -2), '500');
});

test('a long that no number holds is read as a bigint, any other as a number', () => {
  const type = avro.Type.forSchema('long', { typeHook: longsThatFit });
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
      const read: unknown = type.fromBuffer(type.toBuffer(value));
      assert.equal(read, Number.isSafeInteger(Number(value)) ? Number(value) : value);
    }),
  );
});

test('moments are read as text', () => {
  const type = avro.Type.forSchema({ type: 'long', logicalType: 'timestamp-millis' }, { logicalTypes, typeHook: longsThatFit });
  const bytes = avro.Type.forSchema('long').toBuffer(0);
  assert.equal(type.fromBuffer(bytes), '1970-01-01T00:00:00.000Z');
});
