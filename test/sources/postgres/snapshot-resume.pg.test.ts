import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createDatabase, type Database } from '../../support/database.ts';
import { uniqueName } from '../../support/unique-name.ts';
import { randomFrom, schema, seed, tables, write } from './random-writers.ts';
import { servers } from './servers.ts';
import { applyExactly, parking, snapshotHarness, tableState, type SnapshotHarness } from './snapshot-harness.ts';

async function untilComplete(harness: SnapshotHarness, random: (below: number) => number): Promise<number> {
  let kills = 0;
  const { outlet } = harness;
  for (;;) {
    // At least one commit in each life, or it would never end.
    let life = 0;
    const killAt = kills < 15 ? 60 + random(900) : Infinity;
    outlet.decide = () => {
      life += 1;
      if (life >= killAt) return 'kill';
      return random(40) === 0 ? 'commit' : random(97) === 0 ? 'full' : 'go';
    };
    if (await harness.runSnapshot()) return kills;
    kills += 1;
  }
}

async function multiset(database: Database): Promise<string[]> {
  const rows = await database.query<{ message: string }>('SELECT message FROM log');
  return rows.map((row) => row.message).toSorted();
}

/** Several connections, and tables of more than one page are cut into slices. */
const parallel = { 'snapshot.max.threads': '3', 'snapshot.max.threads.multiplier': '2', 'snapshot.slice.bytes': '8192' };

/** Their schemas are incompatible with what the registry has: rows become dead letters. */
const refused = ['public.uuids', 'public.log'];

for (const [version, url, extra, how, ...parked] of [
  ...servers.map(([version, url]) => [version, url, parallel, 'several connections'] as const),
  ...servers.slice(0, 1).map(([version, url]) => [version, url, {}, 'one connection'] as const),
  ...servers
    .slice(0, 1)
    .map(([version, url]) => [version, url, { ...parallel, ...parking }, 'dead letters of some tables', ...refused] as const),
]) {
  test(`Postgres ${version}, ${how}: killed again and again under writes, snapshot and stream hold every row once`, async (context) => {
    context.diagnostic(`seed ${seed}`);
    const random = randomFrom(seed);
    await using database = await createDatabase(url);
    await database.query(schema);
    await using harness = await snapshotHarness(database, extra);
    harness.outlet.refused = new Set(parked);
    let stop = false;
    const writers = ['a', 'b', 'c'].map(async (name, index) => write(await database.connect(), randomFrom(seed + index), () => stop, name));
    const kills = await untilComplete(harness, random).finally(() => {
      stop = true;
    });
    const written = (await Promise.all(writers)).reduce((sum, count) => sum + count, 0);
    await harness.stream();
    context.diagnostic(`${kills} kills, ${written} statements, ${harness.outlet.committed.length} records`);
    assert.ok(kills >= 3, 'the snapshot was killed');
    assert.ok(written > 50, 'there were writes meanwhile');
    const { committed } = harness.outlet;
    assert.equal(committed.filter(({ snapshot }) => snapshot === 'first').length, 1, 'what is resumed has had its first row');
    for (const [table, key] of Object.entries(tables)) {
      if (key.length === 0) continue;
      assert.deepEqual(sorted(applyExactly(committed, table, key)), sorted(await tableState(database, table, key)), table);
    }
    const messages = committed.filter((change) => change.table === 'public.log').map((change) => change.after?.['message'] as string);
    assert.deepEqual(messages.toSorted(), await multiset(database));
    const letters = committed.filter(({ snapshot }) => snapshot === 'letter');
    assert.deepEqual([...new Set(letters.map(({ table }) => table))].toSorted(), parked.toSorted());
  });
}

test('a table without key goes on behind the row where it stopped, and leaves out no row that was committed since', async () => {
  await using database = await createDatabase();
  await database.query(`CREATE TABLE log (message text); INSERT INTO log SELECT 'old ' || i FROM generate_series(1, 20) i`);
  await using harness = await snapshotHarness(database);
  const { outlet } = harness;
  const [holder, open, other] = await Promise.all([database.connect(), database.connect(), database.connect()]);
  // Keeps the oldest running transaction down, so that what follows is not certain by its number alone.
  await holder.query('BEGIN; SELECT pg_current_xact_id()');
  await other.query(`BEGIN; SAVEPOINT s; INSERT INTO log VALUES ('seen, by a subtransaction'); RELEASE s; COMMIT`);
  await open.query(`BEGIN; INSERT INTO log VALUES ('open'); SAVEPOINT s; INSERT INTO log VALUES ('open, by a subtransaction'); RELEASE s`);
  await other.query(`INSERT INTO log SELECT 'seen ' || i FROM generate_series(1, 10) i`);
  outlet.decide = (changes) => (changes === 25 ? 'commit' : changes === 28 ? 'kill' : 'go');
  assert.equal(await harness.runSnapshot('own'), false);
  await open.query('COMMIT');
  await holder.query('COMMIT');
  await other.query(`INSERT INTO log VALUES ('later')`);
  outlet.decide = () => 'go';
  assert.equal(await harness.runSnapshot(), true);
  await harness.stream();
  const messages = outlet.committed.map((change) => change.after?.['message'] as string);
  assert.deepEqual(messages.toSorted(), await multiset(database));
  assert.equal(messages.length, 34);
});

test('a table without key that was rewritten meanwhile is read again: nothing is left out', async () => {
  await using database = await createDatabase();
  // The first rows leave a gap, into which a rewrite moves the others.
  await database.query(
    `CREATE TABLE log (message text); INSERT INTO log SELECT 'old ' || i FROM generate_series(1, 40) i; DELETE FROM log WHERE ctid <= '(0,20)'`,
  );
  await using harness = await snapshotHarness(database);
  const { outlet } = harness;
  outlet.decide = (changes) => (changes === 10 ? 'commit' : changes === 12 ? 'kill' : 'go');
  assert.equal(await harness.runSnapshot(), false);
  await database.query('VACUUM FULL log');
  outlet.decide = () => 'go';
  assert.equal(await harness.runSnapshot(), true);
  const messages = outlet.committed.map((change) => change.after?.['message'] as string);
  assert.deepEqual([...new Set(messages)].toSorted(), await multiset(database));
});

test('a table whose key was altered meanwhile is read again: nothing is left out', async () => {
  await using database = await createDatabase();
  await database.query(
    `CREATE TABLE ints (id int PRIMARY KEY, other int NOT NULL); INSERT INTO ints SELECT i, 41 - i FROM generate_series(1, 40) i`,
  );
  await using harness = await snapshotHarness(database);
  const { outlet } = harness;
  outlet.decide = (changes) => (changes === 10 ? 'commit' : changes === 12 ? 'kill' : 'go');
  assert.equal(await harness.runSnapshot(), false);
  await database.query('ALTER TABLE ints DROP CONSTRAINT ints_pkey, ADD PRIMARY KEY (other)');
  outlet.decide = () => 'go';
  assert.equal(await harness.runSnapshot(), true);
  assert.equal(new Set(outlet.committed.map((change) => change.after?.['id'])).size, 40);
});

test('a row that moves between what was read early and what was read late is deleted and created as each reading needs it', async () => {
  await using database = await createDatabase();
  await database.query(`CREATE TABLE ints (id int PRIMARY KEY, v text); INSERT INTO ints SELECT i, 'start' FROM generate_series(1, 20) i`);
  await using harness = await snapshotHarness(database);
  const { outlet } = harness;
  outlet.decide = (changes) => (changes === 10 ? 'commit' : changes === 12 ? 'kill' : 'go');
  assert.equal(await harness.runSnapshot(), false);
  // 1 was read and goes where the second reading finds it; 20 was not read and goes where the first reading was.
  await database.query(
    `UPDATE ints SET id = 101 WHERE id = 1; UPDATE ints SET id = -20 WHERE id = 20; UPDATE ints SET v = 'new' WHERE id IN (5, 15)`,
  );
  outlet.decide = () => 'go';
  assert.equal(await harness.runSnapshot(), true);
  await harness.stream();
  assert.deepEqual(
    sorted(applyExactly(outlet.committed, 'public.ints', ['id'])),
    sorted(await tableState(database, 'public.ints', ['id'])),
  );
  const streamed = outlet.committed
    .filter((change) => change.op !== 'r')
    .map((change) => `${change.op} ${(change.after ?? change.before)?.['id'] as string}`);
  assert.deepEqual(streamed, ['d 1', 'tombstone 1', 'c -20', 'u 5']);
});

test('partitioned tables published by their root are read by their root, with and without key, and go on after a kill', async () => {
  await using database = await createDatabase();
  await database.query(`
    CREATE TABLE keyed (id int PRIMARY KEY) PARTITION BY HASH (id); CREATE TABLE bare (v int) PARTITION BY HASH (v)`);
  for (const table of ['keyed', 'bare']) {
    for (const part of [0, 1])
      await database.query(`CREATE TABLE ${table}_${part} PARTITION OF ${table} FOR VALUES WITH (MODULUS 2, REMAINDER ${part})`);
    await database.query(`INSERT INTO ${table} SELECT generate_series(1, 30)`);
  }
  await using harness = await snapshotHarness(database, {}, 'WITH (publish_via_partition_root = true)');
  const { outlet } = harness;
  for (const at of [10, 25, 40, 55]) {
    outlet.decide = (changes) => (changes === at ? 'commit' : changes === at + 3 ? 'kill' : 'go');
    // Changes are counted over all lives, so each gets a little further.
    assert.equal(await harness.runSnapshot(), false);
    await database.query(`INSERT INTO bare VALUES (${100 + at})`);
  }
  outlet.decide = () => 'go';
  assert.equal(await harness.runSnapshot(), true);
  await harness.stream();
  const values = (table: string, column: string): number[] =>
    outlet.committed
      .filter((change) => change.table === table)
      .map((change) => Number(change.after?.[column]))
      .toSorted((left, right) => left - right);
  const upTo30 = Array.from({ length: 30 }, (_, index) => index + 1);
  assert.deepEqual(values('public.keyed', 'id'), upTo30);
  assert.deepEqual(values('public.bare', 'v'), [...upTo30, 110, 125, 140, 155]);
});

test('a table whose rows a security policy hides is an error, not an empty table', async () => {
  await using database = await createDatabase();
  const role = uniqueName('reader');
  await database.query(`
    CREATE TABLE hidden (id int PRIMARY KEY); INSERT INTO hidden VALUES (1); ALTER TABLE hidden ENABLE ROW LEVEL SECURITY;
    CREATE ROLE ${role} LOGIN PASSWORD 'x'; GRANT SELECT ON hidden TO ${role}`);
  try {
    await using harness = await snapshotHarness(database);
    harness.loginAs(role, 'x');
    await assert.rejects(harness.runSnapshot('own'), { code: '42501' });
  } finally {
    await database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  }
});

test('a column that is left out is not read: the user needs no right to it', async () => {
  await using database = await createDatabase();
  const role = uniqueName('reader');
  await database.query(`
    CREATE TABLE people (secret text, id int PRIMARY KEY, name text); INSERT INTO people VALUES ('s', 1, 'a'), ('s', 2, 'b');
    CREATE TABLE visits (secret text, place text); INSERT INTO visits VALUES ('s', 'x');
    CREATE ROLE ${role} LOGIN PASSWORD 'x'; GRANT SELECT (id, name) ON people TO ${role};
    GRANT SELECT (place, tableoid, ctid, xmin) ON visits TO ${role}`);
  try {
    await using harness = await snapshotHarness(database, { 'column.exclude.list': '.*\\.secret' });
    harness.loginAs(role, 'x');
    assert.equal(await harness.runSnapshot('own'), true);
    const rows = harness.outlet.committed.map((change) => change.after);
    assert.deepEqual(rows, [{ id: '1', name: 'a' }, { id: '2', name: 'b' }, { place: 'x' }]);
  } finally {
    await database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  }
});

test('markers: the first of all, first and last of each table, the last of all; empty tables change nothing', async () => {
  await using database = await createDatabase();
  await database.query(`
    CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY); CREATE TABLE c (id int PRIMARY KEY);
    CREATE TABLE d (id int PRIMARY KEY); CREATE TABLE e (id int PRIMARY KEY);
    INSERT INTO b VALUES (1), (2), (3); INSERT INTO c VALUES (4); INSERT INTO d VALUES (5), (6)`);
  await using harness = await snapshotHarness(database);
  assert.equal(await harness.runSnapshot(), true);
  assert.deepEqual(
    harness.outlet.committed.map((change) => change.snapshot),
    ['first', 'true', 'last_in_data_collection', 'last_in_data_collection', 'first_in_data_collection', 'last'],
  );
});

test('the only row of all is the last one', async () => {
  await using database = await createDatabase();
  await database.query('CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY); INSERT INTO a VALUES (1)');
  await using harness = await snapshotHarness(database);
  assert.equal(await harness.runSnapshot(), true);
  assert.deepEqual(
    harness.outlet.committed.map((change) => change.snapshot),
    ['last'],
  );
});

test('several connections: every row once in slices by key and by place, and the markers are where they belong', async () => {
  await using database = await createDatabase();
  await database.query(`
    CREATE TABLE a (id int PRIMARY KEY, v text); CREATE TABLE b (v text); CREATE TABLE c (id text PRIMARY KEY); CREATE TABLE d (v int);
    INSERT INTO a SELECT i, repeat('x', 100) FROM generate_series(1, 3000) i; INSERT INTO b SELECT repeat('y', 100) || i FROM generate_series(1, 2000) i;
    INSERT INTO c SELECT md5(i::text) FROM generate_series(1, 1500) i; ANALYZE`);
  await using harness = await snapshotHarness(database, { ...parallel, 'snapshot.max.threads.multiplier.public.a': '3' });
  const { outlet } = harness;
  outlet.decide = (changes) => (changes % 50 === 0 ? 'full' : 'go');
  assert.equal(await harness.runSnapshot(), true);
  const { committed } = outlet;
  assert.equal(applyExactly(committed, 'public.a', ['id']).size, 3000);
  assert.equal(new Set(committed.filter((change) => change.table === 'public.b').map((change) => change.after?.['v'])).size, 2000);
  assert.equal(applyExactly(committed, 'public.c', ['id']).size, 1500);
  assert.equal(committed.length, 6500);
  // In slices, so not in the order of the key.
  const ids = committed.flatMap((change) => (change.table === 'public.a' ? [Number(change.after?.['id'])] : []));
  assert.ok(ids.some((id, index) => id < (ids[index - 1] ?? 0)));
  const last = committed.at(-1)?.table;
  for (const table of ['public.a', 'public.b', 'public.c']) {
    const markers = committed.filter((change) => change.table === table).map((change) => change.snapshot);
    assert.equal(markers[0], committed[0]?.table === table ? 'first' : 'first_in_data_collection');
    assert.equal(markers.at(-1), table === last ? 'last' : 'last_in_data_collection');
    assert.ok(markers.slice(1, -1).every((marker) => marker === 'true'));
  }
});

for (const [version, url] of servers) {
  test(`Postgres ${version}: inherited rows, partitions, generated columns, unlogged tables and overrides`, async () => {
    await using database = await createDatabase(url);
    await database.query(`
    CREATE TABLE parent (id int PRIMARY KEY, twice int GENERATED ALWAYS AS (id * 2) STORED); CREATE TABLE child () INHERITS (parent);
    INSERT INTO parent VALUES (1); INSERT INTO child VALUES (2);
    CREATE TABLE root (id int PRIMARY KEY) PARTITION BY RANGE (id);
    CREATE TABLE leaf PARTITION OF root FOR VALUES FROM (0) TO (10); INSERT INTO root VALUES (3);
    CREATE UNLOGGED TABLE scratch (id int PRIMARY KEY); INSERT INTO scratch VALUES (4);
    CREATE TABLE much (id int PRIMARY KEY, keep bool); INSERT INTO much VALUES (5, true), (6, false)`);
    await using harness = await snapshotHarness(database, {
      'snapshot.select.statement.overrides': 'public.much',
      'snapshot.select.statement.overrides.public.much': 'SELECT * FROM public.much WHERE keep ORDER BY id DESC;',
    });
    assert.equal(await harness.runSnapshot(), true);
    const rows = harness.outlet.committed.map((change) => `${change.table} ${JSON.stringify(change.after)}`);
    assert.deepEqual(rows.toSorted(), [
      'public.child {"id":"2"}',
      'public.leaf {"id":"3"}',
      'public.much {"id":"5","keep":"t"}',
      'public.parent {"id":"1"}',
    ]);
  });
}

function sorted(map: ReadonlyMap<string, string>): [string, string][] {
  return [...map].toSorted(([left], [right]) => (left < right ? -1 : 1));
}
