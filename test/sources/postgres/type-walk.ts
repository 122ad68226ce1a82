/** Modes that decide about the form of a type. */
export interface Modes {
  readonly time: 'adaptive' | 'adaptive_time_microseconds' | 'connect' | 'microseconds' | 'nanoseconds' | 'isostring' | 'structured';
  readonly decimal: 'precise' | 'double' | 'string';
  readonly interval: 'numeric' | 'string';
  readonly binary: 'bytes' | 'base64' | 'base64-url-safe' | 'hex';
  readonly hstore: 'json' | 'map';
}

export const times: readonly Modes['time'][] = [
  'adaptive',
  'adaptive_time_microseconds',
  'connect',
  'microseconds',
  'nanoseconds',
  'isostring',
  'structured',
];
export const decimals: readonly Modes['decimal'][] = ['precise', 'double', 'string'];
export const intervals: readonly Modes['interval'][] = ['numeric', 'string'];
export const binaries: readonly Modes['binary'][] = ['bytes', 'base64', 'base64-url-safe', 'hex'];
export const hstores: readonly Modes['hstore'][] = ['json', 'map'];

/** Connect type and semantic name, then what the values become: longs as digits, bytes as `0x…`, arrays and structs as JSON. */
export type Form = readonly [outline: string, ...values: unknown[]];

export interface Step {
  readonly type: string;
  /** SQL literals. */
  readonly values: readonly string[];
  /** Null: the type has no form for these values in this mode. */
  readonly form: (modes: Modes) => Form | null;
}

const always =
  (...form: Form): Step['form'] =>
  () =>
    form;
const by =
  <Axis extends keyof Modes>(axis: Axis, forms: Readonly<Partial<Record<Modes[Axis], Form>>>): Step['form'] =>
  (modes) =>
    forms[modes[axis]] ?? null;
/** Every element of an array has the form of its type. */
const arrayOf =
  (form: Step['form']): Step['form'] =>
  (modes) => {
    const element = form(modes);
    return element === null ? null : [`array of ${element[0]}`, [...element.slice(1), null]];
  };

const time = 'io.debezium.time';
const data = 'io.debezium.data';
const connect = 'org.apache.kafka.connect.data';
const clock = (hour: number, minute: number, second: number, nanos: number): object => ({ hour, minute, second, nanos });
const calendar = (year: number, month: number, day: number): object => ({ year, month, day });
const noDay = { year: null, month: null, day: null };
const noTime = { hour: null, minute: null, second: null, nanos: null };
const finite = { specialValue: null };

const dates: Step['form'] = (modes) => {
  if (modes.time === 'isostring') return [`string ${time}.IsoDate`, '2017-09-15Z', '-0043-03-15Z'];
  if (modes.time === 'structured') {
    return [`struct ${time}.StructuredDate`, { ...calendar(2017, 9, 15), ...finite }, { ...calendar(-43, 3, 15), ...finite }];
  }
  return [`int32 ${modes.time === 'connect' ? connect : time}.Date`, 17_424, -735_160];
};

const clocks =
  (digits: number): Step['form'] =>
  (modes) => {
    const nanos = digits === 3 ? 123_000_000 : 123_456_000;
    const micros = 49_890_000_000 + nanos / 1000;
    switch (modes.time) {
      case 'connect':
        return [`int32 ${connect}.Time`, 49_890_123, 86_400_000];
      case 'nanoseconds':
        return [`int64 ${time}.NanoTime`, `${micros}000`, '86400000000000'];
      case 'isostring':
        return [`string ${time}.IsoTime`, `13:51:30.${digits === 3 ? '123' : '123456'}Z`, '24:00:00Z'];
      case 'structured':
        return [
          `struct ${time}.StructuredTime`,
          { ...clock(13, 51, 30, nanos), precision: digits },
          { ...clock(24, 0, 0, 0), precision: digits },
        ];
      case 'adaptive_time_microseconds':
      case 'microseconds':
        return [`int64 ${time}.MicroTime`, String(micros), '86400000000'];
      case 'adaptive':
        return digits === 3 ? [`int32 ${time}.Time`, 49_890_123, 86_400_000] : [`int64 ${time}.MicroTime`, String(micros), '86400000000'];
      default:
        return [`int64 ${time}.MicroTime`, String(micros), '86400000000'];
    }
  };

const timestamps =
  (digits: number): Step['form'] =>
  (modes) => {
    const micros = digits === 3 ? 1_478_267_490_123_000 : 1_478_267_490_123_456;
    switch (modes.time) {
      case 'connect':
        return [`int64 ${connect}.Timestamp`, '1478267490123', '9223372036825200', '-9223372036832400'];
      case 'nanoseconds':
        return [`int64 ${time}.NanoTimestamp`, `${micros}000`, '9223372036854775807', '-9223372036854775808'];
      case 'isostring':
        return [
          `string ${time}.IsoTimestamp`,
          `2016-11-04T13:51:30.${digits === 3 ? '123' : '123456'}Z`,
          '+294247-01-10T04:00:25.2Z',
          '-290308-12-21T19:59:27.6Z',
        ];
      case 'structured':
        return [
          `struct ${time}.StructuredTimestamp`,
          { ...calendar(2016, 11, 4), ...clock(13, 51, 30, (micros % 1_000_000) * 1000), ...finite, precision: digits },
          { ...noDay, ...noTime, specialValue: 'POSITIVE_INFINITY', precision: digits },
          { ...noDay, ...noTime, specialValue: 'NEGATIVE_INFINITY', precision: digits },
        ];
      case 'microseconds':
        return [`int64 ${time}.MicroTimestamp`, String(micros), '9223372036825200000', '-9223372036832400000'];
      case 'adaptive':
      case 'adaptive_time_microseconds':
        return digits === 3
          ? [`int64 ${time}.Timestamp`, '1478267490123', '9223372036825200', '-9223372036832400']
          : [`int64 ${time}.MicroTimestamp`, String(micros), '9223372036825200000', '-9223372036832400000'];
    }
  };

const zonedTimestamps: Step['form'] = (modes) => {
  const name = `${time}.${modes.time === 'structured' ? 'StructuredZonedTimestamp' : 'ZonedTimestamp'}`;
  if (modes.time !== 'structured') {
    return [`string ${name}`, '2016-11-04T11:51:30.123456Z', '+21016-11-04T06:51:30.000000Z', '-4713-12-31T23:59:59.999999Z', 'infinity'];
  }
  const utc = { offsetSeconds: 0, zoneId: 'Z', ...finite, precision: 6 };
  return [
    `struct ${name}`,
    { ...calendar(2016, 11, 4), ...clock(11, 51, 30, 123_456_000), ...utc },
    { ...calendar(21_016, 11, 4), ...clock(6, 51, 30, 0), ...utc },
    { ...calendar(-4713, 12, 31), ...clock(23, 59, 59, 999_999_000), ...utc },
    { ...noDay, ...noTime, offsetSeconds: null, zoneId: null, specialValue: 'POSITIVE_INFINITY', precision: 6 },
  ];
};

const zonedTimes: Step['form'] = (modes) =>
  modes.time === 'structured'
    ? [`struct ${time}.StructuredZonedTime`, { ...clock(13, 51, 30, 123_789_000), offsetSeconds: 7200, precision: 6 }]
    : [`string ${time}.ZonedTime`, '11:51:30.123789Z'];

const durations: Step['form'] = (modes) => {
  if (modes.time === 'structured') {
    const parts = { years: 1, months: 2, days: 3, hours: 4, minutes: 5, seconds: '6', nanos: 780_000_000, precision: 6 };
    return [`struct ${time}.StructuredDuration`, parts];
  }
  return modes.interval === 'string' ? [`string ${time}.Interval`, 'P1Y2M3DT4H5M6.78S'] : [`int64 ${time}.MicroDuration`, '37091106780000'];
};

const bytes = by('binary', {
  bytes: ['bytes', '0x0102fffe'],
  base64: ['string', 'AQL//g=='],
  'base64-url-safe': ['string', 'AQL__g=='],
  hex: ['string', '0102fffe'],
});
/** A type that is written as the bytes of its text. */
const unknown = (text: string): Step['form'] => {
  const utf8 = Buffer.from(text);
  return by('binary', {
    bytes: ['bytes', `0x${utf8.toString('hex')}`],
    base64: ['string', utf8.toString('base64')],
    'base64-url-safe': ['string', utf8.toString('base64').replaceAll('+', '-').replaceAll('/', '_')],
    hex: ['string', utf8.toString('hex')],
  });
};
const decimal = (hex: string, text: string): Step['form'] =>
  by('decimal', { precise: [`bytes ${connect}.Decimal`, `0x${hex}`], double: ['float64', Number(text)], string: ['string', text] });
const variable = (scale: number, hex: string, text: string): Step['form'] =>
  by('decimal', {
    precise: [`struct ${data}.VariableScaleDecimal`, { scale, value: `0x${hex}` }],
    double: ['float64', Number(text)],
    string: ['string', text],
  });
const labels = `string ${data}.Enum`;
const point = { x: 1, y: -2.5, wkb: '0x0101000000000000000000f03f00000000000004c0', srid: null };

const ewkb = '0101000020E61000001C7C613255DE6540787AA52C435C42C0';
const withoutSrid = '0101000000000000000000F03F0000000000000040';
const geometry = (name: string, values: readonly (readonly [text: string, srid: number | null])[]): Step['form'] =>
  always(`struct ${data}.geometry.${name}`, ...values.map(([text, srid]) => ({ wkb: `0x${text.toLowerCase()}`, srid })));
const pairs = (map: Readonly<Record<number, number>>): object[] => Object.entries(map).map(([key, value]) => ({ key: Number(key), value }));
const vector = (name: string, of: string, values: readonly number[]): Step['form'] => always(`array ${data}.${name} of ${of}`, values);

/** The rows of Debezium's table of types with its golden values; arrays that it leaves out are in it, too. */
export const walk: readonly Step[] = [
  { type: 'boolean', values: ['true', 'false'], form: always('boolean', true, false) },
  { type: 'smallint', values: ['-32768'], form: always('int16', -32_768) },
  { type: 'integer', values: ['-2147483648'], form: always('int32', -2_147_483_648) },
  { type: 'bigint', values: ['9223372036854775807'], form: always('int64', '9223372036854775807') },
  { type: 'oid', values: ['4000000000'], form: always('int64', '4000000000') },
  { type: 'real', values: ['3.3', `'NaN'`, `'-Infinity'`], form: always('float32', Math.fround(3.3), 'NaN', '-Infinity') },
  { type: 'double precision', values: ['123456789.123456789', `'Infinity'`], form: always('float64', 123_456_789.123_456_79, 'Infinity') },
  { type: 'char(5)', values: [`'ab'`], form: always('string', 'ab   ') },
  { type: 'varchar(9)', values: [`'ab '`], form: always('string', 'ab ') },
  { type: 'text', values: [`E'a\\tb "é€𐍈'`, `''`], form: always('string', 'a\tb "é€𐍈', '') },
  { type: 'name', values: [`'n'`], form: always('string', 'n') },
  { type: 'citext', values: [`'Ab'`], form: always('string', 'Ab') },
  { type: 'isbn', values: [`'0-393-04002-X'`], form: always('string', '0-393-04002-X') },
  { type: 'isbn13', values: [`'978-0-393-04002-9'`], form: always('string', '978-0-393-04002-9') },
  { type: 'ean13', values: [`'022-035648348-1'`], form: always('string', '022-035648348-1') },
  { type: 'ismn', values: [`'M-060-11561-5'`], form: always('string', 'M-060-11561-5') },
  { type: 'ismn13', values: [`'979-0-060-11561-5'`], form: always('string', '979-0-060-11561-5') },
  { type: 'issn', values: [`'1436-4522'`], form: always('string', '1436-4522') },
  { type: 'issn13', values: [`'977-1436-452-00-8'`], form: always('string', '977-1436-452-00-8') },
  { type: 'upc', values: [`'220500896518'`], form: always('string', '220500896518') },
  {
    type: 'uuid',
    values: [`'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'`],
    form: always(`string ${data}.Uuid`, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'),
  },
  { type: 'json', values: [`'{"a" : 1}'`], form: always(`string ${data}.Json`, '{"a" : 1}') },
  { type: 'jsonb', values: [`'{"a" : 1}'`], form: always(`string ${data}.Json`, '{"a": 1}') },
  { type: 'xml', values: [`'<a/>'`], form: always(`string ${data}.Xml`, '<a/>') },
  { type: 'mood', values: [`'ok'`], form: always(labels, 'ok') },
  { type: 'bit', values: [`B'1'`], form: always('boolean', true) },
  { type: 'bit(2)', values: [`B'11'`], form: always(`bytes ${data}.Bits`, '0x03') },
  { type: 'bit(7)', values: [`B'1000000'`], form: always(`bytes ${data}.Bits`, '0x40') },
  { type: 'varbit(2)', values: [`B'00'`], form: always(`bytes ${data}.Bits`, '0x') },
  { type: 'varbit(24)', values: [`B'000000110000001000000001'`], form: always(`bytes ${data}.Bits`, '0x010203') },
  { type: 'varbit(64)', values: [`B'1${'0'.repeat(63)}'`], form: always(`bytes ${data}.Bits`, '0x0000000000000080') },
  {
    type: 'varbit',
    values: [`B'101'`, `B'111011010001000110000001000000001'`],
    form: always(`bytes ${data}.Bits`, '0x05', '0x010223da01'),
  },
  { type: 'inet', values: [`'192.168.2.0/12'`], form: always('string', '192.168.2.0/12') },
  { type: 'cidr', values: [`'192.168.100.128/25'`], form: always('string', '192.168.100.128/25') },
  { type: 'macaddr', values: [`'08:00:2b:01:02:03'`], form: always('string', '08:00:2b:01:02:03') },
  { type: 'macaddr8', values: [`'08:00:2b:01:02:03:04:05'`], form: always('string', '08:00:2b:01:02:03:04:05') },
  { type: 'int4range', values: [`'(999,5999]'`, `'empty'`], form: always('string', '[1000,6000)', 'empty') },
  { type: 'int8range', values: [`'[1,)'`], form: always('string', '[1,)') },
  { type: 'numrange', values: [`'[5.3,6.3)'`], form: always('string', '[5.3,6.3)') },
  { type: 'tsrange', values: [`'[2019-03-31 15:30:00, infinity)'`], form: always('string', '["2019-03-31 15:30:00",infinity)') },
  { type: 'tstzrange', values: [`'[2017-06-05 11:29:12.549426+00,)'`], form: always('string', '["2017-06-05 11:29:12.549426+00",)') },
  { type: 'daterange', values: [`'[2019-03-31, infinity)'`], form: always('string', '[2019-03-31,infinity)') },
  { type: 'ltree', values: [`'a.b'`], form: always(`string ${data}.Ltree`, 'a.b') },
  { type: 'tsvector', values: [`'b a'`], form: always(`string ${data}.Tsvector`, "'a' 'b'") },
  { type: 'point', values: [`'(1,-2.5)'`], form: always(`struct ${data}.geometry.Point`, point) },
  { type: 'bytea', values: [`'\\x0102fffe'`], form: bytes },
  { type: 'numeric(3,2)', values: ['1.1'], form: decimal('6e', '1.10') },
  { type: 'decimal(4)', values: ['10.11'], form: decimal('0a', '10') },
  { type: 'numeric(6,4)', values: ['22.22'], form: decimal('0363f8', '22.2200') },
  { type: 'price', values: ['1.5'], form: decimal('0096', '1.50') },
  { type: 'numeric', values: ['10.1111'], form: variable(4, '018af7', '10.1111') },
  { type: 'numeric', values: ['10'], form: variable(0, '0a', '10') },
  {
    type: 'numeric',
    values: [`'NaN'`, `'Infinity'`, `'-Infinity'`],
    form: by('decimal', {
      double: ['float64', 'NaN', 'Infinity', '-Infinity'],
      string: ['string', 'NAN', 'POSITIVE_INFINITY', 'NEGATIVE_INFINITY'],
    }),
  },
  {
    type: 'money',
    values: [`'$1234.11'`, `'($1234.11)'`],
    form: by('decimal', {
      precise: [`bytes ${connect}.Decimal`, '0x01e213', '0xfe1ded'],
      double: ['float64', 1234.11, -1234.11],
      string: ['string', '1234.11', '-1234.11'],
    }),
  },
  { type: 'date', values: [`'2017-09-15'`, `'0044-03-15 BC'`], form: dates },
  {
    type: 'date',
    values: [`'infinity'`],
    form: by('time', { structured: [`struct ${time}.StructuredDate`, { ...noDay, specialValue: 'POSITIVE_INFINITY' }] }),
  },
  { type: 'time', values: [`'13:51:30.123456'`, `'24:00:00'`], form: clocks(6) },
  { type: 'time(3)', values: [`'13:51:30.123'`, `'24:00:00'`], form: clocks(3) },
  { type: 'timestamp', values: [`'2016-11-04 13:51:30.123456'`, `'infinity'`, `'-infinity'`], form: timestamps(6) },
  { type: 'timestamp(3)', values: [`'2016-11-04 13:51:30.123456'`, `'infinity'`, `'-infinity'`], form: timestamps(3) },
  {
    type: 'timestamp(6)',
    values: [`'294247-01-01 23:59:59.999999'`, `'4713-12-31 23:59:59.999999 BC'`],
    form: by('time', { microseconds: [`int64 ${time}.MicroTimestamp`, '9223371331199999999', '-210831897600000001'] }),
  },
  {
    type: 'timestamptz',
    values: [`'2016-11-04 13:51:30.123456+02'`, `'21016-11-04T13:51:30.000000+07'`, `'4714-12-31 23:59:59.999999Z BC'`, `'infinity'`],
    form: zonedTimestamps,
  },
  { type: 'timetz', values: [`'13:51:30.123789+02'`], form: zonedTimes },
  { type: 'interval', values: [`'P1Y2M3DT4H5M6.78S'`], form: durations },
  {
    type: 'hstore',
    values: [`'"key1"=>"val1","key2"=>NULL'`],
    form: by('hstore', { json: [`string ${data}.Json`, '{"key1":"val1","key2":null}'], map: ['map', { key1: 'val1', key2: null }] }),
  },
  {
    type: 'ext.geometry',
    values: [`'${ewkb}'`, `'${withoutSrid}'`],
    form: geometry('Geometry', [
      [ewkb, 4326],
      [withoutSrid, null],
    ]),
  },
  { type: 'place', values: [`'${ewkb}'`], form: geometry('Geometry', [[ewkb, 4326]]) },
  { type: 'ext.geography', values: [`'${ewkb}'`], form: geometry('Geography', [[ewkb, 4326]]) },
  { type: 'ext.vector', values: [`'[1,-2.5,1e-07]'`], form: vector('DoubleVector', 'float64', [1, -2.5, 1e-7]) },
  { type: 'ext.halfvec', values: [`'[0.5,65504]'`], form: vector('FloatVector', 'float32', [0.5, 65_504]) },
  {
    type: 'ext.sparsevec',
    values: [`'{1:1.5,3:-2}/5'`],
    form: always(`struct ${data}.SparseDoubleVector`, { dimensions: 5, vector: pairs({ 1: 1.5, 3: -2 }) }),
  },
  { type: 'ext.geometry[]', values: [`'{${ewkb}:NULL}'`], form: arrayOf(geometry('Geometry', [[ewkb, 4326]])) },
  { type: 'ext.vector[]', values: [`'{"[1,2]",NULL}'`], form: arrayOf(vector('DoubleVector', 'float64', [1, 2])) },
  { type: 'tsquery', values: [`'fat <-> cat'`], form: unknown("'fat' <-> 'cat'") },
  { type: 'pg_lsn', values: [`'16/B374D848'`], form: unknown('16/B374D848') },
  { type: 'pair', values: [`'(1,"x y")'`], form: unknown('(1,"x y")') },
  { type: 'int4multirange', values: [`'{[1,3),[5,7)}'`], form: unknown('{[1,3),[5,7)}') },
  { type: 'jsonpath', values: [`'$.a[*]'`], form: unknown('$."a"[*]') },
  { type: 'xid8', values: [`'42'`], form: unknown('42') },
  { type: 'box', values: [`'(0,0),(1,1)'`], form: unknown('(1,1),(0,0)') },
  { type: 'line', values: [`'(0,0),(0,1)'`], form: unknown('{-1,0,0}') },
  { type: 'circle', values: [`'<(1,2),3>'`], form: unknown('<(1,2),3>') },
  { type: 'smallint[]', values: [`'{7,NULL}'`], form: arrayOf(always('int16', 7)) },
  { type: 'integer[]', values: [`'{7,NULL}'`], form: arrayOf(always('int32', 7)) },
  { type: 'bigint[]', values: [`'{7,NULL}'`], form: arrayOf(always('int64', '7')) },
  { type: 'oid[]', values: [`'{7,NULL}'`], form: arrayOf(always('int64', '7')) },
  { type: 'text[]', values: [`ARRAY['a"b', 'NULL', NULL]`], form: arrayOf(always('string', 'a"b', 'NULL')) },
  { type: 'char(6)[]', values: [`'{cone,NULL}'`], form: arrayOf(always('string', 'cone  ')) },
  { type: 'varchar(9)[]', values: [`'{a,NULL}'`], form: arrayOf(always('string', 'a')) },
  { type: 'citext[]', values: [`'{A,NULL}'`], form: arrayOf(always('string', 'A')) },
  { type: 'name[]', values: [`'{A,NULL}'`], form: arrayOf(always('string', 'A')) },
  { type: 'real[]', values: [`'{3.3,NULL}'`], form: arrayOf(always('float32', Math.fround(3.3))) },
  { type: 'float8[]', values: [`'{3.3,NULL}'`], form: arrayOf(always('float64', 3.3)) },
  { type: 'boolean[]', values: [`'{t,NULL}'`], form: arrayOf(always('boolean', true)) },
  {
    type: 'uuid[]',
    values: [`'{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11,NULL}'`],
    form: arrayOf(always(`string ${data}.Uuid`, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11')),
  },
  { type: 'jsonb[]', values: [`ARRAY['{"k": 1}', NULL]::jsonb[]`], form: arrayOf(always(`string ${data}.Json`, '{"k": 1}')) },
  { type: 'inet[]', values: [`'{10.0.0.1,NULL}'`], form: arrayOf(always('string', '10.0.0.1')) },
  { type: 'cidr[]', values: [`'{10.0.0.0/8,NULL}'`], form: arrayOf(always('string', '10.0.0.0/8')) },
  { type: 'macaddr[]', values: [`'{08:00:2b:01:02:03,NULL}'`], form: arrayOf(always('string', '08:00:2b:01:02:03')) },
  { type: 'macaddr8[]', values: [`'{08:00:2b:01:02:03:04:05,NULL}'`], form: arrayOf(always('string', '08:00:2b:01:02:03:04:05')) },
  { type: 'int4range[]', values: [`'{"[1,6)",NULL}'`], form: arrayOf(always('string', '[1,6)')) },
  { type: 'mood[]', values: [`'{ok,NULL}'`], form: arrayOf(always(labels, 'ok')) },
  { type: 'other.geometry[]', values: [`'{x,NULL}'`], form: arrayOf(always(labels, 'x')) },
  { type: 'ltree[]', values: [`'{a.b,NULL}'`], form: arrayOf(always(`string ${data}.Ltree`, 'a.b')) },
  { type: 'xml[]', values: [`'{<a/>,NULL}'`], form: arrayOf(always(`string ${data}.Xml`, '<a/>')) },
  { type: 'bit(2)[]', values: [`'{11,NULL}'`], form: arrayOf(always(`bytes ${data}.Bits`, '0x03')) },
  { type: 'point[]', values: [`'{"(1,-2.5)",NULL}'`], form: arrayOf(always(`struct ${data}.geometry.Point`, point)) },
  { type: 'bytea[]', values: [`ARRAY['\\x0102fffe'::bytea, NULL]`], form: arrayOf(bytes) },
  { type: 'numeric(3,2)[]', values: [`'{1.1,NULL}'`], form: arrayOf(decimal('6e', '1.10')) },
  { type: 'numeric[]', values: [`'{10.1111,NULL}'`], form: arrayOf(variable(4, '018af7', '10.1111')) },
  { type: 'money[]', values: [`'{$1234.11,NULL}'`], form: arrayOf(decimal('01e213', '1234.11')) },
  { type: 'date[]', values: [`'{2017-09-15,0044-03-15 BC,NULL}'`], form: arrayOf(dates) },
  { type: 'time[]', values: [`'{13:51:30.123456,24:00:00,NULL}'`], form: arrayOf(clocks(6)) },
  { type: 'time(3)[]', values: [`'{13:51:30.123,24:00:00,NULL}'`], form: arrayOf(clocks(3)) },
  { type: 'timestamp[]', values: [`'{2016-11-04 13:51:30.123456,infinity,-infinity,NULL}'`], form: arrayOf(timestamps(6)) },
  { type: 'timestamp(3)[]', values: [`'{2016-11-04 13:51:30.123456,infinity,-infinity,NULL}'`], form: arrayOf(timestamps(3)) },
  {
    type: 'timestamptz[]',
    values: [`'{2016-11-04 13:51:30.123456+02,21016-11-04T13:51:30.000000+07,4714-12-31 23:59:59.999999Z BC,infinity,NULL}'`],
    form: arrayOf(zonedTimestamps),
  },
  { type: 'timetz[]', values: [`'{13:51:30.123789+02,NULL}'`], form: arrayOf(zonedTimes) },
  { type: 'interval[]', values: [`'{P1Y2M3DT4H5M6.78S,NULL}'`], form: arrayOf(durations) },
];
