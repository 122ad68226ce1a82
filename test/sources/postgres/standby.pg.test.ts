import assert from 'node:assert/strict';
import { chmod, chown, cp, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { Client } from 'pg';

import { Postgres } from '../../../src/embedded/postgres.ts';
import type { SourceOffset } from '../../../src/record/offset.ts';
import { createDatabase, type Database } from '../../support/database.ts';
import { slotName, startSource, untilStreaming, untilTrue } from './source-fixture.ts';

/** A primary and, made from a copy of its folder, a standby that follows it. */
let folder = '';
const primaryPort = 26_632;
const standbyPort = 26_642;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-standby-'));
  await chmod(folder, 0o755);
});
after(async () => {
  for (const name of await readdir(folder)) await Postgres.wipe(join(folder, name));
  await rm(folder, { recursive: true, force: true });
});

interface Pair extends AsyncDisposable {
  readonly primary: Postgres;
  readonly standby: Postgres;
}

interface PairSettings {
  readonly primary?: Readonly<Record<string, string>>;
  readonly standby?: Readonly<Record<string, string>>;
}

async function startPair(name: string, settings: PairSettings = {}): Promise<Pair> {
  const [first, second] = [join(folder, `${name}-primary`), join(folder, `${name}-standby`)];
  const seed = await Postgres.start({ directory: first, port: primaryPort });
  await seed.stop();
  await mkdir(second, { mode: 0o755 });
  await cp(join(first, 'password'), join(second, 'password'));
  await copyOwned(join(first, 'data'), join(second, 'data'));
  const primary = await Postgres.start({ directory: first, port: primaryPort, settings: settings.primary ?? {} });
  const url = new URL(primary.url);
  await query(primary, `SELECT pg_create_physical_replication_slot('physical', true)`);
  await writeFile(join(second, 'data', 'standby.signal'), '');
  const standby = await Postgres.start({
    directory: second,
    port: standbyPort,
    settings: {
      ...settings.standby,
      hot_standby_feedback: 'on',
      primary_slot_name: 'physical',
      primary_conninfo: `host=127.0.0.1 port=${url.port} user=postgres password=${url.password} dbname=postgres`,
    },
  });
  return {
    primary,
    standby,
    async [Symbol.asyncDispose]() {
      await standby.stop();
      await primary.stop();
    },
  };
}

async function query(server: Postgres, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: server.url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** Everything that the primary has is on the standby. */
async function caughtUp({ primary, standby }: Pair): Promise<void> {
  const [at] = await query(primary, 'SELECT pg_current_wal_lsn()::text AS lsn');
  await untilTrue(async () => {
    const [row] = await query(standby, `SELECT pg_last_wal_replay_lsn() >= '${String(at?.['lsn'])}' AS reached`);
    return row?.['reached'] === true;
  });
}

async function copyOwned(from: string, to: string): Promise<void> {
  await cp(from, to, { recursive: true });
  const { uid, gid } = await stat(from);
  const own = async (path: string): Promise<void> => {
    await chown(path, uid, gid);
    if ((await stat(path)).isDirectory()) for (const name of await readdir(path)) await own(join(path, name));
  };
  await own(to);
  await chmod(to, 0o700);
}

/** The same database on the other server. */
function on(server: Postgres, db: Database): Database {
  return { ...db, port: Number(new URL(server.url).port), url: server.url.replace(/\/postgres$/, `/${db.name}`) };
}

test('a standby is read as the primary is: snapshot and stream', async () => {
  await using pair = await startPair('read');
  await using db = await createDatabase(pair.primary.url);
  await db.query(
    'CREATE TABLE orders (id int PRIMARY KEY); CREATE PUBLICATION shop_publication FOR TABLE orders; INSERT INTO orders VALUES (1)',
  );
  await caughtUp(pair);
  const replica = on(pair.standby, db);
  const extra = { 'snapshot.mode': 'initial', 'publication.autocreate.mode': 'disabled' };
  await using running = startSource(replica, { extra });
  await untilTrue(async () => {
    // Decoding on a standby begins at the next record of running transactions.
    await db.query('SELECT pg_log_standby_snapshot()');
    return running.out.changes.length >= 1;
  });
  await db.query('INSERT INTO orders VALUES (2)');
  assert.deepEqual(
    (await running.out.untilChanges(2)).map(({ op, after }) => [op, after]),
    [
      ['r', { id: '1' }],
      ['c', { id: '2' }],
    ],
  );
  await running.out.until(() => running.out.boundaries.at(-1)?.offset?.['messageType'] === 'INSERT');
  // The standby goes over to another timeline with the server that it follows, under the stream.
  assert.equal(running.out.boundaries.at(-1)?.offset?.['timeline'], undefined);
  // There is no current end of the log there, only one up to which it has been replayed.
  await untilTrue(async () => /^millrace_postgres_slot_wal_status\{.*status="reserved".*\} 1$/m.test(await running.metrics.text()));
});

test('a failover slot goes with the promotion: the stream goes on behind the stored position', async () => {
  await using pair = await startPair('promote', {
    primary: { synchronized_standby_slots: 'physical' },
    standby: { sync_replication_slots: 'on' },
  });
  const db = await createDatabase(pair.primary.url); // Ends with its server.
  await db.query('CREATE TABLE orders (id int PRIMARY KEY)');
  let offsets: readonly SourceOffset[] = [];
  {
    await using running = startSource(db, { extra: { 'slot.failover': 'true' } });
    await untilStreaming(db, running);
    await db.query('INSERT INTO orders VALUES (1)');
    await running.out.untilChanges(1);
    await running.out.until(() => running.out.boundaries.some((offset) => offset.offset?.['messageType'] === 'INSERT'));
    // A standby takes the slot over when it has moved past a record of running transactions, as it does in an idle database.
    await untilTrue(async () => {
      offsets = running.out.boundaries.slice(-1);
      running.source.confirm(offsets);
      await query(pair.primary, 'SELECT pg_log_standby_snapshot()');
      const rows = await query(
        pair.standby,
        `SELECT FROM pg_replication_slots WHERE slot_name = '${slotName(db)}' AND synced AND NOT temporary AND invalidation_reason IS NULL`,
      );
      return rows.length === 1;
    });
  }
  await db.query('INSERT INTO orders VALUES (2)');
  await caughtUp(pair);
  await pair.primary.kill();
  await query(pair.standby, 'SELECT pg_promote()');

  await using again = startSource(on(pair.standby, db), { offsets, extra: { 'slot.failover': 'true' } });
  await again.out.untilChanges(1);
  assert.deepEqual(
    again.out.changes.map(({ op, after }) => [op, after]),
    [['c', { id: '2' }]],
  );

  // The same log position, had it been delivered by the old primary after the standby was cut off from it.
  const promoted = on(pair.standby, db);
  const client = new Client({ connectionString: promoted.url });
  await client.connect();
  await client.query('INSERT INTO orders VALUES (3)');
  await client.end();
  await again.out.untilChanges(2);
  await again.out.until(() => again.out.boundaries.filter((offset) => offset.offset?.['messageType'] === 'INSERT').length >= 2);
  const [latest] = again.out.boundaries.slice(-1);
  await again.stop();
  await using diverged = startSource(promoted, {
    offsets: [{ partition: { server: 'shop' }, offset: { ...latest?.offset, timeline: 1 } }],
  });
  await assert.rejects(
    diverged.ended,
    /is of timeline 1, and this server \(timeline 2\) left it at .*delivered that are not in this database/,
  );
});
