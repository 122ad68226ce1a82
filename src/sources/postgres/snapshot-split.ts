import type { ClientBase } from 'pg';

import type { KeyPoint } from './snapshot-progress.ts';
import { tableSource, type SnapshotTable } from './snapshot-query.ts';

/** How large a table is, as far as the catalog knows without reading it. */
export interface TableSize {
  readonly bytes: number;
  /** Estimated; -1: never counted. */
  readonly rows: number;
}

/** `pg_partition_tree` would lock every partition until the snapshot ends, those that nobody reads among them. */
const sizesSql = `
  WITH RECURSIVE tree (root, oid) AS (
    SELECT oid, oid FROM unnest($1::oid[]) AS roots (oid) UNION ALL
    SELECT tree.root, i.inhrelid FROM tree JOIN pg_catalog.pg_inherits i ON i.inhparent = tree.oid
    JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid AND c.relispartition)
  SELECT tree.root AS oid, coalesce(sum(pg_catalog.pg_relation_size(c.oid)), 0)::text AS bytes, max(c.reltuples)::float8 AS most,
         coalesce(sum(greatest(c.reltuples, 0)), 0)::float8 AS rows
  FROM tree JOIN pg_catalog.pg_class c ON c.oid = tree.oid AND c.relkind = 'r' GROUP BY tree.root`;

/** By oid; a partitioned table counts with its partitions. */
export async function tableSizes(client: ClientBase, oids: readonly number[]): Promise<Map<number, TableSize>> {
  const { rows } = await client.query<{ oid: number; bytes: string; most: number; rows: number }>(sizesSql, [oids]);
  return new Map(rows.map((row) => [row.oid, { bytes: Number(row.bytes), rows: row.most < 0 ? -1 : row.rows }]));
}

const pageBytes = 8192;
/** Of a table: enough pages to find boundaries that cut it into about equal slices. */
const sampledPagesMin = 200;
const sampledPagesPerRange = 20;

/**
 * Keys that divide a table into about `count` slices with as many rows each, in order; fewer where it has fewer. A sample
 * of its pages is read, nothing is counted.
 */
export async function keyBoundaries(client: ClientBase, table: SnapshotTable, size: TableSize, count: number): Promise<KeyPoint[]> {
  const pages = Math.max(1, size.bytes / pageBytes);
  const percent = Math.min(100, (100 * Math.max(sampledPagesMin, count * sampledPagesPerRange)) / pages);
  const columns = table.order.map(({ expression }, index) => `${expression} AS k${index}`);
  const names = table.order.map((_column, index) => `k${index}`);
  const { rows } = await client.query<{ key: string[]; bucket: string }>(
    `SELECT DISTINCT ON (bucket) bucket, ARRAY[${names.map((name) => `${name}::text`).join(', ')}] AS key
     FROM (SELECT *, ntile(${count}) OVER (ORDER BY ${names.join(', ')}) AS bucket
           FROM (SELECT ${columns.join(', ')} FROM ${tableSource(table)} TABLESAMPLE SYSTEM (${percent.toFixed(6)})) sample) buckets
     ORDER BY bucket, ${names.map((name) => `${name} DESC`).join(', ')}`,
  );
  return rows.slice(0, -1).map((row) => row.key);
}

/** The same by blocks. */
export function blockBoundaries(size: TableSize, count: number): number[] {
  const blocks = Math.ceil(size.bytes / pageBytes);
  const boundaries = Array.from({ length: count - 1 }, (_none, index) => Math.round((blocks * (index + 1)) / count));
  return [...new Set(boundaries)].filter((block) => block > 0 && block < blocks);
}
