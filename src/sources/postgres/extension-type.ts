import { ColumnKind } from '../../record/column-kind.ts';
import type { CellRewrite } from '../../record/cell-rewrite.ts';
import type { Schema } from '../../record/schema.ts';
import { extendedFields, extendedGeometry } from './geometric-type.ts';
import type { TypeSettings } from './type-settings.ts';
import type { MappedType } from './type-map.ts';

/** Types of PostGIS and pgvector, as Debezium 3.6.1 writes them; null: none of them. */
export function extensionType(name: string, typeOid: number, geometrics: TypeSettings['geometrics']): MappedType | null {
  switch (name) {
    case 'geometry':
      // Optional also where the column is NOT NULL: so is Debezium's.
      return geometry('Geometry', true, typeOid, geometrics === 'struct');
    case 'geography':
      return geometry('Geography', false, typeOid);
    case 'vector':
      return vector('Double', ColumnKind.FLOAT64, 'float64', typeOid);
    case 'halfvec':
      return vector('Float', ColumnKind.FLOAT32, 'float32', typeOid);
    case 'sparsevec':
      return sparseVector(typeOid);
    default:
      return null;
  }
}

function geometry(name: string, optional: boolean, typeOid: number, extended = false): MappedType {
  const wkb: Schema = { type: 'bytes', optional: false };
  const srid: Schema = { type: 'int32', optional: true };
  const schema: Schema = extended
    ? extendedGeometry
    : {
        ...named('struct', `io.debezium.data.geometry.${name}`),
        optional,
        doc: name,
        fields: [
          { name: 'wkb', schema: wkb },
          { name: 'srid', schema: srid },
        ],
      };
  const fields: readonly MappedType[] = [
    { kind: ColumnKind.BYTES_HEX, schema: wkb, scale: -1, typeOid: 17 },
    { kind: ColumnKind.INT, schema: srid, scale: -1, typeOid: 23 },
  ];
  return rewritten(schema, { kind: 'ewkb', extended }, typeOid, {
    kind: ColumnKind.STRUCT,
    fields: extended ? extendedFields : fields,
    neutral: `{"\\\\x010700000000000000",NULL${extended ? ',NULL' : ''}}`,
  });
}

function vector(name: string, kind: ColumnKind, type: 'float32' | 'float64', typeOid: number): MappedType {
  const items: Schema = { type, optional: false };
  const schema: Schema = { ...named('array', `io.debezium.data.${name}Vector`), items };
  return rewritten(schema, { kind: 'vector' }, typeOid, {
    kind: ColumnKind.ARRAY,
    element: { kind, schema: items, scale: -1, typeOid: type === 'float32' ? 700 : 701 },
  });
}

function sparseVector(typeOid: number): MappedType {
  const int16: Schema = { type: 'int16', optional: false };
  const float64: Schema = { type: 'float64', optional: false };
  const values: Schema = { type: 'map', optional: false, keys: int16, items: float64 };
  const schema: Schema = {
    ...named('struct', 'io.debezium.data.SparseDoubleVector'),
    doc: 'Sparse double vector',
    fields: [
      { name: 'dimensions', schema: int16 },
      { name: 'vector', schema: values },
    ],
  };
  const value: MappedType = { kind: ColumnKind.FLOAT64, schema: float64, scale: -1, typeOid: 701 };
  return rewritten(schema, { kind: 'sparsevec' }, typeOid, {
    kind: ColumnKind.STRUCT,
    neutral: '{0,"{}"}',
    fields: [
      { kind: ColumnKind.INT, schema: int16, scale: -1, typeOid: 21 },
      { kind: ColumnKind.MAP, schema: values, scale: -1, element: value, typeOid: 0 },
    ],
  });
}

function named(type: Schema['type'], name: string): Schema {
  return { type, optional: false, name, version: 1 };
}

function rewritten(
  schema: Schema,
  rewrite: CellRewrite,
  typeOid: number,
  element: Pick<MappedType, 'kind' | 'element' | 'fields' | 'neutral'>,
): MappedType {
  return { kind: ColumnKind.REWRITTEN, schema, scale: -1, rewrite, typeOid, element: { ...element, schema, scale: -1, typeOid } };
}
