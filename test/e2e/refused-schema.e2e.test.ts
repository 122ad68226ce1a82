import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { CommittedReader } from '../support/committed-reader.ts';
import { createDatabase } from '../support/database.ts';
import { stack } from '../support/stack.ts';
import { uniqueName } from '../support/unique-name.ts';
import { json, postgresConfig, WorkerStage, type Settings } from '../support/worker-stage.ts';

let stage: WorkerStage;
before(async () => {
  stage = await WorkerStage.open();
});
after(() => stage[Symbol.asyncDispose]());

const avro: Settings = Object.fromEntries(
  ['key', 'value'].flatMap((part) => [
    [`${part}.converter`, 'io.confluent.connect.avro.AvroConverter'],
    [`${part}.converter.schema.registry.url`, stack.registry],
  ]),
);

function ids(of: CommittedReader): unknown[] {
  return of.records.map(({ key }) => (key as { id: number } | null)?.id);
}

for (const policy of ['new_topic', 'dead_letter']) {
  test(
    `${policy}: rows of a schema that the registry refuses go where they were told to, others go on, and a restart repeats nothing`,
    {
      timeout: 400_000,
    },
    async () => {
      await using db = await createDatabase();
      await db.query(`CREATE TABLE orders (id int PRIMARY KEY, note text); CREATE TABLE items (id int PRIMARY KEY);
      ALTER TABLE orders REPLICA IDENTITY FULL; INSERT INTO orders VALUES (1, 'a')`);
      const name = uniqueName('refused');
      const [orders, items, letters] = [`${name}.public.orders`, `${name}.public.items`, `${name}.letters`];
      await stage.create(name, {
        ...postgresConfig(db, name),
        ...avro,
        'table.include.list': 'public.orders,public.items',
        'schema.change.refused.policy': policy,
        'errors.tolerance': 'all',
        'errors.deadletterqueue.topic.name': letters,
      });
      const other = policy === 'new_topic' ? `${orders}.2` : letters;
      await using reader = await CommittedReader.open([orders]);
      const until = (of: CommittedReader, count: number): Promise<void> =>
        of.until(
          () => of.records.length >= count,
          () => `ids ${ids(of).join()}`,
        );
      await until(reader, 1);
      const level = await fetch(`${stack.registry}/config/${orders}-value`, json('PUT', { compatibility: 'BACKWARD' }));
      assert.ok(level.ok);
      await db.query("INSERT INTO orders VALUES (2, 'b')");
      await until(reader, 2);
      // A required column without a default cannot be read from older records.
      await db.query(
        `BEGIN; ALTER TABLE orders ADD COLUMN amount int DEFAULT 7 NOT NULL; ALTER TABLE orders ALTER COLUMN amount DROP DEFAULT; COMMIT`,
      );
      await db.query("INSERT INTO orders VALUES (3, 'c', 1); INSERT INTO items VALUES (1)");
      await using goesOn = await CommittedReader.open([items]);
      await until(goesOn, 1);
      await using refused = await CommittedReader.open([other], 120_000, policy === 'new_topic');
      await until(refused, 1);
      await stage.restart(name);
      await db.query("INSERT INTO orders VALUES (4, 'd', 2)");
      await until(refused, 2);
      const [third] = refused.records;
      if (policy === 'new_topic')
        assert.deepEqual({ ...(third?.value as { after: object } | undefined)?.after }, { id: 3, note: 'c', amount: 1 });
      else assert.deepEqual((JSON.parse(String(third?.rawValue)) as { after: unknown }).after, { id: '3', note: 'c', amount: '1' });
      // The change is undone: the old subject takes the table again.
      await db.query("ALTER TABLE orders DROP COLUMN amount; INSERT INTO orders VALUES (5, 'e')");
      await until(reader, 3);
      await db.query('INSERT INTO items VALUES (2)');
      await until(goesOn, 2);
      assert.deepEqual([ids(reader), ids(goesOn), refused.records.length], [[1, 2, 5], [1, 2], 2]);
      await stage.remove(name);
    },
  );
}
