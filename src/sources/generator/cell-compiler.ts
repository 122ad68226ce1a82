import { checkProperties, lengthDefault, lengthOf, rangeOf, shareOf, textOf, unionShares } from './arg-properties.ts';
import { faulty, type AvroType } from './avro-type.ts';
import { FramedCells, MalformedCells, OptionCells, UnionCells, type CellGenerator } from './cell-generator.ts';
import { iterationCells, type IterationCells } from './iteration-cells.ts';
import { isObject, type JsonObject } from './json-value.ts';
import { ArrayCells, MapCells, StructCells } from './nested-cells.ts';
import { decimalCells, floatingCells, integerCells } from './number-cells.ts';
import { optionText, optionsOf } from './option-text.ts';
import { regexCells } from './regex-cells.ts';
import { AsciiCells, BooleanCells, BytesCells, UuidCells } from './text-cells.ts';
import { firstNames, lastNames } from './word-lists.ts';

/** A counter of the schema. `steady`: it moves once with every record, so that its count is the number of records. */
export interface Counter {
  readonly cells: IterationCells;
  readonly steady: boolean;
}

/** Which properties mean something for which type; `options` and malformed rates always do. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  boolean: ['iteration', 'odds'],
  int: ['iteration', 'range'],
  long: ['iteration', 'range'],
  float: ['iteration', 'range'],
  double: ['iteration', 'range'],
  decimal: ['range'],
  bytes: ['length'],
  string: ['iteration', 'regex', 'length', 'kind', 'prefix', 'suffix'],
  enum: [],
  fixed: [],
  array: ['length'],
  map: ['length', 'keys'],
  record: [],
  null: [],
};
const always = ['options', 'malformed-rate', 'malformed.rate'];

/** Turns types into generators of their texts, and keeps the counters it meets. Throws `config.invalid` naming the place. */
export class CellCompiler {
  readonly counters: Counter[] = [];

  /** `steady`: the value is made exactly once for each record. */
  cells(type: AvroType, path: string, steady: boolean): CellGenerator {
    if (type.kind === 'union') return this.#union(type, path);
    const { properties } = type;
    const kind = type.kind === 'primitive' ? (type.logical?.name === 'decimal' ? 'decimal' : type.type) : type.kind;
    checkProperties(properties, [...(allowed[kind] ?? []), ...always], path);
    const options = optionsOf(type, path);
    const made = options === null ? this.#made(type, path, steady) : new OptionCells(options.map((each) => optionText(type, each, path)));
    return malformable(made, properties, path);
  }

  #union(type: AvroType & { kind: 'union' }, path: string): CellGenerator {
    checkProperties(type.properties, ['position', 'distribution', 'options'], path);
    const options = optionsOf(type, path);
    if (options !== null) return new OptionCells(options.map((each) => optionText(type, each, path)));
    const shares = unionShares(type.properties, type.branches.length, path);
    const branches = type.branches.map((branch) => (branch.kind === 'null' ? null : this.cells(branch, path, false)));
    return new UnionCells(branches, shares);
  }

  #made(type: Exclude<AvroType, { kind: 'union' }>, path: string, steady: boolean): CellGenerator {
    const { properties } = type;
    switch (type.kind) {
      case 'null':
        return new OptionCells([null]);
      case 'enum':
        return new OptionCells(type.symbols);
      case 'fixed':
        if (type.logical?.name === 'decimal') return decimalCells(type.logical.precision, type.logical.scale, null, path);
        return new BytesCells({ min: type.size, max: type.size + 1 });
      case 'array':
        return new ArrayCells(this.cells(type.items, `${path}[]`, false), lengthOf(properties, path) ?? lengthDefault);
      case 'map':
        return this.#map(type, path);
      case 'record':
        return new StructCells(type.fields.map((field) => this.cells(field.type, `${path}.${field.name}`, steady)));
      case 'primitive':
        if (type.logical?.name === 'decimal') {
          return decimalCells(type.logical.precision, type.logical.scale, rangeOf(properties, path), path);
        }
        return this.#primitive(type.type, properties, path, steady);
    }
  }

  #map(type: AvroType & { kind: 'map' }, path: string): CellGenerator {
    const { keys } = type.properties;
    if (keys !== undefined && !isObject(keys)) throw faulty(path, '"keys" is an object with the properties of a string');
    const keyType: AvroType = { kind: 'primitive', type: 'string', logical: null, properties: keys ?? { length: 1 } };
    return new MapCells(
      this.cells(keyType, `the keys of ${path}`, false),
      this.cells(type.values, `${path}{}`, false),
      lengthOf(type.properties, path) ?? lengthDefault,
    );
  }

  #primitive(type: string, properties: JsonObject, path: string, steady: boolean): CellGenerator {
    const { iteration } = properties;
    if (iteration !== undefined && type !== 'bytes') {
      const cells = iterationCells(type as Parameters<typeof iterationCells>[0], iteration, path);
      this.counters.push({ cells, steady });
      return framed(cells, properties, path);
    }
    switch (type) {
      case 'boolean':
        return new BooleanCells(shareOf(properties, ['odds'], path));
      case 'int':
      case 'long':
        return integerCells(type, rangeOf(properties, path), path);
      case 'float':
      case 'double':
        return floatingCells(type, rangeOf(properties, path), path);
      case 'bytes':
        return new BytesCells(lengthOf(properties, path) ?? lengthDefault);
      default:
        return framed(stringCells(properties, path), properties, path);
    }
  }
}

function stringCells(properties: JsonObject, path: string): CellGenerator {
  const regex = textOf(properties, 'regex', path);
  const length = lengthOf(properties, path);
  if (regex !== null) return regexCells(regex, length, path);
  const kind = textOf(properties, 'kind', path);
  switch (kind) {
    case null:
      return new AsciiCells(length ?? lengthDefault);
    case 'uuid':
      return new UuidCells();
    case 'name':
      return new OptionCells(firstNames.flatMap((first) => lastNames.map((last) => `${first} ${last}`)));
    case 'email':
      return new FramedCells(regexCells('[a-z]{3,10}[.][a-z]{4,12}[0-9]{0,3}', null, path), '', '@example.com');
    default:
      throw faulty(path, `"kind" ${kind} is none of uuid, name, email`);
  }
}

function framed(cells: CellGenerator, properties: JsonObject, path: string): CellGenerator {
  const prefix = textOf(properties, 'prefix', path);
  const suffix = textOf(properties, 'suffix', path);
  return prefix === null && suffix === null ? cells : new FramedCells(cells, prefix ?? '', suffix ?? '');
}

function malformable(cells: CellGenerator, properties: JsonObject, path: string): CellGenerator {
  const rate = shareOf(properties, ['malformed-rate', 'malformed.rate'], path);
  return rate === null ? cells : new MalformedCells(cells, rate);
}
