import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { createDatabase, type Database } from './support/database.ts';
import { databaseKeys } from './support/database-keys.ts';
import { uniqueName } from './support/unique-name.ts';

interface Answer {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

interface Examined {
  readonly problems: number;
  readonly findings: readonly {
    readonly subject: string;
    readonly level: string;
    readonly found: string;
    readonly remedy: string | null;
    readonly fix: { readonly statement: string; readonly state: string } | null;
  }[];
}

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-doctor-'));
});
after(() => rm(folder, { recursive: true, force: true }));

function run(...args: string[]): Promise<Answer> {
  const main = new URL('../src/main.ts', import.meta.url).pathname;
  return new Promise((done) => {
    const child = execFile(process.execPath, [main, 'doctor', ...args], { timeout: 60_000 }, (_error, output, errors) =>
      done({ code: child.exitCode ?? -1, output, errors }),
    );
    child.stdin?.end();
  });
}

async function connectorFile(db: Database, extra: Readonly<Record<string, string>> = {}): Promise<string> {
  const file = join(folder, `${uniqueName('doctor')}.json`);
  const config = {
    'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
    ...databaseKeys(db),
    'topic.prefix': db.name,
    'slot.name': db.name,
    'publication.name': db.name,
    ...extra,
  };
  await writeFile(file, JSON.stringify({ name: db.name, config }));
  return file;
}

async function examine(...args: string[]): Promise<Examined> {
  const { output, errors } = await run(...args, '--json');
  assert.equal(errors, '');
  return JSON.parse(output) as Examined;
}

function levels({ findings }: Examined, subject: string): string[] {
  return findings.filter((finding) => finding.subject === subject).map((finding) => finding.level);
}

test('a table whose updates Postgres would refuse is a problem, and --fix mends it and the publication', async () => {
  await using db = await createDatabase();
  await db.query(`CREATE TABLE orders (id int PRIMARY KEY, note text); CREATE TABLE events (payload text);
    CREATE PUBLICATION ${db.name} FOR TABLE events; INSERT INTO events VALUES ('one')`);
  const file = await connectorFile(db);
  await assert.rejects(db.query(`UPDATE events SET payload = 'two'`), /does not have a replica identity/);

  const before = await examine(file);
  assert.deepEqual(levels(before, 'table public.events'), ['problem', 'warning']);
  assert.deepEqual(levels(before, 'table public.orders'), []);
  assert.deepEqual(levels(before, 'publication'), ['warning']);
  assert.equal((await run(file)).code, 1);

  const fixed = await examine(file, '--fix', '--yes');
  assert.deepEqual(
    fixed.findings.flatMap(({ fix }) => (fix === null ? [] : [fix])),
    [
      { statement: `ALTER PUBLICATION "${db.name}" ADD TABLE "public"."orders"`, state: 'applied' },
      { statement: 'ALTER TABLE "public"."events" REPLICA IDENTITY FULL', state: 'applied' },
    ],
  );
  await db.query(`UPDATE events SET payload = 'two'`);
  const healed = await run(file);
  assert.match(healed.output, /The publication ".*" brings every captured table/);
  assert.equal(healed.code, 0, healed.output);
});

test('other tables whose updates Postgres would refuse: a key that is deferrable, generated columns under FULL', async () => {
  await using db = await createDatabase();
  await db.query(`CREATE TABLE late (id int PRIMARY KEY DEFERRABLE); CREATE TABLE fine (id int PRIMARY KEY);
    CREATE TABLE sums (id int PRIMARY KEY, twice int GENERATED ALWAYS AS (id * 2) STORED); ALTER TABLE sums REPLICA IDENTITY FULL;
    INSERT INTO late VALUES (1); INSERT INTO sums VALUES (1); INSERT INTO fine VALUES (1)`);
  const found = await examine(await connectorFile(db));
  assert.deepEqual(levels(found, 'table public.late'), ['problem']);
  assert.deepEqual(levels(found, 'table public.sums'), ['warning']);
  assert.deepEqual(levels(found, 'table public.fine'), []);
  await db.query('CREATE PUBLICATION everything FOR ALL TABLES');
  await assert.rejects(db.query('UPDATE late SET id = 2'), /does not have a replica identity/);
  await assert.rejects(db.query('UPDATE sums SET id = 2'), { detail: /generated columns/ });
  await db.query('UPDATE fine SET id = 2');
});

test('nothing is applied without consent, and no slot or publication is made', async () => {
  await using db = await createDatabase();
  await db.query('CREATE TABLE events (payload text)');
  const file = await connectorFile(db);
  const { code, errors } = await run(file, '--fix');
  assert.equal(code, 2);
  assert.match(errors, /no terminal to ask on.*--fix --yes/);
  assert.deepEqual(await db.query(`SELECT relreplident::text FROM pg_class WHERE relname = 'events'`), [{ relreplident: 'd' }]);
  assert.deepEqual(await db.query(`SELECT slot_name FROM pg_replication_slots WHERE slot_name = $1`, [db.name]), []);
  assert.deepEqual(await db.query('SELECT pubname FROM pg_publication'), []);
});

test('a user without rights: each is named with the statement that grants it', async () => {
  await using db = await createDatabase();
  const user = uniqueName('reader');
  await db.query(`CREATE ROLE ${user} LOGIN PASSWORD 'plain-secret'; CREATE SCHEMA shop; CREATE TABLE shop.orders (id int PRIMARY KEY)`);
  try {
    const file = await connectorFile(db, { 'database.user': user, 'database.password': 'plain-secret' });
    const { findings } = await examine(file);
    const remedies = findings.filter(({ level }) => level === 'problem' || level === 'warning').map(({ remedy }) => remedy ?? '');
    assert.ok(remedies.some((remedy) => remedy.startsWith(`ALTER ROLE "${user}" REPLICATION;`)));
    assert.ok(remedies.includes(`GRANT USAGE ON SCHEMA "shop" TO "${user}"; GRANT SELECT ON "shop"."orders" TO "${user}";`));
    assert.ok(remedies.some((remedy) => remedy.includes(`CREATE PUBLICATION "${db.name}" FOR TABLE "shop"."orders"`)));
    // As the remedies say, and nothing of it is left.
    await db.query(`ALTER ROLE ${user} REPLICATION; GRANT USAGE ON SCHEMA shop TO ${user}; GRANT SELECT ON shop.orders TO ${user};
      CREATE PUBLICATION ${db.name} FOR TABLE shop.orders`);
    assert.equal((await examine(file)).problems, 0);
    // Rights to single columns are enough, if they are those that are captured.
    await db.query(`ALTER TABLE shop.orders ADD COLUMN "what for" text, ADD COLUMN secret text;
      REVOKE SELECT ON shop.orders FROM ${user}; GRANT SELECT (id) ON shop.orders TO ${user}`);
    const narrow = await connectorFile(db, {
      'database.user': user,
      'database.password': 'plain-secret',
      'column.exclude.list': '.*secret',
    });
    const grant = `GRANT SELECT ("what for") ON "shop"."orders" TO "${user}";`;
    assert.ok((await examine(narrow)).findings.some(({ remedy }) => remedy === grant));
    await db.query(grant);
    assert.deepEqual(levels(await examine(narrow), 'reading'), ['ok']);
  } finally {
    await db.query(`DROP OWNED BY ${user}; DROP ROLE ${user}`);
  }
});

test('unlogged tables, values stored apart and slots that are not for us', async () => {
  await using db = await createDatabase();
  await using other = await createDatabase();
  await db.query(`CREATE UNLOGGED TABLE scratch (id int PRIMARY KEY); CREATE TABLE papers (id int PRIMARY KEY, body text);
    ALTER TABLE papers ALTER body SET STORAGE EXTERNAL; INSERT INTO papers VALUES (1, repeat('x', 20000))`);
  await other.query(`SELECT pg_create_logical_replication_slot($1, 'pgoutput')`, [db.name]);
  const examined = await examine(await connectorFile(db));
  assert.deepEqual(levels(examined, 'table public.scratch'), ['warning']);
  assert.deepEqual(levels(examined, 'table public.papers'), ['note']);
  assert.deepEqual(levels(examined, 'slot'), ['problem']);
  assert.match(examined.findings.find(({ subject }) => subject === 'slot')?.found ?? '', /belongs to the database/);
  await other.query('SELECT pg_drop_replication_slot($1)', [db.name]);

  await db.query(`SELECT pg_create_logical_replication_slot($1, 'test_decoding')`, [db.name]);
  const { findings } = await examine(await connectorFile(db, { 'plugin.name': 'decoderbufs' }));
  const slot = findings.find(({ subject }) => subject === 'slot');
  assert.deepEqual([slot?.level, slot?.found.includes('plug-in test_decoding')], ['problem', true]);
  assert.match(slot?.remedy ?? '', /SELECT pg_create_logical_replication_slot\('\w+_pgoutput', 'pgoutput'\)/);
  assert.ok(findings.some(({ level, found }) => level === 'note' && found.includes('"decoderbufs" is not used')));
});

test('a server that is not there, a wrong password and a wrong key: one finding each, and no password in it', async () => {
  await using db = await createDatabase();
  const away = await examine(await connectorFile(db, { 'database.port': '1' }));
  assert.deepEqual(levels(away, 'connection'), ['problem']);
  const wrong = await run(await connectorFile(db, { 'database.password': 'not-the-password' }), '--json');
  assert.match(wrong.output, /database\.password/);
  assert.doesNotMatch(wrong.output + wrong.errors, /not-the-password/);
  const near = await run(await connectorFile(db, { 'database.hostnme': 'x' }));
  assert.equal(near.code, 1);
  assert.match(near.output, /did you mean 'database\.hostname'/);
});
