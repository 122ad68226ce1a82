import { javaDouble, javaFloat } from '../../base/java-number.ts';
import type { Change } from '../../record/change.ts';
import { ColumnKind } from '../../record/column-kind.ts';
import type { RowSchema } from '../../record/row-schema.ts';
import type { Schema } from '../../record/schema.ts';
import type { ColumnNode, Node } from '../../record/shape.ts';
import type { TransformPlugin } from '../plugin.ts';
import type { RowStep, ShapePlan } from '../transform.ts';
import { DerivedText } from './derived-text.ts';
import { withFields } from './part.ts';
import { rowReader } from './row-value.ts';

/** Vectors of pgvector become JSON texts, wherever they are in the value's structs. */
export const vectorToJsonPlugin: TransformPlugin = {
  className: 'io.debezium.transforms.VectorToJsonConverter',
  aliases: [],
  configKeys: [],
  create: () => ({
    plan(shape): ShapePlan {
      const vectors = new Vectors(shape.schema);
      const value = vectors.rewrite(shape.value);
      return { shape: { ...shape, schema: vectors.schema, value }, step: vectors.step };
    },
  }),
};

/** By the name of their schema: the text of a cell as Debezium's JSON. */
const texts: Readonly<Record<string, (cell: string) => string>> = {
  'io.debezium.data.DoubleVector': (cell) => listOf(cell, javaDouble),
  'io.debezium.data.FloatVector': (cell) => listOf(cell, javaFloat),
  'io.debezium.data.SparseDoubleVector': sparse,
};

class Vectors {
  schema: RowSchema;
  readonly #steps: RowStep[] = [];

  constructor(schema: RowSchema) {
    this.schema = schema;
  }

  get step(): RowStep | null {
    if (this.#steps.length === 0) return null;
    return (change) => this.#steps.every((step) => step(change));
  }

  rewrite(node: Node): Node {
    if (node.kind === 'struct') {
      const fields = node.fields.map((field) => ({ name: field.name, node: this.rewrite(field.node) }));
      if (fields.every((field, at) => field.node === node.fields[at]?.node)) return node;
      const changed = withFields(node, fields);
      return { ...changed, schema: { ...changed.schema, optional: node.schema.optional } };
    }
    const text = texts[node.schema.name ?? ''];
    return node.kind === 'column' && text !== undefined ? this.#derive(node, text) : node;
  }

  #derive(node: ColumnNode, text: (cell: string) => string): Node {
    const { optional } = node.schema;
    const schema: Schema = { type: 'string', optional, name: 'io.debezium.data.Json', version: 1 };
    const name = this.schema.columns[node.column]?.name ?? 'a vector';
    const read = rowReader(node, this.schema);
    const cell = new DerivedText(this.schema, name, { kind: ColumnKind.STRING, schema, neutral: optional ? undefined : text('{}') });
    this.schema = cell.schema;
    this.#steps.push((change: Change) => {
      const value = read(change);
      cell.write(change, value === null ? null : text(String(value)));
      return true;
    });
    return cell.node;
  }
}

/** `[1,2.5]`, or an array literal that stands for one. */
function listOf(cell: string, print: (value: number) => string): string {
  const items = cell.slice(1, -1).split(',');
  return `{ "values": [${cell.length <= 2 ? '' : items.map((item) => print(Number(item))).join(', ')}] }`;
}

/** `{1:0.5,3:2}/5`; anything else stands for no dimensions. */
function sparse(cell: string): string {
  const [, entries = '', dimensions = '0'] = /^\{([^}]*)\}\/(\d+)$/.exec(cell) ?? [];
  const members = entries === '' ? [] : entries.split(',').map((entry) => entry.split(':'));
  const printed = members.map(([index = '', value = '']) => `"${index.trim()}": ${javaDouble(Number(value))}`);
  return `{ "dimensions": ${dimensions}, "vector": { ${printed.join(', ')} } }`;
}
