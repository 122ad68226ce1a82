import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createDatabase, type Database } from '../../../support/database.ts';
import { servers } from '../servers.ts';
import { startSource, untilStreaming } from '../source-fixture.ts';

const processor = {
  'post.processors': 'reselector',
  'post.processors.reselector.type': 'io.debezium.processors.reselect.ReselectColumnsPostProcessor',
};
const fills = { 'unavailable.values.reselect': 'true' };

/** Makes the slot, lets `change` happen while nobody reads it, and streams what it did. */
async function afterwards(db: Database, extra: Readonly<Record<string, string>>, change: string): Promise<ReturnType<typeof startSource>> {
  const first = startSource(db, { extra });
  await untilStreaming(db, first);
  await first[Symbol.asyncDispose]();
  await db.query(change);
  return startSource(db, { extra });
}

for (const [version, server] of servers) {
  test(`Postgres ${version}: large values that an update did not send are read from the table, in the order of the changes`, async () => {
    await using db = await createDatabase(server);
    await db.query(`CREATE TYPE "Mood" AS ENUM ('ok', 'so so'); CREATE DOMAIN body AS text;
      CREATE TABLE "Docs" (mood "Mood", "Id" char(4), n int, big body, data bytea, tags text[], PRIMARY KEY ("Id", mood));
      ALTER TABLE "Docs" ALTER big SET STORAGE EXTERNAL, ALTER data SET STORAGE EXTERNAL, ALTER tags SET STORAGE EXTERNAL;
      INSERT INTO "Docs" SELECT (ARRAY['ok', 'so so'])[i % 2 + 1]::"Mood", i::text, 0, repeat(i::text || 'ü', 2000),
        decode(repeat(lpad(i::text, 4, '0'), 2000), 'hex'), array_fill('a,"' || i, ARRAY[1000]) FROM generate_series(1, 150) i`);
    await using running = await afterwards(
      db,
      fills,
      'UPDATE "Docs" SET n = 1; UPDATE "Docs" SET n = 2, big = \'small\' WHERE n = 1; INSERT INTO "Docs" VALUES (\'ok\', \'new\', 3)',
    );
    const changes = await running.out.untilChanges(301);
    const rows = await db.query<{ id: string; data: string; tags: string }>(
      'SELECT "Id" AS id, data::text AS data, tags::text AS tags FROM "Docs"',
    );
    const byId = new Map(rows.map((row) => [row.id, row]));
    for (const [at, { op, after }] of changes.entries()) {
      assert.equal(op, at < 300 ? 'u' : 'c');
      assert.equal(after?.['n'], at < 150 ? '1' : at < 300 ? '2' : '3');
      // The later update had happened when the earlier one was read.
      assert.equal(after['big'], at < 300 ? 'small' : null);
      const row = byId.get(after['Id'] as string);
      assert.deepEqual([after['data'], after['tags']], [row?.data, row?.tags]);
    }
  });
}

test('a row that is gone keeps what the stream said, unless told to fail; a change of key is read under the new key', async () => {
  const change = `UPDATE docs SET n = 1; UPDATE docs SET id = 30 WHERE id = 3; DELETE FROM docs WHERE id = 2`;
  for (const [mode, extra] of [
    ['kept', fills],
    ['warn', { ...processor }],
    ['fail', { ...processor, 'post.processors.reselector.reselect.error.handling.mode': 'FAIL' }],
  ] as const) {
    await using db = await createDatabase();
    await db.query(`CREATE TABLE docs (id int PRIMARY KEY, n int, big text); ALTER TABLE docs ALTER big SET STORAGE EXTERNAL;
      INSERT INTO docs SELECT i, 0, repeat('x', 3000) || i FROM generate_series(1, 3) i`);
    await using running = await afterwards(db, extra, change);
    // 3 updates, delete and tombstone and new row of the key change, delete and tombstone.
    await running.out.until(() => running.out.changes.length + running.out.rejected.length >= 8);
    const big = running.out.changes.flatMap(({ op, after }) => {
      const value = after?.['big'];
      return after === null
        ? []
        : [`${op}${after['id'] as string} ${typeof value === 'string' ? value.replace(/^x+/, '') : JSON.stringify(value)}`];
    });
    const gone = '{"state":"unchanged"}';
    if (mode === 'fail') {
      assert.deepEqual(big, ['u1 1', 'c30 3']);
      assert.deepEqual(
        running.out.rejected.map(({ code }) => code),
        ['data.row', 'data.row'],
      );
    } else assert.deepEqual(big, ['u1 1', `u2 ${gone}`, `u3 ${gone}`, 'c30 3'], mode);
  }
});

test('the post processor also reads nulls, of the columns it is told, and tells rows apart by the key of the record', async () => {
  await using db = await createDatabase();
  await db.query(`CREATE TABLE notes (id int NOT NULL, a text, b text, c text); ALTER TABLE notes REPLICA IDENTITY FULL;
    CREATE TABLE other (id int PRIMARY KEY, a text)`);
  const extra = {
    ...processor,
    'message.key.columns': 'public.notes:id',
    'post.processors.reselector.reselect.columns.include.list': 'public.notes:(a|b),public.other:b',
    'post.processors.reselector.reselect.use.event.key': 'true',
  };
  await using running = await afterwards(
    db,
    extra,
    `INSERT INTO notes (id) VALUES (1); INSERT INTO other VALUES (1); UPDATE other SET a = 'x'; UPDATE notes SET a = 'x', c = 'y'`,
  );
  const changes = await running.out.untilChanges(4);
  assert.deepEqual(
    changes.map(({ after }) => after),
    [
      { id: '1', a: 'x', b: null, c: null },
      { id: '1', a: null },
      { id: '1', a: 'x' },
      { id: '1', a: 'x', b: null, c: 'y' },
    ],
  );
});

test('a column that has been dropped or has another type since stays as it is; renamed ones are found by their number', async () => {
  await using db = await createDatabase();
  await db.query(`CREATE TABLE docs (id int PRIMARY KEY, n int, gone text, typed text);
    ALTER TABLE docs ALTER gone SET STORAGE EXTERNAL, ALTER typed SET STORAGE EXTERNAL;
    INSERT INTO docs SELECT i, 0, repeat('x', 3000), repeat('1', 3000) FROM generate_series(1, 2) i`);
  await using running = startSource(db, { extra: { ...processor, 'snapshot.mode': 'no_data' } });
  await untilStreaming(db, running);
  await db.query('UPDATE docs SET n = 1 WHERE id = 1');
  const [first] = await running.out.untilChanges(1);
  assert.equal(first?.after?.['gone'], 'x'.repeat(3000));
  // In one transaction: the row is streamed when all of it has happened.
  await db.query(`BEGIN; UPDATE docs SET n = 2 WHERE id = 1; ALTER TABLE docs RENAME id TO key; ALTER TABLE docs DROP gone;
    ALTER TABLE docs ALTER typed TYPE numeric USING 1; COMMIT`);
  const changes = await running.out.untilChanges(2);
  assert.deepEqual(changes[1]?.after, { id: '1', n: '2', gone: { state: 'unchanged' }, typed: { state: 'unchanged' } });
  await db.query('UPDATE docs SET n = 3 WHERE key = 1');
  assert.deepEqual((await running.out.untilChanges(3))[2]?.after, { key: '1', n: '3', typed: '1' });
});
