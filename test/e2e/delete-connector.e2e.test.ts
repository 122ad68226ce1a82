import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { createDatabase } from '../support/database.ts';
import type { Database } from '../support/database.ts';
import { uniqueName } from '../support/unique-name.ts';
import { column, plainJson, postgresConfig, readTexts, WorkerStage } from '../support/worker-stage.ts';
import { untilTrue } from '../sources/postgres/source-fixture.ts';

let stage: WorkerStage;
let db: Database;
before(async () => {
  stage = await WorkerStage.open(plainJson);
  db = await createDatabase();
  await db.query('CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders VALUES (1)');
});
after(async () => {
  await stage[Symbol.asyncDispose]();
  await db[Symbol.asyncDispose]();
});

const slots = (): Promise<unknown> =>
  db.query('SELECT slot_name AS name, active FROM pg_replication_slots WHERE database = $1 ORDER BY 1', [db.name]);

test('a deleted connector leaves its slot, which other readers may need, unless it was told to drop it', { timeout: 400_000 }, async () => {
  const [keeping, dropping] = [uniqueName('a_keeping'), uniqueName('b_dropping')];
  await stage.create(keeping, postgresConfig(db, keeping));
  await stage.create(dropping, { ...postgresConfig(db, dropping), 'slot.drop.on.delete': 'true' });
  for (const name of [keeping, dropping]) assert.deepEqual(column(await readTexts(`${name}.public.orders`, 1), 'id'), [1]);

  // Stopping is not deleting.
  await stage.verb(dropping, 'stop');
  await stage.remove(keeping);
  const kept = [keeping, dropping].map((name) => ({ name, active: false }));
  await untilTrue(async () => JSON.stringify(await slots()) === JSON.stringify(kept));

  await stage.remove(dropping);
  await untilTrue(async () => JSON.stringify(await slots()) === JSON.stringify(kept.slice(0, 1)));
  await stage.othersGoOn();
});
