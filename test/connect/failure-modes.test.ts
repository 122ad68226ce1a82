import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { ByteSink } from '../../src/base/byte-sink.ts';
import { Config } from '../../src/connect/config.ts';
import { createErrorTolerance } from '../../src/connect/error-tolerance.ts';
import { createTransforms } from '../../src/connect/transforms/catalog.ts';
import { AvroRowEncoder } from '../../src/avro/avro-row-encoder.ts';
import { avroValueWriter } from '../../src/avro/avro-value-writer.ts';
import { JsonConverter } from '../../src/json/json-converter.ts';
import { CellFault } from '../../src/record/cell-fault.ts';
import { Change, Op, TupleRef } from '../../src/record/change.ts';
import { ColumnKind } from '../../src/record/column-kind.ts';
import type { Schema } from '../../src/record/schema.ts';
import { compileRow } from '../../src/text/row-program.ts';
import { fillTuple } from '../support/sample-shape.ts';
import { ScriptedSource, boundary, type ScriptStep } from '../support/scripted-source.ts';
import { never, stageTask } from '../support/task-stage.ts';
import { columnsOf, envelopeOf, type Row } from './transforms/transform-run.ts';

type Columns = ReturnType<typeof columnsOf>;

const columns = columnsOf({
  id: [ColumnKind.INT, 'int32'],
  size: [ColumnKind.INT, 'int32?'],
  day: [ColumnKind.DATE_DAYS, 'int32?'],
  must: [ColumnKind.INT, 'int32'],
});
const rows: readonly Row[] = [
  { op: Op.CREATE, after: ['1', '10', '2024-02-29', '1'] },
  { op: Op.UPDATE, before: ['2', 'oops', '2024-02-29', '1'], after: ['2', '99999999999', 'infinity', '1'] },
  { op: Op.CREATE, after: ['3', '30', null, 'oops'] },
  { op: Op.CREATE, after: ['4', '40', null, '1'] },
];

interface Image {
  readonly id: number;
}

async function written(
  config: Readonly<Record<string, string>>,
  table: Columns = columns,
  changes: readonly Row[] = rows,
): Promise<{ images: unknown[]; metrics: string }> {
  const steps = changes.map((each): ScriptStep => ({
    kind: 'fill',
    fill(change) {
      change.op = each.op;
      change.before.count = 0;
      change.after.count = 0;
      if (each.before !== undefined) fillTuple(change.before, each.before);
      if (each.after !== undefined) fillTuple(change.after, each.after);
    },
  }));
  const converter = new JsonConverter({ schemasEnable: false, decimalNumeric: true });
  const stage = stageTask(new ScriptedSource([...steps, boundary], () => envelopeOf('s.public.t', table)), {
    tolerance: createErrorTolerance(Config.of(config)),
    transforms: createTransforms(Config.of(config)),
    keyConverter: converter,
    valueConverter: converter,
  });
  await stage.task.run(never);
  const images = stage.memory.records.map(({ value }) => {
    const { before, after, ...flat } = JSON.parse(value ?? '') as { before?: Image | null; after?: Image };
    if (after === undefined) return flat;
    return before === null ? after : [before, after];
  });
  return { images, metrics: await stage.metrics.text() };
}

const converting = 'event.converting.failure.handling.mode';
const processing = 'event.processing.failure.handling.mode';
const day = 19_782;
const first = { id: 1, size: 10, day, must: 1 };
const last = { id: 4, size: 40, day: null, must: 1 };
const nulled = [
  { id: 2, size: null, day, must: 1 },
  { id: 2, size: null, day: null, must: 1 },
];

function because(reason: RegExp): (error: Error) => boolean {
  return (error) => reason.test(String(error.cause));
}

describe("Debezium's failure handling modes", () => {
  it('by default a value that cannot be written stops the task', async () => {
    await assert.rejects(written({}), because(/Column "size"/));
  });

  it('values become null where null is allowed, every one of a record; elsewhere the task stops', async () => {
    await assert.rejects(written({ [converting]: 'warn' }), because(/Column "must" of/));
    const { images, metrics } = await written({ [converting]: 'skip', [processing]: 'skip' });
    assert.deepEqual(images, [first, nulled, last]);
    assert.match(metrics, /kafka_connect_task_error_total_records_skipped\{[^}]*\} 1/);
    assert.match(metrics, /kafka_connect_task_error_total_record_failures\{[^}]*\} 4/);
  });

  it('a struct that a transform cannot take apart becomes null like any other value', async () => {
    const number = { type: 'int32', optional: false } as const;
    const fields: Schema['fields'] = [
      { name: 'scale', schema: number },
      { name: 'value', schema: { type: 'bytes', optional: false } },
    ];
    const table = columnsOf({ price: [ColumnKind.VARIABLE_SCALE_DECIMAL, 'struct?', { fields }] });
    const flat = { transforms: 'A', 'transforms.A.type': 'org.apache.kafka.connect.transforms.Flatten$Value' };
    const prices = ['1.5', 'NaN'].map((price): Row => ({ op: Op.CREATE, after: [price] }));
    await assert.rejects(written(flat, table, prices), because(/Column "price": A transform cannot take a number/));
    const { images } = await written({ ...flat, [converting]: 'warn' }, table, prices);
    const parts = (images as Record<string, unknown>[]).map((image) => [image['after.price.scale'], image['after.price.value']]);
    assert.deepEqual(parts, [
      [1, 'Dw=='],
      [null, null],
    ]);
  });

  it('a time beyond what nanoseconds hold becomes null, converted to another zone or not', async () => {
    const table = columnsOf({
      id: [ColumnKind.INT, 'int32'],
      at: [ColumnKind.TIMESTAMP_NANOS, 'int64?', { name: 'io.debezium.time.NanoTimestamp' }],
    });
    const times = ['2024-01-15 12:00:00', '1500-01-02 03:04:05'].map((time): Row => ({ op: Op.CREATE, after: ['1', time] }));
    const zone = { 'transforms.A.type': 'io.debezium.transforms.TimezoneConverter', 'transforms.A.converted.timezone': '-05:00' };
    const noon = Date.parse('2024-01-15T12:00:00Z') * 1e6;
    for (const [transforms, expected] of Object.entries({ '': noon, A: noon + 18_000e9 })) {
      const options = { transforms, ...(transforms === 'A' && zone) };
      await assert.rejects(written(options, table, times), because(/Column "at" of/), transforms);
      const { images } = await written({ ...options, [converting]: 'skip' }, table, times);
      assert.deepEqual(images, [
        { id: 1, at: expected },
        { id: 1, at: null },
      ]);
    }
  });

  it('changes are left out, but not for what a transform cannot do', async () => {
    for (const mode of ['warn', 'skip', 'ignore']) assert.deepEqual((await written({ [processing]: mode })).images, [first, last], mode);
    const fatal = {
      transforms: 'A',
      'transforms.A.type': 'io.debezium.transforms.outbox.EventRouter',
      'transforms.A.route.by.field': 'size',
    };
    const options = { ...fatal, 'transforms.A.table.field.event.payload': 'day', 'transforms.A.table.field.event.key': 'id' };
    const refused = { ...options, 'transforms.A.table.op.invalid.behavior': 'fatal', [processing]: 'skip' };
    await assert.rejects(written(refused), because(/An update came from the outbox table/));
  });
});

it('a fault says which cell of which image it is, in either loop', () => {
  const shape = envelopeOf('s.public.t', columns);
  const encoder = new AvroRowEncoder(
    compileRow(shape.value, shape.schema, avroValueWriter, { prefix: new Uint8Array(0), suffix: new Uint8Array(0) }),
  );
  const change = new Change(shape.schema, 1, () => '');
  change.op = Op.UPDATE;
  fillTuple(change.before, ['1', '1', null, '1']);
  fillTuple(change.after, ['1', '1', null, 'x']);
  const fault = (): CellFault => {
    try {
      encoder.encode(change, new ByteSink(Buffer.alloc(512)));
    } catch (error) {
      if (error instanceof CellFault) return error;
      throw error;
    }
    throw new Error('nothing was refused');
  };
  const { tuple, column, nullable } = fault();
  assert.deepEqual([tuple, column, nullable], [TupleRef.AFTER, 3, false]);
  fillTuple(change.before, ['1', 'x', null, '1']);
  const before = fault();
  assert.deepEqual([before.tuple, before.column, before.nullable], [TupleRef.BEFORE, 1, true]);
});
