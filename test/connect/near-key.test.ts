import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { editDistance, nearKey } from '../../src/connect/near-key.ts';
import { csvSourcePlugin } from '../../src/sources/csv/plugin.ts';
import { postgresSourcePlugin } from '../../src/sources/postgres/plugin.ts';

const declared = ['database.hostname', 'database.dbname', 'slot.name', 'snapshot.mode', 'table.include.list', 'topic.prefix', 'file'];

test('slips of the pen find the key that was meant', () => {
  const slips: Record<string, string> = {
    'databse.hostname': 'database.hostname',
    'database.hostnam': 'database.hostname',
    'database.host': 'database.hostname',
    'Database.Hostname': 'database.hostname',
    database_hostname: 'database.hostname',
    'slot-name': 'slot.name',
    'solt.name': 'slot.name',
    'snapshot.mod': 'snapshot.mode',
    'table.include.lists': 'table.include.list',
    fil: 'file',
  };
  for (const [slip, meant] of Object.entries(slips)) assert.equal(nearKey(slip, declared), meant, slip);
});

test('other programs’ keys and opposites are not slips', () => {
  for (const key of ['table.exclude.list', 'consumer.group', 'x', 'my.own.label', 'slot', 'snapshot', 'topic.suffixes']) {
    assert.equal(nearKey(key, declared), null, key);
  }
  assert.equal(nearKey('slot.name', declared), null, 'a declared key is not near itself');
});

test('a key that a sign in front has put out of use is no slip', () => {
  for (const key of ['_file', '#slot.name', '//topic.prefix', ' _slot.name', '-file']) assert.equal(nearKey(key, declared), null, key);
  assert.equal(nearKey(' slot.name', declared), 'slot.name');
});

test('no declared key of a source is taken for a slip of another', () => {
  for (const { configKeys } of [postgresSourcePlugin, csvSourcePlugin]) {
    const names = configKeys.filter((key) => key.pattern === undefined).map((key) => key.name);
    for (const name of names) assert.equal(nearKey(name, names), null, name);
  }
});

test('the distance is the textbook one up to its limit', () => {
  const letter = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 7 });
  fc.assert(
    fc.property(letter, letter, fc.integer({ min: 0, max: 4 }), (left, right, limit) => {
      assert.equal(editDistance(left, right, limit), Math.min(textbook(left, right), limit + 1));
    }),
  );
});

/** Optimal string alignment, by its recursive definition. */
function textbook(left: string, right: string): number {
  const memo = new Map<string, number>();
  const distance = (i: number, j: number): number => {
    if (i === 0 || j === 0) return i + j;
    const known = memo.get(`${i},${j}`);
    if (known !== undefined) return known;
    const same = left[i - 1] === right[j - 1] ? 0 : 1;
    let best = Math.min(distance(i - 1, j) + 1, distance(i, j - 1) + 1, distance(i - 1, j - 1) + same);
    if (i > 1 && j > 1 && left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1]) best = Math.min(best, distance(i - 2, j - 2) + 1);
    memo.set(`${i},${j}`, best);
    return best;
  };
  return distance(left.length, right.length);
}
