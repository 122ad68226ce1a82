import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { Op } from '../../../src/record/change.ts';
import { ColumnKind } from '../../../src/record/column-kind.ts';
import type { Schema, SchemaType } from '../../../src/record/schema.ts';
import { columnsOf, envelopeOf, optionsOf, stored, written } from './transform-run.ts';
import type { Row } from './transform-run.ts';

const targets = ['int8', 'int16', 'int32', 'int64', 'float32', 'float64', 'boolean', 'string'] as const;
const K = ColumnKind;
const decimal: Partial<Schema> = { name: 'org.apache.kafka.connect.data.Decimal', version: 1, parameters: { scale: '2' } };
const logical = (name: string): Partial<Schema> => ({ name: `org.apache.kafka.connect.data.${name}`, version: 1 });

/**
 * What Kafka Connect 4.3.1's Cast makes of values, in the order of `targets`; `!`: it fails. Where it wraps a number around
 * or makes one up (NaN becomes 0), the row is a data error here: `#`.
 */
const table: readonly (readonly [kind: ColumnKind, type: SchemaType, more: Partial<Schema>, text: string, results: string])[] = [
  [K.INT, 'int32', {}, '300', '# 300 300 300 300.0 300.0 true 300'],
  [K.INT, 'int32', {}, '0', '0 0 0 0 0.0 0.0 false 0'],
  [K.LONG, 'int64', {}, '9007199254740993', '# # # 9007199254740993 9.0071993E15 9.007199254740992E15 true 9007199254740993'],
  [K.FLOAT64, 'float64', {}, '-1.9', '-1 -1 -1 -1 -1.9 -1.9 true -1.9'],
  [K.FLOAT64, 'float64', {}, '1e+20', '# # # # 1.0E20 1.0E20 true 1.0E20'],
  [K.FLOAT64, 'float64', {}, '0.1', '0 0 0 0 0.1 0.1 false 0.1'],
  [K.FLOAT64, 'float64', {}, 'NaN', '# # # # NaN NaN false NaN'],
  // Java widens it to 0.10000000149011612.
  [K.FLOAT32, 'float32', {}, '0.1', '0 0 0 0 0.1 0.1 false 0.1'],
  [K.DECIMAL, 'bytes', decimal, '12.50', '12 12 12 12 12.5 12.5 true 12.50'],
  [K.DECIMAL, 'bytes', decimal, '-4294967297.99', '# # # -4294967297 -4.2949673E9 -4.29496729799E9 true -4294967297.99'],
  [K.DECIMAL, 'bytes', decimal, '0.49', '0 0 0 0 0.49 0.49 false 0.49'],
  [K.BOOLEAN, 'boolean', {}, 't', '1 1 1 1 1.0 1.0 true true'],
  [K.BOOLEAN, 'boolean', {}, 'f', '0 0 0 0 0.0 0.0 false false'],
  [K.STRING, 'string', {}, '-300', '! -300 -300 -300 -300.0 -300.0 # -300'],
  [K.STRING, 'string', {}, '1.5', '! ! ! ! 1.5 1.5 # 1.5'],
  [K.STRING, 'string', {}, 'TRUE', '! ! ! ! ! ! true TRUE'],
  [K.BYTES_HEX, 'bytes', {}, '\\x01ff00', '! ! ! ! ! ! ! Af8A'],
  [K.DATE_DAYS, 'int32', logical('Date'), '2024-02-29', '# 19782 19782 19782 19782.0 19782.0 true 2024-02-29'],
  [K.DATE_DAYS, 'int32', logical('Date'), '1970-01-01', '0 0 0 0 0.0 0.0 false 00:00:00.000Z'],
  [K.TIME_MILLIS, 'int32', logical('Time'), '12:34:56.789', '# # 45296789 45296789 4.5296788E7 4.5296789E7 true 12:34:56.789Z'],
  [
    K.TIMESTAMP_MILLIS,
    'int64',
    logical('Timestamp'),
    '2024-02-29 12:28:16.789',
    '# # # 1709209696789 1.70920968E12 1.709209696789E12 true 2024-02-29T12:28:16.789Z',
  ],
  [
    K.TIMESTAMP_MILLIS,
    'int64',
    logical('Timestamp'),
    '2024-02-29 00:00:00',
    '# # # 1709164800000 1.70916486E12 1.7091648E12 true 2024-02-29',
  ],
  [K.TIMESTAMP_MILLIS, 'int64', logical('Timestamp'), '1969-12-31 23:59:59.999', '-1 -1 -1 -1 -1.0 -1.0 true 23:59:59.999Z'],
  // Debezium's times are numbers, whatever they mean.
  [K.DATE_DAYS, 'int32', { name: 'io.debezium.time.Date', version: 1 }, '1970-02-01', '31 31 31 31 31.0 31.0 true 31'],
  [
    K.TIME_MICROS,
    'int64',
    { name: 'io.debezium.time.MicroTime', version: 1 },
    '00:00:01.5',
    '# # 1500000 1500000 1500000.0 1500000.0 true 1500000',
  ],
  [
    K.TIMESTAMP_MICROS,
    'int64',
    { name: 'io.debezium.time.MicroTimestamp', version: 1 },
    '1970-01-01 00:00:00.000007',
    '7 7 7 7 7.0 7.0 true 7',
  ],
];

/** As a string header prints it, so that Java's spelling of numbers is seen. */
async function cast(column: (typeof table)[number], target: SchemaType): Promise<string | null> {
  const [kind, type, more, text] = column;
  const columns = columnsOf({ id: [K.INT, 'int32'], v: [kind, `${type}?`, more] });
  const scaled = columns.map((each) => (kind === K.DECIMAL && each.name === 'v' ? { ...each, scale: 2 } : each));
  const config = {
    ...optionsOf('io.debezium.transforms.ExtractNewRecordState'),
    transforms: 'A,B,C',
    'transforms.B.type': 'Cast$Value',
    'transforms.B.spec': `v:${target}`,
    'transforms.C.type': 'HeaderFrom$Value',
    'transforms.C.fields': 'v',
    'transforms.C.headers': 'v',
    'transforms.C.operation': 'copy',
  };
  const rows = [
    { op: Op.CREATE, after: ['1', text] },
    { op: Op.CREATE, after: ['2', null] },
  ];
  const [record, absent] = await stored(config, envelopeOf('s.public.t', scaled), rows);
  assert.equal((JSON.parse(absent?.value ?? '') as { v: unknown }).v, null, 'null stays null');
  return record?.headers['v'] ?? null;
}

function config(spec: string): Record<string, string> {
  return {
    ...optionsOf('io.debezium.transforms.ExtractNewRecordState'),
    transforms: 'A,B',
    'transforms.B.type': 'Cast$Value',
    'transforms.B.spec': spec,
  };
}

describe('Cast, as Kafka Connect 4.3.1 has it', () => {
  for (const column of table) {
    it(`${column[2].name ?? column[1]} ${column[3]}`, async () => {
      for (const [at, expected] of column[4].split(' ').entries()) {
        const target = targets[at] as SchemaType;
        if (expected === '!' || expected === '#') await assert.rejects(cast(column, target), Error, target);
        // Java before 19 did not print the fewest digits.
        else if (target === 'float32') assert.equal(Math.fround(Number(await cast(column, target))), Math.fround(Number(expected)));
        else assert.equal(await cast(column, target), expected, target);
      }
    });
  }

  it('several fields of one record, times of the envelope among them; what cannot be cast is refused at once', async () => {
    const columns = columnsOf({
      id: [K.INT, 'int32'],
      flag: [K.BOOLEAN, 'boolean?'],
      size: [K.FLOAT64, 'float64?'],
      many: [K.ARRAY, 'array?'],
    });
    const shape = envelopeOf('s.public.t', columns.slice(0, 3));
    const [record] = await stored(config('flag:int8,size:int64,id:string'), shape, [{ op: Op.CREATE, after: ['1', 't', '7.9'] }]);
    assert.deepEqual(JSON.parse(record?.value ?? ''), { id: '1', flag: 1, size: 7 });
    await assert.rejects(
      stored(config('many:string'), envelopeOf('s.public.t', columns), []),
      /cannot turn field "many" \(array\) into string/,
    );
  });
});

it('text whose unchanged values have a placeholder becomes a number all the same', async () => {
  const [id, text] = columnsOf({ id: [ColumnKind.INT, 'int32'], text: [ColumnKind.STRING, 'string?'] });
  assert.ok(id !== undefined && text !== undefined);
  const table = envelopeOf('shop.public.toast', [id, { ...text, unavailable: '__debezium_unavailable_value' }]);
  const config = {
    transforms: 'A,B',
    'transforms.A.type': 'io.debezium.transforms.ExtractNewRecordState',
    'transforms.B.type': 'org.apache.kafka.connect.transforms.Cast$Value',
    'transforms.B.spec': 'text:int32',
  };
  const rows: readonly Row[] = ['42', null].map((cell) => ({ op: Op.CREATE, after: ['1', cell] }));
  assert.deepEqual(
    (await written(config, table, rows)).map(({ value }) => value),
    [
      { id: 1, text: 42 },
      { id: 1, text: null },
    ],
  );
});
