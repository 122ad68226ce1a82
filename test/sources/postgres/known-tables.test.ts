import assert from 'node:assert/strict';
import { test } from 'node:test';

import { KnownTables, knownTables, type CatalogLook } from '../../../src/sources/postgres/known-tables.ts';

function look(captured: readonly number[], horizon: bigint, more: Partial<CatalogLook> = {}): CatalogLook {
  return { present: new Set([...captured, 90, 91]), captured: new Set(captured), horizon, allTables: true, partitions: new Set(), ...more };
}

test('a table that is no longer captured is forgotten when the stream has come past that, and not before', () => {
  const forgotten: number[] = [];
  const known = new KnownTables([7, 90], [], (table) => forgotten.push(table));
  known.beginLook();
  assert.deepEqual(known.unknown(look([7], 100n), 50n).tables, []);
  assert.ok(known.has(90, 99n), 'the stream still tells of the time when it was captured');
  known.beginLook();
  assert.deepEqual(known.unknown(look([7, 90], 120n), 99n).tables, [], 'it is back, and the stream has not heard that it was away');
  assert.deepEqual(forgotten, []);
  assert.ok(!known.has(90, 100n));
  assert.deepEqual(forgotten, [90]);
  known.beginLook();
  assert.deepEqual(known.unknown(look([7, 90], 130n), 125n).tables, [90]);
  known.add(90);
  assert.ok(known.has(90, 1000n));
  known.beginLook();
  assert.deepEqual(known.unknown(look([7], 140n, { present: new Set([7]) }), 0n).tables, []);
  assert.ok(!known.has(90, 0n), 'one that is gone is not kept');
});

test('what came while the catalog was looked at is neither gone nor away', () => {
  const known = new KnownTables([], [], () => assert.fail());
  known.beginLook();
  known.add(8);
  assert.deepEqual(known.unknown(look([], 10n, { present: new Set() }), 99n).tables, []);
  assert.ok(known.has(8, 99n));
});

test('a table came by the stream if it was not there at the last look, under a publication for all tables', () => {
  const known = new KnownTables([], [], () => {});
  assert.ok(!known.cameByStream(5), 'nobody has looked');
  known.looked({ present: new Set([4]), allTables: true });
  assert.ok(known.cameByStream(5) && !known.cameByStream(4));
  known.looked({ present: new Set([4]), allTables: false });
  assert.ok(!known.cameByStream(5));
});

test('partitions: those that are new, and those that were detached', () => {
  const known = new KnownTables([7], [70, 71], () => {});
  known.beginLook();
  const first = known.unknown(look([7], 1n, { partitions: new Set([70, 72]) }), 1n);
  assert.deepEqual(first.partitions, [72]);
  assert.deepEqual(knownTables(known.members()), { tables: [7], partitions: [70] });
  known.addPartitions(first.partitions);
  assert.deepEqual(knownTables(known.members()), { tables: [7], partitions: [70, 72] });
  assert.equal(knownTables({}), null);
  assert.deepEqual(knownTables({ tables_known: '' }), { tables: [], partitions: null });
});
