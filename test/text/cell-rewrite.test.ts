import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';

import fc from 'fast-check';

import type { CellRewrite } from '../../src/record/cell-rewrite.ts';
import { ColumnKind } from '../../src/record/column-kind.ts';
import type { Column } from '../../src/record/row-schema.ts';
import { compileRewrite } from '../../src/text/cell-rewrite.ts';
import { ByteRegister } from '../../src/text/value-register.ts';

const inner: Column = { name: 'a', kind: ColumnKind.STRING, schema: { type: 'string', optional: true }, scale: -1 };

function rewritten(rewrite: CellRewrite, text: string): string {
  const bytes = Buffer.from(`x${text}y`, 'utf8');
  const into = new ByteRegister();
  compileRewrite(rewrite, null)(bytes, 1, bytes.length - 1, into);
  return Buffer.from(into.bytes.subarray(0, into.length)).toString('utf8');
}

test('truncation counts as Java does and never leaves half a character', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat(12), (text, units) => {
      const cut = text.slice(0, units);
      const expected = /[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut;
      assert.equal(rewritten({ kind: 'truncate', inner, units }, text), expected);
    }),
  );
});

const hash = { kind: 'hash', inner, salt: 'CzQMA0cB5K', algorithm: 'sha256', digitsMax: 1000 } as const;

test('hashes as Debezium 3.6.1 wrote them', () => {
  assert.equal(rewritten({ ...hash, version: 2 }, 'first'), 'cf01231b131ec83e13a81e8ecf88ce8bb25a4a8041bf25f8720e50579a802f55');
  assert.equal(rewritten({ ...hash, version: 1 }, 'ünïcödé'), '1ccfc46e02d7d49daa7e8046de4df98905414e75efb33f0dff1b7603d87d9dca');
  assert.equal(rewritten({ ...hash, version: 1, digitsMax: 10 }, 'to be hash'), 'd62da9fe86');
});

/** Written from the grammar of Java's object serialization, character by character. */
function serialized(text: string): Buffer {
  const body: number[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit > 0 && unit < 0x80) body.push(unit);
    else if (unit < 0x800) body.push(0xc0 | (unit >> 6), 0x80 | (unit & 63));
    else body.push(0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 63), 0x80 | (unit & 63));
  }
  const length = Buffer.alloc(body.length > 0xffff ? 8 : 2);
  if (length.length === 8) length.writeBigUInt64BE(BigInt(body.length));
  else length.writeUInt16BE(body.length);
  return Buffer.concat([Buffer.from([0xac, 0xed, 0, 5, length.length === 8 ? 0x7c : 0x74]), length, Buffer.from(body)]);
}

test('the first version hashes the text as Java serializes it, whatever its characters and length', () => {
  const long = 'ä😀'.repeat(20_000);
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.constant(long)), (text) => {
      // Postgres has no NUL in text; a lone surrogate is no text.
      const value = text.toWellFormed().replaceAll('\0', '');
      const expected = createHash('sha256').update(hash.salt).update(serialized(value)).digest('hex');
      assert.equal(rewritten({ ...hash, version: 1 }, value), expected);
    }),
  );
});

test('text as hex, hstore as keys and values', () => {
  assert.equal(rewritten({ kind: 'bytes' }, 'a ü'), `\\x${Buffer.from('a ü').toString('hex')}`);
  assert.equal(rewritten({ kind: 'hstore' }, ''), '{}');
  assert.equal(rewritten({ kind: 'hstore' }, '"a"=>"1", "q\\"x"=>"b\\\\c", "n"=>NULL'), '{"a","1","q\\"x","b\\\\c","n",NULL}');
  for (const broken of ['a=>1', '"a"', '"a"=>', '"a"=>nope', '"a"=>"1" "b"=>"2"', '"a']) {
    assert.throws(() => rewritten({ kind: 'hstore' }, broken), /not an hstore/, broken);
  }
});
