import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Op, TopicCheckOptions } from '../check/topic-check.ts';
import { TopicCheck } from '../check/topic-check.ts';
import { RecordCheck } from '../check/record-check.ts';
import { TopicSet } from '../kafka/topic-set.ts';
import type { BenchDatabase } from '../measure/bench-database.ts';
import { forget, remember } from '../measure/leftovers.ts';
import { monotonicMs } from '../measure/monotonic.ts';
import { peakRssBytes, processListeningOn } from '../measure/process-usage.ts';
import type { RunProgress } from '../measure/run-progress.ts';
import { TopicWatch } from '../measure/topic-watch.ts';
import { UsageLog } from '../measure/usage-log.ts';
import type { Engine, EngineJob, ServerAddresses } from './engine.ts';
import type { EngineProcess } from './engine-process.ts';

export interface StageOptions {
  readonly engine: Engine;
  readonly database: BenchDatabase;
  readonly servers: ServerAddresses;
  readonly folder: string;
  readonly name: string;
  readonly tables: readonly string[];
  readonly partitions: number;
  readonly latency?: boolean;
}

const startTimeoutMs = 120_000;
/** Every table has its topic and schemas looked at before the first row. */
const startTimeoutMsPerTable = 500;

/** One engine between Postgres and Kafka, from the first preparation to the last leftover. */
export class EngineStage implements AsyncDisposable {
  readonly job: EngineJob;
  readonly topics: TopicSet;
  readonly #options: StageOptions;
  #process: EngineProcess | null = null;
  #disposing: Promise<void> | null = null;
  #walsender: number | null = null;
  readonly #broker: number | null;

  private constructor(options: StageOptions, job: EngineJob, topics: TopicSet) {
    this.#options = options;
    this.job = job;
    this.topics = topics;
    remember(this);
    this.#broker = processListeningOn(Number(job.servers.kafka.split(':').at(-1)));
  }

  /** The tables are there; the engine does not run yet. */
  static async prepare(options: StageOptions): Promise<EngineStage> {
    const { database, engine, tables, name, servers } = options;
    await mkdir(options.folder, { recursive: true });
    const job: EngineJob = {
      name,
      folder: await mkdtemp(join(options.folder, `${engine.name}-`)),
      servers,
      postgres: database.url,
      model: database.model,
      tables,
      latency: options.latency ?? false,
    };
    await database.client.query(`CREATE PUBLICATION "${name}" FOR TABLE ${tables.join(', ')} WITH (publish = 'insert, update, delete')`);
    const topics = tables.map((table) => engine.topicOf(job, table));
    return new EngineStage(options, job, await TopicSet.create(servers.kafka, name, topics, options.partitions));
  }

  get process(): EngineProcess {
    if (this.#process === null) throw new Error('the engine was not started');
    return this.#process;
  }

  /** Returns when the process exists, not when it does anything. */
  async launch(): Promise<void> {
    this.#process = await this.#options.engine.start(this.job);
  }

  /** Resolves when the walsender of the engine's slot streams. */
  async streaming(): Promise<void> {
    const { database, tables } = this.#options;
    const withinMs = startTimeoutMs + tables.length * startTimeoutMsPerTable;
    const deadline = performance.now() + withinMs;
    for (;;) {
      this.process.requireRunning();
      this.#walsender = await database.value<number>(
        `SELECT s.active_pid AS value FROM pg_replication_slots s JOIN pg_stat_replication r ON r.pid = s.active_pid ` +
          `WHERE s.slot_name = '${this.job.name}' AND r.state = 'streaming'`,
      );
      if (this.#walsender !== null) return;
      if (performance.now() > deadline) throw new Error(`does not stream after ${withinMs / 1000} s:\n${this.process.log.slice(-2000)}`);
      await sleep(50);
    }
  }

  /** A run that has begun; what comes from here on belongs to it. */
  async watch(): Promise<TopicWatch> {
    const watch = new TopicWatch(this.topics, this.usageLog());
    await watch.begin();
    return watch;
  }

  /** Of the engine, its walsender and the broker. */
  usageLog(): UsageLog {
    return new UsageLog(() => this.#pids());
  }

  checkOf(rows: number, op: Op): TopicCheck {
    const { engine, database, servers } = this.#options;
    const check = new RecordCheck(database.digest, rows, { shift: op === 'u' ? 1 : 0, tombstones: op === 'd' });
    const options: TopicCheckOptions = { form: engine.form, registry: servers.registry, model: database.model, check, op };
    return new TopicCheck(options);
  }

  /** Runs `act`, and waits until `rows` rows have come and were checked. */
  async run(rows: number, op: Op, timeoutMs: number, act: () => Promise<void>): Promise<RunProgress> {
    const watch = await this.watch();
    try {
      const check = this.checkOf(rows, op);
      const fromMs = monotonicMs();
      await act();
      const progress = await watch.complete(fromMs, check, timeoutMs);
      this.process.requireRunning();
      return progress;
    } catch (error) {
      this.process.requireRunning();
      throw error;
    } finally {
      await watch.stop();
    }
  }

  get peakRssBytes(): number {
    return peakRssBytes(this.process.pid);
  }

  /** Once, whoever asks: the end of a run and the end of the bench may come together. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#disposing ??= this.#dispose();
    return this.#disposing;
  }

  async #dispose(): Promise<void> {
    forget(this);
    const { database } = this.#options;
    await this.#process?.stop();
    await database.dropSlot(this.job.name).catch(() => undefined);
    await database.client.query(`DROP PUBLICATION IF EXISTS "${this.job.name}"`);
    await this.topics[Symbol.asyncDispose]();
    if (process.env['MILLRACE_BENCH_KEEP'] === undefined) await rm(this.job.folder, { recursive: true, force: true });
  }

  #pids(): Map<string, number> {
    const pids = new Map<string, number>();
    if (this.#process !== null) pids.set('engine', this.#process.pid);
    if (this.#walsender !== null) pids.set('walsender', this.#walsender);
    if (this.#broker !== null) pids.set('broker', this.#broker);
    return pids;
  }
}
