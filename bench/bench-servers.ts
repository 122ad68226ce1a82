import { existsSync, readdirSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Postgres } from '../src/embedded/postgres.ts';
import { isAlive } from '../src/embedded/process-table.ts';
import { Servers } from '../src/embedded/servers.ts';
import type { BenchOptions } from './bench-options.ts';
import { forget, remember } from './measure/leftovers.ts';
import type { ServerAddresses } from './engine/engine.ts';

/** Enough for a frozen engine, and for the log of the largest transaction. Commits are made durable as on any server. */
export const postgresSettings: Readonly<Record<string, string>> = {
  shared_buffers: '256MB',
  max_wal_size: '8GB',
  checkpoint_timeout: '30min',
  wal_sender_timeout: '5min',
};

/** The servers of one bench run, in a folder under the cache that goes when they stop; or those that run already. */
export class BenchServers implements AsyncDisposable {
  readonly addresses: ServerAddresses;
  readonly folder: string;
  readonly #servers: Servers;
  readonly #directory: string;
  #disposing: Promise<void> | null = null;

  private constructor(servers: Servers, directory: string, folder: string) {
    this.#servers = servers;
    this.#directory = directory;
    this.folder = folder;
    remember(this);
    this.addresses = { kafka: servers.kafka, registry: servers.registry, postgres: servers.postgres };
  }

  static async start(cache: string, options: BenchOptions, say: (text: string) => void): Promise<BenchServers> {
    await removeOldRuns(cache);
    const directory = join(cache, `bench-${process.pid}`);
    const folder = join(directory, 'engines');
    await mkdir(folder, { recursive: true });
    const { kafka, registry, postgres } = options;
    let fetchSaidAt = Number.NEGATIVE_INFINITY;
    const servers = await Servers.start({
      cache,
      directory,
      progress: (part, text) => {
        if (part === 'Files' && performance.now() - fetchSaidAt < 3000) return;
        if (part === 'Files') fetchSaidAt = performance.now();
        say(`${part}: ${text}`);
      },
      given: { kafka, registry, postgres },
      ports: { kafka: 39_092, registry: 38_081, postgres: 35_432 },
      postgresSettings,
    });
    return new BenchServers(servers, directory, folder);
  }

  /** Once, whoever asks: the end of a run and the end of the bench may come together. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#disposing ??= this.#dispose();
    return this.#disposing;
  }

  async #dispose(): Promise<void> {
    forget(this);
    await this.#servers.stop();
    await removeRun(this.#directory);
  }
}

/** What a killed run left: its servers ended with it, its data lies there still. */
async function removeOldRuns(cache: string): Promise<void> {
  for (const name of existsSync(cache) ? readdirSync(cache) : []) {
    const pid = Number(/^bench-(\d+)$/.exec(name)?.[1] ?? Number.NaN);
    if (!Number.isNaN(pid) && !isAlive(pid)) await removeRun(join(cache, name));
  }
}

async function removeRun(run: string): Promise<void> {
  if (process.env['MILLRACE_BENCH_KEEP'] !== undefined) return;
  await Postgres.wipe(join(run, 'postgres'));
  await rm(run, { recursive: true, force: true });
}
