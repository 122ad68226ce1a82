import type { Client } from 'pg';

import { ConnectError } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import { parseLsn } from './lsn.ts';
import type { SessionFactory, SqlSession } from './session.ts';
import type { TableSettings } from './settings.ts';
import { readTimelineHistory, type TimelineHistory } from './timeline.ts';

/** What has to be known of the server before anything is read from it. */
export interface ServerFacts {
  /** As `server_version_num`: 150004. */
  readonly version: number;
  readonly systemId: string;
  /** Where the server's log ends now. */
  readonly walEnd: bigint;
  /** Null on a standby, whose timeline may change while it is being read. */
  readonly timeline: number | null;
  readonly timelineHistory: TimelineHistory;
}

const versionMin = 140_000;

/** Throws, with a remedy, when logical replication cannot work with these settings. */
export async function checkServer(client: Client, replication: Client): Promise<ServerFacts> {
  const { rows } = await client.query<{ version: string; wal_level: string; encoding: string; standby: boolean }>(
    `SELECT current_setting('server_version_num') AS version, current_setting('wal_level') AS wal_level,
            current_setting('server_encoding') AS encoding, pg_catalog.pg_is_in_recovery() AS standby`,
  );
  const version = Number(rows[0]?.version ?? 0);
  if (version < versionMin) {
    throw new ConnectError(
      'postgres.setting',
      `The server is Postgres ${Math.floor(version / 10_000)}, and 14 is the oldest that is supported.`,
      {
        remedy: 'Upgrade the server.',
      },
    );
  }
  const walLevel = rows[0]?.wal_level ?? '';
  if (walLevel !== 'logical') {
    throw new ConnectError('postgres.setting', `The server's wal_level is "${walLevel}"; changes can be streamed only with "logical".`, {
      remedy:
        'ALTER SYSTEM SET wal_level = logical; then restart the server (on a managed service: its parameter for logical replication).',
    });
  }
  if (rows[0]?.encoding === 'SQL_ASCII') {
    throw new ConnectError('postgres.setting', 'The database has the encoding SQL_ASCII: its texts have no defined characters.', {
      remedy: 'Move the data to a database with the encoding UTF8.',
    });
  }
  // pg takes the answer's columns by name: systemid, timeline, xlogpos, dbname.
  const system = (await replication.query<{ systemid: string; timeline: number | string; xlogpos: string }>('IDENTIFY_SYSTEM')).rows[0];
  if (system === undefined) throw new ConnectError('postgres.protocol', 'IDENTIFY_SYSTEM answered nothing.');
  const timeline = rows[0]?.standby === true ? null : Number(system.timeline);
  const timelineHistory = await readTimelineHistory(replication, timeline ?? 1);
  return { version, systemId: system.systemid, walEnd: parseLsn(system.xlogpos), timeline, timelineHistory };
}

/** `guardrail.collections.max`: a list that takes in more than was meant is noticed before anything is read. */
export function checkTableCount({ most, failsBeyond }: TableSettings, count: number, log: Logger): void {
  if (most === 0 || count <= most) return;
  const message = `The table filters take in ${count} tables, and "guardrail.collections.max" is ${most}.`;
  if (failsBeyond) {
    throw new ConnectError('config.invalid', message, {
      remedy: 'Narrow "table.include.list" and "schema.include.list", or raise "guardrail.collections.max".',
    });
  }
  log.warn({ tables: count }, message);
}

/**
 * A walsender session, and beside it the SQL session, which is needed next. The missing privilege gets its own remedy, because
 * it is what most first starts lack.
 */
export async function connectReplication(sessions: SessionFactory, user: string, sql: SqlSession): Promise<Client> {
  const beside = sql.client();
  beside.catch(() => {});
  const replication = await sessions.connect({ replication: true }).catch((error: unknown) => {
    if (!(error instanceof ConnectError) || error.code !== 'postgres.privilege') throw error;
    throw new ConnectError('postgres.privilege', `The user "${user}" may not replicate.`, {
      cause: error,
      remedy: `ALTER ROLE "${user}" REPLICATION; (on a managed service grant its replication role, such as rds_replication).`,
      details: { user },
    });
  });
  try {
    await beside;
  } catch (error) {
    await replication.end().catch(() => {});
    throw error;
  }
  return replication;
}
