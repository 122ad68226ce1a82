import { escapeIdentifier } from 'pg';

import type { Finding } from '../../../connect/finding.ts';
import { failure, good, problem, warning } from '../../../connect/finding.ts';
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
  const { rows } = await client.query<{ schema: string; name: string; usage: boolean }>(
    `SELECT n.nspname AS schema, c.relname AS name, pg_catalog.has_schema_privilege(n.oid, 'USAGE') AS usage
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.oid = ANY ($1::oid[]) AND NOT (pg_catalog.has_schema_privilege(n.oid, 'USAGE')
       AND pg_catalog.has_any_column_privilege(c.oid, 'SELECT'))`,
    [captured.map((table) => table.oid)],
  );
  if (rows.length === 0) return [good('reading', `Every captured table can be read (${captured.length}).`)];
  const user = escapeIdentifier(settings.connection.user);
  return rows.map(({ schema, name, usage }) => {
    const table = `${escapeIdentifier(schema)}.${escapeIdentifier(name)}`;
    const grant = `GRANT SELECT ON ${table} TO ${user};`;
    return warning(
      `table ${schema}.${name}`,
      `The user may not read ${schema}.${name}.`,
      'Its snapshot fails.',
      usage ? grant : `GRANT USAGE ON SCHEMA ${escapeIdentifier(schema)} TO ${user}; ${grant}`,
    );
  });
}
