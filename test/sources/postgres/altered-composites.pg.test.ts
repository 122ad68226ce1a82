import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createDatabase, type Database } from '../../support/database.ts';
import { encodedRows, type JsonRow } from './json-rows.ts';
import { servers } from './servers.ts';
import { startSource, untilStreaming, type Running } from './source-fixture.ts';

const extra = { 'connector.class': 'millrace.PostgresSource', 'publication.autocreate.mode': 'filtered', 'table.include.list': 'public.t' };

interface Stage extends Running {
  readonly rows: (JsonRow | Error)[];
}

function start(database: Database): Stage {
  let rows: (JsonRow | Error)[] = [];
  const running = startSource(database, { extra, prepare: (out) => (rows = encodedRows(out)) });
  return Object.assign(running, { rows });
}

async function prepared(url: string): Promise<Database> {
  const database = await createDatabase(url);
  await database.query(
    `CREATE TYPE pair AS (a int, b text); CREATE DOMAIN pairs AS pair[]; CREATE TABLE t (id int PRIMARY KEY, p pair, l pairs)`,
  );
  return database;
}

/** The next rows, by number. */
async function rowsUpTo(stage: Stage, id: number): Promise<ReadonlyMap<unknown, JsonRow | string>> {
  const last = (): boolean => stage.out.changes.some(({ after }) => after?.['id'] === String(id));
  await stage.out.until(last);
  return new Map(
    stage.out.changes.map(({ after }, index) => {
      const row = stage.rows[index];
      return [Number(after?.['id']), row instanceof Error ? row.message : (row ?? 'nothing')] as const;
    }),
  );
}

/**
 * Inserts the value until a row of it is told; until then it may be of either definition, because older transactions are
 * running, and is an error: never another row.
 */
async function toldAs(database: Database, stage: Stage, p: string, expected: JsonRow): Promise<void> {
  for (;;) {
    ids += 1;
    await database.query(insert(ids, p));
    const found = (await rowsUpTo(stage, ids)).get(ids);
    if (typeof found !== 'string') return assert.deepEqual(found, row(ids, expected));
    assert.match(found, /Column "p" .* dropped and added.*composite\.handling\.mode=text/);
  }
}

let ids = 100;

const insert = (id: number, p: string): string => `INSERT INTO t VALUES (${id}, ${p}, ${p === 'NULL' ? 'NULL' : `ARRAY[${p}::pair]`})`;
const row = (id: number, p: JsonRow | null): JsonRow => ({ id, p, l: p === null ? null : [p] });

for (const [version, url] of servers) {
  test(`a composite type that is altered between two rows: each row is as the type was then (Postgres ${version})`, async () => {
    await using database = await prepared(url);
    await using stage = start(database);
    await untilStreaming(database, stage);
    await database.query(insert(1, `ROW(1, 'x')`));
    assert.deepEqual((await rowsUpTo(stage, 1)).get(1), row(1, { a: 1, b: 'x' }));
    await database.query('ALTER TYPE pair ADD ATTRIBUTE c int');
    await database.query(insert(2, `ROW(2, 'y', 7)`));
    assert.deepEqual((await rowsUpTo(stage, 2)).get(2), row(2, { a: 2, b: 'y', c: 7 }));
    await database.query('ALTER TYPE pair DROP ATTRIBUTE b');
    await database.query('ALTER TYPE pair RENAME ATTRIBUTE a TO first');
    await toldAs(database, stage, 'ROW(3, 8)', { first: 3, c: 8 });
    // As many fields as before, but other ones: only the catalog can tell.
    await database.query('ALTER TYPE pair DROP ATTRIBUTE c, ADD ATTRIBUTE d text');
    await toldAs(database, stage, `ROW(4, '9')`, { first: 4, d: '9' });
  });

  test(`rows from before the alteration are read behind it: added fields are null, dropped ones are left out (Postgres ${version})`, async () => {
    await using database = await prepared(url);
    {
      await using first = start(database);
      await untilStreaming(database, first);
    }
    await database.query(insert(1, `ROW(1, 'x')`));
    await database.query('ALTER TYPE pair ADD ATTRIBUTE c int, ADD ATTRIBUTE d int');
    await database.query(insert(2, `ROW(2, 'y', 7, 8)`));
    await using stage = start(database);
    const added = await rowsUpTo(stage, 2);
    assert.deepEqual(added.get(1), row(1, { a: 1, b: 'x', c: null, d: null }));
    assert.deepEqual(added.get(2), row(2, { a: 2, b: 'y', c: 7, d: 8 }));
  });

  test(`rows that may be of before or of after are no record at all (Postgres ${version})`, async () => {
    await using database = await prepared(url);
    {
      await using first = start(database);
      await untilStreaming(database, first);
    }
    await database.query(insert(1, `ROW(1, 'x')`));
    await database.query('ALTER TYPE pair DROP ATTRIBUTE b, ADD ATTRIBUTE d text');
    await database.query(insert(2, `ROW(2, 'y')`));
    await database.query(insert(3, 'NULL'));
    await using stage = start(database);
    const rows = await rowsUpTo(stage, 3);
    assert.match(JSON.stringify(rows.get(1)), /dropped and added.*composite\.handling\.mode=text/);
    assert.match(JSON.stringify(rows.get(2)), /dropped and added/);
    assert.deepEqual(rows.get(3), row(3, null));
    // What begins from now on is of the type as it is, whatever another database is at.
    await using elsewhere = await createDatabase(url);
    await elsewhere.query('BEGIN; CREATE TABLE busy ()');
    await toldAs(database, stage, `ROW(5, 'z')`, { a: 5, d: 'z' });
  });

  test(`a transaction that was open across the alteration has rows of both (Postgres ${version})`, async () => {
    await using database = await prepared(url);
    await using stage = start(database);
    await untilStreaming(database, stage);
    const other = await database.connect();
    await other.query(`BEGIN; ${insert(1, `ROW(1, 'x')`)}`);
    await database.query('ALTER TYPE pair DROP ATTRIBUTE b');
    await database.query(insert(2, 'ROW(2)'));
    assert.deepEqual((await rowsUpTo(stage, 2)).get(2), row(2, { a: 2 }));
    await other.query(`${insert(3, 'ROW(3)')}; COMMIT`);
    const rows = await rowsUpTo(stage, 3);
    assert.deepEqual(rows.get(1), row(1, { a: 1 }));
    assert.deepEqual(rows.get(3), row(3, { a: 3 }));
  });

  test(`a type that is altered while the snapshot reads its rows is told (Postgres ${version})`, async () => {
    await using database = await prepared(url);
    await database.query(insert(1, `ROW(1, 'x')`));
    for (const [alteration, message] of [
      ['DROP ATTRIBUTE b, ADD ATTRIBUTE d text', /public\.pair was altered while the snapshot read public\.t/],
      ['RENAME ATTRIBUTE a TO first', null],
    ] as const) {
      let altered = false;
      await using running = startSource(database, {
        extra: { ...extra, 'snapshot.mode': 'initial' },
        prepare: (out) => {
          out.onDeclare = async () => {
            if (!altered) await database.query(`ALTER TYPE pair ${alteration}`);
            altered = true;
          };
        },
      });
      if (message === null) await running.out.untilChanges(1);
      else await assert.rejects(running.ended, { code: 'data.shape', message });
    }
  });
}
