import { escapeIdentifier, escapeLiteral, type ClientBase } from 'pg';

import { ConnectError } from '../../base/errors.ts';
import { parseLsn } from './lsn.ts';
import type { PostgresSettings, SnapshotIsolation } from './settings.ts';
import { sqlState } from './sql-error.ts';
import { TransactionView } from './transaction-view.ts';
import { TableFilter } from './table-filter.ts';
import { loadTables } from './catalog.ts';

/** A database snapshot, for as long as its transaction is open. */
export interface SnapshotView {
  /** `pg_current_snapshot()` */
  readonly text: string;
  readonly transactions: TransactionView;
  readonly exported: boolean;
  /** Everything that it sees was committed before this place in the log. */
  readonly horizon: bigint;
  /** Microseconds since 1970-01-01. */
  readonly takenMicros: number;
  /** The first transaction id that it does not see, 32 bits: what records say as their transaction. */
  readonly xid: number;
}

interface ViewRow {
  readonly view: string;
  readonly horizon: string;
  readonly micros: string;
}

// The place in the log is asked for after the snapshot is taken, hence behind every commit that it sees.
const viewSql = `
  SELECT pg_catalog.pg_current_snapshot()::text AS view, (extract(epoch FROM now()) * 1000000)::int8::text AS micros,
         CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
              ELSE pg_catalog.pg_current_wal_insert_lsn() END::text AS horizon`;

/** Opens the transaction in which tables are read. `exportedSnapshot`: the one that came with the slot. */
export async function openSnapshotSession(
  client: ClientBase,
  settings: PostgresSettings,
  exportedSnapshot: string | null,
  isolation: SnapshotIsolation = 'repeatable_read',
): Promise<SnapshotView> {
  await beginReading(client, exportedSnapshot, isolation);
  if (settings.snapshot.lockTables) await lockTables(client, settings);
  const { rows } = await client.query<ViewRow>(viewSql);
  const row = rows[0];
  if (row === undefined) throw new ConnectError('postgres.protocol', 'The server did not tell its snapshot.');
  const transactions = new TransactionView(row.view);
  return {
    text: row.view,
    transactions,
    exported: exportedSnapshot !== null,
    horizon: parseLsn(row.horizon),
    takenMicros: Number(row.micros),
    xid: transactions.xmax,
  };
}

/** For others to read in the same snapshot, as long as this transaction is open. */
export async function exportSnapshot(client: ClientBase): Promise<string> {
  const { rows } = await client.query<{ name: string }>('SELECT pg_catalog.pg_export_snapshot() AS name');
  return rows[0]?.name ?? '';
}

/**
 * One database snapshot is read to its end, and shared by all connections, which needs repeatable read: weaker levels get
 * more than they ask for. A serializable transaction cannot take over the snapshot of a slot, which is not serializable
 * itself, and a standby knows none. Deferrable: it waits once for a snapshot that no serializable transaction can put in the
 * wrong, and never fails afterwards; others may then read that snapshot in repeatable-read transactions.
 */
export function beginStatement(isolation: SnapshotIsolation, from: { readonly exported: boolean; readonly standby: boolean }): string {
  return isolation === 'serializable' && !from.exported && !from.standby
    ? 'BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE'
    : 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';
}

/** For the log; null: the rows are read as asked for. */
export function isolationNote(isolation: SnapshotIsolation): string | null {
  if (isolation === 'serializable' || isolation === 'repeatable_read') return null;
  return `snapshot.isolation.mode is "${isolation}": rows are read in repeatable-read transactions, which give all that it asks for`;
}

/** `snapshot`: the name of one that was exported; null: a new one. */
export async function beginReading(
  client: ClientBase,
  snapshot: string | null,
  isolation: SnapshotIsolation = 'repeatable_read',
): Promise<void> {
  // Rows of a table without a key must come in the order in which they lie on disk. A row security policy that hides
  // rows from this user must be an error, not a table with fewer rows.
  await client.query(
    'SET synchronize_seqscans = off; SET max_parallel_workers_per_gather = 0; SET enable_indexonlyscan = off; ' +
      'SET enable_bitmapscan = off; SET row_security = off',
  );
  const exported = snapshot !== null;
  const standby = isolation === 'serializable' && !exported && (await isStandby(client));
  await client.query(beginStatement(isolation, { exported, standby }));
  if (snapshot !== null) await takeOver(client, snapshot);
}

/**
 * For one of several connections. Whoever alters a table that another one has read waits for the snapshot to end; should this
 * one wait for him, all three would wait for ever, and the server, which does not know that the connections belong together,
 * would see no deadlock. The snapshot then gives back all that it holds, and goes on where it was.
 */
export async function limitLockWaits(client: ClientBase, timeoutMs: number): Promise<void> {
  await client.query(`SET LOCAL lock_timeout = ${timeoutMs}`);
}

async function takeOver(client: ClientBase, snapshot: string): Promise<void> {
  try {
    await client.query(`SET TRANSACTION SNAPSHOT ${escapeLiteral(snapshot)}`);
  } catch (cause) {
    // There is no snapshot of that name: servers before 17 find the name itself invalid.
    if (sqlState(cause) !== '42704' && sqlState(cause) !== '22023') throw cause;
    throw new ConnectError('postgres.busy', 'The session that gave the database snapshot was lost before another one had taken it over.', {
      cause,
      remedy:
        'Nothing: the next attempt reads in a snapshot of its own. If this comes again and again, connect to one server itself, not to a pooler or load balancer.',
    });
  }
}

async function isStandby(client: ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ standby: boolean }>('SELECT pg_catalog.pg_is_in_recovery() AS standby');
  return rows[0]?.standby ?? false;
}

/** Keeps the captured tables from being altered until the transaction ends; reading and writing go on. */
async function lockTables(client: ClientBase, settings: PostgresSettings): Promise<void> {
  const filter = new TableFilter(settings);
  const tables = await loadTables(client, { accepts: (schema, name) => filter.acceptsTable(schema, name) });
  if (tables.length === 0) return;
  const reads = tables.map(({ schema, name }) => `SELECT FROM ${escapeIdentifier(schema)}.${escapeIdentifier(name)} LIMIT 0`);
  await limitLockWaits(client, settings.snapshot.lockTimeoutMs);
  // LOCK TABLE wants the right to the whole table, this one to any of its columns.
  await client.query(reads.join('; '));
}
