import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { connect } from './taxi-database.ts';

const tickMs = 50;
/** Trips are taken away from here on, so that the database of a demo that runs for days stays small. */
const tripsMax = 1500;

const statements = {
  request: `INSERT INTO trips (pickup_zone, passengers, extras)
    VALUES (1 + floor(random() * 24)::int, 1 + floor(random() * 4)::int, CASE WHEN random() < 0.2 THEN '{"luggage": 1}'::jsonb END)`,
  pickUp: `UPDATE trips SET status = 'riding', picked_up_at = now(), cab = 1 + floor(random() * 40)::int, dropoff_zone = 1 + floor(random() * 24)::int
    WHERE id = (SELECT id FROM trips WHERE status = 'requested' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)`,
  dropOff: `UPDATE trips SET status = 'done', dropped_off_at = now(), distance_miles = round((random() * 12 + 0.4)::numeric, 1)::float8,
      fare = round((random() * 40 + 3.5)::numeric, 2), tip = CASE WHEN random() < 0.6 THEN round((random() * 6)::numeric, 2) END
    WHERE id = (SELECT id FROM trips WHERE status = 'riding' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)`,
  cancel: `UPDATE trips SET status = 'cancelled' WHERE id = (SELECT max(id) FROM trips WHERE status = 'requested')`,
  rate: `UPDATE cabs SET rating = least(5, greatest(1, rating + (random() - 0.5) * 0.2)), zone = 1 + floor(random() * 24)::int, seen_at = now()
    WHERE id = 1 + floor(random() * 40)::int`,
  remove: `DELETE FROM trips WHERE id = (SELECT min(id) FROM trips WHERE status IN ('done', 'cancelled'))`,
} as const;

type Action = keyof typeof statements;

/** What happens next, from a number in [0, 1): more requests than trips end, until old trips have to go. */
export function chooseAction(random: number, trips: number): Action {
  if (random < 0.08) return 'rate';
  if (random < 0.12) return 'cancel';
  if (random < 0.4) return 'request';
  if (random < 0.65) return 'pickUp';
  if (random < 0.88) return 'dropOff';
  return trips > tripsMax || random > 0.95 ? 'remove' : 'request';
}

/** A taxi company at work: inserts, updates and deletes at a steady pace, each a transaction of its own. */
export class Workload {
  readonly #client: Client;
  readonly #stopped = new AbortController();
  readonly #done: Promise<void>;
  /** Rows changed so far. */
  changes = 0;
  /** Why it stopped by itself, for example because Postgres is gone. */
  failure: Error | null = null;

  private constructor(client: Client, rowsPerSecond: number) {
    this.#client = client;
    this.#done = this.#run(rowsPerSecond).catch((error: unknown) => {
      if (!this.#stopped.signal.aborted) this.failure = error instanceof Error ? error : new Error(String(error));
    });
  }

  static async start(url: string, rowsPerSecond: number): Promise<Workload> {
    return new Workload(await connect(url), rowsPerSecond);
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#done;
    await this.#client.end();
  }

  async #run(rowsPerSecond: number): Promise<void> {
    const { signal } = this.#stopped;
    const from = performance.now();
    for (let asked = 0, trips = 600; !signal.aborted;) {
      const due = Math.floor(((performance.now() - from) / 1000) * rowsPerSecond);
      if (asked >= due) {
        await sleep(tickMs, undefined, { signal });
        continue;
      }
      asked += 1;
      const action = chooseAction(Math.random(), trips);
      const { rowCount } = await this.#client.query(statements[action]);
      this.changes += rowCount ?? 0;
      if (action === 'request') trips += 1;
      if (action === 'remove') trips -= rowCount ?? 0;
    }
  }
}
