import { randomUUID } from 'node:crypto';

import { escapeIdentifier } from 'pg';

import type { Clock } from '../../../base/clock.ts';
import { classify } from '../../../base/errors.ts';
import type { Logger } from '../../../base/log.ts';
import type { SqlSession } from '../session.ts';
import type { PostgresSettings } from '../settings.ts';

/** Prefix of the log's own messages; they never become records. */
export const watermarkPrefix = 'millrace.watermark';

/**
 * Marks around the reading of a chunk. Which rows count is decided by the visibility of transactions, not by these marks;
 * they keep the server's log moving, and under Debezium's class name they are the rows that its users expect in the signal
 * table. A read-only connector writes nothing.
 */
export class Watermarks {
  readonly #settings: PostgresSettings;
  readonly #sql: SqlSession;
  readonly #clock: Clock;
  readonly #log: Logger;
  #openMs = 0;
  #refused = false;

  constructor(settings: PostgresSettings, sql: SqlSession, clock: Clock, log: Logger) {
    this.#log = log;
    this.#settings = settings;
    this.#sql = sql;
    this.#clock = clock;
  }

  /** The name of the window; null: none is written. */
  async open(): Promise<string | null> {
    const table = this.#table();
    if (table === null) return null;
    const name = randomUUID();
    this.#openMs = this.#clock.now();
    const data = { openWindowTimestamp: new Date(this.#openMs).toISOString() };
    await this.#write(`INSERT INTO ${table} VALUES ($1, $2, $3)`, [`${name}-open`, 'snapshot-window-open', JSON.stringify(data)]);
    return name;
  }

  async close(name: string | null): Promise<void> {
    const table = this.#table();
    if (table === null || name === null) return;
    if (this.#settings.signals.watermarking === 'insert_delete') {
      await this.#write(`DELETE FROM ${table} WHERE id = $1`, [`${name}-open`]);
      return;
    }
    const closed = new Date(this.#clock.now()).toISOString();
    const data = { openWindowTimestamp: new Date(this.#openMs).toISOString(), closeWindowTimestamp: closed };
    await this.#write(`INSERT INTO ${table} VALUES ($1, $2, $3)`, [`${name}-close`, 'snapshot-window-close', JSON.stringify(data)]);
  }

  /** Has the server bring its log to disk up to here, so that the stream gets here. */
  async push(): Promise<void> {
    if (this.#settings.signals.readOnly || this.#refused) return;
    await this.#write(`SELECT pg_catalog.pg_logical_emit_message(true, $1, '')`, [watermarkPrefix]);
  }

  #table(): string | null {
    const { dataCollection, readOnly } = this.#settings.signals;
    if (dataCollection === null || readOnly || this.#refused || this.#settings.dialect !== 'debezium') return null;
    const dot = dataCollection.indexOf('.');
    return `${escapeIdentifier(dataCollection.slice(0, dot))}.${escapeIdentifier(dataCollection.slice(dot + 1))}`;
  }

  async #write(statement: string, values: readonly unknown[]): Promise<void> {
    try {
      await this.#sql.use('writing the mark of a snapshot window', (client) => client.query(statement, [...values]));
    } catch (error) {
      if (classify(error) === 'retry') throw error;
      // Nothing depends on it: without the right to write, on a standby, or where the table is gone.
      if (!this.#refused) this.#log.warn({ err: error }, 'marks of snapshot windows cannot be written; it goes on without');
      this.#refused = true;
    }
  }
}
