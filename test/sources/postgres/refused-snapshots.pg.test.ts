import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ConnectError } from '../../../src/base/errors.ts';
import type { CollectingOutlet } from '../../support/collecting-outlet.ts';
import { createDatabase } from '../../support/database.ts';
import { parking, snapshotHarness } from './snapshot-harness.ts';
import { startSource, untilStreaming } from './source-fixture.ts';

const ways = {
  'one connection': {},
  'several connections': { 'snapshot.max.threads': '3', 'snapshot.max.threads.multiplier': '2', 'snapshot.slice.bytes': '8192' },
};

for (const [way, extra] of Object.entries(ways)) {
  test(`${way}: the first and last records of a snapshot are marked as such, also when the tables around them become dead letters`, async () => {
    await using db = await createDatabase();
    const tables = ['before', 'one', 'between', 'two', 'after'];
    for (const table of tables)
      await db.query(`CREATE TABLE ${table} (id int PRIMARY KEY); INSERT INTO ${table} SELECT generate_series(1, 1000)`);
    await db.query('ANALYZE');
    await using harness = await snapshotHarness(db, { ...extra, ...parking });
    const { outlet } = harness;
    outlet.refused = new Set(['public.before', 'public.between', 'public.after']);
    assert.ok(await harness.runSnapshot());
    const counts: Record<string, number> = {};
    for (const { table, snapshot } of outlet.committed) {
      const what = snapshot === 'letter' ? `letter of ${table}` : snapshot;
      counts[what] = (counts[what] ?? 0) + 1;
    }
    const letters = ['before', 'between', 'after'].map((table) => [`letter of public.${table}`, 1000] as const);
    const markers = ['first', 'first_in_data_collection', 'last_in_data_collection', 'last'].map((marker) => [marker, 1] as const);
    assert.deepEqual(counts, Object.fromEntries([...letters, ...markers, ['true', 1996]]));
    const records = outlet.committed.filter(({ snapshot }) => snapshot !== 'letter').map(({ snapshot }) => snapshot);
    assert.deepEqual([records.length, records[0], records.at(-1)], [2000, 'first', 'last']);
  });
}

/** The registry has something else for this table. */
function refuse(out: CollectingOutlet, table: string): void {
  out.onDeclare = async ({ topic }) => {
    if (topic !== `shop.${table}`) return;
    throw new ConnectError('registry.schema', 'The registry refuses it.', { details: { status: 409, subject: `${topic}-value` } });
  };
}

test('a table that is refused at the start: its rows become dead letters with what they hold and where they were seen, then its changes', async () => {
  await using db = await createDatabase();
  await db.query(`CREATE TABLE orders (id int PRIMARY KEY, item text, secret text); INSERT INTO orders VALUES (1, 'a', 's'), (2, NULL, 's');
    CREATE TABLE items (id int PRIMARY KEY); INSERT INTO items VALUES (1)`);
  const hidden = { 'column.exclude.list': 'public.orders.secret' };
  await using running = startSource(db, {
    extra: { 'snapshot.mode': 'initial', ...parking, ...hidden },
    prepare: (to) => refuse(to, 'public.orders'),
  });
  const { out } = running;
  await untilStreaming(db, running);
  await db.query("UPDATE orders SET item = 'b' WHERE id = 2; INSERT INTO items VALUES (2)");
  await out.untilChanges(2);
  assert.deepEqual(
    out.changes.map(({ op, table, after }) => [op, table, after?.['id']]),
    [
      ['r', 'public.items', '1'],
      ['c', 'public.items', '2'],
    ],
  );
  const letters = out.raws.map((raw) => JSON.parse(String(raw)) as { source: Record<string, number>; op: string; after: object });
  assert.deepEqual(
    letters.map(({ op, after }) => [op, after]),
    [
      ['r', { id: '1', item: 'a' }],
      ['r', { id: '2', item: null }],
      ['u', { id: '2', item: 'b' }],
    ],
  );
  assert.deepEqual(out.rawKeys.map(String), ['{"id":"1"}', '{"id":"2"}', '{"id":"2"}']);
  const offset = out.changes[0]?.offset;
  const { lsn, txId, ts_us: time } = letters[0]?.source ?? {};
  assert.deepEqual([lsn, txId, time], [offset?.['lsn'], offset?.['txId'], offset?.['ts_usec']].map(Number));
  assert.match(
    out.rejected[0]?.message ?? '',
    /^A row of table public\.orders cannot be written \(snapshot of .*\)\. .* was refused\. The registry/,
  );
});

for (const [way, wholeBytesMax, lsn] of [
  ['in one go', '1000000', 'number'],
  ['in chunks', '0', 'object'],
] as const) {
  test(`a table that is made while streaming and refused is read ${way} into dead letters; a new one beside it is read as ever`, async () => {
    await using db = await createDatabase();
    await db.query('CREATE TABLE marks (id int PRIMARY KEY)');
    const extra = {
      ...parking,
      'snapshot.new.tables': 'backfill',
      'snapshot.new.tables.interval.ms': '100',
      'snapshot.new.tables.whole.bytes.max': wholeBytesMax,
      'publication.autocreate.mode': 'filtered',
    };
    await using running = startSource(db, { extra, prepare: (to) => refuse(to, 'public.late') });
    const { out } = running;
    await untilStreaming(db, running);
    await db.query(`BEGIN; CREATE TABLE late (id int PRIMARY KEY); INSERT INTO late VALUES (1), (2), (3);
      CREATE TABLE other (id int PRIMARY KEY); INSERT INTO other VALUES (1); COMMIT`);
    await out.until(() => out.raws.length >= 3 && out.changes.length >= 1);
    await db.query('INSERT INTO late VALUES (4); INSERT INTO other VALUES (2)');
    await out.untilChanges(2);
    const letters = out.raws.map((raw) => JSON.parse(String(raw)) as { op: string; after: { id: string }; source: { lsn: unknown } });
    assert.deepEqual(
      letters.map(({ op, after }) => `${op}${after.id}`),
      ['r1', 'r2', 'r3', 'c4'],
    );
    assert.equal(typeof letters[0]?.source.lsn, lsn);
    assert.deepEqual(
      out.changes.map(({ op, table, after }) => [op, table, after?.['id']]),
      [
        ['r', 'public.other', '1'],
        ['c', 'public.other', '2'],
      ],
    );
  });
}
