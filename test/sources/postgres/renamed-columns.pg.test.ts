import assert from 'node:assert/strict';
import { test } from 'node:test';

import avsc from 'avsc';

import { avroSchemaText } from '../../../src/avro/avro-schema.ts';
import type { Shape } from '../../../src/record/shape.ts';
import { createDatabase, type Database } from '../../support/database.ts';
import { execute, untilNote, withNotes } from './adhoc/adhoc-harness.ts';
import { servers } from './servers.ts';
import { startSource, untilStreaming, type Running } from './source-fixture.ts';

const own = { 'connector.class': 'millrace.PostgresSource', ...withNotes };

interface AvroField {
  readonly name: string;
  readonly type: unknown;
  readonly aliases?: readonly string[];
}

/** The row in the Avro schema of a shape. */
function rowSchema(shape: Shape | undefined): { fields: readonly AvroField[] } {
  assert.ok(shape?.value !== null && shape?.value !== undefined);
  const envelope = JSON.parse(avroSchemaText(shape.value.schema, { connectMetaData: true })) as { fields: readonly AvroField[] };
  const before = envelope.fields.find(({ name }) => name === 'before')?.type as readonly { fields: readonly AvroField[] }[];
  const row = before[1];
  assert.ok(row !== undefined);
  return row;
}

/** The shape of the last record of the table, fields as `name` or `name < former names`. */
function fields(running: Running): string[] {
  const { schemaId } = running.out.changes.findLast(({ table }) => table === 'public.people') ?? {};
  return rowSchema(running.out.shapes.find(({ schema }) => schema.id === schemaId)).fields.map(({ name, aliases }) =>
    aliases === undefined ? name : `${name} < ${aliases.join(', ')}`,
  );
}

let number = 1;
async function insert(database: Database, running: Running): Promise<void> {
  number += 1;
  const id = String(number);
  await database.query(`INSERT INTO people (id) VALUES (${id})`);
  await running.out.until(() => running.out.changes.some(({ table, after }) => table === 'public.people' && after?.['id'] === id));
}

for (const [version, url] of servers) {
  test(`Postgres ${version}: a renamed column has its former names as aliases, also after a restart; one that took its place has none`, async () => {
    await using database = await createDatabase(url);
    await database.query(
      `CREATE TABLE people (id int PRIMARY KEY, name text NOT NULL DEFAULT 'x', born date, gone int); ALTER TABLE people DROP COLUMN gone`,
    );
    let offsets;
    {
      await using running = startSource(database, { extra: own });
      await untilStreaming(database, running);
      await insert(database, running);
      assert.deepEqual(fields(running), ['id', 'name', 'born']);
      const old = running.out.shapes.findLast(({ schema }) => schema.name.endsWith('people'));
      await database.query('ALTER TABLE people RENAME COLUMN name TO full_name; ALTER TABLE people ADD COLUMN extra int');
      await insert(database, running);
      assert.deepEqual(fields(running), ['id', 'full_name < name', 'born', 'extra']);
      const fresh = running.out.shapes.findLast(({ schema }) => schema.name.endsWith('people'));
      const [written, reader] = [old, fresh].map((shape) => avsc.Type.forSchema(rowSchema(shape) as unknown as avsc.Schema));
      assert.ok(written !== undefined && reader !== undefined);
      const bytes = written.toBuffer({ id: 7, name: 'Ada', born: null });
      assert.equal((reader.fromBuffer(bytes, reader.createResolver(written)) as { full_name: string }).full_name, 'Ada');
      await database.query(
        'BEGIN; ALTER TABLE people RENAME COLUMN full_name TO title; ALTER TABLE people RENAME COLUMN extra TO name; COMMIT',
      );
      await insert(database, running);
      assert.deepEqual(fields(running), ['id', 'title < full_name', 'born', 'name < extra'], 'a name in use is no alias');
      await running.out.until(() => JSON.stringify(running.out.boundaries.at(-1)?.offset?.['columns_renamed'] ?? '').includes('full_name'));
      offsets = running.out.boundaries.slice(-1);
    }
    await using running = startSource(database, { extra: own, offsets });
    await untilStreaming(database, running);
    await insert(database, running);
    assert.deepEqual(fields(running), ['id', 'title < full_name', 'born', 'name < extra']);
    await execute(running, ['public.people']);
    await untilNote(running, 'COMPLETED');
    assert.deepEqual(fields(running), ['id', 'title < full_name', 'born', 'name < extra'], 'read with the same schema');
    await database.query(
      'ALTER TABLE people DROP COLUMN name; ALTER TABLE people ADD COLUMN name int; ALTER TABLE people DROP COLUMN born; ALTER TABLE people ADD COLUMN day date',
    );
    await insert(database, running);
    assert.deepEqual(
      fields(running)
        .filter((field) => /name|day/.test(field))
        .filter((field) => !field.startsWith('title')),
      ['name', 'day'],
    );
  });
}

test('what was masked or left out stays so under its new name', async () => {
  await using database = await createDatabase();
  await database.query(`CREATE TABLE people (id int PRIMARY KEY, ssn text DEFAULT 'secret', pin text DEFAULT '1234')`);
  const extra = { 'column.mask.with.3.chars': 'public.people.ssn', 'column.exclude.list': 'public.people.pin' };
  for (const [dialect, names] of [
    [own, ['id', 'social < ssn']],
    [{}, ['id', 'social2', 'code2']],
  ] as const) {
    await using running = startSource(database, { extra: { ...extra, ...dialect, 'slot.drop.on.stop': 'true' } });
    await untilStreaming(database, running);
    await insert(database, running);
    if (names.length === 2) await database.query('ALTER TABLE people RENAME ssn TO social; ALTER TABLE people RENAME pin TO code');
    else await database.query('ALTER TABLE people RENAME social TO social2; ALTER TABLE people RENAME code TO code2');
    await insert(database, running);
    assert.deepEqual(fields(running), names);
    const { schemaId } = running.out.changes.at(-1) ?? {};
    const row = JSON.stringify(rowSchema(running.out.shapes.find(({ schema }) => schema.id === schemaId)));
    assert.equal(row.includes('"masked":"true"'), names.length === 2);
  }
});
