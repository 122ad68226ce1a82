import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { CommittedReader } from '../support/committed-reader.ts';
import { createDatabase, type Database } from '../support/database.ts';
import { transactionsIn } from '../support/slot-contents.ts';
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

async function ask(subject: string, compatibility: string): Promise<void> {
  const answer = await fetch(`${stack.registry}/config/${subject}`, json('PUT', { compatibility }));
  assert.ok(answer.ok, await answer.text());
}

/** The subject has something else, and takes nothing that cannot read it. */
async function occupy(subject: string): Promise<void> {
  const schema = '{"type":"record","name":"Other","fields":[]}';
  const answer = await fetch(`${stack.registry}/subjects/${subject}/versions`, json('POST', { schema }));
  assert.ok(answer.ok, await answer.text());
  await ask(subject, 'BACKWARD');
}

/** What became of each row, by topic, in the order of each topic. */
async function toldAtEnd(reader: CommittedReader): Promise<Record<string, string[]>> {
  await reader.toEnd();
  const rows: Record<string, string[]> = {};
  for (const { topic, value, rawValue } of reader.records) {
    const { op, after: row } = (value ?? JSON.parse(String(rawValue))) as { op: string; after: { id: number | bigint | string } };
    (rows[topic] ??= []).push(`${op}${row.id}`);
  }
  return rows;
}

async function count(reader: CommittedReader, wanted: number): Promise<void> {
  await reader.until(
    ({ length }) => length >= wanted,
    () => `ids ${ids(reader).join()}`,
  );
}

test(
  'a key that the registry refuses, in the middle of a transaction over two tables: the connector stops, the slot stays, undoing the change is not enough, and with another level nothing is missing or twice',
  { timeout: 200_000 },
  async () => {
    await using db = await createDatabase();
    await db.query(`CREATE TABLE orders (id int PRIMARY KEY, part int NOT NULL); CREATE TABLE items (id int PRIMARY KEY);
      INSERT INTO orders VALUES (1, 1); INSERT INTO items VALUES (1)`);
    const name = uniqueName('keys');
    const [orders, items] = [`${name}.public.orders`, `${name}.public.items`];
    await stage.create(name, { ...postgresConfig(db, name), ...avro, 'table.include.list': 'public.orders,public.items' });
    await using reader = await CommittedReader.open([orders, items]);
    await count(reader, 2);
    for (const part of ['key', 'value']) await ask(`${orders}-${part}`, 'BACKWARD');
    await db.query(`BEGIN; INSERT INTO items VALUES (2); INSERT INTO orders VALUES (2, 1);
      ALTER TABLE orders DROP CONSTRAINT orders_pkey, ADD PRIMARY KEY (id, part); INSERT INTO orders VALUES (3, 1);
      ALTER TABLE items ADD COLUMN note text; INSERT INTO items VALUES (3, 'c'); COMMIT`);
    const trace = await stage.failed(name);
    assert.match(trace, /The schema of table public\.orders was refused \(the key was \(id\) and is now \(id, part\)\)/);
    assert.match(
      trace,
      new RegExp(`subject "${orders}-key" as incompatible: .* The subject asks for BACKWARD\\. Remedy: Give the subject`),
    );
    await stage.othersGoOn();
    await db.query('ALTER TABLE orders DROP CONSTRAINT orders_pkey, ADD PRIMARY KEY (id); INSERT INTO orders VALUES (4, 1)');
    await stage.restart(name);
    assert.match(await stage.failed(name), /was refused/);
    const rows = await db.query<{ xid: string }>('SELECT xmin::text AS xid FROM orders WHERE id > 1');
    const held = await transactionsIn(db, name);
    assert.ok(
      rows.every(({ xid }) => held.includes(xid)),
      'the slot still has all that was not written',
    );
    await ask(`${orders}-key`, 'NONE');
    await stage.restart(name);
    await db.query("INSERT INTO items VALUES (4, 'd')");
    await count(reader, 8);
    assert.deepEqual(await toldAtEnd(reader), { [orders]: ['r1', 'c2', 'c3', 'c4'], [items]: ['r1', 'c2', 'c3', 'c4'] });
    await stage.remove(name);
  },
);

test(
  'a table that is altered twice while its connector is stopped: a registry that takes its forms in their order gets them so',
  { timeout: 200_000 },
  async () => {
    await using db = await createDatabase();
    await db.query('CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders VALUES (1)');
    const name = uniqueName('late');
    const orders = `${name}.public.orders`;
    await stage.create(name, { ...postgresConfig(db, name), ...avro, 'schema.change.refused.policy': 'new_topic' });
    await using reader = await CommittedReader.open([orders]);
    await count(reader, 1);
    await ask(`${orders}-value`, 'BACKWARD');
    await stage.verb(name, 'stop');
    await stage.until(name, ({ connector }) => connector.state === 'STOPPED');
    await db.query('ALTER TABLE orders ADD COLUMN count int; INSERT INTO orders VALUES (2, 2)');
    // A long reads what was an int, and no int what was a long.
    await db.query('ALTER TABLE orders ALTER COLUMN count TYPE bigint; INSERT INTO orders VALUES (3, 3)');
    await stage.verb(name, 'resume');
    await count(reader, 3);
    assert.deepEqual(await toldAtEnd(reader), { [orders]: ['r1', 'c2', 'c3'] });
    await stage.remove(name);
  },
);

test(
  'a table is altered under an incremental snapshot that waits for it: the connector stops, and goes on with the reading when the schema is accepted',
  { timeout: 200_000 },
  async () => {
    await using db = await createDatabase();
    await db.query('CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders VALUES (1), (2), (3)');
    const name = uniqueName('reading');
    const orders = `${name}.public.orders`;
    await stage.create(name, { ...postgresConfig(db, name), ...avro, 'incremental.snapshot.chunk.size': '2' });
    await using reader = await CommittedReader.open([orders]);
    await count(reader, 3);
    await ask(`${orders}-value`, 'BACKWARD');
    await db.query('BEGIN; LOCK TABLE orders');
    const data = { 'data-collections': ['public.orders'], type: 'incremental' };
    await stage.worker.rest(`/connectors/${name}/signals`, json('POST', { type: 'execute-snapshot', data }));
    await db.query(`ALTER TABLE orders ADD COLUMN part int NOT NULL DEFAULT 1; ALTER TABLE orders ALTER COLUMN part DROP DEFAULT; COMMIT`);
    assert.match(await stage.failed(name), /The schema of table public\.orders was refused.* The subject asks for BACKWARD/);
    await ask(`${orders}-value`, 'NONE');
    await stage.restart(name);
    await count(reader, 6);
    await db.query('INSERT INTO orders VALUES (4, 4)');
    await count(reader, 7);
    const snapshot = ['r1', 'r2', 'r3'];
    assert.deepEqual(await toldAtEnd(reader), { [orders]: [...snapshot, ...snapshot, 'c4'] });
    await stage.remove(name);
  },
);

function parking(letters: string): Settings {
  return {
    'schema.change.refused.policy': 'dead_letter',
    'errors.tolerance': 'all',
    'errors.deadletterqueue.topic.name': letters,
    'errors.deadletterqueue.context.headers.enable': 'true',
  };
}

for (const policy of ['fail', 'new_topic', 'dead_letter']) {
  test(
    `${policy}: a snapshot whose schema the registry refuses ${policy === 'fail' ? 'stops, and is taken when it is accepted' : 'goes where the stream goes'}`,
    { timeout: 200_000 },
    async () => {
      await using db = await createDatabase();
      await db.query('CREATE TABLE orders (id int PRIMARY KEY, note text NOT NULL); INSERT INTO orders VALUES (1, 1), (2, 2)');
      const name = uniqueName('snapshot');
      const orders = `${name}.public.orders`;
      await occupy(`${orders}-value`);
      const letters = `${name}.letters`;
      const answer = policy === 'dead_letter' ? parking(letters) : { 'schema.change.refused.policy': policy };
      await stage.create(name, { ...postgresConfig(db, name), ...avro, ...answer });
      if (policy === 'fail') {
        assert.match(await stage.failed(name), /The schema of table public\.orders was refused\. The schema registry refuses/);
        await ask(`${orders}-value`, 'NONE');
        await stage.restart(name);
      }
      const topic = { fail: orders, new_topic: `${orders}.2`, dead_letter: letters }[policy] ?? '';
      await using reader = await CommittedReader.open([topic], 120_000, policy !== 'dead_letter');
      await count(reader, 2);
      await db.query("INSERT INTO orders VALUES (3, 'c')");
      await count(reader, 3);
      if (policy === 'dead_letter') {
        await stage.verb(name, 'stop');
        await stage.until(name, ({ connector }) => connector.state === 'STOPPED');
        await ask(`${orders}-value`, 'NONE');
        await db.query("INSERT INTO orders VALUES (4, 'd')");
        await stage.verb(name, 'resume');
        await using accepted = await CommittedReader.open([orders]);
        await count(accepted, 1);
        assert.deepEqual(await toldAtEnd(accepted), { [orders]: ['c4'] });
      }
      assert.deepEqual(await toldAtEnd(reader), { [topic]: ['r1', 'r2', 'c3'] });
      await stage.remove(name);
    },
  );
}

test('dead_letter: rows that a transform sends to a topic whose subject refuses them, others go on', { timeout: 200_000 }, async () => {
  await using db = await createDatabase();
  await db.query("CREATE TABLE orders (id int PRIMARY KEY, note text NOT NULL); INSERT INTO orders VALUES (1, 'a'), (2, 'b')");
  const name = uniqueName('routed');
  const [even, odd, letters] = [`${name}.even`, `${name}.odd`, `${name}.letters`];
  await occupy(`${even}-value`);
  await stage.create(name, {
    ...postgresConfig(db, name),
    ...avro,
    ...parking(letters),
    transforms: 'route',
    'transforms.route.type': 'io.debezium.transforms.ContentBasedRouter',
    'transforms.route.language': 'jsr223.groovy',
    'transforms.route.topic.expression': `(value.op == 'd' ? value.before.id : value.after.id) % 2 == 0 ? '${even}' : '${odd}'`,
  });
  await using accepted = await CommittedReader.open([odd]);
  await db.query("INSERT INTO orders VALUES (3, 'c'), (4, 'd'); DELETE FROM orders WHERE id = 2; INSERT INTO orders VALUES (5, 'e')");
  await count(accepted, 3);
  await using parked = await CommittedReader.open([letters], 120_000, false);
  assert.deepEqual(await toldAtEnd(accepted), { [odd]: ['r1', 'c3', 'c5'] });
  await parked.toEnd();
  const rows = parked.records.map(({ rawKey, rawValue, headers }) => {
    const { op, table, topic, before, after } = JSON.parse(String(rawValue)) as Record<string, unknown>;
    assert.deepEqual([table, topic, headers['__connect.errors.topic']], [`${name}.public.orders`, even, even]);
    return [String(rawKey), op, before, after];
  });
  assert.deepEqual(rows, [
    ['{"id":"2"}', 'r', null, { id: '2', note: 'b' }],
    ['{"id":"4"}', 'c', null, { id: '4', note: 'd' }],
    ['{"id":"2"}', 'd', { id: '2' }, null],
  ]);
  await stage.remove(name);
});

/** Letters of the rows 3 and 4 say what and why, and bring those rows back. */
async function checkLetters(db: Database, letters: CommittedReader['records']): Promise<void> {
  assert.deepEqual(
    letters.map(({ rawKey }) => String(rawKey)),
    ['{"id":"3"}', '{"id":"4"}'],
  );
  for (const { headers } of letters) {
    const { table, subject } = JSON.parse(headers['__connect.errors.details'] ?? '') as Record<string, string>;
    assert.deepEqual([table, subject?.endsWith('.public.orders-value')], ['public.orders', true]);
    assert.match(headers['__connect.errors.exception.message'] ?? '', /A row of table public\.orders cannot be written \(lsn .*BACKWARD/);
  }
  await db.query('CREATE TABLE replayed (LIKE orders)');
  for (const { rawValue } of letters) {
    await db.query(`INSERT INTO replayed SELECT (jsonb_populate_record(NULL::replayed, $1::jsonb -> 'after')).*`, [String(rawValue)]);
  }
  assert.deepEqual(await db.query('TABLE replayed'), await db.query('SELECT * FROM orders WHERE id > 2'));
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
        ...parking(letters),
        'schema.change.refused.policy': policy,
      });
      const other = policy === 'new_topic' ? `${orders}.2` : letters;
      await using reader = await CommittedReader.open([orders]);
      await count(reader, 1);
      await ask(`${orders}-value`, 'BACKWARD');
      await db.query("INSERT INTO orders VALUES (2, 'b')");
      await count(reader, 2);
      // A required column without a default cannot be read from older records.
      await db.query(
        `BEGIN; ALTER TABLE orders ADD COLUMN amount int DEFAULT 7 NOT NULL; ALTER TABLE orders ALTER COLUMN amount DROP DEFAULT; COMMIT`,
      );
      await db.query("INSERT INTO orders VALUES (3, 'c', 1); INSERT INTO items VALUES (1)");
      await using goesOn = await CommittedReader.open([items]);
      await count(goesOn, 1);
      await using refused = await CommittedReader.open([other], 120_000, policy === 'new_topic');
      await count(refused, 1);
      await stage.restart(name);
      await db.query("INSERT INTO orders VALUES (4, 'd', 2)");
      await count(refused, 2);
      const [third] = refused.records;
      if (policy === 'new_topic')
        assert.deepEqual({ ...(third?.value as { after: object } | undefined)?.after }, { id: 3, note: 'c', amount: 1 });
      else await checkLetters(db, refused.records);
      const data = { 'data-collections': ['public.orders'], type: 'incremental' };
      await stage.worker.rest(`/connectors/${name}/signals`, json('POST', { type: 'execute-snapshot', data }));
      await count(refused, 6);
      // The change is undone: the old subject takes the table again.
      await db.query("ALTER TABLE orders DROP COLUMN amount; INSERT INTO orders VALUES (5, 'e')");
      await count(reader, 3);
      await db.query('INSERT INTO items VALUES (2)');
      await count(goesOn, 2);
      assert.deepEqual([ids(reader), ids(goesOn), refused.records.length], [[1, 2, 5], [1, 2], 6]);
      const log = await stage.worker.log();
      assert.match(
        log,
        new RegExp(
          `table public\\.orders was refused .*${policy === 'new_topic' ? `its records go to topic "${other}"` : 'its rows become dead letters'}`,
        ),
      );
      await stage.remove(name);
    },
  );
}
