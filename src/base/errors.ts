/**
 * One error class, one closed list of codes, one total classification.
 *
 * A `ConnectError` is read by a person: `message` names the thing and the reason, `remedy` says what to do.
 * Decisions are taken from `code` (and SQLSTATE or Kafka error codes inside adapters), never from message text.
 * Wrap foreign errors with `cause`; either throw or log, never both.
 */

/** What the supervisor does with a failure: try the task again later, fail the task, or stop because someone else took over. */
export type Reaction = 'retry' | 'fail' | 'stop';

const reactions = {
  /** A config value is missing, malformed or contradicts another. */
  'config.invalid': 'fail',
  /** A file named in the config (worker, connector, CSV, secret) is missing, unreadable or malformed. */
  'file.unreadable': 'fail',
  /** No TCP connection, connection cut, or server still starting: it may come back. */
  'postgres.unreachable': 'retry',
  /** A statement gave way to others: cancelled, out of time, a lock that was not free, a deadlock, no memory or disk. */
  'postgres.busy': 'retry',
  'postgres.authentication': 'fail',
  'postgres.privilege': 'fail',
  /** `wal_level`, encoding, version or another server setting does not fit. */
  'postgres.setting': 'fail',
  'postgres.publication': 'fail',
  /** The slot is active for another process; it may be released. */
  'postgres.slot-in-use': 'retry',
  /** The slot is lost, invalidated, of another plugin or database, or was recreated. */
  'postgres.slot': 'fail',
  /** The stored offset cannot be served by the slot: going on would lose changes silently. */
  'postgres.offset': 'fail',
  /** The server sent something that pgoutput does not define. */
  'postgres.protocol': 'fail',
  /** Transactions in progress take more room than allowed, or their directory cannot be written. */
  'postgres.spill': 'fail',
  /** Any other SQL error; adapters choose a more precise code by SQLSTATE where they can. */
  'postgres.query': 'fail',
  /** A newer run under the same name writes into this database. */
  'postgres.fenced': 'stop',
  'kafka.unreachable': 'retry',
  'kafka.authentication': 'fail',
  'kafka.authorization': 'fail',
  /** A newer incarnation of this task holds the transactional id. */
  'kafka.fenced': 'stop',
  'kafka.record-too-large': 'fail',
  'kafka.topic': 'fail',
  /** A retriable broker answer (no leader, coordinator moving, timeout) that outlived the client's own retries. */
  'kafka.transient': 'retry',
  'kafka.protocol': 'fail',
  'registry.unreachable': 'retry',
  'registry.authentication': 'fail',
  /** The registry refused the schema: 409 incompatible, or 422 invalid. */
  'registry.schema': 'fail',
  /** A value does not fit its type, or a row does not fit its table or file. */
  'data.value': 'fail',
  'data.row': 'fail',
  /** The shape of a record cannot be expressed in the chosen format or transform. */
  'data.shape': 'fail',
  /** Broken invariant or unexpected exception: a fault of this program. */
  internal: 'fail',
} as const satisfies Record<string, Reaction>;

export type ErrorCode = keyof typeof reactions;

export interface ConnectErrorOptions {
  /** One sentence in the imperative: what to change so that this does not happen again. */
  readonly remedy?: string;
  readonly cause?: unknown;
  /** Facts for logs and traces (`file`, `line`, `column`, `lsn`, `topic`, ...). Never secrets, never cell values. */
  readonly details?: Readonly<Record<string, string | number | bigint | boolean>>;
}

export class ConnectError extends Error {
  override readonly name = 'ConnectError';
  readonly code: ErrorCode;
  readonly remedy: string | null;
  readonly details: Readonly<Record<string, string | number | bigint | boolean>>;

  constructor(code: ErrorCode, message: string, options: ConnectErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.remedy = options.remedy ?? null;
    this.details = options.details ?? {};
  }
}

/** Total: whatever was thrown, somewhere in its cause chain a `ConnectError` decides, else it is an internal fault. */
export function classify(error: unknown): Reaction {
  return reactions[findConnectError(error)?.code ?? 'internal'];
}

/** The registry finds the schema incompatible with what the subject has: what follows is a matter of policy. */
export function isIncompatible(error: unknown): error is ConnectError {
  return error instanceof ConnectError && error.code === 'registry.schema' && error.details['status'] === 409;
}

export function findConnectError(error: unknown): ConnectError | null {
  for (let at = error, depth = 0; at instanceof Error && depth < 16; at = at.cause, depth += 1) {
    if (at instanceof ConnectError) return at;
  }
  return null;
}

/** Of the error and of what caused it. */
export function messagesOf(error: unknown): string[] {
  const messages: string[] = [];
  for (let at = error; at instanceof Error && messages.length < 16; at = at.cause) messages.push(at.message);
  return messages;
}

/** The text a person reads: reason, remedy, causes. Used for status traces, logs and the command line alike. */
export function describeError(error: unknown): string {
  const lines: string[] = [];
  for (let at: unknown = error, depth = 0; at !== undefined && at !== null && depth < 16; depth += 1) {
    if (at instanceof ConnectError) {
      lines.push(at.remedy === null ? at.message : `${at.message}${/[.!?]$/.test(at.message) ? '' : '.'} Remedy: ${at.remedy}`);
      at = at.cause;
    } else if (at instanceof Error) {
      lines.push(at.message === '' ? at.name : at.message);
      at = at.cause;
    } else {
      lines.push(typeof at === 'string' ? at : JSON.stringify(at));
      at = undefined;
    }
  }
  return lines.join(' Caused by: ');
}
