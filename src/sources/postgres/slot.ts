import { escapeIdentifier, type Client, type ClientBase } from 'pg';

import { ConnectError } from '../../base/errors.ts';
import { parseLsn } from './lsn.ts';
import type { StartContext } from './start-context.ts';
import type { SlotLag } from './source-metrics.ts';

/** A replication slot as `pg_replication_slots` shows it. */
export interface SlotState {
  readonly name: string;
  readonly plugin: string | null;
  readonly database: string | null;
  readonly active: boolean;
  readonly activePid: number | null;
  readonly restartLsn: bigint | null;
  readonly confirmedFlushLsn: bigint | null;
  /** `reserved`, `extended`, `unreserved` or `lost`. */
  readonly walStatus: string | null;
  /** Why the server took the slot's WAL away: `wal_removed`, `rows_removed`, `idle_timeout`, ...; null while it is good. */
  readonly invalidation: string | null;
  /** Prepared transactions are sent at PREPARE. */
  readonly twoPhase: boolean;
}

/** What a snapshot reads by, and where the stream goes on after it. */
export interface SnapshotSlot {
  /** Changes committed before this are in the snapshot, those after it come from the slot. */
  readonly consistentPoint: bigint;
  /** For `SET TRANSACTION SNAPSHOT`, as long as the connection that made the slot does nothing else. */
  readonly snapshotName: string;
}

export interface SlotOptions {
  /** Gone with the connection: only its snapshot and its consistent point are wanted. */
  readonly temporary: boolean;
  /** Postgres 17 and later. */
  readonly failover: boolean;
}

/** Null: there is no such slot. The row is read as JSON, because every Postgres version has other columns. */
export async function inspectSlot(client: ClientBase, name: string): Promise<SlotState | null> {
  const { rows } = await client.query<{ slot: Record<string, unknown> }>(
    'SELECT pg_catalog.to_jsonb(s) AS slot FROM pg_catalog.pg_replication_slots s WHERE s.slot_name = $1',
    [name],
  );
  const slot = rows[0]?.slot;
  if (slot === undefined) return null;
  const text = (key: string): string | null => (typeof slot[key] === 'string' ? slot[key] : null);
  const lsn = (key: string): bigint | null => {
    const value = text(key);
    return value === null ? null : parseLsn(value);
  };
  return {
    name,
    plugin: text('plugin'),
    database: text('database'),
    active: slot['active'] === true,
    activePid: typeof slot['active_pid'] === 'number' ? slot['active_pid'] : null,
    restartLsn: lsn('restart_lsn'),
    confirmedFlushLsn: lsn('confirmed_flush_lsn'),
    walStatus: text('wal_status'),
    twoPhase: slot['two_phase'] === true,
    invalidation: text('invalidation_reason') ?? (slot['conflicting'] === true ? 'conflicting with recovery' : null),
  };
}

/**
 * Another reader's slot: it is left alone. The way over makes a second slot while the first is still read, so that both
 * together bring every change; the publication comes first, because pgoutput looks for it at each place of the log.
 */
function otherPlugin(name: string, plugin: string, publication: string): ConnectError {
  const successor = `${name.slice(0, 54)}_pgoutput`;
  return new ConnectError(
    'postgres.slot',
    `The replication slot "${name}" was made for the plug-in ${plugin}, not pgoutput: its changes come in another form, and it is left as it is.`,
    {
      remedy:
        `To move over without loss: (1) CREATE PUBLICATION ${escapeIdentifier(publication)} FOR ALL TABLES (or FOR TABLE ...), if it is not there; ` +
        `SELECT pg_create_logical_replication_slot('${successor}', 'pgoutput'); ` +
        `(2) let the old reader of "${name}" go on until SELECT o.confirmed_flush_lsn >= n.confirmed_flush_lsn FROM pg_replication_slots o, ` +
        `pg_replication_slots n WHERE o.slot_name = '${name}' AND n.slot_name = '${successor}' is true, then stop it; ` +
        `(3) set "slot.name" to "${successor}" and, unless the old reader's offsets are stored here, "snapshot.mode" to "no_data", and start; ` +
        `(4) SELECT pg_drop_replication_slot('${name}'). Or, with a new snapshot instead (rows deleted in between leave no record): ` +
        'step 4 alone, and delete the offsets of this connector if it has any.',
      details: { slot: name, plugin },
    },
  );
}

/** What the slot has to belong to; the publication is for the remedy. */
interface SlotOwner {
  readonly database: string;
  readonly publication: string;
}

function dropStatement(slot: SlotState): string {
  return `SELECT pg_drop_replication_slot('${slot.name}')`;
}

/** Throws when this slot is not of our kind: it is somebody else's, so that it may not be replaced either. */
export function checkSlotKind(slot: SlotState, { database, publication }: SlotOwner): void {
  if (slot.database === null || slot.plugin === null) {
    throw new ConnectError('postgres.slot', `The replication slot "${slot.name}" is a physical one.`, {
      remedy: 'Choose another "slot.name".',
    });
  }
  if (slot.plugin !== 'pgoutput') {
    throw otherPlugin(slot.name, slot.plugin, publication);
  }
  if (slot.twoPhase) {
    throw new ConnectError('postgres.slot', `The replication slot "${slot.name}" sends prepared transactions before they are committed.`, {
      remedy: `Choose another "slot.name", or drop the slot (${dropStatement(slot)}) and start with a new snapshot: a slot made without two_phase sends them at COMMIT PREPARED.`,
    });
  }
  if (slot.database !== database) {
    throw new ConnectError(
      'postgres.slot',
      `The replication slot "${slot.name}" belongs to the database "${slot.database}", not "${database}".`,
      {
        remedy: 'Choose another "slot.name": slots are shared by all databases of a server.',
      },
    );
  }
}

/** Throws when this slot can never serve us; a slot in use is another matter, which time may settle. */
export function checkSlot(slot: SlotState, owner: SlotOwner): void {
  checkSlotKind(slot, owner);
  if (slot.walStatus === 'lost' || slot.invalidation !== null || slot.confirmedFlushLsn === null) {
    const reason = slot.invalidation ?? slot.walStatus ?? 'no position';
    throw new ConnectError(
      'postgres.slot',
      `The replication slot "${slot.name}" is lost (${reason}): changes since its last position are gone.`,
      {
        remedy:
          `Drop it (${dropStatement(slot)}), delete this connector's offsets and start with a new snapshot; ` +
          'raise max_slot_wal_keep_size so that the server keeps the log for longer.',
        details: { slot: slot.name, reason },
      },
    );
  }
}

export function slotInUse(slot: SlotState): ConnectError {
  const who = slot.activePid === null ? 'another session' : `the session with process id ${slot.activePid}`;
  return new ConnectError('postgres.slot-in-use', `The replication slot "${slot.name}" is in use by ${who}.`, {
    remedy: 'Stop the other reader (a connector with the same "slot.name"?), or choose another "slot.name".',
    details: { slot: slot.name, pid: slot.activePid ?? 0 },
  });
}

/** The server wants to take the slot's log, and cannot as long as a walsender waits to send to us. */
export function slotHeldUp(name: string): ConnectError {
  return new ConnectError(
    'postgres.unreachable',
    `The log for the replication slot "${name}" has grown beyond max_slot_wal_keep_size, and nothing is being taken: the connection is given back.`,
    {
      remedy: 'Find out why the records are not taken (is Kafka reachable?), and raise max_slot_wal_keep_size before the slot is lost.',
      details: { slot: name },
    },
  );
}

/** The creation is given up, so that the server is not held by it, and begun again with the next start. */
function slotCreationLate(name: string, seconds: number, holders: readonly string[]): ConnectError {
  const whom = holders.length === 0 ? 'transactions that this user is not shown' : holders.join('; ');
  return new ConnectError(
    'postgres.busy',
    `The replication slot "${name}" was not created within ${seconds} s: the server waits for every transaction that was open before. Open now: ${whom}.`,
    {
      remedy:
        'End these transactions (pg_terminate_backend, ROLLBACK PREPARED), or raise "internal.create.slot.command.timeout"; the connector tries again.',
      details: { slot: name },
    },
  );
}

/**
 * Runs on a replication connection, which from then on holds the exported snapshot. Waits for every transaction that is
 * open now; the caller shows that it waits.
 */
async function createSlot(replication: Client, name: string, options: SlotOptions): Promise<SnapshotSlot> {
  const kind = options.temporary ? 'TEMPORARY LOGICAL' : 'LOGICAL';
  const clauses = options.failover ? "(SNAPSHOT 'export', FAILOVER true)" : 'EXPORT_SNAPSHOT';
  const sql = `CREATE_REPLICATION_SLOT ${escapeIdentifier(name)} ${kind} pgoutput ${clauses}`;
  const { rows } = await replication.query<{ consistent_point: string; snapshot_name: string }>(sql);
  const row = rows[0];
  if (row === undefined) throw new ConnectError('postgres.protocol', 'CREATE_REPLICATION_SLOT answered nothing.');
  return { consistentPoint: parseLsn(row.consistent_point), snapshotName: row.snapshot_name };
}

/** Whom one may be waiting for who wants all of them to end: the oldest transactions that have written, prepared ones among them. */
export async function openTransactions(client: ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ who: string; application: string; xid: string; seconds: string }>(
    `SELECT 'process ' || pid AS who, application_name AS application, backend_xid::text AS xid,
            round(extract(epoch FROM now() - xact_start)) AS seconds
     FROM pg_catalog.pg_stat_activity WHERE backend_xid IS NOT NULL AND pid <> pg_catalog.pg_backend_pid()
     UNION ALL
     SELECT 'prepared transaction "' || gid || '"', '', transaction::text, round(extract(epoch FROM now() - prepared))
     FROM pg_catalog.pg_prepared_xacts
     ORDER BY seconds DESC NULLS LAST LIMIT 5`,
  );
  return rows.map(
    ({ who, application, xid, seconds }) =>
      `${who}${application === '' ? '' : ` (${application})`}, transaction ${xid}, open for ${seconds} s`,
  );
}

/** For metrics; null when the slot is gone. */
export async function slotLag(client: ClientBase, name: string): Promise<SlotLag | null> {
  const { rows } = await client.query<{ lag: string | null; retained: string | null; status: string | null; safe: string | null }>(
    `SELECT pg_catalog.pg_wal_lsn_diff(wal.tip, confirmed_flush_lsn) AS lag, pg_catalog.pg_wal_lsn_diff(wal.tip, restart_lsn) AS retained,
            wal_status AS status, safe_wal_size AS safe
     FROM pg_catalog.pg_replication_slots, LATERAL (SELECT CASE WHEN pg_catalog.pg_is_in_recovery()
       THEN pg_catalog.pg_last_wal_replay_lsn() ELSE pg_catalog.pg_current_wal_lsn() END AS tip) wal
     WHERE slot_name = $1`,
    [name],
  );
  const row = rows[0];
  if (row === undefined) return null;
  const safeBytes = row.safe === null ? null : Number(row.safe);
  return { lagBytes: Number(row.lag ?? 0), retainedBytes: Number(row.retained ?? 0), walStatus: row.status, safeBytes };
}

export async function dropSlot(client: ClientBase, name: string): Promise<void> {
  await client.query('SELECT pg_catalog.pg_drop_replication_slot(slot_name) FROM pg_catalog.pg_replication_slots WHERE slot_name = $1', [
    name,
  ]);
}

/** A creation that takes longer is waiting for somebody; said first after a while, then now and then. */
const waitFirstMs = 5000;
const waitEveryMs = 90_000;

/**
 * A slot to stream from, and an exported snapshot that fits it: everything committed before `consistentPoint` is in the
 * snapshot, everything behind it comes from the slot. The snapshot lives as long as `replication` does nothing else.
 *
 * Where the slot is there already (an earlier start did not get further), a temporary one gives snapshot and point; the
 * slot itself is older, so it serves that point, too, and nothing has to be dropped.
 */
export async function acquireSlot(
  start: StartContext,
  replication: Client,
  options: { readonly recreate: boolean; readonly signal: AbortSignal },
): Promise<SnapshotSlot> {
  const { settings, sql, source, server } = start;
  const { name, failover } = settings.slot;
  const client = await sql.client();
  if (options.recreate) {
    source.log.warn({ slot: name }, 'dropping the lost replication slot');
    await dropSlot(client, name);
  }
  const existing = await inspectSlot(client, name);
  const temporary = existing !== null;
  const pid = await backendPid(replication);
  const created = temporary ? `${name.slice(0, 40)}_snapshot_${pid}` : name;
  source.log.info({ slot: name, temporary }, temporary ? 'taking a snapshot beside the existing slot' : 'creating the replication slot');
  let waiting = true;
  const tell = async (): Promise<void> => {
    if (options.signal.aborted) return;
    timer = source.clock.after(waitEveryMs, () => void tell());
    const holders = await sql
      .client()
      .then(openTransactions)
      .catch(() => []);
    if (waiting)
      source.log.warn({ slot: created, holders }, 'the server creates the slot when every transaction that is open now has ended');
  };
  let timer = source.clock.after(waitFirstMs, () => void tell());
  let late: ConnectError | null = null;
  const expire = async (): Promise<void> => {
    const holders = await openTransactions(client).catch(() => []);
    if (!waiting || options.signal.aborted) return;
    late = slotCreationLate(created, settings.slot.createTimeoutS, holders);
    giveUp();
  };
  const limit = source.clock.after(settings.slot.createTimeoutS * 1000, () => void expire());
  // A creation that waits for a transaction does not notice that its client has gone: it has to be told.
  const giveUp = (): void => {
    client.query('SELECT pg_catalog.pg_terminate_backend($1)', [pid]).catch(() => {});
    replication.end().catch(() => {});
  };
  options.signal.addEventListener('abort', giveUp, { once: true });
  try {
    // It may have come while the server was asked; then it calls nobody any more.
    options.signal.throwIfAborted();
    return await createSlot(replication, created, { temporary, failover: failover && !temporary && server.version >= 170_000 });
  } catch (error) {
    throw late ?? error;
  } finally {
    waiting = false;
    timer.cancel();
    limit.cancel();
    options.signal.removeEventListener('abort', giveUp);
  }
}

async function backendPid(client: Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_catalog.pg_backend_pid() AS pid');
  return rows[0]?.pid ?? 0;
}
