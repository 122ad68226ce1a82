import type { Command } from 'commander';
import { setTimeout as sleep } from 'node:timers/promises';
import { cacheDirectory } from '../embedded/cache.ts';
import { forgetAddresses, keepAddresses } from '../embedded/kept-addresses.ts';
import { Servers, withoutPassword } from '../embedded/servers.ts';
import { SetUpError } from '../embedded/set-up-error.ts';
import { demoCommand as commandLine } from './demo-options.ts';
import type { DemoOptions } from './demo-options.ts';
import { DemoState } from './demo-state.ts';
import type { Ports } from './demo-state.ts';
import { DemoWorker } from './demo-worker.ts';
import { Progress } from './progress.ts';
import { RecordViewer } from './record-viewer.ts';
import type { Addresses } from './screen.ts';
import { Show } from './show.ts';
import { Statistics } from './statistics.ts';
import { loadTaxiDatabase, taxiUrl } from './taxi-database.ts';
import { Workload } from './workload.ts';

/** What config/connectors writes to. */
const topics = ['taxi.public.cabs', 'taxi.public.trips', 'taxi.public.zones', 'rides'];
const stopWithinMs = 9500;

export function demoCommand(): Command {
  return commandLine(async (options) => {
    try {
      process.exitCode = await runDemo(options);
    } catch (error) {
      if (!(error instanceof SetUpError)) throw error;
      process.stderr.write(`millrace: ${error.message}\n`);
      process.exitCode = 1;
    }
  });
}

/** @returns The exit code: 0 also after Ctrl-C, 1 when a part failed. */
async function runDemo(options: DemoOptions): Promise<number> {
  const interrupted = new AbortController();
  const parts = new AsyncDisposableStack();
  const phase = { starting: true };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      // Parts that are just starting, and those of an impatient user, end by themselves: their input closes with this process.
      if (phase.starting || interrupted.signal.aborted) {
        process.stderr.write('millrace: interrupted; what was started ends by itself within a few seconds.\n');
        process.exit(130);
      }
      interrupted.abort();
    });
  }
  let code = 1;
  try {
    code = await runParts(options, parts, interrupted.signal, () => (phase.starting = false));
    return code;
  } finally {
    phase.starting = false;
    const bound = setTimeout(() => process.exit(1), stopWithinMs);
    await parts.disposeAsync();
    clearTimeout(bound);
    if (code === 0 && !options.json) process.stderr.write('Everything has ended; the next start goes on from here, --fresh starts anew.\n');
  }
}

async function runParts(options: DemoOptions, parts: AsyncDisposableStack, interrupted: AbortSignal, started: () => void): Promise<number> {
  const progress = new Progress();
  const ending = new Progress();
  const startUp: Record<string, number> = {};
  const reached = (phase: string): void => void (startUp[phase] = seconds(performance.now()));
  const cache = cacheDirectory();
  const state = parts.use(await DemoState.open(`${cache}/demo`));
  if (options.fresh) await wipe(options, state, progress);
  const ports = await state.ports();
  const servers = await Servers.start({
    cache,
    directory: state.directory,
    progress: (part, text) => progress.tell(part, text),
    given: options,
    ports,
  });
  if (servers.started) parts.defer(() => ending.during('Servers', 'stopping', 'ended', () => servers.stop()));
  reached('servers');
  const database = await loadTaxiDatabase(servers.postgres);
  progress.tell('Postgres', `${database.host}${database.pathname}, sample data loaded`);
  reached('database');
  const statistics = new Statistics(topics);
  const seen: { show: Show | null } = { show: null };
  const viewer = await RecordViewer.open({
    kafka: servers.kafka,
    registry: servers.registry,
    topics,
    onRecord: (record) => {
      if (statistics.firstAtMs === null) reached('firstRecord');
      seen.show?.record(statistics.add(record, performance.now()));
    },
  });
  parts.defer(() => viewer.stop());
  progress.tell('Worker', 'starting');
  const worker = await DemoWorker.start({
    directory: state.inside('worker'),
    kafka: servers.kafka,
    registry: servers.registry,
    postgres: database,
    port: ports.rest,
  });
  parts.defer(() => ending.during('Worker', 'stopping', 'ended', () => worker.stop()));
  progress.tell('Worker', worker.url);
  reached('worker');
  const addresses = addressesOf(servers, database, worker, options);
  await state.keepPorts(portsOf(addresses));
  await keepAddresses(cache, addresses);
  parts.defer(() => forgetAddresses(cache));
  const workload = await Workload.start(database.href, options.rowsPerSecond);
  parts.defer(() => workload.stop());
  started();
  const show = new Show({ addresses, statistics, topics, viewer, silent: options.json });
  seen.show = show;
  const failure = await watch({ options, interrupted, viewer, worker, workload, show });
  await workload.stop();
  if (failure === null) await viewer.caughtUp(3000);
  show.end();
  if (options.json) process.stdout.write(`${resultLine(addresses, statistics, startUp)}\n`);
  if (failure !== null) process.stderr.write(`millrace: ${failure}\n`);
  return failure === null ? 0 : 1;
}

/** The password of a server made for the demo is for everyone to use; that of somebody's own server is shown to nobody. */
function addressesOf(servers: Servers, database: URL, worker: DemoWorker, options: DemoOptions): Addresses {
  const postgres = options.postgres === undefined ? database.href : withoutPassword(database.href);
  return { kafka: servers.kafka, registry: withoutPassword(servers.registry), postgres, rest: worker.url };
}

interface Watched {
  readonly options: DemoOptions;
  readonly interrupted: AbortSignal;
  readonly viewer: RecordViewer;
  readonly worker: DemoWorker;
  readonly workload: Workload;
  readonly show: Show;
}

/** Runs until the time is over or Ctrl-C, both null, or until a part fails: then why. */
async function watch({ options, interrupted, viewer, worker, workload, show }: Watched): Promise<string | null> {
  const reading = viewer.run().catch((error: unknown) => {
    if (!interrupted.aborted) viewer.failure = error instanceof Error ? error : new Error(String(error));
  });
  const end = options.forMs === null ? Number.POSITIVE_INFINITY : performance.now() + options.forMs;
  for (let lookAt = 0; performance.now() < end && !interrupted.aborted;) {
    const failure = await failureOf({ viewer, worker, workload });
    if (failure !== null) return failure;
    if (performance.now() >= lookAt) {
      const connectors = await worker.connectors().catch(() => []);
      const failed = connectors.find((connector) => connector.state === 'FAILED');
      if (failed !== undefined)
        return `the connector ${failed.name} failed: ${failed.trace?.split('\n')[0] ?? 'no reason given'} (${worker.logFile})`;
      show.connectors = connectors.map(({ name, state }) => `${name} ${state}`).join(', ');
      lookAt = performance.now() + 2000;
    }
    show.draw();
    await sleep(Math.max(1, Math.min(200, end - performance.now())), undefined, { signal: interrupted }).catch(() => {});
  }
  if (interrupted.aborted) return null;
  await reading;
  return await failureOf({ viewer, worker, workload });
}

async function failureOf({ viewer, worker, workload }: Pick<Watched, 'viewer' | 'worker' | 'workload'>): Promise<string | null> {
  if (!worker.running) return `the worker ended by itself; look at ${worker.logFile} for the reason`;
  if (workload.failure !== null) return `the workload failed: ${workload.failure.message}`;
  if (viewer.failure !== null) return `the records cannot be read: ${viewer.failure.message}`;
  return null;
}

async function wipe(options: DemoOptions, state: DemoState, progress: Progress): Promise<void> {
  const given = [options.kafka && '--kafka', options.registry && '--registry', options.postgres && '--postgres'].filter(
    (name) => name !== undefined,
  );
  if (given.length > 0) {
    const database =
      options.postgres === undefined ? '' : `, the database ${taxiUrl(options.postgres).pathname.slice(1)} with the slot millrace_taxi`;
    throw new SetUpError(
      `--fresh removes only what the demo itself keeps, not what is on servers of yours (${given.join(', ')}): remove the topics ${topics.join(', ')} and connect-*${database} there, or leave --fresh away.`,
    );
  }
  progress.tell('Demo', 'removing what the last one left');
  await state.wipe();
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}

function portsOf(addresses: Addresses): Ports {
  const kafka = Number(/:(\d+)$/.exec(addresses.kafka.split(',')[0] ?? '')?.[1] ?? 9092);
  return {
    kafka,
    registry: portOf(addresses.registry) || 8081,
    postgres: portOf(addresses.postgres) || 5432,
    rest: portOf(addresses.rest),
  };
}

function resultLine(addresses: Addresses, statistics: Statistics, startUp: Readonly<Record<string, number>>): string {
  const { firstAtMs } = statistics;
  return JSON.stringify({
    addresses,
    records: statistics.total,
    topics: statistics.counts(),
    rowsPerSecond: Math.round(statistics.averageRate() * 10) / 10,
    secondsToFirstRecord: firstAtMs === null ? null : seconds(firstAtMs),
    // When each phase of the start was over, in seconds since the start.
    startUp,
  });
}

function seconds(milliseconds: number): number {
  return Math.round(milliseconds / 100) / 10;
}
