import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { createDatabase } from '../../support/database.ts';
import { startSource, untilStreaming, untilTrue } from './source-fixture.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

test('a snapshot lets go of what it knew of a table when it has been read, and of all before the stream declares its own', async () => {
  await using db = await createDatabase();
  await db.query(
    ['a', 'b', 'c'].map((table) => `CREATE TABLE ${table} (id int PRIMARY KEY); INSERT INTO ${table} VALUES (1), (2)`).join(';'),
  );
  const schemas: { readonly name: string; readonly schema: WeakRef<object> }[] = [];
  const read: string[] = [];
  const inLastTable = Promise.withResolvers<void>();
  const room = Promise.withResolvers<void>();
  /** Of these nothing is left; what is on its way goes a little later. */
  const untilGone = (names: readonly string[]): Promise<void> =>
    untilTrue(() => {
      collect();
      return Promise.resolve(schemas.slice(0, 3).every(({ name, schema }) => !names.includes(name) || schema.deref() === undefined));
    }, 30_000);
  await using running = startSource(db, {
    extra: { 'snapshot.mode': 'initial' },
    prepare(out) {
      // As the task's outlet, it keeps no shape by itself.
      out.declare = async ({ schema }) => {
        if (schemas.length === 3) await untilGone(read);
        schemas.push({ name: schema.name, schema: new WeakRef(schema) });
      };
      out.emit = ({ schema }) => {
        read.push(schema.name);
        if (new Set(read).size < 3) return true;
        inLastTable.resolve();
        return false;
      };
      out.drained = () => room.promise;
    },
  });
  await Promise.race([inLastTable.promise, running.ended]);
  await untilGone(read.slice(0, 1));
  room.resolve();
  await untilStreaming(db, running);
  assert.deepEqual([read.length, schemas.length], [6, 6]);
  collect();
  assert.ok(
    schemas.slice(3).every(({ schema }) => schema.deref() !== undefined),
    'the stream keeps its own',
  );
});
