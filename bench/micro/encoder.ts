import { AvroRowEncoder } from '../../src/avro/avro-row-encoder.ts';
import { avroValueWriter } from '../../src/avro/avro-value-writer.ts';
import { ByteSink } from '../../src/base/byte-sink.ts';
import { jsonValueWriter } from '../../src/json/json-value-writer.ts';
import { Change, Op, TupleRef } from '../../src/record/change.ts';
import { ColumnKind as K } from '../../src/record/column-kind.ts';
import { nextRowSchemaId } from '../../src/record/row-schema.ts';
import type { Column, RowSchema } from '../../src/record/row-schema.ts';
import type { SchemaType } from '../../src/record/schema.ts';
import type { Node } from '../../src/record/shape.ts';
import { RowEncoder } from '../../src/text/row-encoder.ts';
import { compileRow } from '../../src/text/row-program.ts';
import type { ValueWriter } from '../../src/text/row-program.ts';
import { debeziumShape, fillTuple } from '../../test/support/sample-shape.ts';
import type { MicroBenchmark } from './micro-benchmark.ts';

const cells: readonly (readonly [K, SchemaType, number, string])[] = [
  [K.LONG, 'int64', -1, '184467440737'],
  [K.INT, 'int32', -1, '4021'],
  [K.STRING, 'string', -1, 'Upper West Side South'],
  [K.STRING, 'string', -1, 'N'],
  [K.TIMESTAMP_MICROS, 'int64', 6, '2026-07-14 08:15:30.123456'],
  [K.TIMESTAMP_MICROS, 'int64', 6, '2026-07-14 08:31:02'],
  [K.ZONED_TIMESTAMP, 'string', 6, '2026-07-14 08:15:30.123456+00'],
  [K.DATE_DAYS, 'int32', -1, '2026-07-14'],
  [K.FLOAT64, 'float64', -1, '12.75'],
  [K.FLOAT64, 'float64', -1, '3.1'],
  [K.DECIMAL, 'bytes', 2, '1234.50'],
  [K.BOOLEAN, 'boolean', -1, 't'],
  [K.INT, 'int32', -1, '2'],
  [K.STRING, 'string', -1, 'credit card'],
  [K.LONG, 'int64', -1, '-77'],
];

const schema: RowSchema = {
  id: nextRowSchemaId(),
  name: 'bench.public.rides',
  key: Uint16Array.of(0),
  columns: cells.map(([kind, type, scale], index): Column => ({ name: `c${index}`, kind, scale, schema: { type, optional: index > 0 } })),
};
const flat: Node = {
  kind: 'struct',
  presence: null,
  schema: { type: 'struct', optional: false, name: 'bench.Value', fields: schema.columns.map(({ name, schema }) => ({ name, schema })) },
  fields: schema.columns.map(({ name, schema }, column) => ({ name, node: { kind: 'column', tuple: TupleRef.ROW, column, schema } })),
};

const change = new Change(schema, 2, () => 'bench');
fillTuple(
  change.after,
  cells.map(([, , , text]) => text),
);
change.op = Op.CREATE;
change.registers.setNumber(0, 1_784_017_000_000);
change.registers.setNumber(1, 731);

const rows = 2000;

function encoder(name: string, node: Node, writer: ValueWriter): MicroBenchmark {
  const program = compileRow(node, schema, writer, { prefix: Buffer.alloc(5), suffix: Buffer.alloc(0) });
  const compiled = writer === avroValueWriter ? new AvroRowEncoder(program) : new RowEncoder(program, writer);
  const out = new ByteSink(Buffer.alloc(1 << 16));
  return {
    name: `encoder, 15 columns, ${name}`,
    unit: 'row',
    units: rows,
    run: () => {
      for (let row = 0; row < rows; row += 1) {
        out.at = 0;
        compiled.encode(change, out);
      }
    },
  };
}

export const encoderBenchmarks: readonly MicroBenchmark[] = [
  encoder('Avro', flat, avroValueWriter),
  encoder('Avro in an envelope', debeziumShape(schema), avroValueWriter),
  encoder('JSON', flat, jsonValueWriter({ decimalNumeric: false })),
  encoder('JSON in an envelope', debeziumShape(schema), jsonValueWriter({ decimalNumeric: false })),
];
