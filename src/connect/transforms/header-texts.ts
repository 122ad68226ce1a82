import { ConnectError } from '../../base/errors.ts';
import type { Change } from '../../record/change.ts';
import { Op } from '../../record/change.ts';
import type { HeaderNode, Shape } from '../../record/shape.ts';
import type { Transform } from '../transform.ts';
import { RowTopics } from './row-topics.ts';
import { rowReader } from './row-value.ts';

/** Behind all transforms: what a header says in a record is part of its shape, for a converter that asks for that. */
export function headerTexts(name: string): Transform {
  return {
    plan(shape, op) {
      const header = shape.headers.findLast((each) => each.name === name && (each.ops === null || each.ops.includes(op)));
      if (header === undefined || header.node.kind === 'constant' || op === Op.TOMBSTONE) return { shape, step: null };
      return { shape, step: null, route: new RowTopics(() => shape.topic, null, shapesByText(shape, header)) };
    },
  };
}

function shapesByText(shape: Shape, header: HeaderNode): ConstructorParameters<typeof RowTopics>[2] {
  const read = rowReader(header.node, shape.schema);
  const shapes: Shape[] = [];
  const numbers = new Map<string, number>();
  return {
    shapes,
    choose(change: Change): number {
      const value = read(change);
      if (typeof value !== 'string') throw noText(header.name);
      const known = numbers.get(value);
      if (known !== undefined) return known;
      const fixed: HeaderNode = { ...header, node: { kind: 'constant', schema: header.node.schema, value } };
      const number = shapes.push({ ...shape, headers: shape.headers.map((each) => (each === header ? fixed : each)) }) - 1;
      numbers.set(value, number);
      return number;
    },
  };
}

function noText(header: string): ConnectError {
  return new ConnectError('data.value', `A row has no text in the header "${header}", which the converter of its value reads.`, {
    remedy: 'Fill the column that the header is made of, or let the converter generate what it takes from the header.',
  });
}
