import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConnectError } from '../../../src/base/errors.ts';
import { Op } from '../../../src/record/change.ts';
import { ColumnKind } from '../../../src/record/column-kind.ts';
import { murmur3 } from '../../../src/connect/transforms/murmur3.ts';
import { columnsOf, envelopeOf, optionsOf, stored } from './transform-run.ts';
import type { Cells, Row } from './transform-run.ts';

const decimal = { name: 'org.apache.kafka.connect.data.Decimal', version: 1, parameters: { scale: '2' } };
const columns = columnsOf({
  id: [ColumnKind.LONG, 'int64'],
  text: [ColumnKind.STRING, 'string?'],
  small: [ColumnKind.INT, 'int16?'],
  flag: [ColumnKind.BOOLEAN, 'boolean?'],
  real: [ColumnKind.FLOAT32, 'float32?'],
  double: [ColumnKind.FLOAT64, 'float64?'],
  price: [ColumnKind.DECIMAL, 'bytes?', decimal],
  day: [ColumnKind.DATE_DAYS, 'int32?', { name: 'io.debezium.time.Date', version: 1 }],
  at: [ColumnKind.TIMESTAMP_MILLIS, 'int64?', { name: 'org.apache.kafka.connect.data.Timestamp', version: 1 }],
  span: [ColumnKind.INTERVAL_MICROS, 'int64?'],
}).map((column) => (column.name === 'price' ? { ...column, scale: 2 } : column));
const shape = () => envelopeOf('shop.public.orders', columns);
const type = 'io.debezium.transforms.partitions.PartitionRouting';
const most = 2_147_483_647;

const cells = (values: Readonly<Record<string, string | null>>): Cells =>
  columns.map(({ name }) => values[name] ?? (name === 'id' ? '1' : null));
const create = (values: Readonly<Record<string, string | null>>): Row => ({ op: Op.CREATE, after: cells(values) });

async function partitions(fields: string, rows: readonly Row[], options: Record<string, string> = {}): Promise<number[]> {
  const config = optionsOf(type, { 'partition.payload.fields': fields, 'partition.topic.num': String(most), ...options });
  return (await stored(config, shape(), rows)).map(({ partition }) => partition);
}

/** Column, text and `hashCode()` of what Kafka Connect has for it, as a Java virtual machine prints it. */
const hashCodes: readonly (readonly [column: string, text: string, hash: number])[] = [
  ['text', 'order-1', -1207111310],
  ['text', 'Zürich 🚲', -1456975433],
  ['small', '-7', -7],
  ['id', '9007199254740993', 2097153],
  ['id', '-5', 4],
  ['flag', 't', 1231],
  ['flag', 'f', 1237],
  ['real', '1.5', 1069547520],
  ['double', '-0.1', 639631363],
  ['price', '12.50', 38752],
  ['price', '12.5', 38752],
  ['price', '-98765432109876543210.99', -1808570389],
  ['price', '-0.07', -215],
  ['day', '1969-12-31', -1],
  ['at', '2026-02-28 23:30:00', -1500093092],
];

/** As io.debezium.util.MurmurHash3 of Debezium 3.6.1 prints it. */
const murmurs: readonly (readonly [text: string, hash: number])[] = [
  ['', 89125410],
  ['a', -1119243492],
  ['order-1', 1335375600],
  ['Zürich 🚲', 1712046315],
  ['0123456789abcdef', 26898387],
  ['0123456789abcdefé and more than two blocks of it', 2032144346],
  ['äöüäöüäöü', -974705480],
];

describe('PartitionRouting', () => {
  it("Java's hash code of every type it takes", async () => {
    for (const [column, text, hash] of hashCodes)
      assert.deepEqual(await partitions(`after.${column}`, [create({ [column]: text })]), [(hash & most) % most], `${column} ${text}`);
  });

  it("Debezium's murmur hash: of a text, of other values' hash codes", async () => {
    for (const [text, hash] of murmurs) assert.equal(murmur3(Buffer.from(text)), hash, text);
    const murmur = { 'partition.hash.function': 'murmur' };
    assert.deepEqual(await partitions('after.text', [create({ text: 'order-1' })], murmur), [1335375600]);
    assert.deepEqual(await partitions('after.small', [create({ small: '-7' })], murmur), [-1990014637 & most]);
    assert.deepEqual(await partitions('after.id', [create({ id: '9007199254740993' })], murmur), [422728009]);
  });

  it('fields are added up; those that are not there or null do not count, and without any the key decides', async () => {
    const rows = [create({ small: '3', id: '4' }), create({ id: '4' }), create({})];
    assert.deepEqual(await partitions('change.small,change.id,change.nope', rows), [7, 4, 1]);
    assert.deepEqual(await partitions('after.small', rows), [3, -1, -1]);
    assert.deepEqual(await partitions('nope,before.nope.deeper', rows), [-1, -1, -1]);
    assert.deepEqual(await partitions('after.small', [create({ small: '-1' })]), [0], 'the largest hash counts as 0');
    assert.deepEqual(await partitions('op,source.table', rows.slice(0, 1), { 'partition.topic.num': '10' }), [
      ((hashOf('c') + hashOf('orders')) & most) % 10,
    ]);
  });

  it('change is the old row of a delete; a tombstone goes by its key', async () => {
    const [before, after] = [cells({ small: '2' }), cells({ small: '5' })];
    const rows = [
      { op: Op.UPDATE, before, after },
      { op: Op.DELETE, before },
      { op: Op.TOMBSTONE, before },
    ];
    assert.deepEqual(await partitions('change.small', rows), [5, 2, -1]);
    assert.deepEqual(await partitions('before.small', rows), [2, 2, -1]);
  });

  it('the partition stays with transforms that come later, also where they choose the topic', async () => {
    const config = {
      transforms: 'A,B,C',
      'transforms.A.type': type,
      'transforms.A.partition.payload.fields': 'change.small',
      'transforms.A.partition.topic.num': '8',
      'transforms.B.type': 'io.debezium.transforms.ExtractNewRecordState',
      'transforms.C.type': 'org.apache.kafka.connect.transforms.TimestampRouter',
    };
    const records = await stored(config, shape(), [create({ small: '3' }), create({ small: '12' })]);
    assert.deepEqual(
      records.map(({ topic, partition }) => [topic, partition]),
      [
        ['shop.public.orders-20260228', 3],
        ['shop.public.orders-20260228', 4],
      ],
    );
  });

  it('what cannot be hashed, and options that make no sense, are refused', async () => {
    await assert.rejects(partitions('after.span', [create({})]), /cannot be computed from a int64/);
    await assert.rejects(partitions('after', [create({})]), /cannot be computed from a/);
    await assert.rejects(partitions('after.id', [], { 'partition.topic.num': '0' }), isInvalid);
    await assert.rejects(partitions('after.id', [], { 'partition.topic.num': 'x' }), isInvalid);
    await assert.rejects(partitions('after..id', []), isInvalid);
    await assert.rejects(partitions('after.id', [], { 'partition.hash.function': 'md5' }), isInvalid);
  });
});

function isInvalid(error: unknown): boolean {
  return error instanceof ConnectError && error.code === 'config.invalid';
}

function hashOf(text: string): number {
  return Buffer.from(text).reduce((hash, char) => (Math.imul(31, hash) + char) | 0, 0);
}
