import { escapeIdentifier, type ClientBase } from 'pg';

import { ConnectError } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { ReplicaIdentity, TableInfo } from './catalog.ts';
import type { PublicationSettings } from './settings.ts';
import { sqlState } from './sql-error.ts';

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
    const fits =
      index === undefined ? codes[wanted.toUpperCase()] === table.replicaIdentity : index === (await identityIndex(client, table));
    if (fits) continue;
    const identity = index === undefined ? wanted.toUpperCase() : `USING INDEX ${escapeIdentifier(index)}`;
    const name = `${escapeIdentifier(table.schema)}.${escapeIdentifier(table.name)}`;
    const statement = `ALTER TABLE ${name} REPLICA IDENTITY ${identity}`;
    try {
      await client.query(statement);
    } catch (cause) {
      throw refused(cause, `${table.schema}.${table.name}`, identity, statement);
    }
    log.info({ table: `${table.schema}.${table.name}` }, `replica identity set to ${identity}`);
    altered += 1;
  }
  return altered;
}

function refused(cause: unknown, table: string, identity: string, statement: string): ConnectError {
  const owner = sqlState(cause) === '42501';
  return new ConnectError(
    owner ? 'postgres.privilege' : 'postgres.setting',
    `The replica identity of the table ${table} could not be set to ${identity}.`,
    {
      cause,
      remedy: owner
        ? `Run as the owner of the table: ${statement}.`
        : 'Correct "replica.identity.autoset.values": an index has to be there, unique, not partial, and over columns that are NOT NULL.',
      details: { table },
    },
  );
}

/** Null: the identity is no index. */
async function identityIndex(client: ClientBase, table: TableInfo): Promise<string | null> {
  if (table.replicaIdentity !== 'i') return null;
  const { rows } = await client.query<{ name: string }>(
    'SELECT c.relname AS name FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = $1 AND i.indisreplident',
    [table.oid],
  );
  return rows[0]?.name ?? null;
}
