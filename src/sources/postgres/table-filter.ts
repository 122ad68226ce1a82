import { accepts } from './name-list.ts';
import type { PostgresSettings } from './settings.ts';

const builtinSchemas = /^(?:pg_catalog|information_schema|pg_toast.*|pg_temp.*)$/;
/** Tables that extensions keep for themselves. */
const builtinTables = new Set(['spatial_ref_sys', 'geography_columns', 'geometry_columns', 'raster_columns', 'raster_overviews']);

/** Which tables and columns the user wants; names as they are in the catalog. */
export class TableFilter {
  readonly #settings: PostgresSettings;

  constructor(settings: PostgresSettings) {
    this.#settings = settings;
  }

  /** Is the table captured? */
  acceptsTable(schema: string, table: string): boolean {
    const { schemas, tables, ignoreBuiltin } = this.#settings.tables;
    if (builtinSchemas.test(schema)) return false;
    if (ignoreBuiltin && builtinTables.has(table)) return false;
    return accepts(schemas, schema) && accepts(tables, `${schema}.${table}`);
  }

  /** Is the column part of the value? Key columns are part of the key in any case. */
  acceptsColumn(schema: string, table: string, column: string): boolean {
    return accepts(this.#settings.tables.columns, `${schema}.${table}.${column}`);
  }

  /** Is the captured table read by the snapshot? */
  acceptsSnapshot(schema: string, table: string): boolean {
    return accepts(this.#settings.snapshot.tables, `${schema}.${table}`);
  }
}
