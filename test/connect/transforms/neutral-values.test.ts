import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Op } from '../../../src/record/change.ts';
import { ColumnKind } from '../../../src/record/column-kind.ts';
import type { Column } from '../../../src/record/row-schema.ts';
import { columnsOf, envelopeOf, optionsOf, written } from './transform-run.ts';

/** What the source sets where a column must not be null: see `Column.neutral`. */
const neutral: Readonly<Record<string, Column['neutral']>> = {
  micro: 0n,
  milli: 0n,
  zoned: '1970-01-01T00:00:00.00Z',
  time: '00:00:00Z',
  flag: false,
};
const columns = columnsOf({
  id: [ColumnKind.INT, 'int32'],
  micro: [ColumnKind.TIMESTAMP_MICROS, 'int64', { name: 'io.debezium.time.MicroTimestamp' }],
  milli: [ColumnKind.TIMESTAMP_MILLIS, 'int64', { name: 'org.apache.kafka.connect.data.Timestamp' }],
  zoned: [ColumnKind.ZONED_TIMESTAMP, 'string', { name: 'io.debezium.time.ZonedTimestamp' }],
  time: [ColumnKind.ZONED_TIME, 'string', { name: 'io.debezium.time.ZonedTime' }],
  flag: [ColumnKind.BOOLEAN, 'boolean'],
}).map((column): Column => ({ ...column, neutral: neutral[column.name] }));
const deleted = { op: Op.DELETE, before: ['1', null, null, null, null, null] };

async function row(config: Record<string, string>): Promise<Record<string, unknown>> {
  const unwrap = 'io.debezium.transforms.ExtractNewRecordState';
  const chain = { ...config, 'transforms.Z.type': unwrap, 'transforms.Z.delete.tombstone.handling.mode': 'rewrite' };
  const [record] = await written(chain, envelopeOf('shop.public.visits', columns), [deleted]);
  return record?.value as Record<string, unknown>;
}

/** Under REPLICA IDENTITY DEFAULT a delete brings its key alone, and the other columns may be NOT NULL. */
describe('what stands for a value that an old row lacks goes through transforms like any other', () => {
  it('TimezoneConverter', async () => {
    const options = { ...optionsOf('io.debezium.transforms.TimezoneConverter', { 'converted.timezone': '+05:30' }), transforms: 'A,Z' };
    const { micro, milli, zoned, time } = await row(options);
    assert.deepEqual([micro, milli, zoned, time], [-19_800_000_000, -19_800_000, '1970-01-01T05:30:00+05:30', '05:30:00+05:30']);
  });

  it('TimestampConverter', async () => {
    for (const [field, target, expected] of [
      ['micro', 'string', '1970-01-01'],
      ['milli', 'unix', 0],
      ['zoned', 'Date', 0],
    ] as const) {
      const options = optionsOf('TimestampConverter$Value', { field, 'target.type': target, format: 'yyyy-MM-dd' });
      assert.equal((await row({ ...options, transforms: 'Z,A' }))[field], expected);
    }
  });

  it('Cast', async () => {
    const options = { ...optionsOf('Cast$Value', { spec: 'flag:int8,micro:string' }), transforms: 'Z,A' };
    const { flag, micro } = await row(options);
    assert.deepEqual([flag, micro], [0, '0']);
  });
});
