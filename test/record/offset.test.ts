import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import {
  decodeOffsetKey,
  decodeOffsetValue,
  encodeOffsetKey,
  encodeOffsetValue,
  offsetIdentity,
  parseOffset,
  sameOffset,
  stringifyOffset,
} from '../../src/record/offset.ts';

const offsetMap = fc.dictionary(
  fc.string().filter((name) => name !== '__proto__'),
  fc.oneof(fc.string(), fc.boolean(), fc.constant(null), fc.maxSafeInteger(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
);

test('an offset reads back as itself, 64-bit integers in full', () => {
  fc.assert(
    fc.property(offsetMap, (map) => {
      assert.ok(sameOffset(parseOffset(stringifyOffset(map)), map));
    }),
  );
  assert.equal(
    stringifyOffset({ lsn: 9223372036854775807n, ordinal: 0, snapshot: null }),
    '{"lsn":9223372036854775807,"ordinal":0,"snapshot":null}',
  );
});

test('sameOffset sees a difference of one in numbers beyond the precision of doubles', () => {
  assert.ok(!sameOffset({ lsn: 9007199254740993n }, { lsn: 9007199254740992n }));
  assert.ok(sameOffset({ a: 5, b: 'x' }, { b: 'x', a: 5n }));
  assert.ok(!sameOffset({ a: 5 }, { a: 5, b: null }));
});

test('anything else than a flat object is refused', () => {
  for (const text of ['[]', '5', 'null', '{"a":{}}', '{']) assert.throws(() => parseOffset(text), SyntaxError);
});

test("keys and values of the offsets topic are Kafka Connect's bytes and read back", () => {
  assert.equal(
    String(encodeOffsetKey('my "connector"', { server: 'a', n: 2n ** 60n })),
    '["my \\"connector\\"",{"server":"a","n":1152921504606846976}]',
  );
  fc.assert(
    fc.property(fc.string(), offsetMap, fc.option(offsetMap), (connector, partition, offset) => {
      const key = decodeOffsetKey(encodeOffsetKey(connector, partition));
      assert.ok(key !== null && key.connector === connector && sameOffset(key.partition, partition));
      assert.ok(sameOffset(decodeOffsetValue(encodeOffsetValue(offset)), offset));
    }),
  );
});

test('other bytes are no offset key', () => {
  for (const text of ['', 'x', '{}', '[]', '["a"]', '["a",1]', '["a",null]', '["a",[]]', '[1,{}]', '["a",{},3]']) {
    assert.equal(decodeOffsetKey(Buffer.from(text)), null, text);
  }
});

test('the identity of a partition does not depend on the order of its members', () => {
  assert.equal(offsetIdentity({ b: 1, a: 'x' }), offsetIdentity({ a: 'x', b: 1 }));
  assert.notEqual(offsetIdentity({ a: 1 }), offsetIdentity({ a: '1' }));
});
