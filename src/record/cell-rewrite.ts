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
  /** PostGIS' EWKB in hex → a struct {wkb, srid}. */
  | { readonly kind: 'ewkb' }
  /** `1 2 3` → the elements of an array. */
  | { readonly kind: 'spaced' }
  /** An array literal whose elements are not separated by commas (box: `;`) → one with commas. */
  | { readonly kind: 'delimited'; readonly by: string };

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
