import assert from 'node:assert/strict';
import { test } from 'node:test';

import { systemClock } from '../../../src/base/clock.ts';
import { silentLog, type Logger } from '../../../src/base/log.ts';
import type { CollectedChange } from '../../support/collecting-outlet.ts';
import { createDatabase, type Database } from '../../support/database.ts';
import { randomFrom, schema, seed, tables, write } from './random-writers.ts';
import { servers } from './servers.ts';
import { applyExactly, CommittingOutlet, liveUntilKilled, parking, tableState } from './snapshot-harness.ts';
import { startSource, untilStreaming, untilTrue } from './source-fixture.ts';

const backfill = {
  'snapshot.new.tables': 'backfill',
  'snapshot.new.tables.interval.ms': '100',
  'publication.autocreate.mode': 'filtered',
};

/** What the log table tells, as a multiset. */
async function messagesOf(database: Database): Promise<string[]> {
  const rows = await database.query<{ message: string }>('SELECT message FROM log');
  return rows.map((row) => row.message).toSorted();
}

for (const [version, url] of servers) {
  test(`Postgres ${version}: tables made while streaming are published and read; each row once, also one written before that`, async () => {
    await using database = await createDatabase(url);
    await database.query('CREATE TABLE marks (id int PRIMARY KEY)');
    await using running = startSource(database, { extra: backfill });
    const { out } = running;
    await untilStreaming(database, running);
    const open = await database.connect();
    await database.query(schema);
    // Before the publication has the table, by a transaction that ends after it.
    await open.query(`BEGIN; INSERT INTO ints VALUES (-9999, 'early'); INSERT INTO log VALUES ('early')`);
    let stop = false;
    const writing = write(await database.connect(), randomFrom(seed), () => stop, 'w');
    await untilTrue(async () => (await database.query(`SELECT FROM pg_publication_tables WHERE tablename = 'log'`)).length > 0);
    // It has been looked for the end of that transaction more than once.
    const asked = new Set<string>();
    await untilTrue(async () => {
      const rows = await database.query<{ at: string }>(
        `SELECT query_start::text AS at FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_snapshot_xmin(%' AND pid <> pg_backend_pid()`,
      );
      for (const { at } of rows) asked.add(at);
      return asked.size >= 2;
    });
    await open.query(`UPDATE ints SET v = 'late' WHERE id = -9999; INSERT INTO log VALUES ('late'); COMMIT`);
    await untilTrue(() => Promise.resolve(Object.keys(tables).every((table) => out.changes.some((change) => change.table === table))));
    stop = true;
    await writing;
    await database.query('INSERT INTO marks VALUES (1)');
    await untilTrue(() => Promise.resolve(out.changes.some((change) => change.table === 'public.marks')));
    for (const [table, key] of Object.entries(tables)) {
      if (key.length === 0) continue;
      assert.deepEqual(applyExactly(out.changes, table, key), new Map(await tableState(database, table, key)), table);
    }
    const messages = out.changes.filter((change) => change.table === 'public.log').map((change) => change.after?.['message'] as string);
    assert.deepEqual(messages.toSorted(), await messagesOf(database));
    assert.ok(out.changes.some((change) => change.op === 'r'));
  });
}

test('whoever keeps a new table from being read is named', async () => {
  await using database = await createDatabase();
  await database.query('CREATE TABLE marks (id int PRIMARY KEY)');
  const said: unknown[] = [];
  const log: Logger = { ...silentLog, warn: (facts: { holders?: string[] }) => said.push(...(facts.holders ?? [])) } as never;
  // Half a minute of waiting is over in a second.
  const clock = { ...systemClock, monotonic: () => systemClock.monotonic() * 30 };
  await using running = startSource(database, { extra: backfill, log, clock });
  await untilStreaming(database, running);
  const open = await database.connect();
  await open.query(`SET application_name = 'nightly'; BEGIN; SELECT pg_current_xact_id()`);
  await database.query('CREATE TABLE late (id int PRIMARY KEY); INSERT INTO late VALUES (1)');
  await untilTrue(() =>
    Promise.resolve(said.some((holder) => /^process \d+ \(nightly\), transaction \d+, open for \d+ s$/.test(String(holder)))),
  );
  assert.deepEqual(running.out.changes, []);
  await open.query('COMMIT');
  await running.out.until(() => running.out.changes.some(({ op, table }) => op === 'r' && table === 'public.late'));
});

/** Replays a table's records: a row that was read has exactly the value that the stream told last, when it told of it. */
function replay(changes: readonly CollectedChange[], table: string, key: readonly string[]): Map<string, string> {
  const rows = new Map<string, string>();
  const told = new Set<string>();
  for (const { op, table: name, before, after } of changes) {
    if (name !== table || op === 'tombstone') continue;
    const id = JSON.stringify(key.map((column) => (op === 'd' ? before : after)?.[column]));
    if (op !== 'r') told.add(id);
    else if (told.has(id)) assert.equal(JSON.stringify(after), rows.get(id), `${table}: ${id} was read as it is not`);
    if (op === 'd') rows.delete(id);
    else rows.set(id, JSON.stringify(after));
  }
  return rows;
}

/** Its schema is refused: dead letters tell of it as records do of the others. */
const parked = 'public.uuids';

const ways = {
  'in one go: every row once': {},
  'in chunks: nothing is lost, nothing comes back': { 'snapshot.new.tables.whole.bytes.max': '0', 'incremental.snapshot.chunk.size': '97' },
};

for (const [way, settings] of Object.entries(ways)) {
  test(`tables that a changed configuration adds are read, killed again and again, ${way}`, async (context) => {
    context.diagnostic(`seed ${seed}`);
    const random = randomFrom(seed + 7);
    await using database = await createDatabase();
    await database.query(`CREATE TABLE marks (id int PRIMARY KEY); ${schema}`);
    const outlet = new CommittingOutlet();
    outlet.refused = new Set([parked]);
    let stop = false;
    const writing = write(await database.connect(), randomFrom(seed), () => stop, 'w');
    const live = (extra: Record<string, string>, done: Promise<void>): Promise<void> =>
      liveUntilKilled(database, outlet, { ...backfill, ...parking, ...settings, ...extra }, done);
    const never = Promise.withResolvers<void>().promise;
    // The first life knows one table, so that there is something to commit it is written to until it ends.
    const marking = async (): Promise<void> => {
      for (let mark = 1; outlet.offset === null; mark += 1) await database.query(`INSERT INTO marks VALUES (${mark})`);
    };
    outlet.decide = () => (outlet.offset === null ? 'commit' : 'kill');
    await Promise.all([live({ 'table.include.list': 'public\\.marks' }, never), marking()]);
    for (let kills = 0; kills < 6; kills += 1) {
      let left = 100 + random(1500);
      outlet.decide = () => {
        left -= 1;
        return left <= 0 ? 'kill' : random(20) === 0 ? 'commit' : 'go';
      };
      await live({}, never);
    }
    outlet.decide = () => 'commit';
    const complete = Promise.withResolvers<void>();
    const last = live({}, complete.promise);
    const { committed } = outlet;
    const isDone = (table: string): boolean =>
      ['r', 'c'].every((op) => committed.some((change) => change.table === table && change.op === op));
    await untilTrue(() =>
      Promise.resolve(Object.keys(tables).every(isDone) && outlet.offset?.['incremental_snapshot_state'] === undefined),
    );
    stop = true;
    await writing;
    await database.query('INSERT INTO marks VALUES (-1)');
    await untilTrue(() => Promise.resolve(committed.some((change) => change.table === 'public.marks' && change.after?.['id'] === '-1')));
    complete.resolve();
    await last;
    for (const [table, key] of Object.entries(tables)) {
      if (key.length === 0) continue;
      const told = way.startsWith('in one go') ? applyExactly(committed, table, key) : replay(committed, table, key);
      assert.deepEqual(told, new Map(await tableState(database, table, key)), table);
    }
    const messages = committed.filter((change) => change.table === 'public.log').map((change) => change.after?.['message'] as string);
    assert.deepEqual(messages.toSorted(), await messagesOf(database));
    const read = committed.filter((change) => change.op === 'r');
    assert.ok(read.length > 1000);
    assert.ok(read.every(({ table, snapshot }) => (table === parked) === (snapshot === 'letter')));
    const inChunks = read.filter((change) => change.snapshot === 'incremental').map((change) => change.table);
    const keyed = Object.keys(tables).filter((table) => tables[table]?.length !== 0 && table !== parked);
    assert.deepEqual([...new Set(inChunks)].toSorted(), way.startsWith('in one go') ? [] : keyed.toSorted());
  });
}

test('by default a new table brings its changes alone', async () => {
  await using database = await createDatabase();
  await database.query('CREATE TABLE marks (id int PRIMARY KEY)');
  await using running = startSource(database, {});
  await untilStreaming(database, running);
  await database.query(`CREATE TABLE late (id int PRIMARY KEY); INSERT INTO late VALUES (1); INSERT INTO marks VALUES (1)`);
  const changes = await running.out.untilChanges(2);
  assert.deepEqual(changes.map(({ op, table }) => `${op} ${table}`).toSorted(), ['c public.late', 'c public.marks']);
});
