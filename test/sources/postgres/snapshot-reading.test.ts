import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { CopyText } from '../../../src/sources/postgres/copy-text.ts';
import { packNumbers, unpackNumbers } from '../../../src/sources/postgres/number-pack.ts';
import type { RowLayout } from '../../../src/sources/postgres/row-copy.ts';
import type { SnapshotTable } from '../../../src/sources/postgres/snapshot-query.ts';
import { TableReading, type StoredRange } from '../../../src/sources/postgres/snapshot-reading.ts';
import { TransactionView } from '../../../src/sources/postgres/transaction-view.ts';

const bare: SnapshotTable = {
  info: {
    oid: 7,
    schema: 'public',
    name: 'bare',
    kind: 'r',
    logged: true,
    isPartition: false,
    columns: [],
    primaryKey: [],
    replicaIdentity: 'd',
    identityIndexColumns: [],
  },
  columns: [],
  rowFilter: null,
  override: null,
  order: [],
};

test('a table without key: a slice that was read is looked at again while another is not, because new rows may lie in it', () => {
  const layout = { table: bare } as unknown as RowLayout;
  const until = { part: 7, ctid: '(3,1)', recent: [] };
  const reading = new TableReading(layout, 1, 5, [
    { to: 10, parts: [{ epoch: 0, until }] },
    { to: null, parts: [] },
  ]);
  const [first, second] = reading.ranges;
  assert.deepEqual([first?.done, second?.done, reading.unfinished], [false, false, 2]);
  const bounds = first?.begin(new TransactionView('20:20:'), [{ view: '10:10:', exported: false, horizon: 1n }]);
  assert.ok(bounds?.kind === 'place');
  assert.deepEqual([bounds.from, bounds.before, bounds.read.map(({ point }) => point)], [null, 10, [until]]);
  first?.finish();
  const stopped = reading.progress();
  assert.ok(stopped?.kind === 'place');
  assert.deepEqual(stopped.ranges[0]?.parts, [{ epoch: 0, until }]);
  second?.finish();
  const complete = reading.progress();
  assert.ok(complete?.kind === 'place');
  assert.ok(complete.ranges.every((range) => range.parts.at(-1)?.until === null));
});

const keyed: SnapshotTable = {
  ...bare,
  columns: [{ name: 'id', typeOid: 23, typmod: -1, isKey: true }],
  order: [{ name: 'id', expression: '"id"', type: 'int4', compare: 'number' }],
};
const view = new TransactionView('20:20:');

function readingOf(table: SnapshotTable, ranges: readonly StoredRange[]): TableReading {
  return new TableReading({ table } as unknown as RowLayout, 1, 5, ranges);
}

/** A row with these cells, as a reader hands it over. */
function row(...cells: readonly string[]): CopyText {
  const ends = cells.map((_, at) => cells.slice(0, at + 1).join('').length);
  return { bytes: new TextEncoder().encode(cells.join('')), start: [0, ...ends], end: ends } as unknown as CopyText;
}

test('a table with a key: each slice goes on behind its last row, and one that was read to its end is not opened again', () => {
  const done = { to: ['100'], parts: [{ epoch: 0, until: null }] };
  const begun = { to: ['200'], parts: [{ epoch: 0, until: ['150'] }] };
  const reading = readingOf(keyed, [done, begun, { to: ['300'], parts: [] }, { to: null, parts: [] }]);
  assert.equal(reading.unfinished, 3);
  const ranges = [reading.next(), reading.next(), reading.next()];
  assert.deepEqual(
    ranges.map((range) => range?.begin(view, [])),
    [
      { kind: 'key', above: ['150'], upTo: ['200'] },
      { kind: 'key', above: ['200'], upTo: ['300'] },
      { kind: 'key', above: ['300'], upTo: null },
    ],
  );
  assert.equal(reading.next(), null);
  for (const range of ranges.slice(0, 2)) range?.remember(row('160'));
  ranges[1]?.finish();
  assert.deepEqual(reading.progress(), {
    kind: 'key',
    table: 7,
    columns: ['id'],
    orders: ['number'],
    ranges: [
      done,
      { to: ['200'], parts: [...begun.parts, { epoch: 1, until: ['160'] }] },
      { to: ['300'], parts: [{ epoch: 1, until: null }] },
      { to: null, parts: [] },
    ],
  });
});

test('a table without key: a slice that is read goes by its last row until the whole table is', () => {
  const reading = readingOf(bare, [
    { to: 10, parts: [] },
    { to: null, parts: [] },
  ]);
  const [first, second] = reading.ranges;
  first?.begin(new TransactionView('20:30:25'), []);
  assert.equal(reading.progress(), null, 'nothing to go on from');
  // tableoid, ctid and xmin come behind its own columns.
  first?.remember(row('7', '(3,1)', '22'));
  first?.remember(row('7', '(3,2)', '19'));
  first?.finish();
  const until = { part: 7, ctid: '(3,2)', recent: [22] };
  assert.deepEqual(reading.progress(), {
    kind: 'place',
    table: 7,
    fileNode: 5,
    ranges: [
      { to: 10, parts: [{ epoch: 1, until }] },
      { to: null, parts: [] },
    ],
  });
  second?.finish();
  assert.ok(reading.progress()?.kind === 'place');
  const select = readingOf({ ...bare, override: 'SELECT 1' }, [{ to: null, parts: [] }]);
  assert.deepEqual(select.ranges[0]?.begin(view, []), { kind: 'all' });
  select.ranges[0]?.remember(row('1'));
  assert.equal(select.progress(), null, 'rows of a SELECT have no places');
});

test('numbers go through their stored form', () => {
  for (const numbers of [[], [0], [16_384, 16_385, 16_390, 4_294_967_295]]) assert.deepEqual(unpackNumbers(packNumbers(numbers)), numbers);
  assert.deepEqual(unpackNumbers(packNumbers([9, 3])), [3, 9]);
  assert.throws(() => unpackNumbers('x,,y'));
});
