import type { LiteralValue, Schema } from '../../record/schema.ts';
import type { Node } from '../../record/shape.ts';
import { ConnectError } from '../../base/errors.ts';
import type { Config } from '../config.ts';
import type { TransformPlugin } from '../plugin.ts';
import { invalid, listKey, partPlugins, replaceNullKey, requireStruct, stringKey, withFields } from './part.ts';

/**
 * Masked fields become constants, so that the column's bytes are not even read. Unlike Kafka Connect's, the mask also
 * covers null: whether there was a value is nobody's business either.
 */
export const maskPlugins: readonly TransformPlugin[] = partPlugins({
  name: 'MaskField',
  configKeys: [
    listKey('fields', 'Names of fields to mask.'),
    stringKey('replacement', "Custom value replacement, used for all 'fields' (numeric or non-empty string values only).", null),
    replaceNullKey,
  ],
  create: maskField,
});

function maskField(config: Config): (node: Node) => Node {
  const names = new Set(config.list('fields'));
  const replacement = config.optional('replacement');
  if (names.size === 0) throw invalid('fields', '', 'Empty list');
  if (replacement === '') throw invalid('replacement', '', 'String must be non-empty');
  return (node) => {
    const struct = requireStruct(node, 'mask fields');
    return withFields(
      struct,
      struct.fields.map((field) => {
        if (!names.has(field.name)) return field;
        const { schema } = field.node;
        const value = replacement === null ? zero(field.name, schema) : custom(field.name, schema, replacement);
        return { name: field.name, node: { kind: 'constant', schema, value } };
      }),
    );
  };
}

function zero(name: string, schema: Schema): LiteralValue {
  switch (schema.type) {
    case 'boolean':
      return false;
    case 'string':
      return '';
    case 'bytes':
      return schema.name === 'org.apache.kafka.connect.data.Decimal' ? Uint8Array.of(0) : new Uint8Array(0);
    case 'int64':
      return 0n;
    case 'int8':
    case 'int16':
    case 'int32':
    case 'float32':
    case 'float64':
      return 0;
    // Without elements.
    case 'array':
    case 'map':
      return '';
    case 'struct':
      if (schema.optional) return null;
      throw new ConnectError('data.shape', `Field "${name}" is a required struct, which MaskField cannot mask.`, {
        remedy: 'Leave the field out with ReplaceField.',
      });
  }
}

function custom(name: string, schema: Schema, replacement: string): LiteralValue {
  const refused = (): ConnectError =>
    new ConnectError('config.invalid', `Unable to convert ${replacement} to the ${schema.type} of field "${name}".`, {
      remedy: 'Give a "replacement" that this type can hold, or mask the field in a transform of its own.',
    });
  switch (schema.type) {
    case 'string':
      return replacement;
    case 'int8':
    case 'int16':
    case 'int32':
    case 'int64': {
      // A fraction is cut off, as in Kafka Connect.
      const [, digits] = /^\+?(-?\d+)(?:\.\d*)?$/.exec(replacement) ?? [];
      const bits = Number(schema.type.slice(3));
      if (digits === undefined || BigInt.asIntN(bits, BigInt(digits)) !== BigInt(digits)) throw refused();
      return schema.type === 'int64' ? BigInt(digits) : Number(digits);
    }
    case 'float32':
    case 'float64':
      if (Number.isNaN(Number(replacement))) throw refused();
      return Number(replacement);
    case 'boolean':
    case 'bytes':
    case 'array':
    case 'map':
    case 'struct':
      throw new ConnectError('data.shape', `Cannot mask value of type ${schema.type} with custom replacement value (field "${name}").`, {
        remedy: 'Leave "replacement" out, or leave the field out with ReplaceField.',
      });
  }
}
