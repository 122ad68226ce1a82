import type { Client } from 'pg';

import type { Clock, Timer } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { SessionFactory, SqlSession } from './session.ts';

const lookMs = 10_000;
const repeatMs = 90_000;

export interface LockWatchParts {
  readonly sql: SqlSession;
  readonly sessions: Pick<SessionFactory, 'connect'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** A wait is told of when it has lasted so long; for tests. */
  readonly everyMs?: number;
}

interface Wait {
  readonly pid: number;
  readonly table: string;
  readonly mode: string;
  readonly seconds: number;
  readonly holders: string[];
}

/** Sessions of this connector by their name: those of the slot wait for transactions, and are told of where slots are made. */
const waitsSql = `
  SELECT a.pid, l.relation::regclass::text AS table, l.mode, round(extract(epoch FROM clock_timestamp() - a.query_start))::int AS seconds,
         ARRAY(SELECT CASE WHEN p = 0 THEN 'a prepared transaction (pg_prepared_xacts)' ELSE 'process ' || p
                      || COALESCE(' (' || NULLIF(b.application_name, '') || ')', '')
                      || COALESCE(', ' || b.state || ', transaction open for ' || round(extract(epoch FROM clock_timestamp() - b.xact_start)) || ' s', '') END
               FROM pg_catalog.unnest(pg_catalog.pg_blocking_pids(a.pid)) p LEFT JOIN pg_catalog.pg_stat_activity b ON b.pid = p) AS holders
  FROM pg_catalog.pg_stat_activity a JOIN pg_catalog.pg_locks l ON l.pid = a.pid AND NOT l.granted AND l.locktype = 'relation'
  WHERE a.application_name = pg_catalog.current_setting('application_name') AND a.usename = current_user
    AND a.datname = current_database() AND a.query_start < clock_timestamp() - $1 * interval '1 millisecond'`;

/**
 * Says for which lock the connector waits, and who holds it: a migration that stays open holds up catalog, snapshots and
 * publications without an error, as long as it takes.
 */
export class LockWatch {
  readonly #parts: LockWatchParts;
  readonly #everyMs: number;
  /** By session and table: when it was said last. */
  readonly #said = new Map<string, number>();
  #timer: Timer | null = null;
  #stopped = false;
  /** The session for questions has not answered yet. */
  #asking = false;

  constructor(parts: LockWatchParts) {
    this.#parts = parts;
    this.#everyMs = parts.everyMs ?? lookMs;
  }

  start(): void {
    this.#timer = this.#parts.clock.after(this.#everyMs, () => {
      void this.#look().finally(() => {
        if (!this.#stopped) this.start();
      });
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** Never rejects. */
  async #look(): Promise<void> {
    const { clock, log } = this.#parts;
    try {
      const waits = await this.#waits();
      const nowMs = clock.monotonic();
      const names = waits.map(({ pid, table }) => `${pid} ${table}`);
      for (const name of this.#said.keys()) if (!names.includes(name)) this.#said.delete(name);
      for (const [index, { table, mode, seconds, holders }] of waits.entries()) {
        const name = names[index] ?? '';
        if (this.#stopped || nowMs - (this.#said.get(name) ?? -Infinity) < repeatMs) continue;
        this.#said.set(name, nowMs);
        log.warn(
          { table, mode, seconds, holders },
          'waiting for a lock on a table; it goes on when the others have ended their transactions',
        );
      }
    } catch (error) {
      // Only a look: what is wrong with the server shows in the work itself.
      log.debug({ err: error }, 'locks could not be looked at');
    }
  }

  async #waits(): Promise<readonly Wait[]> {
    const { sql, sessions, clock } = this.#parts;
    if (!this.#asking) {
      this.#asking = true;
      const answer = sql
        .client()
        .then((client) => this.#ask(client))
        .finally(() => (this.#asking = false));
      answer.catch(() => {});
      const { promise: late, resolve } = Promise.withResolvers<null>();
      const timer = clock.after(this.#everyMs, () => resolve(null));
      const waits = await Promise.race([answer, late]).finally(() => timer.cancel());
      if (waits !== null) return waits;
    }
    // It may be this session that waits.
    const client = await sessions.connect();
    try {
      return await this.#ask(client);
    } finally {
      await client.end().catch(() => {});
    }
  }

  async #ask(client: Client): Promise<readonly Wait[]> {
    return (await client.query<Wait>(waitsSql, [this.#everyMs])).rows;
  }
}
