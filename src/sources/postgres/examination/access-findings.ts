import { escapeIdentifier } from 'pg';

import type { Finding } from '../../../connect/finding.ts';
import { failure, good, problem, warning } from '../../../connect/finding.ts';
import type { TableInfo } from '../catalog.ts';
import { placeColumns } from '../snapshot-query.ts';
import { TableFilter } from '../table-filter.ts';
import { keyColumns } from '../table-key.ts';
import type { Examined } from './facts.ts';

interface RoleRow {
  readonly superuser: boolean;
  readonly replication: boolean;
  readonly create: boolean;
}

// The roles by which managed services lend the right to replicate.
const replicationRoles = ['rds_replication', 'alloydbsuperuser', 'cloudsqlsuperuser', 'azure_pg_admin'];

/** What the connector's user may do. */
export async function accessFindings(examined: Examined): Promise<Finding[]> {
  const { client } = examined;
  const { rows } = await client.query<RoleRow>(
    `SELECT r.rolsuper AS superuser,
            r.rolsuper OR r.rolreplication OR EXISTS (SELECT FROM pg_catalog.pg_roles g
              WHERE g.rolname = ANY ($1) AND pg_catalog.pg_has_role(r.oid, g.oid, 'member')) AS replication,
            pg_catalog.has_database_privilege(current_database(), 'CREATE') AS create
     FROM pg_catalog.pg_roles r WHERE r.rolname = current_user`,
    [replicationRoles],
  );
  const role = rows[0] ?? { superuser: false, replication: false, create: false };
  return [replication(examined, role), await walsender(examined, role), ...(await reading(examined))].filter((finding) => finding !== null);
}

function replication({ settings }: Examined, role: RoleRow): Finding {
  const { user } = settings.connection;
  if (role.replication) return good('replication', `The user "${user}" may replicate.`);
  return problem(
    'replication',
    `The user "${user}" may not replicate.`,
    'No slot can be made or read: the connector does not start.',
    `ALTER ROLE ${escapeIdentifier(user)} REPLICATION; (on a managed service grant its replication role, such as rds_replication).`,
  );
}

/** pg_hba.conf treats replication apart; only trying tells. */
async function walsender({ sessions }: Examined, role: RoleRow): Promise<Finding | null> {
  if (!role.replication) return null;
  try {
    const client = await sessions.connect({ replication: true });
    await client.end();
    return good('walsender', 'A replication connection can be opened.');
  } catch (error) {
    return failure(
      'walsender',
      error,
      'The connector does not start.',
      'Let the user in by pg_hba.conf: host DATABASE USER ADDRESS scram-sha-256; then SELECT pg_reload_conf(); a pooler cannot pass replication on.',
    );
  }
}

async function reading({ client, captured, settings }: Examined): Promise<Finding[]> {
  if (captured.length === 0) return [];
  const { rows } = await client.query<{ oid: number; usage: boolean; any: boolean; columns: string[] }>(
    `SELECT c.oid, pg_catalog.has_schema_privilege(c.relnamespace, 'USAGE') AS usage,
            pg_catalog.has_any_column_privilege(c.oid, 'SELECT') AS any,
            ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND NOT a.attisdropped
                  AND NOT pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT') ORDER BY a.attnum) AS columns
     FROM pg_catalog.pg_class c WHERE c.oid = ANY ($1::oid[])`,
    [captured.map((table) => table.oid)],
  );
  const rights = new Map(rows.map((row) => [row.oid, row]));
  const filter = new TableFilter(settings);
  const user = escapeIdentifier(settings.connection.user);
  const findings = captured.flatMap((info) => {
    const { usage = true, any = true, columns = [] } = rights.get(info.oid) ?? {};
    const lacking = any ? readColumns(info, filter).filter((name) => columns.includes(name)) : [];
    if (usage && any && lacking.length === 0) return [];
    const name = `${info.schema}.${info.name}`;
    const list = lacking.map((column) => escapeIdentifier(column)).join(', ');
    const grant = `GRANT SELECT ${list === '' ? '' : `(${list}) `}ON ${escapeIdentifier(info.schema)}.${escapeIdentifier(info.name)} TO ${user};`;
    return [
      warning(
        `table ${name}`,
        list === '' ? `The user may not read ${name}.` : `The user may not read ${list} of ${name}.`,
        'Its snapshot fails.',
        usage ? grant : `GRANT USAGE ON SCHEMA ${escapeIdentifier(info.schema)} TO ${user}; ${grant}`,
      ),
    ];
  });
  return findings.length === 0 ? [good('reading', `Every captured table can be read (${captured.length}).`)] : findings;
}

/** What a snapshot reads of a table: without a key it goes by the place of its rows. */
function readColumns(info: TableInfo, filter: TableFilter): readonly string[] {
  const key = keyColumns(info);
  const captured = info.columns.filter(({ name, generated }) => generated === '' && filter.acceptsColumn(info.schema, info.name, name));
  return [...key, ...captured.map(({ name }) => name), ...(key.length === 0 ? placeColumns : [])];
}
