import type { CellRewrite, GeometricForm } from '../../record/cell-rewrite.ts';
import { ColumnKind } from '../../record/column-kind.ts';
import type { Field, Schema } from '../../record/schema.ts';
import { compileRewrite } from '../../text/cell-rewrite.ts';
import { ByteRegister } from '../../text/value-register.ts';
import type { MappedType } from './type-map.ts';

export const pointSchema: Schema = {
  type: 'struct',
  optional: false,
  name: 'io.debezium.data.geometry.Point',
  version: 1,
  doc: 'Geometry (POINT)',
  fields: [
    field('x', { type: 'float64', optional: false }),
    field('y', { type: 'float64', optional: false }),
    field('wkb', { type: 'bytes', optional: true }),
    field('srid', { type: 'int32', optional: true }),
  ],
};

const float64: Schema = { type: 'float64', optional: false };
const number: MappedType = { kind: ColumnKind.FLOAT64, schema: float64, scale: -1, typeOid: 701 };
const text: Schema = { type: 'string', optional: false };

const lineSchema = geometrySchema('Line', 1, 'Geometry (LINE)', [field('a', float64), field('b', float64), field('c', float64)]);
const circleSchema = geometrySchema('Circle', 1, 'Geometry (CIRCLE)', [field('center', pointSchema), field('radius', float64)]);
const wkb: Schema = { type: 'bytes', optional: false };
const srid: Schema = { type: 'int32', optional: true };
const extensions: Schema = { type: 'map', optional: true, keys: text, items: text };

/** Debezium 3.7's; up to 3.6 there are no extensions. */
export const extendedGeometry = geometrySchema('Geometry', 2, 'Geometry', [
  field('wkb', wkb),
  field('srid', srid),
  field('extensions', extensions),
]);

export const extendedFields: readonly MappedType[] = [
  { kind: ColumnKind.BYTES_HEX, schema: wkb, scale: -1, typeOid: 17 },
  { kind: ColumnKind.INT, schema: srid, scale: -1, typeOid: 23 },
  {
    kind: ColumnKind.MAP,
    schema: extensions,
    scale: -1,
    element: { kind: ColumnKind.STRING, schema: text, scale: -1, typeOid: 25 },
    typeOid: 0,
  },
];

/** Type → form, and what Debezium writes for a value that is not there although the column is NOT NULL. */
const forms: Readonly<Record<number, readonly [form: GeometricForm, neutral: string]>> = {
  601: ['lseg', '[(0,0),(1,1)]'],
  602: ['path', '[(0,0),(1,1)]'],
  603: ['box', '(0,0),(1,1)'],
  604: ['polygon', '((0,0),(0,1),(1,1))'],
  718: ['circle', '<(0,0),0>'],
};

/** `geometric.handling.mode=struct`: line, circle, box, lseg, path and polygon as Debezium 3.7 writes them; null: none of them. */
export function geometricType(typeOid: number): MappedType | null {
  if (typeOid === 628) {
    // `{A,B,C}` reads as an array of the three as it is.
    return { kind: ColumnKind.STRUCT, schema: lineSchema, scale: -1, typeOid, fields: [number, number, number], neutral: '{0,1,0}' };
  }
  const known = forms[typeOid];
  if (known === undefined) return null;
  const [form, neutral] = known;
  const rewrite: CellRewrite = { kind: 'geometric', form };
  const schema = form === 'circle' ? circleSchema : extendedGeometry;
  const center: MappedType = { kind: ColumnKind.POINT, schema: pointSchema, scale: -1, typeOid: 600 };
  const element: MappedType = {
    kind: ColumnKind.STRUCT,
    schema,
    scale: -1,
    typeOid,
    fields: form === 'circle' ? [center, number] : extendedFields,
    neutral: rewritten(rewrite, neutral),
  };
  return { kind: ColumnKind.REWRITTEN, schema, scale: -1, rewrite, element, typeOid };
}

function rewritten(rewrite: CellRewrite, value: string): string {
  const bytes = Buffer.from(value, 'latin1');
  const into = new ByteRegister();
  compileRewrite(rewrite, null)(bytes, 0, bytes.length, into);
  return Buffer.from(into.bytes.subarray(0, into.length)).toString('latin1');
}

/** Optional also where the column is NOT NULL: so are Debezium's. */
function geometrySchema(name: string, version: number, doc: string, fields: readonly Field[]): Schema {
  return { type: 'struct', optional: true, name: `io.debezium.data.geometry.${name}`, version, doc, fields };
}

function field(name: string, schema: Schema): Field {
  return { name, schema };
}
