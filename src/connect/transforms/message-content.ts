import { ConnectError } from '../../base/errors.ts';
import { Op } from '../../record/change.ts';
import type { Change } from '../../record/change.ts';
import { ColumnKind } from '../../record/column-kind.ts';
import type { FieldNode, Node, Shape, StructNode } from '../../record/shape.ts';
import type { Config } from '../config.ts';
import type { TransformPlugin } from '../plugin.ts';
import type { RowRoute, RowTarget, ShapePlan } from '../transform.ts';
import { JsonTypeError } from './json-type.ts';
import { JsonVariants } from './json-variants.ts';
import { findField, newStruct, stringKey } from './part.ts';
import { rowReader } from './row-value.ts';

const messageName = 'io.debezium.connector.postgresql.MessageValue';

/** The JSON in a logical decoding message becomes the new row of an insert, so that EventRouter can take it. */
export const messageContentPlugin: TransformPlugin = {
  className: 'io.debezium.connector.postgresql.transforms.DecodeLogicalDecodingMessageContent',
  aliases: [],
  configKeys: [
    {
      ...stringKey('fields.null.include', 'Whether members that are null become fields, as bytes that are never there.', 'false'),
      type: 'BOOLEAN',
    },
  ],
  create(config: Config) {
    const nulls = config.boolean('fields.null.include') ? 'optional_bytes' : 'ignore';
    return {
      plan(shape, op): ShapePlan {
        const { value } = shape;
        if (op === Op.TOMBSTONE || value.kind !== 'struct' || value.schema.name !== messageName) return { shape, step: null };
        return { shape, step: null, route: new MessageRoute(shape, value, nulls) };
      },
    };
  },
};

/** Every structure is a target of its own. */
class MessageRoute implements RowRoute {
  readonly targets: RowTarget[] = [];
  readonly #variants: JsonVariants;
  readonly #content: (change: Change) => string;

  constructor(shape: Shape, value: StructNode, nulls: 'ignore' | 'optional_bytes') {
    const message = findField(value, 'message');
    const content = message?.kind === 'struct' ? findField(message, 'content') : null;
    this.#content = contentReader(content, shape);
    this.#variants = new JsonVariants({
      name: null,
      schema: shape.schema,
      nulls,
      emptyArrays: 'ignore',
      shape: (cells) => ({ ...shape, schema: cells.schema, key: null, value: decoded(value, cells.node) }),
    });
  }

  choose(change: Change): number {
    const number = this.#structure(change);
    const shape = this.#variants.shapes[number] as Shape;
    if (shape.value.kind !== 'struct' || findField(shape.value, 'after')?.kind !== 'struct') throw unreadable('it is no JSON object');
    for (let at = this.targets.length; at <= number; at += 1) {
      this.targets.push({ topic: shape.topic, tombstone: false, shape: this.#variants.shapes[at], op: Op.CREATE });
    }
    return number;
  }

  #structure(change: Change): number {
    try {
      return this.#variants.choose(change, this.#content(change));
    } catch (error) {
      throw error instanceof JsonTypeError ? unreadable(error.message) : error;
    }
  }
}

function contentReader(node: Node | null, shape: Shape): (change: Change) => string {
  const kind = node?.kind === 'column' ? shape.schema.columns[node.column]?.kind : undefined;
  if (node === null || kind !== ColumnKind.BYTES_HEX)
    throw new ConnectError('data.shape', `The content of the messages in "${shape.topic}" is not bytes.`, {
      remedy: 'Set "binary.handling.mode" to bytes.',
    });
  const read = rowReader(node, shape.schema);
  return (change) => Buffer.from(String(read(change) ?? '').slice(2), 'hex').toString('utf8');
}

/** The fields of the message but `message` itself, as an insert whose new row is the content. */
function decoded(value: StructNode, content: Node): StructNode {
  const kept = value.fields
    .filter(({ name }) => name !== 'message')
    .map((field): FieldNode => {
      return field.node.kind === 'op' ? { name: field.name, node: { kind: 'constant', schema: field.node.schema, value: 'c' } } : field;
    });
  const struct = newStruct([...kept, { name: 'after', node: content }]);
  return { ...struct, schema: { ...struct.schema, name: `${messageName}.Envelope` } };
}

function unreadable(reason: string): ConnectError {
  return new ConnectError('data.value', `The content of a logical decoding message cannot be decoded: ${reason}.`, {
    remedy: 'Emit JSON objects, or keep other messages away by "message.prefix.include.list" or a predicate.',
  });
}
