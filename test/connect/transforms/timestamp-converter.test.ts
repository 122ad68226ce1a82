import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Op } from '../../../src/record/change.ts';
import { ColumnKind } from '../../../src/record/column-kind.ts';
import { Config } from '../../../src/connect/config.ts';
import { createTransforms } from '../../../src/connect/transforms/catalog.ts';
import { columnsOf, envelopeOf, optionsOf, written } from './transform-run.ts';

const columns = columnsOf({
  id: [ColumnKind.LONG, 'int64'],
  micro: [ColumnKind.TIMESTAMP_MICROS, 'int64?', { name: 'io.debezium.time.MicroTimestamp' }],
  milli: [ColumnKind.TIMESTAMP_MILLIS, 'int64?', { name: 'org.apache.kafka.connect.data.Timestamp' }],
  zoned: [ColumnKind.ZONED_TIMESTAMP, 'string?', { name: 'io.debezium.time.ZonedTimestamp' }],
  name: [ColumnKind.STRING, 'string?'],
});
const shape = () => envelopeOf('shop.public.visits', columns);
const rows = [
  { op: Op.CREATE, after: ['1700000000', '2024-02-29 12:34:56.789012', '1969-12-31 23:59:59.999', '2024-02-29 12:34:56.789+05:30', 'x'] },
  { op: Op.CREATE, after: ['-1', null, null, null, null] },
  { op: Op.TOMBSTONE, before: ['-1', null, null, null, null] },
];
const type = 'TimestampConverter$Value';

async function values(field: string, target: string, more: Record<string, string> = {}): Promise<unknown[]> {
  const chain = {
    ...optionsOf('io.debezium.transforms.ExtractNewRecordState'),
    transforms: 'A,B',
    'transforms.B.type': type,
    'transforms.B.field': field,
    'transforms.B.target.type': target,
    ...Object.fromEntries(Object.entries(more).map(([name, value]) => [`transforms.B.${name}`, value])),
  };
  return (await written(chain, shape(), rows)).map(({ value }) => (value as Record<string, unknown>)[field]);
}

function plan(target: string) {
  const options = { field: 'id', 'target.type': target, format: 'yyyy' };
  return createTransforms(Config.of(optionsOf('TimestampConverter$Key', options)))[0]!.plan(shape(), Op.CREATE);
}

describe('TimestampConverter', () => {
  const micros = { 'unix.precision': 'microseconds' };
  it("Debezium's MicroTimestamp is a unix timestamp of microseconds", async () => {
    assert.deepEqual(await values('micro', 'string', { ...micros, format: 'yyyy-MM-dd HH:mm:ss.SSS' }), ['2024-02-29 12:34:56.789', null]);
    const at = Date.UTC(2024, 1, 29, 12, 34, 56, 789);
    assert.deepEqual(await values('micro', 'Timestamp', micros), [at, null]);
    assert.deepEqual(await values('micro', 'unix', micros), [at * 1000, null]);
    assert.deepEqual(await values('micro', 'Date', micros), [Math.floor(at / 86_400_000), null]);
    assert.deepEqual(await values('micro', 'Time', micros), [at % 86_400_000, null]);
    // Kafka Connect takes it at its word: microseconds read as milliseconds are another age.
    assert.deepEqual(await values('micro', 'Timestamp'), [at * 1000 + 12, null]);
  });

  it("Connect's Timestamp and text with a zone are moments; before 1970 days go on downwards, and units towards 1970", async () => {
    assert.deepEqual(await values('milli', 'Date', micros), [-1, null]);
    assert.deepEqual(await values('milli', 'Time'), [86_399_999, null]);
    assert.deepEqual(await values('milli', 'unix', { 'unix.precision': 'seconds' }), [0, null]);
    assert.deepEqual(await values('zoned', 'Timestamp'), [Date.UTC(2024, 1, 29, 7, 4, 56, 789), null]);
  });

  it('numbers of a bigint column', async () => {
    const seconds = { 'unix.precision': 'seconds' };
    assert.deepEqual(await values('id', 'string', { ...seconds, format: "yyyy-MM-dd'T'HH:mm:ss'Z'" }), [
      '2023-11-14T22:13:20Z',
      '1969-12-31T23:59:59Z',
    ]);
    assert.deepEqual(await values('id', 'unix', seconds), [1_700_000_000, -1]);
  });

  it('schemas: logical names, and optional as before', () => {
    const schemas = ['string', 'unix', 'Date', 'Time', 'Timestamp'].map((target) => plan(target)?.shape.key?.schema.fields?.[0]?.schema);
    assert.deepEqual(
      schemas.map((each) => [each?.type, each?.optional, each?.name, each?.version]),
      [
        ['string', false, undefined, undefined],
        ['int64', false, undefined, undefined],
        ['int32', false, 'org.apache.kafka.connect.data.Date', 1],
        ['int32', false, 'org.apache.kafka.connect.data.Time', 1],
        ['int64', false, 'org.apache.kafka.connect.data.Timestamp', 1],
      ],
    );
  });

  it('what it cannot do is refused', async () => {
    await assert.rejects(values('micro', 'string'), /requires format option/);
    await assert.rejects(values('name', 'unix'), /requires format option/);
    await assert.rejects(values('micro', 'date-time'), /target\.type/);
    const infinite = { ...rows[0]!, after: ['1', 'infinity', null, null, null] };
    const options = { field: 'micro', 'target.type': 'unix' };
    const chain = { ...optionsOf('io.debezium.transforms.ExtractNewRecordState'), transforms: 'A,B', 'transforms.B.type': type };
    const config = { ...chain, ...Object.fromEntries(Object.entries(options).map(([name, value]) => [`transforms.B.${name}`, value])) };
    await assert.rejects(written(config, shape(), [infinite]), (error: Error) => /cannot read the time of a row/.test(String(error.cause)));
  });
});
