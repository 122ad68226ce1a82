import type { ClientBase } from 'pg';

import { TypeCatalog } from './type-catalog.ts';

export { TypeCatalog };

/** How the old image of an update or delete is logged. */
export type ReplicaIdentity = 'd' | 'f' | 'n' | 'i';

export interface ColumnInfo {
  readonly name: string;
  /** `attnum`: stays the same for life, also through renames. */
  readonly number: number;
  readonly typeOid: number;
  /** -1: none. */
  readonly typmod: number;
  readonly notNull: boolean;
  /** As `pg_get_expr` prints it under the pinned session settings; null: none. */
  readonly defaultExpression: string | null;
  /** Computed from other columns (`GENERATED ALWAYS AS (...)`), stored or virtual. */
  readonly generated: '' | 's' | 'v';
  readonly identity: boolean;
}

/** A table as the catalog has it now. */
export interface TableInfo {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** `r` an ordinary table, `p` a partitioned one. */
  readonly kind: 'r' | 'p';
  /** Unlogged tables never reach the stream. */
  readonly logged: boolean;
  readonly isPartition: boolean;
  /** In the order of the table. */
  readonly columns: readonly ColumnInfo[];
  /** Column names in key order: the primary key, else the first whole unique index by name; empty: no key. */
  readonly primaryKey: readonly string[];
  readonly replicaIdentity: ReplicaIdentity;
  /** The columns of `REPLICA IDENTITY USING INDEX`; empty otherwise. */
  readonly identityIndexColumns: readonly string[];
}

/** `oids`: only these tables. `accepts`: by name; asked before any column is read. Neither: all tables of users. */
export interface TableSelection {
  readonly oids?: readonly number[];
  readonly accepts?: (schema: string, table: string) => boolean;
}

interface TableRow {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: 'r' | 'p';
  readonly logged: boolean;
  readonly partition: boolean;
  readonly identity: ReplicaIdentity;
}

interface ColumnRow {
  readonly table: number;
  readonly name: string;
  readonly number: number;
  readonly type: number;
  readonly typmod: number;
  readonly not_null: boolean;
  readonly default_expression: string | null;
  readonly generated: '' | 's' | 'v';
  readonly identity: boolean;
}

interface IndexRow {
  readonly table: number;
  readonly primary: boolean;
  readonly replica_identity: boolean;
  readonly whole: boolean;
  readonly columns: string[];
}

const tablesSql = `
  SELECT c.oid, n.nspname AS schema, c.relname AS name, c.relkind::text AS kind, c.relpersistence = 'p' AS logged,
         c.relispartition AS partition, c.relreplident::text AS identity
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
    AND n.nspname !~ '^pg_(toast|temp)' AND ($1::oid[] IS NULL OR c.oid = ANY ($1))
  ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`;

const columnsSql = `
  SELECT a.attrelid AS table, a.attname AS name, a.attnum::int4 AS number, a.atttypid AS type, a.atttypmod AS typmod,
         a.attnotnull OR (t.typtype = 'd' AND t.typnotnull) AS not_null, a.attgenerated::text AS generated, a.attidentity <> '' AS identity,
         CASE WHEN a.attgenerated = '' THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) END AS default_expression
  FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
  ORDER BY a.attrelid, a.attnum`;

const indexesSql = `
  SELECT i.indrelid AS table, i.indisprimary AS primary, i.indisreplident AS replica_identity,
         i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL AND i.indimmediate AS whole,
         ARRAY(SELECT a.attname::text FROM generate_series(0, i.indnkeyatts - 1) position
               JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[position]
               ORDER BY position) AS columns
  FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
  WHERE i.indrelid = ANY ($1::oid[]) AND i.indisvalid AND (i.indisunique OR i.indisreplident)
  ORDER BY i.indrelid, i.indisprimary DESC, c.relname COLLATE "C"`;

/** Tables in the order of schema and name (by bytes), so that it is the same at every start. */
export async function loadTables(client: ClientBase, selection: TableSelection = {}): Promise<TableInfo[]> {
  const { rows } = await client.query<TableRow>(tablesSql, [selection.oids ?? null]);
  const accepts = selection.accepts;
  const tables = accepts === undefined ? rows : rows.filter((row) => accepts(row.schema, row.name));
  if (tables.length === 0) return [];
  const oids = tables.map((table) => table.oid);
  const columns = byTable((await client.query<ColumnRow>(columnsSql, [oids])).rows);
  const indexes = byTable((await client.query<IndexRow>(indexesSql, [oids])).rows);
  return tables.map((table) => tableInfo(table, columns.get(table.oid) ?? [], indexes.get(table.oid) ?? []));
}

function tableInfo(table: TableRow, columns: readonly ColumnRow[], indexes: readonly IndexRow[]): TableInfo {
  const key = indexes.find((index) => index.primary) ?? indexes.find((index) => index.whole);
  const identity = table.identity === 'i' ? indexes.find((index) => index.replica_identity) : undefined;
  return {
    oid: table.oid,
    schema: table.schema,
    name: table.name,
    kind: table.kind,
    logged: table.logged,
    isPartition: table.partition,
    replicaIdentity: table.identity,
    primaryKey: key?.columns ?? [],
    identityIndexColumns: identity?.columns ?? [],
    columns: columns.map((column) => ({
      name: column.name,
      number: column.number,
      typeOid: column.type,
      typmod: column.typmod,
      notNull: column.not_null,
      defaultExpression: column.default_expression,
      generated: column.generated,
      identity: column.identity,
    })),
  };
}

function byTable<T extends { readonly table: number }>(rows: readonly T[]): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const row of rows) {
    const group = groups.get(row.table);
    if (group === undefined) groups.set(row.table, [row]);
    else group.push(row);
  }
  return groups;
}
