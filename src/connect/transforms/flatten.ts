import { Op, TupleRef } from '../../record/change.ts';
import type { Column, RowSchema } from '../../record/row-schema.ts';
import type { ColumnNode, ConstantNode, FieldNode, Node, StructNode } from '../../record/shape.ts';
import type { Config } from '../config.ts';
import type { TransformPlugin } from '../plugin.ts';
import type { RowStep, ShapePlan } from '../transform.ts';
import { DerivedCells } from './derived-cells.ts';
import { literalKinds } from './literal-kind.ts';
import { fillMissing } from './missing-image.ts';
import { requireStruct, stringKey, withFields } from './part.ts';
import { rowReader } from './row-value.ts';
import { neutralPart, readParts, structParts } from './struct-parts.ts';
import type { StructPart } from './struct-parts.ts';

/** Fields of nested structs under joined names; decided on the schema, but for images that only some rows have and for cells that are structs. */
export const flattenPlugins: readonly TransformPlugin[] = (['Key', 'Value'] as const).map((suffix) => ({
  className: `org.apache.kafka.connect.transforms.Flatten$${suffix}`,
  aliases: [],
  configKeys: [stringKey('delimiter', 'Delimiter to insert between field names from the input record when generating field names.', '.')],
  create(config: Config) {
    const delimiter = config.optional('delimiter') ?? '.';
    return {
      plan(shape, op): ShapePlan {
        const node = suffix === 'Key' ? shape.key : shape.value;
        if (node === null || (suffix === 'Value' && op === Op.TOMBSTONE)) return { shape, step: null };
        const struct = requireStruct(node, 'flattening');
        const flat = new Flattening(delimiter, op, shape.schema);
        const flattened = withFields(struct, flat.fieldsOf(struct, '', { optional: false, absent: false, image: null }));
        const part = suffix === 'Key' ? 'key' : 'value';
        return { shape: { ...shape, schema: flat.schema, [part]: flattened }, step: flat.step(shape.schema.columns.length) };
      },
    };
  },
}));

interface Parent {
  readonly optional: boolean;
  readonly absent: boolean;
  /** The image without which its fields are null; null: none. */
  readonly image: TupleRef | null;
}

class Flattening {
  readonly #delimiter: string;
  readonly #op: Op;
  readonly #maybe = new Set<TupleRef>();
  readonly #steps: RowStep[] = [];
  schema: RowSchema;

  constructor(delimiter: string, op: Op, schema: RowSchema) {
    this.#delimiter = delimiter;
    this.#op = op;
    this.schema = schema;
  }

  fieldsOf(struct: StructNode, prefix: string, parent: Parent): FieldNode[] {
    return struct.fields.flatMap(({ name, node }): FieldNode[] => {
      const path = `${prefix}${name}`;
      const { absent, image } = parent;
      const optional = parent.optional || node.schema.optional;
      if (node.kind === 'struct') {
        const gone = absent || this.#isAbsent(node);
        if (!gone && node.presence !== null) this.#maybe.add(node.presence);
        return this.fieldsOf(node, `${path}${this.#delimiter}`, { optional, absent: gone, image: gone ? null : (node.presence ?? image) });
      }
      // A struct that is always null says in its schema which fields it would have.
      if (node.kind === 'constant' && node.schema.type === 'struct')
        return (node.schema.fields ?? []).map((field) => ({
          name: `${path}${this.#delimiter}${field.name}`,
          node: { kind: 'constant', schema: { ...field.schema, optional: true }, value: null },
        }));
      const parts = node.kind === 'column' ? structParts(this.schema.columns[node.column] as Column) : null;
      if (node.kind === 'column' && parts !== null) return this.#partsOf(node, parts, path, optional, absent);
      const schema = { ...node.schema, optional };
      if (node.kind === 'constant' && node.value !== null && image !== null && !absent)
        return [{ name: path, node: this.#whileThere(path, { ...node, schema }, image) }];
      return [{ name: path, node: absent ? { kind: 'constant', schema, value: null } : { ...node, schema } }];
    });
  }

  /** The same in every row that has this image, such as a mask. */
  #whileThere(name: string, node: ConstantNode, image: TupleRef): Node {
    const kind = literalKinds[node.schema.type];
    if (kind === undefined) return node;
    const cells = new DerivedCells(this.schema, [{ name, kind, schema: node.schema, scale: -1 }]);
    this.schema = cells.schema;
    const { value } = node;
    const text = value instanceof Uint8Array ? `\\x${Buffer.from(value).toString('hex')}` : String(value);
    this.#steps.push((change) => {
      cells.write(change, [change.tuple(image).count > 0 ? text : null]);
      return true;
    });
    return cells.nodes[0] as ColumnNode;
  }

  /** A cell that is a struct itself, such as a point: its fields are computed per row. */
  #partsOf(node: ColumnNode, parts: readonly StructPart[], path: string, parentOptional: boolean, absent: boolean): FieldNode[] {
    const column = this.schema.columns[node.column] as Column;
    const fields = (node.schema.fields ?? []).map((field) => ({
      name: `${path}${this.#delimiter}${field.name}`,
      schema: { ...field.schema, optional: parentOptional || field.schema.optional },
    }));
    if (absent) return fields.map(({ name, schema }) => ({ name, node: { kind: 'constant', schema, value: null } }));
    const read = rowReader(node, this.schema);
    const cells = new DerivedCells(
      this.schema,
      parts.map((part, at) => {
        const { name, schema } = fields[at] as (typeof fields)[number];
        return { name, kind: part.kind, schema, scale: -1, neutral: neutralPart(part, column) };
      }),
    );
    this.schema = cells.schema;
    this.#steps.push((change) => {
      const text = read(change);
      cells.write(change, text === null ? parts.map(() => null) : readParts(parts, String(text), node, column));
      return true;
    });
    return fields.map(({ name }, at) => ({ name, node: cells.nodes[at] as ColumnNode }));
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
    if (images.length === 0 && this.#steps.length === 0) return null;
    return (change) => {
      for (const step of this.#steps) step(change);
      for (const image of images) fillMissing(change.tuple(image), columns);
      return true;
    };
  }
}
