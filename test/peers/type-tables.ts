/** A column of each type that others do not have, with the literal of a value; domains and composites from `types`. */
const columns: readonly (readonly [type: string, value: string])[] = [
  ['int4range', '(1,5]'],
  ['int8range', '[1,)'],
  ['numrange', '(,1.50)'],
  ['tsrange', '[2020-01-01 10:00:00.5,infinity]'],
  ['tstzrange', '[2020-01-01 00:00+02,)'],
  ['daterange', '(,)'],
  ['int4range[]', '{"[1,2)",NULL,empty}'],
  ['tstzrange[]', '{"[2020-01-01 10:00:00.5+03,)"}'],
  ['posint', '5'],
  ['small', '6'],
  ['num', '8.90'],
  ['num82', '1.25'],
  ['num82b', '2.5'],
  ['txt', 'x'],
  ['vc5', 'abc'],
  ['ch3', 'de'],
  ['ci', 'Fg'],
  ['yes', 't'],
  ['day', '2020-01-02'],
  ['ts3', '2020-01-02 03:04:05.678'],
  ['tsz', '2020-01-02 03:04:05.678+02'],
  ['tim3', '03:04:05.678'],
  ['tmz', '03:04:05.678+02'],
  ['lasting', '1 day 02:03:04.5'],
  ['raw', '\\x0102'],
  ['bit5', '10101'],
  ['doc', '{"a": 1}'],
  ['ident', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
  ['net', '1.2.3.4/8'],
  ['place', '(1,2)'],
  ['span', '[1,3)'],
  ['ints', '{1,NULL}'],
  ['deep', '{3}'],
  ['texts', '{a,NULL,"b c"}'],
  ['nums', '{1.5,NULL}'],
  ['pair', '(1,"x y",2.5)'],
  ['dpair', '(2,,)'],
  ['citext', 'Ümlaut'],
  ['"char"', 'x'],
  ['bpchar', 'ab  '],
  ['ltree', 'Top.Science_1'],
  ['macaddr8', '08:00:2b:01:02:03:04:05'],
  ['inet', '::ffff:1.2.3.4/100'],
  ['citext[]', '{A,NULL}'],
  ['char(3)[]', '{ab,NULL}'],
  ['ltree[]', '{a.b}'],
  ['inet[]', '{1.2.3.4/8,NULL}'],
  ['cidr[]', '{1.0.0.0/8}'],
  ['macaddr[]', '{08:00:2b:01:02:03,NULL}'],
  ['oid[]', '{1,4294967295,NULL}'],
  ['json[]', '{"{\\"a\\":1}",NULL}'],
  ['timetz[]', '{01:02:03+02,NULL}'],
  ['time(3)[]', '{01:02:03.5,NULL}'],
  ['smallint[]', '{1,NULL}'],
  ['real[]', '{1.5,NULL}'],
  ['jsonpath', '$."a"'],
  ['xid8', '18446744073709551615'],
  ['tid', '(0,1)'],
  ['regclass', 'pg_class'],
  ['regtype', 'integer'],
  ['int4multirange', '{[1,2),[5,7)}'],
  ['pg_lsn', '16/B374D848'],
];

const types = [
  'CREATE TYPE pair AS (a int, b text, c numeric(6,2))',
  ...Object.entries({
    posint: 'int DEFAULT 7 CHECK (VALUE > 0)',
    small: 'smallint',
    num: 'numeric',
    num82: 'numeric(8,2) DEFAULT 1.5',
    num82b: 'num82',
    txt: "text DEFAULT 'a''b'",
    vc5: 'varchar(5)',
    ch3: 'char(3)',
    ci: 'citext',
    yes: 'boolean',
    day: 'date',
    ts3: 'timestamp(3)',
    tsz: 'timestamptz',
    tim3: 'time(3)',
    tmz: 'timetz',
    lasting: 'interval',
    raw: 'bytea',
    bit5: 'bit(5)',
    doc: 'jsonb',
    ident: 'uuid',
    net: 'inet',
    place: 'point',
    span: 'int4range',
    ints: 'int[]',
    deep: 'ints',
    texts: 'text[]',
    nums: 'numeric(8,2)[]',
    dpair: 'pair',
  }).map(([name, base]) => `CREATE DOMAIN ${name} AS ${base}`),
];

const quoted = (value: string): string => `'${value.replaceAll("'", "''")}'`;

/** Tables with a column of each type: `kinds`, where each may be null, and `kinds_defs`, where none is and all have defaults. */
export const typeTables = {
  setup(): string[] {
    const list = columns.map(([type], index) => `t${index} ${type}`).join(', ');
    const required = columns.map(([type, value], index) => `t${index} ${type} NOT NULL DEFAULT ${quoted(value)}`);
    return [
      ...types,
      `CREATE TABLE kinds (id int PRIMARY KEY, ${list})`,
      `CREATE TABLE kinds_defs (id int PRIMARY KEY, ${required.join(', ')})`,
      // What is made up for a NOT NULL column of an old row ends their task where it is a domain.
      'ALTER TABLE kinds_defs REPLICA IDENTITY FULL',
      this.row(1),
      'INSERT INTO kinds (id) VALUES (2)',
      'INSERT INTO kinds_defs (id) VALUES (1)',
    ];
  },

  changes(at: number): string[] {
    return [
      this.row(at),
      `INSERT INTO kinds (id) VALUES (${at + 1})`,
      `UPDATE kinds SET t0 = NULL, t8 = 9 WHERE id = ${at}`,
      `DELETE FROM kinds WHERE id = ${at}`,
      `INSERT INTO kinds_defs (id) VALUES (${at})`,
      `DELETE FROM kinds_defs WHERE id = ${at}`,
    ];
  },

  row(id: number): string {
    return `INSERT INTO kinds VALUES (${[String(id), ...columns.map(([, value]) => quoted(value))].join(', ')})`;
  },
};
