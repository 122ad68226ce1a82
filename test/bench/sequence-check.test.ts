import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rowDiffers } from '../../bench/check/csv-row.ts';
import { SequenceCheck } from '../../bench/check/sequence-check.ts';

function problemsOf(values: readonly string[], rows = 3): readonly string[] {
  const check = new SequenceCheck(rows, null, (index, _key, value) => (String(value) === `v${index}` ? null : `not v${index}`));
  values.forEach((value, at) => check.take({ key: null, value: Buffer.from(value), offset: BigInt(at) }));
  return check.problems();
}

test('records in their order are right; a lost, doubled or extra one is not', () => {
  assert.deepEqual(problemsOf(['v0', 'v1', 'v2']), []);
  assert.deepEqual(problemsOf(['v0', 'v2']), ['offset 1: not v1', '2 records came, 3 were due']);
  assert.deepEqual(problemsOf(['v0', 'v1', 'v1']), ['offset 2: not v2']);
  assert.deepEqual(problemsOf(['v0', 'v1', 'v2', 'v3']), ['offset 3: one too many', '4 records came, 3 were due']);
});

const names = ['id', 'at', 'name', 'amount'];
const cells = ['7', '2026-07-01 00:00:08', 'tea', '.80'];
const record = { id: 7, at: Date.UTC(2026, 6, 1, 0, 0, 8), name: 'tea', amount: 0.8 };

test('a record of a CSV row is compared cell by cell', () => {
  assert.equal(rowDiffers(names, cells, 'id', { id: 7 }, record), null);
  assert.equal(rowDiffers(names, cells, 'id', { id: 7 }, { ...record, at: record.at * 1000 }), null);
  assert.equal(
    rowDiffers(names, cells, 'id', { id: 7 }, { ...record, at: record.at + 1 }),
    `at is ${record.at + 1}, the file has 2026-07-01 00:00:08`,
  );
  assert.equal(rowDiffers(names, cells, 'id', { id: 7 }, { ...record, amount: null }), 'amount is null, the file has .80');
  assert.equal(rowDiffers(names, cells, 'id', { id: 8 }, record), 'the key is 8, the file has 7');
  assert.equal(rowDiffers(names, cells, 'id', { id: 7 }, { ...record, more: 1 }), '5 fields where 4 were due');
});
