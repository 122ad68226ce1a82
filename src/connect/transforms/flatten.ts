import { Op, TupleRef } from '../../record/change.ts';
import type { FieldNode, StructNode } from '../../record/shape.ts';
import { CellState } from '../../record/tuple-view.ts';
import type { Config } from '../config.ts';
import type { TransformPlugin } from '../plugin.ts';
import type { RowStep, ShapePlan } from '../transform.ts';
import { requireStruct, stringKey, withFields } from './part.ts';

/** Fields of nested structs under joined names; decided on the schema, but for images that only some rows have. */
export const flattenPlugins: readonly TransformPlugin[] = (['Key', 'Value'] as const).map((suffix) => ({
  className: `org.apache.kafka.connect.transforms.Flatten$${suffix}`,
  aliases: [],
  configKeys: [stringKey('delimiter', 'Delimiter to insert between field names from the input record when generating field names.', '.')],
  create(config: Config) {
    const delimiter = config.optional('delimiter') ?? '.';
    return {
      plan(shape, op): ShapePlan {
        const node = suffix === 'Key' ? shape.key : shape.value;
        if (node === null || op === Op.TOMBSTONE) return { shape, step: null };
        const struct = requireStruct(node, 'flattening');
        const flat = new Flattening(delimiter, op);
        const flattened = withFields(struct, flat.fieldsOf(struct, '', false));
        return { shape: { ...shape, [suffix === 'Key' ? 'key' : 'value']: flattened }, step: flat.step(shape.schema.columns.length) };
      },
    };
  },
}));

class Flattening {
  readonly #delimiter: string;
  readonly #op: Op;
  readonly #maybe = new Set<TupleRef>();

  constructor(delimiter: string, op: Op) {
    this.#delimiter = delimiter;
    this.#op = op;
  }

  fieldsOf(struct: StructNode, prefix: string, parentOptional: boolean, absent = false): FieldNode[] {
    return struct.fields.flatMap(({ name, node }): FieldNode[] => {
      const path = `${prefix}${name}`;
      const optional = parentOptional || node.schema.optional;
      if (node.kind === 'struct') {
        const gone = absent || this.#isAbsent(node);
        if (!gone && node.presence !== null) this.#maybe.add(node.presence);
        return this.fieldsOf(node, `${path}${this.#delimiter}`, optional, gone);
      }
      // A struct that is always null says in its schema which fields it would have.
      if (node.kind === 'constant' && node.schema.type === 'struct')
        return (node.schema.fields ?? []).map((field) => ({
          name: `${path}${this.#delimiter}${field.name}`,
          node: { kind: 'constant', schema: { ...field.schema, optional: true }, value: null },
        }));
      const schema = { ...node.schema, optional };
      return [{ name: path, node: absent ? { kind: 'constant', schema, value: null } : { ...node, schema } }];
    });
  }

  /** Where the operation alone says that an image is not there. */
  #isAbsent({ presence }: StructNode): boolean {
    if (presence === TupleRef.BEFORE) return this.#op === Op.CREATE || this.#op === Op.READ || this.#op === Op.TRUNCATE;
    if (presence === TupleRef.AFTER) return this.#op === Op.DELETE || this.#op === Op.TRUNCATE;
    return false;
  }

  /** Fields of an image that this row lacks are null: the image is made up of nulls, since its fields stand alone now. */
  step(columns: number): RowStep | null {
    const images = [...this.#maybe].filter((image) => image === TupleRef.BEFORE || image === TupleRef.RELATED);
    if (images.length === 0) return null;
    return (change) => {
      for (const image of images) {
        const tuple = change.tuple(image);
        if (tuple.count > 0) continue;
        tuple.reserve(columns);
        tuple.state.fill(CellState.NULL, 0, columns);
        tuple.count = columns;
      }
      return true;
    };
  }
}
