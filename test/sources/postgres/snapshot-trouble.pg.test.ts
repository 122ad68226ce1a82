import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Client } from 'pg';

import { systemClock, type Clock } from '../../../src/base/clock.ts';
import { classify, ConnectError } from '../../../src/base/errors.ts';
import { silentLog, type Logger } from '../../../src/base/log.ts';
import type { SourceOffset } from '../../../src/record/offset.ts';
import type { CollectedChange } from '../../support/collecting-outlet.ts';
import { createDatabase, type Database } from '../../support/database.ts';
import { servers } from './servers.ts';
import { startSource, untilStreaming, untilTrue, type Running } from './source-fixture.ts';

const initial = { 'snapshot.mode': 'initial' };
const parallel = { ...initial, 'snapshot.max.threads': '3', 'snapshot.slice.bytes': '16384' };
const twoTables = ['a', 'b']
  .map(
    (name) =>
      `CREATE TABLE ${name} (id int PRIMARY KEY, v text); INSERT INTO ${name} SELECT n * 2, repeat('x', 200) FROM generate_series(1, 2000) n`,
  )
  .join('; ');
const changed = `UPDATE a SET v = 'new'; UPDATE b SET v = 'new'; DELETE FROM b WHERE id > 2000`;

const endWalsenders = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'walsender'`;
const clockLike: Omit<Clock, 'sleep'> = {
  now: () => systemClock.now(),
  monotonic: () => systemClock.monotonic(),
  after: (ms, work) => systemClock.after(ms, work),
};

/** Rows by table and key in the end; a key that was deleted has to be there. */
function stateOf(changes: readonly CollectedChange[]): Record<string, unknown> {
  const rows = new Map<string, unknown>();
  for (const { op, table, before, after } of changes) {
    const id = (after ?? before)?.['id'] as string;
    if (op === 't') for (const key of rows.keys()) if (key.startsWith(`${table} `)) rows.delete(key);
    if (op === 'd') assert.ok(rows.delete(`${table} ${id}`), `${table} ${id}`);
    else if (after !== null) rows.set(`${table} ${id}`, after);
  }
  return Object.fromEntries(rows);
}

async function ended(running: Running): Promise<ConnectError | null> {
  const error = await running.ended.then(
    () => null,
    (reason: unknown) => reason,
  );
  assert.ok(error === null || error instanceof ConnectError, String(error));
  return error;
}

/** As a supervisor does: after an error that may pass, once more from what was handed over. */
async function runUntil(
  db: Database,
  first: Running,
  ready: (changes: readonly CollectedChange[]) => boolean,
): Promise<readonly CollectedChange[]> {
  let seen: CollectedChange[] = [];
  let running = first;
  for (let life = 0; life < 5; life += 1) {
    const end = ended(running);
    const arrived = running.out
      .until(() => ready([...seen, ...running.out.changes]))
      .then(
        () => true,
        () => false,
      );
    const complete = await Promise.race([arrived, end.then(() => false)]);
    seen = [...seen, ...running.out.changes];
    if (complete) {
      await running[Symbol.asyncDispose]();
      return seen;
    }
    const error = await end;
    assert.equal(error === null ? null : classify(error), 'retry', String(error));
    await running[Symbol.asyncDispose]();
    const offset = seen.at(-1)?.offset ?? null;
    const offsets: SourceOffset[] = offset === null ? [] : [{ partition: { server: 'shop' }, offset }];
    running = startSource(db, { offsets, extra: { ...initial, 'skipped.operations': 'none' } });
  }
  throw new Error('it did not come to its end');
}

/** Until the stream has come: a row that was written into the table of marks over and over is in it. */
async function runUntilMarked(db: Database, marks: Client, first: Running): Promise<readonly CollectedChange[]> {
  let isOver = false;
  const marking = untilTrue(async () => {
    await marks.query('INSERT INTO marks DEFAULT VALUES');
    return isOver;
  });
  const changes = await runUntil(db, first, (all) => all.some(({ table, op }) => table === 'public.marks' && op === 'c'));
  isOver = true;
  await marking;
  return changes;
}

for (const [version, server] of servers) {
  test(`Postgres ${version}: tables that are altered, renamed, emptied or dropped while the snapshot reads another one`, async () => {
    await using db = await createDatabase(server);
    await db.query(`CREATE TABLE a (id int PRIMARY KEY, v text); INSERT INTO a SELECT n, 'a' FROM generate_series(1, 50) n;
      CREATE TABLE retyped (id int PRIMARY KEY, v int); CREATE TABLE grown (id int PRIMARY KEY, v text); CREATE TABLE shrunk (id int PRIMARY KEY, v text, gone text); CREATE TABLE renamed (id int PRIMARY KEY, v text);
      CREATE TABLE emptied (id int PRIMARY KEY, v text); CREATE TABLE dropped (id int PRIMARY KEY, v text);
      CREATE TABLE marks (id serial PRIMARY KEY)`);
    for (const table of ['grown', 'shrunk', 'renamed', 'retyped', 'emptied', 'dropped'])
      await db.query(`INSERT INTO ${table} VALUES (1, '1'), (2, '2')`);
    const running = startSource(db, {
      extra: { ...initial, 'skipped.operations': 'none' },
      prepare: (out) => (out.hasRoom = (count) => count !== 10),
    });
    const marks = await db.connect();
    await running.out.until(() => running.out.full);
    await db.query(`ALTER TABLE grown ADD COLUMN more int DEFAULT 7; UPDATE grown SET v = 'x' WHERE id = 1; ALTER TABLE shrunk DROP COLUMN gone;
      INSERT INTO shrunk VALUES (3, '3'); ALTER TABLE renamed RENAME COLUMN v TO w; UPDATE renamed SET w = 'y' WHERE id = 2;
      ALTER TABLE retyped ALTER v TYPE text USING 'n' || v; DELETE FROM retyped WHERE id = 1; TRUNCATE emptied; INSERT INTO emptied VALUES (9, 'late'); DROP TABLE dropped`);
    // The first of them to be read was rewritten, the next ones have other columns, the last is gone.
    running.out.makeRoom();
    const changes = await runUntilMarked(db, marks, running);
    const told = stateOf(changes);
    for (const table of ['a', 'grown', 'shrunk', 'renamed', 'retyped', 'emptied']) {
      const rows = await db.query<{ id: number; row: Record<string, unknown> }>(`SELECT id, to_jsonb(t) AS row FROM ${table} t`);
      const keys = Object.keys(told).filter((key) => key.startsWith(`public.${table} `));
      assert.deepEqual(keys.toSorted(), rows.map(({ id }) => `public.${table} ${id}`).toSorted(), table);
      for (const { id, row } of rows) {
        const found = told[`public.${table} ${id}`] as Record<string, unknown>;
        for (const [name, value] of Object.entries(row)) {
          // A row that was read before its table was altered has the columns of that moment.
          if (name in found) assert.equal(found[name], value === null ? null : String(value as string | number), `${table} ${id} ${name}`);
        }
      }
    }
  });

  test(`Postgres ${version}: the session that gave the snapshot is lost in the midst: no row of another moment gets among the others`, async () => {
    await using db = await createDatabase(server);
    await db.query(twoTables);
    // Each session that is opened writes into every slice of the table, so that no two of them see the same by chance.
    await db.query(`CREATE SEQUENCE sessions INCREMENT 2;
      CREATE FUNCTION opened() RETURNS void LANGUAGE sql AS $$
        WITH session AS MATERIALIZED (SELECT nextval('sessions') AS n)
        INSERT INTO a SELECT slice * 100 + n, 'between' FROM session, generate_series(0, 39) slice $$`);
    const running = startSource(db, {
      extra: { ...parallel, 'database.initial.statements': 'SELECT opened()' },
      prepare: (out) => (out.hasRoom = (count) => count !== 100),
    });
    await running.out.until(() => running.out.full);
    await db.query(changed);
    const written = await db.query<{ id: number }>('SELECT id FROM a');
    // From here on the snapshot is held by those who read in it.
    const ended = await db.query(endWalsenders);
    assert.equal(ended.length, 1);
    running.out.makeRoom();
    const changes = await runUntil(db, running, (all) => all.filter(({ op }) => op === 'd').length === 1000);
    const reads = changes.filter(({ op }) => op === 'r');
    assert.ok(reads.length >= 4000 && reads.every(({ after }) => after?.['v'] !== 'new'), 'read as it was at one moment');
    const created = changes.filter(({ op }) => op === 'c' || op === 'r').map(({ table, after }) => `${table} ${after?.['id'] as string}`);
    assert.equal(new Set(created).size, created.length, 'no row comes by both, snapshot and stream');
    // A session may write after the last change that was waited for; what was there before that has all come.
    const came = new Set(created);
    assert.deepEqual([written.filter(({ id }) => !came.has(`public.a ${id}`)), written.length > 2000], [[], true]);
    const told = Object.keys(stateOf(changes));
    assert.equal(told.filter((key) => key.startsWith('public.b')).length, 1000);
  });

  test(`Postgres ${version}: the session that gave the snapshot is lost before anything is read in it: tried again, in another one`, async () => {
    await using db = await createDatabase(server);
    await db.query(twoTables);
    const clock: Clock = {
      ...clockLike,
      sleep: async (ms, signal) => {
        if (ms < 600_000) return systemClock.sleep(ms, signal);
        await db.query(`${endWalsenders}; UPDATE a SET v = 'new'`);
      },
    };
    const extra = { ...parallel, 'snapshot.delay.ms': '600000' };
    const changes = await runUntil(db, startSource(db, { extra, clock }), (all) => all.length >= 4000);
    const old = changes.filter(({ table, after }) => table === 'public.a' && after?.['v'] !== 'new');
    assert.deepEqual([changes.length, old, new Set(changes.map(({ op }) => op))], [4000, [], new Set(['r'])]);
  });

  test(`Postgres ${version}: every session that reads is lost in the midst: the next snapshot is told apart from the first`, async () => {
    await using db = await createDatabase(server);
    await db.query(`${twoTables}; CREATE TABLE marks (id serial PRIMARY KEY)`);
    const running = startSource(db, { extra: parallel, prepare: (out) => (out.hasRoom = (count) => count !== 100) });
    await running.out.until(() => running.out.full);
    await db.query(changed);
    const ended = await db.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'millrace%' AND backend_xmin IS NOT NULL`,
    );
    assert.ok(ended.length >= 3);
    running.out.makeRoom();
    const marks = await db.connect();
    const changes = await runUntilMarked(db, marks, running);
    // Nothing of the second table was read before it was changed: the second snapshot has shown all that became of it.
    assert.deepEqual([...new Set(changes.filter(({ table }) => table === 'public.b').map(({ op }) => op))], ['r']);
    const told = Object.entries(stateOf(changes)).filter(([key]) => !key.startsWith('public.marks'));
    assert.equal(told.length, 3000);
    assert.ok(told.every(([, row]) => (row as { v: string }).v === 'new'));
  });

  test(`Postgres ${version}: an open transaction that a new slot waits for is named; after the snapshot no session of ours holds the server back`, async () => {
    await using db = await createDatabase(server);
    await db.query(`CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a SELECT generate_series(1, 500)`);
    const open = await db.connect();
    await open.query(`SET application_name = 'the holder'; BEGIN; INSERT INTO a VALUES (1000)`);
    const holders: string[] = [];
    const log: Logger = { ...silentLog, warn: (fields: unknown) => holders.push(...((fields as { holders?: string[] }).holders ?? [])) };
    await using running = startSource(db, { extra: { ...initial, 'snapshot.max.threads': '2' }, log });
    await untilTrue(() => Promise.resolve(holders.some((holder) => holder.includes('the holder'))));
    assert.deepEqual(running.out.changes, []);
    const ours = async (which: string, kind = 'client backend'): Promise<number> =>
      (
        await db.query(
          `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'millrace%' AND backend_type = '${kind}' AND ${which}`,
        )
      ).length;
    const holding = `(backend_xmin IS NOT NULL OR state LIKE 'idle in transaction%')`;
    assert.ok((await ours('true')) > 0);
    await untilTrue(async () => (await ours(holding)) === 0);
    await open.query('COMMIT');
    await running.out.untilChanges(501);
    await untilStreaming(db, running);
    // What is left is one session for questions and the one that streams.
    await untilTrue(async () => {
      const held = (await ours(holding)) + (await ours(holding, 'walsender'));
      return held === 0 && (await ours('true')) === 1 && (await ours('true', 'walsender')) === 1;
    });
  });
}
