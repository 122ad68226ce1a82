import type { ClientBase } from 'pg';

import type { Logger } from '../../base/log.ts';
import { loadTables, type TableInfo, type TypeCatalog } from './catalog.ts';
import type { PostgresSettings } from './settings.ts';
import { snapshotOrder, type SnapshotTable } from './snapshot-query.ts';
import { TableFilter } from './table-filter.ts';
import { identityColumns } from './table-key.ts';
import type { WireColumn } from './table-shape.ts';

interface PublishedRow {
  readonly schema: string;
  readonly name: string;
  /** Absent before Postgres 15. */
  readonly columns: string[] | null;
  /** Before Postgres 18 the view lists generated columns, but the stream does not bring them. */
  readonly with_generated: boolean;
  readonly row_filter: string | null;
}

// Read as JSON, because older servers have fewer columns.
const publishedSql = `
  SELECT schemaname AS schema, tablename AS name, to_jsonb(t) -> 'attnames' AS columns, to_jsonb(t) ->> 'rowfilter' AS row_filter,
         current_setting('server_version_num')::int4 >= 180000 AS with_generated
  FROM pg_catalog.pg_publication_tables t WHERE pubname = $1`;

/**
 * What the snapshot reads, in the order in which it does: of the captured tables those that the publication brings, with
 * the columns and rows that it brings, so that the stream goes on with what the snapshot began. That leaves out unlogged
 * tables and generated columns, and takes either a partitioned table or its partitions.
 */
export async function snapshotTables(
  client: ClientBase,
  settings: PostgresSettings,
  publication: string,
  types: TypeCatalog,
  log: Logger,
): Promise<SnapshotTable[]> {
  const filter = new TableFilter(settings);
  const infos = await loadTables(client, {
    accepts: (schema, name) => filter.acceptsTable(schema, name) && filter.acceptsSnapshot(schema, name),
  });
  const published = await readPublication(client, publication);
  for (const info of infos) {
    if (published.has(nameOf(info)) || info.kind === 'p' || info.isPartition) continue;
    log.warn(
      { table: nameOf(info) },
      `the table is captured but not published by "${publication}": it is left out of the snapshot as of the stream`,
    );
  }
  await types.resolve(
    client,
    infos.flatMap((info) => (published.has(nameOf(info)) ? info.columns.map((column) => column.typeOid) : [])),
  );
  return infos
    .toSorted((left, right) => left.oid - right.oid)
    .flatMap((info) => {
      const row = published.get(nameOf(info));
      return row === undefined ? [] : [snapshotTable(info, row, settings, types)];
    });
}

async function readPublication(client: ClientBase, publication: string): Promise<Map<string, PublishedRow>> {
  const { rows } = await client.query<PublishedRow>(publishedSql, [publication]);
  return new Map(rows.map((row) => [`${row.schema}.${row.name}`, row]));
}

function nameOf(info: TableInfo): string {
  return `${info.schema}.${info.name}`;
}

function snapshotTable(info: TableInfo, published: PublishedRow, settings: PostgresSettings, types: TypeCatalog): SnapshotTable {
  const names = published.columns;
  const columns = info.columns.filter((column) => {
    if (column.generated !== '' && !published.with_generated) return false;
    return names === null ? column.generated === '' : names.includes(column.name);
  });
  const identity = identityColumns(info);
  const wire = columns.map((column): WireColumn => {
    return { name: column.name, typeOid: column.typeOid, typmod: column.typmod, isKey: identity.has(column.name) };
  });
  return {
    info,
    columns: wire,
    rowFilter: published.row_filter,
    override: settings.snapshot.selectOverrides.get(nameOf(info)) ?? null,
    order: snapshotOrder(info, wire, types),
  };
}
