import { ConnectError, findConnectError, type ErrorCode } from '../../base/errors.ts';

/** What was going on, for the message: `START_REPLICATION on slot "debezium"`. */
export interface SqlErrorContext {
  readonly doing: string;
  /** Shown in the details. */
  readonly host?: string | undefined;
  readonly user?: string | undefined;
  readonly database?: string | undefined;
}

/** A server error as `pg` brings it; told from others by its five-character SQLSTATE. */
export interface DatabaseError extends Error {
  readonly code: string;
  readonly detail?: string | undefined;
  readonly hint?: string | undefined;
}

export function sqlState(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  const { code, severity } = error as { code?: unknown; severity?: unknown };
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && severity !== undefined ? code : null;
}

interface Reading {
  readonly code: ErrorCode;
  readonly remedy: string;
}

const unreachable: Reading = {
  code: 'postgres.unreachable',
  remedy: 'Make sure that the server is up and reachable; the connector tries again.',
};

/** By whole SQLSTATE, else by its class (first two characters). */
const readings: Readonly<Record<string, Reading>> = {
  '28P01': { code: 'postgres.authentication', remedy: 'Correct "database.user" and "database.password".' },
  '28000': {
    code: 'postgres.authentication',
    remedy: 'Check "database.user", "database.sslmode" and that pg_hba.conf lets this host and user in, also for replication.',
  },
  '3D000': { code: 'config.invalid', remedy: 'Correct "database.dbname" or create the database.' },
  '42501': {
    code: 'postgres.privilege',
    remedy:
      'Grant the missing privilege to the user in "database.user"; to read a table a right to its captured columns is enough: GRANT SELECT (<column>, ...) ON <table> TO <user>.',
  },
  '55006': { code: 'postgres.slot-in-use', remedy: 'Stop the other reader of the slot, or choose another "slot.name".' },
  '53300': { code: 'postgres.unreachable', remedy: 'Raise max_connections or max_wal_senders on the server; the connector tries again.' },
  '53400': {
    code: 'postgres.setting',
    remedy: 'All replication slots are in use: drop one that nobody reads, or raise max_replication_slots and restart the server.',
  },
  '57014': {
    code: 'postgres.busy',
    remedy:
      'The statement was cancelled or took longer than "database.query.timeout.ms": raise that if it needs longer; the connector tries again.',
  },
  '55P03': {
    code: 'postgres.busy',
    remedy: 'Another session holds a lock on the table: let it end, or raise "snapshot.lock.timeout.ms"; the connector tries again.',
  },
  '40': { code: 'postgres.busy', remedy: 'The server gave precedence to others; the connector tries again.' },
  '53': { code: 'postgres.busy', remedy: 'The server is short of memory or disk space: look at its log; the connector tries again.' },
  '57P01': unreachable,
  '57P02': unreachable,
  '57P03': unreachable,
  '57P05': unreachable,
  '08': unreachable,
  '58': unreachable,
};

/**
 * Any error of a Postgres connection as a `ConnectError`: decided by SQLSTATE for what the server says, by Node's code
 * for the socket; never by message text.
 */
export function sqlError(error: unknown, context: SqlErrorContext): ConnectError {
  const known = findConnectError(error);
  if (known !== null) return known;
  const state = sqlState(error);
  const options = { cause: error, details: details(context, state) };
  if (state === null) {
    const tls = tlsRemedy(error);
    if (tls !== null) return new ConnectError('postgres.authentication', `TLS failed while ${context.doing}.`, { ...options, remedy: tls });
    if (!isConnectionFault(error)) {
      return new ConnectError('internal', `An unexpected fault while ${context.doing}.`, { cause: error });
    }
    // No SQLSTATE: the server said nothing, so the connection itself failed.
    return new ConnectError('postgres.unreachable', `The connection to Postgres failed while ${context.doing}.`, {
      ...options,
      remedy: unreachable.remedy,
    });
  }
  const reading = readings[state] ?? readings[state.slice(0, 2)];
  const hint = (error as DatabaseError).hint;
  const fault = reading === unreachable ? 'The connection to Postgres failed' : 'Postgres refused';
  // What the server says of privileges names tables and roles, never values.
  const said = reading?.code === 'postgres.privilege' && error instanceof Error ? `: ${error.message}` : '';
  return new ConnectError(reading?.code ?? 'postgres.query', `${fault} (SQLSTATE ${state}${said}) while ${context.doing}.`, {
    ...options,
    ...(reading !== undefined ? { remedy: reading.remedy } : hint === undefined ? {} : { remedy: hint }),
  });
}

/** Node gives socket errors a code; `pg` reports a lost connection as a plain `Error`. A fault of this program is neither. */
function isConnectionFault(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return typeof (error as { code?: unknown }).code === 'string' || Object.getPrototypeOf(error) === Error.prototype;
}

function details(context: SqlErrorContext, state: string | null): Record<string, string> {
  const facts: Record<string, string> = {};
  if (state !== null) facts['sqlState'] = state;
  if (context.host !== undefined) facts['host'] = context.host;
  if (context.user !== undefined) facts['user'] = context.user;
  if (context.database !== undefined) facts['database'] = context.database;
  return facts;
}

/** Null when the error does not come from TLS. The codes are OpenSSL's verification results and Node's own. */
function tlsRemedy(error: unknown): string | null {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  if (typeof code !== 'string') return null;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return 'The certificate is for another host: connect by a name that stands in it, or use "database.sslmode": "verify-ca".';
  }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') return 'Renew the certificate of the server.';
  if (/^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_|CERT_|HOSTNAME_MISMATCH)/.test(code)) {
    return 'Give the certificate authority of the server in "database.sslrootcert".';
  }
  return /^(ERR_SSL_|ERR_TLS_|ERR_OSSL_|EPROTO)/.test(code)
    ? 'Check "database.sslmode", "database.sslcert", "database.sslkey" and "database.sslpassword".'
    : null;
}
