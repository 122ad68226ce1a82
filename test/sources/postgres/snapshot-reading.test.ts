import assert from 'node:assert/strict';
import { test } from 'node:test';

import { packNumbers, unpackNumbers } from '../../../src/sources/postgres/number-pack.ts';
import type { RowLayout } from '../../../src/sources/postgres/row-copy.ts';
import type { SnapshotTable } from '../../../src/sources/postgres/snapshot-query.ts';
import { TableReading } from '../../../src/sources/postgres/snapshot-reading.ts';
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

test('numbers go through their stored form', () => {
  for (const numbers of [[], [0], [16_384, 16_385, 16_390, 4_294_967_295]]) assert.deepEqual(unpackNumbers(packNumbers(numbers)), numbers);
  assert.deepEqual(unpackNumbers(packNumbers([9, 3])), [3, 9]);
  assert.throws(() => unpackNumbers('x,,y'));
});
