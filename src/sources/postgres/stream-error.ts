import { ConnectError, findConnectError } from '../../base/errors.ts';
import type { SessionFactory } from './session.ts';
import type { PostgresSettings } from './settings.ts';
import { sqlError, sqlState } from './sql-error.ts';

/** What ended a stream, with the remedy that fits. `started`: the server had begun to send. */
export function streamError(
  error: unknown,
  { settings, sessions }: { readonly settings: PostgresSettings; readonly sessions: SessionFactory },
  started: boolean,
): ConnectError | Error {
  if (findConnectError(error) !== null) return error as Error;
  const slot = settings.slot.name;
  const state = sqlState(error);
  if (state === '55000' || state === '58P01' || (state === '42704' && !started)) {
    return new ConnectError('postgres.slot', `The server cannot stream from the replication slot "${slot}" (SQLSTATE ${state}).`, {
      cause: error,
      remedy: `Look at the slot in pg_replication_slots (wal_status); if it is lost, drop it, delete this connector's offsets and start with a new snapshot.`,
      details: { slot },
    });
  }
  if (state === '42704') return publicationMissing(settings, error);
  if (!started && settings.slot.streamParams.length > 0 && (state === 'XX000' || state === '22023')) {
    return new ConnectError('config.invalid', `The server does not take what "slot.stream.params" asks for (SQLSTATE ${state}).`, {
      cause: error,
      remedy: 'Correct "slot.stream.params": the options of START_REPLICATION that pgoutput knows depend on the version of the server.',
      details: { slot },
    });
  }
  return sqlError(error, sessions.context(`streaming from the slot "${slot}"`));
}

/** What the server says beside the stream, as `pg` brings it. */
export interface ServerNotice {
  readonly code: string | undefined;
  readonly message: string | undefined;
}

/**
 * From Postgres 18 on a publication that is not there is only a warning (SQLSTATE 55000), sent before the first change that
 * is left out because of it; older servers end the stream. Null: the notice is about something else.
 */
export function leftOutError(notice: ServerNotice, settings: PostgresSettings): ConnectError | null {
  return notice.code === '55000' ? publicationMissing(settings, new Error(notice.message)) : null;
}

function publicationMissing({ publication: { name }, slot }: PostgresSettings, cause: unknown): ConnectError {
  return new ConnectError('postgres.publication', `The publication "${name}" did not exist when the changes that are due now were made.`, {
    cause,
    remedy:
      `A publication has to be older than what the slot "${slot.name}" still holds: drop the slot, delete this connector's offsets, ` +
      'and start with a new snapshot.',
    details: { publication: name, slot: slot.name },
  });
}
