import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import type { Schema } from '../../src/record/schema.ts';
import { CommittedReader, type CommittedRecord } from '../support/committed-reader.ts';
import { connectSchema } from '../support/connect-schema.ts';
import { createDatabase, type Database } from '../support/database.ts';
import { postgresLiteral } from '../support/postgres-literal.ts';
import { stack } from '../support/stack.ts';
import { uniqueName } from '../support/unique-name.ts';
import { connectionConfig, onePartition, WorkerStage, type Settings } from '../support/worker-stage.ts';

let stage: WorkerStage;
before(async () => {
  stage = await WorkerStage.open();
});
after(() => stage[Symbol.asyncDispose]());

/** Each column with its type, and two values of it; a third row is nothing but nulls. */
const columns: readonly (readonly [name: string, type: string, one: string, other: string])[] = [
  ['pair', 'pair', `(1, 'a "b", (c\\d)')`, `(NULL, '')`],
  [
    'place',
    'place',
    `(ROW(2, NULL), ARRAY[ROW(3, 'x')::pair, NULL], 1.5, '0044-03-15 BC', '2020-01-02 03:04:05.6+07', '{{a,NULL},{"",ü}}', 'so so', '[1,5)')`,
    `(NULL, '{}', NULL, NULL, 'infinity', '{}', NULL, 'empty')`,
  ],
  ['places', 'place[]', `ARRAY[ROW(ROW(4, 'y'), NULL, -0.07, NULL, NULL, NULL, 'ok', NULL)::place, NULL]`, `'{}'`],
  ['pairs', 'pair[]', `ARRAY[ARRAY[ROW(5, 'z')::pair, NULL], ARRAY[ROW(6, ',')::pair, ROW(NULL, NULL)::pair]]`, `'[0:0]={"(7,)"}'`],
  ['grid', 'int[]', `'{{1,2},{NULL,4}}'`, `'[0:1][5:5]={{8},{9}}'`],
  ['words', 'text[]', `'{{{a},{"NULL"}},{{NULL},{"{\\""}}}'`, `'{}'`],
  ['amounts', 'numeric(9,3)[]', `'{{1.5,-2.25}}'`, `'[-2:-1]={0.001,NULL}'`],
  ['numbers', 'numeric[]', `'{{1.5},{-100000000000000000000}}'`, `'{}'`],
  ['lists', 'ints[]', `'{"{1,2}",NULL}'`, `'{"{{3},{4}}"}'`],
  ['moments', 'timestamptz[]', `'{{2020-01-02 03:04:05.678901+02,infinity}}'`, `'{NULL}'`],
  ['span', 'int8range', `'[1,5)'`, `'(,)'`],
  ['time_span', 'tstzrange', `'(2020-01-02 00:00+00,infinity]'`, `'empty'`],
  ['spans', 'tsrange[]', `'{"[2020-01-02 03:04:05.5,)",NULL,empty}'`, `'{}'`],
  ['many', 'nummultirange', `'{[1.5,2),[3,)}'`, `'{}'`],
  ['day', 'date', `'2024-02-29'`, `'0001-01-01 BC'`],
  ['clock', 'time(3)', `'23:59:59.999'`, `'24:00:00'`],
  ['moment', 'timestamp', `'1969-12-31 23:59:59.999999'`, `'2020-01-02 03:04:05'`],
  ['zoned', 'timestamptz', `'2020-01-02 03:04:05.000001-11'`, `'0044-03-15 00:00+00 BC'`],
  ['long', 'interval', `'1 year -2 mons 3 days -04:05:06.000007'`, `'0'`],
  ['circle', 'circle', `'<(1.5,-2),3>'`, `'<(0,0),0>'`],
  ['box', 'box', `'(2,2),(1,1)'`, `'(0,0),(0,0)'`],
  ['way', 'path', `'[(0,0),(1,1.25)]'`, `'((0,0),(1,1))'`],
  ['boxes', 'box[]', `'{{(2,2),(1,1);NULL}}'`, `'{}'`],
  ['state', 'mood[]', `'{{ok},{so so}}'`, `'{ok,NULL}'`],
];

const setup = `CREATE TYPE mood AS ENUM ('ok', 'so so'); CREATE TYPE pair AS (n int, t text); CREATE DOMAIN ints AS int[];
  CREATE TYPE place AS (at pair, list pair[], amount numeric, day date, moment timestamptz, tags text[], state mood, span int4range);
  CREATE TABLE things (id int PRIMARY KEY, ${columns.map(([name, type]) => `${name} ${type}`).join(', ')});
  ALTER TABLE things REPLICA IDENTITY FULL`;

const modes: Readonly<Record<string, Settings>> = {
  'millrace.PostgresSource, everything as structs': {
    'connector.class': 'millrace.PostgresSource',
    'time.precision.mode': 'structured',
    'array.handling.mode': 'struct',
    'range.handling.mode': 'struct',
    'geometric.handling.mode': 'struct',
  },
  'millrace.PostgresSource, composites and arrays as text': {
    'connector.class': 'millrace.PostgresSource',
    'composite.handling.mode': 'text',
    'array.handling.mode': 'text',
    'time.precision.mode': 'microseconds',
    'interval.handling.mode': 'string',
  },
  "Debezium's class, structs for the columns that need them": {
    'composite.handling.mode': 'struct',
    'array.handling.mode': 'struct',
    'range.handling.mode': 'struct',
    'geometric.handling.mode': 'struct',
    'time.precision.mode': 'isostring',
    'decimal.handling.mode': 'string',
    'interval.handling.mode': 'string',
  },
};

type Image = Readonly<Record<string, unknown>>;

test(
  "columns of structs, arrays of any form, ranges: what the registry's decoder reads is what Postgres says of the row",
  { timeout: 200_000 },
  async () => {
    await using db = await createDatabase();
    await db.query(setup);
    const rows = (from: number): string[] => [
      `INSERT INTO things VALUES (${from}, ${columns.map(([, , one]) => one).join(', ')})`,
      `INSERT INTO things VALUES (${from + 1}, ${columns.map(([, , , other]) => other).join(', ')})`,
      `INSERT INTO things VALUES (${from + 2})`,
    ];
    for (const statement of rows(1)) await db.query(statement);
    const names = Object.keys(modes).map(() => uniqueName('structs'));
    for (const [index, settings] of Object.values(modes).entries()) {
      const name = names[index] as string;
      await stage.create(name, { ...connectionConfig(db, name), ...onePartition, ...settings });
    }
    const topics = names.map((name) => `${name}.public.things`);
    await using reader = await CommittedReader.open(topics);
    const of = (topic: string): CommittedRecord[] => reader.records.filter((record) => record.topic === topic);
    const until = (count: number): Promise<void> =>
      reader.until(
        () => topics.every((topic) => of(topic).length >= count),
        () => topics.map((topic) => of(topic).length).join(),
      );
    const expected = [...(await inPostgres(db))];
    await until(3);
    for (const statement of rows(11)) await db.query(statement);
    expected.push(...(await inPostgres(db)).slice(3));
    // Each row gets the values of the one that stands two before it, so that all have a before and an after.
    await db.query(`UPDATE things t SET (${columns.map(([name]) => name).join(', ')}) = (SELECT ${columns.map(([name]) => `o.${name}`).join(', ')}
      FROM things o WHERE o.id = CASE WHEN t.id % 10 = 3 THEN 1 ELSE t.id + 1 END) WHERE id > 10 AND id < 13 OR id = 3`);
    const updated = await inPostgres(db);
    await until(9);
    for (const topic of topics) {
      const images = of(topic).map(({ value }) => value as { readonly before: Image | null; readonly after: Image });
      const schema = await afterSchema(of(topic)[0]?.rawValue as Buffer);
      const read = await asPostgresReads(
        db,
        schema,
        images.slice(0, 6).map((image) => image.after),
      );
      assert.deepEqual(read, expected, topic);
      const changes = images.slice(6);
      const before = await asPostgresReads(
        db,
        schema,
        changes.map((image) => image.before as Image),
      );
      const after = await asPostgresReads(
        db,
        schema,
        changes.map((image) => image.after),
      );
      const [byId, newById] = [expected, updated].map((list) => new Map(list.map((row) => [idOf(row), row])));
      assert.deepEqual(
        before,
        before.map((row) => byId?.get(idOf(row))),
        topic,
      );
      assert.deepEqual(
        after,
        after.map((row) => newById?.get(idOf(row))),
        topic,
      );
      assert.deepEqual(
        after.map(idOf).toSorted((left, right) => left - right),
        [3, 11, 12],
      );
    }
    for (const name of names) await stage.remove(name);
  },
);

async function inPostgres(db: Database): Promise<string[]> {
  const rows = await db.query<{ row: string }>('SELECT to_jsonb(t)::text AS row FROM things t ORDER BY id');
  return rows.map(({ row }) => row);
}

/** Every column of the decoded rows as a literal of the column's type, and what Postgres says of that row then. */
async function asPostgresReads(db: Database, schema: Schema, images: readonly Image[]): Promise<string[]> {
  const wanted: readonly (readonly [name: string, type: string, ...unknown[]])[] = [['id', 'int'], ...columns];
  const list = wanted.map(([name, type], index) => `$${index + 1}::text::${type} AS ${name}`).join(', ');
  const rows: string[] = [];
  for (const image of images) {
    const literals = wanted.map(([name]) => {
      const field = schema.fields?.find((each) => each.name === name);
      assert.ok(field !== undefined && name in image, `${name} is missing`);
      return image[name] === null ? null : postgresLiteral(field.schema, exact(field.schema, image[name]));
    });
    const [found] = await db.query<{ row: string }>(`SELECT to_jsonb(t)::text AS row FROM (SELECT ${list}) t`, literals);
    rows.push(found?.row ?? '');
  }
  return rows;
}

/** Where a long has a semantic name the registry's decoder makes a number of it. */
function exact(schema: Schema, value: unknown): unknown {
  if (value === null) return null;
  if (schema.type === 'int64') return BigInt(value as number);
  if (schema.type === 'array') return (value as unknown[]).map((item) => exact(schema.items as Schema, item));
  if (schema.type !== 'struct') return value;
  return Object.fromEntries((schema.fields ?? []).map(({ name, schema: inner }) => [name, exact(inner, (value as Image)[name])]));
}

async function afterSchema(value: Buffer): Promise<Schema> {
  const answer = await fetch(`${stack.registry}/schemas/ids/${value.readUInt32BE(1)}`);
  const envelope = connectSchema(((await answer.json()) as { schema: string }).schema);
  return envelope.fields?.find(({ name }) => name === 'after')?.schema as Schema;
}

function idOf(row: string): number {
  return (JSON.parse(row) as { id: number }).id;
}
