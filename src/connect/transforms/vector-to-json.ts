import { javaDouble, javaFloat } from '../../base/java-number.ts';
import { ColumnKind } from '../../record/column-kind.ts';
import type { Schema } from '../../record/schema.ts';
import type { ColumnNode, Node } from '../../record/shape.ts';
import type { TransformPlugin } from '../plugin.ts';
import type { ShapePlan } from '../transform.ts';
import { withFields } from './part.ts';
import { RowCells } from './row-cells.ts';
import { rowReader } from './row-value.ts';

/** Vectors of pgvector become JSON texts, wherever they are in the value's structs. */
export const vectorToJsonPlugin: TransformPlugin = {
  className: 'io.debezium.transforms.VectorToJsonConverter',
  aliases: [],
  configKeys: [],
  create: () => ({
    plan(shape): ShapePlan {
      const cells = new RowCells(shape.schema);
      const value = rewritten(shape.value, cells);
      return { shape: { ...shape, schema: cells.schema, value }, step: cells.step };
    },
  }),
};

/** By the name of their schema: the text of a cell as Debezium's JSON. */
const texts: Readonly<Record<string, (cell: string) => string>> = {
  'io.debezium.data.DoubleVector': (cell) => listOf(cell, javaDouble),
  'io.debezium.data.FloatVector': (cell) => listOf(cell, javaFloat),
  'io.debezium.data.SparseDoubleVector': sparse,
};

function rewritten(node: Node, cells: RowCells): Node {
  if (node.kind === 'struct') {
    const fields = node.fields.map((field) => ({ name: field.name, node: rewritten(field.node, cells) }));
    if (fields.every((field, at) => field.node === node.fields[at]?.node)) return node;
    const changed = withFields(node, fields);
    return { ...changed, schema: { ...changed.schema, optional: node.schema.optional } };
  }
  const text = texts[node.schema.name ?? ''];
  return node.kind === 'column' && text !== undefined ? jsonCell(node, text, cells) : node;
}

function jsonCell(node: ColumnNode, text: (cell: string) => string, cells: RowCells): Node {
  const { optional } = node.schema;
  const schema: Schema = { type: 'string', optional, name: 'io.debezium.data.Json', version: 1 };
  const name = cells.schema.columns[node.column]?.name ?? 'a vector';
  const read = rowReader(node, cells.schema);
  return cells.add(name, { kind: ColumnKind.STRING, schema, neutral: optional ? undefined : text('{}') }, (change) => {
    const value = read(change);
    return value === null ? null : text(String(value));
  });
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
  const printed = members.map(([index = '', value = '']) => `"${index}": ${javaDouble(Number(value))}`);
  return `{ "dimensions": ${dimensions}, "vector": { ${printed.join(', ')} } }`;
}
