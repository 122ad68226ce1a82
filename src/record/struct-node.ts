import type { Schema } from './schema.ts';
import type { FieldNode, StructNode } from './shape.ts';

/** A struct that is always there, of the fields in the order given. A schema without version says none. */
export function structNode(name: string, version: number | null, fields: readonly FieldNode[]): StructNode {
  const schema: Schema = {
    type: 'struct',
    optional: false,
    name,
    ...(version === null ? {} : { version }),
    fields: fields.map((field) => ({ name: field.name, schema: field.node.schema })),
  };
  return { kind: 'struct', schema, fields, presence: null };
}
