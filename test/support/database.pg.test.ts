import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client } from 'pg';
import { createDatabase } from './database.ts';
import { stack } from './stack.ts';

test('a database of a test is its own and gone afterwards, with a slot that was left in it', async () => {
  let name: string;
  {
    await using db = await createDatabase();
    name = db.name;
    await db.query(`CREATE TABLE t (id int); INSERT INTO t VALUES (1), (2)`);
    assert.deepEqual(await db.query('SELECT id FROM t WHERE id > $1 ORDER BY id', [1]), [{ id: 2 }]);
    await db.query(`SELECT pg_create_logical_replication_slot('${name}', 'pgoutput')`);
  }
  const admin = new Client({ connectionString: stack.postgres });
  await admin.connect();
  const left = await admin.query(
    `SELECT 1 FROM pg_database WHERE datname = $1 UNION ALL SELECT 1 FROM pg_replication_slots WHERE slot_name = $1`,
    [name],
  );
  await admin.end();
  assert.equal(left.rows.length, 0);
});
