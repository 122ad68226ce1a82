import { TupleRef, Op } from '../../record/change.ts';
import { nextRowSchemaId, type RowSchema } from '../../record/row-schema.ts';
import type { Schema } from '../../record/schema.ts';
import type { HeaderNode, Node, Shape, StructNode } from '../../record/shape.ts';
import { structNode } from '../../record/struct-node.ts';
import { columnOf, connectSchema, structSchema } from './connect-schema.ts';
import { generatorHeaders } from './row-generator.ts';
import type { ScenarioTable } from './scenario-spec.ts';

/** Registers of a scenario's change beyond those of every generator. */
export const ScenarioRegister = { TS_MS: 3, COUNT: 4 } as const;

const text: Schema = { type: 'string', optional: false };
const long: Schema = { type: 'int64', optional: false };

/**
 * The records of one table. Flat: the row, and the header `op` with `c` or `u`; a deleted row's record is a tombstone.
 * Envelope: `before`, `after`, `source`, `op` and `ts_ms` in Debezium's form.
 */
export function scenarioShape(spec: ScenarioTable, topic: string, connector: string, isEnvelope: boolean): Shape {
  const fields = spec.record.fields.map((field) => ({ name: field.name, schema: connectSchema(field.type, `column "${field.name}"`) }));
  const columns = fields.map(({ name, schema }) => columnOf(name, schema, `column "${name}"`));
  const schema: RowSchema = { id: nextRowSchemaId(), name: topic, columns, key: Uint16Array.of(spec.key) };
  const rowSchema = structSchema(
    spec.record,
    fields.map((field) => field.schema),
  );
  const row = (tuple: TupleRef, presence: TupleRef | null): StructNode => ({
    kind: 'struct',
    schema: presence === null ? rowSchema : { ...rowSchema, optional: true },
    fields: fields.map((field, column) => ({ name: field.name, node: { kind: 'column', schema: field.schema, tuple, column } })),
    presence,
  });
  const key = fields[spec.key];
  const keyFields = key === undefined ? [] : [{ name: key.name, node: row(TupleRef.ROW, null).fields[spec.key]?.node }];
  return {
    topic,
    key: structNode(
      `${topic}.Key`,
      null,
      keyFields.flatMap(({ name, node }) => (node === undefined ? [] : [{ name, node }])),
    ),
    value: isEnvelope ? envelope(topic, connector, spec.name, row) : row(TupleRef.AFTER, null),
    headers: isEnvelope ? generatorHeaders : [...generatorHeaders, opHeader],
    schema,
  };
}

function envelope(
  topic: string,
  connector: string,
  table: string,
  row: (tuple: TupleRef, presence: TupleRef | null) => StructNode,
): StructNode {
  const constant = (value: string): Node => ({ kind: 'constant', schema: text, value });
  const time: Node = { kind: 'register', schema: long, register: ScenarioRegister.TS_MS, holds: 'int64' };
  return structNode(`${topic}.Envelope`, null, [
    { name: 'before', node: row(TupleRef.BEFORE, TupleRef.BEFORE) },
    { name: 'after', node: row(TupleRef.AFTER, TupleRef.AFTER) },
    {
      name: 'source',
      node: structNode('millrace.SampleData.Source', null, [
        { name: 'connector', node: constant('sample-data') },
        { name: 'name', node: constant(connector) },
        { name: 'table', node: constant(table) },
        { name: 'ts_ms', node: time },
      ]),
    },
    { name: 'op', node: { kind: 'op', schema: text } },
    { name: 'ts_ms', node: time },
  ]);
}

const opHeader: HeaderNode = { name: 'op', node: { kind: 'op', schema: text }, ops: [Op.CREATE, Op.UPDATE], presence: null };
