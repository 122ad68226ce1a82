import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { ChangeOutlet } from '../../../src/connect/source.ts';
import { Change } from '../../../src/record/change.ts';
import type { Schema } from '../../../src/record/schema.ts';
import type { Shape } from '../../../src/record/shape.ts';
import { createDatabase, type Database } from '../../support/database.ts';
import { JsonRows } from './json-rows.ts';
import { readSnapshot } from './one-snapshot.ts';
import { servers } from './servers.ts';
import { prologue, samples, unknown, type Sample } from './type-samples.ts';

class EncodingOutlet implements ChangeOutlet {
  readonly rows: Record<string, unknown>[] = [];
  readonly shapes: Shape[] = [];
  readonly #json = new JsonRows();

  declare(shape: Shape): Promise<void> {
    this.shapes.push(shape);
    this.#json.declare(shape);
    return Promise.resolve();
  }

  emit(change: Change): boolean {
    this.rows.push({ ...this.#json.after(change) });
    return true;
  }

  boundary(): boolean {
    return true;
  }

  reject(failure: Error): boolean {
    throw failure;
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }
}

async function snapshotOf(database: Database, extra: Readonly<Record<string, string>> = {}): Promise<EncodingOutlet> {
  const outlet = new EncodingOutlet();
  await readSnapshot(database, outlet, { extra });
  return outlet;
}

function valueFields(outlet: EncodingOutlet): ReadonlyMap<string, Schema> {
  const after = outlet.shapes[0]?.value.schema.fields?.find((field) => field.name === 'after');
  return new Map(after?.schema.fields?.map((field) => [field.name, field.schema]));
}

function outline(schema: Schema | undefined): Sample['schema'] {
  const { type = '', name, parameters } = schema ?? {};
  return [type, ...(name === undefined ? [] : [name]), ...(parameters === undefined ? [] : [parameters])] as unknown as Sample['schema'];
}

for (const [version, url] of servers) {
  test(`Postgres ${version}: every type becomes what Debezium makes of it`, async () => {
    await using database = await createDatabase(url);
    await database.query(prologue);
    const rowCount = Math.max(...samples.map((sample) => sample.values.length));
    await database.query(
      `CREATE TABLE samples (id int PRIMARY KEY, ${samples.map((sample, index) => `c${index} ${sample.type}`).join(', ')})`,
    );
    for (let row = 0; row < rowCount; row += 1) {
      const values = samples.map((sample) => `(${(sample.values[row] ?? ['NULL'])[0]})::${sample.type}`);
      await database.query(`INSERT INTO samples VALUES (${row}, ${values.join(', ')})`);
    }
    const outlet = await snapshotOf(database);
    const fields = valueFields(outlet);
    assert.equal(fields.size, samples.length + 1);
    for (const [index, sample] of samples.entries()) {
      const schema = fields.get(`c${index}`);
      assert.deepEqual(outline(schema), sample.schema, sample.type);
      assert.equal(schema?.optional, true, sample.type);
      if (sample.items !== undefined) {
        assert.deepEqual(outline(schema?.items), sample.items, sample.type);
        assert.equal(schema?.items?.optional, true, sample.type);
      }
      for (let row = 0; row < rowCount; row += 1) {
        const expected = row < sample.values.length ? sample.values[row]?.[1] : null;
        const found = outlet.rows[row]?.[`c${index}`];
        if (sample.type === 'point' && found !== null) delete (found as Record<string, unknown>)['wkb'];
        assert.deepEqual(found, expected, `${sample.type}: ${sample.values[row]?.[0]}`);
      }
    }
  });

  test(`Postgres ${version}: types that Debezium drops vanish under its class name and are text under ours`, async () => {
    await using database = await createDatabase(url);
    await database.query(prologue);
    await database.query(`CREATE TABLE samples (id int PRIMARY KEY, ${unknown.map(([type], index) => `c${index} ${type}`).join(', ')})`);
    await database.query(`INSERT INTO samples VALUES (1, ${unknown.map(([type, sql]) => `${sql}::${type}`).join(', ')})`);
    assert.deepEqual((await snapshotOf(database)).rows, [{ id: 1 }]);
    const texts = Object.fromEntries(unknown.map(([, , text], index) => [`c${index}`, text]));
    assert.deepEqual(
      (await snapshotOf(database, { 'connector.class': 'millrace.PostgresSource', 'composite.handling.mode': 'text' })).rows,
      [{ id: 1, ...texts }],
    );
  });

  test(`Postgres ${version}: defaults are parsed, functions become neutral values where NULL is not allowed`, async () => {
    await using database = await createDatabase(url);
    await database.query(prologue);
    await database.query(`CREATE TABLE samples (
      a serial PRIMARY KEY, b int DEFAULT 5, c int NOT NULL DEFAULT -5, d text DEFAULT 'it''s'::text, e varchar(9) NOT NULL DEFAULT 'x',
      f timestamp NOT NULL DEFAULT now(), g timestamp DEFAULT now(), h bool NOT NULL DEFAULT true, i numeric(5,2) DEFAULT 1.5,
      j mood NOT NULL DEFAULT 'ok', k jsonb NOT NULL DEFAULT '{}', l uuid NOT NULL DEFAULT gen_random_uuid(), m date DEFAULT '2020-01-02',
      n bit(3) DEFAULT B'101', o int[] DEFAULT '{1}', p text DEFAULT NULL, q float8 DEFAULT 0.25, r bigint DEFAULT 9007199254740993,
      s interval DEFAULT '1 day 02:00:00', t timestamptz DEFAULT '2020-01-02 03:04:05+02', u bytea DEFAULT '\\x01', v date DEFAULT ('now'::text)::date,
      w timestamp(3) DEFAULT '2020-01-02 03:04:05.678', x time DEFAULT '01:02:03', y numeric(4,1) NOT NULL DEFAULT (-1)::numeric)`);
    await database.query('INSERT INTO samples DEFAULT VALUES');
    const fields = valueFields(await snapshotOf(database));
    const defaults = Object.fromEntries([...fields].map(([name, schema]) => [name, schema.default]));
    assert.deepEqual(defaults, {
      a: 0,
      b: 5,
      c: -5,
      d: "it's",
      e: 'x',
      f: 0n,
      g: undefined,
      h: true,
      i: Uint8Array.of(0, 150),
      j: 'ok',
      k: '{}',
      l: '00000000-0000-0000-0000-000000000000',
      m: 18_263,
      n: Uint8Array.of(5),
      o: undefined,
      p: undefined,
      q: 0.25,
      r: 9_007_199_254_740_993n,
      s: 93_600_000_000n,
      t: '2020-01-02T01:04:05.000000Z',
      u: undefined,
      v: undefined,
      w: 1_577_934_245_678n,
      x: 3_723_000_000n,
      y: Uint8Array.of(246),
    });
  });
}

/** Mode → what columns of a fixed table become: Connect type, semantic name, and the value of the one row. */
const modes: readonly (readonly [
  mode: Readonly<Record<string, string>>,
  columns: Readonly<Record<string, readonly [outline: readonly unknown[], json: unknown]>>,
])[] = [
  [
    { 'decimal.handling.mode': 'string' },
    {
      n: [['string'], '10.1100'],
      p: [['string'], '1.10'],
      z: [['string'], '0.000'],
      b: [['string'], 'NAN'],
      i: [['string'], 'POSITIVE_INFINITY'],
    },
  ],
  [
    { 'decimal.handling.mode': 'double' },
    { n: [['float64'], 10.11], p: [['float64'], 1.1], b: [['float64'], 'NaN'], i: [['float64'], 'Infinity'] },
  ],
  [
    { 'time.precision.mode': 'adaptive_time_microseconds' },
    { t: [['int64', 'io.debezium.time.MicroTime'], 3_723_000_000], s: [['int64', 'io.debezium.time.Timestamp'], 1_577_934_245_678] },
  ],
  [
    { 'time.precision.mode': 'microseconds' },
    {
      d: [['int32', 'io.debezium.time.Date'], 18_263],
      t: [['int64', 'io.debezium.time.MicroTime'], 3_723_000_000],
      s: [['int64', 'io.debezium.time.MicroTimestamp'], 1_577_934_245_678_000],
    },
  ],
  [
    { 'time.precision.mode': 'connect' },
    {
      d: [['int32', 'org.apache.kafka.connect.data.Date'], 18_263],
      t: [['int32', 'org.apache.kafka.connect.data.Time'], 3_723_000],
      s: [['int64', 'org.apache.kafka.connect.data.Timestamp'], 1_577_934_245_678],
    },
  ],
];

test('the other modes of decimals and times', async () => {
  await using database = await createDatabase();
  await database.query(`CREATE TABLE samples (id int PRIMARY KEY, n numeric, p numeric(5,2), z numeric, b numeric, i numeric, d date, t time(0), s timestamp(3));
    INSERT INTO samples VALUES (1, 10.1100, 1.1, 0.000, 'NaN', 'Infinity', '2020-01-02', '01:02:03', '2020-01-02 03:04:05.678')`);
  for (const [mode, columns] of modes) {
    const exotic = Object.keys(mode)[0] === 'time.precision.mode' ? { 'column.exclude.list': 'public.samples.[bi]' } : {};
    const outlet = await snapshotOf(database, { ...mode, ...exotic });
    const fields = valueFields(outlet);
    for (const [name, [expected, json]] of Object.entries(columns)) {
      assert.deepEqual(outline(fields.get(name)), expected, `${name} with ${JSON.stringify(mode)}`);
      assert.deepEqual(outlet.rows[0]?.[name], json, `${name} with ${JSON.stringify(mode)}`);
    }
  }
});
