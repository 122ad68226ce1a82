import { Change, Op, TupleRef } from '../../../src/record/change.ts';
import { ColumnKind } from '../../../src/record/column-kind.ts';
import { nextRowSchemaId } from '../../../src/record/row-schema.ts';
import type { Column, RowSchema } from '../../../src/record/row-schema.ts';
import type { Schema, SchemaType } from '../../../src/record/schema.ts';
import type { FieldNode, Node, Shape, StructNode } from '../../../src/record/shape.ts';
import { Config } from '../../../src/connect/config.ts';
import { createTransforms } from '../../../src/connect/transforms/catalog.ts';
import { JsonConverter } from '../../../src/json/json-converter.ts';
import { SimpleHeaderConverter } from '../../../src/json/string-converter.ts';
import { ScriptedSource, boundary } from '../../support/scripted-source.ts';
import type { ScriptStep } from '../../support/scripted-source.ts';
import { fillTuple } from '../../support/sample-shape.ts';
import type { StoredRecord } from '../../support/memory-sink.ts';
import { never, stageTask } from '../../support/task-stage.ts';

export type Cells = readonly (string | null)[];
export interface Row {
  readonly op: Op;
  readonly before?: Cells;
  readonly after?: Cells;
}

/** Columns of a made-up table: name, kind, Connect type; `?` behind the type: optional. */
export function columnsOf(spec: Readonly<Record<string, readonly [ColumnKind, `${SchemaType}${'' | '?'}`, Partial<Schema>?]>>): Column[] {
  return Object.entries(spec).map(([name, [kind, type, more]]) => ({
    name,
    kind,
    scale: -1,
    schema: { type: type.replace('?', '') as SchemaType, optional: type.endsWith('?'), ...more },
  }));
}

function struct(name: string, nodes: readonly FieldNode[], presence: TupleRef | null = null): StructNode {
  const schema: Schema = {
    type: 'struct',
    optional: presence !== null,
    name,
    fields: nodes.map((field) => ({ name: field.name, schema: field.node.schema })),
  };
  return { kind: 'struct', schema, fields: nodes, presence };
}

/** Debezium's envelope over a table, with the table's first column as key. */
export function envelopeOf(topic: string, columns: readonly Column[]): Shape {
  const schema: RowSchema = { id: nextRowSchemaId(), name: topic, columns, key: Uint16Array.of(0) };
  const row = (tuple: TupleRef): FieldNode[] =>
    columns.map((column, at) => ({ name: column.name, node: { kind: 'column', schema: column.schema, tuple, column: at } as Node }));
  const table: Node = { kind: 'constant', schema: { type: 'string', optional: false }, value: topic.slice(topic.lastIndexOf('.') + 1) };
  return {
    topic,
    schema,
    headers: [],
    key: struct(`${topic}.Key`, row(TupleRef.ROW).slice(0, 1)),
    value: struct(`${topic}.Envelope`, [
      { name: 'before', node: struct(`${topic}.Value`, row(TupleRef.BEFORE), TupleRef.BEFORE) },
      { name: 'after', node: struct(`${topic}.Value`, row(TupleRef.AFTER), TupleRef.AFTER) },
      { name: 'source', node: struct('Source', [{ name: 'table', node: table }]) },
      { name: 'op', node: { kind: 'op', schema: { type: 'string', optional: false } } },
    ]),
  };
}

export interface Written {
  readonly topic: string;
  readonly key: unknown;
  readonly value: unknown;
  readonly headers: Readonly<Record<string, string | null>>;
  readonly timestampMs: number;
}

function parsed(text: string | null): unknown {
  return text === null ? null : JSON.parse(text);
}

/** `transforms.A.…` of one transform, or a whole config of several. */
export function optionsOf(type: string, options: Readonly<Record<string, string>> = {}): Record<string, string> {
  const own = Object.entries(options).map(([name, value]) => [`transforms.A.${name}`, value]);
  return { transforms: 'A', 'transforms.A.type': type, ...Object.fromEntries(own) };
}

export const timestampMs = Date.UTC(2026, 1, 28, 23, 30);

/** Takes rows of a shape through a chain and a whole task, to what a reader of plain JSON would see. */
export async function written(config: Readonly<Record<string, string>>, shape: Shape, rows: readonly Row[]): Promise<Written[]> {
  const records = await stored(config, shape, rows);
  return records.map(({ topic, key, value, headers, timestampMs: ms }) => ({
    topic,
    key: parsed(key),
    value: parsed(value),
    headers,
    timestampMs: ms,
  }));
}

/** As the sink got them. */
export async function stored(
  config: Readonly<Record<string, string>>,
  shape: Shape,
  rows: readonly Row[],
  schemasEnable = false,
): Promise<readonly StoredRecord[]> {
  const converter = new JsonConverter({ schemasEnable, decimalNumeric: true });
  const steps = rows.map((each): ScriptStep => ({
    kind: 'fill',
    fill(change: Change): void {
      change.op = each.op;
      change.timestampMs = timestampMs;
      change.before.count = 0;
      change.after.count = 0;
      if (each.before !== undefined) fillTuple(change.before, each.before);
      if (each.after !== undefined) fillTuple(change.after, each.after);
    },
  }));
  const stage = stageTask(new ScriptedSource([...steps, boundary], () => shape), {
    transforms: createTransforms(Config.of(config)),
    keyConverter: converter,
    valueConverter: converter,
    headerConverter: new SimpleHeaderConverter(),
  });
  await stage.task.run(never);
  return stage.memory.records;
}
