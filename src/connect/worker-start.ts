import { ConnectError, classify, describeError } from '../base/errors.ts';
import type { Clock } from '../base/clock.ts';
import { endOfTurn } from '../base/end-of-turn.ts';
import type { Logger } from '../base/log.ts';
import { Metrics } from '../base/metrics.ts';
import { ClientConfig } from '../kafka/client-config.ts';
import { TopicAdmin } from '../kafka/topic-admin.ts';
import type { ConnectorFile } from './config-file.ts';
import { ConfigStore } from './config-store.ts';
import { FileOffsetStore } from './file-offset-store.ts';
import { KafkaRecordLog } from './kafka-record-log.ts';
import { LogLevels } from './log-levels.ts';
import { KafkaOffsetStore, type OffsetStore } from './offset-store.ts';
import type { Plugins } from './plugins.ts';
import { RightOfWay } from './right-of-way.ts';
import { RestListener } from './rest/rest-listener.ts';
import type { RestOptions } from './rest/rest-server.ts';
import type { CreateSink } from './runtime.ts';
import type { SecretScrubber } from './secret-scrubber.ts';
import { StatusStore } from './status-store.ts';
import type { StorageTopic, WorkerConfig } from './worker-config.ts';
import { Worker } from './worker.ts';

export interface WorkerOptions {
  readonly config: WorkerConfig;
  /** Files that create connectors or change their configs. */
  readonly connectors: readonly ConnectorFile[];
  readonly plugins: Plugins;
  readonly createSink: CreateSink;
  readonly scrubber: SecretScrubber;
  readonly clock: Clock;
  readonly log: Logger;
  readonly version: string;
  /** Called when the code of the files' connectors is there. */
  readonly onLoaded?: (() => void) | undefined;
}

export interface RunningWorker {
  /** Where REST listens, port filled in. */
  readonly url: string;
  readonly worker: Worker;
  /** Drains and lets go of everything; false when tasks had to be abandoned. */
  close(): Promise<boolean>;
}

/** The last states are worth a moment; a Kafka that is away must not keep the process from leaving. */
const closeMsMax = 3_000;

interface Stores {
  readonly configs: ConfigStore;
  readonly statuses: StatusStore;
  readonly offsets: (topic: string | null) => Promise<OffsetStore>;
  close(): Promise<void>;
}

/**
 * Opens REST first, so that `/health` can say `starting`, then waits for Kafka, reads everything back and starts the
 * connectors. Rejects when that is not possible within `worker.start.timeout.ms`; nothing is left open then.
 */
export async function startWorker(options: WorkerOptions, signal?: AbortSignal): Promise<RunningWorker> {
  const { config, clock, log, version, scrubber } = options;
  let ready: Worker | null = null;
  let clusterId: string | null = null;
  const rest = await listen(config, {
    ready: () => ready,
    clusterId: () => clusterId,
    clock,
    log,
    version,
    scrub: (text) => scrubber.scrub(text),
    allowOrigin: config.config.optional('access.control.allow.origin') ?? '',
    allowMethods: config.config.optional('access.control.allow.methods') ?? '',
  });
  const { url } = rest;
  let stores: Stores | null = null;
  try {
    const workerId = workerIdOf(config, url);
    for (const warning of config.warnings) log.warn(warning);
    const client = new ClientConfig(config.client);
    clusterId = await waitForKafka(options, client, signal);
    stores = await openStores(options, client, workerId, () => endOfTurn(() => loadSources(options)));
    const { createSink, plugins } = options;
    const runtime = {
      worker: config,
      plugins,
      scrubber,
      createSink,
      statuses: stores.statuses,
      offsets: stores.offsets,
      workerId,
      clock,
      log,
      loggers: new LogLevels(log, clock),
      metrics: new Metrics(),
      rightOfWay: new RightOfWay(clock, log),
    };
    const worker = new Worker(runtime, stores.configs);
    await worker.start(options.connectors);
    ready = worker;
    log.info({ url, group: config.groupId, connectors: worker.names() }, `Millrace ${version} is running, REST at ${url}`);
    const open = stores;
    return {
      url,
      worker,
      close: async () => {
        const drained = await worker.close();
        await rest.close();
        await within(closeMsMax, clock, open.close());
        return drained;
      },
    };
  } catch (error) {
    await rest.close();
    await stores?.close();
    throw error;
  }
}

/**
 * What the connectors of the files run on is loaded while the cluster makes topics: the requests for them have left by the end of
 * the turn. A class that is unknown is refused later.
 */
function loadSources({ connectors, plugins, onLoaded }: WorkerOptions): void {
  for (const { config } of connectors) plugins.source(config['connector.class'] ?? '');
  onLoaded?.();
}

async function within(limitMs: number, clock: Clock, work: Promise<void>): Promise<void> {
  const timeout = Promise.withResolvers<void>();
  const timer = clock.after(limitMs, timeout.resolve);
  await Promise.race([work.catch(() => undefined), timeout.promise]);
  timer.cancel();
}

async function listen(config: WorkerConfig, options: RestOptions): Promise<{ readonly url: string; close(): Promise<void> }> {
  const [listener = ''] = config.config.list('listeners');
  const match = /^http:\/\/(\[[^\]]+\]|[^:/]*):(\d+)/.exec(listener);
  const host = (match?.[1] ?? '').replace(/^\[(.*)\]$/, '$1');
  try {
    const opened = await RestListener.open(host === '' ? '::' : host, Number(match?.[2] ?? 0), options);
    const shown = match?.[1] === undefined || match[1] === '' || match[1] === '0.0.0.0' ? '127.0.0.1' : match[1];
    return { url: `http://${shown}:${opened.port}`, close: () => opened.close() };
  } catch (cause) {
    const reason =
      (cause as NodeJS.ErrnoException).code === 'EADDRINUSE' ? 'the port is taken' : String((cause as NodeJS.ErrnoException).code);
    throw new ConnectError('config.invalid', `REST cannot listen on ${listener}: ${reason}`, {
      remedy: 'Stop the program that has it, or set listeners to another port.',
    });
  }
}

function workerIdOf({ config }: WorkerConfig, url: string): string {
  const { hostname, port } = new URL(url);
  return `${config.optional('rest.advertised.host.name') ?? hostname}:${config.optional('rest.advertised.port') ?? port}`;
}

/** Kafka may come up after us, as in a compose stack. Refused credentials do not get better by waiting. */
async function waitForKafka({ config, clock, log, scrubber }: WorkerOptions, client: ClientConfig, signal?: AbortSignal): Promise<string> {
  const deadline = clock.monotonic() + config.config.int('worker.start.timeout.ms');
  for (let attempt = 0; ; attempt += 1) {
    const admin = new TopicAdmin(client, clock, false);
    try {
      return await admin.clusterId();
    } catch (error) {
      if (classify(error) !== 'retry' || clock.monotonic() >= deadline || signal?.aborted === true) throw error;
      if (attempt === 0) log.warn({ reason: scrubber.scrub(describeError(error)) }, `Waiting for Kafka at ${client.serverNames}`);
    } finally {
      await admin.close();
    }
    await clock.sleep(Math.min(250 * 2 ** Math.min(attempt, 4), 2_000), signal);
  }
}

/** `onAsked`: the cluster is making the topics that are missing. */
async function openStores(
  { config, clock, log }: WorkerOptions,
  client: ClientConfig,
  workerId: string,
  onAsked: () => void,
): Promise<Stores> {
  const opened: KafkaRecordLog[] = [];
  let unasked = config.offsetFile === null ? 3 : 2;
  const asked = (): void => {
    unasked -= 1;
    if (unasked === 0) onAsked();
  };
  const open = async (storage: StorageTopic, purpose: string, onePartition = false): Promise<KafkaRecordLog> => {
    const recordLog = await KafkaRecordLog.open({ ...storage, purpose, client, clock }, onePartition, asked);
    opened.push(recordLog);
    return recordLog;
  };
  const close = async (): Promise<void> => {
    await Promise.all(opened.map((recordLog) => recordLog.close()));
  };
  try {
    const stores = new Map<string, Promise<OffsetStore>>();
    const own = config.storage('offset');
    const offsetsIn = (topic: string): Promise<OffsetStore> => {
      const known = stores.get(topic);
      if (known !== undefined) return known;
      const store = open({ ...own, topic }, 'source connector offsets').then((recordLog) => new KafkaOffsetStore(recordLog));
      // A topic that could not be opened may be there the next time somebody asks.
      store.catch(() => stores.delete(topic));
      stores.set(topic, store);
      return store;
    };
    const file = config.offsetFile === null ? null : await FileOffsetStore.open(config.offsetFile);
    if (file !== null)
      log.warn({ file: config.offsetFile }, 'Offsets are kept in a file: delivery is at least once, and only this machine knows them');
    const [configLog, statusLog] = await allOf(
      open(config.storage('config'), 'connector configurations', true),
      open(config.storage('status'), 'connector and task statuses'),
      file === null ? offsetsIn(own.topic) : null,
    );
    const [configs, statuses] = await Promise.all([ConfigStore.open(configLog, log), StatusStore.open(statusLog, workerId, log)]);
    return {
      configs,
      statuses,
      offsets: (topic) => (file === null ? offsetsIn(topic ?? own.topic) : Promise.resolve(file)),
      close: async () => {
        await statuses.flush();
        await file?.close();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** As `Promise.all`, but settles when all have: until then the first failure would leave others that still open something. */
async function allOf<T extends readonly unknown[]>(...promises: { [K in keyof T]: Promise<T[K]> | T[K] }): Promise<T> {
  await Promise.allSettled(promises);
  return await Promise.all(promises);
}
