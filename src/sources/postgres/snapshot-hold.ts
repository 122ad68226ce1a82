import { escapeIdentifier, type Client } from 'pg';

import { ConnectError } from '../../base/errors.ts';
import { tableSource, type SnapshotTable } from './snapshot-query.ts';
import { sqlState } from './sql-error.ts';
import type { TypeCatalog } from './type-catalog.ts';

/**
 * From here to the end of the transaction the table stays as it is. It has to be as the catalog of the database snapshot
 * says: another table may have taken its name, another column that of one of its own, and one that was rewritten
 * (`ALTER TABLE ... TYPE`, `TRUNCATE`) looks empty, while nothing in the stream brings its rows. That is an error to be tried
 * again, in a later snapshot.
 */
export async function holdTable(client: Client, table: SnapshotTable, types: TypeCatalog): Promise<void> {
  const { info, columns, override } = table;
  const list = override === null ? columns.map(({ name }) => escapeIdentifier(name)).join(', ') : '';
  const { fields } = await asItIs(table, () => client.query(`SELECT ${list} FROM ${tableSource(table)} LIMIT 0`));
  const { rows } = await client.query(rewrittenSql([info.oid]));
  if (rows.length > 0) throw altered(table);
  // The answer tells where each column is from and what it is now.
  const same = fields.every(({ name, tableID, columnID, dataTypeID }) => {
    const column = info.columns.find((candidate) => candidate.name === name);
    return tableID === info.oid && columnID === column?.number && dataTypeID === types.base(column.typeOid);
  });
  if (!same) throw altered(table);
}

/** Those of these tables and their partitions that were rewritten since the database snapshot was taken. */
export function rewrittenSql(oids: readonly number[]): string {
  return `SELECT oid FROM pg_catalog.pg_class WHERE relfilenode <> 0 AND relfilenode IS DISTINCT FROM pg_catalog.pg_relation_filenode(oid)
    AND oid IN (${oids.map((oid) => `SELECT ${oid} UNION ALL SELECT relid FROM pg_catalog.pg_partition_tree(${oid})`).join(' UNION ALL ')})`;
}

/** The catalog is that of the database snapshot, statements are read by the tables of now. */
export async function asItIs<T>(table: SnapshotTable, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const state = sqlState(error);
    if (table.override === null && (state === '42703' || state === '42P01')) throw altered(table, error);
    throw error;
  }
}

/** A next attempt goes on behind what was read, in a database snapshot that knows the table as it is. */
function altered({ info }: SnapshotTable, cause?: unknown): ConnectError {
  return new ConnectError('postgres.busy', `The table ${info.schema}.${info.name} was altered or dropped before the snapshot came to it.`, {
    cause,
    remedy:
      'Nothing: the snapshot goes on with the table as it is now. To keep tables as they are set "snapshot.locking.mode" to "shared".',
  });
}
