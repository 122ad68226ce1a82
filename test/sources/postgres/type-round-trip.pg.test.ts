import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';

import { TypeCatalog } from '../../../src/sources/postgres/type-catalog.ts';
import { createDatabase, type Database } from '../../support/database.ts';
import { postgresLiteral } from '../../support/postgres-literal.ts';
import { CellShape } from './cell-shape.ts';
import {
  quoted,
  as,
  awkward,
  micros,
  moment,
  orInfinite,
  timestamps,
  zoned,
  finiteDates,
  times,
  zonedTimes,
  intervals,
  numerics,
  doubles,
  number,
  point,
  points,
  bits,
  arrays,
  itemText,
  field,
  pairs,
  nested,
  ranges,
  multiranges,
  hstores,
} from './random-values.ts';
import { servers } from './servers.ts';
import { testSettings } from './test-settings.ts';

/**
 * Any value that Postgres can print comes back as itself: it prints values drawn by chance, they go through the shape, the
 * encoder and Avro, avsc decodes them, and Postgres reads the literal of what came out and compares it with the value.
 */
interface RoundTrip {
  readonly type: string;
  /** SQL expressions of the type. */
  readonly values: fc.Arbitrary<string>;
  readonly modes?: Readonly<Record<string, string>>;
  /** How `a` and `b` are compared; by default as they are printed, which tells more than equality does. */
  readonly same?: string;
}

const text = { same: 'a::text = b::text' };
const equal = { same: 'a = b' };
const structs = {
  'connector.class': 'millrace.PostgresSource',
  'array.handling.mode': 'struct',
  'range.handling.mode': 'struct',
  'geometric.handling.mode': 'struct',
  'time.precision.mode': 'structured',
};
const structured = { 'time.precision.mode': 'structured' };
const ours = { 'connector.class': 'millrace.PostgresSource' };

const trips: readonly RoundTrip[] = [
  { type: 'boolean', values: fc.constantFrom('true', 'false') },
  { type: 'smallint', values: fc.integer({ min: -32_768, max: 32_767 }).map((value) => as('int2')(String(value))) },
  { type: 'integer', values: fc.integer().map((value) => as('int4')(String(value))) },
  { type: 'bigint', values: fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }).map((value) => as('int8')(String(value))) },
  { type: 'oid', values: fc.nat(0xffff_ffff).map((value) => as('oid')(String(value))) },
  { type: 'real', values: fc.float().map((value) => `${quoted(String(value))}::float8::float4`) },
  { type: 'double precision', values: doubles },
  { type: 'numeric', values: numerics, ...equal },
  {
    type: 'numeric',
    values: fc.oneof(numerics, fc.constantFrom('0', '0.00').map(as('numeric'))),
    modes: { 'decimal.handling.mode': 'string' },
  },
  {
    type: 'numeric(30,6)',
    values: fc.bigInt({ min: -(10n ** 29n), max: 10n ** 29n }).map((value) => `(${value}::numeric / 1000000)::numeric(30,6)`),
  },
  {
    type: 'money',
    values: fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }).map((value) => `(${value}::numeric / 100)::money`),
    same: 'a::numeric = b::numeric',
  },
  { type: 'text', values: awkward.map(as('text')) },
  { type: 'char(12)', values: awkward.map((value) => as('char(12)')(value.slice(0, 9))), ...equal },
  { type: 'name', values: awkward.map(as('name')) },
  { type: 'uuid', values: fc.uuid().map(as('uuid')) },
  {
    type: 'json',
    values: fc
      .json()
      .filter((value) => !value.includes('\\u0000'))
      .map(as('json')),
  },
  {
    type: 'jsonb',
    values: fc
      .json()
      .filter((value) => !value.includes('\\u0000') && !/e[+-]?\d{3}/i.test(value))
      .map(as('jsonb')),
  },
  { type: 'bytea', values: fc.uint8Array({ maxLength: 40 }).map((value) => as('bytea')(`\\x${Buffer.from(value).toString('hex')}`)) },
  {
    type: 'bit(9)',
    values: fc.array(fc.constantFrom('0', '1'), { minLength: 9, maxLength: 9 }).map((list) => `B'${list.join('')}'::bit(9)`),
  },
  { type: 'varbit', values: bits.map((value) => `B'${value}'::varbit`), same: `ltrim(a::text, '0') = ltrim(b::text, '0')` },
  { type: 'date', values: finiteDates },
  { type: 'date', values: finiteDates, modes: { 'time.precision.mode': 'connect' } },
  { type: 'date', values: finiteDates, modes: { 'time.precision.mode': 'isostring' } },
  { type: 'date', values: orInfinite('date', finiteDates), modes: structured },
  { type: 'time', values: times },
  { type: 'time', values: times, modes: { 'time.precision.mode': 'nanoseconds' } },
  { type: 'time', values: times, modes: { 'time.precision.mode': 'isostring' } },
  { type: 'time', values: times, modes: structured },
  { type: 'time(3)', values: times.map((value) => `(${value})::time(3)`) },
  { type: 'time(3)', values: times.map((value) => `(${value})::time(3)`), modes: { 'time.precision.mode': 'connect' } },
  { type: 'timestamp', values: timestamps },
  { type: 'timestamp(3)', values: timestamps.map((value) => `(${value})::timestamp(3)`) },
  { type: 'timestamp(3)', values: timestamps.map((value) => `(${value})::timestamp(3)`), modes: { 'time.precision.mode': 'connect' } },
  {
    type: 'timestamp',
    values: fc.bigInt({ min: -9_200_000_000_000_000n, max: 9_200_000_000_000_000n }).map(moment),
    modes: { 'time.precision.mode': 'nanoseconds' },
  },
  { type: 'timestamp', values: micros.map(moment), modes: { 'time.precision.mode': 'isostring' } },
  { type: 'timestamp', values: timestamps, modes: structured },
  { type: 'timestamptz', values: zoned },
  { type: 'timestamptz', values: zoned, modes: structured },
  { type: 'timetz', values: zonedTimes, same: `(a AT TIME ZONE 'UTC')::time = (b AT TIME ZONE 'UTC')::time` },
  { type: 'timetz', values: zonedTimes, modes: structured },
  { type: 'interval', values: intervals, modes: { 'interval.handling.mode': 'string' } },
  { type: 'interval', values: intervals, modes: structured },
  { type: 'inet', values: fc.oneof(fc.ipV4(), fc.ipV6()).map(as('inet')) },
  { type: 'point', values: point.map(as('point')) },
  {
    type: 'line',
    values: fc
      .tuple(
        number,
        number.filter((b) => Math.abs(b) > 1e-3),
        number,
      )
      .map((parts) => as('line')(`{${parts.join(',')}}`)),
    modes: structs,
  },
  {
    type: 'circle',
    values: fc.tuple(point, number.map(Math.abs)).map(([center, radius]) => as('circle')(`<${center},${radius}>`)),
    modes: structs,
  },
  { type: 'box', values: fc.tuple(point, point).map(([a, b]) => as('box')(`${a},${b}`)), modes: structs },
  { type: 'lseg', values: fc.tuple(point, point).map(([a, b]) => as('lseg')(`[${a},${b}]`)), modes: structs },
  {
    type: 'path',
    values: fc.tuple(fc.boolean(), points).map(([open, list]) => as('path')(open ? `[${list.join()}]` : `(${list.join()})`)),
    modes: structs,
  },
  { type: 'polygon', values: points.map((list) => as('polygon')(`(${list.join()})`)), modes: structs },
  { type: 'int4range', values: ranges('int4range', fc.integer({ min: -9, max: 9 }).map(String)) },
  { type: 'int4range', values: ranges('int4range', fc.integer({ min: -9, max: 9 }).map(String)), modes: structs },
  {
    type: 'tstzrange',
    values: ranges(
      'tstzrange',
      zoned.map((value) => value),
    ),
    modes: structs,
  },
  { type: 'textrange', values: ranges('textrange', awkward.map(quoted)), modes: structs },
  { type: 'int4multirange', values: multiranges(), modes: structs },
  { type: 'int4multirange', values: multiranges(), modes: ours },
  { type: 'pair', values: pairs, modes: ours },
  { type: 'pair', values: pairs, modes: { ...ours, 'composite.handling.mode': 'text' } },
  { type: 'nested', values: nested, modes: ours, ...equal },
  { type: 'nested', values: nested, modes: structs, ...equal },
  { type: 'pair_domain', values: pairs.map((value) => `${value}::pair_domain`), modes: ours },
  {
    type: 'rows',
    values: fc.tuple(field(fc.integer().map(String)), field(awkward.map(quoted))).map(([a, b]) => `ROW(${a}, ${b})::rows`),
    modes: ours,
  },
  { type: 'int[]', values: arrays('int', fc.integer().map(String)), modes: structs },
  {
    type: 'int[]',
    values: fc.oneof(arrays('int', fc.integer().map(String)), fc.constant(`'{}'::int[]`)),
    modes: { 'array.handling.mode': 'text' },
  },
  { type: 'text[]', values: arrays('text', awkward), modes: structs },
  {
    type: 'text[]',
    values: fc.array(fc.option(awkward), { maxLength: 6 }).map((items) => as('text[]')(`{${items.map(itemText).join(',')}}`)),
  },
  {
    type: 'timestamp(3)[]',
    values: arrays(
      'timestamp(3)',
      micros.map((value) => new Date(Number(value % 10n ** 14n) / 1000).toISOString()),
    ),
    modes: structs,
  },
  {
    type: 'box[]',
    values: arrays(
      'box',
      fc.tuple(point, point).map(([a, b]) => `${a},${b}`),
    ),
    modes: structs,
  },
  {
    type: 'point[]',
    values: fc.array(fc.option(point), { maxLength: 4 }).map((items) => as('point[]')(`{${items.map(itemText).join(',')}}`)),
  },
  {
    type: 'int_list[]',
    values: fc
      .array(fc.array(fc.integer(), { maxLength: 3 }), { maxLength: 3 })
      .map((lists) => as('int_list[]')(`{${lists.map((list) => `"{${list.join()}}"`).join()}}`)),
  },
  { type: 'hstore', values: hstores(), modes: { 'hstore.handling.mode': 'map' } },
  ...(
    [
      ['tsvector', awkward.map((value) => `to_tsvector('simple', ${quoted(value)})`)],
      ['tsquery', awkward.map((value) => `plainto_tsquery('simple', ${quoted(value)})`)],
      ['pg_lsn', fc.bigInt({ min: 0n, max: (1n << 63n) - 1n }).map((value) => `('0/0'::pg_lsn + ${value}::numeric)`)],
      ['macaddr8', fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }).map((value) => as('macaddr8')(value.toString(16).padStart(16, '0')))],
      ['xid8', fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }).map((value) => as('xid8')(String(value)))],
      ['tid', fc.tuple(fc.nat(0xffff_ffff), fc.nat(0xffff)).map(([block, line]) => as('tid')(`(${block},${line})`))],
      ['jsonpath', awkward.map((value) => as('jsonpath')(`$.${JSON.stringify(value)}`))],
      ['xml', awkward.map((value) => `xmlelement(name a, ${quoted(value.replaceAll(/[^\t\n -~]/g, ''))})`)],
    ] as const
  ).map(([type, values]): RoundTrip => ({ type, values, modes: ours, ...text })),
];

const prologue = `
  CREATE EXTENSION hstore;
  CREATE TYPE textrange AS RANGE (subtype = text, collation = "C");
  CREATE TYPE pair AS (a int, b text); ALTER TYPE pair ADD ATTRIBUTE gone int, ADD ATTRIBUTE b2 text; ALTER TYPE pair DROP ATTRIBUTE gone, DROP ATTRIBUTE b2;
  CREATE TYPE nested AS (p pair, list pair[], n numeric, t timestamp);
  CREATE DOMAIN pair_domain AS pair; CREATE DOMAIN int_list AS int[];
  CREATE TABLE rows (a int, x date, b text); ALTER TABLE rows DROP COLUMN x;`;

const runs = 50;
const seed = process.env['PROPERTY_SEED'];

async function check(
  database: Database,
  types: TypeCatalog,
  { type, values, modes = {}, same = 'a::text = b::text' }: RoundTrip,
): Promise<void> {
  const sample = fc.sample(values, { numRuns: runs, ...(seed === undefined ? {} : { seed: Number(seed) }) });
  const printed = await database.query<{ cell: string; type: number; typmod: number }>(
    `CREATE TEMP TABLE trip (v ${type}); INSERT INTO trip ${sample.map((value) => `SELECT ${value}`).join(' UNION ALL ')};
     SELECT v::text AS cell, a.atttypid AS type, a.atttypmod AS typmod FROM trip, pg_attribute a WHERE a.attrelid = 'trip'::regclass AND a.attname = 'v' ORDER BY trip.ctid`,
  );
  await database.query('DROP TABLE trip');
  const { type: typeOid = 0, typmod = -1 } = printed[0] ?? {};
  const shape = new CellShape(types, testSettings(modes), typeOid, typmod);
  const cells = printed.map(({ cell }) => cell);
  const literals = cells.map((cell) => postgresLiteral(shape.schema, shape.decoded(cell)));
  const answers = await database.query<{ cell: string; literal: string; same: boolean }>(
    `SELECT cell, literal, ${same} AS same FROM unnest($1::text[], $2::text[]) u(cell, literal), LATERAL (SELECT cell::${type} AS a, literal::${type} AS b OFFSET 0) s`,
    [cells, literals],
  );
  assert.equal(answers.length, sample.length);
  for (const { cell, literal, same: isSame } of answers) assert.equal(isSame, true, `${type}: ${cell} came back as ${literal}`);
}

for (const [version, url] of servers) {
  test(`Postgres ${version}: any value that it prints decodes to itself`, async (context) => {
    await using database = await createDatabase(url);
    await database.query(
      `${prologue} SET DateStyle = 'ISO'; SET IntervalStyle = 'postgres'; SET TimeZone = 'UTC'; SET extra_float_digits = 3; SET lc_monetary = 'C'`,
    );
    const client = await database.connect();
    const types = await TypeCatalog.load(client);
    const { rows } = await client.query<{ oid: number }>(`SELECT 'rows'::regtype::oid AS oid`);
    await types.resolve(
      client,
      rows.map(({ oid }) => oid),
    );
    for (const trip of trips) {
      await context.test(`${trip.type} ${Object.values(trip.modes ?? {}).join(' ')}`, () => check(database, types, trip));
    }
  });
}
