import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createDatabase, type Database } from '../../../support/database.ts';
import { untilTrue } from '../source-fixture.ts';
import { uniqueName } from '../../../support/unique-name.ts';
import { servers } from '../servers.ts';
import { snapshotHarness } from '../snapshot-harness.ts';
import { notes, told } from './adhoc-harness.ts';
import { AdhocStage } from './adhoc-stage.ts';

const table = 'public.orders';
const captured = { 'column.include.list': 'public.orders.(id|item)' };
/** A column that the user may not read. */
const secret = "ALTER TABLE orders ADD COLUMN secret text DEFAULT 's'";

/** A role of its own, for as long as `work` runs. */
async function withRole(db: Database, work: (role: string) => Promise<void>): Promise<void> {
  const role = uniqueName('reader');
  await db.query(`CREATE ROLE ${role} LOGIN PASSWORD 'x'`);
  try {
    await work(role);
  } finally {
    await db.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  }
}

function stageOf(db: Database, role: string, rows: number): Promise<AdhocStage> {
  return AdhocStage.open(db, rows, { 'database.user': role, 'database.password': 'x', ...captured });
}

for (const [version, server] of servers) {
  for (const kind of ['blocking', 'incremental'] as const) {
    test(`Postgres ${version}, ${kind}: rights to the captured columns are enough, fewer are an error`, async () => {
      await using db = await createDatabase(server);
      await withRole(db, async (role) => {
        await using stage = await stageOf(db, role, 2);
        await db.query(`${secret}; GRANT SELECT (id, item) ON orders TO ${role}`);
        const { changes } = stage.fixture.out;
        await stage.read(kind);
        assert.deepEqual(told(changes, table), ['r1', 'r2']);
        await db.query(`REVOKE SELECT (item) ON orders FROM ${role}`);
        await stage.read(kind);
        assert.match(notes(changes).slice(2).join(), /SQL_EXCEPTION/);
        await db.query(`GRANT SELECT ON orders TO ${role}`);
        await stage.read(kind);
        assert.deepEqual(told(changes, table).slice(2), ['r1', 'r2']);
      });
    });
  }

  test(`Postgres ${version}: an initial snapshot that locks its tables needs rights to the captured columns only`, async () => {
    await using db = await createDatabase(server);
    await withRole(db, async (role) => {
      await db.query(`CREATE TABLE orders (id int PRIMARY KEY, item text); ${secret}; INSERT INTO orders VALUES (1, 'a');
        GRANT SELECT (id, item) ON orders TO ${role}`);
      await using harness = await snapshotHarness(db, { ...captured, 'snapshot.locking.mode': 'shared' });
      harness.loginAs(role, 'x');
      assert.equal(await harness.runSnapshot('own'), true);
      assert.deepEqual(
        harness.outlet.committed.map(({ after }) => after),
        [{ id: '1', item: 'a' }],
      );
    });
  });
}

// Whoever may read some columns only cannot lock before the database snapshot is taken.
const alterations: readonly (readonly [what: string, sql: string, column: string, value: string])[] = [
  ['rewritten', 'ALTER TABLE orders ALTER item TYPE varchar(50)', 'item', 'old'],
  ['given other columns', "ALTER TABLE orders RENAME item TO thing; ALTER TABLE orders ADD COLUMN item text DEFAULT 'new'", 'thing', 'old'],
];
for (const [what, sql, column, value] of alterations) {
  test(`a table that is ${what} between the database snapshot and the lock is read as it is`, async () => {
    await using db = await createDatabase();
    await withRole(db, async (role) => {
      await using stage = await AdhocStage.open(db, 2, {
        'database.user': role,
        'database.password': 'x',
        'column.exclude.list': '.*secret',
      });
      await db.query(`${secret}; GRANT SELECT (id, item) ON orders TO ${role}`);
      const writer = await db.connect();
      let altered: Promise<unknown> = Promise.resolve();
      stage.onInterlude = async (count) => {
        if (count !== 1) return;
        await writer.query(`BEGIN; ${sql}; GRANT SELECT (${column}, item) ON orders TO ${role}`);
        // The reader has its snapshot and waits for the table, or gives up and comes again.
        const waiting = "SELECT FROM pg_locks WHERE relation = 'orders'::regclass AND NOT granted";
        altered = untilTrue(async () => (await db.query(waiting)).length > 0).then(() => writer.query('COMMIT'));
      };
      await stage.read('incremental');
      await altered;
      const rows = stage.fixture.out.changes
        .filter((change) => change.table === table)
        .map(({ after }) => [after?.['id'], after?.[column]]);
      assert.deepEqual(rows, [
        ['1', value],
        ['2', value],
      ]);
    });
  });
}
