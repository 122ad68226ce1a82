import { describeError, findConnectError } from '../base/errors.ts';

/** How much a finding matters. `problem`: the connector cannot start, or loses changes. `warning`: it may, later. */
export type FindingLevel = 'ok' | 'note' | 'warning' | 'problem';

/** One thing that an examination looked at before a connector is started, as a person reads it. */
export interface Finding {
  /** What was looked at: `wal_level`, `table public.orders`. */
  readonly subject: string;
  readonly level: FindingLevel;
  /** What is so, in one sentence. */
  readonly found: string;
  /** What may come of it; null where there is nothing to fear. */
  readonly risk: string | null;
  /** The exact SQL statement or setting that mends it; null where nothing has to be done. */
  readonly remedy: string | null;
  /** Only what changes no data, needs no restart and can be taken back. */
  readonly fix: Fix | null;
}

export interface Fix {
  /** Shown before it is applied. */
  readonly statement: string;
  apply(): Promise<void>;
}

/** Takes findings one by one, and decides about the fix while the examination waits with its connection open. */
export type FindingHandler = (finding: Finding) => Promise<void>;

export function good(subject: string, found: string): Finding {
  return { subject, level: 'ok', found, risk: null, remedy: null, fix: null };
}

export function note(subject: string, found: string, remedy: string | null = null): Finding {
  return { subject, level: 'note', found, risk: null, remedy, fix: null };
}

export function warning(subject: string, found: string, risk: string, remedy: string, fix: Fix | null = null): Finding {
  return { subject, level: 'warning', found, risk, remedy, fix };
}

export function problem(subject: string, found: string, risk: string, remedy: string, fix: Fix | null = null): Finding {
  return { subject, level: 'problem', found, risk, remedy, fix };
}

/** What could not even be looked at: the error's own sentence and remedy. */
export function failure(subject: string, error: unknown, risk: string, remedy: string): Finding {
  const known = findConnectError(error);
  if (known === null) return problem(subject, describeError(error), risk, remedy);
  const reason = known.cause === undefined ? '' : ` (${describeError(known.cause)})`;
  return problem(subject, `${known.message}${reason}`, risk, known.remedy ?? remedy);
}
