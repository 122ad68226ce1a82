import assert from 'node:assert/strict';
import { test } from 'node:test';
import { summarise } from '../../src/demo/record-summary.ts';

const shown = (values: readonly { name: string; text: string }[]): string => values.map(({ name, text }) => `${name}=${text}`).join(' ');

const text = (value: unknown): string => summarise('t', null, { value }).values[0]?.text ?? '';

test('an insert, a snapshot row and a delete list what is there, without what the key says', () => {
  const row = { id: 7, status: 'done', fare: '12.50', tip: null };
  for (const [op, operation] of [
    ['c', 'insert'],
    ['r', 'snapshot'],
  ]) {
    const summary = summarise('t', { id: 7 }, { op, before: null, after: row, source: {} });
    assert.deepEqual(
      { ...summary, values: shown(summary.values) },
      { topic: 't', operation, key: 'id=7', values: 'status=done fare=12.50' },
    );
  }
  const deleted = summarise('t', { id: 7 }, { op: 'd', before: row, after: null });
  assert.equal(deleted.operation, 'delete');
  assert.equal(shown(deleted.values), 'status=done fare=12.50');
});

test('of an update what changed is shown, or the whole row when the old one is not known', () => {
  const after = { id: 7, status: 'riding', cab: 3, tip: null };
  assert.equal(
    shown(summarise('t', { id: 7 }, { op: 'u', before: { id: 7, status: 'requested', cab: null, tip: 1.5 }, after }).values),
    'status=requested→riding cab=3 tip=1.5→null',
  );
  assert.equal(shown(summarise('t', { id: 7 }, { op: 'u', before: null, after }).values), 'status=riding cab=3');
});

test('a changed key is shown, since the key alone does not say what it was', () => {
  assert.equal(shown(summarise('t', { id: 8 }, { op: 'u', before: { id: 7 }, after: { id: 8 } }).values), 'id=7→8');
});

test('a tombstone, a row that is no envelope, and values without fields', () => {
  assert.deepEqual(summarise('t', { id: 7 }, null), { topic: 't', operation: 'tombstone', key: 'id=7', values: [] });
  const row = summarise('rides', { place: 4 }, { place: 4, op: 'x', miles: 0.1 + 0.2 });
  assert.equal(row.operation, 'row');
  assert.equal(shown(row.values), 'op=x miles=0.3');
  assert.deepEqual(summarise('t', null, 'text'), { topic: 't', operation: 'row', key: 'null', values: [{ name: '', text: 'text' }] });
});

test('values are short and cannot move the cursor', () => {
  assert.equal(text('2026-01-02T03:04:05.678901Z'), '2026-01-02 03:04:05');
  assert.equal(text('two words'), '"two words"');
  assert.equal(text(Buffer.from([0, 255])), '0x00ff');
  assert.equal(text(1_700_000_000_000_000_000n), '"1700000000000000000"');
  assert.equal(text({ nested: [1n] }), '{"nested":["1"]}');
  for (const evil of ['a\u001B[2Jb', 'a\nb', 'a\u009B31mb', 'a\u200Eb']) assert.doesNotMatch(text(evil), /\p{C}/u);
});
