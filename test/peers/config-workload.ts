import { RandomWorkload } from './random-workload.ts';
import { timescaleCatalog } from '../support/timescale-catalog.ts';
import { typeTables } from './type-tables.ts';
import { seededRandom } from '../support/seeded-random.ts';

/** What a build runs, or all that can be asked for: see `config-factors.ts`. */
export type Scope = 'settled' | 'all';

/**
 * The random tables, and beside them what only some properties touch: large values, partitions, an outbox, rows without
 * identity, names that need adjusting, truncation, messages.
 */
export class ConfigWorkload {
  readonly #random: () => number;
  readonly #tables: RandomWorkload;
  readonly #scope: Scope;
  #count = 0;

  constructor(seed: number, scope: Scope) {
    this.#scope = scope;
    this.#random = seededRandom(seed ^ 0x5eed);
    this.#tables = new RandomWorkload(seed);
  }

  setup(): string[] {
    return [
      'CREATE EXTENSION hstore',
      'CREATE EXTENSION citext',
      'CREATE EXTENSION ltree',
      ...this.#tables.setup(),
      'CREATE TABLE beats (at timestamptz)',
      `CREATE TABLE defs (id serial PRIMARY KEY, a int NOT NULL DEFAULT 5, b text NOT NULL DEFAULT 'x y', c timestamptz NOT NULL DEFAULT now(),
         d numeric(5,2) NOT NULL DEFAULT 1.5, e boolean NOT NULL DEFAULT true, f varchar(5) NOT NULL DEFAULT 'abc',
         g timestamp NOT NULL DEFAULT '2020-01-02 03:04:05', h date NOT NULL DEFAULT '2020-01-02', i interval NOT NULL DEFAULT '1 day',
         m text DEFAULT 'nullable', j bytea NOT NULL DEFAULT '\\x0102', k bigint NOT NULL DEFAULT 9007199254740993, l double precision NOT NULL DEFAULT 1e10)`,
      'CREATE TABLE nothing (id int, v text)',
      'ALTER TABLE nothing REPLICA IDENTITY NOTHING',
      `CREATE TABLE outbox (id uuid PRIMARY KEY, aggregatetype varchar(255) NOT NULL, aggregateid varchar(255) NOT NULL,
         type varchar(255) NOT NULL, payload jsonb, origin text)`,
      'CREATE TABLE parts (id int, region text, v text, PRIMARY KEY (id, region)) PARTITION BY LIST (region)',
      "CREATE TABLE parts_a PARTITION OF parts FOR VALUES IN ('a')",
      "CREATE TABLE parts_b PARTITION OF parts FOR VALUES IN ('b')",
      'CREATE TABLE toast (id int PRIMARY KEY, big text, doc jsonb, raw bytea, list int[], words text[], c0 int, c1 text, pairs hstore, ids uuid[], longs bigint[])',
      ...['big', 'doc', 'raw', 'list', 'words', 'c1', 'pairs', 'ids', 'longs'].map(
        (column) => `ALTER TABLE toast ALTER ${column} SET STORAGE EXTERNAL`,
      ),
      "INSERT INTO parts VALUES (1, 'a', 'v'), (2, 'b', 'w')",
      // The key is that of the identity, of the primary key, and none.
      'CREATE TABLE chosen (id int NOT NULL, code text NOT NULL, v text)',
      'CREATE UNIQUE INDEX chosen_code ON chosen (code)',
      'ALTER TABLE chosen REPLICA IDENTITY USING INDEX chosen_code',
      'CREATE TABLE indexed (id int PRIMARY KEY, code text NOT NULL UNIQUE, v text)',
      'ALTER TABLE indexed REPLICA IDENTITY USING INDEX indexed_code_key',
      'CREATE TABLE silent (id int PRIMARY KEY, v text)',
      'ALTER TABLE silent REPLICA IDENTITY NOTHING',
      ...(this.#scope === 'all' ? further : []),
      'CREATE TABLE again (id int PRIMARY KEY, big text, n int, nil text)',
      'ALTER TABLE again ALTER big SET STORAGE EXTERNAL',
      "INSERT INTO chosen SELECT n, 'c' || n, 'v' FROM generate_series(1, 20) n",
      "INSERT INTO indexed SELECT n, 'i' || n, 'v' FROM generate_series(1, 3) n",
      "INSERT INTO silent VALUES (1, 'one')",
      "INSERT INTO again VALUES (1, repeat('long ', 900), 1, NULL)",
      'CREATE SCHEMA other',
      'CREATE TABLE other."Odd Table-1" ("Key-Id" int PRIMARY KEY, "full name" text, "ünï" text, "1st" int, "a_b" text)',
      `INSERT INTO other."Odd Table-1" VALUES (1, 'x', 'ü', 1, 'y')`,
      `INSERT INTO defs (id) SELECT generate_series(1, 3)`,
      `UPDATE defs SET m = NULL WHERE id = 2`,
      ...typeTables.setup(),
      ...timescaleCatalog,
      ...this.#measure(1),
      // Where there is no PostGIS there are no geometries.
      `DO $$ BEGIN
         IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'postgis') THEN
           CREATE SCHEMA gis;
           CREATE EXTENSION postgis SCHEMA gis;
           CREATE TABLE shapes (id int PRIMARY KEY, free gis.geometry, flat gis.geometry(Polygon, 3857), round gis.geography(Point, 4326), high gis.geometry(LineStringZM, 4326));
           ALTER TABLE shapes REPLICA IDENTITY FULL;
         END IF;
       END $$`,
      ...this.#shape(1),
      this.#large(1),
      this.#event(),
      "INSERT INTO nothing VALUES (1, 'one')",
      ...this.inOrder(),
    ];
  }

  changes(transactions: number): string[] {
    this.#count += 10;
    const at = this.#count;
    const { statements } = this.#tables.changes(transactions);
    return [
      ...statements,
      this.#large(at),
      `UPDATE toast SET c0 = ${at} WHERE id IN (1, ${at})`,
      `UPDATE toast SET big = 'small', id = id + 1 WHERE id = ${at}`,
      `BEGIN; ${this.#event()}; ${this.#event()}; DELETE FROM outbox; COMMIT`,
      `INSERT INTO nothing VALUES (${at}, 'two'), (${at}, NULL)`,
      'TRUNCATE nothing',
      `INSERT INTO parts VALUES (${at}, 'a', 'v'), (${at}, 'b', 'w')`,
      `UPDATE parts SET region = 'b', id = ${at + 1} WHERE id = ${at} AND region = 'a'`,
      `DELETE FROM parts WHERE id = ${at}`,
      `INSERT INTO defs DEFAULT VALUES RETURNING id`.replace('defs DEFAULT VALUES', `defs (id) VALUES (${at})`),
      `UPDATE defs SET a = 6, b = '' WHERE id = ${at}`,
      `DELETE FROM defs WHERE id = ${at}`,
      `INSERT INTO chosen VALUES (${at + 1000}, 'c${at}x', NULL)`,
      `UPDATE chosen SET v = 'new' WHERE code = 'c${at}x'`,
      `UPDATE chosen SET code = code || 'y' WHERE code IN ('c${at}x', 'c${at % 20}')`,
      `DELETE FROM chosen WHERE code = 'c${at}xy'`,
      `INSERT INTO indexed VALUES (${at}, 'i${at}', 'w')`,
      `UPDATE indexed SET v = NULL WHERE id IN (1, ${at})`,
      `INSERT INTO silent VALUES (${at}, 'two')`,
      `INSERT INTO again VALUES (${at}, repeat('${at} ', 2000), 1, NULL)`,
      `UPDATE again SET n = n + 1 WHERE id IN (1, ${at})`,
      ...(this.#scope === 'all' ? this.#further(at) : []),
      ...typeTables.changes(at),
      ...this.#measure(at),
      ...this.#shape(at),
      `UPDATE _timescaledb_internal._hyper_1_1_chunk SET degrees = NULL WHERE id = ${at}`,
      `DELETE FROM _timescaledb_internal._hyper_1_1_chunk WHERE id = ${at}`,
      `INSERT INTO other."Odd Table-1" VALUES (${at}, 'x', NULL, 2, 'z')`,
      `UPDATE other."Odd Table-1" SET "Key-Id" = ${at + 1} WHERE "Key-Id" = ${at}`,
      `SELECT pg_logical_emit_message(true, 'app', 'in a transaction ä')`,
      `SELECT pg_logical_emit_message(false, 'application', 'outside')`,
      `SELECT pg_logical_emit_message(true, 'other', decode('00ff', 'hex'))`,
      `SELECT pg_logical_emit_message(true, 'json', '{"n": ${at}, "deep": {"text": "ü", "list": [1, 2], "none": null}, "real": 1.5, "is": true}')`,
    ];
  }

  /** One reads tables as they lie, the other along their keys. */
  inOrder(): string[] {
    const keys = ['again_pkey', 'defs_pkey', 'toast_pkey', 'indexed_code_key', 'chosen_code', 'silent_pkey', 'zmarks_pkey', 'outbox_pkey'];
    const others = this.#scope === 'all' ? ['whole_pkey', 'mute_pkey', 'unfit_pkey', 'later_indexed_pkey'] : [];
    const clustered = [...keys, ...others].map((key) => `CLUSTER ${key.replace(/_(code.*|code_key|pkey)$/, '')} USING ${key}`);
    return [...this.#tables.inOrder(), ...clustered];
  }

  /** Tells nothing but that all before it has come; an insert and an update, as either may be skipped. */
  mark(): string {
    this.#count += 1;
    const id = 1_000_000 + this.#count;
    return `INSERT INTO zmarks VALUES (${id}); UPDATE zmarks SET id = id WHERE id = ${id}`;
  }

  #large(id: number): string {
    const long = `repeat('${String(Math.floor(this.#random() * 1e9))} ', 400)`;
    return `INSERT INTO toast SELECT ${id}, ${long}, jsonb_build_object('a', ${long}), convert_to(${long}, 'utf8'), array_agg(n), array_agg(n::text), 0, ${long},
      hstore('k', ${long}), array_agg(md5(n::text)::uuid), array_agg(n::bigint) FROM generate_series(1, 700) n`;
  }

  #further(at: number): string[] {
    return [
      `INSERT INTO whole VALUES (${at}, 'two')`,
      `UPDATE whole SET v = 'new' WHERE id IN (1, ${at})`,
      `DELETE FROM whole WHERE id = ${at}`,
      `INSERT INTO later_indexed VALUES (${at}, 'l${1000 + at}', 'w')`,
      `UPDATE later_indexed SET v = NULL WHERE id IN (1, ${at})`,
      `INSERT INTO mute VALUES (${at}, 'two')`,
      unfit(at),
      `UPDATE unfit SET exact = 1.5 WHERE id IN (1, ${at})`,
      `DELETE FROM unfit WHERE id = ${at}`,
      ...this.#replicated(at),
    ];
  }

  /** Transactions that tell where they came from: see `PeerOrigin`. */
  #replicated(at: number): string[] {
    const changes = [
      `INSERT INTO again VALUES (${at + 5}, repeat('elsewhere ', 400), 1, NULL)`,
      `UPDATE again SET n = 2, id = ${at + 6} WHERE id = ${at + 5}`,
      `INSERT INTO chosen VALUES (${at + 2000}, 'o${at}', 'v')`,
      `SELECT pg_logical_emit_message(true, 'app', 'from elsewhere')`,
      this.#event(),
    ];
    return [
      `SELECT pg_replication_origin_session_setup(current_database())`,
      `BEGIN; SELECT pg_replication_origin_xact_setup('1/${at.toString(16)}', '2020-02-03 04:05:06.789012+00'); ${changes.join('; ')}; COMMIT`,
      // What is read again has to stay: by then it would be gone for one of both.
      `DELETE FROM chosen WHERE code = 'o${at}'`,
      `SELECT pg_replication_origin_session_reset()`,
    ];
  }

  #measure(id: number): string[] {
    return [
      `INSERT INTO _timescaledb_internal._hyper_1_1_chunk VALUES (${id}, '2026-01-01 00:00+00', 20.5)`,
      `INSERT INTO _timescaledb_internal._hyper_2_2_chunk VALUES (timestamptz '2026-01-01 00:00+00' + ${id} * interval '1 h', 20.5)`,
    ];
  }

  #shape(id: number): string[] {
    const random = seededRandom(id);
    const [x, y] = [random() * 90, random() * 90];
    const point = `POINT(${x} ${y})`;
    const frees = [
      `SRID=4326;${point}`,
      `SRID=3857;MULTIPOINT(${x} ${y}, 1 2)`,
      `SRID=4326;GEOMETRYCOLLECTION(${point}, LINESTRING(1 2, ${x} ${y}))`,
      'SRID=4326;POINT EMPTY',
    ];
    const values = [
      `'${frees[id % frees.length]}'`,
      `'SRID=3857;POLYGON((0 0, ${x} 0, ${x} ${y}, 0 ${y}, 0 0))'`,
      `'${point}'`,
      `'SRID=4326;LINESTRING ZM(1 2 3 4, ${x} ${y} 5 6)'`,
    ];
    return [
      `INSERT INTO shapes VALUES (${id}, ${values.join(', ')})`,
      `INSERT INTO shapes VALUES (${id + 1}, ${values[0]})`,
      `UPDATE shapes SET flat = NULL, round = 'POINT(3 4)' WHERE id = ${id}`,
      `DELETE FROM shapes WHERE id = ${id + 1}`,
    ].map((statement) => `DO $do$ BEGIN IF to_regclass('shapes') IS NOT NULL THEN ${statement}; END IF; END $do$`);
  }

  #event(): string {
    const random = Math.floor(this.#random() * 1e12);
    const payload =
      this.#random() < 0.3
        ? 'NULL'
        : `'{"n": ${random % 100}, "t": "x", "lines": [{"sku": "a", "price": 1.5}], "to": {"zip": null, "gift": true}}'`;
    return `INSERT INTO outbox VALUES (gen_random_uuid(), '${random % 2 === 0 ? 'order' : 'customer'}', '${random % 10}', 'Made', ${payload}, 'shop')`;
  }
}

export interface Captured {
  /** Names with blanks and the like: where they are adjusted or no Avro is written. */
  readonly odd: boolean;
  /** Values that no record can hold: where they may be null. */
  readonly unfit: boolean;
}

/** What the configs capture. */
export function capturedTables({ odd, unfit }: Captured): string {
  return String.raw`public\.(again|alpha|beta|chosen|defs|gamma|indexed|kinds|kinds_defs|later_indexed|mute|nothing|outbox|parts.*|shapes|silent|toast|${unfit ? 'unfit|' : ''}whole|zmarks)${odd ? String.raw`,other\..*` : ''}`;
}

function unfit(id: number): string {
  return `INSERT INTO unfit VALUES (${id}, 'NaN', 'NaN', '1500-01-02 03:04:05', '2999-01-02 03:04:05+00')`;
}

/** Of these some configs have the identity changed, and one has values that do not fit. */
const further: readonly string[] = [
  'CREATE TABLE whole (id int PRIMARY KEY, v text)',
  'CREATE TABLE later_indexed (id int PRIMARY KEY, code text NOT NULL, v text)',
  'CREATE UNIQUE INDEX later_code ON later_indexed (code)',
  'CREATE TABLE mute (id int PRIMARY KEY, v text)',
  'CREATE TABLE unfit (id int PRIMARY KEY, real numeric, exact numeric(8,2), far timestamp, away timestamptz)',
  unfit(1),
  "INSERT INTO whole VALUES (1, 'one')",
  "INSERT INTO later_indexed VALUES (1, 'l1001', 'one')",
  "INSERT INTO mute VALUES (1, 'one')",
];
