import assert from 'node:assert/strict';
import type { Database } from './database.ts';

/** Who reads a slot, as the server sees it. */
export interface Walsender {
  readonly pid: number;
  /** How far the server has sent, and what it knows to be stored. */
  readonly sent: string;
  readonly confirmed: string;
  /** When the reader last said so, by its own clock. */
  readonly heard: string;
}

/** Null: nobody reads the slot. */
export async function walsenderOf(db: Database, slot: string): Promise<Walsender | null> {
  const [found] = await db.query<{ [Key in keyof Walsender]: Walsender[Key] }>(
    `SELECT r.pid, r.sent_lsn::text AS sent, s.confirmed_flush_lsn::text AS confirmed, r.reply_time::text AS heard
     FROM pg_replication_slots s JOIN pg_stat_replication r ON r.pid = s.active_pid WHERE s.slot_name = $1`,
    [slot],
  );
  return found ?? null;
}

/**
 * Resolves when the reader of the slot has spoken so many times more, which keeps its connection alive; `through` has to hold for
 * all of them in a row. Fails when the connection is another one by then.
 */
export async function untilHeard(
  db: Database,
  slot: string,
  times: number,
  through: (before: Walsender, now: Walsender) => boolean = () => true,
): Promise<Walsender> {
  const first = await walsenderOf(db, slot);
  assert.ok(first !== null, `nobody reads the slot ${slot}`);
  const deadline = performance.now() + 120_000;
  for (let [last, heard] = [first, 0]; heard < times;) {
    assert.ok(performance.now() < deadline, `the reader of the slot ${slot} was heard ${heard} times`);
    const now = await walsenderOf(db, slot);
    assert.equal(now?.pid, first.pid, 'the connection was kept alive');
    if (now.heard !== last.heard) {
      heard = through(last, now) ? heard + 1 : 0;
      last = now;
    } else await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return first;
}

/** A walsender that was told to leave holds its slot a moment longer (55006 object in use). */
export async function dropSlot(db: Database, slot: string): Promise<void> {
  for (const deadline = performance.now() + 120_000; ;) {
    try {
      await db.query('SELECT pg_drop_replication_slot($1)', [slot]);
      return;
    } catch (error) {
      if ((error as { code?: string }).code !== '55006' || performance.now() > deadline) throw error;
    }
  }
}
