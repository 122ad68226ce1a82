import type { CellRewrite } from '../../record/cell-rewrite.ts';
import { ColumnKind } from '../../record/column-kind.ts';
import type { Schema } from '../../record/schema.ts';
import { numericModifier } from './numeric-modifier.ts';
import type { TypeCatalog, TypeInfo } from './type-catalog.ts';
import type { MappedType, RecordNames } from './type-map.ts';

/** One dimension: an array whose elements may be missing; a lower bound that is not 1 is not told. */
export function arrayType({ oid, elementOid }: TypeInfo, element: MappedType, types: TypeCatalog): MappedType {
  const items: Schema = { ...element.schema, optional: true };
  const schema: Schema = { type: 'array', optional: false, items };
  const array: MappedType = { kind: ColumnKind.ARRAY, schema, scale: -1, element: { ...element, schema: items }, typeOid: oid };
  const rewrite = arrayRewrite(oid, elementOid, types);
  return rewrite === null ? array : { kind: ColumnKind.REWRITTEN, schema, scale: -1, element: array, rewrite, typeOid: oid };
}

/** Arrays that are not printed like others. */
function arrayRewrite(typeOid: number, elementOid: number, types: TypeCatalog): CellRewrite | null {
  if (isVector(typeOid)) return { kind: 'spaced' };
  const by = delimiterOf(elementOid, types);
  return by === ',' ? null : { kind: 'delimited', by };
}

/** int2vector and oidvector, whose text is `1 2 3`. */
export function isVector(typeOid: number): boolean {
  return typeOid === 22 || typeOid === 30;
}

const geometryTypes: ReadonlySet<string> = new Set(['geometry', 'geography']);

/** `typdelim`: all types but these have a comma. */
function delimiterOf(elementOid: number, types: TypeCatalog): string {
  if (elementOid === 603) return ';';
  const type = types.get(elementOid);
  return type?.kind === 'base' && geometryTypes.has(type.name) ? ':' : ',';
}

const integer: Schema = { type: 'int32', optional: false };
const integers: Schema = { type: 'array', optional: false, items: integer };

/** Any dimensions: lengths and lower bounds by dimension, and the elements one behind the other, the last index running fastest. */
export function arrayStruct(type: TypeInfo, typmod: number, element: MappedType, types: TypeCatalog, names: RecordNames): MappedType {
  const items: Schema = { ...element.schema, optional: true };
  const elements: Schema = { type: 'array', optional: false, items };
  const schema: Schema = {
    type: 'struct',
    optional: false,
    name: names.record(type.schema, `${type.name}${modifierName(type.elementOid, typmod)}`),
    fields: [
      { name: 'dimensions', schema: integers },
      { name: 'lower_bounds', schema: integers },
      { name: 'elements', schema: elements },
    ],
  };
  const number: MappedType = { kind: ColumnKind.INT, schema: integer, scale: -1, typeOid: 23 };
  const numbers: MappedType = { kind: ColumnKind.ARRAY, schema: integers, scale: -1, element: number, typeOid: 1007 };
  const values: MappedType = {
    kind: ColumnKind.ARRAY,
    schema: elements,
    scale: -1,
    element: { ...element, schema: items },
    typeOid: type.oid,
  };
  const struct: MappedType = {
    kind: ColumnKind.STRUCT,
    schema,
    scale: -1,
    typeOid: type.oid,
    fields: [numbers, numbers, values],
    neutral: '{"{}","{}","{}"}',
  };
  const rewrite: CellRewrite = { kind: 'array', by: delimiterOf(type.elementOid, types) };
  return { kind: ColumnKind.REWRITTEN, schema, scale: -1, rewrite, element: struct, typeOid: type.oid };
}

/** In Avro a name stands for one definition, and what the elements look like may depend on the modifier. */
function modifierName(elementOid: number, typmod: number): string {
  if (typmod < 0) return '';
  if (elementOid === 1700) {
    const { precision, scale } = numericModifier(typmod);
    return `_${precision}_${scale}`;
  }
  return modified.has(elementOid) ? `_${typmod & 0xffff}` : '';
}

/** time, timestamp, timestamptz, interval, timetz, bit, varbit. */
const modified: ReadonlySet<number> = new Set([1083, 1114, 1184, 1186, 1266, 1560, 1562]);
