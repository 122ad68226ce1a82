import { readFileSync } from 'node:fs';
import { arrayLiteral } from '../../base/array-literal.ts';
import { ConnectError } from '../../base/errors.ts';
import { decodeAvro } from './avro-decoder.ts';
import { faulty, type AvroRecord, type AvroType } from './avro-type.ts';
import { isArray, isObject, parseJson, type JsonObject, type JsonValue } from './json-value.ts';

/** The values to choose from: given in the schema, or in a file. Null when there is no `options`. */
export function optionsOf(type: AvroType, path: string): readonly JsonValue[] | null {
  const { options } = type.properties;
  if (options === undefined) return null;
  const values = isObject(options) ? readOptions(type, options, path) : options;
  if (!isArray(values)) throw faulty(path, '"options" is a list, or an object with "file" and "encoding"');
  if (values.length === 0) throw faulty(path, '"options" is empty');
  return values;
}

function readOptions(type: AvroType, options: JsonObject, path: string): JsonValue {
  const { file, encoding } = options;
  if (typeof file !== 'string' || (encoding !== 'json' && encoding !== 'binary')) {
    throw faulty(path, '"options" as an object needs "file" and "encoding", which is json or binary');
  }
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new ConnectError('file.unreadable', `The options file "${file}" of ${path} cannot be read.`, {
      remedy: 'Correct the path, which is relative to where the worker was started, or the permissions.',
      cause: error,
    });
  }
  try {
    return encoding === 'json' ? parseJson(bytes.toString('utf8')) : decodeAvro({ kind: 'array', items: type, properties: {} }, bytes);
  } catch (error) {
    if (error instanceof ConnectError) throw error;
    throw new ConnectError('file.unreadable', `The options file "${file}" of ${path} is no list of values in ${encoding}.`, {
      cause: error,
    });
  }
}

/** A value of the schema as the text its column is read from; null for null. Throws `config.invalid` when it does not fit. */
export function optionText(type: AvroType, value: JsonValue, path: string): string | null {
  switch (type.kind) {
    case 'null':
      if (value !== null) throw misfit(path, 'null', value);
      return null;
    case 'union':
      return unionText(type.branches, value, path);
    case 'primitive':
      return type.logical?.name === 'decimal' ? decimalText(value, type.logical.scale, path) : primitiveText(type.type, value, path);
    case 'enum':
      if (typeof value !== 'string' || !type.symbols.includes(value)) throw misfit(path, `one of ${type.symbols.join(', ')}`, value);
      return value;
    case 'fixed': {
      if (type.logical?.name === 'decimal') return decimalText(value, type.logical.scale, path);
      const text = primitiveText('bytes', value, path);
      if (text.length !== 2 + 2 * type.size) throw misfit(path, `${type.size} bytes`, value);
      return text;
    }
    case 'array':
      if (!isArray(value)) throw misfit(path, 'a list', value);
      return arrayLiteral(value.map((each) => optionText(type.items, each, `${path}[]`)));
    case 'map':
      if (!isObject(value)) throw misfit(path, 'an object', value);
      return arrayLiteral(Object.entries(value).flatMap(([key, each]) => [key, optionText(type.values, each, `${path}{}`)]));
    case 'record':
      return arrayLiteral(recordTexts(type, value, path));
  }
}

/** The texts of a record's fields, in their order. */
export function recordTexts(type: AvroRecord, value: JsonValue, path: string): (string | null)[] {
  if (!isObject(value)) throw misfit(path, 'an object', value);
  const stray = Object.keys(value).find((name) => !type.fields.some((field) => field.name === name));
  if (stray !== undefined) throw faulty(path, `an option has the field "${stray}", which record "${type.name}" has not`);
  return type.fields.map((field) => optionText(field.type, value[field.name] ?? null, `${path}.${field.name}`));
}

function unionText(branches: readonly AvroType[], value: JsonValue, path: string): string | null {
  if (value === null && branches.some((branch) => branch.kind === 'null')) return null;
  const other = branches.find((branch) => branch.kind !== 'null');
  if (other === undefined) throw misfit(path, 'null', value);
  // Avro's JSON encoding wraps what is not null: {"string": "x"}.
  const name = other.kind === 'primitive' ? other.type : 'name' in other ? other.name : other.kind;
  const wrapped = isObject(value) && Object.keys(value).length === 1 ? value[name] : undefined;
  return optionText(other, wrapped ?? value, path);
}

function primitiveText(type: string, value: JsonValue, path: string): string {
  switch (type) {
    case 'boolean':
      if (typeof value === 'boolean') return value ? 't' : 'f';
      break;
    case 'int':
    case 'long': {
      const isWhole = typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value));
      const bits = type === 'int' ? 32 : 64;
      if (isWhole && BigInt.asIntN(bits, BigInt(value)) === BigInt(value)) return BigInt(value).toString();
      break;
    }
    case 'float':
    case 'double':
      if (typeof value === 'number' || typeof value === 'bigint') return String(value);
      break;
    case 'string':
      if (typeof value === 'string') return value;
      break;
    default:
      if (typeof value === 'string') return String.raw`\x${Buffer.from(value, isLatin1(value) ? 'latin1' : 'utf8').toString('hex')}`;
  }
  throw misfit(path, `a value of type ${type}`, value);
}

function isLatin1(text: string): boolean {
  return Array.from(text).every((character) => (character.codePointAt(0) ?? 0) < 0x100);
}

function decimalText(value: JsonValue, scale: number, path: string): string {
  const text = typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'bigint' ? String(value) : '';
  const match = /^-?\d+(?:\.(\d+))?$/.exec(text);
  if (match === null || (match[1] ?? '').replace(/0+$/, '').length > scale)
    throw misfit(path, `a decimal with ${scale} digits behind the point`, value);
  return text;
}

function misfit(path: string, wanted: string, value: JsonValue): ConnectError {
  const shown =
    typeof value === 'bigint'
      ? value.toString()
      : JSON.stringify(value, (_key, each: unknown) => (typeof each === 'bigint' ? String(each) : each));
  return faulty(path, `the option ${shown.slice(0, 60)} is not ${wanted}`);
}
