import type { ClientBase } from 'pg';

/** Age is by transactions, so that numbers that began anew are compared rightly. */
const settledSql = `
  SELECT c.oid FROM pg_catalog.pg_class c CROSS JOIN LATERAL (
    SELECT pg_catalog.age(s.catalog_xmin) AS needed FROM pg_catalog.pg_replication_slots s WHERE s.slot_name = $1) slot
  WHERE c.oid = ANY ($2::oid[]) AND pg_catalog.age(c.xmin) > needed
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND pg_catalog.age(a.xmin) <= needed)
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_attrdef d WHERE d.adrelid = c.oid AND pg_catalog.age(d.xmin) <= needed)
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND pg_catalog.age(i.xmin) <= needed)`;

/**
 * Those of the tables whose definition has been the same since before whatever the slot may still bring: every change of it
 * is older than the catalog that the server keeps for the slot. Of the others the log may hold rows of an earlier form.
 */
export async function settledTables(client: ClientBase, slot: string, oids: readonly number[]): Promise<ReadonlySet<number>> {
  const { rows } = await client.query<{ oid: number }>(settledSql, [slot, oids]);
  return new Set(rows.map(({ oid }) => oid));
}
