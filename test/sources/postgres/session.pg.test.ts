import assert from 'node:assert/strict';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { test } from 'node:test';

import { ConnectError, classify } from '../../../src/base/errors.ts';
import { SessionFactory, SqlSession } from '../../../src/sources/postgres/session.ts';
import { createDatabase, type Database } from '../../support/database.ts';
import { databaseKeys } from '../../support/database-keys.ts';
import { uniqueName } from '../../support/unique-name.ts';
import { testSettings } from './test-settings.ts';

function sessionsOf(db: Database, extra: Readonly<Record<string, string>> = {}): SessionFactory {
  const { connection } = testSettings({
    ...databaseKeys(db),
    ...extra,
  });
  return new SessionFactory(connection, 'session test');
}

async function failure(work: Promise<unknown>): Promise<ConnectError> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ConnectError, String(error));
  return error;
}

test('initial statements run on every SQL connection, in order, and not on the replication connection', async () => {
  await using db = await createDatabase();
  await db.query('CREATE TABLE seen (who text); CREATE SEQUENCE visits');
  const sessions = sessionsOf(db, {
    'database.initial.statements': `INSERT INTO seen VALUES (';;'); SET application_name = 'set up'; INSERT INTO seen VALUES (current_setting('application_name'))`,
  });
  const [first, second, replication] = [await sessions.connect(), await sessions.connect(), await sessions.connect({ replication: true })];
  const seen = await db.query<{ who: string }>('SELECT who FROM seen ORDER BY who');
  await Promise.all([first.end(), second.end(), replication.end()]);
  assert.deepEqual(
    seen.map(({ who }) => who),
    [';', ';', 'set up', 'set up'],
  );
  const broken = await failure(sessionsOf(db, { 'database.initial.statements': 'SELECT nonsense' }).connect());
  assert.match(broken.message, /42703.*setting up the session/);
});

test('initial statements change no text form of values; time-outs are theirs', async () => {
  await using db = await createDatabase();
  const sessions = sessionsOf(db, {
    'database.initial.statements': `SET DateStyle = 'SQL, DMY'; SET TimeZone = 'Asia/Kathmandu'; SET bytea_output = 'escape'; SET lock_timeout = 77`,
  });
  const client = await sessions.connect();
  const { rows } = await client.query(
    `SELECT '2026-02-03 04:05:06+00'::timestamptz::text AS at, '\\x00'::bytea::text AS bytes, current_setting('lock_timeout') AS wait`,
  );
  await client.end();
  assert.deepEqual(rows, [{ at: '2026-02-03 04:05:06+00', bytes: '\\x00', wait: '77ms' }]);
});

test('a server that keeps its identity to itself is read all the same', async () => {
  await using db = await createDatabase();
  const role = uniqueName('role');
  await db.query(`REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC; CREATE ROLE ${role} LOGIN PASSWORD 'x'`);
  try {
    const sessions = sessionsOf(db, { 'database.user': role, 'database.password': 'x' });
    for (let count = 0; count < 2; count += 1) await (await sessions.connect()).end();
  } finally {
    await db.query(`DROP ROLE ${role}`);
  }
});

test('a statement that takes longer than database.query.timeout.ms fails; the reading of tables has no limit', async () => {
  await using db = await createDatabase();
  const sessions = sessionsOf(db, { 'database.query.timeout.ms': '1000' });
  const sql = new SqlSession(sessions);
  const error = await failure(sql.use('waiting', (client) => client.query('SELECT pg_sleep(60)')));
  assert.deepEqual([error.code, classify(error)], ['postgres.busy', 'retry']);
  const reading = await sessions.connect({ queryTimeout: false });
  assert.equal((await reading.query('SELECT 1 AS one FROM pg_sleep(1.2)')).rows.length, 1);
  await reading.end();
  // What took too long keeps nobody waiting: it has been cancelled.
  assert.equal((await sql.use('asking again', (client) => client.query('SELECT 2 AS two'))).rows.length, 1);
  await sql.close();
});

test('parts of the source that ask at the same time have their turn, one statement behind the other', async (t) => {
  await using db = await createDatabase();
  const warnings: Error[] = [];
  const note = (warning: Error): void => void warnings.push(warning);
  process.on('warning', note);
  t.after(() => process.off('warning', note));
  const sql = new SqlSession(sessionsOf(db));
  const one = async (): Promise<unknown> => (await (await sql.client()).query('SELECT 1 AS one')).rows[0];
  const asked = [
    sql.use('asking', () => one()),
    one(),
    failure(sql.use('failing', (client) => client.query('SELECT nonsense'))),
    one(),
    one(),
  ];
  const [first, second, failed, ...rest] = await Promise.all(asked);
  assert.deepEqual(
    [first, second, ...rest],
    Array.from({ length: 4 }, () => ({ one: 1 })),
  );
  assert.match((failed as ConnectError).message, /42703/);
  assert.deepEqual(warnings, [], 'the driver has nothing to warn of');
  await sql.close();
});

test('a server that takes the connection and says nothing is given up after connection.validation.timeout.ms', async () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  try {
    const extra = {
      'database.hostname': '127.0.0.1',
      'database.port': String((server.address() as AddressInfo).port),
      'database.sslmode': 'disable',
      'connection.validation.timeout.ms': '100',
    };
    const error = await failure(new SessionFactory(testSettings(extra).connection, 'session test').connect());
    assert.deepEqual([error.code, classify(error)], ['postgres.unreachable', 'retry']);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
});

test('database.tcpKeepAlive reaches the socket', () => {
  for (const keepAlive of [true, false]) {
    const { connection } = testSettings({ 'database.tcpKeepAlive': String(keepAlive) });
    assert.equal(new SessionFactory(connection, 'session test').clientConfig().keepAlive, keepAlive);
  }
});
