import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Client } from 'pg';

import { classify, ConnectError } from '../../../src/base/errors.ts';
import { CollectingOutlet, type Row } from '../../support/collecting-outlet.ts';
import { createDatabase, type Database } from '../../support/database.ts';
import { readSnapshot, type OneSnapshot } from './one-snapshot.ts';
import { servers } from './servers.ts';
import { untilTrue } from './source-fixture.ts';

interface Case extends OneSnapshot {
  readonly what: string;
  /** Another table than that of most cases. */
  readonly table?: string;
  /** After the catalog has been read in the database snapshot. */
  readonly alter: string;
}

interface Outcome {
  readonly error: unknown;
  readonly rows: readonly (Row | null)[];
}

const usual = "CREATE TABLE b (id int PRIMARY KEY, v varchar(10), w varchar(10)); INSERT INTO b VALUES (1, 'v', 'w'), (2, 'v', 'w')";
const parted = `CREATE TABLE b (id int PRIMARY KEY, v varchar(10)) PARTITION BY RANGE (id); CREATE TABLE b1 PARTITION OF b FOR VALUES FROM (0) TO (10);
  CREATE TABLE b2 PARTITION OF b FOR VALUES FROM (10) TO (20); INSERT INTO b VALUES (1, 'v'), (11, 'v')`;
const byRoot = 'ALL TABLES WITH (publish_via_partition_root)';
const override = { 'snapshot.select.statement.overrides': 'public.b', 'snapshot.select.statement.overrides.public.b': 'SELECT * FROM b' };

const cases: readonly Case[] = [
  { what: 'a column is renamed', alter: 'ALTER TABLE b RENAME v TO x' },
  { what: 'a column is dropped', alter: 'ALTER TABLE b DROP v' },
  { what: 'two columns change names', alter: 'ALTER TABLE b RENAME v TO x; ALTER TABLE b RENAME w TO v; ALTER TABLE b RENAME x TO w' },
  { what: 'a column is made again', alter: "ALTER TABLE b DROP v; ALTER TABLE b ADD v varchar(10) DEFAULT 'new'" },
  { what: 'a column gets another type, which rewrites nothing', alter: 'ALTER TABLE b ALTER v TYPE text' },
  { what: 'a column gets another type, which rewrites the table', alter: 'ALTER TABLE b ALTER id TYPE bigint' },
  {
    what: 'a key column that no record shows is renamed',
    alter: 'ALTER TABLE b RENAME id TO number',
    table: "CREATE TABLE b (id int PRIMARY KEY, v text); INSERT INTO b SELECT n, repeat('v', 100) FROM generate_series(1, 500) n",
    extra: { 'column.exclude.list': 'public.b.id', 'snapshot.max.threads': '2', 'snapshot.slice.bytes': '8192' },
  },
  {
    what: 'a column is renamed by which the publication filters',
    alter: 'ALTER TABLE b RENAME w TO x',
    published: "TABLE b WHERE (w = 'w')",
    extra: { 'column.exclude.list': 'public.b.w' },
    table: `${usual}; ALTER TABLE b ALTER w SET NOT NULL; ALTER TABLE b REPLICA IDENTITY FULL`,
  },
  { what: 'the table is renamed', alter: 'ALTER TABLE b RENAME TO c' },
  { what: 'the table moves to another schema', alter: 'CREATE SCHEMA elsewhere; ALTER TABLE b SET SCHEMA elsewhere' },
  { what: 'the table is dropped', alter: 'DROP TABLE b' },
  { what: 'the table is emptied', alter: 'TRUNCATE b' },
  {
    what: 'another table takes the name',
    alter: "ALTER TABLE b RENAME TO c; CREATE TABLE b (LIKE c INCLUDING ALL); INSERT INTO b VALUES (3, 'x', 'x')",
  },
  { what: 'a partition is emptied', table: parted, published: byRoot, alter: 'TRUNCATE b2' },
  { what: 'partitions are rewritten', table: parted, published: byRoot, alter: "ALTER TABLE b ALTER v TYPE varchar(5) USING 'n'" },
  { what: 'a table that a statement reads is rewritten', alter: "ALTER TABLE b ALTER v TYPE varchar(5) USING 'n'", extra: override },
];

/** What becomes of a snapshot when `work` is done right before the statement that `mark` stands in. */
async function snapshotWith(db: Database, mark: string, work: () => Promise<unknown>, options: OneSnapshot = {}): Promise<Outcome> {
  const out = new CollectingOutlet();
  const prepare = (client: Client): void => {
    const query = client.query.bind(client) as (...args: unknown[]) => Promise<unknown>;
    client.query = ((...args: unknown[]) => {
      const isMarked = typeof args[0] === 'string' && args[0].includes(mark);
      return isMarked ? work().then(() => query(...args)) : query(...args);
    }) as Client['query'];
  };
  const error: unknown = await readSnapshot(db, out, { ...options, prepare }).then(
    () => null,
    (reason: unknown) => reason,
  );
  return { error, rows: out.changes.map(({ after }) => after) };
}

for (const [version, server] of servers) {
  test(`Postgres ${version}: a table that is not what it was at the moment of the snapshot is not read, but tried again`, async (t) => {
    await using db = await createDatabase(server);
    for (const { what, table = usual, alter, ...options } of cases) {
      await t.test(what, async () => {
        await db.query(`DROP TABLE IF EXISTS b, c; DROP SCHEMA IF EXISTS elsewhere CASCADE; ${table}`);
        const { error, rows } = await snapshotWith(db, 'pg_relation_size', () => db.query(alter), options);
        assert.ok(error instanceof ConnectError && classify(error) === 'retry', String(error));
        assert.match(error.message, /^The table public\.b was altered or dropped/);
        assert.deepEqual(rows, []);
      });
    }
  });

  test(`Postgres ${version}: what changes nothing of what is read is no hindrance; a table that was looked at cannot be altered`, async () => {
    await using db = await createDatabase(server);
    await db.query(`CREATE DOMAIN short AS varchar(10); CREATE DOMAIN shorter AS short; CREATE TABLE b (gone int, id int PRIMARY KEY, v shorter);
      ALTER TABLE b DROP gone; INSERT INTO b VALUES (1, 'v'), (2, 'w')`);
    const { error, rows } = await snapshotWith(db, 'pg_relation_size', () => db.query('ALTER TABLE b ADD more int; DELETE FROM b'));
    const read = [
      { id: '1', v: 'v' },
      { id: '2', v: 'w' },
    ];
    assert.deepEqual([error, rows], [null, read]);
    await db.query("INSERT INTO b VALUES (1, 'v'), (2, 'w')");
    const other = await db.connect();
    await other.query("SET lock_timeout = '50ms'");
    // Now it is known whether it was rewritten.
    const altering = (): Promise<void> => assert.rejects(other.query('ALTER TABLE b ALTER id TYPE bigint'), { code: '55P03' });
    const held = await snapshotWith(db, 'SET LOCAL enable_indexscan', altering);
    assert.deepEqual([held.error, held.rows.length], [null, 2]);
  });
}

test('a statement of the user that is wrong is not tried again', async () => {
  await using db = await createDatabase();
  await db.query(usual);
  const statement = { ...override, 'snapshot.select.statement.overrides.public.b': 'SELECT id, v, nonsense AS w FROM b' };
  await assert.rejects(readSnapshot(db, new CollectingOutlet(), { extra: statement }), { code: '42703' });
});

const severalConnections = { 'snapshot.max.threads': '2', 'snapshot.slice.bytes': '1', 'snapshot.lock.timeout.ms': '300' };

/** Holds or awaits a lock of its own when `begun` resolves; what it does then may wait for the snapshot to end. */
interface Migration {
  readonly what: string;
  readonly tables: string;
  /** It begins right before the first statement that this stands in; whoever comes to another one waits until it has begun. */
  readonly mark: string;
  readonly begin: (session: Client, watch: Database) => Promise<() => Promise<unknown>>;
}

const migrations: readonly Migration[] = [
  {
    what: 'alters a table that is about to be read, and then one that another connection has read',
    tables: 'CREATE TABLE b (id int PRIMARY KEY); INSERT INTO b VALUES (1); CREATE TABLE c (id int PRIMARY KEY); INSERT INTO c VALUES (1)',
    mark: '"c" LIMIT 0',
    async begin(session) {
      await session.query('BEGIN; ALTER TABLE c ADD x int');
      return () => session.query('ALTER TABLE b ADD x int; COMMIT');
    },
  },
  {
    what: 'waits for one connection while another one comes to the same table',
    tables: 'CREATE TABLE b (id int PRIMARY KEY); INSERT INTO b VALUES (1), (2)',
    mark: 'SET LOCAL enable_indexscan',
    async begin(session, watch) {
      const altered = session.query('ALTER TABLE b ADD x int');
      const waiting = `SELECT FROM pg_locks WHERE relation = 'b'::regclass AND NOT granted`;
      await untilTrue(async () => (await watch.query(waiting)).length > 0);
      return () => altered;
    },
  },
];

for (const { what, tables, mark, begin } of migrations) {
  // Without a limit of its own it would hang: the server sees no deadlock.
  test(`a migration that ${what}: the snapshot gives way, and is taken afterwards`, { timeout: 30_000 }, async () => {
    await using db = await createDatabase();
    await db.query(tables);
    const session = await db.connect();
    const ended = Promise.withResolvers<unknown>();
    let begun: Promise<void> | null = null;
    const migrate = (): Promise<void> => (begun ??= begin(session, db).then((end) => ended.resolve(end())));
    const { error } = await snapshotWith(db, mark, migrate, { extra: severalConnections });
    assert.equal((error as { code?: string }).code, '55P03', String(error));
    await ended.promise;
    const { error: none, rows } = await snapshotWith(db, 'nothing', () => Promise.resolve(), { extra: severalConnections });
    assert.deepEqual([none, rows.length], [null, 2]);
  });
}
