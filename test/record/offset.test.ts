import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { parseOffset, sameOffset, stringifyOffset } from '../../src/record/offset.ts';

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
