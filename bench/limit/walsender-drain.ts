import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineProcess } from '../engine/engine-process.ts';
import type { BenchDatabase } from '../measure/bench-database.ts';
import { monotonicMs } from '../measure/monotonic.ts';
import { NoteWatch } from '../measure/note-watch.ts';
import type { RunProgress } from '../measure/run-progress.ts';
import { UsageLog } from '../measure/usage-log.ts';

const main = join(import.meta.dirname, 'drain-main.ts');
const startTimeoutMs = 30_000;

/** What Postgres can send at most: a reader that takes everything and does nothing with it. */
export class WalsenderDrain implements AsyncDisposable {
  readonly process: EngineProcess;
  readonly #database: BenchDatabase;
  readonly #folder: string;
  readonly #name: string;
  readonly #walsender: number;

  private constructor(database: BenchDatabase, folder: string, name: string, process: EngineProcess, walsender: number) {
    this.#database = database;
    this.#folder = folder;
    this.#name = name;
    this.process = process;
    this.#walsender = walsender;
  }

  static async start(database: BenchDatabase, parent: string, name: string, tables: readonly string[]): Promise<WalsenderDrain> {
    const folder = await mkdtemp(join(parent, 'drain-'));
    await database.client.query(`CREATE PUBLICATION "${name}" FOR TABLE ${tables.join(', ')} WITH (publish = 'insert, update, delete')`);
    await database.client.query('SELECT pg_create_logical_replication_slot($1, $2)', [name, 'pgoutput']);
    const process = new EngineProcess({
      name: 'The drain',
      folder,
      command: globalThis.process.execPath,
      args: [main, database.url, 'slot', name],
      config: {},
    });
    const deadline = performance.now() + startTimeoutMs;
    for (;;) {
      process.requireRunning();
      const pid = await database.value<number>(`SELECT active_pid AS value FROM pg_replication_slots WHERE slot_name = '${name}'`);
      if (pid !== null) return new WalsenderDrain(database, folder, name, process, pid);
      if (performance.now() > deadline) throw new Error(`does not stream after ${startTimeoutMs / 1000} s`);
      await sleep(20);
    }
  }

  async run(rows: number, timeoutMs: number, act: () => void | Promise<void>): Promise<RunProgress> {
    const usage = new UsageLog(
      () =>
        new Map([
          ['engine', this.process.pid],
          ['walsender', this.#walsender],
        ]),
    );
    const watch = new NoteWatch(join(this.#folder, 'engine.log'), usage);
    watch.begin();
    const fromMs = monotonicMs();
    await act();
    return await watch.complete(fromMs, rows, timeoutMs, () => this.process.requireRunning());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process.stop();
    await this.#database.dropSlot(this.#name);
    await this.#database.client.query(`DROP PUBLICATION IF EXISTS "${this.#name}"`);
    await rm(this.#folder, { recursive: true, force: true });
  }
}
