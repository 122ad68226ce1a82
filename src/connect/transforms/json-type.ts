import type { Json } from './json-text.ts';

/** What a JSON value becomes in a record. Everything is optional, as in Debezium, but structs that were merged (`required`). */
export type JsonType =
  | { readonly kind: 'string' | 'boolean' | 'int32' | 'int64' | 'float64' }
  /** A null where nulls are kept: bytes that are never there. */
  | { readonly kind: 'null' }
  | { readonly kind: 'array'; readonly item: JsonType }
  | { readonly kind: 'struct'; readonly name: string | null; readonly fields: ReadonlyMap<string, JsonType>; readonly required: boolean };

export interface JsonTypeOptions {
  /** Members that are null: left out, or fields of their own. */
  readonly nulls: 'ignore' | 'optional_bytes';
  /** Arrays without elements: left out, or arrays of texts. */
  readonly emptyArrays: 'ignore' | 'optional_string';
}

/** Why a JSON value has no type; never a value of it. */
export class JsonTypeError extends Error {
  override readonly name = 'JsonTypeError';
}

/** `name`: of the struct, as a path from the root; null: none. Null: there is nothing to write. Throws `JsonTypeError`. */
export function jsonType(json: Json, name: string | null, options: JsonTypeOptions): JsonType | null {
  switch (json.kind) {
    case 'string':
    case 'boolean':
      return { kind: json.kind };
    case 'number':
      return { kind: numberType(json.text) };
    case 'null':
      return options.nulls === 'optional_bytes' ? { kind: 'null' } : null;
    case 'array':
      if (json.items.length > 0) return { kind: 'array', item: itemType(json.items, name, options) };
      return options.emptyArrays === 'optional_string' ? { kind: 'array', item: { kind: 'string' } } : null;
    case 'object': {
      const fields = new Map<string, JsonType>();
      for (const [member, value] of json.members) {
        if (member === '') throw new JsonTypeError('a member has no name');
        const type = jsonType(value, name === null || name.trim() === '' ? member : `${name}.${member}`, options);
        if (type !== null) fields.set(member, type);
      }
      return { kind: 'struct', name, fields, required: false };
    }
  }
}

/** Equal for structures that are written alike. */
export function signatureOf(type: JsonType): string {
  return JSON.stringify(type, (_key, value: unknown) => (value instanceof Map ? [...value] : value));
}

/** As Jackson reads them: digits alone are integers. */
function numberType(text: string): 'int32' | 'int64' | 'float64' {
  if (!/^-?\d+$/.test(text)) return 'float64';
  const value = BigInt(text);
  if (BigInt.asIntN(32, value) === value) return 'int32';
  if (BigInt.asIntN(64, value) === value) return 'int64';
  throw new JsonTypeError('an integer has more than 64 bits');
}

function itemType(items: readonly Json[], name: string | null, options: JsonTypeOptions): JsonType {
  const there = items.filter((item) => item.kind !== 'null');
  const [first] = there;
  if (there.some((item) => item.kind !== first?.kind)) throw new JsonTypeError('an array holds values of several kinds');
  if (first?.kind === 'array') return innerType(there, options);
  const types = new Map<string, JsonType>();
  for (const item of first === undefined ? items : there) {
    const type = jsonType(item, name, options);
    if (type === null) throw new JsonTypeError('an array holds nulls only');
    types.set(signatureOf(type), type);
  }
  const merged = [...types.values()].reduce(mergeTypes);
  const isMerged = types.size > 1 && there.length === items.length;
  return merged.kind === 'struct' ? { ...merged, required: isMerged } : merged;
}

/** Arrays in an array have one type, as in Debezium without a name. Those without elements say nothing of it. */
function innerType(arrays: readonly Json[], options: JsonTypeOptions): JsonType {
  const types = arrays.flatMap((array): JsonType[] => {
    const told = telling(array, options);
    const type = told === null ? null : jsonType(told, null, options);
    return type === null ? [] : [type];
  });
  if (types.length === 0 && options.emptyArrays === 'optional_string') types.push({ kind: 'array', item: { kind: 'string' } });
  if (types.length === 0) throw new JsonTypeError('an array holds empty arrays only');
  const merged = types.reduce(mergeTypes);
  if (!arrays.every((array) => isAsDeep(array, merged))) throw new JsonTypeError('an array holds values of several kinds');
  return merged;
}

/** Those that did not tell the type may still have more arrays in one another than it has. */
function isAsDeep(json: Json, type: JsonType): boolean {
  return json.kind !== 'array' || (type.kind === 'array' && json.items.every((item) => isAsDeep(item, type.item)));
}

/** What tells a type: without the arrays in it that have no elements. */
function telling(json: Json, options: JsonTypeOptions): Json | null {
  if (json.kind !== 'array') return json;
  const items = json.items.flatMap((item) => telling(item, options) ?? []);
  const isKnown = items.some((item) => item.kind !== 'null' || options.nulls === 'optional_bytes');
  return isKnown ? { kind: 'array', items } : null;
}

/** The elements of an array have one type: the fields of all, in the order in which they turn up. */
function mergeTypes(left: JsonType, right: JsonType): JsonType {
  if (left.kind === 'null') return right;
  if (right.kind === 'null') return left;
  if (left.kind === 'struct' && right.kind === 'struct') {
    const fields = new Map(left.fields);
    for (const [name, type] of right.fields) {
      const known = fields.get(name);
      fields.set(name, known === undefined ? type : mergeTypes(known, type));
    }
    return { ...left, fields, required: left.required && right.required };
  }
  if (left.kind === 'array' && right.kind === 'array') return { kind: 'array', item: mergeTypes(left.item, right.item) };
  if (left.kind !== right.kind) throw new JsonTypeError('an array holds values of several kinds');
  return left;
}
