import { faulty } from './avro-type.ts';
import { isObject, type JsonObject } from './json-value.ts';

/** `min` is included, `max` is not; null where the type's own limit holds. */
export interface ArgRange {
  readonly min: number | bigint | null;
  readonly max: number | bigint | null;
}

/** A number of characters, bytes or elements: from `min` up to and without `max`. */
export interface ArgLength {
  readonly min: number;
  readonly max: number;
}

const known = new Set([
  'options',
  'iteration',
  'range',
  'length',
  'regex',
  'kind',
  'prefix',
  'suffix',
  'keys',
  'odds',
  'position',
  'distribution',
  'malformed-rate',
  'malformed.rate',
]);

/** Of other programs that read the same schemas; nothing here depends on them. */
const foreign = /^(format_as_time|session.*)$/;

/** Each of these decides alone what a value is. */
const deciding = ['options', 'iteration', 'range', 'regex', 'kind', 'odds'];

/** Throws `config.invalid` for names that mean nothing and for properties that exclude each other. */
export function checkProperties(properties: JsonObject, allowed: readonly string[], path: string): void {
  const names = Object.keys(properties).filter((name) => !foreign.test(name));
  for (const name of names) {
    if (!known.has(name)) throw faulty(path, `arg.properties has "${name}"; known are ${[...known].join(', ')}`);
    if (!allowed.includes(name)) throw faulty(path, `arg.properties has "${name}", which does not apply to this type`);
  }
  const chosen = deciding.filter((name) => names.includes(name));
  if (chosen.length > 1) throw faulty(path, `arg.properties has both "${chosen[0]}" and "${chosen[1]}"; only one of them can decide`);
  const [first] = chosen;
  if (names.includes('length') && (first === 'options' || first === 'iteration' || first === 'kind')) {
    throw faulty(path, `arg.properties has both "${first}" and "length"; only one of them can decide`);
  }
}

export function rangeOf(properties: JsonObject, path: string): ArgRange | null {
  const range = properties['range'];
  if (range === undefined) return null;
  if (!isObject(range) || (range['min'] === undefined && range['max'] === undefined)) {
    throw faulty(path, '"range" is an object with "min", "max" or both');
  }
  return { min: boundOf(range, 'min', path), max: boundOf(range, 'max', path) };
}

function boundOf(range: JsonObject, name: string, path: string): number | bigint | null {
  const bound = range[name] ?? null;
  if (bound === null || typeof bound === 'number' || typeof bound === 'bigint') return bound;
  throw faulty(path, `"${name}" of "range" is no number`);
}

/** What nobody limits is 8 to 15 long. */
export const lengthDefault: ArgLength = { min: 8, max: 16 };

export function lengthOf(properties: JsonObject, path: string): ArgLength | null {
  const length = properties['length'];
  if (length === undefined) return null;
  if (typeof length === 'number') return checkLength({ min: length, max: length + 1 }, path);
  if (!isObject(length) || (length['min'] === undefined && length['max'] === undefined)) {
    throw faulty(path, '"length" is a number, or an object with "min", "max" or both');
  }
  const { min = 0, max } = length;
  if (typeof min !== 'number') throw faulty(path, '"min" of "length" is no number');
  const most = max ?? Math.max(min + 8, lengthDefault.max);
  if (typeof most !== 'number') throw faulty(path, '"max" of "length" is no number');
  return checkLength({ min, max: most }, path);
}

const lengthMax = 100_000;

function checkLength(length: ArgLength, path: string): ArgLength {
  const { min, max } = length;
  if (!Number.isInteger(min) || !Number.isInteger(max) || min < 0 || max > lengthMax) {
    throw faulty(path, `"length" must be whole numbers from 0 to ${lengthMax}`);
  }
  if (max <= min) throw faulty(path, `"length" cannot be met: "max" (${max}, excluded) must be greater than "min" (${min})`);
  return length;
}

/** A share from 0 to 1; null when it is not given. */
export function shareOf(properties: JsonObject, names: readonly string[], path: string): number | null {
  const name = names.find((each) => properties[each] !== undefined);
  if (name === undefined) return null;
  const share = properties[name];
  if (typeof share !== 'number' || share < 0 || share > 1) throw faulty(path, `"${name}" is a number from 0 to 1`);
  return share;
}

export function textOf(properties: JsonObject, name: string, path: string): string | null {
  const value = properties[name];
  if (value === undefined) return null;
  if (typeof value !== 'string') throw faulty(path, `"${name}" is text`);
  return value;
}

/** Shares of a union's branches, from `position` or `distribution`; null: all alike. */
export function unionShares(properties: JsonObject, branches: number, path: string): number[] | null {
  const { position, distribution } = properties;
  if (position !== undefined) {
    if (typeof position !== 'number' || !Number.isInteger(position) || position < 0 || position >= branches) {
      throw faulty(path, `"position" is the number of a branch, from 0 to ${branches - 1}`);
    }
    return Array.from({ length: branches }, (_, branch) => (branch === position ? 1 : 0));
  }
  if (distribution === undefined) return null;
  if (!isObject(distribution)) throw faulty(path, '"distribution" is an object from branch numbers to shares, as {"0": 0.1, "1": 0.9}');
  const shares = Array.from({ length: branches }, (_, branch) => distribution[String(branch)] ?? 0);
  const stray = Object.keys(distribution).find((name) => !/^\d+$/.test(name) || Number(name) >= branches);
  if (stray !== undefined) throw faulty(path, `"distribution" names branch ${stray}; there are 0 to ${branches - 1}`);
  if (!shares.every((share) => typeof share === 'number' && share >= 0))
    throw faulty(path, 'the shares of "distribution" are numbers from 0');
  const numbers = shares as number[];
  const sum = numbers.reduce((total, share) => total + share, 0);
  if (Math.abs(sum - 1) > 1e-6) throw faulty(path, `the shares of "distribution" come to ${sum} instead of 1`);
  return numbers;
}
