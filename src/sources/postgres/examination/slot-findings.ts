import type { Finding } from '../../../connect/finding.ts';
import { failure, good, note, warning } from '../../../connect/finding.ts';
import { checkSlot, inspectSlot } from '../slot.ts';
import { byteSize, timeSpan, type Examined } from './facts.ts';

/** The rate of the log is the difference over this time. */
const rateOverMs = 1000;
/** A slot that may be lost sooner than this deserves a warning. */
const soonSeconds = 6 * 3600;
const longTransactionSeconds = 600;

/** The connector's slot, the log that slots keep, and what holds them back. */
export async function slotFindings(examined: Examined): Promise<Finding[]> {
  return [await ownSlot(examined), await logKept(examined), ...(await idleSlots(examined)), ...(await openTransactions(examined))];
}

async function ownSlot({ client, settings }: Examined): Promise<Finding> {
  const { name } = settings.slot;
  const slot = await inspectSlot(client, name);
  if (slot === null) return note('slot', `There is no slot "${name}" yet: the first start makes it and takes a snapshot.`);
  try {
    checkSlot(slot, { database: settings.connection.database, publication: settings.publication.name });
  } catch (error) {
    return failure('slot', error, 'The connector does not start.', 'Choose another "slot.name".');
  }
  if (slot.active) {
    return note(
      'slot',
      `The slot "${name}" is read by process ${slot.activePid}: by this connector, or by another with the same "slot.name".`,
    );
  }
  return good('slot', `The slot "${name}" fits and nobody reads it now.`);
}

interface LogFacts {
  readonly bytesPerSecond: number;
  /** What the connector's slot, or without it the hungriest one, keeps now. */
  readonly retained: number;
}

async function measureLog({ client, source, settings, inRecovery }: Examined): Promise<LogFacts> {
  const end = inRecovery ? 'pg_catalog.pg_last_wal_replay_lsn()' : 'pg_catalog.pg_current_wal_lsn()';
  const sql = `SELECT pg_catalog.pg_wal_lsn_diff(${end}, '0/0')::float8 AS at,
    (SELECT pg_catalog.pg_wal_lsn_diff(${end}, restart_lsn)::float8 FROM pg_catalog.pg_replication_slots
     WHERE restart_lsn IS NOT NULL ORDER BY slot_name <> $1, restart_lsn LIMIT 1) AS retained`;
  const look = async (): Promise<{ at: number; retained: number | null; ms: number }> => {
    const { rows } = await client.query<{ at: number; retained: number | null }>(sql, [settings.slot.name]);
    return { at: rows[0]?.at ?? 0, retained: rows[0]?.retained ?? null, ms: source.clock.monotonic() };
  };
  const first = await look();
  await source.clock.sleep(rateOverMs);
  const last = await look();
  return { bytesPerSecond: ((last.at - first.at) * 1000) / (last.ms - first.ms), retained: last.retained ?? 0 };
}

/** Either the disk may fill up or the slot may be lost: which of them, and when at today's rate. */
async function logKept(examined: Examined): Promise<Finding> {
  const { server } = examined;
  const { bytesPerSecond, retained } = await measureLog(examined);
  const limitMegabytes = Number(server.get('max_slot_wal_keep_size'));
  const rate = `The log grows by ${byteSize(bytesPerSecond)} a second now, and a slot keeps ${byteSize(retained)} of it.`;
  if (limitMegabytes < 0) {
    return warning(
      'retained log',
      `${rate} max_slot_wal_keep_size is -1: there is no limit.`,
      'While the connector is down the log stays on the server, until its disk is full and the database stops.',
      "ALTER SYSTEM SET max_slot_wal_keep_size = '50GB'; SELECT pg_reload_conf(); with a size that the disk can spare, and an alarm on millrace_postgres_slot_retained_bytes.",
    );
  }
  const left = limitMegabytes * 1024 * 1024 - retained;
  const seconds = bytesPerSecond > 0 ? left / bytesPerSecond : Infinity;
  const found = `${rate} max_slot_wal_keep_size is ${byteSize(limitMegabytes * 1024 * 1024)}${
    Number.isFinite(seconds) ? `: used up in ${timeSpan(Math.max(0, seconds))} when the connector stands still` : ''
  }.`;
  if (seconds > soonSeconds) return good('retained log', found);
  return warning(
    'retained log',
    found,
    'A slot beyond the limit is lost, and the connector needs a new snapshot.',
    'Raise it: ALTER SYSTEM SET max_slot_wal_keep_size = ...; SELECT pg_reload_conf();',
  );
}

async function idleSlots({ client, settings, inRecovery }: Examined): Promise<Finding[]> {
  const end = inRecovery ? 'pg_catalog.pg_last_wal_replay_lsn()' : 'pg_catalog.pg_current_wal_lsn()';
  const { rows } = await client.query<{ name: string; retained: number }>(
    `SELECT slot_name AS name, pg_catalog.pg_wal_lsn_diff(${end}, restart_lsn)::float8 AS retained
     FROM pg_catalog.pg_replication_slots
     WHERE NOT active AND restart_lsn IS NOT NULL AND slot_name <> $1 AND NOT temporary ORDER BY 2 DESC LIMIT 5`,
    [settings.slot.name],
  );
  return rows
    .filter((row) => row.retained > 1024 * 1024 * 1024)
    .map((row) =>
      warning(
        `slot ${row.name}`,
        `Nobody reads the slot "${row.name}", and it keeps ${byteSize(row.retained)} of the log.`,
        'It fills the disk of the server that this connector reads from.',
        `Start its reader, or, when it is of no more use: SELECT pg_drop_replication_slot('${row.name.replaceAll("'", "''")}');`,
      ),
    );
}

async function openTransactions({ client }: Examined): Promise<Finding[]> {
  const { rows } = await client.query<{ pid: number; seconds: number; application: string }>(
    `SELECT pid, extract(epoch FROM now() - xact_start)::float8 AS seconds, application_name AS application
     FROM pg_catalog.pg_stat_activity
     WHERE backend_xid IS NOT NULL AND pid <> pg_catalog.pg_backend_pid() ORDER BY xact_start LIMIT 1`,
  );
  const [oldest] = rows;
  if (oldest === undefined || oldest.seconds < longTransactionSeconds) return [];
  return [
    warning(
      'open transactions',
      `Process ${oldest.pid}${oldest.application === '' ? '' : ` (${oldest.application})`} has had a transaction open for ${timeSpan(oldest.seconds)}.`,
      'A new slot, and so a first start, waits for it; the log since its start cannot be removed.',
      `End it in its application, or: SELECT pg_terminate_backend(${oldest.pid});`,
    ),
  ];
}
