import type { Shape } from '../../record/shape.ts';
import type { RowVariants } from './row-topics.ts';
import type { RowReader } from './row-value.ts';

/** The version of the value's schema is what a column says, row by row. `inner`: what else the shapes differ in. */
export function versionedShapes(version: RowReader, events: Shape, inner: RowVariants | null): RowVariants {
  const shapes: Shape[] = [];
  const numbers = new Map<string, number>();
  return {
    shapes,
    choose(change) {
      const variant = inner === null ? -1 : inner.choose(change);
      const given = version(change);
      if (variant < 0 && given === null) return -1;
      const name = `${variant} ${String(given)}`;
      const known = numbers.get(name);
      if (known !== undefined) return known;
      const shape = inner?.shapes[variant] ?? events;
      const { value } = shape;
      const schema = given === null ? value.schema : { ...value.schema, version: Number(given) };
      const number = shapes.push({ ...shape, value: { ...value, schema } }) - 1;
      numbers.set(name, number);
      return number;
    },
  };
}
