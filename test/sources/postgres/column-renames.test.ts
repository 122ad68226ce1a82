import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { ColumnRenames, numbersOf, type ColumnsRead } from '../../../src/sources/postgres/column-renames.ts';

const read = (live: readonly number[], lsn: number, highest = Math.max(...live)): ColumnsRead => ({ live, highest, lsn: BigInt(lsn) });

test('numbers are known between two readings if columns were only added, or only dropped', () => {
  const before = read([1, 2, 3], 0);
  assert.deepEqual(numbersOf(3, before, read([1, 2, 3], 9)), [1, 2, 3]);
  assert.deepEqual(numbersOf(4, before, read([1, 2, 3, 4, 5], 9)), [1, 2, 3, 4]);
  assert.deepEqual(numbersOf(2, before, read([1, 3], 9, 3)), [1, 3]);
  assert.deepEqual(numbersOf(3, before, read([1, 3], 9, 3)), [1, 2, 3], 'it was dropped behind the description');
  assert.equal(numbersOf(2, read([1, 2, 3, 4], 0), read([1], 9, 4)), null);
  assert.equal(numbersOf(3, before, read([1, 3, 4], 9)), null, 'one dropped, one added');
  assert.equal(numbersOf(3, before, read([1, 2, 3], 9, 4)), null, 'one was added and dropped again');
});

test('a rename is told, also a chain of them and beside an added column; a drop and an add is none', () => {
  const renames = new ColumnRenames();
  renames.start(7, ['id', 'a'], read([1, 2], 10));
  assert.ok(!renames.asks(7, ['id', 'a']) && renames.asks(7, ['id', 'b']));
  assert.deepEqual([...renames.described(7, ['id', 'b'], 20n, read([1, 2], 25))], [['b', ['a']]]);
  assert.deepEqual([...renames.described(7, ['id', 'c', 'd'], 30n, read([1, 2, 3], 35))], [['c', ['a', 'b']]]);
  assert.deepEqual(
    [...renames.described(7, ['id', 'c', 'a'], 40n, read([1, 2, 3], 45))],
    [
      ['c', ['b']],
      ['a', ['d']],
    ],
    "a name in use is nobody else's",
  );
  assert.deepEqual([...renames.described(7, ['id', 'a', 'e'], 50n, read([1, 3, 4], 55))], [], 'in doubt');
  const other = new ColumnRenames();
  other.start(7, ['id', 'x'], read([1, 9], 60), ColumnRenames.parse('[[7,[[9,["w"]]]]]').get(7));
  assert.deepEqual([...other.described(7, ['id', 'x'], 70n, read([1, 9], 75))], [['x', ['w']]], 'it is kept over a restart');
  assert.equal(other.toText(), '[[7,[[9,["w"]]]]]');
  assert.deepEqual([...other.described(7, ['id', 'y'], 80n, null)], []);
});

/** What happens to the table, and when it is described in the stream (at once) and read by us (then or later). */
type Event = 'rename' | 'add' | 'drop' | 'describe' | 'restart';
const events: fc.Arbitrary<readonly (readonly [Event, number, number])[]> = fc.array(
  fc.tuple(fc.constantFrom<Event[]>('rename', 'rename', 'add', 'drop', 'describe', 'describe', 'restart'), fc.nat(), fc.nat(4)),
  { minLength: 4, maxLength: 40 },
);

test('whatever is altered and however late it is read: a former name is one that this very column had', () => {
  let found = 0;
  fc.assert(
    fc.property(events, (script) => {
      let columns = [1, 2, 3].map((number) => ({ number, names: [`n${number}`] }));
      let highest = 3;
      const history: (() => ColumnsRead)[] = [];
      const states: { names: string[]; truth: string[][]; lsn: bigint; readAt: number }[] = [];
      const pool = ['p', 'q', 'r', 'n1', 'n2', 'n3'];
      const reading = (lsn: number): ColumnsRead => ({ live: columns.map(({ number }) => number), highest, lsn: BigInt(lsn) });
      const start = reading(0);
      const startNames = columns.map(({ names }) => names.at(-1) ?? '');
      for (const [at, [event, which, late]] of script.entries()) {
        const free = pool.filter((name) => columns.every(({ names }) => names.at(-1) !== name));
        const name = free[which % free.length] ?? '';
        if (event === 'rename')
          columns = columns.map((column, index) =>
            index === which % columns.length ? { ...column, names: [...column.names, name] } : column,
          );
        if (event === 'drop' && columns.length > 1) columns = columns.filter((_column, index) => index !== which % columns.length);
        if (event === 'add') columns = [...columns, { number: (highest += 1), names: [name] }];
        if (event === 'describe') {
          const names = columns.map((column) => column.names.at(-1) ?? '');
          states.push({ names, truth: columns.map((column) => [...column.names]), lsn: BigInt(at + 1), readAt: at + late });
        }
        const now = reading(at + 2);
        history.push(() => now);
      }
      const renames = new ColumnRenames();
      renames.start(1, startNames, start);
      let reachedRead = 0;
      for (const { names, truth, lsn, readAt } of states) {
        if (!renames.asks(1, names)) {
          renames.again(1, lsn);
          continue;
        }
        // Later descriptions are read no earlier than those before.
        reachedRead = Math.max(reachedRead, Math.min(readAt, history.length - 1));
        for (const [name, olds] of renames.described(1, names, lsn, history[reachedRead]?.() ?? null)) {
          found += olds.length;
          const had = truth[names.indexOf(name)] ?? [];
          for (const old of olds) assert.ok(had.includes(old), `${name} never was ${old}: ${had.join()}`);
        }
      }
    }),
    { numRuns: 3000 },
  );
  assert.ok(found > 100, `${found} renames were told`);
});
