import { ConnectError } from '../../base/errors.ts';
import type { Op } from '../../record/change.ts';
import type { Change } from '../../record/change.ts';
import { ColumnKind } from '../../record/column-kind.ts';
import type { HeaderNode, Node, Shape } from '../../record/shape.ts';
import { arrayItems } from '../../base/array-literal.ts';
import { withFields } from './part.ts';
import type { RowVariants } from './row-topics.ts';
import { isThere, rowReader } from './row-value.ts';

export interface DropOptions {
  /** The header that lists the fields. */
  readonly header: string;
  readonly fromKey: boolean;
  /** Only fields that are optional go. */
  readonly keepCompatible: boolean;
}

/** Fields that a header names per row are left out: one shape for each set of fields. Null: such records have no such header. */
export function droppedFields(shape: Shape, op: Op, options: DropOptions): RowVariants | null {
  const header = shape.headers.find(({ name, ops }) => name === options.header && (ops === null || ops.includes(op)));
  if (header === undefined) return null;
  const listed = listReader(header, shape);
  const droppable = new Set([
    ...fieldsOf(shape.value, options),
    ...(options.fromKey && shape.key !== null ? fieldsOf(shape.key, options) : []),
  ]);
  const shapes: Shape[] = [];
  const numbers = new Map<string, number>();
  return {
    shapes,
    choose(change) {
      const names = new Set(listed(change).filter((name) => droppable.has(name)));
      if (names.size === 0) return -1;
      const signature = JSON.stringify([...names].toSorted());
      const known = numbers.get(signature);
      if (known !== undefined) return known;
      const key = options.fromKey && shape.key !== null ? without(shape.key, names, options) : shape.key;
      const number = shapes.push({ ...shape, key, value: without(shape.value, names, options) }) - 1;
      numbers.set(signature, number);
      return number;
    },
  };
}

function fieldsOf(node: Node, { keepCompatible }: DropOptions): string[] {
  if (node.kind !== 'struct') return [];
  return node.fields.flatMap((field) => (keepCompatible && !field.node.schema.optional ? [] : field.name));
}

function without(node: Node, names: ReadonlySet<string>, options: DropOptions): Node {
  if (node.kind !== 'struct') return node;
  const droppable = new Set(fieldsOf(node, options));
  const kept = node.fields.filter(({ name }) => !names.has(name) || !droppable.has(name));
  return kept.length === node.fields.length ? node : withFields(node, kept);
}

function listReader(header: HeaderNode, shape: Shape): (change: Change) => readonly string[] {
  const { name, node } = header;
  const kind = node.kind === 'column' ? shape.schema.columns[node.column]?.kind : undefined;
  if (kind !== ColumnKind.ARRAY)
    throw new ConnectError('data.shape', `The header "${name}" of "${shape.topic}" is no list of fields to be dropped.`, {
      remedy: 'Name a header of ExtractChangedRecordState in "drop.fields.header.name".',
    });
  const read = rowReader(node, shape.schema);
  return (change) => {
    if (!isThere(header, change)) return [];
    const text = read(change);
    return typeof text === 'string' ? arrayItems(text) : [];
  };
}
