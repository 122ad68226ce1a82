import assert from 'node:assert/strict';
import { test } from 'node:test';

import { RowWatch } from '../../../../src/sources/postgres/adhoc/row-watch.ts';
import { SnapshotWindow } from '../../../../src/sources/postgres/adhoc/snapshot-window.ts';
import { TransactionView } from '../../../../src/sources/postgres/transaction-view.ts';
import { TupleView } from '../../../../src/record/tuple-view.ts';
import { fillTuple } from '../../../support/scripted-source.ts';
import { intType, textType, unchanged, WalScript, type ScriptTable } from '../../../support/wal-script.ts';
import { DecoderFixture } from '../decoder-fixture.ts';

const orders: ScriptTable = {
  id: 16_400,
  schema: 'public',
  name: 'orders',
  identity: 'd',
  columns: [
    { name: 'id', type: textType, key: true },
    { name: 'item', type: textType },
  ],
};
const bare: ScriptTable = { ...orders, id: 16_401, name: 'bare', identity: 'f', columns: [{ name: 'v', type: textType }] };

/** A window over both tables, opened when transactions before 100 were visible, and what the stream brings then. */
async function windowOver(wal: WalScript): Promise<SnapshotWindow> {
  const watch = new RowWatch(null);
  const fixture = new DecoderFixture([orders, bare], { watch, settings: { 'skipped.operations': 'c,d,t' } });
  watch.window = new SnapshotWindow(new TransactionView('100:100:'), 0n, [
    { oid: orders.id, identity: ['id'], keyed: true },
    { oid: bare.id, identity: ['v'], keyed: false },
  ]);
  await fixture.feed(wal.frames);
  return watch.window;
}

function stale(window: SnapshotWindow, table: ScriptTable, row: readonly string[]): boolean {
  const tuple = new TupleView(row.length);
  fillTuple(tuple, row);
  return window.isStale(table.id, tuple, Uint16Array.of(0));
}

test('what a transaction that was not visible has changed, deleted or given another key is out of date, though it is skipped', async () => {
  const wal = new WalScript().begin(99).relation(orders).delete(orders, ['0', null]).commit();
  wal.begin(100).relation(orders).update(orders, ['2', 'x'], ['1', null]).delete(orders, ['3', null]).insert(orders, ['4', 'x']).commit();
  const window = await windowOver(wal);
  assert.deepEqual(
    ['0', '1', '2', '3', '4', '5'].map((id) => stale(window, orders, [id, 'old'])),
    [false, true, true, true, true, false],
  );
});

test('rows without a key are out of date as often as one like them was changed', async () => {
  const window = await windowOver(new WalScript().begin(100).relation(bare).delete(bare, ['a']).insert(bare, ['b']).commit());
  assert.deepEqual([stale(window, bare, ['a']), stale(window, bare, ['a']), stale(window, bare, ['b'])], [true, false, false]);
});

test('a table that was emptied has no rows that are good', async () => {
  const window = await windowOver(new WalScript().begin(100).relation(orders).truncate(orders).commit());
  assert.equal(stale(window, orders, ['1', 'old']), true);
  assert.equal(stale(window, bare, ['a']), false);
});

test('rows are read again where changes do not tell which they concern', async () => {
  const altered = (columns: ScriptTable['columns']): ScriptTable => ({ ...orders, columns });
  const renamed = altered([{ name: 'number', type: textType, key: true }, ...orders.columns.slice(1)]);
  const retyped = altered([{ name: 'id', type: intType, key: true }, ...orders.columns.slice(1)]);
  const seen = new WalScript().begin(99).relation(renamed).update(renamed, ['1', 'x']).commit();
  assert.equal((await windowOver(seen)).broken, null);
  const begun = (): WalScript => new WalScript().begin(100).relation(orders).update(orders, ['1', 'x']);
  assert.match(
    (await windowOver(new WalScript().begin(100).relation(renamed).update(renamed, ['1', 'x']).commit())).broken ?? '',
    /altered/,
  );
  assert.match((await windowOver(begun().relation(retyped).update(retyped, ['1', 'x']).commit())).broken ?? '', /altered/);
  assert.equal((await windowOver(begun().relation(orders).update(orders, ['2', 'x']).commit())).broken, null);
  assert.match((await windowOver(begun().update(orders, [unchanged, 'x']).commit())).broken ?? '', /does not tell/);
  const many = new WalScript().begin(100, 20).relation(orders);
  for (let row = 0; row < 9; row += 1) many.delete(orders, [String(row).repeat(1024 * 1024), null]);
  assert.match((await windowOver(many.commit())).broken ?? '', /too many/);
});
