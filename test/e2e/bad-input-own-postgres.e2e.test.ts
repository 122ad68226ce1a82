import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { Client } from 'pg';

import { Postgres } from '../../src/embedded/postgres.ts';
import { uniqueName } from '../support/unique-name.ts';
import { column, plainJson, postgresConfig, readTexts, WorkerStage } from '../support/worker-stage.ts';

/** What needs a server whose settings a test may change, and which it may kill: one data folder, started again and again. */
let directory = '';
let stage: WorkerStage;
const port = 27_432;
const name = uniqueName('own');
const topic = `${name}.public.orders`;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-own-'));
  stage = await WorkerStage.open(plainJson);
});
after(async () => {
  await stage[Symbol.asyncDispose]();
  await Postgres.wipe(directory);
  await rm(directory, { recursive: true, force: true });
});

async function run(server: Postgres, ...statements: string[]): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: server.url });
  await client.connect();
  try {
    let rows: Record<string, unknown>[] = [];
    for (const statement of statements) rows = (await client.query<Record<string, unknown>>(statement)).rows;
    return rows;
  } finally {
    await client.end();
  }
}

function configOf(server: Postgres): Readonly<Record<string, string>> {
  const url = new URL(server.url);
  const db = { host: url.hostname, port: Number(url.port), user: url.username, password: url.password, name: 'postgres' };
  return postgresConfig(db, name);
}

const limits = { timeout: 400_000 };

test('wrong wal_level: the setting and the statement; a server that goes away; a lost slot', limits, async (t) => {
  await t.test('wal_level', async () => {
    await using server = await Postgres.start({ directory, port, settings: { wal_level: 'replica', max_wal_senders: '2' } });
    await run(server, 'CREATE TABLE orders (id int PRIMARY KEY)', 'INSERT INTO orders VALUES (1)');
    await stage.create(name, configOf(server));
    const trace = await stage.failed(name);
    assert.match(trace, /The server's wal_level is "replica"; changes can be streamed only with "logical"/);
    assert.match(trace, /Remedy: ALTER SYSTEM SET wal_level = logical/);
    await stage.othersGoOn();
  });

  const settings = { max_slot_wal_keep_size: '1MB', min_wal_size: '32MB', max_wal_size: '64MB', fsync: 'off' };
  await t.test('killed and started again while streaming: nothing is missing, nothing comes twice', async () => {
    await using first = await Postgres.start({ directory, port, settings });
    await stage.restart(name);
    assert.deepEqual(column(await readTexts(topic, 1), 'id'), [1]);
    await run(first, 'INSERT INTO orders VALUES (2)');
    await first.kill();
    assert.match(await stage.troubled(name), /The connection to Postgres failed.*Remedy: .*tries again/s);
    await stage.othersGoOn();
    await first.stop(); // Gives its port back.
    await using second = await Postgres.start({ directory, port, settings });
    await run(second, 'INSERT INTO orders VALUES (3)');
    assert.deepEqual(column(await readTexts(topic, 3), 'id'), [1, 2, 3]);
    await stage.verb(name, 'stop');
  });

  await t.test('lost slot', async () => {
    await using server = await Postgres.start({ directory, port, settings });
    for (let turn = 0; turn < 50; turn += 1) {
      await run(
        server,
        'CREATE TABLE big AS SELECT repeat(md5(n::text), 20) FROM generate_series(1, 20000) n',
        'DROP TABLE big',
        'SELECT pg_switch_wal()',
        'CHECKPOINT',
      );
      const [slot] = await run(server, `SELECT wal_status FROM pg_replication_slots WHERE slot_name = '${name}'`);
      if (slot?.['wal_status'] === 'lost') break;
    }
    await stage.verb(name, 'resume');
    const trace = await stage.failed(name);
    assert.match(trace, new RegExp(`The replication slot "${name}" is lost \\(\\w+\\): changes since its last position are gone`));
    assert.match(trace, /Remedy: Drop it \(SELECT pg_drop_replication_slot.*raise max_slot_wal_keep_size/);
    await stage.othersGoOn();
    // As the remedy says.
    await run(server, `SELECT pg_drop_replication_slot('${name}')`);
    await stage.verb(name, 'stop');
    await stage.worker.rest(`/connectors/${name}/offsets`, { method: 'DELETE' });
    await stage.verb(name, 'resume');
    assert.deepEqual(column(await readTexts(topic, 6), 'id'), [1, 2, 3, 1, 2, 3]);
  });
});
