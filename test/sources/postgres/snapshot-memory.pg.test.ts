import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { createDatabase } from '../../support/database.ts';
import { startSource, untilStreaming, untilTrue } from './source-fixture.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

test('what a snapshot knew of its tables is gone when the stream goes on; what the stream knows of them is there', async () => {
  await using db = await createDatabase();
  await db.query(`CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY); CREATE TABLE c (id int PRIMARY KEY);
    INSERT INTO a SELECT generate_series(1, 3); INSERT INTO b SELECT generate_series(1, 3)`);
  const schemas: WeakRef<object>[] = [];
  let rows = 0;
  await using running = startSource(db, {
    extra: { 'snapshot.mode': 'initial', 'snapshot.max.threads': '2' },
    prepare(out) {
      // As the task's outlet, it keeps no shape by itself.
      out.declare = async ({ schema }) => void schemas.push(new WeakRef(schema));
      out.emit = () => ((rows += 1), true);
    },
  });
  await untilStreaming(db, running);
  assert.deepEqual([rows, schemas.length], [6, 6], 'each table is declared twice');
  const kept = (): number[] => {
    collect();
    return schemas.flatMap((schema, index) => (schema.deref() === undefined ? [] : index));
  };
  // Connections that are closing let go of theirs a little later.
  await untilTrue(() => Promise.resolve(kept().every((index) => index >= 3)), 30_000).catch(() => {});
  assert.deepEqual(kept(), [3, 4, 5]);
});
