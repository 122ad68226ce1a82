export interface Sample {
  readonly type: string;
  /** SQL expressions and what they become, as JSON (decimals as numbers, bytes in base64). */
  readonly values: readonly (readonly [sql: string, json: unknown])[];
  /** Connect type, semantic name, parameters. */
  readonly schema: readonly [type: string, name?: string, parameters?: Readonly<Record<string, string>>];
  /** For arrays: the element. */
  readonly items?: Sample['schema'];
}

const decimal = 'org.apache.kafka.connect.data.Decimal';
const variableScale = 'io.debezium.data.VariableScaleDecimal';
const hex = (bytes: string): string => Buffer.from(bytes, 'hex').toString('base64');

/** Inputs and outputs as the reference states them, in the default modes. */
export const samples: readonly Sample[] = [
  {
    type: 'boolean',
    values: [
      ['true', true],
      ['false', false],
      ['NULL', null],
    ],
    schema: ['boolean'],
  },
  { type: 'smallint', values: [['-32768', -32_768]], schema: ['int16'] },
  { type: 'integer', values: [['-2147483648', -2_147_483_648]], schema: ['int32'] },
  { type: 'bigint', values: [['9007199254740991', 9_007_199_254_740_991]], schema: ['int64'] },
  { type: 'oid', values: [['4000000000', 4_000_000_000]], schema: ['int64'] },
  {
    type: 'real',
    values: [
      ['3.3', 3.3],
      [`'NaN'`, 'NaN'],
      [`'-Infinity'`, '-Infinity'],
    ],
    schema: ['float32'],
  },
  {
    type: 'double precision',
    values: [
      ['123456789.123456789', 123_456_789.123_456_79],
      [`'Infinity'`, 'Infinity'],
    ],
    schema: ['float64'],
  },
  { type: 'char(6)', values: [[`'ab'`, 'ab    ']], schema: ['string'] },
  { type: 'varchar(6)', values: [[`'ab '`, 'ab ']], schema: ['string'] },
  {
    type: 'text',
    values: [
      [`E'a\\tb\\nc\\\\d "é€𐍈'`, 'a\tb\nc\\d "é€𐍈'],
      [`''`, ''],
      [`'\\N'`, '\\N'],
    ],
    schema: ['string'],
  },
  { type: 'name', values: [[`'n'`, 'n']], schema: ['string'] },
  { type: '"char"', values: [[`'c'`, 'c']], schema: ['string'] },
  { type: 'citext', values: [[`'Ab'`, 'Ab']], schema: ['string'] },
  {
    type: 'uuid',
    values: [[`'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'`, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11']],
    schema: ['string', 'io.debezium.data.Uuid'],
  },
  { type: 'json', values: [[`'{"a" : 1}'`, '{"a" : 1}']], schema: ['string', 'io.debezium.data.Json'] },
  { type: 'jsonb', values: [[`'{"a" : 1}'`, '{"a": 1}']], schema: ['string', 'io.debezium.data.Json'] },
  { type: 'xml', values: [[`'<a/>'`, '<a/>']], schema: ['string', 'io.debezium.data.Xml'] },
  { type: 'mood', values: [[`'ok'`, 'ok']], schema: ['string', 'io.debezium.data.Enum', { allowed: 'sad,ok,happy' }] },
  {
    type: 'bytea',
    values: [
      [`'\\x010203'`, hex('010203')],
      [`''`, ''],
    ],
    schema: ['bytes'],
  },
  { type: 'bit(1)', values: [[`B'1'`, true]], schema: ['boolean'] },
  { type: 'bit(2)', values: [[`B'11'`, hex('03')]], schema: ['bytes', 'io.debezium.data.Bits', { length: '2' }] },
  { type: 'bit(7)', values: [[`B'1000000'`, hex('40')]], schema: ['bytes', 'io.debezium.data.Bits', { length: '7' }] },
  { type: 'varbit(2)', values: [[`B'00'`, '']], schema: ['bytes', 'io.debezium.data.Bits', { length: '2' }] },
  {
    type: 'varbit(24)',
    values: [[`B'000000110000001000000001'`, hex('010203')]],
    schema: ['bytes', 'io.debezium.data.Bits', { length: '24' }],
  },
  {
    type: 'varbit',
    values: [[`B'111011010001000110000001000000001'`, hex('010223da01')]],
    schema: ['bytes', 'io.debezium.data.Bits', { length: '2147483647' }],
  },
  { type: 'inet', values: [[`'192.168.2.0/12'`, '192.168.2.0/12']], schema: ['string'] },
  { type: 'cidr', values: [[`'192.168.100.128/25'`, '192.168.100.128/25']], schema: ['string'] },
  { type: 'macaddr', values: [[`'08:00:2b:01:02:03'`, '08:00:2b:01:02:03']], schema: ['string'] },
  { type: 'macaddr8', values: [[`'08:00:2b:01:02:03:04:05'`, '08:00:2b:01:02:03:04:05']], schema: ['string'] },
  { type: 'int4range', values: [[`'(999,5999]'`, '[1000,6000)']], schema: ['string'] },
  { type: 'tsrange', values: [[`'[2019-03-31 15:30:00, infinity)'`, '["2019-03-31 15:30:00",infinity)']], schema: ['string'] },
  { type: 'ltree', values: [[`'a.b'`, 'a.b']], schema: ['string', 'io.debezium.data.Ltree'] },
  { type: 'tsvector', values: [[`'a b'`, "'a' 'b'"]], schema: ['string', 'io.debezium.data.Tsvector'] },
  { type: 'point', values: [[`'(1,-2.5)'`, { x: 1, y: -2.5, srid: null }]], schema: ['struct', 'io.debezium.data.geometry.Point'] },
  { type: 'decimal(3,2)', values: [['1.1', 1.1]], schema: ['bytes', decimal, { scale: '2', 'connect.decimal.precision': '3' }] },
  { type: 'decimal(4)', values: [['10.11', 10]], schema: ['bytes', decimal, { scale: '0', 'connect.decimal.precision': '4' }] },
  { type: 'numeric(5,-2)', values: [['12345', 12_300]], schema: ['bytes', decimal, { scale: '0', 'connect.decimal.precision': '7' }] },
  {
    type: 'numeric(38,10)',
    values: [['-0.0000000001', -1e-10]],
    schema: ['bytes', decimal, { scale: '10', 'connect.decimal.precision': '38' }],
  },
  {
    type: 'numeric',
    values: [
      ['10.1111', { scale: 4, value: hex('018af7') }],
      ['10', { scale: 0, value: hex('0a') }],
    ],
    schema: ['struct', variableScale],
  },
  {
    type: 'money',
    values: [
      [`'$1234.11'`, 1234.11],
      [`'($1234.11)'`, -1234.11],
    ],
    schema: ['bytes', decimal, { scale: '2' }],
  },
  {
    type: 'date',
    values: [
      [`'2016-11-04'`, 17_109],
      [`'0044-03-15 BC'`, -735_160],
    ],
    schema: ['int32', 'io.debezium.time.Date'],
  },
  { type: 'time(3)', values: [[`'13:51:30.123'`, 49_890_123]], schema: ['int32', 'io.debezium.time.Time'] },
  { type: 'time', values: [[`'24:00:00'`, 86_400_000_000]], schema: ['int64', 'io.debezium.time.MicroTime'] },
  { type: 'timestamp(3)', values: [[`'2016-11-04 13:51:30.123456'`, 1_478_267_490_123]], schema: ['int64', 'io.debezium.time.Timestamp'] },
  {
    type: 'timestamp',
    values: [[`'2016-11-04 13:51:30.123456'`, 1_478_267_490_123_456]],
    schema: ['int64', 'io.debezium.time.MicroTimestamp'],
  },
  {
    type: 'timestamptz',
    values: [
      [`'2016-11-04 13:51:30.123456+02'`, '2016-11-04T11:51:30.123456Z'],
      [`'4714-12-31 23:59:59.999999Z BC'`, '-4713-12-31T23:59:59.999999Z'],
      [`'-infinity'`, '-infinity'],
      [`'21016-11-04T13:51:30+07'`, '+21016-11-04T06:51:30.000000Z'],
    ],
    schema: ['string', 'io.debezium.time.ZonedTimestamp'],
  },
  {
    type: 'timestamptz(2)',
    values: [[`'2016-11-04 13:51:30+00'`, '2016-11-04T13:51:30.00Z']],
    schema: ['string', 'io.debezium.time.ZonedTimestamp'],
  },
  { type: 'timetz', values: [[`'13:51:30.123789+02'`, '11:51:30.123789Z']], schema: ['string', 'io.debezium.time.ZonedTime'] },
  { type: 'interval', values: [[`'P1Y2M3DT4H5M6.78S'`, 37_091_106_780_000]], schema: ['int64', 'io.debezium.time.MicroDuration'] },
  {
    type: 'hstore',
    values: [[`'"key1"=>"val1","key2"=>NULL'`, '{"key1":"val1","key2":null}']],
    schema: ['string', 'io.debezium.data.Json'],
  },
  { type: 'price', values: [['1.5', 1.5]], schema: ['bytes', decimal, { scale: '2', 'connect.decimal.precision': '8' }] },
  {
    type: 'prices',
    values: [[`'{1.5,NULL}'`, [1.5, null]]],
    schema: ['array'],
    items: ['bytes', decimal, { scale: '2', 'connect.decimal.precision': '8' }],
  },
  { type: 'feeling', values: [[`'sad'`, 'sad']], schema: ['string', 'io.debezium.data.Enum', { allowed: 'sad,ok,happy' }] },
  {
    type: 'int[]',
    values: [
      [`'{1,NULL,-3}'`, [1, null, -3]],
      [`'{}'`, []],
    ],
    schema: ['array'],
    items: ['int32'],
  },
  { type: 'bigint[]', values: [[`'{1}'`, [1]]], schema: ['array'], items: ['int64'] },
  { type: 'text[]', values: [[`ARRAY['a"b', NULL, 'NULL', '']`, ['a"b', null, 'NULL', '']]], schema: ['array'], items: ['string'] },
  { type: 'char(10)[]', values: [[`'{cone}'`, ['cone      ']]], schema: ['array'], items: ['string'] },
  {
    type: 'numeric(10,2)[]',
    values: [[`'{1.1}'`, [1.1]]],
    schema: ['array'],
    items: ['bytes', decimal, { scale: '2', 'connect.decimal.precision': '10' }],
  },
  { type: 'numeric[]', values: [[`'{1.1}'`, [{ scale: 1, value: hex('0b') }]]], schema: ['array'], items: ['struct', variableScale] },
  {
    type: 'uuid[]',
    values: [[`'{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}'`, ['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11']]],
    schema: ['array'],
    items: ['string', 'io.debezium.data.Uuid'],
  },
  { type: 'timetz[]', values: [[`'{11:51:02Z}'`, ['11:51:02Z']]], schema: ['array'], items: ['string', 'io.debezium.time.ZonedTime'] },
  {
    type: 'timestamptz[]',
    values: [[`'{2020-04-01 11:51:02Z}'`, ['2020-04-01T11:51:02.000000Z']]],
    schema: ['array'],
    items: ['string', 'io.debezium.time.ZonedTimestamp'],
  },
  { type: 'bytea[]', values: [[`ARRAY['\\x01'::bytea]`, [hex('01')]]], schema: ['array'], items: ['bytes'] },
  {
    type: 'mood[]',
    values: [[`'{ok}'`, ['ok']]],
    schema: ['array'],
    items: ['string', 'io.debezium.data.Enum', { allowed: 'sad,ok,happy' }],
  },
  { type: 'interval[]', values: [[`'{1 day}'`, [86_400_000_000]]], schema: ['array'], items: ['int64', 'io.debezium.time.MicroDuration'] },
];

/** Left out under Debezium's class name, text under ours (composites: with `composite.handling.mode=text`). */
export const unknown: readonly (readonly [type: string, sql: string, text: string])[] = [
  ['box', `'(1,1),(0,0)'`, '(1,1),(0,0)'],
  ['tsquery', `'fat <-> cat'`, "'fat' <-> 'cat'"],
  ['pg_lsn', `'0/16B3748'`, '0/16B3748'],
  ['pair', `ROW(1, 'x')`, '(1,x)'],
  ['int4multirange', `'{[1,3)}'`, '{[1,3)}'],
  ['jsonpath', `'$.a'`, '$."a"'],
];

/** What the types of the samples need. */
export const prologue = `
  CREATE EXTENSION citext; CREATE EXTENSION ltree; CREATE EXTENSION hstore;
  CREATE TYPE mood AS ENUM ('sad', 'happy'); ALTER TYPE mood ADD VALUE 'ok' BEFORE 'happy';
  CREATE DOMAIN price AS numeric(8,2); CREATE DOMAIN feeling AS mood; CREATE DOMAIN prices AS price[];
  CREATE TYPE pair AS (a int, b text);`;
