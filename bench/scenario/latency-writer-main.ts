/**
 * Writes single-row transactions at a steady rate, whether or not the ones before are done: a thread of its own, so that neither
 * writer nor reader delays the other. Answers with the moments of each commit.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'pg';
import { templateTable } from '../measure/bench-database.ts';
import { monotonicMs } from '../measure/monotonic.ts';

export interface LatencyWriterTask {
  readonly url: string;
  readonly table: string;
  readonly perSecond: number;
  readonly rows: number;
}

export interface LatencyWriterAnswer {
  /** By id: before the statement was sent, and when its commit was acknowledged. */
  readonly sentMs: Float64Array;
  readonly committedMs: Float64Array;
}

const connections = 8;
const task = workerData as LatencyWriterTask;
const pool = new Pool({ connectionString: task.url, max: connections });
// All connections are there before the first row.
await Promise.all(Array.from({ length: connections }, () => pool.query('SELECT pg_sleep(0.1)')));
const sentMs = new Float64Array(task.rows + 1);
const committedMs = new Float64Array(task.rows + 1);
const text = `INSERT INTO ${task.table} SELECT * FROM ${templateTable} WHERE id = $1`;
const pending: Promise<void>[] = [];

async function write(id: number): Promise<void> {
  sentMs[id] = monotonicMs();
  await pool.query({ name: 'write', text, values: [id] });
  committedMs[id] = monotonicMs();
}

const fromMs = monotonicMs();
for (let id = 1; id <= task.rows;) {
  const due = Math.min(task.rows, Math.floor(((monotonicMs() - fromMs) * task.perSecond) / 1000) + 1);
  for (; id <= due; id += 1) pending.push(write(id));
  await sleep(1);
}
await Promise.all(pending);
await pool.end();
parentPort?.postMessage({ sentMs, committedMs } satisfies LatencyWriterAnswer, [sentMs.buffer, committedMs.buffer]);
