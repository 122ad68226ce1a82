import type { Clock, Timer } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { SourceRegisters } from './registers.ts';
import type { SqlSession } from './session.ts';

export interface SlotXminParts {
  readonly slot: string;
  /** 0: never. */
  readonly intervalMs: number;
  readonly sql: Pick<SqlSession, 'use'>;
  readonly registers: SourceRegisters;
  readonly clock: Clock;
  readonly log: Logger;
}

/** `source.xmin`: the oldest transaction whose catalog rows the slot keeps, read beside the stream at `xmin.fetch.interval.ms`. */
export class SlotXmin {
  readonly #parts: SlotXminParts;
  #timer: Timer | null = null;
  #closed = false;

  private constructor(parts: SlotXminParts) {
    this.#parts = parts;
  }

  /** Null: records have none. */
  static create(parts: SlotXminParts): SlotXmin | null {
    return parts.intervalMs === 0 ? null : new SlotXmin(parts);
  }

  /** Resolves when the first record can have it. */
  async begin(): Promise<void> {
    await this.#read();
    this.#wait();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #wait(): void {
    if (!this.#closed) this.#timer = this.#parts.clock.after(this.#parts.intervalMs, () => void this.#again());
  }

  async #again(): Promise<void> {
    try {
      await this.#read();
    } catch (error) {
      if (!this.#closed) this.#parts.log.warn({ err: error }, 'the xmin of the slot could not be read: source.xmin stays as it is');
    }
    this.#wait();
  }

  async #read(): Promise<void> {
    const { sql, slot, registers } = this.#parts;
    const { rows } = await sql.use('reading the xmin of the slot', (client) =>
      client.query<{ xmin: string | null }>(
        `SELECT catalog_xmin::text AS xmin FROM pg_catalog.pg_replication_slots WHERE slot_name = ${client.escapeLiteral(slot)}`,
      ),
    );
    const xmin = rows[0]?.xmin ?? null;
    registers.watchedXmin = xmin === null ? null : Number(xmin);
  }
}
