import assert from 'node:assert/strict';
import { test } from 'node:test';

import { systemClock } from '../../../src/base/clock.ts';
import { silentLog, type Logger } from '../../../src/base/log.ts';
import { LockWatch } from '../../../src/sources/postgres/lock-watch.ts';
import { SessionFactory, SqlSession } from '../../../src/sources/postgres/session.ts';
import { parseSettings } from '../../../src/sources/postgres/settings.ts';
import { createDatabase, type Database } from '../../support/database.ts';
import { uniqueName } from '../../support/unique-name.ts';
import { servers } from './servers.ts';
import { sourceConfig } from './source-config.ts';
import { startSource, untilTrue } from './source-fixture.ts';

interface Said {
  readonly table: string;
  readonly mode: string;
  readonly holders: readonly string[];
}

function watching(db: Database) {
  const said: Said[] = [];
  const log: Logger = { ...silentLog, warn: (facts: Said) => said.push(facts) } as never;
  const sessions = new SessionFactory(parseSettings('test', sourceConfig(db)).connection, uniqueName('millrace'));
  const sql = new SqlSession(sessions);
  const watch = new LockWatch({ sql, sessions, clock: systemClock, log, everyMs: 100 });
  watch.start();
  return {
    said,
    sessions,
    sql,
    async [Symbol.asyncDispose]() {
      watch.stop();
      await sql.close();
    },
  };
}

for (const [version, server] of servers) {
  test(`Postgres ${version}: a session that waits for a table is told of once, with who holds the lock`, async () => {
    await using db = await createDatabase(server);
    await db.query('CREATE TABLE "Order" (id int)');
    await using scene = watching(db);
    const migration = await db.connect();
    await migration.query(`SET application_name = 'migration'; BEGIN; LOCK TABLE "Order"`);
    const reader = await scene.sessions.connect();
    const read = reader.query('SELECT FROM "Order"');
    await untilTrue(() => Promise.resolve(scene.said.length > 0));
    const { table, mode, holders } = scene.said[0] ?? assert.fail();
    assert.deepEqual([table, mode, holders.length], ['"Order"', 'AccessShareLock', 1]);
    assert.match(holders[0] ?? '', /^process \d+ \(migration\), idle in transaction, transaction open for \d+ s$/);
    await migration.query('COMMIT');
    await read;
    await reader.end();
    assert.equal(scene.said.length, 1);
  });

  test(`Postgres ${version}: also when it is the session that would be asked`, async () => {
    await using db = await createDatabase(server);
    await db.query('CREATE TABLE orders (id int)');
    await using scene = watching(db);
    const migration = await db.connect();
    await migration.query('BEGIN; LOCK TABLE orders');
    const publish = (await scene.sql.client()).query('CREATE PUBLICATION p FOR TABLE orders');
    await untilTrue(() => Promise.resolve(scene.said.length > 0));
    assert.deepEqual([scene.said[0]?.table, scene.said[0]?.mode], ['orders', 'ShareUpdateExclusiveLock']);
    await migration.query('COMMIT');
    await publish;
  });
}

test('a first snapshot that waits for a migration says so after ten seconds', async () => {
  const [[, server] = assert.fail()] = servers;
  await using db = await createDatabase(server);
  await db.query('CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders VALUES (1)');
  const migration = await db.connect();
  await migration.query('BEGIN; LOCK TABLE orders');
  const said: Said[] = [];
  const log: Logger = { ...silentLog, warn: (facts: Said) => said.push(facts) } as never;
  await using running = startSource(db, { extra: { 'snapshot.mode': 'initial' }, log });
  await untilTrue(() => Promise.resolve(said.some(({ holders }) => holders?.length === 1)));
  assert.deepEqual(running.out.changes, []);
  await migration.query('COMMIT');
  await running.out.untilChanges(1);
});
