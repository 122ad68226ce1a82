import { apicurioConverterPlugin } from './avro/apicurio-converter.ts';
import { avroConverterPlugin } from './avro/avro-converter.ts';
import { systemClock } from './base/clock.ts';
import { createLog, type Logger } from './base/log.ts';
import { cloudEventsConverterPlugin } from './cloudevents/plugin.ts';
import type { ConnectorFile } from './connect/config-file.ts';
import type { RawConfig } from './connect/config-spec.ts';
import { Plugins } from './connect/plugins.ts';
import { SecretScrubber } from './connect/secret-scrubber.ts';
import { predicatePlugins, transformPlugins } from './connect/transforms/catalog.ts';
import { WorkerConfig } from './connect/worker-config.ts';
import { startWorker, type RunningWorker } from './connect/worker-start.ts';
import { binaryDataConverterPlugin, byteArrayConverterPlugin } from './json/byte-array-converter.ts';
import { jsonConverterPlugin } from './json/json-converter.ts';
import { simpleHeaderConverterPlugin, stringConverterPlugin } from './json/string-converter.ts';
import { createKafkaSink } from './sinks/kafka/kafka-sink.ts';
import { csvSourcePlugin } from './sources/csv/plugin.ts';
import { generatorSourcePlugin } from './sources/generator/plugin.ts';
import { postgresSourcePlugin } from './sources/postgres/plugin.ts';
import { timescaleDbPlugin } from './sources/postgres/timescale-db.ts';
import { version } from './version.ts';

const formats = [avroConverterPlugin, apicurioConverterPlugin, jsonConverterPlugin, stringConverterPlugin];
const cloudEvents = cloudEventsConverterPlugin({
  json: jsonConverterPlugin,
  apicurio: apicurioConverterPlugin,
  confluent: avroConverterPlugin,
});

/** Everything that is built in: the only list of sources, converters and transforms there is. */
export const plugins = new Plugins({
  version,
  sources: [postgresSourcePlugin, csvSourcePlugin, generatorSourcePlugin],
  converters: [...formats, cloudEvents, byteArrayConverterPlugin, binaryDataConverterPlugin(formats)],
  headerConverters: [simpleHeaderConverterPlugin, jsonConverterPlugin, stringConverterPlugin],
  transforms: [...transformPlugins, timescaleDbPlugin],
  predicates: predicatePlugins,
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
  start(signal?: AbortSignal): Promise<RunningWorker>;
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
    start: (signal) =>
      startWorker({ config, connectors, plugins, createSink: createKafkaSink, scrubber, clock: systemClock, log, version }, signal),
  };
}
