/**
 * `npm test [-- PATTERN...]`: starts a real Kafka, registry and Postgres of its own, runs the tests against them, stops them.
 * Servers named by MILLRACE_TEST_KAFKA, MILLRACE_TEST_REGISTRY and MILLRACE_TEST_POSTGRES are used instead, when all are set.
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { cacheDirectory, projectRoot } from '../src/embedded/cache.ts';
import { OldPostgres } from '../src/embedded/old-postgres.ts';
import { isAlive } from '../src/embedded/process-table.ts';
import { Postgres } from '../src/embedded/postgres.ts';
import { Servers, withoutPassword } from '../src/embedded/servers.ts';
import { SetUpError } from '../src/embedded/set-up-error.ts';

const testWithinMs = 15 * 60_000;
const names = {
  kafka: 'MILLRACE_TEST_KAFKA',
  registry: 'MILLRACE_TEST_REGISTRY',
  postgres: 'MILLRACE_TEST_POSTGRES',
  postgres15: 'MILLRACE_TEST_POSTGRES_15',
};

const started: { stop(): Promise<void> }[] = [];
const cache = cacheDirectory();
const directory = join(cache, `test-${process.pid}`);

async function startServers(): Promise<Record<string, string>> {
  await removeOldRuns();
  // Many tests each with sessions and slots of their own; nothing has to survive the machine.
  const postgresSettings = {
    max_connections: '200',
    max_wal_senders: '50',
    max_replication_slots: '50',
    fsync: 'off',
    wal_sender_timeout: '60s',
  };
  const servers = await Servers.start({
    cache,
    directory,
    progress: sayProgress,
    ports: { kafka: 29_092, registry: 28_081, postgres: 25_432 },
    postgresSettings,
  });
  started.push(servers);
  const environment: Record<string, string> = {
    [names.kafka]: servers.kafka,
    [names.registry]: servers.registry,
    [names.postgres]: servers.postgres,
  };
  const old = await OldPostgres.find(cache);
  if (old === null) {
    say('Postgres 15: not here and not to be had from npm; what needs it says so');
  } else {
    const postgres = await Postgres.start({
      directory: join(directory, 'postgres-15'),
      native: old,
      port: 25_432,
      settings: postgresSettings,
    });
    started.push(postgres);
    environment[names.postgres15] = postgres.url;
    say(`Postgres 15: ${withoutPassword(postgres.url)}`);
  }
  return environment;
}

/** What a killed run left: its servers ended with it, its data lies there still. */
async function removeOldRuns(): Promise<void> {
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

let fetchSaidAt = Number.NEGATIVE_INFINITY;

/** Without a terminal to write over, a fetch says a line every few seconds, not every few milliseconds. */
function sayProgress(part: string, text: string): void {
  if (part === 'Files' && performance.now() - fetchSaidAt < 3000) return;
  if (part === 'Files') fetchSaidAt = performance.now();
  say(`${part}: ${text}`);
}

function runTests(patterns: readonly string[], environment: Readonly<Record<string, string>>): Promise<number> {
  const args = [
    '--disable-warning=TimeoutNegativeWarning',
    '--test',
    `--test-concurrency=${Math.max(2, availableParallelism() - 1)}`,
    `--test-timeout=${testWithinMs}`,
  ];
  const reporter = process.env['MILLRACE_TEST_REPORTER'] ?? 'spec';
  const path = `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}`;
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [...args, `--test-reporter=${reporter}`, ...patterns], {
      cwd: projectRoot,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, ...environment, PATH: path },
    });
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
    child.once('error', fail);
    child.once('exit', (code) => done(code ?? 1));
  });
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

async function main(): Promise<number> {
  const patterns = process.argv.slice(2);
  const given = [names.kafka, names.registry, names.postgres].every((name) => (process.env[name] ?? '') !== '');
  try {
    const environment = given ? {} : await startServers();
    return await runTests(patterns.length === 0 ? ['test/**/*.test.ts'] : patterns, environment);
  } catch (error) {
    if (!(error instanceof SetUpError)) throw error;
    say(error.message);
    return 1;
  } finally {
    await Promise.allSettled(started.map((each) => each.stop()));
    if (!given) await removeRun(directory);
  }
}

process.exitCode = await main();
