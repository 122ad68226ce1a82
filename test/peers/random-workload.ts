import { seededRandom } from '../support/seeded-random.ts';

/**
 * Tables and transactions by chance, the same for the same seed. Only what both are known to write alike: every difference
 * that is meant stands in docs/debezium-compatibility.md and in the recorded cases.
 */
export class RandomWorkload {
  readonly #random: () => number;
  readonly #tables: readonly Table[];
  #marks = 0;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
    this.#tables = [
      this.#table('alpha', 'PRIMARY KEY (id)', 'DEFAULT', 14),
      this.#table('beta', 'PRIMARY KEY (txt, id)', 'FULL', 10),
      this.#table('gamma', null, 'FULL', 10),
    ];
  }

  /** Before anybody looks: tables, and rows for the snapshots. */
  setup(): string[] {
    const statements = ["CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy')"];
    for (const table of this.#tables) {
      const columns = table.columns.map(({ name, type, required }) => `${name} ${type.sql}${required ? ' NOT NULL' : ''}`);
      statements.push(`CREATE TABLE ${table.name} (${[...columns, ...(table.key === null ? [] : [table.key])].join(', ')})`);
      statements.push(`ALTER TABLE ${table.name} REPLICA IDENTITY ${table.identity}`);
    }
    statements.push('CREATE TABLE zmarks (id int PRIMARY KEY)');
    for (const table of this.#tables) for (let count = 0; count < 12; count += 1) statements.push(this.#insert(table));
    return [...statements, ...this.inOrder()];
  }

  /** One reads tables as they lie, the other along their keys. */
  inOrder(): string[] {
    return this.#tables.flatMap(({ name, key }) => (key === null ? [] : [`CLUSTER ${name} USING ${name}_pkey`]));
  }

  /** Transactions, then a row that tells when all before it has arrived. */
  changes(transactions: number): { readonly statements: string[]; readonly mark: number } {
    const statements: string[] = [];
    for (let count = 0; count < transactions; count += 1) {
      const body = Array.from({ length: 1 + this.#below(6) }, () => this.#change());
      statements.push(`BEGIN; ${body.join('; ')}; COMMIT`);
    }
    this.#marks += 1;
    return { statements: [...statements, `INSERT INTO zmarks VALUES (${this.#marks})`], mark: this.#marks };
  }

  /** Between two rounds of changes: the next round has other columns. */
  alter(): string[] {
    return this.#tables.flatMap((table) => {
      const name = `added_${this.#below(1_000_000)}`;
      const type = this.#pick(types);
      const dropped = table.columns.findLastIndex((column) => !column.required && column.name.startsWith('c'));
      const [gone] = dropped < 0 ? [] : table.columns.splice(dropped, 1);
      table.columns.push({ name, type, required: false });
      return [
        `ALTER TABLE ${table.name} ADD COLUMN ${name} ${type.sql}`,
        ...(gone === undefined ? [] : [`ALTER TABLE ${table.name} DROP COLUMN ${gone.name}`]),
      ];
    });
  }

  #table(name: string, key: string | null, identity: 'DEFAULT' | 'FULL', count: number): Table {
    const columns: Column[] = [
      { name: 'id', type: integer, required: true },
      { name: 'txt', type: words, required: true },
    ];
    for (let index = 0; index < count; index += 1) columns.push({ name: `c${index}`, type: this.#pick(types), required: false });
    return { name, key, identity, columns };
  }

  #change(): string {
    const table = this.#pick(this.#tables);
    const where = `ctid = (SELECT ctid FROM ${table.name} ORDER BY id, txt OFFSET ${this.#below(8)} LIMIT 1)`;
    switch (this.#below(8)) {
      case 0:
      case 1:
      case 2:
        return this.#insert(table);
      case 3:
        return `DELETE FROM ${table.name} WHERE ${where}`;
      case 4:
        return `UPDATE ${table.name} SET id = ${this.#below(1_000_000_000)} WHERE ${where}`;
      case 5:
        return `SAVEPOINT s; ${this.#insert(table)}; ROLLBACK TO SAVEPOINT s`;
      default: {
        const columns = table.columns.filter(({ name }) => name !== 'id' && name !== 'txt' && this.#below(3) === 0);
        const set = columns.map((column) => `${column.name} = ${this.#value(column)}`).join(', ');
        return `UPDATE ${table.name} SET ${set === '' ? 'id = id' : set} WHERE ${where}`;
      }
    }
  }

  #insert(table: Table): string {
    const values = table.columns.map((column) => (column.name === 'id' ? String(this.#below(1_000_000_000)) : this.#value(column)));
    return `INSERT INTO ${table.name} (${table.columns.map(({ name }) => name).join(', ')}) VALUES (${values.join(', ')})`;
  }

  #value({ type, required }: Column): string {
    return !required && this.#below(5) === 0 ? 'NULL' : type.value((limit) => this.#below(limit));
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #pick<T>(items: readonly T[]): T {
    const item = items[this.#below(items.length)];
    if (item === undefined) throw new Error('nothing to choose from');
    return item;
  }
}

interface Table {
  readonly name: string;
  readonly key: string | null;
  readonly identity: 'DEFAULT' | 'FULL';
  readonly columns: Column[];
}

interface Column {
  readonly name: string;
  readonly type: Type;
  readonly required: boolean;
}

interface Type {
  readonly sql: string;
  readonly value: (below: (limit: number) => number) => string;
}

type Below = (limit: number) => number;

const integer: Type = { sql: 'int', value: (below) => String(below(2_000_000_000) - 1_000_000_000) };
const words: Type = { sql: 'text', value: (below) => quoted(text(below)) };

const types: readonly Type[] = [
  integer,
  words,
  { sql: 'boolean', value: (below) => String(below(2) === 0) },
  { sql: 'smallint', value: (below) => String(below(65_536) - 32_768) },
  { sql: 'bigint', value: (below) => `${below(2) === 0 ? '-' : ''}${below(900_000)}${below(1_000_000_000)}` },
  { sql: 'oid', value: (below) => String(below(4_294_967_296)) },
  { sql: 'real', value: (below) => `${below(2000) - 1000}.${below(1000)}` },
  { sql: 'double precision', value: (below) => `${below(2_000_000) - 1_000_000}.${below(1_000_000)}e${below(40) - 20}` },
  { sql: 'numeric(12,4)', value: (below) => `${below(20_000_000) - 10_000_000}.${below(10_000)}` },
  { sql: 'varchar(12)', value: (below) => quoted(Array.from(text(below)).slice(0, 12).join('')) },
  { sql: 'char(6)', value: (below) => quoted(Array.from(text(below)).slice(0, 6).join('')) },
  { sql: 'uuid', value: (below) => quoted(`a0eebc99-9c0b-4ef8-bb6d-${String(below(1e12)).padStart(12, '0')}`) },
  { sql: 'json', value: (below) => quoted(JSON.stringify({ a: text(below), n: [below(9), null] })) },
  { sql: 'jsonb', value: (below) => quoted(JSON.stringify({ [text(below)]: below(100) })) },
  { sql: 'bytea', value: (below) => `decode('${Buffer.from(text(below)).toString('hex')}', 'hex')` },
  { sql: 'date', value: (below) => `date '1600-01-01' + ${below(300_000)}` },
  { sql: 'time', value: (below) => `time '00:00' + ${below(86_400_000)} * interval '1 ms'` },
  { sql: 'time(3)', value: (below) => `time '00:00' + ${below(86_400_000)} * interval '1 ms'` },
  { sql: 'timestamp', value: (below) => `timestamp '1900-01-01' + ${below(6e9)} * interval '1.000123 s'` },
  { sql: 'timestamp(3)', value: (below) => `timestamp '1900-01-01' + ${below(6e9)} * interval '1.123 s'` },
  { sql: 'timestamptz', value: (below) => `timestamptz '1900-01-01 00:00+00' + ${below(6e9)} * interval '1.000123 s'` },
  {
    sql: 'interval',
    value: (below) => `make_interval(${below(90)}, ${below(12)}, 0, ${below(31)}, ${below(24)}, ${below(60)}, ${below(60)}.5)`,
  },
  { sql: 'inet', value: (below) => quoted(`10.${below(256)}.${below(256)}.0/${8 + below(24)}`) },
  { sql: 'int4range', value: (below) => `int4range(${below(100)}, ${100 + below(100)})` },
  { sql: 'bit(5)', value: (below) => `${below(32)}::bit(5)` },
  { sql: 'money', value: (below) => `${below(100_000)}.25::numeric::money` },
  { sql: 'mood', value: (below) => quoted(['sad', 'ok', 'happy'][below(3)] ?? 'ok') },
  { sql: 'int[]', value: (below) => `ARRAY[${below(9)}, NULL, -${below(1_000_000)}]::int[]` },
  { sql: 'text[]', value: (below) => `ARRAY[${quoted(text(below))}, NULL, ${quoted(text(below))}]` },
  { sql: 'numeric(8,2)[]', value: (below) => `ARRAY[${below(1000)}.5, ${below(1000)}.25]::numeric(8,2)[]` },
  { sql: 'timestamptz[]', value: (below) => `ARRAY[timestamptz '1900-01-01 00:00+00' + ${below(6e9)} * interval '1.5 s']` },
  { sql: 'uuid[]', value: () => `'{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}'` },
  { sql: 'cidr', value: (below) => quoted(`10.${below(256)}.0.0/16`) },
  { sql: 'macaddr', value: (below) => quoted(`08:00:2b:01:02:${String(10 + below(80))}`) },
  { sql: 'numeric', value: (below) => `${below(2_000_000) - 1_000_000}.${below(10)}${below(10)}0` },
  { sql: 'numeric(6)', value: (below) => String(below(1_000_000)) },
  { sql: 'timetz', value: (below) => `timetz '00:00+02' + ${below(86_400_000)} * interval '1 ms'` },
  { sql: 'timestamptz(3)', value: (below) => `timestamptz '1900-01-01 00:00+00' + ${below(6e9)} * interval '1.123 s'` },
  { sql: 'bit(1)', value: (below) => `${below(2)}::bit(1)` },
  { sql: 'varbit(16)', value: (below) => `${below(1000)}::bit(12)::varbit` },
  { sql: 'xml', value: (below) => `'<a>${below(100)}</a>'` },
  { sql: 'point', value: (below) => `point(${below(100)}.5, -${below(100)})` },
  { sql: 'tsvector', value: (below) => `to_tsvector('simple', 'cat fat ${below(100)}')` },
  { sql: 'tsquery', value: (below) => `to_tsquery('simple', 'cat & fat${below(100)}')` },
  { sql: 'pg_lsn', value: (below) => `'0/${below(9_000_000)}'` },
  { sql: 'daterange', value: (below) => `daterange('2020-01-01', date '2020-01-02' + ${below(100)})` },
  { sql: 'date[]', value: (below) => `ARRAY[date '2020-01-01' + ${below(1000)}, NULL]` },
  { sql: 'jsonb[]', value: (below) => `ARRAY['{"a": ${below(100)}}', NULL]::jsonb[]` },
  { sql: 'boolean[]', value: () => `'{t,f,NULL}'::boolean[]` },
  { sql: 'double precision[]', value: (below) => `ARRAY[${below(100)}.25, NULL]::float8[]` },
  { sql: 'timestamp[]', value: (below) => `ARRAY[timestamp '1900-01-01' + ${below(6e9)} * interval '1.5 s']` },
  { sql: 'numeric[]', value: (below) => `ARRAY[${below(1000)}.5, NULL]::numeric[]` },
  { sql: 'bytea[]', value: (below) => `ARRAY['\\x0${below(10)}']::bytea[]` },
  { sql: 'tsrange', value: (below) => `tsrange(timestamp '2020-01-01' + ${below(1000)} * interval '1 h', NULL)` },
];

const alphabet = Array.from('abc xyzÄß"\'\\,{}()%$\n\t😀☕');

function text(below: Below): string {
  return Array.from({ length: below(24) }, () => alphabet[below(alphabet.length)]).join('');
}

function quoted(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}
