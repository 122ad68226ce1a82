import type { LiteralValue, Schema, SchemaType } from '../../record/schema.ts';
import type { Node, Shape } from '../../record/shape.ts';
import { ConnectError } from '../../base/errors.ts';
import { ColumnKind } from '../../record/column-kind.ts';
import type { Config } from '../config.ts';
import type { TransformPlugin } from '../plugin.ts';
import type { ShapePlan, Transform } from '../transform.ts';
import { castReader, castText } from './cast-value.ts';
import { literalKinds } from './literal-kind.ts';
import { invalid, listKey, replaceNullKey, requireStruct, withFields } from './part.ts';
import { RowCells } from './row-cells.ts';

const targets: readonly SchemaType[] = ['int8', 'int16', 'int32', 'int64', 'float32', 'float64', 'boolean', 'string'];

/**
 * Casts are decided on the schema where the converter can read the text as the new type; other values, such as times as
 * numbers, are computed per row.
 */
export const castPlugins: readonly TransformPlugin[] = (['key', 'value'] as const).map((part) => ({
  className: `org.apache.kafka.connect.transforms.Cast$${part === 'key' ? 'Key' : 'Value'}`,
  aliases: [],
  configKeys: [
    listKey('spec', 'Fields and the types to cast them to, as field1:type,field2:type, or a single type for the whole key or value.'),
    replaceNullKey,
  ],
  create(config: Config): Transform {
    const rewrite = cast(config);
    return {
      plan(shape): ShapePlan {
        const node = shape[part];
        if (node === null) return { shape, step: null };
        const casting = new Casting(shape);
        const cast = rewrite(node, casting);
        return { shape: { ...shape, schema: casting.cells.schema, [part]: cast }, step: casting.cells.step };
      },
    };
  },
}));

function cast(config: Config): (node: Node, casting: Casting) => Node {
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
  return (node, casting) => {
    const whole = casts.get('');
    if (whole !== undefined) return casting.node(node, whole, 'the whole record');
    const struct = requireStruct(node, 'type casting');
    return withFields(
      struct,
      struct.fields.map((field) => {
        const type = casts.get(field.name);
        return type === undefined ? field : { name: field.name, node: casting.node(field.node, type, `field "${field.name}"`) };
      }),
    );
  };
}

const integers: readonly SchemaType[] = ['int8', 'int16', 'int32', 'int64'];
const floats: readonly SchemaType[] = ['float32', 'float64'];

/**
 * What the converters can read as another type with Kafka Connect's meaning; a value out of range is a data error of its
 * row. Times are not among them: their text is not the number that Kafka Connect sees.
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

/** One shape's casts: those that are computed add columns and steps. */
class Casting {
  readonly cells: RowCells;

  constructor({ schema }: Shape) {
    this.cells = new RowCells(schema);
  }

  node(node: Node, type: SchemaType, name: string): Node {
    if (node.schema.type === type && node.schema.name === undefined) return node;
    const { optional, doc } = node.schema;
    const schema: Schema = { type, optional, doc, default: castDefault(node.schema.default, type) };
    if (node.kind === 'op' && type === 'string') return node;
    // Text of whatever meaning is text.
    if (node.kind === 'column' && type === 'string' && node.schema.type === 'string') return { ...node, schema };
    if (node.kind === 'register' && node.holds === 'text' && type === 'string') return { ...node, schema };
    if (node.kind === 'constant' && node.value === null) return { ...node, schema };
    if (node.kind === 'constant' && type === 'string' && !(node.value instanceof Uint8Array) && node.schema.items === undefined) {
      return { ...node, schema, value: String(node.value) };
    }
    if (node.kind === 'column') {
      const kind = this.cells.schema.columns[node.column]?.kind;
      if (kind !== undefined && castable.get(kind)?.includes(type) === true) return { ...node, schema };
    }
    return this.#computed(node, schema, name);
  }

  #computed(node: Node, schema: Schema, name: string): Node {
    const { type } = schema;
    const read = castReader(node, this.cells.schema);
    const kind = literalKinds[type];
    const isBytes = node.schema.type === 'bytes' && node.schema.name === undefined;
    if (read === null || kind === undefined || (isBytes && type !== 'string'))
      throw new ConnectError('data.shape', `Cast cannot turn ${name} (${node.schema.name ?? node.schema.type}) into ${type}.`, {
        remedy: 'Cast numbers, text, booleans and times; other casts belong into a view in the source or into the reader of the topic.',
      });
    const neutral = node.kind === 'column' ? castNeutral(this.cells.schema.columns[node.column]?.neutral, type) : undefined;
    return this.cells.add(name, { kind, schema, neutral }, (change) => {
      const value = read(change);
      return value === null ? null : castText(value, type);
    });
  }
}

/** What stands for a value that an old row lacks; texts other than for text stand for nothing. */
function castNeutral(neutral: LiteralValue | undefined, type: SchemaType): LiteralValue | undefined {
  if (typeof neutral === 'boolean' && type !== 'boolean' && type !== 'string') return castDefault(Number(neutral), type);
  if (typeof neutral === 'number' || typeof neutral === 'bigint')
    return type === 'boolean' ? Number(neutral) !== 0 : castDefault(neutral, type);
  return castDefault(neutral, type);
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
