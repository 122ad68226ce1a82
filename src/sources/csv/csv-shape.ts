import { TupleRef } from '../../record/change.ts';
import { nextRowSchemaId, type Column, type RowSchema } from '../../record/row-schema.ts';
import type { Shape, StructNode } from '../../record/shape.ts';
import { toColumn, type CsvColumn } from './csv-columns.ts';

export interface CsvShapeNames {
  readonly topic: string;
  readonly value: string;
  readonly key: string;
}

/** A flat value of all columns in file order, and a key of `keyFields` in the order given; no envelope. */
export function csvShape(columns: readonly CsvColumn[], keyFields: readonly string[], names: CsvShapeNames): Shape {
  const own = columns.map(toColumn);
  const key = keyFields.map((name) => own.findIndex((column) => column.name === name));
  const schema: RowSchema = { id: nextRowSchemaId(), name: names.topic, columns: own, key: Uint16Array.from(key) };
  const all = own.map((_, index) => index);
  return {
    topic: names.topic,
    key: key.length === 0 ? null : struct(names.key, own, key, TupleRef.ROW),
    value: struct(names.value, own, all, TupleRef.AFTER),
    headers: [],
    schema,
  };
}

function struct(name: string, columns: readonly Column[], chosen: readonly number[], tuple: TupleRef): StructNode {
  const fields = chosen.flatMap((index) => {
    const column = columns[index];
    return column === undefined ? [] : [{ name: column.name, column: index, schema: column.schema }];
  });
  return {
    kind: 'struct',
    schema: { type: 'struct', optional: false, name, fields: fields.map((field) => ({ name: field.name, schema: field.schema })) },
    fields: fields.map((field) => ({ name: field.name, node: { kind: 'column', schema: field.schema, tuple, column: field.column } })),
    presence: null,
  };
}

/** A topic's name as a Connect schema name: dots separate, everything Avro does not take becomes `_`. */
export function schemaNameOf(topic: string): string {
  return topic
    .split('.')
    .map((part) => part.replaceAll(/[^A-Za-z0-9_]/g, '_').replace(/^(?=\d|$)/, '_'))
    .join('.');
}
