import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createDatabase } from '../../support/database.ts';
import { servers } from './servers.ts';
import { startSource, untilStreaming } from './source-fixture.ts';

for (const [version, server] of servers) {
  test(`Postgres ${version}: the first record with a new label of an enum has a schema that lists it`, async () => {
    await using db = await createDatabase(server);
    await db.query(`CREATE TYPE mood AS ENUM ('sad', 'it''s "b\\c" {,}'); CREATE DOMAIN temper AS mood;
      CREATE TABLE people (id int PRIMARY KEY, mood temper, moods mood[])`);
    await using running = startSource(db);
    await untilStreaming(db, running);
    // Each is taken before the next, so that the type is not read ahead of what is shown here.
    const steps: readonly (readonly [changes: number, ...sql: string[]])[] = [
      [1, `INSERT INTO people SELECT 1, m, ARRAY[m, NULL, 'sad'] FROM unnest(enum_range(NULL::mood)) m ORDER BY m DESC LIMIT 1`],
      [2, `ALTER TYPE mood ADD VALUE 'so so' BEFORE 'sad'`, `ALTER TYPE mood ADD VALUE 'null'`, `UPDATE people SET mood = 'so so'`],
      [5, `ALTER TYPE mood ADD VALUE 'happy'`, `UPDATE people SET id = 2, moods = '{{happy},{"null"}}'`],
      [6, `INSERT INTO people VALUES (3, 'happy', '{}')`],
      // What its text was is not in the catalog any more when it is asked for.
      [
        9,
        `ALTER TYPE mood ADD VALUE 'odd'`,
        `BEGIN; INSERT INTO people VALUES (4, 'odd'), (5, 'odd'); ALTER TYPE mood RENAME VALUE 'odd' TO 'even';
         INSERT INTO people VALUES (6, 'even'); COMMIT`,
      ],
    ];
    for (const [changes, ...statements] of steps) {
      for (const sql of statements) await db.query(sql);
      await running.out.untilChanges(changes);
    }
    const told = running.out.changes.map(({ after, schemaId }) => {
      const schema = running.out.shapes.find((shape) => shape.schema.id === schemaId)?.schema.columns;
      const [mood, moods] = [schema?.[1]?.schema.parameters?.['allowed'], schema?.[2]?.schema.items?.parameters?.['allowed']];
      assert.equal(mood, moods);
      return [after?.['id'], after?.['mood'], mood];
    });
    const odd = `it's "b\\c" {,}`;
    const happy = `so so,sad,${odd},null,happy`;
    assert.deepEqual(told, [
      ['1', odd, `sad,${odd}`],
      ['1', 'so so', `so so,sad,${odd},null`],
      [undefined, undefined, happy],
      [undefined, undefined, happy],
      ['2', 'so so', happy],
      ['3', 'happy', happy],
      ['4', 'odd', `${happy},even`],
      ['5', 'odd', `${happy},even`],
      ['6', 'even', `${happy},even`],
    ]);
    assert.equal(new Set(running.out.changes.map(({ schemaId }) => schemaId)).size, 4, 'read again only for what is new');
  });
}
