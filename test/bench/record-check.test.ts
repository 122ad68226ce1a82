import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CellHash } from '../../bench/check/cell-hash.ts';
import type { PlainCell } from '../../bench/check/cell-hash.ts';
import { RecordCheck } from '../../bench/check/record-check.ts';
import type { TableDigest } from '../../bench/check/table-digest.ts';

const rows: readonly (readonly PlainCell[])[] = [
  ['tea', 12, true],
  ['', 0, false],
  [null, -0.5, null],
  ['tea', 13, true],
];

function hashOf(cells: readonly PlainCell[]): CellHash {
  const hash = new CellHash();
  hash.begin();
  for (const cell of cells) hash.add(cell);
  return hash;
}

const digest: TableDigest = {
  rows: rows.length,
  high: Uint32Array.from([[], ...rows], (cells) => hashOf(cells).high),
  low: Uint32Array.from([[], ...rows], (cells) => hashOf(cells).low),
};

interface Taken {
  readonly id: number;
  readonly key?: number;
  readonly cells?: readonly PlainCell[];
}

function problemsOf(taken: readonly Taken[], count = rows.length): readonly string[] {
  const check = new RecordCheck(digest, count);
  taken.forEach(({ id, key = id, cells = rows[(id - 1) % rows.length] ?? [] }, at) => check.take(key, id, hashOf(cells), `t-0@${at}`));
  return check.problems();
}

const all: readonly Taken[] = [{ id: 1 }, { id: 2 }, { id: 3 }, { id: 4 }];

test('every row once, in any order, is right', () => {
  assert.deepEqual(problemsOf(all), []);
  assert.deepEqual(problemsOf(all.toReversed()), []);
});

test('a lost row is found', () => {
  assert.deepEqual(problemsOf([{ id: 1 }, { id: 2 }, { id: 4 }]), ['1 of 4 rows are missing, the first ids: 3']);
});

test('a row that comes again is found, also in place of another', () => {
  assert.deepEqual(problemsOf([...all, { id: 2 }]), ['t-0@4: id 2 comes again']);
  assert.equal(problemsOf([{ id: 1 }, { id: 2 }, { id: 2 }, { id: 4 }]).length, 2);
});

test('another value, another key and a row from elsewhere are found', () => {
  const [, ...others] = all;
  assert.deepEqual(problemsOf([{ id: 1, cells: ['tea', 12, false] }, ...others]), ['t-0@0: id 1 has other values than the table']);
  assert.deepEqual(problemsOf([{ id: 1, cells: ['12', 'tea', true] }, ...others]), ['t-0@0: id 1 has other values than the table']);
  assert.deepEqual(problemsOf([{ id: 1, key: 2 }, ...others]), ["t-0@0: key 2, but the row's id is 1"]);
  assert.deepEqual(problemsOf([...all, { id: 5, cells: [] }]), ['t-0@4: id 5 is not in the table']);
  assert.deepEqual(problemsOf([...all, { id: Number.NaN, cells: [] }])[1], 't-0@4: id NaN is not in the table');
});

test('a table may hold the rows several times under ids that go on', () => {
  const twice = [...all, ...all.map(({ id }) => ({ id: id + rows.length }))];
  assert.deepEqual(problemsOf(twice, 8), []);
  assert.deepEqual(problemsOf(twice.slice(1), 8), ['1 of 8 rows are missing, the first ids: 1']);
});

test('null, empty text, 0 and false are four different things', () => {
  const hashes = [null, '', 0, false].map((cell) => hashOf([cell]));
  assert.equal(new Set(hashes.map(({ high, low }) => `${high} ${low}`)).size, 4);
});

test('many problems are counted, some are told', () => {
  const problems = problemsOf(Array.from({ length: 100 }, () => ({ id: 9, cells: [] })));
  assert.equal(problems.length, 12);
  assert.equal(problems[10], 'and 90 more');
});

const updated = (old: number, now: number): readonly string[] => {
  const check = new RecordCheck(digest, rows.length, { shift: 1 });
  for (let id = 1; id <= rows.length; id += 1) {
    check.take(id, id, hashOf(rows[(id + now) % rows.length] ?? []), `t-0@${id}`);
    check.takeOld(id, id, hashOf(rows[(id + old) % rows.length] ?? []), `t-0@${id}`);
  }
  return check.problems();
};

test('after an update each row holds the cells of the next one, the last those of the first', () => {
  assert.deepEqual(updated(-1, 0), []);
  assert.equal(updated(-1, 1)[0], 't-0@1: id 1 has other values than the table');
  assert.equal(updated(0, 0)[0], 't-0@1: id 1 has other old values than the table had');
});

const deleted = (order: readonly string[]): { readonly records: number; readonly problems: readonly string[] } => {
  const check = new RecordCheck(digest, 2, { tombstones: true });
  for (const [at, step] of order.entries()) {
    const id = Number(step.slice(1));
    if (step.startsWith('d')) check.take(id, id, hashOf(rows[id - 1] ?? []), `t-0@${at}`);
    else check.takeTombstone(id, `t-0@${at}`);
  }
  return { records: check.records, problems: check.problems() };
};

test('a tombstone has to follow each delete, once', () => {
  assert.deepEqual(deleted(['d1', 't1', 'd2', 't2']), { records: 2, problems: [] });
  assert.deepEqual(deleted(['d1', 't1', 'd2']), { records: 1, problems: ['1 of 2 rows are missing, the first ids: 2'] });
  assert.deepEqual(deleted(['t1', 'd1', 'd2', 't2']).problems[0], 't-0@0: a tombstone of 1 that was not due');
  assert.deepEqual(deleted(['d1', 't1', 't1', 'd2', 't2']).problems[0], 't-0@2: a tombstone of 1 that was not due');
});
