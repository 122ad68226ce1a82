import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { untilTrue } from '../sources/postgres/source-fixture.ts';
import { CommittedReader } from '../support/committed-reader.ts';
import { createDatabase } from '../support/database.ts';
import type { Database } from '../support/database.ts';
import { RegistryGate } from '../support/registry-gate.ts';
import { stack } from '../support/stack.ts';
import { uniqueName } from '../support/unique-name.ts';
import { json, postgresConfig, WorkerStage } from '../support/worker-stage.ts';
import type { Settings } from '../support/worker-stage.ts';

let stage: WorkerStage;
before(async () => {
  stage = await WorkerStage.open();
});
after(() => stage[Symbol.asyncDispose]());

const limits = { timeout: 400_000 };

function avro(url: string, extra: Settings = {}): Settings {
  return Object.fromEntries(
    ['key', 'value'].flatMap((part) => [
      [`${part}.converter`, 'io.confluent.connect.avro.AvroConverter'],
      [`${part}.converter.schema.registry.url`, url],
      [`${part}.converter.max.retries`, '1'],
      [`${part}.converter.retries.wait.ms`, '100'],
      ...Object.entries(extra).map(([key, value]) => [`${part}.converter.${key}`, value]),
    ]),
  ) as Settings;
}

async function orders(): Promise<Database> {
  const db = await createDatabase();
  await db.query('CREATE TABLE orders (id int PRIMARY KEY, note text)');
  await db.query("INSERT INTO orders VALUES (1, 'a')");
  return db;
}

async function readIds(reader: CommittedReader, count: number): Promise<number[]> {
  const idsOf = (): number[] => reader.records.map(({ key }) => (key as { id: number }).id);
  await reader.until(
    () => idsOf().length >= count,
    () => `ids ${idsOf().join()}`,
  );
  return idsOf();
}

test('a registry that is away: tried again, and when it is back everything arrives', limits, async () => {
  await using db = await orders();
  await using gate = await RegistryGate.open();
  const name = uniqueName('registry');
  await gate.away();
  await stage.create(name, { ...postgresConfig(db, name), ...avro(gate.url) });
  const trace = await stage.troubled(name);
  assert.match(trace, new RegExp(`The schema registry at ${gate.url} does not answer: .*ECONNREFUSED`));
  assert.match(trace, /Remedy: Check schema\.registry\.url and that the registry is running/);
  await stage.othersGoOn();
  await gate.back();
  await using reader = await CommittedReader.open([`${name}.public.orders`]);
  await db.query("INSERT INTO orders VALUES (2, 'b')");
  assert.deepEqual(await readIds(reader, 2), [1, 2]);
  // A running connector needs it only for a new shape.
  await gate.away();
  await db.query("INSERT INTO orders VALUES (3, 'c')");
  assert.deepEqual(await readIds(reader, 3), [1, 2, 3]);
  await db.query("ALTER TABLE orders ADD COLUMN extra text; INSERT INTO orders VALUES (4, 'd', 'e')");
  assert.match(await stage.troubled(name), /does not answer/);
  await gate.back();
  assert.deepEqual(await readIds(reader, 4), [1, 2, 3, 4]);
  await stage.remove(name);
});

test('a wrong password for the registry is told with the setting, and shown nowhere', limits, async () => {
  await using db = await orders();
  await using gate = await RegistryGate.open('reader:the-right-one');
  const name = uniqueName('registry');
  const login = (password: string): Settings =>
    avro(gate.url, { 'basic.auth.credentials.source': 'USER_INFO', 'basic.auth.user.info': `reader:${password}` });
  await stage.create(name, { ...postgresConfig(db, name), ...login('the-wrong-one') });
  const trace = await stage.failed(name);
  assert.match(trace, new RegExp(`The schema registry at ${gate.url} refuses access to subject "${name}\\.public\\.orders-(key|value)": `));
  assert.match(trace, /Remedy: Check basic\.auth\.user\.info/);
  assert.doesNotMatch(trace, /the-wrong-one/);
  assert.doesNotMatch(await stage.worker.log(), /the-wrong-one/);
  await stage.othersGoOn();
  await stage.configure(name, { ...postgresConfig(db, name), ...login('the-right-one') });
  await using reader = await CommittedReader.open([`${name}.public.orders`]);
  assert.deepEqual(await readIds(reader, 1), [1]);
  await stage.remove(name);
});

test('an incompatible schema: the connector fails with subject and reason, its position stays before the change', limits, async () => {
  await using db = await orders();
  const name = uniqueName('registry');
  const subject = `${name}.public.orders-value`;
  await stage.create(name, { ...postgresConfig(db, name), ...avro(stack.registry) });
  await using reader = await CommittedReader.open([`${name}.public.orders`]);
  assert.deepEqual(await readIds(reader, 1), [1]);
  const level = async (compatibility: string): Promise<void> => {
    const answer = await fetch(`${stack.registry}/config/${subject}`, json('PUT', { compatibility }));
    assert.ok(answer.ok, await answer.text());
  };
  await level('BACKWARD');
  await db.query("INSERT INTO orders VALUES (2, 'b')");
  // A required column without a default cannot be read from older records.
  await db.query('ALTER TABLE orders ADD COLUMN amount int');
  await db.query('UPDATE orders SET amount = 1; ALTER TABLE orders ALTER COLUMN amount SET NOT NULL');
  const [end] = await db.query<{ lsn: string }>('SELECT pg_current_wal_insert_lsn()::text AS lsn');
  await db.query("INSERT INTO orders VALUES (3, 'c', 1)");
  const trace = await stage.failed(name);
  assert.match(trace, new RegExp(`The schema registry refuses the new schema of subject "${subject}" as incompatible: `));
  assert.match(trace, /Remedy: Undo the change of the table, change the compatibility level of the subject/);
  await stage.othersGoOn();
  await stage.restart(name);
  await stage.failed(name);
  // What was told to the server has arrived there when nobody reads the slot any more.
  const slot = (): Promise<Record<string, unknown>[]> =>
    db.query('SELECT active, confirmed_flush_lsn <= $2 AS before FROM pg_replication_slots WHERE slot_name = $1', [name, end?.lsn]);
  await untilTrue(async () => (await slot())[0]?.['active'] === false);
  assert.deepEqual(await slot(), [{ active: false, before: true }], 'the slot is not moved past the row');
  await level('NONE');
  await stage.restart(name);
  await db.query("INSERT INTO orders VALUES (4, 'd', 1)");
  const ids = await readIds(reader, 6);
  assert.deepEqual(ids, [1, 2, 1, 2, 3, 4], 'the updates of 1 and 2, and nothing twice');
  await stage.remove(name);
});
