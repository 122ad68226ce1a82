import type { Client } from 'pg';
import type { BenchDatabase } from '../measure/bench-database.ts';
import { templateTable } from '../measure/bench-database.ts';
import { monotonicMs } from '../measure/monotonic.ts';
import type { LatencyWriterAnswer, LatencyWriterTask } from './latency-writer-main.ts';

/** Commits that wait for the disk together share the wait: with 8 a busy machine does not come to 5,000 a second. */
const connections = 24;
const clockLooks = 50;
const procedure = 'bench.write_steadily';

/**
 * Inserts rows `first`, `first + step` and so on up to `last`, each in a transaction of its own that is due at its time. Answers
 * with the seconds of the server's clock, two for each row: before the insert, and when its commit was done.
 */
const procedureSql = (table: string): string => `
  CREATE OR REPLACE PROCEDURE ${procedure}(first int, step int, last int, per_second float8, from_s float8, INOUT moments float8[])
  LANGUAGE plpgsql AS $body$
  DECLARE at int := 1;
  BEGIN
    moments := array_fill(0::float8, ARRAY[2 * ((last - first) / step + 1)]);
    FOR id_now IN first .. last BY step LOOP
      PERFORM pg_sleep(from_s + id_now / per_second - extract(epoch FROM clock_timestamp())::float8);
      moments[at] := extract(epoch FROM clock_timestamp());
      INSERT INTO ${table} SELECT * FROM ${templateTable} WHERE id = id_now;
      COMMIT;
      moments[at + 1] := extract(epoch FROM clock_timestamp());
      at := at + 2;
    END LOOP;
  END $body$`;

/**
 * As the writer thread does, with the loop in Postgres: a client of thousands of statements a second needs more of the processor
 * than all that is measured, and hears of its commits too late.
 */
export async function writeSteadily(database: BenchDatabase, { table, perSecond, rows }: LatencyWriterTask): Promise<LatencyWriterAnswer> {
  const clients: Client[] = [];
  try {
    for (let at = 0; at < connections; at += 1) clients.push(await database.connect());
    await database.client.query(procedureSql(table));
    const aheadMs = await serverAheadMs(database);
    const fromSeconds = (monotonicMs() + aheadMs + 100) / 1000;
    const answer = { sentMs: new Float64Array(rows + 1), committedMs: new Float64Array(rows + 1) };
    const write = async (client: Client, at: number): Promise<void> => {
      if (at + 1 > rows) return;
      const call = `CALL ${procedure}(${at + 1}, ${connections}, ${rows}, ${perSecond}, ${fromSeconds}, NULL)`;
      const { rows: answers } = await client.query<{ moments: readonly number[] }>(call);
      for (const [index, moment] of (answers[0]?.moments ?? []).entries()) {
        const id = at + 1 + Math.floor(index / 2) * connections;
        (index % 2 === 0 ? answer.sentMs : answer.committedMs)[id] = moment * 1000 - aheadMs;
      }
    };
    await Promise.all(clients.map(write));
    return answer;
  } finally {
    await Promise.all(clients.map((client) => client.end()));
  }
}

/** The server's clock less this process' monotonic one, by the quickest of some answers: half its time is the error at most. */
async function serverAheadMs(database: BenchDatabase): Promise<number> {
  let best = { tookMs: Infinity, aheadMs: Number.NaN };
  for (let look = 0; look < clockLooks; look += 1) {
    const beforeMs = monotonicMs();
    const server = await database.value<number>('SELECT extract(epoch FROM clock_timestamp())::float8 AS value');
    const afterMs = monotonicMs();
    const tookMs = afterMs - beforeMs;
    if (tookMs < best.tookMs) best = { tookMs, aheadMs: (server ?? Number.NaN) * 1000 - (beforeMs + afterMs) / 2 };
  }
  return best.aheadMs;
}
