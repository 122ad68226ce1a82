import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunCheck } from '../check/run-check.ts';
import { TopicSet } from '../kafka/topic-set.ts';
import { forget, remember } from '../measure/leftovers.ts';
import { monotonicMs } from '../measure/monotonic.ts';
import { peakRssBytes, processListeningOn } from '../measure/process-usage.ts';
import type { RunProgress } from '../measure/run-progress.ts';
import { TopicWatch } from '../measure/topic-watch.ts';
import { UsageLog } from '../measure/usage-log.ts';
import type { ServerAddresses } from './engine.ts';
import type { EngineProcess } from './engine-process.ts';
import { millraceAvroConverters, startMillrace } from './millrace.ts';

/** Millrace with a connector that needs no database, into one partition. */
export class FileStage implements AsyncDisposable {
  readonly topic: string;
  readonly #servers: ServerAddresses;
  readonly #folder: string;
  readonly #topics: TopicSet;
  readonly #broker: number | null;
  #process: EngineProcess | null = null;
  #disposing: Promise<void> | null = null;

  private constructor(servers: ServerAddresses, folder: string, topics: TopicSet, topic: string) {
    this.#servers = servers;
    this.#folder = folder;
    this.#topics = topics;
    this.topic = topic;
    this.#broker = processListeningOn(Number(servers.kafka.split(':').at(-1)));
    remember(this);
  }

  static async prepare(servers: ServerAddresses, parent: string, name: string): Promise<FileStage> {
    const topics = await TopicSet.create(servers.kafka, name, [name], 1);
    return new FileStage(servers, await mkdtemp(join(parent, 'millrace-')), topics, name);
  }

  get process(): EngineProcess {
    if (this.#process === null) throw new Error('the engine was not started');
    return this.#process;
  }

  get peakRssBytes(): number {
    return peakRssBytes(this.process.pid);
  }

  async run(connector: Readonly<Record<string, string>>, check: RunCheck, timeoutMs: number): Promise<RunProgress> {
    const watch = new TopicWatch(
      this.#topics,
      new UsageLog(() => {
        const pids = new Map<string, number>();
        if (this.#process !== null) pids.set('engine', this.#process.pid);
        if (this.#broker !== null) pids.set('broker', this.#broker);
        return pids;
      }),
    );
    await watch.begin();
    try {
      const fromMs = monotonicMs();
      const where = { name: this.topic, folder: this.#folder, servers: this.#servers };
      this.#process = await startMillrace(where, millraceAvroConverters(this.#servers.registry), connector, connector);
      const progress = await watch.complete(fromMs, check, timeoutMs);
      this.process.requireRunning();
      return progress;
    } finally {
      await watch.stop();
    }
  }

  /** Once, whoever asks: the end of a run and the end of the bench may come together. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#disposing ??= this.#dispose();
    return this.#disposing;
  }

  async #dispose(): Promise<void> {
    forget(this);
    await this.#process?.stop();
    await this.#topics[Symbol.asyncDispose]();
    if (process.env['MILLRACE_BENCH_KEEP'] === undefined) await rm(this.#folder, { recursive: true, force: true });
  }
}
