import { assert } from '../base/assert.ts';
import { ConnectError } from '../base/errors.ts';
import { ColumnKind } from '../record/column-kind.ts';
import type { Column } from '../record/row-schema.ts';
import type { Schema, SchemaType } from '../record/schema.ts';
import { compileRewrite, type Rewriter } from './cell-rewrite.ts';

/** Readings that only a cast asks for, beside those of `ColumnKind`. */
export const CastKind = {
  /** Boolean text → `true` or `false` as a string. */
  BOOLEAN_STRING: 64,
  /** Numbers as Java prints them → string. */
  FLOAT32_STRING: 65,
  FLOAT64_STRING: 66,
} as const;
export type CellKind = ColumnKind | (typeof CastKind)[keyof typeof CastKind];

/** Everything that writing one column's text needs, decided once per shape. */
export interface CellFormat {
  readonly kind: CellKind;
  /** Integers of up to 32 bits. */
  readonly min: number;
  readonly max: number;
  readonly scale: number;
  /** The schema that is written; its type fits `kind`. */
  readonly schema: Schema;
  /** Arrays: of the elements. Maps: of the values. */
  readonly element: CellFormat | null;
  /** Maps: of keys that are not text. */
  readonly keys?: CellFormat | undefined;
  /** REWRITTEN: makes the text that `element` reads. */
  readonly rewrite?: Rewriter | undefined;
  /** Structs that are read field by field. */
  readonly fields?: readonly CellFormat[] | undefined;
  /** How many arrays, maps and structs stand around it: which of the readers below `nestingMax` is free for it. */
  readonly depth?: number | undefined;
}

/** Arrays, maps and structs in one another, at most. */
export const nestingMax = 16;

const K = ColumnKind;
const integers: ReadonlySet<ColumnKind> = new Set<ColumnKind>([K.INT, K.LONG, K.STRING]);
const numbers: ReadonlySet<ColumnKind> = new Set<ColumnKind>([
  K.INT,
  K.LONG,
  K.FLOAT32,
  K.FLOAT64,
  K.DECIMAL,
  K.VARIABLE_SCALE_DECIMAL,
  K.DECIMAL_STRING,
  K.STRING,
]);
const asSent: ReadonlySet<ColumnKind> = new Set<ColumnKind>([
  K.STRING,
  K.INT,
  K.LONG,
  K.BIT,
  K.BITS,
  K.DATE_DAYS,
  K.TIME_MILLIS,
  K.TIME_MICROS,
  K.TIMESTAMP_MILLIS,
  K.TIMESTAMP_MICROS,
  K.INTERVAL_MICROS,
  K.BYTES_HEX,
  K.MONEY,
  K.POINT,
  K.TIME_NANOS,
  K.TIMESTAMP_NANOS,
  K.MONEY_DOUBLE,
]);
const decimals: ReadonlySet<ColumnKind> = new Set<ColumnKind>([K.DECIMAL, K.VARIABLE_SCALE_DECIMAL, K.DECIMAL_STRING]);

/** The kinds that are written as their own reading gives them. */
const natural: Readonly<Record<SchemaType, readonly ColumnKind[]>> = {
  boolean: [K.BOOLEAN, K.BIT],
  int8: [],
  int16: [],
  int32: [K.DATE_DAYS, K.TIME_MILLIS],
  int64: [K.TIME_MICROS, K.TIMESTAMP_MILLIS, K.TIMESTAMP_MICROS, K.INTERVAL_MICROS, K.TIME_NANOS, K.TIMESTAMP_NANOS],
  float32: [],
  float64: [K.MONEY_DOUBLE],
  string: [
    K.ZONED_TIMESTAMP,
    K.ZONED_TIME,
    K.HSTORE_JSON,
    K.ISO_DATE,
    K.ISO_TIME,
    K.ISO_TIMESTAMP,
    K.INTERVAL_ISO,
    K.BYTES_BASE64,
    K.BYTES_BASE64_URL,
    K.BYTES_HEX_TEXT,
    K.MONEY_STRING,
  ],
  bytes: [K.BYTES_HEX, K.BITS, K.DECIMAL, K.MONEY],
  array: [K.ARRAY],
  struct: [K.VARIABLE_SCALE_DECIMAL, K.POINT, K.STRUCT],
  map: [K.MAP],
};

/** How a column is read when it is written under `schema`, which a transform may have cast. Throws `data.shape`. */
export function cellFormat(column: Column, schema: Schema, depth = 0): CellFormat {
  if (column.kind === K.REWRITTEN) return rewrittenFormat(column, schema, depth);
  const kind = kindFor(column.kind, schema.type);
  if (kind === null) {
    throw new ConnectError('data.shape', `Column "${column.name}" cannot be written as ${schema.type}.`, {
      remedy: 'Choose another target type in the cast, or leave the column as it is.',
      details: { column: column.name },
    });
  }
  if (depth >= nestingMax) {
    throw new ConnectError('data.shape', `Column "${column.name}" is nested more than ${nestingMax} deep.`, {
      details: { column: column.name },
    });
  }
  const bounds = integerRange(schema.type);
  if (kind === K.STRUCT) {
    return { kind, scale: -1, schema, element: null, fields: fieldFormats(column, schema, depth + 1), depth, ...bounds };
  }
  if (schema.type === 'struct') checkStruct(column, kind, schema);
  const element = elementFormat(column, kind, schema, depth + 1);
  return { kind, scale: column.scale, schema, element, keys: keyFormat(column, kind, schema, depth + 1), depth, ...bounds };
}

function rewrittenFormat(column: Column, schema: Schema, depth: number): CellFormat {
  const { element, rewrite } = column;
  assert(element !== undefined && rewrite !== undefined, 'a rewritten column says how');
  const inner = 'inner' in rewrite ? cellFormat(rewrite.inner, rewrite.inner.schema) : null;
  const format = cellFormat(element, schema, depth + 1);
  return { kind: K.REWRITTEN, min: 0, max: 0, scale: -1, schema, element: format, rewrite: compileRewrite(rewrite, inner), depth };
}

function fieldFormats(column: Column, schema: Schema, depth: number): CellFormat[] {
  const columns = column.fields ?? [];
  const fields = schema.fields ?? [];
  if (columns.length !== fields.length || columns.some((each, index) => each.name !== fields[index]?.name)) {
    throw new ConnectError('data.shape', `Struct column "${column.name}" and its schema have different fields.`, {
      details: { column: column.name },
    });
  }
  return columns.map((each, index) => cellFormat(each, fields[index]?.schema ?? each.schema, depth));
}

/** Keys that are not text. */
function keyFormat({ name }: Column, kind: CellKind, { keys }: Schema, depth: number): CellFormat | undefined {
  if (kind !== K.MAP || keys === undefined || keys.type === 'string') return undefined;
  return cellFormat({ name, kind: keys.type === 'int64' ? K.LONG : K.INT, schema: keys, scale: -1 }, keys, depth);
}

function elementFormat(column: Column, kind: CellKind, schema: Schema, depth: number): CellFormat | null {
  if (kind !== K.ARRAY && kind !== K.MAP) return null;
  if (column.element === undefined || schema.items === undefined) {
    throw new ConnectError('data.shape', `Array column "${column.name}" has no element type.`, { details: { column: column.name } });
  }
  if (kind === K.MAP && (schema.keys === undefined || schema.keys.optional)) {
    throw new ConnectError('data.shape', `Map column "${column.name}" has keys that may be missing.`, {
      details: { column: column.name },
    });
  }
  return cellFormat(column.element, schema.items, depth);
}

function kindFor(kind: ColumnKind, type: SchemaType): CellKind | null {
  if (natural[type].includes(kind)) return kind;
  switch (type) {
    case 'boolean':
      return kind === K.STRING ? K.BOOLEAN : null;
    case 'int8':
    case 'int16':
    case 'int32':
      return integers.has(kind) ? K.INT : null;
    case 'int64':
      return integers.has(kind) ? K.LONG : null;
    case 'float32':
      return numbers.has(kind) ? K.FLOAT32 : null;
    case 'float64':
      return numbers.has(kind) ? K.FLOAT64 : null;
    case 'string':
      if (kind === K.BOOLEAN) return CastKind.BOOLEAN_STRING;
      if (kind === K.FLOAT32) return CastKind.FLOAT32_STRING;
      if (kind === K.FLOAT64) return CastKind.FLOAT64_STRING;
      if (decimals.has(kind)) return K.DECIMAL_STRING;
      return asSent.has(kind) ? K.STRING : null;
    case 'bytes':
    case 'array':
    case 'map':
    case 'struct':
      return null;
  }
}

function integerRange(type: SchemaType): { readonly min: number; readonly max: number } {
  const bits = type === 'int8' ? 7 : type === 'int16' ? 15 : 31;
  return { min: -(2 ** bits), max: 2 ** bits - 1 };
}

const structFields = new Map<CellKind, string>([
  [K.VARIABLE_SCALE_DECIMAL, 'scale int32, value bytes'],
  [K.POINT, 'x float64, y float64, wkb bytes?, srid int32?'],
]);

/** Cells that become structs are written field by field in a fixed order, so the schema must have exactly that one. */
function checkStruct(column: Column, kind: CellKind, schema: Schema): void {
  const fields = (schema.fields ?? []).map((field) => `${field.name} ${field.schema.type}${field.schema.optional ? '?' : ''}`).join(', ');
  if (fields === structFields.get(kind)) return;
  throw new ConnectError(
    'data.shape',
    `Column "${column.name}" becomes a struct {${structFields.get(kind)}}, its schema has {${fields}}.`,
    {
      details: { column: column.name },
    },
  );
}
