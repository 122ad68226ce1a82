import { ConnectError } from '../../base/errors.ts';
import { Op } from '../../record/change.ts';
import type { FieldNode, Node, Shape, StructNode } from '../../record/shape.ts';
import type { Config } from '../config.ts';
import type { TransformPlugin } from '../plugin.ts';
import type { ShapePlan } from '../transform.ts';
import { findField, listKey, stringKey, withFields } from './part.ts';

/** Headers as fields of the value. Dotted field names stand for fields of nested structs. */
export const headerToValuePlugin: TransformPlugin = {
  className: 'io.debezium.transforms.HeaderToValue',
  aliases: [],
  configKeys: [
    listKey('headers', 'Header names in the record whose values are to be copied or moved to the value.'),
    listKey('fields', 'Field names, in the same order as the header names; a dot leads into a nested struct.'),
    { ...stringKey('operation', 'Either move (headers are removed) or copy (they stay).'), oneOf: ['move', 'copy'] },
  ],
  create(config: Config) {
    const [headers, fields, moves] = [config.list('headers'), config.list('fields'), config.choice('operation') === 'move'];
    if (headers.length !== fields.length)
      throw new ConnectError('config.invalid', "'fields' config must have the same number of elements as 'headers' config.", {
        remedy: 'Name one field for each header, in the same order.',
      });
    return {
      plan(shape, op): ShapePlan {
        if (op === Op.TOMBSTONE || shape.value.kind !== 'struct') return { shape, step: null };
        let value: StructNode = shape.value;
        for (const [at, name] of headers.entries()) {
          const node = headerNode(shape, name, op);
          if (node !== null) value = insert(value, (fields[at] as string).split('.'), node, shape.topic);
        }
        const rest = moves ? shape.headers.filter(({ name }) => !headers.includes(name)) : shape.headers;
        return { shape: { ...shape, value, headers: rest }, step: null };
      },
    };
  },
};

/** Null where records of this operation have no such header: then there is no field either, as in Debezium. */
function headerNode(shape: Shape, name: string, op: Op): Node | null {
  const found = shape.headers.findLast((header) => header.name === name && (header.ops === null || header.ops.includes(op)));
  if (found === undefined) return null;
  if (found.presence === null) return found.node;
  throw new ConnectError(
    'data.shape',
    `Only some records of "${shape.topic}" have the header "${name}", and a value's fields cannot come and go.`,
    {
      remedy: `Leave "${name}" out of HeaderToValue.`,
    },
  );
}

function insert(struct: StructNode, path: readonly string[], node: Node, topic: string): StructNode {
  const [name = '', ...rest] = path;
  if (rest.length === 0) {
    const replaced = struct.fields.map((field) => (field.name === name ? { name, node } : field));
    return sameSchema(struct, findField(struct, name) === null ? [...replaced, { name, node }] : replaced);
  }
  const nested = findField(struct, name);
  if (nested?.kind !== 'struct')
    throw new ConnectError('data.shape', `"${name}" is not a struct in the records of "${topic}".`, {
      remedy: 'Correct "fields" of HeaderToValue.',
    });
  const replaced = insert(nested, rest, node, topic);
  return sameSchema(
    struct,
    struct.fields.map((field) => (field.name === name ? { name, node: replaced } : field)),
  );
}

/** An image that may be missing stays optional. */
function sameSchema(struct: StructNode, fields: readonly FieldNode[]): StructNode {
  const changed = withFields(struct, fields);
  return { ...changed, schema: { ...changed.schema, optional: struct.schema.optional } };
}
