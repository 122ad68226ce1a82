import type { Column } from './row-schema.ts';

/**
 * What is done to a cell's text before it is read (`ColumnKind.REWRITTEN`). Forms that are not array literals are turned
 * into one, so that the readers of arrays, maps and structs take them; the result is named behind the arrow.
 */
export type CellRewrite =
  /** Reads the cell as `inner` and keeps the first `units` UTF-16 units, never half a character → text. */
  | { readonly kind: 'truncate'; readonly inner: Column; readonly units: number }
  | HashRewrite
  /** The bytes of the text → `\x…` hex. */
  | { readonly kind: 'bytes' }
  /** `"a"=>"1", "b"=>NULL` → keys and values by turns. */
  | { readonly kind: 'hstore' }
  /** pgvector's `[1,2]` → the elements of an array. */
  | { readonly kind: 'vector' }
  /** pgvector's `{1:1.5}/3` → a struct {dimensions, map from index to value}. */
  | { readonly kind: 'sparsevec' }
  /** PostGIS' EWKB in hex → a struct {wkb, srid}, or {wkb, srid, extensions}, which are null. */
  | { readonly kind: 'ewkb'; readonly extended: boolean }
  /** `1 2 3` → the elements of an array. */
  | { readonly kind: 'spaced' }
  /** An array literal whose elements are not separated by commas (box: `;`) → one with commas. */
  | { readonly kind: 'delimited'; readonly by: string }
  /** A time, date or interval → a struct of its parts. `precision`: what the struct says of its fraction digits; -1: nothing. */
  | { readonly kind: 'structured'; readonly form: StructuredForm; readonly precision: number }
  /** A composite value `(1,"a b",)` → a struct of `width` fields; see `RowLayout`. */
  | { readonly kind: 'row'; readonly width: number; readonly layouts: readonly RowLayout[] }
  /** An array literal of any dimensions, its elements separated by `by` → a struct {dimensions, lower_bounds, elements}. */
  | { readonly kind: 'array'; readonly by: string }
  /** `[1,6)` → a struct {lower, upper, lower_inclusive, upper_inclusive, empty}. */
  | { readonly kind: 'range' }
  /** `{[1,3),[5,7)}` → the elements of an array. */
  | { readonly kind: 'multirange' }
  | { readonly kind: 'geometric'; readonly form: GeometricForm };

/**
 * What the fields of a composite value's text are: indexes of the struct's fields, ascending; -1: left out. Its length is the
 * number of fields in a text of this layout; a text that has the length of none is an error.
 */
export type RowLayout = readonly number[];

/** Geometric types of Postgres that become a struct of their own (circle) or well-known binary. */
export type GeometricForm = 'circle' | 'box' | 'lseg' | 'path' | 'polygon';

/** Named as Postgres names its types. */
export type StructuredForm = 'date' | 'time' | 'timetz' | 'timestamp' | 'timestamptz' | 'interval';

/** Reads the cell as `inner` → hex digits of the digest over salt and text, as many as `digitsMax`. */
export interface HashRewrite {
  readonly kind: 'hash';
  readonly inner: Column;
  /** As node:crypto names it. */
  readonly algorithm: string;
  readonly salt: string;
  /** 1: over the text as Java serializes it. 2: over its UTF-8. */
  readonly version: 1 | 2;
  readonly digitsMax: number;
}
