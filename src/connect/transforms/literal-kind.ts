import { ColumnKind } from '../../record/column-kind.ts';
import type { SchemaType } from '../../record/schema.ts';

/** The kind of a column whose cells are constants printed as text (bytes as `\x` and hex), by the type they are read as. */
export const literalKinds: Readonly<Partial<Record<SchemaType, ColumnKind>>> = {
  boolean: ColumnKind.BOOLEAN,
  int8: ColumnKind.INT,
  int16: ColumnKind.INT,
  int32: ColumnKind.INT,
  int64: ColumnKind.LONG,
  float32: ColumnKind.FLOAT32,
  float64: ColumnKind.FLOAT64,
  string: ColumnKind.STRING,
  bytes: ColumnKind.BYTES_HEX,
};
