import { ConnectError } from '../../base/errors.ts';
import { isArray, isObject, parseJson, type JsonObject, type JsonValue } from './json-value.ts';

export type AvroPrimitive = 'boolean' | 'int' | 'long' | 'float' | 'double' | 'bytes' | 'string';

interface Annotated {
  /** The schema's `arg.properties`: how its values are to be made. */
  readonly properties: JsonObject;
}

export interface AvroField {
  readonly name: string;
  readonly type: AvroType;
  readonly doc: string | null;
}

export interface AvroRecord extends Annotated {
  readonly kind: 'record';
  /** With namespace. */
  readonly name: string;
  readonly doc: string | null;
  readonly fields: readonly AvroField[];
}

/** A parsed Avro schema: names are resolved, so that the tree stands for itself. */
export type AvroType =
  | (Annotated & { readonly kind: 'primitive'; readonly type: AvroPrimitive; readonly logical: AvroLogical | null })
  | (Annotated & { readonly kind: 'null' })
  | (Annotated & { readonly kind: 'enum'; readonly name: string; readonly symbols: readonly string[] })
  | (Annotated & { readonly kind: 'fixed'; readonly name: string; readonly size: number; readonly logical: AvroLogical | null })
  | (Annotated & { readonly kind: 'array'; readonly items: AvroType })
  | (Annotated & { readonly kind: 'map'; readonly values: AvroType })
  | (Annotated & { readonly kind: 'union'; readonly branches: readonly AvroType[] })
  | AvroRecord;

export interface AvroLogical {
  readonly name: string;
  /** Decimals only. */
  readonly precision: number;
  readonly scale: number;
}

const primitives = new Set(['boolean', 'int', 'long', 'float', 'double', 'bytes', 'string']);
const nothing: JsonObject = {};

/** Throws `config.invalid` for text that is no Avro schema, or whose top is no record. */
export function parseAvroSchema(text: string): AvroRecord {
  let json: JsonValue;
  try {
    json = parseJson(text);
  } catch (error) {
    throw new ConnectError('config.invalid', 'Unable to parse the provided schema: it is not JSON.', { cause: error });
  }
  return readAvroSchema(json);
}

/** The same for a schema that is JSON data already. */
export function readAvroSchema(json: JsonValue): AvroRecord {
  const type = new AvroReader().type(json, '', 'the schema', nothing);
  if (type.kind !== 'record') throw faulty('the schema', `a record is needed at the top, not ${type.kind}`);
  return type;
}

class AvroReader {
  readonly #named = new Map<string, AvroType>();
  /** Records under way: one that is met inside itself has no end. */
  readonly #open = new Set<string>();

  /** `outer`: `arg.properties` that stand beside the type instead of in it; those of the type count first. */
  type(json: JsonValue, namespace: string, path: string, outer: JsonObject): AvroType {
    if (typeof json === 'string') return this.#reference(json, namespace, path, outer);
    if (isArray(json)) return { kind: 'union', branches: json.map((each) => this.type(each, namespace, path, nothing)), properties: outer };
    if (!isObject(json)) throw faulty(path, 'a type is text, a list or an object');
    const properties = isObject(json['arg.properties']) ? json['arg.properties'] : outer;
    const { type } = json;
    if (type === undefined) throw faulty(path, 'it has no "type"');
    if (typeof type !== 'string') return this.type(type, namespace, path, properties);
    switch (type) {
      case 'record':
        return this.#record(json, namespace, path, properties);
      case 'enum': {
        const name = fullName(json, namespace, path);
        const symbols = isArray(json['symbols']) ? json['symbols'].filter((each) => typeof each === 'string') : [];
        if (symbols.length === 0) throw faulty(path, `enum "${name}" has no symbols`);
        return this.#keep(name, { kind: 'enum', name, symbols, properties });
      }
      case 'fixed': {
        const name = fullName(json, namespace, path);
        const size = json['size'];
        if (typeof size !== 'number' || !Number.isInteger(size) || size < 0) throw faulty(path, `fixed "${name}" has no size`);
        return this.#keep(name, { kind: 'fixed', name, size, logical: logicalOf(json, path), properties });
      }
      case 'array':
        return { kind: 'array', items: this.type(json['items'] ?? null, namespace, `${path}[]`, nothing), properties };
      case 'map':
        return { kind: 'map', values: this.type(json['values'] ?? null, namespace, `${path}{}`, nothing), properties };
      default:
        if (!primitives.has(type)) return this.#reference(type, namespace, path, properties);
        return { kind: 'primitive', type: type as AvroPrimitive, logical: logicalOf(json, path), properties };
    }
  }

  #record(json: JsonObject, namespace: string, path: string, properties: JsonObject): AvroType {
    const name = fullName(json, namespace, path);
    const fields = json['fields'];
    if (!isArray(fields) || fields.length === 0) throw faulty(path, `record "${name}" has no fields`);
    this.#open.add(name);
    const own = name.includes('.') ? name.slice(0, name.lastIndexOf('.')) : '';
    const seen = new Set<string>();
    const parsed = fields.map((field): AvroField => {
      if (!isObject(field) || typeof field['name'] !== 'string') throw faulty(path, `a field of record "${name}" has no name`);
      const fieldName = field['name'];
      if (seen.has(fieldName)) throw faulty(path, `record "${name}" has two fields "${fieldName}"`);
      seen.add(fieldName);
      const at = path === 'the schema' ? `field "${fieldName}"` : `${path.replace(/"$/, '')}.${fieldName}"`;
      const outer = isObject(field['arg.properties']) ? field['arg.properties'] : nothing;
      return { name: fieldName, type: this.type(field['type'] ?? null, own, at, outer), doc: text(field['doc']) };
    });
    this.#open.delete(name);
    return this.#keep(name, { kind: 'record', name, doc: text(json['doc']), fields: parsed, properties });
  }

  #keep(name: string, type: AvroType): AvroType {
    this.#named.set(name, type);
    return type;
  }

  #reference(name: string, namespace: string, path: string, properties: JsonObject): AvroType {
    if (name === 'null') return { kind: 'null', properties };
    if (primitives.has(name)) return { kind: 'primitive', type: name as AvroPrimitive, logical: null, properties };
    const full = name.includes('.') || namespace === '' ? name : `${namespace}.${name}`;
    if (this.#open.has(full)) throw faulty(path, `record "${full}" contains itself; such data cannot be generated`);
    const found = this.#named.get(full) ?? this.#named.get(name);
    if (found === undefined) throw faulty(path, `"${name}" is no type of Avro and none that is defined before`);
    return Object.keys(properties).length === 0 ? found : { ...found, properties };
  }
}

function fullName(json: JsonObject, namespace: string, path: string): string {
  const { name } = json;
  if (typeof name !== 'string' || name === '') throw faulty(path, 'a record, enum or fixed has no name');
  if (name.includes('.')) return name;
  const own = typeof json['namespace'] === 'string' ? json['namespace'] : namespace;
  return own === '' ? name : `${own}.${name}`;
}

function logicalOf(json: JsonObject, path: string): AvroLogical | null {
  const name = json['logicalType'];
  if (typeof name !== 'string') return null;
  if (name !== 'decimal') return { name, precision: -1, scale: -1 };
  const precision = json['precision'];
  const scale = json['scale'] ?? 0;
  if (typeof precision !== 'number' || typeof scale !== 'number' || precision < 1 || scale < 0 || scale > precision) {
    throw faulty(path, 'a decimal needs a precision from 1 and a scale from 0 up to it');
  }
  return { name, precision, scale };
}

function text(value: JsonValue | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

/** A complaint about the schema, always with the place. */
export function faulty(path: string, reason: string): ConnectError {
  return new ConnectError('config.invalid', `Unable to use the provided schema: ${path}: ${reason}.`, {
    remedy: 'Correct the schema, or choose a quickstart.',
  });
}
