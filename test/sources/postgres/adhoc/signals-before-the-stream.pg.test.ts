import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createDatabase } from '../../../support/database.ts';
import { startSource, untilTrue } from '../source-fixture.ts';
import { notes, signalTable, told, withNotes, withSignals } from './adhoc-harness.ts';

test('while the first snapshot runs, a row of the signal table waits for the stream, and REST is told to come again', async () => {
  await using db = await createDatabase();
  await db.query(`${signalTable}; CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders SELECT generate_series(1, 20)`);
  const signal = (id: string, data: object): Promise<unknown> =>
    db.query('INSERT INTO signals VALUES ($1, $2, $3)', [id, 'execute-snapshot', JSON.stringify(data)]);
  const incremental = {
    type: 'incremental',
    'data-collections': ['public.ord.*'],
    'additional-conditions': [{ 'data-collection': 'public.orders', filter: 'id % 2 = 0' }],
    'surrogate-key': 'id',
  };
  // Before there is a slot: nobody hears of it.
  await signal('early', incremental);
  const extra = { ...withNotes, ...withSignals, 'snapshot.mode': 'initial', 'incremental.snapshot.chunk.size': '3' };
  await using running = startSource(db, { extra, prepare: (out) => (out.hasRoom = (count) => count !== 10) });
  const { out } = running;
  await out.until(() => out.full);
  await signal('during', incremental);
  await assert.rejects(running.source.signal({ id: 'rest', type: 'execute-snapshot', data: JSON.stringify(incremental) }), {
    code: 'postgres.slot-in-use',
    message: /does not stream at the moment/,
  });
  out.makeRoom();
  await untilTrue(() => Promise.resolve(notes(out.changes).filter((note) => note === 'COMPLETED').length === 2));
  const reads = told(out.changes, 'public.orders');
  assert.deepEqual(reads.slice(0, 20).toSorted(), Array.from({ length: 20 }, (_none, at) => `r${at + 1}`).toSorted());
  assert.deepEqual(
    reads.slice(20),
    [2, 4, 6, 8, 10, 12, 14, 16, 18, 20].map((id) => `r${id}`),
    'once, by condition and surrogate key',
  );
});
