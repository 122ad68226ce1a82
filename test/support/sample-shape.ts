import { TupleRef } from '../../src/record/change.ts';
import type { RowSchema } from '../../src/record/row-schema.ts';
import type { Schema } from '../../src/record/schema.ts';
import type { Node, StructNode } from '../../src/record/shape.ts';
import { CellState } from '../../src/record/tuple-view.ts';
import type { TupleView } from '../../src/record/tuple-view.ts';

/** Registers of `debeziumShape`: 0 a time, 1 the transaction id. */
export const sourceRegisters = 2;

/** Cells as text, null for NULL; no cells: no such image. */
export function fillTuple(tuple: TupleView, cells: readonly (string | null)[]): void {
  tuple.reserve(cells.length);
  const buffers = cells.map((cell) => Buffer.from(cell ?? '', 'utf8'));
  // Something before and behind, so that a reader that ignores the range is found out.
  tuple.bytes = Buffer.concat([Buffer.from('9'), ...buffers, Buffer.from('9')]);
  tuple.count = cells.length;
  let at = 1;
  cells.forEach((cell, index) => {
    tuple.state[index] = cell === null ? CellState.NULL : CellState.TEXT;
    tuple.start[index] = at;
    at += buffers[index]?.length ?? 0;
    tuple.end[index] = at;
  });
}

const required = (type: Schema['type']): Schema => ({ type, optional: false });
const optional = (type: Schema['type']): Schema => ({ type, optional: true });

const constant = (schema: Schema, value: string): Node => ({ kind: 'constant', schema, value });

function struct(
  schema: Omit<Schema, 'fields' | 'type'>,
  nodes: Readonly<Record<string, Node>>,
  presence: TupleRef | null = null,
): StructNode {
  const fields = Object.entries(nodes).map(([name, node]) => ({ name, node }));
  return {
    kind: 'struct',
    presence,
    schema: { type: 'struct', ...schema, fields: fields.map(({ name, node }) => ({ name, schema: node.schema })) },
    fields,
  };
}

/** A shape like Debezium's envelope: both images, a source block of constants and registers, operation, time. */
export function debeziumShape(schema: RowSchema): StructNode {
  const image = (tuple: TupleRef): StructNode => {
    const nodes = Object.fromEntries(
      schema.columns.map((column, index): [string, Node] => [column.name, { kind: 'column', tuple, column: index, schema: column.schema }]),
    );
    return struct({ optional: true, name: 'test.public.samples.Value' }, nodes, tuple);
  };
  const time = (): Node => ({ kind: 'register', register: 0, holds: 'int64', schema: required('int64') });
  const snapshot: Schema = {
    type: 'string',
    optional: true,
    name: 'io.debezium.data.Enum',
    version: 1,
    parameters: { allowed: 'true,false' },
    default: 'false',
  };
  return struct(
    { optional: false, name: 'test.public.samples.Envelope', version: 2 },
    {
      before: image(TupleRef.BEFORE),
      after: image(TupleRef.AFTER),
      source: struct(
        { optional: false, name: 'io.debezium.connector.postgresql.Source', version: 1 },
        {
          version: constant(required('string'), '0.1.0'),
          connector: constant(required('string'), 'postgresql'),
          snapshot: constant(snapshot, 'false'),
          ts_ms: time(),
          table: constant(required('string'), 'samples'),
          txId: { kind: 'register', register: 1, holds: 'int64', schema: optional('int64') },
        },
      ),
      op: { kind: 'op', schema: required('string') },
      ts_ms: time(),
    },
  );
}
