import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CellHash } from '../../bench/check/cell-hash.ts';
import { RecordCheck } from '../../bench/check/record-check.ts';
import type { Op, TakenRecord } from '../../bench/check/topic-check.ts';
import { TopicCheck } from '../../bench/check/topic-check.ts';
import { cellKinds } from '../../bench/table/cell-kind.ts';

const model = { title: 'two rows', columns: [{ name: 'drink', type: 'text', value: `''`, kind: cellKinds.text }] };
const hashes = ['tea', 'milk'].map((text) => {
  const hash = new CellHash();
  hash.begin();
  hash.add(text);
  return hash;
});
const digest = {
  rows: 2,
  high: Uint32Array.from([0, ...hashes.map(({ high }) => high)]),
  low: Uint32Array.from([0, ...hashes.map(({ low }) => low)]),
};
const [one, two] = [
  { id: 1, drink: 'tea' },
  { id: 2, drink: 'milk' },
];

type Sent = readonly [id: number, value: object | null];

async function problemsOf(op: Op, sent: readonly Sent[]): Promise<readonly string[]> {
  const check = new RecordCheck(digest, 2, { shift: op === 'u' ? 1 : 0, tombstones: op === 'd' });
  const topicCheck = new TopicCheck({ form: 'debezium-json', registry: '', model, check, op });
  const records = sent.map(([id, value], at): TakenRecord => ({
    partition: 0,
    offset: BigInt(at),
    key: Buffer.from(JSON.stringify({ id })),
    value: value === null ? null : Buffer.from(JSON.stringify(value)),
  }));
  await topicCheck.take('t', records);
  return topicCheck.problems();
}

const gone = (row: { readonly id: number }): readonly Sent[] => [
  [row.id, { op: 'd', before: row, after: null }],
  [row.id, null],
];

test('inserts have the new row and no old one', async () => {
  const first: Sent = [1, { op: 'c', before: null, after: one }];
  assert.deepEqual(await problemsOf('c', [first, [2, { op: 'c', before: null, after: two }]]), []);
  assert.match((await problemsOf('c', [first, [2, { op: 'c', before: two, after: two }]]))[0] ?? '', /operation c where c was due/);
  assert.match((await problemsOf('c', [first, [2, { op: 'r', before: null, after: two }]]))[0] ?? '', /operation r where c was due/);
  assert.match((await problemsOf('c', [first, [2, null]]))[0] ?? '', /a tombstone of 2 that was not due/);
});

test('updates have the whole old row and the new one', async () => {
  const first: Sent = [1, { op: 'u', before: one, after: { id: 1, drink: 'milk' } }];
  const last = (before: object | null, drink = 'tea'): readonly Sent[] => [first, [2, { op: 'u', before, after: { id: 2, drink } }]];
  assert.deepEqual(await problemsOf('u', last(two)), []);
  assert.match((await problemsOf('u', last(null)))[0] ?? '', /other images than it has/);
  assert.match((await problemsOf('u', last({ id: 2, drink: 'tea' })))[0] ?? '', /other old values/);
  assert.match((await problemsOf('u', last({ id: 1, drink: 'milk' })))[0] ?? '', /other old values/);
  assert.match((await problemsOf('u', last(two, 'milk')))[0] ?? '', /id 2 has other values/);
});

test('deletes have the whole old row, and a tombstone behind them', async () => {
  assert.deepEqual(await problemsOf('d', [...gone(one), ...gone(two)]), []);
  assert.match((await problemsOf('d', [...gone(one), ...gone(two).slice(0, 1)]))[0] ?? '', /1 of 2 rows are missing/);
  assert.match((await problemsOf('d', [...gone(one), ...gone({ id: 2 })]))[0] ?? '', /does not decode|other values/);
  assert.match((await problemsOf('d', [...gone(one), [2, { op: 'd', before: two, after: two }], [2, null]]))[0] ?? '', /other images/);
});
