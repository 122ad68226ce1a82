import type { FindingHandler } from '../../../connect/finding.ts';
import { failure, good } from '../../../connect/finding.ts';
import type { SourceContext } from '../../../connect/plugin.ts';
import { loadTables } from '../catalog.ts';
import { SessionFactory } from '../session.ts';
import { parseSettings } from '../settings.ts';
import { sqlError } from '../sql-error.ts';
import { TableFilter } from '../table-filter.ts';
import { accessFindings } from './access-findings.ts';
import type { Examined } from './facts.ts';
import { publicationFindings } from './publication-findings.ts';
import { serverFindings } from './server-findings.ts';
import { slotFindings } from './slot-findings.ts';
import { tableFindings } from './table-findings.ts';

const unseen = 'It could not be examined.';
const remedy = 'Correct the connection settings of the connector.';
const parts = [serverFindings, accessFindings, publicationFindings, slotFindings, tableFindings];

/**
 * Looks at everything that a start, a snapshot and a stream need, and changes nothing: no slot is made, no running
 * connector is disturbed. A part that cannot be looked at is a finding of its own, and the others go on.
 */
export async function examinePostgres(source: SourceContext, handle: FindingHandler): Promise<void> {
  const settings = parseSettings(source.connector, source.config);
  const sessions = new SessionFactory(settings.connection, 'millrace doctor');
  const client = await sessions.connect().catch(async (error: unknown) => {
    await handle(failure('connection', error, unseen, remedy));
    return null;
  });
  if (client === null) return;
  try {
    await handle(good('connection', `Connected to ${sessions.host}${sessions.encrypted ? ' with TLS' : ', not encrypted'}.`));
    const examined: Examined = { client, sessions, settings, source, ...(await facts(client)), ...(await tables(client, settings)) };
    for (const part of parts) {
      try {
        for (const finding of await part(examined)) await handle(finding);
      } catch (error) {
        await handle(failure(part.name.replace('Findings', ''), sqlError(error, sessions.context('examining the server')), unseen, remedy));
      }
    }
  } finally {
    await client.end().catch(() => {});
  }
}

async function facts(client: Examined['client']): Promise<Pick<Examined, 'version' | 'server' | 'inRecovery'>> {
  const { rows } = await client.query<{ name: string; setting: string }>('SELECT name, setting FROM pg_catalog.pg_settings');
  const recovery = await client.query<{ standby: boolean }>('SELECT pg_catalog.pg_is_in_recovery() AS standby');
  const server = new Map(rows.map((row) => [row.name, row.setting]));
  return { server, version: Number(server.get('server_version_num')), inRecovery: recovery.rows[0]?.standby === true };
}

async function tables(client: Examined['client'], settings: Examined['settings']): Promise<Pick<Examined, 'captured' | 'primaryKeys'>> {
  const filter = new TableFilter(settings);
  const captured = await loadTables(client, { accepts: (schema, name) => filter.acceptsTable(schema, name) });
  const { rows } = await client.query<{ oid: number }>(
    'SELECT indrelid AS oid FROM pg_catalog.pg_index WHERE indisprimary AND indimmediate AND indrelid = ANY ($1::oid[])',
    [captured.map((table) => table.oid)],
  );
  return { captured, primaryKeys: new Set(rows.map((row) => row.oid)) };
}
