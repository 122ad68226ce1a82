import { escapeIdentifier } from 'pg';

import type { Finding, Fix } from '../../../connect/finding.ts';
import { good, note, problem, warning } from '../../../connect/finding.ts';
import type { TableInfo } from '../catalog.ts';
import { byteSize, type Examined } from './facts.ts';

interface StorageRow {
  readonly oid: number;
  readonly toast_bytes: number;
  readonly toast_columns: string[];
  readonly bytes: number;
  readonly rows: number;
}

// What Postgres may store out of line, and what an update that leaves it alone therefore does not send.
const storageSql = `
  SELECT c.oid, greatest(c.reltuples, 0)::float8 AS rows, pg_catalog.pg_table_size(c.oid)::float8 AS bytes,
         CASE WHEN c.reltoastrelid = 0 THEN 0 ELSE pg_catalog.pg_relation_size(c.reltoastrelid)::float8 END AS toast_bytes,
         ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a
               WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attstorage IN ('x', 'e') ORDER BY a.attnum) AS toast_columns
  FROM pg_catalog.pg_class c WHERE c.oid = ANY ($1::oid[])`;

/** What the captured tables lack for their changes to arrive whole. */
export async function tableFindings(examined: Examined): Promise<Finding[]> {
  const { client, captured } = examined;
  if (captured.length === 0) {
    return [
      problem(
        'tables',
        'No table matches the table filters.',
        'Nothing is captured.',
        'Correct "table.include.list" and "schema.include.list", or create the tables first.',
      ),
    ];
  }
  const { rows } = await client.query<StorageRow>(storageSql, [captured.map((table) => table.oid)]);
  const storage = new Map(rows.map((row) => [row.oid, row]));
  const bytes = rows.reduce((sum, row) => sum + row.bytes, 0);
  const count = rows.reduce((sum, row) => sum + row.rows, 0);
  const findings = [good('tables', `${captured.length} captured, ${byteSize(bytes)}, about ${Math.round(count)} rows for a snapshot.`)];
  for (const table of captured) findings.push(...oneTable(table, storage.get(table.oid), examined));
  return findings;
}

function oneTable(table: TableInfo, storage: StorageRow | undefined, examined: Examined): Finding[] {
  const subject = `table ${table.schema}.${table.name}`;
  if (!table.logged) {
    const name = qualified(table);
    return [warning(subject, 'It is unlogged.', 'Its changes are not in the log and never arrive.', `ALTER TABLE ${name} SET LOGGED;`)];
  }
  const identity = identityFinding(subject, table, examined);
  const findings = identity === null ? generatedFindings(subject, table, examined) : [identity];
  const custom = examined.settings.tables.keys.some((key) => key.tables.test(`${table.schema}.${table.name}`));
  if (table.primaryKey.length === 0 && !custom) {
    findings.push(
      warning(
        subject,
        'It has neither a primary key nor another unique key.',
        'Its records have no key: nothing keeps the changes of one row in order over several partitions, and compaction is not possible.',
        `ALTER TABLE ${qualified(table)} ADD PRIMARY KEY (...); or name columns in "message.key.columns".`,
      ),
    );
  }
  if (storage !== undefined && storage.toast_bytes > 0 && table.replicaIdentity !== 'f') {
    findings.push(
      note(
        subject,
        `Large values of ${storage.toast_columns.join(', ')} are stored apart (${byteSize(storage.toast_bytes)}): an update that leaves them alone sends a placeholder instead.`,
        `ALTER TABLE ${qualified(table)} REPLICA IDENTITY FULL; makes them arrive, for more log per change.`,
      ),
    );
  }
  return findings;
}

/** Without an identity Postgres refuses the application's own updates and deletes as soon as the table is published. */
function identityFinding(subject: string, table: TableInfo, examined: Examined): Finding | null {
  const { replicaIdentity, primaryKey } = table;
  if (replicaIdentity === 'f' || (replicaIdentity === 'i' && table.identityIndexColumns.length > 0)) return null;
  if (replicaIdentity === 'd' && hasPrimaryKey(table, examined)) return null;
  const statement = `ALTER TABLE ${qualified(table)} REPLICA IDENTITY FULL`;
  const fix: Fix = { statement, apply: async () => void (await examined.client.query(statement)) };
  const found =
    replicaIdentity === 'n'
      ? 'Its replica identity is NOTHING.'
      : `Its replica identity is DEFAULT, and it has no primary key${primaryKey.length > 0 ? ' that can serve, only a deferrable one or another unique key' : ''}.`;
  return problem(subject, found, 'Once it is published, Postgres refuses every UPDATE and DELETE on it.', `${statement};`, fix);
}

/** Under FULL the identity takes in generated columns, and from Postgres 18 on those have to be published; virtual ones cannot be. */
function generatedFindings(subject: string, table: TableInfo, { version, settings }: Examined): Finding[] {
  if (table.replicaIdentity !== 'f' || version < 180_000) return [];
  const generated = table.columns.filter(({ generated: kind }) => kind === 'v' || (kind === 's' && !settings.publication.generatedColumns));
  if (generated.length === 0) return [];
  return [
    warning(
      subject,
      `Its replica identity is FULL, and it has generated columns that are not published: ${generated.map(({ name }) => name).join(', ')}.`,
      'Once it is published, Postgres refuses every UPDATE and DELETE on it, unless the publication brings these columns.',
      `ALTER TABLE ${qualified(table)} REPLICA IDENTITY DEFAULT; or, for stored ones, "publish.generated.columns": "true".`,
    ),
  ];
}

function hasPrimaryKey(table: TableInfo, { primaryKeys }: Examined): boolean {
  return primaryKeys.has(table.oid);
}

function qualified(table: TableInfo): string {
  return `${escapeIdentifier(table.schema)}.${escapeIdentifier(table.name)}`;
}
