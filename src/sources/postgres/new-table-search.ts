import type { Client } from 'pg';

import { withSignalTable } from './adhoc/signal-table.ts';
import { loadTables, type TableInfo } from './catalog.ts';
import type { CatalogLook, Presence } from './known-tables.ts';
import { parseLsn } from './lsn.ts';
import { ensurePublication, publishedTables } from './publication.ts';
import type { StartContext } from './start-context.ts';

const presenceSql = `
  SELECT coalesce(array_agg(oid), '{}') AS present,
         (SELECT puballtables FROM pg_catalog.pg_publication WHERE pubname = $1) IS TRUE AS all_tables
  FROM pg_catalog.pg_class WHERE relkind IN ('r', 'p') AND oid >= 16384`;

const horizonSql = `
  SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
              ELSE pg_catalog.pg_current_wal_insert_lsn() END::text AS horizon`;

export async function lookAround(client: Client, publication: string): Promise<Presence> {
  const { rows } = await client.query<{ present: readonly number[]; all_tables: boolean }>(presenceSql, [publication]);
  return { present: new Set(rows[0]?.present), allTables: rows[0]?.all_tables === true };
}

/** Captured and published tables, by oid. */
export type Captured = ReadonlyMap<number, TableInfo>;

/** Looks which tables are captured and published now. Adds those that are missing to a publication that is kept by us. */
export async function lookForTables(
  client: Client,
  start: StartContext,
): Promise<{ readonly look: CatalogLook; readonly captured: Captured }> {
  const { settings, filter, source } = start;
  const { name, autocreateMode } = settings.publication;
  // First: a table that is made while we look counts as made after it.
  const around = await lookAround(client, name);
  const wanted = (await loadTables(client, { accepts: (schema, table) => filter.acceptsTable(schema, table) })).filter(
    ({ logged }) => logged,
  );
  let published = await publishedNames(client, name);
  if (autocreateMode === 'filtered' && wanted.some((table) => !published.has(nameOf(table)))) {
    await ensurePublication(client, settings, await withSignalTable(client, settings, wanted), source.log);
    published = await publishedNames(client, name);
  }
  const tables = wanted.filter((table) => published.has(nameOf(table)));
  const partitions = await partitionsOf(client, tables);
  const { rows } = await client.query<{ horizon: string }>(horizonSql);
  const horizon = parseLsn(rows[0]?.horizon ?? '0/0');
  const look = { ...around, horizon, captured: new Set(tables.map(({ oid }) => oid)), partitions: new Set(partitions.keys()) };
  return { look, captured: new Map(tables.map((table) => [table.oid, table])) };
}

async function publishedNames(client: Client, publication: string): Promise<Set<string>> {
  return new Set((await publishedTables(client, publication)).map(nameOf));
}

function nameOf({ schema, name }: { readonly schema: string; readonly name: string }): string {
  return `${schema}\0${name}`;
}

/** Partitions with rows that are published under the name of one of these tables, and that table. */
export async function partitionsOf(client: Client, tables: readonly TableInfo[]): Promise<Map<number, number>> {
  const roots = tables.filter(({ kind }) => kind === 'p').map(({ oid }) => oid);
  if (roots.length === 0) return new Map();
  const { rows } = await client.query<{ root: number; partition: number }>(
    `SELECT r.oid AS root, t.relid::oid AS partition FROM unnest($1::oid[]) AS r (oid)
     CROSS JOIN LATERAL pg_catalog.pg_partition_tree(r.oid) t JOIN pg_catalog.pg_class c ON c.oid = t.relid AND c.relkind = 'r'`,
    [roots],
  );
  return new Map(rows.map(({ root, partition }) => [partition, root]));
}

/**
 * Has everything that was written to this table since it was made, lately and under a publication for all tables, been
 * published under its name? Not if it was rewritten (it may have been unlogged), nor if it is part of another table.
 */
export async function isWholeInStream(client: Client, table: number, publication: string): Promise<boolean> {
  const { rows } = await client.query<{ whole: boolean }>(
    `SELECT c.relkind = 'r' AND pg_catalog.pg_relation_filenode(c.oid) = c.oid AND NOT (c.relispartition AND p.pubviaroot) AS whole
     FROM pg_catalog.pg_class c CROSS JOIN pg_catalog.pg_publication p WHERE c.oid = $1 AND p.pubname = $2`,
    [table, publication],
  );
  return rows[0]?.whole === true;
}
