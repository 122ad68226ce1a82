import { ColumnKind } from '../../record/column-kind.ts';
import type { Schema } from '../../record/schema.ts';
import type { TypeInfo } from './type-catalog.ts';
import type { MapElement, MappedType, RecordNames } from './type-map.ts';

const flag: Schema = { type: 'boolean', optional: false };

/** `range.handling.mode=struct`: bounds (null: none) and what belongs to them. Null: what lies in it has no form in a record. */
export function rangeStruct(type: TypeInfo, map: MapElement, names: RecordNames): MappedType | null {
  const mapped = map(type.rangeOf, -1);
  if (mapped === null) return null;
  const bound: MappedType = { ...mapped, schema: { ...mapped.schema, optional: true } };
  const schema: Schema = {
    type: 'struct',
    optional: false,
    name: names.record(type.schema, type.name),
    fields: [
      { name: 'lower', schema: bound.schema },
      { name: 'upper', schema: bound.schema },
      { name: 'lower_inclusive', schema: flag },
      { name: 'upper_inclusive', schema: flag },
      { name: 'empty', schema: flag },
    ],
  };
  const truth: MappedType = { kind: ColumnKind.BOOLEAN, schema: flag, scale: -1, typeOid: 16 };
  const element: MappedType = {
    kind: ColumnKind.STRUCT,
    schema,
    scale: -1,
    typeOid: type.oid,
    fields: [bound, bound, truth, truth, truth],
    neutral: '{NULL,NULL,f,f,t}',
  };
  return { kind: ColumnKind.REWRITTEN, schema, scale: -1, rewrite: { kind: 'range' }, element, typeOid: type.oid };
}

/** The ranges of a multirange, in order. */
export function multirangeArray(typeOid: number, range: MappedType): MappedType {
  const schema: Schema = { type: 'array', optional: false, items: range.schema };
  const element: MappedType = { kind: ColumnKind.ARRAY, schema, scale: -1, element: range, typeOid };
  return { kind: ColumnKind.REWRITTEN, schema, scale: -1, rewrite: { kind: 'multirange' }, element, typeOid };
}
