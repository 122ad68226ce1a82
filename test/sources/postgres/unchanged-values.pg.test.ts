import assert from 'node:assert/strict';
import { test } from 'node:test';

import { jsonValueWriter } from '../../../src/json/json-value-writer.ts';
import { CellState } from '../../../src/record/tuple-view.ts';
import { loadTables } from '../../../src/sources/postgres/catalog.ts';
import { TypeCatalog } from '../../../src/sources/postgres/type-catalog.ts';
import { createDatabase, type Database } from '../../support/database.ts';
import { CellShape } from './cell-shape.ts';
import { DecoderFixture } from './decoder-fixture.ts';
import { servers } from './servers.ts';
import { testSettings } from './test-settings.ts';
import { binaries, decimals, hstores, intervals, times } from './type-walk.ts';

const json = jsonValueWriter({ decimalNumeric: false });

/** Values that Postgres stores apart. A scalar of fixed size never is. */
const large: readonly (readonly [type: string, value: string])[] = [
  ...['text', 'varchar(4000)', 'char(3000)', 'citext', 'ltree', 'xml', 'bytea', 'hstore', 'json', 'jsonb'].map(textual),
  ['"char"[]', `array_fill('x'::"char", ARRAY[300])`],
  ['tsvector', `to_tsvector('simple', (SELECT string_agg('w' || i, ' ') FROM generate_series(1, 300) i))`],
  ['jsonpath', `('$.' || repeat('x', 3000))::jsonpath`],
  ['varbit', `repeat('10', 3000)::varbit`],
  ['bit(6000)', `repeat('10', 3000)::bit(6000)`],
  ['numeric', `(repeat('7', 3000))::numeric`],
  ['numeric(900,100)', `(repeat('7', 800))::numeric`],
  ['numeric(60)', `(repeat('7', 60))::numeric`],
  ['large_number', `(repeat('7', 3000))::numeric`],
  ['path', `(SELECT ('[' || string_agg('(' || i || ',1)', ',') || ']')::path FROM generate_series(1, 300) i)`],
  ['polygon', `(SELECT ('(' || string_agg('(' || i || ',1)', ',') || ')')::polygon FROM generate_series(1, 300) i)`],
  ['numrange', `numrange(repeat('7', 3000)::numeric, NULL)`],
  ['nummultirange', `nummultirange(numrange(repeat('7', 3000)::numeric, NULL))`],
  ['textrange', `textrange('a', repeat('b', 3000))`],
  ['pairrange', `pairrange(ROW(1, repeat('b', 3000))::pair, NULL)`],
  ['spanrange', `spanrange('1 day', '2 days')`],
  ['int4multirange', `(SELECT range_agg(int4range(2 * i, 2 * i + 1)) FROM generate_series(1, 300) i)`],
  [
    'datemultirange',
    `(SELECT range_agg(daterange('2020-01-01'::date + 2 * i, '2020-01-01'::date + 2 * i + 1)) FROM generate_series(1, 300) i)`,
  ],
  ['pair', `ROW(1, repeat('x', 3000))::pair`],
  ['pair_domain', `ROW(1, repeat('x', 3000))::pair`],
  ['numbers', `ROW(1, 2, 3, 4)::numbers`],
  [
    'everything',
    `ROW(ROW(1, 'x')::pair, ARRAY[ROW(1, 'x')::pair], 1, '[1,2]', '{[1,2]}', 'a=>1', '((1,2))', '(1,2),(3,4)', '{"(1,2),(3,4)"}', ARRAY[1], 'now', 'ok', now(), '{ok}')::everything`,
  ],
  ['int_list', `array_fill(1, ARRAY[300])`],
  ...[
    ...['smallint', 'integer', 'bigint', 'oid', 'real', 'double precision', 'numeric', 'numeric(9,2)', 'money', 'large_number'].map(
      (type) => [type, '1'] as const,
    ),
    ...['text', 'varchar(9)', 'char(6)', 'name', 'citext', 'ltree', 'xml', 'bytea', 'mood', 'mood_domain'].map(
      (type) => [type, 'ok'] as const,
    ),
    ['boolean', 't'],
    ['uuid', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
    ['json', '1'],
    ['jsonb', '1'],
    ['jsonpath', '$.a'],
    ['hstore', 'a=>1'],
    ['inet', '10.0.0.1'],
    ['cidr', '10.0.0.0/8'],
    ['macaddr', '08:00:2b:01:02:03'],
    ['bit(2)', '11'],
    ['bit(1)', '1'],
    ['varbit', '1'],
    ['date', '2020-01-02'],
    ['time', '10:00'],
    ['time(3)', '10:00'],
    ['timestamp', '2020-01-02 10:00'],
    ['timestamp(3)', '2020-01-02 10:00'],
    ['timestamptz', '2020-01-02 10:00+00'],
    ['timetz', '10:00+00'],
    ['interval', '1 day'],
    ['tsvector', 'a'],
    ['tsquery', 'a'],
    ['point', '(1,2)'],
    ['line', '{1,2,3}'],
    ['lseg', '[(1,2),(3,4)]'],
    ['box', '(1,2),(3,4)'],
    ['path', '[(1,2),(3,4)]'],
    ['polygon', '((1,2),(3,4))'],
    ['circle', '<(1,2),3>'],
    ['int4range', '[1,2)'],
    ['numrange', '[1,2)'],
    ['tsrange', '[2020-01-02 10:00,)'],
    ['daterange', '[2020-01-02,)'],
    ['textrange', '[a,b)'],
    ['pairrange', '["(1,a)",)'],
    ['spanrange', '[1 day,)'],
    ['int4multirange', '{[1,2)}'],
    ['textmultirange', '{[a,b)}'],
    ['pair', '(1,a)'],
    ['pair_domain', '(1,a)'],
    ['numbers', '(1,2,3,4)'],
    ['int_list', '{1,2}'],
    ['xid8', '1'],
    ['pg_lsn', '1/1'],
  ].map(([type, element]): readonly [string, string] => [`${type}[]`, `array_fill('${element}'::${type}, ARRAY[300])`]),
];

function textual(type: string): readonly [string, string] {
  const text = type === 'hstore' ? 'a=>' : type === 'xml' ? '<a/>' : '';
  const value = type.startsWith('json') ? `to_json(repeat('x', 3000))` : `${text === '' ? '' : `'${text}' || `}repeat('x', 3000)`;
  return [type, `(${type === 'ltree' ? `repeat('x.', 300) || 'x'` : value})::${type}`];
}

const prologue = `
  CREATE EXTENSION citext; CREATE EXTENSION ltree; CREATE EXTENSION hstore;
  CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE DOMAIN mood_domain AS mood; CREATE DOMAIN large_number AS numeric; CREATE DOMAIN int_list AS int[];
  CREATE TYPE pair AS (a int, b text); CREATE DOMAIN pair_domain AS pair; CREATE TYPE numbers AS (a int, b bigint, c int, d int);
  CREATE TYPE textrange AS RANGE (subtype = text, multirange_type_name = textmultirange); CREATE TYPE pairrange AS RANGE (subtype = pair);
  CREATE TYPE spanrange AS RANGE (subtype = interval);
  CREATE TYPE everything AS (p pair, list pair[], n numeric, r numrange, m nummultirange, h hstore, g path, b box, bs box[], i int_list, t timestamp,
    e mood, z timestamptz, es mood[]);`;

type Cell = readonly [type: string, typeOid: number, typmod: number, state: number | undefined];

/** The columns as an update of something else leaves them in the stream. */
async function updated(database: Database, types: TypeCatalog): Promise<readonly Cell[]> {
  await database.query(`
    CREATE TABLE wide (id int PRIMARY KEY, n int, ${large.map(([type], at) => `c${at} ${type}`).join(', ')}) WITH (toast_tuple_target = 128);
    CREATE PUBLICATION wide FOR TABLE wide;
    DO $$ BEGIN EXECUTE (SELECT 'ALTER TABLE wide ' || string_agg('ALTER ' || attname || ' SET STORAGE EXTERNAL', ', ')
      FROM pg_attribute WHERE attrelid = 'wide'::regclass AND attstorage IN ('x', 'm')); END $$;
    INSERT INTO wide VALUES (1, 0, ${large.map(([, value]) => value).join(', ')})`);
  await database.query(`SELECT pg_create_logical_replication_slot('${database.name}', 'pgoutput')`);
  await database.query('UPDATE wide SET n = 1');
  const messages = await database.query<{ data: Buffer }>(
    `SELECT data FROM pg_logical_slot_get_binary_changes('${database.name}', NULL, NULL, 'proto_version', '1', 'publication_names', 'wide')`,
  );
  const client = await database.connect();
  const [info] = await loadTables(client, { accepts: (_schema, table) => table === 'wide' });
  if (info === undefined) throw new Error('the table is gone');
  await types.resolve(
    client,
    info.columns.map(({ typeOid }) => typeOid),
  );
  const fixture = new DecoderFixture([], {
    settings: { 'connector.class': 'millrace.PostgresSource' },
    catalog: { table: async () => info, types: async () => types },
  });
  let states: readonly number[] = [];
  fixture.out.emit = ({ after }) => {
    states = [...after.state.subarray(0, after.count)];
    return true;
  };
  await fixture.feed(messages.map(({ data }) => Buffer.concat([Buffer.from([0x77]), Buffer.alloc(24), data])));
  return large.map(([type], at) => {
    const place = info.columns.findIndex(({ name }) => name === `c${at}`);
    const { typeOid = 0, typmod = -1 } = info.columns[place] ?? {};
    return [type, typeOid, typmod, states[place]];
  });
}

/** Every mode of every kind, each beside others; those with the most forms first. */
const runs = [
  ...times.map((time, at) => modesOf(time, at, 'array', 'struct')),
  ...['array', 'struct', 'text'].flatMap((arrays, at) => [
    modesOf('adaptive', at, arrays, 'struct'),
    modesOf('adaptive', at + 1, arrays, 'text'),
  ]),
];

function modesOf(time: string, at: number, arrays: string, structs: string): Readonly<Record<string, string>> {
  return {
    'connector.class': at % 2 === 0 ? 'millrace.PostgresSource' : 'io.debezium.connector.postgresql.PostgresConnector',
    'array.handling.mode': arrays,
    'range.handling.mode': structs,
    'geometric.handling.mode': structs,
    'composite.handling.mode': structs,
    'time.precision.mode': time,
    'decimal.handling.mode': decimals[at % 3] ?? '',
    'interval.handling.mode': intervals[at % 2] ?? '',
    'binary.handling.mode': binaries[at % 4] ?? '',
    'hstore.handling.mode': hstores[at % 2] ?? '',
    'include.unknown.datatypes': 'true',
  };
}

for (const [version, url] of servers) {
  test(`Postgres ${version}: a value of any type that an update did not send is written, in every mode`, async () => {
    await using database = await createDatabase(url);
    await database.query(prologue);
    const types = await TypeCatalog.load(await database.connect());
    const cells = await updated(database, types);
    for (const [type, , , state] of cells) assert.equal(state, CellState.UNCHANGED, `${type} is not stored apart`);
    // What the modes make of a type is the same everywhere.
    for (const modes of version === 'newest' ? runs : runs.slice(0, 2)) {
      const settings = testSettings(modes);
      for (const [type, typeOid, typmod] of cells) {
        const where = `${type} with ${Object.values(modes).join(', ')}`;
        try {
          const shape = new CellShape(types, settings, typeOid, typmod);
          assert.notEqual(shape.decoded(null), null, where);
          assert.notEqual(JSON.parse(shape.written(null, json).toString()), null, where);
        } catch (error) {
          throw new Error(where, { cause: error });
        }
      }
    }
  });
}
