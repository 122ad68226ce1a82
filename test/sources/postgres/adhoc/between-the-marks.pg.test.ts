import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Client } from 'pg';

import { systemClock } from '../../../../src/base/clock.ts';
import { silentLog } from '../../../../src/base/log.ts';
import { Watermarks } from '../../../../src/sources/postgres/adhoc/watermarks.ts';
import { SessionFactory, SqlSession } from '../../../../src/sources/postgres/session.ts';
import { createDatabase } from '../../../support/database.ts';
import { uniqueName } from '../../../support/unique-name.ts';
import { testSettings } from '../test-settings.ts';
import { notes, signalTable, told } from './adhoc-harness.ts';
import { AdhocStage } from './adhoc-stage.ts';

const table = 'public.orders';

/** Runs statements in a transaction; answers its id. The caller ends it. */
async function begin(writer: Client, statements: string): Promise<number> {
  const results = await writer.query(`BEGIN; ${statements}; SELECT pg_current_xact_id()::text AS xid`);
  const rows = (results as unknown as { rows: { xid: string }[] }[]).at(-1)?.rows;
  return Number(BigInt.asUintN(32, BigInt(rows?.[0]?.xid ?? 0)));
}

/** What is told of a table that the server refuses to read. */
const refused = { incremental: ['TABLE_SCAN_COMPLETED SQL_EXCEPTION', 'COMPLETED'], blocking: ['ABORTED SQL_EXCEPTION'] };

function conditionOf(kind: 'blocking' | 'incremental', filter: string): string {
  return kind === 'blocking' ? `SELECT * FROM orders WHERE ${filter}` : filter;
}

for (const kind of ['blocking', 'incremental'] as const) {
  test(`${kind}: rows that the stream has changed since they became visible are left out`, async () => {
    await using db = await createDatabase();
    await using stage = await AdhocStage.open(db, 5);
    const writer = await db.connect();
    stage.brings = async () => {
      // Committed after the database snapshot was taken, and brought before its rows are handed over.
      const xid = await begin(writer, "DELETE FROM orders WHERE id = 2; UPDATE orders SET item = 'new' WHERE id = 4");
      await writer.query('COMMIT');
      const wal = (await stage.script())
        .begin(xid)
        .relation(stage.table)
        .delete(stage.table, ['2', null])
        .update(stage.table, ['4', 'new']);
      await stage.play(wal.commit());
    };
    await stage.read(kind);
    assert.deepEqual(told(stage.fixture.out.changes, table), ['d2', 'u4', 'r1', 'r3', 'r5']);
  });

  test(`${kind}: no session of ours keeps the server from cleaning up whenever the stream has its turn, nor afterwards`, async () => {
    await using db = await createDatabase();
    await using stage = await AdhocStage.open(db, 5, { 'incremental.snapshot.chunk.size': '2' });
    const held: number[] = [];
    const look = async (): Promise<void> => {
      const rows = await db.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'stage'
           AND (backend_xmin IS NOT NULL OR state LIKE 'idle in transaction%')`,
      );
      held.push(rows.length);
    };
    stage.onInterlude = look;
    await stage.read(kind);
    await look();
    // A blocking one reads when the stream has come up to its database snapshot, which it has to keep for so long.
    const kept = held.filter((count) => count > 0);
    assert.deepEqual([kept, held[0], held.at(-1)], [kind === 'blocking' ? [1] : [], 0, 0]);
    assert.ok(held.length >= 3);
  });

  test(`${kind}: rows wait until the stream has brought what they show`, async () => {
    await using db = await createDatabase();
    await using stage = await AdhocStage.open(db, 3);
    const writer = await db.connect();
    const xids: number[] = [];
    const wal = await stage.script();
    // Visible to the database snapshot; the stream comes later.
    stage.onInterlude = async (count) => {
      if (count > 1) return;
      for (const item of ['newer', 'newest']) {
        xids.push(await begin(writer, `UPDATE orders SET item = '${item}' WHERE id = 2`));
        await writer.query('COMMIT');
      }
    };
    stage.brings = async () => {
      for (const [index, item] of ['newer', 'newest'].entries())
        wal
          .begin(xids[index] ?? 0)
          .relation(stage.table)
          .update(stage.table, ['2', item])
          .commit();
      await stage.play(wal);
    };
    await stage.read(kind);
    const rows = stage.fixture.out.changes
      .filter((change) => change.table === table)
      .map(({ op, after }) => [op, after?.['id'], after?.['item']]);
    assert.deepEqual(rows, [
      ['u', '2', 'newer'],
      ['u', '2', 'newest'],
      ['r', '1', 'old'],
      ['r', '2', 'newest'],
      ['r', '3', 'old'],
    ]);
  });

  test(`${kind}: nothing is read as long as something that was streamed is not visible`, async () => {
    await using db = await createDatabase();
    await using stage = await AdhocStage.open(db, 3);
    const writer = await db.connect();
    const xid = await begin(writer, 'DELETE FROM orders WHERE id = 2');
    // It is in the log before others see that it has been committed.
    await stage.play((await stage.script()).begin(xid).relation(stage.table).delete(stage.table, ['2', null]).commit());
    let looks = 0;
    stage.onSleep = async () => {
      looks += 1;
      if (looks === 30) await writer.query('COMMIT');
    };
    await stage.read(kind);
    assert.deepEqual(told(stage.fixture.out.changes, table), ['d2', 'r1', 'r3']);
  });

  test(`${kind}: a table that is altered after it was looked at is read as it is`, async () => {
    await using db = await createDatabase();
    await using stage = await AdhocStage.open(db, 2);
    stage.onInterlude = async (count) => {
      if (count === 1)
        await db.query("ALTER TABLE orders ADD COLUMN note text DEFAULT 'n'; ALTER TABLE orders RENAME COLUMN item TO thing");
    };
    await stage.read(kind);
    const rows = stage.fixture.out.changes.filter((change) => change.table === table).map(({ after }) => after);
    assert.deepEqual(rows, [
      { id: '1', thing: 'old', note: 'n' },
      { id: '2', thing: 'old', note: 'n' },
    ]);
  });

  test(`${kind}: a table cannot be altered or emptied while it is read`, async () => {
    await using db = await createDatabase();
    await using stage = await AdhocStage.open(db, 2);
    const writer = await db.connect();
    await writer.query("SET lock_timeout = '50ms'");
    const states: unknown[] = [];
    const attempt = (statement: string): Promise<unknown> =>
      writer.query(statement).catch((error: { code?: unknown }) => states.push(error.code));
    stage.brings = async () => {
      if (kind === 'incremental') return;
      await attempt('ALTER TABLE orders ALTER COLUMN item TYPE varchar(9)');
      await attempt('TRUNCATE orders');
    };
    await stage.read(kind);
    assert.deepEqual(told(stage.fixture.out.changes, table), ['r1', 'r2']);
    if (kind === 'blocking') assert.deepEqual(states, ['55P03', '55P03']);
    await writer.query('TRUNCATE orders');
  });

  test(`${kind}: a statement that had to give way is tried again`, async () => {
    await using db = await createDatabase();
    await using stage = await AdhocStage.open(db, 2);
    await db.query(`CREATE TABLE busy (); INSERT INTO busy DEFAULT VALUES; CREATE FUNCTION calm() RETURNS bool LANGUAGE plpgsql AS
      'BEGIN IF EXISTS (SELECT FROM busy) THEN RAISE serialization_failure; END IF; RETURN true; END'`);
    stage.onSleep = async (ms) => {
      if (ms >= 1000) await db.query('TRUNCATE busy');
    };
    await stage.read(kind, { condition: conditionOf(kind, 'calm()') });
    const { changes } = stage.fixture.out;
    assert.deepEqual(told(changes, table), ['r1', 'r2']);
    assert.deepEqual(notes(changes), ['TABLE_SCAN_COMPLETED SUCCEEDED', 'COMPLETED']);
  });

  test(`${kind}: a table that nobody named is followed when it is renamed`, async () => {
    await using db = await createDatabase();
    await using stage = await AdhocStage.open(db, 2);
    stage.onInterlude = async (count) => {
      if (count === 1) await db.query('ALTER TABLE orders RENAME TO renamed');
    };
    await stage.read(kind, { oid: stage.table.id });
    assert.deepEqual(told(stage.fixture.out.changes, 'public.renamed'), ['r1', 'r2']);
  });

  test(`${kind}: rows that a security policy hides are an error, those of tables that inherit are not read`, async () => {
    await using db = await createDatabase();
    const role = uniqueName('reader');
    await db.query(`CREATE ROLE ${role} LOGIN PASSWORD 'x'`);
    try {
      await using stage = await AdhocStage.open(db, 2, { 'database.user': role, 'database.password': 'x' });
      await db.query(
        `GRANT SELECT ON orders TO ${role}; CREATE TABLE later () INHERITS (orders); INSERT INTO later VALUES (9, 'inherited')`,
      );
      const { changes } = stage.fixture.out;
      await stage.read(kind);
      assert.deepEqual(told(changes, table), ['r1', 'r2']);
      await db.query('ALTER TABLE orders ENABLE ROW LEVEL SECURITY');
      await stage.read(kind);
      assert.deepEqual(told(changes, table), ['r1', 'r2']);
      assert.deepEqual(notes(changes).slice(2), refused[kind]);
    } finally {
      await db.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    }
  });

  test(`${kind}: a statement that the server refuses ends one snapshot, and the next one is read`, async () => {
    await using db = await createDatabase();
    await using stage = await AdhocStage.open(db, 3);
    await stage.read(kind, { condition: conditionOf(kind, '1 / (id - 2) < 9') });
    await stage.read(kind);
    const { changes } = stage.fixture.out;
    assert.deepEqual(told(changes, table).slice(-3), ['r1', 'r2', 'r3']);
    assert.deepEqual(notes(changes), [...refused[kind], 'TABLE_SCAN_COMPLETED SUCCEEDED', 'COMPLETED']);
  });
}

test('rows of a table that is altered before they are handed over are read again, where a change no longer tells which it concerns', async () => {
  await using db = await createDatabase();
  await using stage = await AdhocStage.open(db, 3);
  const writer = await db.connect();
  stage.brings = async () => {
    // Waits for the lock of the reading.
    const xid = await begin(writer, "ALTER TABLE orders RENAME COLUMN id TO number; UPDATE orders SET item = 'new' WHERE number = 2");
    await writer.query('COMMIT');
    const columns = stage.table.columns.map((column) => (column.name === 'id' ? { ...column, name: 'number' } : column));
    const altered = { ...stage.table, columns };
    await stage.play((await stage.script()).begin(xid).relation(altered).update(altered, ['2', 'new']).commit());
  };
  await stage.read('incremental');
  assert.deepEqual(told(stage.fixture.out.changes, table, 'number'), ['u2', 'r1', 'r2', 'r3']);
});

const others = {
  // 10, 11 and 12 lie behind 5 as numbers, but not as texts.
  'whose key is ordered in another way': 'ALTER TABLE orders ALTER COLUMN id TYPE text',
  'whose name another one has taken': `ALTER TABLE orders RENAME TO former; CREATE TABLE orders (LIKE former INCLUDING ALL);
    INSERT INTO orders SELECT id, 'other' FROM former`,
};
for (const [what, statements] of Object.entries(others)) {
  test(`a table ${what} since its last chunk is read from its start`, async () => {
    await using db = await createDatabase();
    await using stage = await AdhocStage.open(db, 12, { 'incremental.snapshot.chunk.size': '5' });
    let altered = false;
    stage.onInterlude = async () => {
      if (altered || stage.state.incremental.progress?.rows !== 5) return;
      altered = true;
      await db.query(statements);
    };
    await stage.read('incremental');
    const read = told(stage.fixture.out.changes, table);
    assert.deepEqual(read.slice(0, 5), ['r1', 'r2', 'r3', 'r4', 'r5']);
    assert.deepEqual(new Set(read.slice(5)), new Set(Array.from({ length: 12 }, (_, index) => `r${index + 1}`)));
  });
}

test('the signal table is no table to be read, also where it is captured and meant', async () => {
  await using db = await createDatabase();
  await db.query(`${signalTable}; INSERT INTO signals VALUES ('1', 'nonsense', NULL)`);
  await using stage = await AdhocStage.open(db, 2, { 'signal.data.collection': 'public.signals' });
  const asked = { id: 'all', snapshot: 'incremental', tables: ['public..*'], conditions: [], surrogateKey: null } as const;
  stage.state.requests = [asked];
  await stage.read('incremental');
  const { changes } = stage.fixture.out;
  assert.deepEqual(told(changes, table), ['r1', 'r2']);
  assert.deepEqual(told(changes, 'public.signals'), []);
});

function marks(extra: Readonly<Record<string, string>>): Watermarks {
  const settings = testSettings({ 'database.port': '1', 'signal.data.collection': 'public.signals', ...extra });
  return new Watermarks(settings, new SqlSession(new SessionFactory(settings.connection, 'marks')), systemClock, silentLog);
}

test('a read-only connector marks nothing; a server that cannot be reached would be noticed', async () => {
  const silent = marks({ 'read.only': 'true' });
  assert.equal(await silent.open(), null);
  await silent.close('window');
  await silent.push();
  const loud = marks({});
  for (const write of [loud.open(), loud.close('window'), loud.push()]) await assert.rejects(write, { code: 'postgres.unreachable' });
});
