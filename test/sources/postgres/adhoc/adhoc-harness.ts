import type { Client } from 'pg';

import type { CollectedChange } from '../../../support/collecting-outlet.ts';
import type { Database } from '../../../support/database.ts';
import { startSource, untilStreaming, untilTrue, type Running, type RunOptions } from '../source-fixture.ts';

export const signalTable = 'CREATE TABLE signals (id varchar(42) PRIMARY KEY, type varchar(32) NOT NULL, data varchar(2048))';
export const withSignals = { 'signal.data.collection': 'public.signals', 'table.exclude.list': 'public.signals' };
export const withNotes = { 'notification.enabled.channels': 'sink', 'notification.sink.topic.name': 'notes' };

export async function streaming(db: Database, options: RunOptions = {}): Promise<Running> {
  const running = startSource(db, { ...options, extra: { ...withNotes, ...options.extra } });
  await untilStreaming(db, running);
  return running;
}

/** Sends a signal as REST does, and plays the sink that stores it. */
export async function send(running: Running, type: string, data: object = {}): Promise<void> {
  const { source, out } = running;
  const id = `s${performance.now()}`;
  const sent = source.signal({ id, type, data: JSON.stringify(data) });
  let settled = false;
  const settle = (): boolean => (settled = true);
  sent.then(settle, settle);
  await untilTrue(() => {
    source.confirm(out.boundaries.slice(-1));
    return Promise.resolve(settled);
  });
  await sent;
}

export function execute(running: Running, tables: readonly string[], more: object = {}): Promise<void> {
  return send(running, 'execute-snapshot', { type: 'incremental', 'data-collections': tables, ...more });
}

/** Rows of a table as `op` and one column. */
export function told(changes: readonly CollectedChange[], table: string, column = 'id'): string[] {
  return changes
    .filter((change) => change.table === table && change.op !== 'tombstone')
    .map(({ op, before, after }) => `${op}${(after ?? before)?.[column] as string}`);
}

/** Notifications as type and, where there is one, status. */
export function notes(changes: readonly CollectedChange[]): string[] {
  return changes
    .filter(({ table, after }) => table === 'notes' && after?.['type'] !== 'IN_PROGRESS')
    .map(({ after }) => {
      const status = /"status","(\w+)"/.exec((after?.['additional_data'] ?? '') as string)?.[1];
      return `${after?.['type'] as string}${status === undefined ? '' : ` ${status}`}`;
    });
}

export async function untilNote(running: Running, note: string): Promise<void> {
  await running.out.until(() => notes(running.out.changes).includes(note));
}

const lock = 4711;

/** Holds every window of a snapshot open between the reading of its rows and their handing over, until it is let go. */
export class WindowHold {
  readonly #db: Database;
  readonly #session: Client;

  private constructor(db: Database, session: Client) {
    this.#db = db;
    this.#session = session;
  }

  static async open(db: Database): Promise<WindowHold> {
    await db.query(`
      CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_xact_lock(${lock}); RETURN NEW; END';
      CREATE TRIGGER hold BEFORE INSERT ON signals FOR EACH ROW WHEN (NEW.type = 'snapshot-window-close') EXECUTE FUNCTION hold()`);
    const session = await db.connect();
    await session.query(`SELECT pg_advisory_lock(${lock})`);
    return new WindowHold(db, session);
  }

  /** Rows have been read and are held. */
  async untilHeld(): Promise<void> {
    await untilTrue(async () => {
      const waiting = await this.#db.query(`SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = ${lock} AND NOT granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`);
      return waiting.length > 0;
    });
  }

  /** Holds the windows that are opened from now on. */
  async again(): Promise<void> {
    await this.#session.query(`SELECT pg_advisory_lock(${lock})`);
  }

  async letGo(): Promise<void> {
    await this.#session.query(`SELECT pg_advisory_unlock(${lock})`);
  }
}
