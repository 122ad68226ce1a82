import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ColumnKind } from '../../src/record/column-kind.ts';
import { createDatabase } from '../support/database.ts';
import type { Database } from '../support/database.ts';
import { readCell } from '../support/read-cell.ts';
import { stack } from '../support/stack.ts';

const K = ColumnKind;

/** Postgres prints the values, and says by other means (`epoch`, `float8send`, `to_json`, arithmetic) what they are. */
interface Case {
  readonly name: string;
  /** A generator of SQL expressions of one type. */
  readonly values: fc.Arbitrary<string>;
  /** The truth about `v`, as text. */
  readonly truth: string;
  readonly kind: ColumnKind;
  readonly scale?: number;
  /** What the reader made, in the form of the truth. */
  readonly show?: (value: unknown) => string;
  /** Settings the source's session has anyway; here to try the readers under them. */
  readonly timeZone?: string;
}

const settings = `SET DateStyle = 'ISO'; SET IntervalStyle = 'postgres'; SET bytea_output = 'hex'; SET extra_float_digits = 3; SET lc_monetary = 'C'`;
const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
const int64s = fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n });
/** Microseconds from 4713 BC to 294276 AD; most of them near today. */
const micros = fc.oneof(
  fc.bigInt({ min: -210_866_803_200_000_000n, max: 9_223_371_331_199_999_999n }),
  fc.bigInt({ min: -62_200_000_000_000_000n, max: 4_000_000_000_000_000n }),
  fc.bigInt({ min: -2n, max: 4_000_000_000n }).map((seconds) => seconds * 1_000_000n),
);
/** Exact, without a float in between. */
const timestamp = (value: bigint): string =>
  `(timestamp '2000-01-01' + ${(value - 946_684_800_000_000n) / 86_400_000_000n} * interval '1 day' + ${(value - 946_684_800_000_000n) % 86_400_000_000n} * interval '1 microsecond')`;
const text = fc.string({ unit: 'grapheme', maxLength: 12 }).filter((value) => !value.includes('\u0000'));
const awkward = fc.oneof(text, fc.constantFrom('', 'NULL', 'null', '{', '}', ',', '"', '\\', ' ', 'a b', '=>', "'"));

const cases: readonly Case[] = [
  { name: 'int4', values: fc.integer().map((value) => `${quoted(String(value))}::int4`), truth: 'to_json(v)::text', kind: K.INT },
  { name: 'int8', values: int64s.map((value) => `${quoted(String(value))}::int8`), truth: 'to_json(v)::text', kind: K.LONG },
  {
    name: 'float8',
    values: fc.double().map((value) => `${quoted(String(value))}::float8`),
    truth: `encode(float8send(v), 'hex')`,
    kind: K.FLOAT64,
    show: (value) => {
      const bytes = Buffer.alloc(8);
      bytes.writeDoubleBE(value as number);
      return bytes.toString('hex');
    },
  },
  {
    name: 'float4',
    values: fc.float().map((value) => `${quoted(String(value))}::float8::float4`),
    truth: `encode(float4send(v), 'hex')`,
    kind: K.FLOAT32,
    show: (value) => {
      const bytes = Buffer.alloc(4);
      bytes.writeFloatBE(value as number);
      return bytes.toString('hex');
    },
  },
  {
    name: 'numeric(40,6)',
    values: fc
      .bigInt({ min: -(10n ** 34n), max: 10n ** 34n })
      .map((value) => `(${quoted(String(value))}::numeric / 1000000)::numeric(40,6)`),
    truth: '(v * 1000000)::numeric(50,0)::text',
    kind: K.DECIMAL,
    scale: 6,
    show: (value) => BigInt.asIntN((value as string).length * 4, BigInt(`0x${value as string}`)).toString(),
  },
  {
    name: 'numeric',
    values: fc
      .tuple(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), fc.integer({ min: -30, max: 30 }))
      .map(([digits, exponent]) => `${quoted(`${digits}e${exponent}`)}::numeric`),
    truth: `scale(trim_scale(v))::text || ' ' || (v * (10::numeric ^ scale(trim_scale(v))))::numeric(200,0)::text`,
    kind: K.VARIABLE_SCALE_DECIMAL,
    show: (value) => {
      const [hex, scale] = value as [string, number];
      return `${scale} ${BigInt.asIntN(hex.length * 4, BigInt(`0x${hex}`))}`;
    },
  },
  {
    name: 'date',
    values: fc.integer({ min: -2_440_000, max: 2_145_000_000 }).map((days) => `(date '1970-01-01' + ${days})`),
    truth: `(v - date '1970-01-01')::text`,
    kind: K.DATE_DAYS,
  },
  {
    name: 'timestamp',
    values: micros.map(timestamp),
    truth: '(extract(epoch FROM v) * 1000000)::numeric(30,0)::text',
    kind: K.TIMESTAMP_MICROS,
  },
  {
    name: 'timestamp(3)',
    values: micros.map((value) => `${timestamp(value - (value % 1000n))}::timestamp(3)`),
    truth: '(extract(epoch FROM v) * 1000)::numeric(30,0)::text',
    kind: K.TIMESTAMP_MILLIS,
  },
  ...['UTC', 'Asia/Kolkata', 'America/St_Johns', 'Europe/Amsterdam'].map((timeZone): Case => ({
    name: `timestamptz printed in ${timeZone}`,
    values: micros.map((value) => `(${timestamp(value)} AT TIME ZONE 'UTC')`),
    // Year, month and so on one by one; BC years are negative here and have no zero.
    truth: `(SELECT CASE WHEN y > 9999 THEN '+' WHEN y < 0 THEN '-' ELSE '' END || lpad(abs(y)::text, greatest(4, length(abs(y)::text)), '0') || to_char(u, '-MM-DD"T"HH24:MI:SS.US"Z"')
               FROM (SELECT v AT TIME ZONE 'UTC' AS u) a, LATERAL (SELECT extract(year FROM u)::int + CASE WHEN extract(year FROM u) < 0 THEN 1 ELSE 0 END AS y) b)`,
    kind: K.ZONED_TIMESTAMP,
    scale: 6,
    timeZone,
  })),
  {
    name: 'time',
    values: fc.bigInt({ min: 0n, max: 86_399_999_999n }).map((value) => `(time '00:00' + ${value} * interval '1 microsecond')`),
    truth: '(extract(epoch FROM v) * 1000000)::numeric(30,0)::text',
    kind: K.TIME_MICROS,
  },
  {
    name: 'timetz',
    values: fc
      .tuple(fc.bigInt({ min: 0n, max: 86_399n }), fc.integer({ min: -15 * 60, max: 15 * 60 }))
      .map(([seconds, zone]) => `((time '00:00' + ${seconds} * interval '1 second')::timetz AT TIME ZONE (${zone} * interval '1 minute'))`),
    truth: `to_char((v AT TIME ZONE 'UTC')::time, 'HH24:MI:SS"Z"')`,
    kind: K.ZONED_TIME,
  },
  {
    name: 'interval',
    values: fc
      .tuple(
        fc.integer({ min: -30_000, max: 30_000 }),
        fc.integer({ min: -100_000, max: 100_000 }),
        fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }),
      )
      .map(([months, days, value]) => `make_interval(months => ${months}, days => ${days}) + ${value} * interval '1 microsecond'`),
    truth: `(extract(year FROM v)::numeric * 12 * 2629800000000 + extract(month FROM v)::numeric * 2629800000000 + extract(day FROM v)::numeric * 86400000000
      + extract(epoch FROM (v - date_trunc('day', v)))::numeric * 1000000)::numeric(40,0)::text`,
    kind: K.INTERVAL_MICROS,
  },
  {
    name: 'bytea',
    values: fc.uint8Array({ maxLength: 40 }).map((value) => `decode('${Buffer.from(value).toString('hex')}', 'hex')`),
    truth: `encode(v, 'hex')`,
    kind: K.BYTES_HEX,
    show: String,
  },
  ...(
    [
      [K.BYTES_BASE64, `replace(encode(v, 'base64'), chr(10), '')`],
      [K.BYTES_BASE64_URL, `translate(replace(encode(v, 'base64'), chr(10), ''), '+/', '-_')`],
      [K.BYTES_HEX_TEXT, `encode(v, 'hex')`],
    ] as const
  ).map(([kind, truth]): Case => ({
    name: `bytea as kind ${kind}`,
    values: fc.uint8Array({ maxLength: 400 }).map((value) => `decode('${Buffer.from(value).toString('hex')}', 'hex')`),
    truth,
    kind,
    show: String,
  })),
  {
    name: 'timestamp in nanoseconds',
    values: fc
      .bigInt({ min: -9_200_000_000_000_000n, max: 9_200_000_000_000_000n })
      .map((value) => `(timestamp '1970-01-01' + ${value} * interval '1 microsecond')`),
    truth: '(extract(epoch FROM v) * 1000000000)::numeric(30,0)::text',
    kind: K.TIMESTAMP_NANOS,
  },
  {
    name: 'time in nanoseconds',
    values: fc.bigInt({ min: 0n, max: 86_399_999_999n }).map((value) => `(time '00:00' + ${value} * interval '1 microsecond')`),
    truth: '(extract(epoch FROM v) * 1000000000)::numeric(30,0)::text',
    kind: K.TIME_NANOS,
  },
  {
    name: 'date as ISO text',
    values: fc.integer({ min: -719_162, max: 2_932_896 }).map((days) => `(date '1970-01-01' + ${days})`),
    truth: `to_char(v, 'YYYY-MM-DD"Z"')`,
    kind: K.ISO_DATE,
    show: String,
  },
  {
    name: 'timestamp as ISO text',
    values: fc
      .bigInt({ min: -62_135_596_800n * 1_000_000n, max: 253_402_300_799n * 1_000_000n })
      .map((value) => `(timestamp '1970-01-01' + ${value} * interval '1 microsecond')`),
    truth: `regexp_replace(to_char(v, 'YYYY-MM-DD"T"HH24:MI:SS.US'), '[.]?0*$', '') || 'Z'`,
    kind: K.ISO_TIMESTAMP,
    show: String,
  },
  {
    name: 'text[]',
    values: fc
      .array(fc.option(awkward), { maxLength: 8 })
      .map((items) => `ARRAY[${items.map((item) => (item === null ? 'NULL' : quoted(item))).join(',')}]::text[]`),
    truth: 'to_json(v)::text',
    kind: K.ARRAY,
    show: (value) => JSON.stringify(value),
  },
  {
    name: 'int4[] with a lower bound',
    values: fc.tuple(fc.integer({ min: -5, max: 5 }), fc.array(fc.integer(), { minLength: 1, maxLength: 5 })).map(([from, items]) => {
      return `'[${from}:${from + items.length - 1}]={${items.join(',')}}'::int4[]`;
    }),
    truth: `(SELECT json_agg(e::text) FROM unnest(v) e)::text`,
    kind: K.ARRAY,
    show: (value) => JSON.stringify(value),
  },
  {
    name: 'point',
    values: fc
      .tuple(fc.double({ noNaN: true }), fc.double({ noNaN: true }))
      .map(([x, y]) => `point(${quoted(String(x))}::float8, ${quoted(String(y))}::float8)`),
    truth: `'01' || '01000000' || encode(reverse_bytes(float8send(v[0])), 'hex') || encode(reverse_bytes(float8send(v[1])), 'hex')`,
    kind: K.POINT,
    show: (value) => (value as { wkb: string }).wkb,
  },
  {
    name: 'hstore',
    values: fc
      .uniqueArray(
        fc.tuple(
          awkward.filter((key) => key !== ''),
          fc.option(awkward),
        ),
        { selector: ([key]) => key, maxLength: 5 },
      )
      .map(
        (pairs) =>
          `hstore(ARRAY[${pairs.flatMap(([key, value]) => [quoted(key), value === null ? 'NULL' : quoted(value)]).join(',')}]::text[])`,
      ),
    truth: 'hstore_to_jsonb(v)::text',
    kind: K.HSTORE_JSON,
    show: (value) => canonical(value as string),
  },
  {
    name: 'money',
    values: int64s.map((value) => `(${quoted(String(value / 1000n))}::numeric / 100)::money`),
    truth: '(v::numeric * 100)::numeric(30,0)::text',
    kind: K.MONEY,
    scale: 2,
    show: (value) => BigInt.asIntN((value as string).length * 4, BigInt(`0x${value as string}`)).toString(),
  },
  {
    name: 'varbit',
    values: fc.array(fc.constantFrom('0', '1'), { minLength: 1, maxLength: 70 }).map((bits) => `B'${bits.join('')}'::varbit`),
    truth: 'v::text',
    kind: K.BITS,
    show: String,
  },
];

function canonical(json: string): string {
  return JSON.stringify(Object.entries(JSON.parse(json) as Record<string, unknown>).sort(([left], [right]) => (left < right ? -1 : 1)));
}

/** The truth in the form that `show` gives; for bits Postgres has no little-endian bytes, so the bits are summed up here. */
function truthOf(item: Case, truth: string): string {
  if (item.kind === K.HSTORE_JSON) return canonical(truth);
  if (item.kind === K.ARRAY) return JSON.stringify(JSON.parse(truth));
  if (item.kind !== K.BITS) return truth;
  let hex = '';
  for (let rest = BigInt(`0b${truth}`); rest > 0n; rest >>= 8n) hex += (rest & 0xffn).toString(16).padStart(2, '0');
  return hex;
}

const runs = 400;
const seed = process.env['PROPERTY_SEED'];
const budgetMs = Number(process.env['PROPERTY_BUDGET_SECONDS'] ?? '0') * 1000;

async function check(db: Database, item: Case): Promise<void> {
  await db.query(`${settings}; SET TimeZone = '${item.timeZone ?? 'UTC'}'`);
  const deadline = performance.now() + budgetMs / cases.length;
  for (let round = 0; round === 0 || performance.now() < deadline; round += 1) {
    const values = fc.sample(item.values, { numRuns: runs, ...(seed === undefined ? {} : { seed: Number(seed) + round }) });
    // One statement each, so that the type of every value is its own; 400 in one round trip.
    const rows = await db.query<{ cell: string; truth: string }>(
      values.map((value) => `SELECT v::text AS cell, ${item.truth} AS truth FROM (SELECT ${value} AS v OFFSET 0) s`).join(' UNION ALL '),
    );
    assert.equal(rows.length, values.length);
    rows.forEach(({ cell, truth }, index) => {
      const show = item.show ?? String;
      assert.equal(show(readCell(item.kind, cell, item.scale)), truthOf(item, truth), `${values[index]} printed as ${cell}`);
    });
  }
}

for (const [version, server] of Object.entries({ newest: stack.postgres, '15': stack.postgres15 })) {
  test(
    `text printed by Postgres (${version}) reads as the value it stands for`,
    { skip: server === null && 'no such server at hand' },
    async (context) => {
      await using db = await createDatabase(server ?? stack.postgres);
      await db.query('CREATE EXTENSION hstore');
      await db.query(`CREATE FUNCTION reverse_bytes(b bytea) RETURNS bytea LANGUAGE sql IMMUTABLE AS
      $$ SELECT string_agg(substr(b, i, 1), ''::bytea ORDER BY i DESC) FROM generate_series(1, length(b)) i $$`);
      for (const item of cases) await context.test(item.name, () => check(db, item));
    },
  );
}
