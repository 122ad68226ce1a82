import type { Node, Shape } from '../../record/shape.ts';
import { JsonTypeError } from './json-type.ts';
import { JsonVariants } from './json-variants.ts';
import type { JsonVariantsOptions } from './json-variants.ts';
import type { RowVariants } from './row-topics.ts';
import { rowReader } from './row-value.ts';

/** A payload that is JSON as a struct, one shape for each structure. One that cannot be taken apart stays the text it is. */
export function expandedPayload(
  payload: Node,
  events: Shape,
  valueOf: (payload: Node) => Node,
  options: Omit<JsonVariantsOptions, 'schema' | 'shape'>,
): RowVariants {
  const read = rowReader(payload, events.schema);
  const variants = new JsonVariants({
    ...options,
    schema: events.schema,
    shape: (cells) => ({ ...events, schema: cells.schema, value: valueOf(cells.node) }),
  });
  return {
    shapes: variants.shapes,
    choose(change) {
      const text = read(change);
      if (typeof text !== 'string') return -1;
      try {
        return variants.choose(change, text);
      } catch (error) {
        if (error instanceof JsonTypeError) return -1;
        throw error;
      }
    },
  };
}
