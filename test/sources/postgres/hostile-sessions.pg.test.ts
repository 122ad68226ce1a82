import assert from 'node:assert/strict';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { Transform } from 'node:stream';
import { test } from 'node:test';

import { Client } from 'pg';

import { ConnectError } from '../../../src/base/errors.ts';
import { SessionFactory } from '../../../src/sources/postgres/session.ts';
import { createDatabase, type Database } from '../../support/database.ts';
import { databaseKeys } from '../../support/database-keys.ts';
import { stack } from '../../support/stack.ts';
import { uniqueName } from '../../support/unique-name.ts';
import { servers } from './servers.ts';
import { slotName, startSource, untilStreaming, untilTrue } from './source-fixture.ts';
import { testSettings } from './test-settings.ts';

/** What would change the text of values, or end a session that reads slowly. */
const hostile: readonly (readonly [name: string, value: string])[] = [
  ['DateStyle', 'SQL, DMY'],
  ['IntervalStyle', 'sql_standard'],
  ['TimeZone', 'Asia/Kathmandu'],
  ['bytea_output', 'escape'],
  ['extra_float_digits', '-15'],
  ['xmlbinary', 'hex'],
  ['client_encoding', 'LATIN1'],
  ['client_min_messages', 'error'],
  ['lc_monetary', 'C.UTF-8'],
  ['lock_timeout', '50ms'],
  ['statement_timeout', '50ms'],
  ['idle_in_transaction_session_timeout', '50ms'],
  ['idle_session_timeout', '50ms'],
];

/** What sessions have instead. */
const needed = {
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  bytea_output: 'hex',
  extra_float_digits: '3',
  xmlbinary: 'base64',
  client_encoding: 'UTF8',
  client_min_messages: 'warning',
  lc_monetary: 'C',
  lock_timeout: '0',
  statement_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  idle_session_timeout: '0',
};

const values = `1, '2026-02-03', '2026-02-03 04:05:06.789+00', '1 mon -2 days 03:04:05', '\\x00ff5c', 0.1::float8 + 0.2, '€ ☕', 12.5`;
const wanted = {
  id: '1',
  day: '2026-02-03',
  at: '2026-02-03 04:05:06.789+00',
  span: '1 mon -2 days +03:04:05',
  bytes: '\\x00ff5c',
  number: '0.30000000000000004',
  text: '€ ☕',
  price: '12.5',
};
const table = `(id int PRIMARY KEY, day date, at timestamptz, span interval, bytes bytea, number float8, text text, price numeric)`;

interface Relay extends AsyncDisposable {
  readonly port: number;
  /** Connections so far. */
  readonly count: number;
}

/** Forwards connections, the `turn`th one to the port that `target` says; `change` makes another start-up message of its first one. */
async function relay(target: (turn: number) => number, change: (startup: Buffer, turn: number) => Buffer = (same) => same): Promise<Relay> {
  const sockets = new Set<Socket>();
  let count = 0;
  const server = createServer((from) => {
    const turn = count++;
    const to = connect({ host: '127.0.0.1', port: target(turn) });
    // A start-up message is far smaller than what comes in one piece over loopback.
    const startUp = new Transform({
      transform(bytes: Buffer, _encoding, done) {
        startUp._transform = (more, _, next) => next(null, more);
        done(null, change(bytes, turn));
      },
    });
    for (const [socket, other] of [
      [from, to],
      [to, from],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => other.destroy());
    }
    from.pipe(startUp).pipe(to).pipe(from);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    get count() {
      return count;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

for (const [version, server] of servers) {
  test(`Postgres ${version}: settings of role and database change no value and end no session, in snapshot and stream, also when set while running`, async () => {
    await using db = await createDatabase(server);
    const role = uniqueName('role');
    await db.query(`CREATE TABLE orders ${table}; INSERT INTO orders SELECT ${values}; CREATE PUBLICATION shop_publication FOR TABLE orders;
      CREATE ROLE ${role} LOGIN REPLICATION PASSWORD 'x'; GRANT SELECT ON orders TO ${role}`);
    try {
      for (const [name, value] of hostile.slice(0, 5)) await db.query(`ALTER ROLE ${role} SET ${name} = '${value}'`);
      for (const [name, value] of hostile.slice(5)) await db.query(`ALTER DATABASE ${db.name} SET ${name} = '${value}'`);
      const extra = {
        'database.user': role,
        'database.password': 'x',
        'publication.autocreate.mode': 'disabled',
        'snapshot.mode': 'initial',
      };
      const read: unknown[] = [];
      let offsets;
      {
        // The first row waits for the sink for longer than any of those timeouts.
        const from = performance.now();
        await using running = startSource(db, { extra, prepare: (out) => (out.hasRoom = (count) => count !== 1) });
        await running.out.until(() => running.out.full);
        await db.query('SET statement_timeout = 0; SELECT pg_sleep(0.2)');
        assert.ok(performance.now() - from > 200);
        running.out.makeRoom();
        await untilStreaming(db, running);
        await db.query(`INSERT INTO orders SELECT ${values.replace('1,', '2,')}`);
        await running.out.until(
          () => running.out.changes.length === 2 && running.out.boundaries.at(-1)?.offset?.['messageType'] === 'INSERT',
        );
        read.push(...running.out.changes.map(({ after }) => after));
        offsets = running.out.boundaries.slice(-1);
        // And set anew while it runs, for the sessions that come after a walsender was ended.
        for (const [name, value] of hostile) await db.query(`ALTER ROLE ${role} IN DATABASE ${db.name} SET ${name} = '${value}'`);
        await db.query('SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = $1', [slotName(db)]);
        await running.ended.catch(() => {});
      }
      await db.query(`INSERT INTO orders SELECT ${values.replace('1,', '3,')}`);
      await using again = startSource(db, { extra, offsets });
      read.push((await again.out.untilChanges(1))[0]?.after);
      assert.deepEqual(read, [wanted, { ...wanted, id: '2' }, { ...wanted, id: '3' }]);
    } finally {
      await db.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    }
  });

  test(`Postgres ${version}: every session has the settings that it needs, whatever role and database say`, async () => {
    await using db = await createDatabase(server);
    const role = uniqueName('role');
    await db.query(`CREATE ROLE ${role} LOGIN SUPERUSER REPLICATION PASSWORD 'x'`);
    try {
      const known = await db.query<{ name: string }>("SELECT name FROM pg_settings WHERE name = 'transaction_timeout'");
      // From Postgres 17 on; as long as the first statements may take on a slow machine.
      const all = [...hostile, ...known.map(({ name }) => [name, '1min'] as const)];
      for (const [name, value] of all) await db.query(`ALTER ROLE ${role} IN DATABASE ${db.name} SET ${name} = '${value}'`);
      const { connection } = testSettings({ ...databaseKeys(db), 'database.user': role, 'database.password': 'x' });
      const names = all.map(([name]) => `'${name}'`).join(', ');
      for (const replication of [false, true]) {
        const client = await new SessionFactory(connection, 'test').connect({ replication, queryTimeout: false });
        const { rows } = await client.query<{ name: string; setting: string }>(
          `SELECT name, setting FROM pg_settings WHERE name IN (${names})`,
        );
        await client.end();
        const found = Object.fromEntries(rows.map(({ name, setting }) => [name, setting]));
        assert.deepEqual(found, { ...needed, ...Object.fromEntries(known.map(({ name }) => [name, '0'])) });
      }
    } finally {
      await db.query(`DROP ROLE ${role}`);
    }
  });

  test(`Postgres ${version}: a pooler that drops the settings of any one connection is noticed before a row is read over it`, async () => {
    await using db = await createDatabase(server);
    await db.query(
      `CREATE TABLE orders ${table}; INSERT INTO orders SELECT ${values}; ALTER DATABASE ${db.name} SET DateStyle = 'SQL, DMY'`,
    );
    for (let dropped = 0, refused = true; refused; dropped += 1) {
      await using pooler = await relay(
        () => db.port,
        (startup, turn) => (turn === dropped ? withoutOptions(startup) : startup),
      );
      await using running = startSource(
        { ...db, port: pooler.port },
        { extra: { 'snapshot.mode': 'initial', 'database.sslmode': 'disable' } },
      );
      const error: unknown = await untilStreaming(db, running).then(
        () => null,
        (reason: unknown) => reason,
      );
      refused = pooler.count > dropped;
      const read = running.out.changes.map(({ after }) => after);
      if (refused) {
        assert.ok(error instanceof ConnectError && error.code === 'postgres.setting', `connection ${dropped}: ${String(error)}`);
        assert.match(error.message, /^The session setting \w+ is ".*" although ".*" was asked for/);
        assert.deepEqual(
          read,
          read.map(() => wanted),
        );
      } else {
        assert.deepEqual([error, read], [null, [wanted]]);
        assert.ok(dropped >= 4, 'to look around, for the slot, for the rows and for the stream');
      }
    }
  });

  for (const [encoding, text] of [
    ['LATIN1', 'Übergröße ½'],
    ['EUC_JP', '日本語テスト'],
  ] as const) {
    test(`Postgres ${version}: a database in ${encoding} gives the text it holds, in names and values`, async () => {
      await using outer = await createDatabase(server);
      const name = uniqueName('encoded');
      await outer.query(`CREATE DATABASE ${name} TEMPLATE template0 ENCODING '${encoding}' LC_COLLATE 'C' LC_CTYPE 'C'`);
      await using db = await inDatabase(outer, name);
      const column = text.slice(0, 3);
      await db.query(`CREATE TABLE orders (id int PRIMARY KEY, "${column}" text); INSERT INTO orders VALUES (1, '${text}')`);
      await using running = startSource(db, { extra: { 'snapshot.mode': 'initial' } });
      await running.out.untilChanges(1);
      await untilStreaming(db, running);
      await db.query(`INSERT INTO orders VALUES (2, '${text}')`);
      const changes = await running.out.untilChanges(2);
      assert.deepEqual(
        changes.map(({ after }) => after),
        [
          { id: '1', [column]: text },
          { id: '2', [column]: text },
        ],
      );
    });
  }

  test(`Postgres ${version}: a database without an encoding is refused`, async () => {
    await using outer = await createDatabase(server);
    const name = uniqueName('encoded');
    await outer.query(`CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'`);
    await using db = await inDatabase(outer, name);
    await using running = startSource(db);
    await assert.rejects(running.ended, { code: 'postgres.setting', message: /SQL_ASCII/ });
  });
}

test('two servers behind one address are noticed, whichever connection comes to which', { skip: stack.postgres15 === null }, async () => {
  await using first = await createDatabase();
  const second = new URL(stack.postgres15 ?? '');
  const { name } = first;
  await using other = await createDatabase(second.href);
  await other.query(`CREATE DATABASE ${name}`);
  await using counterpart = await inDatabase(other, name);
  for (const db of [first, counterpart]) await db.query('CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders VALUES (1)');
  // One name and password for both, as behind a balancer.
  const role = uniqueName('role');
  const extra = { 'snapshot.mode': 'initial', 'database.sslmode': 'disable', 'database.user': role, 'database.password': 'x' };
  for (const db of [first, counterpart]) await db.query(`CREATE ROLE ${role} LOGIN SUPERUSER PASSWORD 'x'`);
  try {
    for (let astray = 0, refused = true; refused; astray += 1) {
      await using both = await relay((turn) => (turn === astray ? Number(second.port) : first.port));
      await using running = startSource({ ...first, port: both.port }, { extra });
      const error: unknown = await untilStreaming(first, running).then(
        () => null,
        (reason: unknown) => reason,
      );
      refused = both.count > astray;
      if (refused) {
        assert.ok(error instanceof ConnectError && error.code === 'postgres.setting', `connection ${astray}: ${String(error)}`);
        assert.match(error.message, /different servers/);
      } else assert.deepEqual([error, astray >= 4], [null, true], 'to look around, for the slot, for the rows and for the stream');
    }
  } finally {
    for (const db of [first, counterpart]) await db.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  }
});

test('a pooler that changes the encoding of a connection is noticed', async () => {
  await using db = await createDatabase();
  await using pooler = await relay(() => db.port, inAnotherEncoding);
  const { connection } = testSettings({ ...databaseKeys({ ...db, port: pooler.port }), 'database.sslmode': 'disable' });
  await assert.rejects(new SessionFactory(connection, 'test').connect(), {
    code: 'postgres.setting',
    message: /client_encoding is "KOI8R"/,
  });
});

/** The start-up message as a pooler passes it on that has an encoding of its own. */
function inAnotherEncoding(startup: Buffer): Buffer {
  return Buffer.from(startup.toString('latin1').replace('client_encoding\0UTF8', 'client_encoding\0KOI8'), 'latin1');
}

/** The start-up message as a pooler passes it on that does not know of options. */
function withoutOptions(startup: Buffer): Buffer {
  const fields = startup.toString('latin1', 8).split('\0');
  const at = fields.indexOf('options');
  assert.ok(at >= 0 && at % 2 === 0, 'every connection says what it is pinned to');
  fields.splice(at, 2);
  const body = Buffer.from(fields.join('\0'), 'latin1');
  const head = Buffer.from(startup.subarray(0, 8));
  head.writeInt32BE(8 + body.length);
  return Buffer.concat([head, body]);
}

/** Another database of the same server, which is there already; dropped at the end. */
async function inDatabase(outer: Database, name: string): Promise<Database> {
  const url = outer.url.replace(/[^/]*$/, name);
  const client = new Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  return {
    ...outer,
    name,
    url,
    async query<Row>(sql: string, values?: readonly unknown[]): Promise<Row[]> {
      const result: unknown = await client.query(sql, values === undefined ? undefined : [...values]);
      return (Array.isArray(result) ? (result.at(-1) as { rows: Row[] }).rows : (result as { rows: Row[] }).rows) ?? [];
    },
    async [Symbol.asyncDispose]() {
      await client.end();
      await untilTrue(async () => {
        await outer.query(
          `SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE database = '${name}' AND active_pid IS NOT NULL`,
        );
        await outer.query(`SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = '${name}' AND NOT active`);
        return outer.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`).then(
          () => true,
          () => false,
        );
      });
    },
  };
}
