import { JavaRandom } from './java-random.ts';
import type { JsonObject, JsonValue } from './json-value.ts';

/** A ready-made schema with the field that is its records' key. */
export interface Quickstart {
  readonly schema: JsonObject;
  readonly keyField: string;
}

/** Everything further on writes Avro schemas with fewer words. `more`: logical types and the like. */
export function quickstart(
  namespace: string,
  name: string,
  keyField: string,
  fields: JsonObject,
  options?: readonly JsonObject[],
): Quickstart {
  return { schema: { ...record(name, fields, options), namespace }, keyField };
}

export function record(name: string, fields: JsonObject, options?: readonly JsonObject[]): JsonObject {
  return {
    type: 'record',
    name,
    fields: Object.entries(fields).map(([field, type]) => ({ name: field, type })),
    ...(options === undefined ? {} : { 'arg.properties': { options } }),
  };
}

export function pick(type: string, options: readonly JsonValue[]): JsonObject {
  return { type, 'arg.properties': { options } };
}

/** From `min` up to and without `max`. */
export function range(type: string, min: number, max: number, more: JsonObject = {}): JsonObject {
  return { type, ...more, 'arg.properties': { range: { min, max } } };
}

export function counted(type: string, start: number, step = 1, more: JsonObject = {}): JsonObject {
  return { type, ...more, 'arg.properties': { iteration: { start, step } } };
}

export function matching(regex: string): JsonObject {
  return { type: 'string', 'arg.properties': { regex } };
}

export const timestamp: JsonObject = { logicalType: 'timestamp-millis' };
export const date: JsonObject = { logicalType: 'date' };

/** A table that is the same every time: its random numbers start from a seed of its own. */
export function table<Row>(rows: number, seed: bigint, make: (random: JavaRandom, index: number) => Row): Row[] {
  const random = new JavaRandom(seed);
  return Array.from({ length: rows }, (_, index) => make(random, index));
}

export function choose<Item>(random: JavaRandom, items: readonly Item[]): Item {
  const item = items[random.below(items.length)];
  if (item === undefined) throw new RangeError('nothing to choose from');
  return item;
}

/** Digits as text, with zeros in front. */
export function digits(random: JavaRandom, count: number): string {
  return Array.from({ length: count }, () => String(random.below(10))).join('');
}

/** Of the blocks that are set aside for documentation, so that none of them is anybody's. */
export function address(random: JavaRandom): string {
  return `${choose(random, ['192.0.2', '198.51.100', '203.0.113'])}.${1 + random.below(254)}`;
}

export function uuid(random: JavaRandom): string {
  const hex = (count: number): string => Array.from({ length: count }, () => random.bits(4).toString(16)).join('');
  return `${hex(8)}-${hex(4)}-4${hex(3)}-${choose(random, ['8', '9', 'a', 'b'])}${hex(3)}-${hex(12)}`;
}
