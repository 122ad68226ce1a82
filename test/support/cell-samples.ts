import fc from 'fast-check';
import { ColumnKind } from '../../src/record/column-kind.ts';
import type { Column } from '../../src/record/row-schema.ts';
import type { Schema, SchemaType } from '../../src/record/schema.ts';
import type { PlainValue } from './avro-oracle.ts';

/** One cell: its text, and the value that the text stands for. */
export interface CellSample {
  readonly text: string;
  readonly value: PlainValue;
}

/** A kind of column with a generator of cells for it; the values come from the generator, not from the readers. */
export interface KindSample {
  readonly kind: ColumnKind;
  readonly schema: Omit<Schema, 'optional'>;
  readonly scale: number;
  readonly cells: fc.Arbitrary<CellSample>;
  readonly element?: Column;
}

const K = ColumnKind;
const schema = (type: SchemaType, name?: string): Omit<Schema, 'optional'> => (name === undefined ? { type } : { type, name, version: 1 });
const int64s = fc.oneof(fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }), fc.bigInt({ min: -1000n, max: 1000n }));

/** Java's BigInteger.toByteArray, written independently of the code under test. */
export function bigEndian(value: bigint): Uint8Array {
  for (let bytes = 1; ; bytes += 1) {
    if (BigInt.asIntN(bytes * 8, value) !== value) continue;
    const out = new Uint8Array(bytes);
    for (let at = 0; at < bytes; at += 1) out[at] = Number((value >> BigInt((bytes - 1 - at) * 8)) & 0xffn);
    return out;
  }
}

/** Plain notation of an unscaled value. */
export function plainDecimal(unscaled: bigint, scale: number): string {
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0');
  const sign = unscaled < 0n ? '-' : '';
  return scale === 0 ? sign + digits : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

const pad = (value: number, width = 2): string => String(value).padStart(width, '0');
const timesOfDay = fc.record({ h: fc.nat(23), m: fc.nat(59), s: fc.nat(59), us: fc.oneof(fc.constant(0), fc.nat(999_999)) });

function clock(time: { h: number; m: number; s: number; us: number }): { text: string; micros: bigint } {
  const fraction = time.us === 0 ? '' : `.${pad(time.us, 6).replace(/0+$/, '')}`;
  const seconds = (time.h * 60 + time.m) * 60 + time.s;
  return { text: `${pad(time.h)}:${pad(time.m)}:${pad(time.s)}${fraction}`, micros: BigInt(seconds) * 1_000_000n + BigInt(time.us) };
}

function date(days: number): string {
  const at = new Date(days * 86_400_000);
  const year = at.getUTCFullYear();
  const shown = year <= 0 ? 1 - year : year;
  return `${pad(shown, 4)}-${pad(at.getUTCMonth() + 1)}-${pad(at.getUTCDate())}`;
}
const era = (days: number): string => (new Date(days * 86_400_000).getUTCFullYear() <= 0 ? ' BC' : '');
const dayNumbers = fc.integer({ min: -2_000_000, max: 90_000_000 });

export const kindSamples: readonly KindSample[] = [
  { kind: K.BOOLEAN, schema: schema('boolean'), scale: -1, cells: fc.boolean().map((value) => ({ text: value ? 't' : 'f', value })) },
  {
    kind: K.INT,
    schema: schema('int16'),
    scale: -1,
    cells: fc.integer({ min: -32768, max: 32767 }).map((value) => ({ text: String(value), value })),
  },
  { kind: K.INT, schema: schema('int32'), scale: -1, cells: fc.integer().map((value) => ({ text: String(value), value })) },
  { kind: K.LONG, schema: schema('int64'), scale: -1, cells: int64s.map((value) => ({ text: String(value), value })) },
  {
    kind: K.FLOAT32,
    schema: schema('float32'),
    scale: -1,
    cells: fc.float().map((value) => ({ text: String(value), value: Object.is(value, -0) ? 0 : value })),
  },
  {
    kind: K.FLOAT64,
    schema: schema('float64'),
    scale: -1,
    cells: fc.double().map((value) => ({ text: String(value), value: Object.is(value, -0) ? 0 : value })),
  },
  {
    kind: K.STRING,
    schema: schema('string'),
    scale: -1,
    cells: fc.string({ unit: 'grapheme', maxLength: 60 }).map((value) => ({ text: value, value })),
  },
  {
    kind: K.STRING,
    schema: schema('string', 'io.debezium.data.Json'),
    scale: -1,
    cells: fc.json().map((value) => ({ text: value, value })),
  },
  {
    kind: K.BYTES_HEX,
    schema: schema('bytes'),
    scale: -1,
    cells: fc.uint8Array({ maxLength: 400 }).map((value) => ({ text: `\\x${Buffer.from(value).toString('hex')}`, value })),
  },
  { kind: K.BIT, schema: schema('boolean'), scale: -1, cells: fc.boolean().map((value) => ({ text: value ? '1' : '0', value })) },
  {
    kind: K.BITS,
    schema: { ...schema('bytes', 'io.debezium.data.Bits'), parameters: { length: '80' } },
    scale: -1,
    cells: fc.bigInt({ min: 0n, max: (1n << 80n) - 1n }).map((value) => {
      const bytes: number[] = [];
      for (let rest = value; rest > 0n; rest >>= 8n) bytes.push(Number(rest & 0xffn));
      return { text: value.toString(2).padStart(80, '0'), value: Uint8Array.from(bytes) };
    }),
  },
  {
    kind: K.DATE_DAYS,
    schema: schema('int32', 'io.debezium.time.Date'),
    scale: -1,
    cells: dayNumbers.map((days) => ({ text: date(days) + era(days), value: days })),
  },
  {
    kind: K.TIME_MILLIS,
    schema: schema('int32', 'io.debezium.time.Time'),
    scale: 3,
    cells: timesOfDay.map((time) => {
      const { text, micros } = clock({ ...time, us: Math.floor(time.us / 1000) * 1000 });
      return { text, value: Number(micros / 1000n) };
    }),
  },
  {
    kind: K.TIME_MICROS,
    schema: schema('int64', 'io.debezium.time.MicroTime'),
    scale: 6,
    cells: timesOfDay.map((time) => ({ text: clock(time).text, value: clock(time).micros })),
  },
  {
    kind: K.TIMESTAMP_MICROS,
    schema: schema('int64', 'io.debezium.time.MicroTimestamp'),
    scale: 6,
    cells: fc.tuple(dayNumbers, timesOfDay).map(([days, time]) => {
      const { text, micros } = clock(time);
      return { text: `${date(days)} ${text}${era(days)}`, value: BigInt(days) * 86_400_000_000n + micros };
    }),
  },
  {
    kind: K.TIMESTAMP_MILLIS,
    schema: schema('int64', 'io.debezium.time.Timestamp'),
    scale: 3,
    cells: fc.tuple(dayNumbers, timesOfDay).map(([days, time]) => {
      const { text, micros } = clock(time);
      return { text: `${date(days)} ${text}${era(days)}`, value: BigInt(days) * 86_400_000n + micros / 1000n };
    }),
  },
  {
    kind: K.ZONED_TIMESTAMP,
    schema: schema('string', 'io.debezium.time.ZonedTimestamp'),
    scale: 6,
    cells: fc.tuple(fc.integer({ min: -700_000, max: 2_900_000 }), timesOfDay).map(([days, time]) => {
      const fraction = pad(time.us, 6);
      const { text } = clock(time);
      return { text: `${date(days)} ${text}+00`, value: `${date(days)}T${pad(time.h)}:${pad(time.m)}:${pad(time.s)}.${fraction}Z` };
    }),
  },
  {
    kind: K.DECIMAL,
    schema: { ...schema('bytes', 'org.apache.kafka.connect.data.Decimal'), parameters: { scale: '4', 'connect.decimal.precision': '40' } },
    scale: 4,
    cells: fc
      .oneof(
        fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }),
        fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }),
        fc.bigInt({ min: -300n, max: 300n }),
      )
      .map((unscaled) => ({ text: plainDecimal(unscaled, 4), value: bigEndian(unscaled) })),
  },
  {
    kind: K.VARIABLE_SCALE_DECIMAL,
    schema: {
      ...schema('struct', 'io.debezium.data.VariableScaleDecimal'),
      fields: [
        { name: 'scale', schema: { type: 'int32', optional: false } },
        { name: 'value', schema: { type: 'bytes', optional: false } },
      ],
    },
    scale: -1,
    cells: fc.tuple(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.nat(20)).map(([unscaled, scale]) => ({
      text: plainDecimal(unscaled, scale),
      value: withoutTrailingZeros(unscaled, scale),
    })),
  },
  {
    kind: K.ARRAY,
    schema: { type: 'array', items: { type: 'string', optional: true } },
    scale: -1,
    element: { name: 'element', kind: K.STRING, scale: -1, schema: { type: 'string', optional: true } },
    cells: fc.array(fc.option(fc.string({ unit: 'grapheme', maxLength: 20 })), { maxLength: 100 }).map((items) => ({
      text: `{${items.map((item) => (item === null ? 'NULL' : `"${item.replaceAll(/["\\]/g, (found) => `\\${found}`)}"`)).join(',')}}`,
      value: items,
    })),
  },
];

function withoutTrailingZeros(unscaled: bigint, scale: number): { scale: number; value: Uint8Array } {
  let [digits, left] = [unscaled, scale];
  for (; left > 0 && digits % 10n === 0n; left -= 1) digits /= 10n;
  return { scale: left, value: bigEndian(digits) };
}
