import { createRequire } from 'node:module';
import { apicurioConverterPlugin } from './avro/apicurio-converter.ts';
import { avroConverterPlugin } from './avro/avro-converter.ts';
import { systemClock } from './base/clock.ts';
import { createLog, type Logger } from './base/log.ts';
import { cloudEventsConverterPlugin } from './cloudevents/plugin.ts';
import type { ConnectorFile } from './connect/config-file.ts';
import type { RawConfig } from './connect/config-spec.ts';
import type { TransformPlugin } from './connect/plugin.ts';
import { Plugins } from './connect/plugins.ts';
import { SecretScrubber } from './connect/secret-scrubber.ts';
import type * as Transforms from './connect/transforms/catalog.ts';
import { WorkerConfig } from './connect/worker-config.ts';
import { startWorker, type RunningWorker } from './connect/worker-start.ts';
import { binaryDataConverterPlugin, byteArrayConverterPlugin } from './json/byte-array-converter.ts';
import { jsonConverterPlugin } from './json/json-converter.ts';
import { simpleHeaderConverterPlugin, stringConverterPlugin } from './json/string-converter.ts';
import { createKafkaSink } from './sinks/kafka/kafka-sink.ts';
import type * as Csv from './sources/csv/plugin.ts';
import { csvSourceNames } from './sources/csv/class-names.ts';
import type * as Generator from './sources/generator/plugin.ts';
import { generatorSourceNames } from './sources/generator/class-names.ts';
import type * as Postgres from './sources/postgres/plugin.ts';
import { postgresSourceNames, timescaleDbNames } from './sources/postgres/class-names.ts';
import type * as Timescale from './sources/postgres/timescale-db.ts';
import { version } from './version.ts';

const formats = [avroConverterPlugin, apicurioConverterPlugin, jsonConverterPlugin, stringConverterPlugin];
const cloudEvents = cloudEventsConverterPlugin({
  json: jsonConverterPlugin,
  apicurio: apicurioConverterPlugin,
  confluent: avroConverterPlugin,
});

const load = createRequire(import.meta.url);
const csv = (): typeof Csv => load('./sources/csv/plugin.ts') as typeof Csv;
const generator = (): typeof Generator => load('./sources/generator/plugin.ts') as typeof Generator;
const postgres = (): typeof Postgres => load('./sources/postgres/plugin.ts') as typeof Postgres;
const timescale = (): typeof Timescale => load('./sources/postgres/timescale-db.ts') as typeof Timescale;
const transforms = (): typeof Transforms => load('./connect/transforms/catalog.ts') as typeof Transforms;

/** Only who names it loads it, and with it Postgres' client, which other sources do without. */
const timescaleDb: TransformPlugin = {
  ...timescaleDbNames,
  get configKeys() {
    return timescale().timescaleDbPlugin.configKeys;
  },
  create: (config, log) => timescale().timescaleDbPlugin.create(config, log),
};

/** Everything that is built in: the only list of sources, converters and transforms there is. */
export const plugins = new Plugins({
  version,
  sources: [
    { ...postgresSourceNames, plugin: () => postgres().postgresSourcePlugin },
    { ...csvSourceNames, plugin: () => csv().csvSourcePlugin },
    { ...generatorSourceNames, plugin: () => generator().generatorSourcePlugin },
  ],
  converters: [...formats, cloudEvents, byteArrayConverterPlugin, binaryDataConverterPlugin(formats)],
  headerConverters: [simpleHeaderConverterPlugin, jsonConverterPlugin, stringConverterPlugin],
  get transforms() {
    return [...transforms().transformPlugins, timescaleDb];
  },
  get predicates() {
    return transforms().predicatePlugins;
  },
});

export interface ComposeOptions {
  /** The worker's config as a user writes it. */
  readonly worker: RawConfig;
  readonly connectors: readonly ConnectorFile[];
  /** What `${env:NAME}` refers to. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Over the worker's `log.level` and `log.format`. */
  readonly logLevel?: string | undefined;
  readonly logFormat?: string | undefined;
}

/** A worker whose config is known to be good. Starting it is another matter: that depends on Kafka and the network. */
export interface ComposedWorker {
  readonly log: Logger;
  /** `onLoaded`: as in `WorkerOptions`. */
  start(signal?: AbortSignal, onLoaded?: () => void): Promise<RunningWorker>;
}

/** Throws `config.invalid` or `file.unreadable`; opens nothing. */
export function composeWorker(options: ComposeOptions): ComposedWorker {
  const scrubber = new SecretScrubber();
  const overrides: Record<string, string> = {};
  if (options.logLevel !== undefined) overrides['log.level'] = options.logLevel;
  if (options.logFormat !== undefined) overrides['log.format'] = options.logFormat;
  const config = WorkerConfig.parse({ ...options.worker, ...overrides }, options.env, scrubber);
  const level = config.config.choice('log.level') as Parameters<typeof createLog>[0]['level'];
  const format = config.config.choice('log.format') === 'json' ? 'json' : 'text';
  const log = createLog({ level, format, scrub: (line) => scrubber.scrub(line) });
  const { connectors } = options;
  return {
    log,
    start: (signal, onLoaded) =>
      startWorker(
        { config, connectors, plugins, createSink: createKafkaSink, scrubber, clock: systemClock, log, version, onLoaded },
        signal,
      ),
  };
}
