import type { FieldNode, Node, Shape, StructNode } from '../../record/shape.ts';
import type { Schema } from '../../record/schema.ts';
import { ConnectError } from '../../base/errors.ts';
import { Op } from '../../record/change.ts';
import type { Config } from '../config.ts';
import type { ConfigKey, TransformPlugin } from '../plugin.ts';
import type { ShapePlan, Transform } from '../transform.ts';

/** Which side of a record a transform works on: the `$Key` or `$Value` of its class name. */
export type Part = 'key' | 'value';

const packageName = 'org.apache.kafka.connect.transforms';

export interface PartTransform {
  /** The simple class name, such as `ReplaceField`. */
  readonly name: string;
  readonly configKeys: readonly ConfigKey[];
  /** Reads the config once; the answer rewrites one side of a shape. The node is never null: a null key passes as it is. */
  create(config: Config): (node: Node, shape: Shape) => Node;
}

/** Registers a rewrite of one side under both of its class names. A null key passes through, as it does in Kafka Connect. */
export function partPlugins(transform: PartTransform): TransformPlugin[] {
  return (['Key', 'Value'] as const).map((suffix) => ({
    className: `${packageName}.${transform.name}$${suffix}`,
    aliases: [],
    configKeys: transform.configKeys,
    create(config): Transform {
      const rewrite = transform.create(config);
      return {
        plan(shape, op) {
          if (suffix === 'Value') return planned({ ...shape, value: valueOf(shape, op, rewrite) });
          return planned(shape.key === null ? shape : { ...shape, key: rewrite(shape.key, shape) });
        },
      };
    },
  }));
}

/** A tombstone's value is null whatever stands in its shape, which transforms before may have left as it was: it passes, as there. */
function valueOf(shape: Shape, op: Op, rewrite: (node: Node, shape: Shape) => Node): Node {
  try {
    return rewrite(shape.value, shape);
  } catch (error) {
    if (op === Op.TOMBSTONE && error instanceof ConnectError && error.code === 'data.shape') return shape.value;
    throw error;
  }
}

/** A transform of the whole record, under its one class name. */
export function recordPlugin(
  name: string,
  configKeys: readonly ConfigKey[],
  create: (config: Config) => (shape: Shape) => Shape | null,
): TransformPlugin {
  return {
    className: `${packageName}.${name}`,
    aliases: [],
    configKeys,
    create(config) {
      const rewrite = create(config);
      return {
        plan(shape) {
          const rewritten = rewrite(shape);
          return rewritten === null ? null : planned(rewritten);
        },
      };
    },
  };
}

function planned(shape: Shape): ShapePlan {
  return { shape, step: null };
}

export function requireStruct(node: Node, purpose: string): StructNode {
  if (node.kind === 'struct') return node;
  throw new ConnectError('data.shape', `Only a struct has fields for ${purpose}; here is a ${node.schema.type}.`, {
    remedy: 'Put this transform before the one that took the struct apart, or take it out.',
  });
}

/** A struct with other fields. Name, version, doc and parameters stay; it is no longer optional, as in Kafka Connect. */
export function withFields(struct: StructNode, fields: readonly FieldNode[]): StructNode {
  refuseTwins(fields);
  const { name, version, doc, parameters } = struct.schema;
  return {
    ...struct,
    schema: {
      type: 'struct',
      optional: false,
      name,
      version,
      doc,
      parameters,
      fields: fields.map((field) => ({ name: field.name, schema: field.node.schema })),
    },
    fields,
  };
}

function refuseTwins(fields: readonly FieldNode[]): void {
  const names = new Set<string>();
  for (const { name } of fields) {
    if (names.has(name))
      throw new ConnectError('data.shape', `Cannot create field because of field name duplication ${name}`, {
        remedy: 'Let the transform give the field another name, or leave the field that has it out before.',
      });
    names.add(name);
  }
}

export function newStruct(fields: readonly FieldNode[]): StructNode {
  refuseTwins(fields);
  const schema: Schema = {
    type: 'struct',
    optional: false,
    fields: fields.map((field) => ({ name: field.name, schema: field.node.schema })),
  };
  return { kind: 'struct', schema, fields, presence: null };
}

export function findField(struct: StructNode, name: string): Node | null {
  return struct.fields.find((field) => field.name === name)?.node ?? null;
}

/** As it is; throws `config.invalid` for one without letters. */
export function fieldName(name: string, key: string): string {
  if (name !== '') return name;
  throw invalid(key, name, 'a field needs a name');
}

export function invalid(key: string, value: string, reason: string): ConnectError {
  return new ConnectError('config.invalid', `Invalid value ${value} for configuration ${key}: ${reason}`, { remedy: `Correct "${key}".` });
}

/** Accepted for compatibility: values stay text until the converter reads them, so a null is never replaced on the way. */
export const replaceNullKey: ConfigKey = {
  name: 'replace.null.with.default',
  type: 'BOOLEAN',
  default: 'true',
  importance: 'MEDIUM',
  doc: 'Whether to replace fields that have a default value and that are null to the default value.',
  ignored: 'null stays null here, whatever the default of its column',
};

export function listKey(name: string, doc: string, fallback?: string): ConfigKey {
  return { name, type: 'LIST', importance: 'HIGH', default: fallback, doc };
}

export function stringKey(name: string, doc: string, fallback?: string | null): ConfigKey {
  return { name, type: 'STRING', importance: fallback === undefined ? 'HIGH' : 'MEDIUM', default: fallback, doc };
}
