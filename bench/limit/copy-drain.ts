import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineProcess } from '../engine/engine-process.ts';
import type { BenchDatabase } from '../measure/bench-database.ts';
import { monotonicMs } from '../measure/monotonic.ts';
import { NoteWatch } from '../measure/note-watch.ts';
import type { RunProgress } from '../measure/run-progress.ts';
import { UsageLog } from '../measure/usage-log.ts';

const main = join(import.meta.dirname, 'drain-main.ts');

/** What Postgres can copy out at most: all rows of a table to a reader that drops them, from its first row to its last. */
export async function copyToNowhere(
  database: BenchDatabase,
  parent: string,
  table: string,
  rows: number,
  timeoutMs: number,
): Promise<RunProgress> {
  const folder = await mkdtemp(join(parent, 'copy-'));
  const process = new EngineProcess({
    name: 'The COPY',
    folder,
    command: globalThis.process.execPath,
    args: [main, database.url, 'copy', table],
    config: {},
  });
  try {
    const usage = new UsageLog(() => new Map([['engine', process.pid]]));
    const watch = new NoteWatch(join(folder, 'engine.log'), usage);
    watch.begin();
    const progress = await watch.complete(monotonicMs(), rows, timeoutMs, () => process.requireRunning());
    // Its notes begin when the statement is sent.
    return { ...progress, fromMs: watch.firstNoteMs };
  } finally {
    await process.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
