import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ensureArtifacts } from '../src/embedded/artifacts.ts';
import { OldPostgres } from '../src/embedded/old-postgres.ts';
import { Postgres } from '../src/embedded/postgres.ts';
import { isAlive } from '../src/embedded/process-table.ts';
import { Servers, withoutPassword } from '../src/embedded/servers.ts';

/** How tests learn of the servers: see test/support/stack.ts and test/clients. */
const names = {
  kafka: 'MILLRACE_TEST_KAFKA',
  registry: 'MILLRACE_TEST_REGISTRY',
  postgres: 'MILLRACE_TEST_POSTGRES',
  postgres15: 'MILLRACE_TEST_POSTGRES_15',
  kafkaJars: 'MILLRACE_KAFKA_JARS',
};

/** For tests that need none, so that they do not come to need them unnoticed. */
export function withoutServers(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const none = new Set<string>([names.kafka, names.registry, names.postgres, names.postgres15]);
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !none.has(name)));
}

// Many tests each with sessions and slots of their own; nothing has to survive the machine.
const postgresSettings = {
  max_connections: '200',
  max_wal_senders: '50',
  max_replication_slots: '50',
  fsync: 'off',
  wal_sender_timeout: '60s',
};

/** The servers of one test run, in a folder of their own under the cache that goes when they stop. */
export class TestServers implements AsyncDisposable {
  /** What the tests get in their environment; empty where servers of the user's own are named there already. */
  readonly environment: Record<string, string> = {};
  readonly #directory: string;
  readonly #started: { stop(): Promise<void> }[] = [];

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** Starts nothing where the environment names a Kafka, a registry and a Postgres. Throws SetUpError, with nothing left running. */
  static async start(cache: string, say: (text: string) => void): Promise<TestServers> {
    const servers = new TestServers(join(cache, `test-${process.pid}`));
    if ([names.kafka, names.registry, names.postgres].every((name) => (process.env[name] ?? '') !== '')) return servers;
    try {
      await removeOldRuns(cache);
      await servers.#startKafkaRegistryPostgres(cache, say);
      await servers.#startOldPostgres(cache, say);
      await servers.#linkKafkaJars(cache);
      return servers;
    } catch (error) {
      await servers.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await Promise.allSettled(this.#started.splice(0).map((each) => each.stop()));
    await removeRun(this.#directory);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #startKafkaRegistryPostgres(cache: string, say: (text: string) => void): Promise<void> {
    const servers = await Servers.start({
      cache,
      directory: this.#directory,
      progress: withFewerLines(say),
      ports: { kafka: 29_092, registry: 28_081, postgres: 25_432 },
      postgresSettings,
    });
    this.#started.push(servers);
    this.environment[names.kafka] = servers.kafka;
    this.environment[names.registry] = servers.registry;
    this.environment[names.postgres] = servers.postgres;
  }

  async #startOldPostgres(cache: string, say: (text: string) => void): Promise<void> {
    const native = await OldPostgres.find(cache);
    if (native === null) return say('Postgres 15: not here and not to be had from npm; what needs it says so');
    const postgres = await Postgres.start({
      directory: join(this.#directory, 'postgres-15'),
      native,
      port: 25_432,
      settings: postgresSettings,
    });
    this.#started.push(postgres);
    this.environment[names.postgres15] = postgres.url;
    say(`Postgres 15: ${withoutPassword(postgres.url)}`);
  }

  /** Java's class path takes one folder; the cache keeps each jar in its own. */
  async #linkKafkaJars(cache: string): Promise<void> {
    const files = await ensureArtifacts({ repository: join(cache, 'maven'), progress: () => {} });
    const jars = join(this.#directory, 'jars');
    mkdirSync(jars, { recursive: true });
    for (const file of files.values()) if (file.endsWith('.jar')) symlinkSync(file, join(jars, basename(file)));
    this.environment[names.kafkaJars] = jars;
  }
}

/** What a killed run left: its servers ended with it, its data lies there still. */
async function removeOldRuns(cache: string): Promise<void> {
  for (const name of existsSync(cache) ? readdirSync(cache) : []) {
    const pid = Number(/^test-(\d+)$/.exec(name)?.[1] ?? Number.NaN);
    if (!Number.isNaN(pid) && !isAlive(pid)) await removeRun(join(cache, name));
  }
}

async function removeRun(run: string): Promise<void> {
  await Postgres.wipe(join(run, 'postgres'));
  await Postgres.wipe(join(run, 'postgres-15'));
  rmSync(run, { recursive: true, force: true });
}

/** Without a terminal to write over, a fetch says a line every few seconds, not every few milliseconds. */
function withFewerLines(say: (text: string) => void): (part: string, text: string) => void {
  let fetchSaidAt = Number.NEGATIVE_INFINITY;
  return (part, text) => {
    if (part === 'Files' && performance.now() - fetchSaidAt < 3000) return;
    if (part === 'Files') fetchSaidAt = performance.now();
    say(`${part}: ${text}`);
  };
}
