import type { RowLayout } from '../../record/cell-rewrite.ts';
import { ColumnKind } from '../../record/column-kind.ts';
import type { Schema } from '../../record/schema.ts';
import { leftOut } from '../../text/row-text.ts';
import type { TypeAttribute, TypeInfo } from './type-catalog.ts';
import type { MapElement, MappedType, RecordNames } from './type-map.ts';

/** Values of a composite type as structs; their fields may be missing. Null: none of its fields has a form in a record. */
export function compositeType(type: TypeInfo, map: MapElement, names: RecordNames): MappedType | null {
  const shown: { readonly attribute: TypeAttribute; readonly mapped: MappedType }[] = [];
  for (const attribute of type.attributes) {
    const mapped = attribute.dropped ? null : map(attribute.typeOid, attribute.typmod);
    if (mapped !== null) shown.push({ attribute, mapped: { ...mapped, schema: { ...mapped.schema, optional: true } } });
  }
  if (shown.length === 0) return null;
  const schema: Schema = {
    type: 'struct',
    optional: false,
    name: names.record(type.schema, type.name),
    fields: shown.map(({ attribute, mapped }) => ({ name: names.field(attribute.name), schema: mapped.schema })),
  };
  const place = new Map(shown.map(({ attribute }, index) => [attribute.number, index]));
  const layouts: readonly RowLayout[] = type.versions.map((numbers) => numbers.map((number) => place.get(number) ?? leftOut));
  const fields = shown.map(({ mapped }) => mapped);
  const neutral = `{${fields.map(() => 'NULL').join(',')}}`;
  const element: MappedType = { kind: ColumnKind.STRUCT, schema, scale: -1, typeOid: type.oid, fields, neutral };
  const rewrite = { kind: 'row', width: fields.length, layouts } as const;
  return { kind: ColumnKind.REWRITTEN, schema, scale: -1, rewrite, element, typeOid: type.oid };
}
