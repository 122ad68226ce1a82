import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ConnectError } from '../../../../src/base/errors.ts';
import type { CollectingOutlet } from '../../../support/collecting-outlet.ts';
import { createDatabase } from '../../../support/database.ts';
import type { WalScript } from '../../../support/wal-script.ts';
import { markerOf, parking } from '../snapshot-harness.ts';
import { execute, notes, streaming, told, untilNote } from './adhoc-harness.ts';
import { AdhocStage } from './adhoc-stage.ts';

function refuse(out: CollectingOutlet, ...tables: readonly string[]): void {
  out.onDeclare = async ({ topic }) => {
    if (!tables.some((table) => topic.endsWith(table))) return;
    throw new ConnectError('registry.schema', 'The registry refuses it.', { details: { status: 409, subject: `${topic}-value` } });
  };
}

function letters(out: CollectingOutlet): string[] {
  return out.raws.map((raw) => {
    const { op, before, after } = JSON.parse(String(raw)) as { op: string; before: { id: string } | null; after: { id: string } | null };
    return `${op}${(after ?? before)?.id}`;
  });
}

for (const kind of ['blocking', 'incremental'] as const) {
  test(`${kind}: a refused table is read into dead letters, those rows left out that the stream has changed since; it is told as skipped`, async () => {
    await using db = await createDatabase();
    await using stage = await AdhocStage.open(db, 5, { ...parking, 'incremental.snapshot.chunk.size': '2' });
    const { out } = stage.fixture;
    refuse(out, 'public.orders');
    const writer = await db.connect();
    stage.brings = async () => {
      const statements = "DELETE FROM orders WHERE id = 2; UPDATE orders SET item = 'new' WHERE id = 1";
      const results = await writer.query(`BEGIN; ${statements}; SELECT pg_current_xact_id()::text AS xid`);
      const [row] = (results as unknown as { rows: { xid: string }[] }[]).at(-1)?.rows ?? [];
      await writer.query('COMMIT');
      const wal = (await stage.script()).begin(Number(BigInt.asUintN(32, BigInt(row?.xid ?? 0)))).relation(stage.table);
      await stage.play(wal.delete(stage.table, ['2', null]).update(stage.table, ['1', 'new']).commit());
    };
    await stage.read(kind);
    assert.deepEqual(letters(out), ['d2', 'u1', 'r3', 'r4', 'r5']);
    assert.deepEqual(
      notes(out.changes).filter((note) => note !== 'STARTED'),
      ['TABLE_SCAN_COMPLETED SKIPPED', 'COMPLETED'],
    );
    assert.ok(out.changes.every(({ table }) => table !== 'public.orders'));
  });
}

for (const kind of ['blocking', 'incremental'] as const) {
  test(`${kind}: when a table is accepted by then, the stream writes its changes from then on, too`, async () => {
    await using db = await createDatabase();
    await using stage = await AdhocStage.open(db, 2, parking);
    const { out } = stage.fixture;
    refuse(out, 'public.orders');
    const update = (wal: WalScript): Promise<void> => stage.play(wal.update(stage.table, ['1', 'new']).commit());
    // Its place in the log is its own, also where nobody else writes.
    const write = (): Promise<unknown> => db.query("UPDATE orders SET item = 'new' WHERE id = 1");
    await write();
    await update((await stage.script()).begin(3).relation(stage.table));
    out.onDeclare = async () => {};
    await stage.read(kind);
    await write();
    // The server has no reason to describe the table again.
    await update((await stage.script()).begin(4));
    assert.deepEqual([letters(out), told(out.changes, 'public.orders')], [['u1'], ['r1', 'r2', 'u1']]);
  });
}

test('blocking: refused tables around another one take no part in its marks of the first and the last record', async () => {
  await using db = await createDatabase();
  const tables = ['before', 'orders', 'after'];
  for (const table of tables) await db.query(`CREATE TABLE ${table} (id int PRIMARY KEY); INSERT INTO ${table} VALUES (1), (2), (3)`);
  const markers: string[] = [];
  const prepare = (out: CollectingOutlet): void => {
    refuse(out, 'before', 'after');
    const emit = out.emit.bind(out);
    out.emit = (change) => {
      if (change.schema.name.endsWith('public.orders')) markers.push(markerOf(change));
      return emit(change);
    };
  };
  await using running = await streaming(db, { extra: parking, prepare });
  const { out } = running;
  await execute(
    running,
    tables.map((table) => `public.${table}`),
    { type: 'blocking' },
  );
  await untilNote(running, 'COMPLETED');
  assert.deepEqual(
    [letters(out), markers],
    [
      ['r1', 'r2', 'r3', 'r1', 'r2', 'r3'],
      ['first', 'true', 'last'],
    ],
  );
  assert.deepEqual(
    notes(out.changes).filter((note) => note.startsWith('TABLE')),
    ['SKIPPED', 'SUCCEEDED', 'SKIPPED'].map((status) => `TABLE_SCAN_COMPLETED ${status}`),
  );
});
