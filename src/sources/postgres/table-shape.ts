import type { RowSchema } from '../../record/row-schema.ts';
import type { Shape } from '../../record/shape.ts';
import type { TableInfo, TypeCatalog } from './catalog.ts';
import type { PostgresSettings } from './settings.ts';

/** A column as the server sends it, in tuple order. */
export interface WireColumn {
  readonly name: string;
  readonly typeOid: number;
  readonly typmod: number;
  /** Part of the replica identity. */
  readonly isKey: boolean;
}

export interface TableShapeInput {
  readonly schema: string;
  readonly table: string;
  readonly wireColumns: readonly WireColumn[];
  /** Null when the catalog no longer has the table: everything is optional then, and the identity is the key. */
  readonly info: TableInfo | null;
  readonly types: TypeCatalog;
  readonly settings: PostgresSettings;
}

export interface TableShape {
  readonly rowSchema: RowSchema;
  readonly shape: Shape;
  /** Index in the server's tuple → index in `rowSchema.columns`; -1: not captured. */
  readonly columnOf: Int16Array;
}
