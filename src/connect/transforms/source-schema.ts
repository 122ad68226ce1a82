import { arrayLiteral } from '../../base/array-literal.ts';
import { ConnectError } from '../../base/errors.ts';
import { Op } from '../../record/change.ts';
import { ColumnKind } from '../../record/column-kind.ts';
import type { Column } from '../../record/row-schema.ts';
import type { Schema } from '../../record/schema.ts';
import type { FieldNode, Shape, StructNode } from '../../record/shape.ts';
import type { TransformPlugin } from '../plugin.ts';
import type { ShapePlan } from '../transform.ts';
import { findField, withFields } from './part.ts';
import { RowCells } from './row-cells.ts';

/** Envelopes of rows get a field `sourceSchema` that tells name and type of each column, as the parameters of their schemas have them. */
export const sourceSchemaPlugin: TransformPlugin = {
  className: 'io.debezium.transforms.ExtractSchemaToNewRecord',
  aliases: [],
  configKeys: [],
  create: () => ({ plan: (shape, op) => planned(shape, op) }),
};

const parameter = '__debezium.source.column.';

/** Field of a column's description → the parameter that it comes from. */
const told: readonly (readonly [field: string, parameter: string, type: 'string' | 'int32', optional: boolean])[] = [
  ['name', 'name', 'string', false],
  ['typeName', 'type', 'string', false],
  ['length', 'length', 'int32', true],
  ['scale', 'scale', 'int32', true],
  ['comment', 'comment', 'string', true],
];

const describedFields = told.map(([name, , type, optional]): Column => {
  const kind = type === 'string' ? ColumnKind.STRING : ColumnKind.INT;
  return { name, kind, scale: -1, schema: { type, optional } };
});
const describedSchema = structSchema('schema.Column', describedFields);
const described: Column = { name: 'column', kind: ColumnKind.STRUCT, scale: -1, schema: describedSchema, fields: describedFields };
const columnsSchema: Schema = { type: 'array', optional: false, items: describedSchema };

function planned(shape: Shape, op: Op): ShapePlan {
  const envelope = shape.value;
  if (op === Op.TOMBSTONE || op === Op.TRUNCATE || envelope.kind !== 'struct' || envelope.schema.name?.endsWith('Envelope') !== true) {
    return { shape, step: null };
  }
  const [after, source] = [findField(envelope, 'after'), findField(envelope, 'source')];
  const table = source?.kind === 'struct' ? findField(source, 'table') : null;
  if (after?.kind !== 'struct' || table === null) return { shape, step: null };
  const text = arrayLiteral(after.fields.map((field) => describedText(field, shape)));
  const cells = new RowCells(shape.schema);
  const columns = cells.add('sourceSchema', { kind: ColumnKind.ARRAY, schema: columnsSchema, element: described }, () => text);
  const block = structNode('Schema', [
    { name: 'id', node: table },
    { name: 'table', node: structNode('schema.Table', [{ name: 'columns', node: columns }]) },
  ]);
  const value = withFields(envelope, [...envelope.fields, { name: 'sourceSchema', node: block }]);
  return { shape: { ...shape, schema: cells.schema, value }, step: cells.step };
}

function describedText({ name, node }: FieldNode, { topic }: Shape): string {
  const parameters = node.schema.parameters ?? {};
  if (parameters[`${parameter}name`] === undefined || parameters[`${parameter}type`] === undefined) {
    throw new ConnectError('data.shape', `ExtractSchemaToNewRecord finds no source type of field "${name}" of "${topic}".`, {
      remedy:
        'Set "column.propagate.source.type" or "datatype.propagate.source.type" to ".*"; a column that is masked, hashed or truncated has none.',
    });
  }
  return arrayLiteral(told.map(([, from]) => parameters[parameter + from] ?? null));
}

function structNode(name: string, fields: readonly FieldNode[]): StructNode {
  const schemas = fields.map((field) => ({ name: field.name, schema: field.node.schema }));
  return { kind: 'struct', schema: structSchema(name, schemas), fields, presence: null };
}

function structSchema(name: string, fields: readonly Pick<Column, 'name' | 'schema'>[]): Schema {
  return {
    type: 'struct',
    optional: false,
    name: `io.debezium.connector.source.${name}`,
    version: 1,
    fields: fields.map((field) => ({ name: field.name, schema: field.schema })),
  };
}
