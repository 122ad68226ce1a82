import type { Finding } from '../../../connect/finding.ts';
import { good, note, problem, warning } from '../../../connect/finding.ts';
import type { Examined } from './facts.ts';

const oldestVersion = 140_000;
const standbyVersion = 160_000;
const senderTimeoutShortMs = 10_000;

/** Version, settings and free places of the server. */
export async function serverFindings(examined: Examined): Promise<Finding[]> {
  return [versionFinding(examined), walLevel(examined), await encoding(examined), ...(await freePlaces(examined)), ...timeouts(examined)];
}

function versionFinding({ version, inRecovery }: Examined): Finding {
  const major = Math.floor(version / 10_000);
  if (version < oldestVersion) {
    return problem('version', `The server is Postgres ${major}.`, 'The connector does not start.', 'Upgrade to Postgres 14 or newer.');
  }
  if (inRecovery && version < standbyVersion) {
    return problem(
      'version',
      `The server is a standby of Postgres ${major}.`,
      'Standbys decode changes from Postgres 16 on only: no slot can be made.',
      'Connect to the primary, or upgrade.',
    );
  }
  return good('version', `Postgres ${major}${inRecovery ? ', a standby' : ''}.`);
}

function walLevel({ server }: Examined): Finding {
  const level = server.get('wal_level') ?? '';
  if (level === 'logical') return good('wal_level', 'wal_level is "logical".');
  return problem(
    'wal_level',
    `wal_level is "${level}".`,
    'Changes cannot be streamed: the connector does not start.',
    'ALTER SYSTEM SET wal_level = logical; then restart the server (on a managed service: its parameter for logical replication).',
  );
}

async function encoding({ client }: Examined): Promise<Finding> {
  const { rows } = await client.query<{ encoding: string }>(
    `SELECT current_setting('server_encoding') AS encoding, current_database() AS database`,
  );
  const name = rows[0]?.encoding ?? '';
  if (name === 'SQL_ASCII') {
    return problem(
      'encoding',
      'The database has the encoding SQL_ASCII.',
      'Its texts have no defined characters: the connector does not start.',
      'Move the data to a database with the encoding UTF8.',
    );
  }
  return good('encoding', name === 'UTF8' ? 'The database is in UTF8.' : `The database is in ${name}; the server converts to UTF8.`);
}

async function freePlaces({ client, server, settings }: Examined): Promise<Finding[]> {
  const { rows } = await client.query<{ slots: number; senders: number; ours: boolean }>(
    `SELECT (SELECT count(*)::int FROM pg_catalog.pg_replication_slots) AS slots,
            (SELECT count(*)::int FROM pg_catalog.pg_stat_replication) AS senders,
            EXISTS (SELECT FROM pg_catalog.pg_replication_slots WHERE slot_name = $1) AS ours`,
    [settings.slot.name],
  );
  const { slots = 0, senders = 0, ours = false } = rows[0] ?? {};
  return [
    place('max_replication_slots', slots, Number(server.get('max_replication_slots')), ours ? 0 : 2, 'slot'),
    place('max_wal_senders', senders, Number(server.get('max_wal_senders')), 2, 'walsender'),
  ];
}

/** `wanted`: a first start takes a second one for a moment, beside the one that streams. */
function place(name: string, used: number, max: number, wanted: number, noun: string): Finding {
  const found = `${used} of ${max} ${noun}s are in use.`;
  const remedy = `ALTER SYSTEM SET ${name} = ${max + Math.max(4, wanted)}; then restart the server.`;
  if (wanted > 0 && used >= max) return problem(name, found, 'There is none left for the connector.', remedy);
  if (used + wanted > max) return warning(name, found, 'A snapshot beside an existing slot takes a second one for a moment.', remedy);
  return good(name, found);
}

function timeouts({ server, settings }: Examined): Finding[] {
  const senderMs = Number(server.get('wal_sender_timeout'));
  const findings: Finding[] = [];
  if (senderMs === 0) {
    findings.push(
      warning(
        'wal_sender_timeout',
        'wal_sender_timeout is 0.',
        'The server never notices that a connector has gone without a word, and keeps its slot occupied.',
        "ALTER SYSTEM SET wal_sender_timeout = '60s'; SELECT pg_reload_conf();",
      ),
    );
  } else if (senderMs < Math.max(senderTimeoutShortMs, settings.stream.statusIntervalMs)) {
    findings.push(
      warning(
        'wal_sender_timeout',
        `wal_sender_timeout is ${senderMs} ms.`,
        'A short pause of the network or of this process ends the stream; it starts again each time.',
        "ALTER SYSTEM SET wal_sender_timeout = '60s'; SELECT pg_reload_conf();",
      ),
    );
  } else {
    findings.push(good('wal_sender_timeout', `wal_sender_timeout is ${senderMs} ms.`));
  }
  const idleSeconds = Number(server.get('idle_replication_slot_timeout') ?? 0);
  if (idleSeconds > 0) {
    findings.push(
      warning(
        'idle_replication_slot_timeout',
        `Slots that nobody reads for ${idleSeconds} s are invalidated.`,
        'A connector that is paused or down for longer has lost its slot and needs a new snapshot.',
        'ALTER SYSTEM SET idle_replication_slot_timeout = 0; SELECT pg_reload_conf(); and watch the log that slots retain instead.',
      ),
    );
  }
  if (Number(server.get('logical_decoding_work_mem')) < 4096) {
    findings.push(note('logical_decoding_work_mem', 'It is below 4 MB: the server writes every larger transaction to its disk first.'));
  }
  return findings;
}
