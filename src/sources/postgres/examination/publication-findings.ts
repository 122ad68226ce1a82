import { escapeIdentifier } from 'pg';

import type { Finding, Fix } from '../../../connect/finding.ts';
import { good, note, problem, warning } from '../../../connect/finding.ts';
import type { TableInfo } from '../catalog.ts';
import { publishedTables } from '../publication.ts';
import type { Examined } from './facts.ts';

interface PublicationRow {
  readonly all_tables: boolean;
  readonly missing: string[];
  readonly may_alter: boolean;
}

/** Is what is captured also published? */
export async function publicationFindings(examined: Examined): Promise<Finding[]> {
  const { client, settings, captured } = examined;
  const { name, autocreateMode } = settings.publication;
  const { rows } = await client.query<PublicationRow>(
    `SELECT puballtables AS all_tables, pg_catalog.pg_has_role(pubowner, 'USAGE') AS may_alter,
       array_remove(ARRAY[CASE WHEN NOT pubinsert THEN 'insert' END, CASE WHEN NOT pubupdate THEN 'update' END,
                          CASE WHEN NOT pubdelete THEN 'delete' END, CASE WHEN NOT pubtruncate THEN 'truncate' END], NULL) AS missing
     FROM pg_catalog.pg_publication WHERE pubname = $1`,
    [name],
  );
  const [publication] = rows;
  if (publication === undefined) return [await absent(examined)];
  const findings: Finding[] = [];
  if (publication.missing.length > 0) {
    findings.push(
      warning(
        'publication',
        `The publication "${name}" leaves out: ${publication.missing.join(', ')}.`,
        'These changes never arrive.',
        `ALTER PUBLICATION ${escapeIdentifier(name)} SET (publish = 'insert, update, delete, truncate');`,
      ),
    );
  }
  const published = new Set((await publishedTables(client, name)).map((table) => `${table.schema}.${table.name}`));
  const lacking = captured.filter((table) => table.logged && !covered(table, published, captured));
  if (lacking.length > 0 && autocreateMode !== 'filtered') findings.push(unpublished(examined, lacking));
  if (findings.length === 0) findings.push(good('publication', `The publication "${name}" brings every captured table.`));
  return findings;
}

/** A partition is brought by its root or by itself; a partitioned table by its partitions. */
function covered(table: TableInfo, published: ReadonlySet<string>, captured: readonly TableInfo[]): boolean {
  if (published.has(`${table.schema}.${table.name}`)) return true;
  if (table.kind === 'p') return captured.some((other) => other.isPartition && published.has(`${other.schema}.${other.name}`));
  return table.isPartition;
}

async function absent(examined: Examined): Promise<Finding> {
  const { settings, captured, client, inRecovery } = examined;
  const { name, autocreateMode } = settings.publication;
  const publication = escapeIdentifier(name);
  const tables = captured.filter((table) => table.logged).map(qualified);
  const statement = `CREATE PUBLICATION ${publication} FOR TABLE ${tables.join(', ')}`;
  if (autocreateMode === 'disabled' || inRecovery) {
    const why = inRecovery ? 'a standby cannot make it' : '"publication.autocreate.mode" is "disabled"';
    return problem('publication', `There is no publication "${name}", and ${why}.`, 'The connector does not start.', `${statement};`, {
      statement,
      apply: async () => void (await client.query(statement)),
    });
  }
  const { rows } = await client.query<{ superuser: boolean; create: boolean; foreign: number }>(
    `SELECT r.rolsuper AS superuser, pg_catalog.has_database_privilege(current_database(), 'CREATE') AS create,
            (SELECT count(*)::int FROM pg_catalog.pg_class c WHERE c.oid = ANY ($1::oid[])
               AND NOT pg_catalog.pg_has_role(c.relowner, 'USAGE')) AS foreign
     FROM pg_catalog.pg_roles r WHERE r.rolname = current_user`,
    [captured.map((table) => table.oid)],
  );
  const { superuser = false, create = false, foreign = 0 } = rows[0] ?? {};
  const allowed = superuser || (create && (autocreateMode === 'no_tables' || (autocreateMode === 'filtered' && foreign === 0)));
  if (allowed) return note('publication', `There is no publication "${name}" yet: the first start makes it (${autocreateMode}).`);
  return problem(
    'publication',
    `There is no publication "${name}", and the user may not make it (${autocreateMode}).`,
    'The connector does not start.',
    `As an owner of the tables: ${statement}; and set "publication.autocreate.mode" to "disabled".`,
  );
}

function unpublished({ settings, client }: Examined, lacking: readonly TableInfo[]): Finding {
  const name = escapeIdentifier(settings.publication.name);
  const statement = `ALTER PUBLICATION ${name} ADD TABLE ${lacking.map(qualified).join(', ')}`;
  const fix: Fix = { statement, apply: async () => void (await client.query(statement)) };
  const names = lacking.slice(0, 5).map((table) => `${table.schema}.${table.name}`);
  return warning(
    'publication',
    `The publication "${settings.publication.name}" does not bring ${names.join(', ')}${lacking.length > 5 ? ` and ${lacking.length - 5} more` : ''}.`,
    'Changes of these captured tables never arrive.',
    `${statement};`,
    fix,
  );
}

function qualified(table: TableInfo): string {
  return `${escapeIdentifier(table.schema)}.${escapeIdentifier(table.name)}`;
}
