import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { createDatabase } from '../support/database.ts';
import type { Database } from '../support/database.ts';
import { uniqueName } from '../support/unique-name.ts';
import { dropSlot } from '../support/walsender.ts';
import { column, plainJson, postgresConfig, readTexts, WorkerStage } from '../support/worker-stage.ts';
import type { Settings } from '../support/worker-stage.ts';

let stage: WorkerStage;
let db: Database;
before(async () => {
  stage = await WorkerStage.open(plainJson);
  db = await createDatabase();
  await db.query('CREATE TABLE orders (id int PRIMARY KEY, price numeric(10, 2))');
});
after(async () => {
  await stage[Symbol.asyncDispose]();
  await db[Symbol.asyncDispose]();
});

const limits = { timeout: 400_000 };
const topicOf = (name: string): string => `${name}.public.orders`;

/** A connector over an `orders` of its own, so that cases do not see each other's rows. */
async function prepare(rows: number): Promise<{ name: string; config: Settings; insert: (id: number, price?: string) => Promise<void> }> {
  const name = uniqueName('bad');
  await db.query(`CREATE SCHEMA ${name}; CREATE TABLE ${name}.orders (id int PRIMARY KEY, price numeric)`);
  const insert = async (id: number, price = '1.50'): Promise<void> => {
    await db.query(`INSERT INTO ${name}.orders VALUES ($1, $2)`, [id, price]);
  };
  for (let id = 1; id <= rows; id += 1) await insert(id);
  return {
    name,
    config: { ...postgresConfig(db, name), 'table.include.list': `${name}.orders`, transforms: 'topic', ...routed(name) },
    insert,
  };
}

/** All under `NAME.public.orders`. */
function routed(name: string): Settings {
  return {
    'transforms.topic.type': 'org.apache.kafka.connect.transforms.RegexRouter',
    'transforms.topic.regex': '.*',
    'transforms.topic.replacement': topicOf(name),
  };
}

async function ids(name: string, count: number): Promise<unknown[]> {
  return column(await readTexts(topicOf(name), count), 'id');
}

test('wrong password: who may not log in where, and what to correct; corrected, everything arrives', limits, async () => {
  const { name, config, insert } = await prepare(2);
  await stage.create(name, { ...config, 'database.password': 'not-the-password' });
  const trace = await stage.failed(name);
  assert.match(trace, /SQLSTATE 28P01/);
  assert.match(trace, /Remedy: Correct "database\.user" and "database\.password"/);
  assert.doesNotMatch(trace, /not-the-password/);
  await stage.othersGoOn();
  await stage.configure(name, config);
  await insert(3);
  assert.deepEqual(await ids(name, 3), [1, 2, 3]);
});

test('unreachable: tried again with the reason in the status, until it is there', limits, async () => {
  const { name, config } = await prepare(2);
  await stage.create(name, { ...config, 'database.port': '1' });
  const trace = await stage.troubled(name);
  assert.match(trace, /The connection to Postgres failed/);
  assert.match(trace, /ECONNREFUSED 127\.0\.0\.1:1/);
  assert.match(trace, /Remedy: .*the connector tries again/);
  await stage.othersGoOn();
  await stage.configure(name, config);
  assert.deepEqual(await ids(name, 2), [1, 2]);
  const { tasks } = await stage.until(name, (status) => status.tasks[0]?.trace === undefined);
  assert.equal(tasks[0]?.state, 'RUNNING');
});

test('missing privileges: REPLICATION, then SELECT, each with the statement that grants it', limits, async () => {
  const { name, config } = await prepare(2);
  const role = uniqueName('role');
  await db.query(`CREATE ROLE ${role} LOGIN PASSWORD 'secret of the role'; GRANT USAGE ON SCHEMA ${name} TO ${role}`);
  await db.query(`CREATE PUBLICATION ${name} FOR TABLE ${name}.orders`);
  try {
    await stage.create(name, {
      ...config,
      'database.user': role,
      'database.password': 'secret of the role',
      'publication.autocreate.mode': 'disabled',
    });
    const replication = await stage.failed(name);
    assert.match(replication, new RegExp(`The user "${role}" may not replicate`));
    assert.match(replication, new RegExp(`Remedy: ALTER ROLE "${role}" REPLICATION`));
    await db.query(`ALTER ROLE ${role} REPLICATION`);
    await stage.restart(name);
    await stage.until(name, (status) => status.tasks[0]?.trace?.includes('may not replicate') !== true);
    const select = await stage.failed(name);
    assert.match(select, /SQLSTATE 42501/);
    assert.match(select, /orders/);
    assert.match(select, /Remedy: .*[Gg]rant/);
    await stage.othersGoOn();
    await db.query(`GRANT SELECT ON ${name}.orders TO ${role}`);
    await stage.restart(name);
    assert.deepEqual(await ids(name, 2), [1, 2]);
  } finally {
    await stage.remove(name);
    await db.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  }
});

test('a slot in use is named with its holder and waited for; then nothing is missing and nothing twice', limits, async () => {
  const { name, config, insert } = await prepare(1);
  await stage.create(name, config);
  assert.deepEqual(await ids(name, 1), [1]);
  await stage.verb(name, 'stop');
  const thief = uniqueName('thief');
  // Reads the same slot and never moves it.
  await stage.create(thief, { ...config, 'topic.prefix': thief, ...routed(thief), 'lsn.flush.mode': 'manual', 'snapshot.mode': 'no_data' });
  await insert(2);
  assert.deepEqual(await ids(thief, 1), [2]);
  await stage.verb(name, 'resume');
  const trace = await stage.troubled(name);
  assert.match(trace, new RegExp(`The replication slot "${name}" is in use by the session with process id \\d+`));
  assert.match(trace, /Remedy: Stop the other reader/);
  await stage.othersGoOn();
  await stage.remove(thief);
  await insert(3);
  assert.deepEqual(await ids(name, 3), [1, 2, 3]);
});

test('a slot made anew, or moved on by somebody: never passed over in silence', limits, async () => {
  const { name, config, insert } = await prepare(1);
  await stage.create(name, config);
  await insert(2);
  assert.deepEqual(await ids(name, 2), [1, 2]);
  await stage.verb(name, 'stop');
  await dropSlot(db, name);
  await insert(3);
  await stage.verb(name, 'resume');
  const gone = await stage.failed(name);
  assert.match(gone, new RegExp(`The replication slot "${name}" does not exist, and the stored position`));
  await db.query("SELECT pg_create_logical_replication_slot($1, 'pgoutput')", [name]);
  await insert(4);
  await stage.restart(name);
  await stage.until(name, (status) => status.tasks[0]?.trace?.includes('does not exist') !== true);
  const anew = await stage.failed(name);
  assert.match(anew, /behind the stored position .* it was created anew or advanced by someone else, and the changes in between are gone/);
  assert.match(anew, /Remedy: Delete this connector's offsets to start with a new snapshot/);
  assert.deepEqual(await ids(name, 2), [1, 2], 'nothing was written past the gap');
  await stage.othersGoOn();
  // As the remedy says.
  await stage.verb(name, 'stop');
  await stage.worker.rest(`/connectors/${name}/offsets`, { method: 'DELETE' });
  await stage.verb(name, 'resume');
  assert.deepEqual(await ids(name, 6), [1, 2, 1, 2, 3, 4]);
});

for (const tolerance of ['none', 'all']) {
  test(`a value that does not fit its type, errors.tolerance=${tolerance}`, limits, async () => {
    const { name, config, insert } = await prepare(1);
    const dead = { 'errors.tolerance': tolerance, 'errors.deadletterqueue.topic.name': `${name}-dead` };
    const precise = { ...config, 'decimal.handling.mode': 'precise' };
    await stage.create(name, { ...precise, ...dead });
    assert.deepEqual(await ids(name, 1), [1]);
    await db.query(`INSERT INTO ${name}.orders VALUES (2, 1), (3, 'NaN'), (4, 1)`);
    if (tolerance === 'none') {
      const trace = await stage.failed(name);
      assert.match(trace, new RegExp(`Connector "${name}" stopped at lsn .*price`, 's'));
      assert.deepEqual(await ids(name, 2), [1, 2], 'the row before it in its transaction is delivered');
      await stage.othersGoOn();
      await stage.configure(name, { ...precise, ...dead, 'errors.tolerance': 'all' });
    }
    await insert(5);
    assert.deepEqual(await ids(name, 4), [1, 2, 4, 5]);
    const [letter] = await readTexts(`${name}-dead`, 1);
    assert.match(letter?.value ?? '', new RegExp(`"topic":"${topicOf(name)}","position":"lsn .*price`));
    await stage.othersGoOn();
  });
}
