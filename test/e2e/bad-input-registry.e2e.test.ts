import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { CommittedReader } from '../support/committed-reader.ts';
import { createDatabase } from '../support/database.ts';
import type { Database } from '../support/database.ts';
import { RegistryGate } from '../support/registry-gate.ts';
import { transactionsIn } from '../support/slot-contents.ts';
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

test('a registry that answers with an error, or not at all, at the moment of a new schema: each row is written once', limits, async () => {
  await using db = await orders();
  await using gate = await RegistryGate.open();
  const name = uniqueName('registry');
  await stage.create(name, { ...postgresConfig(db, name), ...avro(gate.url, { 'http.read.timeout.ms': '1000' }) });
  await using reader = await CommittedReader.open([`${name}.public.orders`]);
  await readIds(reader, 1);
  const busy = (status: number): RegExp =>
    new RegExp(`registry at ${gate.url} answers with status ${status} for subject "${name}\\.public\\.orders-value": Out of order`);
  const faults = [[503, busy(503)] as const, [429, busy(429)] as const, ['nothing', /does not answer/] as const];
  for (const [index, [fault, words]] of faults.entries()) {
    gate.fault = fault;
    await db.query(`ALTER TABLE orders ADD COLUMN extra${index} text; INSERT INTO orders VALUES (${index + 2}, 'b')`);
    await stage.until(name, ({ tasks: [task] }) => task?.state === 'RUNNING' && words.test(task.trace ?? ''));
    gate.fault = null;
    await readIds(reader, index + 2);
  }
  gate.fault = 401;
  await db.query("ALTER TABLE orders ADD COLUMN last text; INSERT INTO orders VALUES (5, 'c')");
  assert.match(await stage.failed(name), /refuses access to subject ".*-value": Out of order.* Remedy: Check basic\.auth\.user\.info/);
  await stage.othersGoOn();
  gate.fault = null;
  await stage.restart(name);
  await readIds(reader, 5);
  await reader.toEnd();
  assert.deepEqual(await readIds(reader, 5), [1, 2, 3, 4, 5]);
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
  const [row] = await db.query<{ xid: string }>("INSERT INTO orders VALUES (3, 'c', 1) RETURNING xmin::text AS xid");
  const trace = await stage.failed(name);
  assert.match(trace, new RegExp(`The schema registry refuses the new schema of subject "${subject}" as incompatible: `));
  assert.match(trace, /Remedy: Give the subject a compatibility level that takes the change/);
  await stage.othersGoOn();
  await stage.restart(name);
  await stage.failed(name);
  assert.ok((await transactionsIn(db, name)).includes(row?.xid ?? ''), 'the slot is not moved past the row');
  await level('NONE');
  await stage.restart(name);
  await db.query("INSERT INTO orders VALUES (4, 'd', 1)");
  const ids = await readIds(reader, 6);
  assert.deepEqual(ids, [1, 2, 1, 2, 3, 4], 'the updates of 1 and 2, and nothing twice');
  await stage.remove(name);
});
