import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConnectError } from '../../src/base/errors.ts';
import { ColumnKind } from '../../src/record/column-kind.ts';
import { readCell } from '../support/read-cell.ts';

const K = ColumnKind;
const hex = (unscaled: bigint): string => {
  for (let bytes = 1; ; bytes += 1) {
    if (BigInt.asIntN(bytes * 8, unscaled) === unscaled) {
      return BigInt.asUintN(bytes * 8, unscaled)
        .toString(16)
        .padStart(bytes * 2, '0');
    }
  }
};

/** Cell text, kind, scale, value: what Debezium's own tests expect of these inputs, and the edges beside them. */
const golden: readonly (readonly [string, ColumnKind, number, unknown])[] = [
  ['3.3', K.FLOAT32, -1, Math.fround(3.3)],
  ['NaN', K.FLOAT32, -1, Number.NaN],
  ['Infinity', K.FLOAT64, -1, Number.POSITIVE_INFINITY],
  ['-Infinity', K.FLOAT64, -1, Number.NEGATIVE_INFINITY],
  ['.80', K.FLOAT64, -1, 0.8],
  ['4000000000', K.LONG, -1, 4_000_000_000n],
  ['-9223372036854775808', K.LONG, -1, -9_223_372_036_854_775_808n],
  ['9223372036854775807', K.LONG, -1, 9_223_372_036_854_775_807n],
  ['1.10', K.DECIMAL, 2, hex(110n)],
  ['1.1', K.DECIMAL, 2, hex(110n)],
  ['10', K.DECIMAL, 0, hex(10n)],
  ['12300', K.DECIMAL, -2, hex(123n)],
  ['0.00', K.DECIMAL, 2, '00'],
  ['-1.28', K.DECIMAL, 2, '80'],
  ['1e2', K.DECIMAL, 2, hex(10_000n)],
  ['10.1111', K.VARIABLE_SCALE_DECIMAL, -1, [hex(101_111n), 4]],
  ['10', K.VARIABLE_SCALE_DECIMAL, -1, [hex(10n), 0]],
  ['1e3', K.VARIABLE_SCALE_DECIMAL, -1, [hex(1000n), 0]],
  ['0.000', K.VARIABLE_SCALE_DECIMAL, -1, ['00', 3]],
  ['22.2200', K.DECIMAL_STRING, 4, '22.2200'],
  ['22.22', K.DECIMAL_STRING, 4, '22.2200'],
  ['1.5e-3', K.DECIMAL_STRING, -1, '0.0015'],
  ['-0.50', K.DECIMAL_STRING, 1, '-0.5'],
  ['NaN', K.DECIMAL_STRING, 4, 'NAN'],
  ['Infinity', K.DECIMAL_STRING, 4, 'POSITIVE_INFINITY'],
  ['-Infinity', K.DECIMAL_STRING, 4, 'NEGATIVE_INFINITY'],
  ['$1,234.11', K.MONEY, 2, hex(123_411n)],
  ['-$1,234.11', K.MONEY, 2, hex(-123_411n)],
  ['($1,234.11)', K.MONEY, 2, hex(-123_411n)],
  ['₹12,34,567.80', K.MONEY, 2, hex(123_456_780n)],
  ['11', K.BITS, -1, '03'],
  ['1000000', K.BITS, -1, '40'],
  ['00', K.BITS, -1, ''],
  ['000000110000001000000001', K.BITS, -1, '010203'],
  [`1${'0'.repeat(63)}`, K.BITS, -1, `${'00'.repeat(7)}80`],
  ['101', K.BITS, -1, '05'],
  ['111011010001000110000001000000001', K.BITS, -1, '010223da01'],
  ['1', K.BIT, -1, true],
  ['\\x010203', K.BYTES_HEX, -1, '010203'],
  ['\\x', K.BYTES_HEX, -1, ''],
  ['2016-11-04 13:51:30.123456', K.TIMESTAMP_MICROS, 6, 1_478_267_490_123_456n],
  ['2016-11-04 13:51:30.123', K.TIMESTAMP_MILLIS, 3, 1_478_267_490_123n],
  ['294247-01-01 23:59:59.999999', K.TIMESTAMP_MICROS, 6, 9_223_371_331_199_999_999n],
  ['4713-12-31 23:59:59.999999 BC', K.TIMESTAMP_MICROS, 6, -210_831_897_600_000_001n],
  ['infinity', K.TIMESTAMP_MICROS, 6, 9_223_372_036_825_200_000n],
  ['-infinity', K.TIMESTAMP_MICROS, 6, -9_223_372_036_832_400_000n],
  ['2016-11-04 11:51:30.123456+00', K.ZONED_TIMESTAMP, 6, '2016-11-04T11:51:30.123456Z'],
  ['2016-11-04 13:51:30.123456+02', K.ZONED_TIMESTAMP, 6, '2016-11-04T11:51:30.123456Z'],
  ['2016-11-04 13:51:30+02', K.ZONED_TIMESTAMP, 3, '2016-11-04T11:51:30.000Z'],
  ['2016-12-31 23:30:00.5-01', K.ZONED_TIMESTAMP, -1, '2017-01-01T00:30:00.5Z'],
  ['2016-01-01 00:15:00+00:19:32', K.ZONED_TIMESTAMP, 0, '2015-12-31T23:55:28Z'],
  ['21016-11-04 06:51:30+00', K.ZONED_TIMESTAMP, 6, '+21016-11-04T06:51:30.000000Z'],
  ['21016-11-04 13:51:30+07', K.ZONED_TIMESTAMP, 6, '+21016-11-04T06:51:30.000000Z'],
  ['4714-12-31 23:59:59.999999+00 BC', K.ZONED_TIMESTAMP, 6, '-4713-12-31T23:59:59.999999Z'],
  ['0001-01-01 00:00:00+00 BC', K.ZONED_TIMESTAMP, 6, '0000-01-01T00:00:00.000000Z'],
  ['infinity', K.ZONED_TIMESTAMP, 6, 'infinity'],
  ['-infinity', K.ZONED_TIMESTAMP, 6, '-infinity'],
  ['2020-04-01 11:51:02+00', K.ZONED_TIMESTAMP, 6, '2020-04-01T11:51:02.000000Z'],
  ['24:00:00', K.TIME_MICROS, 6, 86_400_000_000n],
  ['24:00:00', K.TIME_MILLIS, 3, 86_400_000],
  ['13:51:30.123', K.TIME_MILLIS, 3, 49_890_123],
  ['13:51:30.123789+02', K.ZONED_TIME, -1, '11:51:30.123789Z'],
  ['13:51:30.123+02', K.ZONED_TIME, -1, '11:51:30.123Z'],
  ['11:51:02+00', K.ZONED_TIME, -1, '11:51:02Z'],
  ['24:00:00+00', K.ZONED_TIME, -1, '24:00:00Z'],
  ['01:00:00+02:30', K.ZONED_TIME, -1, '22:30:00Z'],
  ['1970-01-01', K.DATE_DAYS, -1, 0],
  ['0044-03-15 BC', K.DATE_DAYS, -1, -735_160],
  ['1 year 2 mons 3 days 04:05:06.78', K.INTERVAL_MICROS, -1, 37_091_106_780_000n],
  ['-1 years -2 mons +3 days -04:05:06.78', K.INTERVAL_MICROS, -1, -36_817_200_000_000n + 259_200_000_000n - 14_706_780_000n],
  ['-3 days', K.INTERVAL_MICROS, -1, -259_200_000_000n],
  ['00:00:00', K.INTERVAL_MICROS, -1, 0n],
  ['(1.5,-2)', K.POINT, -1, { x: 1.5, y: -2, wkb: '0101000000000000000000f83f00000000000000c0' }],
  ['"key1"=>"val1", "key2"=>NULL', K.HSTORE_JSON, -1, '{"key1":"val1","key2":null}'],
  ['', K.HSTORE_JSON, -1, '{}'],
  ['"a\\"\\\\b"=>"NULL"', K.HSTORE_JSON, -1, '{"a\\"\\\\b":"NULL"}'],
  ['{}', K.ARRAY, -1, []],
  ['{"cone      ",NULL,"NULL",a b,"","\\"\\\\"}', K.ARRAY, -1, ['cone      ', null, 'NULL', 'a b', '', '"\\']],
  ['{\\NULL,null}', K.ARRAY, -1, ['NULL', null]],
  ['[2:3]={1,2}', K.ARRAY, -1, ['1', '2']],
  ['TRUE', K.BOOLEAN, -1, true],
  ['f', K.BOOLEAN, -1, false],
];

const kindNames = new Map<number, string>(Object.entries(K).map(([name, kind]) => [kind, name]));

for (const [text, kind, scale, value] of golden) {
  test(`${kindNames.get(kind)} at scale ${scale} of ${text}`, () => assert.deepEqual(readCell(kind, text, scale), value));
}

/** Kind, scale, text that has to be refused, reason. */
const refused: readonly (readonly [ColumnKind, number, string, RegExp])[] = [
  [K.INT, -1, '2147483648', /not an int32: out of range/],
  [K.INT, -1, '-2147483649', /out of range/],
  [K.INT, -1, '', /no digits/],
  [K.INT, -1, '-', /no digits/],
  [K.INT, -1, '1.0', /not a digit/],
  [K.LONG, -1, '9223372036854775808', /out of range/],
  [K.LONG, -1, '-9223372036854775809', /out of range/],
  [K.LONG, -1, '99999999999999999999', /out of range/],
  [K.LONG, -1, '9999999999999999999', /out of range/],
  [K.LONG, -1, '12a', /not a digit/],
  [K.FLOAT64, -1, '1e400', /out of range/],
  [K.FLOAT64, -1, '1e', /exponent without digits/],
  [K.FLOAT64, -1, '1.2.3', /not a digit/],
  [K.FLOAT64, -1, 'abc', /no digits/],
  [K.FLOAT64, -1, '', /no digits/],
  [K.FLOAT32, -1, '1e39', /not a float32: out of range/],
  [K.DECIMAL, 2, '1.234', /more digits after the point/],
  [K.DECIMAL, -2, '123', /more digits/],
  [K.DECIMAL, 2, 'NaN', /NaN/],
  [K.DECIMAL, 2, 'Infinity', /infinity/],
  [K.VARIABLE_SCALE_DECIMAL, -1, 'NaN', /NaN/],
  [K.VARIABLE_SCALE_DECIMAL, -1, '-Infinity', /infinity/],
  [K.DECIMAL_STRING, 1, '1.25', /more digits/],
  [K.MONEY, 2, '12,50 €', /lc_monetary/],
  [K.MONEY, 2, '1.234,50 €', /lc_monetary/],
  [K.MONEY, 2, '$1,23', /lc_monetary/],
  [K.MONEY, 2, '12x', /unexpected character/],
  [K.MONEY, 2, '$', /no digits/],
  [K.DATE_DAYS, -1, 'infinity', /infinity/],
  [K.DATE_DAYS, -1, '-infinity', /infinity/],
  [K.DATE_DAYS, -1, '2023-02-29', /not a date/],
  [K.DATE_DAYS, -1, '1900-02-29', /not a date/],
  [K.DATE_DAYS, -1, '2023-13-01', /not a date/],
  [K.DATE_DAYS, -1, '2023-1-01', /not a date/],
  [K.TIME_MILLIS, 3, '13:51:30.1234', /more than 3 digits/],
  [K.TIME_MICROS, 6, '24:00:01', /not a time/],
  [K.TIME_MICROS, 6, '12:60:00', /not a time/],
  [K.TIMESTAMP_MICROS, 6, '2023-01-01 12:00:00+00', /without a zone/],
  [K.TIMESTAMP_MICROS, 6, '2023-01-01', /not a timestamp/],
  [K.ZONED_TIMESTAMP, 6, '2023-01-01 12:00:00', /with a zone offset/],
  [K.ZONED_TIMESTAMP, 6, '2023-01-01 12:00:00 Europe/Berlin', /with a zone offset/],
  [K.INTERVAL_MICROS, -1, '178000000 years', /out of range/],
  [K.INTERVAL_MICROS, -1, 'infinity', /infinity/],
  [K.INTERVAL_MICROS, -1, '', /not an interval/],
  [K.BYTES_HEX, -1, '010203', /expected \\x/],
  [K.BYTES_HEX, -1, '\\x0', /odd number/],
  [K.BYTES_HEX, -1, '\\x0g', /not a hex digit/],
  [K.BITS, -1, '012', /not a bit string/],
  [K.BIT, -1, '10', /not a single bit/],
  [K.BOOLEAN, -1, 'yes', /not a boolean/],
  [K.POINT, -1, '(1)', /not a point/],
  [K.POINT, -1, '(1,2', /not a point/],
  [K.HSTORE_JSON, -1, '"a"=>b', /not an hstore/],
  [K.HSTORE_JSON, -1, '"a', /not an hstore/],
  [K.ARRAY, -1, '{{1,2},{3,4}}', /one dimension/],
  [K.ARRAY, -1, '[1:1][1:2]={{1,2}}', /one dimension/],
  [K.ARRAY, -1, '{1,', /expected \{…\}/],
  [K.ARRAY, -1, '{"a}', /does not end/],
  [K.ARRAY, -1, '{a,}', /without text/],
];

for (const [kind, scale, text, reason] of refused) {
  test(`${kindNames.get(kind)} at scale ${scale} refuses "${text}", with a reason`, () => {
    assert.throws(
      () => readCell(kind, text, scale),
      (error) => error instanceof ConnectError && error.code === 'data.value' && reason.test(error.message),
    );
  });
}
