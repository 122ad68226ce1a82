import { escapeIdentifier, type ClientBase } from 'pg';

import type { Logger } from '../../base/log.ts';
import type { ReplicaIdentity, TableInfo } from './catalog.ts';
import type { PublicationSettings } from './settings.ts';

const codes: Readonly<Record<string, ReplicaIdentity>> = { DEFAULT: 'd', FULL: 'f', NOTHING: 'n' };

/**
 * `replica.identity.autoset.values`: gives captured tables the replica identity that their first matching pattern names.
 * Answers how many were altered. What the server refuses is an error: without it deletes would miss columns.
 */
export async function ensureReplicaIdentities(
  client: ClientBase,
  { replicaIdentities }: PublicationSettings,
  tables: readonly TableInfo[],
  log: Logger,
): Promise<number> {
  let altered = 0;
  for (const table of tables) {
    const wanted = replicaIdentities.find(([pattern]) => pattern.test(`${table.schema}.${table.name}`))?.[1].trim();
    if (wanted === undefined) continue;
    const index = /^INDEX\s+(\S.*)$/i.exec(wanted)?.[1];
    if (index === undefined && codes[wanted.toUpperCase()] === table.replicaIdentity) continue;
    const identity = index === undefined ? wanted.toUpperCase() : `USING INDEX ${escapeIdentifier(index)}`;
    const name = `${escapeIdentifier(table.schema)}.${escapeIdentifier(table.name)}`;
    await client.query(`ALTER TABLE ${name} REPLICA IDENTITY ${identity}`);
    log.info({ table: `${table.schema}.${table.name}` }, `replica identity set to ${identity}`);
    altered += 1;
  }
  return altered;
}
