import { AvroRowEncoder } from '../../src/avro/avro-row-encoder.ts';
import { avroValueWriter } from '../../src/avro/avro-value-writer.ts';
import { systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { Metrics } from '../../src/base/metrics.ts';
import { BatchPair } from '../../src/connect/batch-pair.ts';
import { TaskOutlet } from '../../src/connect/change-outlet.ts';
import { Config } from '../../src/connect/config.ts';
import type { Converter } from '../../src/connect/converter.ts';
import { FailureLog, noTolerance } from '../../src/connect/error-tolerance.ts';
import { TaskMetrics } from '../../src/connect/task-metrics.ts';
import { createTransforms } from '../../src/connect/transforms/catalog.ts';
import { Change, Op, TupleRef } from '../../src/record/change.ts';
import { ColumnKind as K } from '../../src/record/column-kind.ts';
import { recordBatchLimits } from '../../src/record/record-batch.ts';
import { nextRowSchemaId } from '../../src/record/row-schema.ts';
import type { RowSchema } from '../../src/record/row-schema.ts';
import type { SchemaType } from '../../src/record/schema.ts';
import type { Shape } from '../../src/record/shape.ts';
import { compileRow } from '../../src/text/row-program.ts';
import { MemorySink } from '../../test/support/memory-sink.ts';
import { debeziumShape, fillTuple } from '../../test/support/sample-shape.ts';
import type { MicroBenchmark } from './micro-benchmark.ts';

const rows = 4_000;

const columns: readonly (readonly [string, K, SchemaType, string])[] = [
  ['id', K.LONG, 'int64', '184467440737'],
  ['zone', K.STRING, 'string', 'Upper West Side'],
  ['fare', K.FLOAT64, 'float64', '12.75'],
  ['passengers', K.INT, 'int32', '2'],
  ['pickup', K.TIMESTAMP_MICROS, 'int64', '2026-07-14 08:15:30.123456'],
  ['note', K.STRING, 'string', 'credit card'],
];

const avro: Converter = {
  compile: (node, { schema }) =>
    Promise.resolve(new AvroRowEncoder(compileRow(node, schema, avroValueWriter, { prefix: Buffer.alloc(5), suffix: Buffer.alloc(0) }))),
};

/** A whole emit, with the encoders that run in production, so that the difference to the first line is what a chain costs a row. */
async function transformed(name: string, config: Record<string, string>): Promise<MicroBenchmark> {
  const schema: RowSchema = {
    id: nextRowSchemaId(),
    name: 'bench.public.rides',
    key: Uint16Array.of(0),
    columns: columns.map(([column, kind, type], index) => ({ name: column, kind, scale: 6, schema: { type, optional: index > 0 } })),
  };
  const id = { name: 'id', schema: { type: 'int64', optional: false } } as const;
  const shape: Shape = {
    topic: 'bench.public.rides',
    key: {
      kind: 'struct',
      presence: null,
      schema: { type: 'struct', optional: false, name: 'bench.Key', fields: [id] },
      fields: [{ name: 'id', node: { kind: 'column', tuple: TupleRef.ROW, column: 0, schema: id.schema } }],
    },
    value: debeziumShape(schema),
    headers: [],
    schema,
  };
  const change = new Change(schema, 2, () => 'bench');
  fillTuple(
    change.after,
    columns.map(([, , , text]) => text),
  );
  change.op = Op.CREATE;
  change.registers.setNumber(0, 1_784_017_000_000);
  change.registers.setNumber(1, 731);
  let position = 0;
  const batches = new BatchPair({
    limits: recordBatchLimits,
    lingerMs: 0,
    clock: systemClock,
    position: () => [{ partition: { bench: 'one' }, offset: { position: (position += 1) } }],
  });
  const outlet = new TaskOutlet({
    connector: 'bench',
    taskId: 0,
    sink: new MemorySink(),
    batches,
    planner: { transforms: createTransforms(Config.of(config)), keyConverter: avro, valueConverter: avro, headerConverter: avro },
    tolerance: noTolerance,
    failures: new FailureLog(noTolerance, systemClock, silentLog),
    metrics: new TaskMetrics(new Metrics(), 'bench', 0),
  });
  await outlet.declare(shape);
  const drain = (async () => {
    for (let sealed = await batches.next(); sealed !== null; sealed = await batches.next()) batches.release(sealed);
  })();
  // Ends with the process, like the source that it stands for.
  drain.catch(() => undefined);
  return {
    name: `row of 6 columns to Avro, ${name}`,
    unit: 'row',
    units: rows,
    run: async () => {
      for (let row = 0; row < rows; row += 1) if (!outlet.emit(change)) await outlet.drained();
    },
  };
}

const unwrap = { 'transforms.u.type': 'io.debezium.transforms.ExtractNewRecordState' };
const kafka = 'org.apache.kafka.connect.transforms';

export async function transformBenchmarks(): Promise<readonly MicroBenchmark[]> {
  const flat = (type: string, options: Record<string, string>): Record<string, string> => ({
    transforms: 'u,t',
    ...unwrap,
    'transforms.t.type': `${kafka}.${type}`,
    ...Object.fromEntries(Object.entries(options).map(([name, value]) => [`transforms.t.${name}`, value])),
  });
  return [
    await transformed('envelope', {}),
    await transformed('unwrapped', { transforms: 'u', ...unwrap }),
    await transformed('unwrapped, routed', flat('RegexRouter', { regex: '.*', replacement: 'other' })),
    await transformed('unwrapped, renamed', flat('ReplaceField$Value', { renames: 'zone:area' })),
    await transformed('unwrapped, a column dropped', flat('ReplaceField$Value', { exclude: 'note' })),
    await transformed('unwrapped, cast to text', flat('Cast$Value', { spec: 'fare:string' })),
    await transformed('unwrapped, a constant inserted', flat('InsertField$Value', { 'static.field': 'origin', 'static.value': 'bench' })),
    await transformed('unwrapped, masked', flat('MaskField$Value', { fields: 'note' })),
  ];
}
