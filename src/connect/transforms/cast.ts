import type { LiteralValue, Schema, SchemaType } from '../../record/schema.ts';
import type { Node, Shape } from '../../record/shape.ts';
import { ConnectError } from '../../base/errors.ts';
import { ColumnKind } from '../../record/column-kind.ts';
import type { Config } from '../config.ts';
import type { TransformPlugin } from '../plugin.ts';
import { invalid, listKey, partPlugins, replaceNullKey, requireStruct, withFields } from './part.ts';

const targets: readonly SchemaType[] = ['int8', 'int16', 'int32', 'int64', 'float32', 'float64', 'boolean', 'string'];

/** Casts are decided on the schema: values are text until the converter reads them, so it reads them as the new type. */
export const castPlugins: readonly TransformPlugin[] = partPlugins({
  name: 'Cast',
  configKeys: [
    listKey('spec', 'Fields and the types to cast them to, as field1:type,field2:type, or a single type for the whole key or value.'),
    replaceNullKey,
  ],
  create: cast,
});

function cast(config: Config): (node: Node, shape: Shape) => Node {
  const spec = config.list('spec');
  if (spec.length === 0) throw invalid('spec', '', 'Must specify at least one field to cast.');
  const casts = new Map(
    spec.map((item): [string, SchemaType] => {
      const colon = item.lastIndexOf(':');
      const type = targets.find(
        (target) =>
          target ===
          item
            .slice(colon + 1)
            .trim()
            .toLowerCase(),
      );
      if (type === undefined)
        throw invalid('spec', config.string('spec'), `Invalid type found in casting spec: ${item.slice(colon + 1).trim()}`);
      if (colon < 0 && spec.length > 1)
        throw invalid(
          'spec',
          config.string('spec'),
          'Cast transforms that specify a type to cast the whole value to must have a single item',
        );
      return [colon < 0 ? '' : item.slice(0, colon).trim(), type];
    }),
  );
  return (node, shape) => {
    const whole = casts.get('');
    if (whole !== undefined) return castNode(node, whole, 'the whole record', shape);
    const struct = requireStruct(node, 'type casting');
    return withFields(
      struct,
      struct.fields.map((field) => {
        const type = casts.get(field.name);
        return type === undefined ? field : { name: field.name, node: castNode(field.node, type, `field "${field.name}"`, shape) };
      }),
    );
  };
}

const integers: readonly SchemaType[] = ['int8', 'int16', 'int32', 'int64'];
const floats: readonly SchemaType[] = ['float32', 'float64'];

/**
 * What the converters can read as another type with Kafka Connect's meaning; a value out of range is a data error of its
 * row. Times are not among them: their text is not the number that Kafka Connect would see.
 */
const castable: ReadonlyMap<ColumnKind, readonly SchemaType[]> = new Map<ColumnKind, readonly SchemaType[]>([
  [ColumnKind.INT, [...integers, ...floats, 'string']],
  [ColumnKind.LONG, [...integers, ...floats, 'string']],
  [ColumnKind.FLOAT32, [...floats, 'string']],
  [ColumnKind.FLOAT64, [...floats, 'string']],
  [ColumnKind.DECIMAL, [...floats, 'string']],
  [ColumnKind.DECIMAL_STRING, [...floats, 'string']],
  [ColumnKind.BOOLEAN, ['boolean', 'string']],
  [ColumnKind.STRING, [...integers, ...floats, 'boolean', 'string']],
]);

function castNode(node: Node, type: SchemaType, name: string, shape: Shape): Node {
  if (node.schema.type === type && node.schema.name === undefined) return node;
  const { optional, doc } = node.schema;
  const schema: Schema = { type, optional, doc, default: castDefault(node.schema.default, type) };
  if (node.kind === 'op' && type === 'string') return node;
  if (node.kind === 'constant' && type === 'string' && !(node.value instanceof Uint8Array)) {
    return { ...node, schema, value: node.value === null ? null : String(node.value) };
  }
  if (node.kind === 'column') {
    const kind = shape.schema.columns[node.column]?.kind;
    if (kind !== undefined && castable.get(kind)?.includes(type) === true) return { ...node, schema };
  }
  throw new ConnectError('data.shape', `Cast cannot turn ${name} (${node.schema.name ?? node.schema.type}) into ${type}.`, {
    remedy: 'Cast numbers, text and booleans; other casts belong into a view in the source or into the reader of the topic.',
  });
}

/** A default is cast with its column. One that does not survive is left out: it would say what no row says. */
function castDefault(value: LiteralValue | undefined, type: SchemaType): LiteralValue | undefined {
  if (value === undefined || value === null) return value;
  if (value instanceof Uint8Array) return undefined;
  if (type === 'string') return String(value);
  if (type === 'boolean') return /^(true|false)$/i.test(String(value)) ? String(value).toLowerCase() === 'true' : undefined;
  if (typeof value === 'boolean' || Number.isNaN(Number(value))) return undefined;
  if (floats.includes(type)) return Number(value);
  const integer = /^[+-]?\d+$/.test(String(value)) ? BigInt(value) : null;
  const bits = Number(type.slice(3));
  if (integer === null || BigInt.asIntN(bits, integer) !== integer) return undefined;
  return bits === 64 ? integer : Number(integer);
}
