import { ConnectError, type ErrorCode } from '../../base/errors.ts';

interface Reading {
  readonly code: ErrorCode;
  readonly remedy: string;
}

const unreachable: Reading = { code: 'postgres.unreachable', remedy: 'Make sure that the server is up and reachable; it is tried again.' };

/** By whole SQLSTATE, else by its class (first two characters). */
const readings: Readonly<Record<string, Reading>> = {
  '3D000': { code: 'config.invalid', remedy: 'Correct the database in the address, or create it.' },
  '3F000': { code: 'postgres.query', remedy: 'Create the schema.' },
  '42501': { code: 'postgres.privilege', remedy: 'Grant the user the right to create and to write the tables, or create them beforehand.' },
  '42P10': {
    code: 'postgres.query',
    remedy: 'Give the table a primary key or unique index on the columns of the key, or drop it so that it is made anew.',
  },
  '42703': { code: 'postgres.query', remedy: 'Add the column to the table, or drop the table so that it is made anew.' },
  '42804': {
    code: 'postgres.query',
    remedy: 'Give the column the type that the message asks for, or drop the table so that it is made anew.',
  },
  '28': { code: 'postgres.authentication', remedy: 'Correct user and password in the address.' },
  '22': { code: 'postgres.query', remedy: 'Give the column a type that holds the value.' },
  '23': {
    code: 'postgres.query',
    remedy: 'Look at the constraint that the message names: what stands in the table already must allow these rows.',
  },
  '40': unreachable,
  '53': unreachable,
  '57': unreachable,
  '08': unreachable,
  '58': unreachable,
};

/** An error of the server by its SQLSTATE, everything else as a connection that does not work. Never holds the address. */
export function postgresError(error: unknown, doing: string): ConnectError {
  if (error instanceof ConnectError) return error;
  const { code, message } = (error ?? {}) as { readonly code?: unknown; readonly message?: unknown };
  const state = typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : null;
  const reading = state === null ? unreachable : (readings[state] ?? readings[state.slice(0, 2)]);
  const { code: found, remedy } = reading ?? { code: 'postgres.query' as const, remedy: 'Correct what the message names.' };
  // Messages of this class quote the value.
  if (state?.startsWith('22') === true)
    return new ConnectError(found, `Postgres, ${doing}: a value does not fit its column (SQLSTATE ${state}).`, { remedy });
  return new ConnectError(found, `Postgres, ${doing}: ${typeof message === 'string' && message !== '' ? message : String(code)}`, {
    remedy,
    cause: error,
  });
}
