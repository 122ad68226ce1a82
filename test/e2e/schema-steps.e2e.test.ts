import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { CommittedReader } from '../support/committed-reader.ts';
import { createDatabase } from '../support/database.ts';
import { stack } from '../support/stack.ts';
import { uniqueName } from '../support/unique-name.ts';
import { json, postgresConfig, WorkerStage } from '../support/worker-stage.ts';

let stage: WorkerStage;
before(async () => {
  stage = await WorkerStage.open();
});
after(() => stage[Symbol.asyncDispose]());

/** Well below the time of a test, so that what is missing is told. */
const readMs = 60_000;

type Takes = Readonly<Record<'theirs' | 'ours', boolean>>;
const both: Takes = { theirs: true, ours: true };
const neither: Takes = { theirs: false, ours: false };

/** Whether a reader with the new schema can read records of the last one that the registry took: Avro's rules. */
const steps: readonly (readonly [alteration: string, takes: Takes])[] = [
  ['ADD COLUMN extra text', both],
  ['RENAME note TO memo', both],
  ['DROP COLUMN extra', both],
  ['ALTER COLUMN count TYPE bigint', both],
  // A long is no int.
  ['ALTER COLUMN count TYPE smallint', neither],
  ['ALTER COLUMN count TYPE bigint', both],
  // A required field without default; under our class its former name is an alias.
  ['RENAME code TO code2', { theirs: false, ours: true }],
  ['RENAME code2 TO code', both],
  ['ALTER COLUMN code TYPE int USING 7', neither],
  ["ALTER COLUMN code TYPE text USING 'seven'", both],
  ["ADD COLUMN needed text NOT NULL DEFAULT 'x'", both],
];

const classes = { theirs: 'io.debezium.connector.postgresql.PostgresConnector', ours: 'millrace.PostgresSource' } as const;

for (const who of ['theirs', 'ours'] as const) {
  test(
    `a registry that asks for backward compatibility and a table that is altered again and again, under ${classes[who]}: each row once, where its schema is taken`,
    { timeout: 140_000 },
    async () => {
      await using db = await createDatabase();
      await db.query(`CREATE TABLE orders (id int PRIMARY KEY, note text, count int, code text NOT NULL);
        ALTER TABLE orders REPLICA IDENTITY FULL; INSERT INTO orders VALUES (0, 'a', 1, 'c')`);
      const name = uniqueName('steps');
      const orders = `${name}.public.orders`;
      await stage.create(name, {
        ...postgresConfig(db, name),
        'connector.class': classes[who],
        'schema.change.refused.policy': 'new_topic',
      });
      await using taken = await CommittedReader.open([orders], readMs);
      const until = (reader: CommittedReader, id: number): Promise<void> =>
        reader.until(
          () => idsOf(reader).includes(id),
          () => `row ${id} after ${idsOf(reader).join()}`,
          readMs,
        );
      await until(taken, 0);
      await db.query('UPDATE orders SET count = 2');
      const level = await fetch(`${stack.registry}/config/${orders}-value`, json('PUT', { compatibility: 'BACKWARD' }));
      assert.ok(level.ok);
      let refused: CommittedReader | null = null;
      try {
        for (const [index, [alteration, takes]] of steps.entries()) {
          await db.query(`ALTER TABLE orders ${alteration}`);
          const row = `jsonb_populate_record(o, '{"id": ${index + 1}}')`;
          await db.query(`INSERT INTO orders SELECT (${row}).* FROM orders o WHERE id = 0`);
          if (takes[who]) await until(taken, index + 1);
          else await until((refused ??= await CommittedReader.open([`${orders}.2`], readMs)), index + 1);
        }
        await taken.toEnd();
        await refused?.toEnd();
        const expected = (isTaken: boolean): number[] => steps.flatMap(([, takes], index) => (takes[who] === isTaken ? [index + 1] : []));
        assert.deepEqual(idsOf(taken), [0, 0, ...expected(true)]);
        assert.deepEqual(refused === null ? [] : idsOf(refused), expected(false));
      } finally {
        await refused?.[Symbol.asyncDispose]();
      }
      await stage.remove(name);
    },
  );
}

test(
  'a column of message.key.columns gets another name while streaming: the connector stops before the first row with it, and goes on with that row',
  { timeout: 100_000 },
  async () => {
    await using db = await createDatabase();
    await db.query(`CREATE TABLE orders (id int PRIMARY KEY, code text NOT NULL);
      ALTER TABLE orders REPLICA IDENTITY FULL; INSERT INTO orders VALUES (1, 'a')`);
    const name = uniqueName('keys');
    const config = postgresConfig(db, name);
    await stage.create(name, { ...config, 'message.key.columns': 'public.orders:code' });
    await using reader = await CommittedReader.open([`${name}.public.orders`], readMs);
    const until = (count: number): Promise<void> =>
      reader.until(
        () => reader.records.length >= count,
        () => `${reader.records.length} of ${count}`,
        readMs,
      );
    await until(1);
    await db.query("INSERT INTO orders VALUES (2, 'b')");
    await db.query("ALTER TABLE orders RENAME code TO label; UPDATE orders SET label = 'c' WHERE id = 1");
    assert.match(await stage.failed(name), /"message.key.columns" names the column "code", which table public.orders does not have/);
    await until(2);
    await stage.configure(name, { ...config, 'message.key.columns': 'public.orders:label' });
    await until(5);
    const keys = reader.records.map(({ key }) => ({ ...(key as object) }));
    assert.deepEqual(keys, [{ code: 'a' }, { code: 'b' }, { label: 'a' }, { label: 'a' }, { label: 'c' }]);
    await stage.remove(name);
  },
);

/** How the key comes to be another one, and under which levels its subject takes it. Going back is always taken: that schema is there. */
const keySteps: readonly (readonly [alteration: string, takers: readonly string[]])[] = [
  ['ALTER COLUMN id TYPE bigint', ['BACKWARD']],
  ['ALTER COLUMN id TYPE int', ['BACKWARD', 'FORWARD', 'FULL_TRANSITIVE']],
  ['DROP CONSTRAINT %t_pkey, ADD PRIMARY KEY (id, part)', ['FORWARD']],
  ['DROP CONSTRAINT %t_pkey, ADD PRIMARY KEY (id)', ['BACKWARD', 'FORWARD', 'FULL_TRANSITIVE']],
];

test(
  'keys that are altered under each rule of a registry, and by the config: each row once, where its key is taken',
  { timeout: 140_000 },
  async () => {
    await using db = await createDatabase();
    const name = uniqueName('rules');
    const levels = ['BACKWARD', 'FORWARD', 'FULL_TRANSITIVE'];
    const tables = levels.map((level) => level.toLowerCase());
    const inAll = (statement: string): Promise<unknown> => db.query(tables.map((table) => statement.replaceAll('%t', table)).join(';'));
    await inAll('CREATE TABLE %t (id int PRIMARY KEY, part int NOT NULL); INSERT INTO %t VALUES (0, 0)');
    const config = { ...postgresConfig(db, name), 'table.include.list': 'public[.].*', 'schema.change.refused.policy': 'new_topic' };
    await stage.create(name, config);
    const topics = tables.map((table) => `${name}.public.${table}`);
    await using taken = await CommittedReader.open(topics, readMs);
    const until = (reader: CommittedReader, count: number): Promise<void> =>
      reader.until(
        ({ length }) => length >= count,
        () => `${count} records, not ${idsOf(reader).join()}`,
        readMs,
      );
    await until(taken, tables.length);
    for (const [index, level] of levels.entries()) {
      const answer = await fetch(`${stack.registry}/config/${topics[index]}-key`, json('PUT', { compatibility: level }));
      assert.ok(answer.ok);
    }
    for (const [index, [alteration]] of keySteps.entries()) {
      await inAll(`ALTER TABLE %t ${alteration}; INSERT INTO %t VALUES (${index + 1}, 0)`);
    }
    // As the third step, at a start.
    const last = keySteps.length + 1;
    const expected = (isTaken: boolean): string[] =>
      levels.flatMap((level, index) =>
        [...keySteps, keySteps[2]].flatMap((step, at) =>
          step?.[1].includes(level) === isTaken ? [`${topics[index]}${isTaken ? '' : '.2'} ${at + 1}`] : [],
        ),
      );
    await until(taken, tables.length + expected(true).length - 1);
    await stage.verb(name, 'stop');
    await stage.until(name, ({ connector }) => connector.state === 'STOPPED');
    await inAll(`INSERT INTO %t VALUES (${last}, 0)`);
    await stage.configure(name, { ...config, 'message.key.columns': 'public[.].*:id,part' });
    await stage.verb(name, 'resume');
    await using refused = await CommittedReader.open(
      topics.map((topic) => `${topic}.2`),
      readMs,
    );
    await until(taken, tables.length + expected(true).length);
    await until(refused, expected(false).length);
    for (const reader of [taken, refused]) await reader.toEnd();
    const start = topics.map((topic) => `${topic} 0`);
    assert.deepEqual(rowsOf(taken).toSorted(), [...start, ...expected(true)].toSorted());
    assert.deepEqual(rowsOf(refused).toSorted(), expected(false).toSorted());
    await stage.remove(name);
  },
);

function idsOf(reader: CommittedReader): (number | undefined)[] {
  return reader.records.map(({ value }) => (value as { after: { id: number } } | null)?.after.id);
}

function rowsOf({ records }: CommittedReader): string[] {
  return records.map(({ topic, value }) => `${topic} ${(value as { after: { id: number | bigint } }).after.id}`);
}
