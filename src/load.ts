import { Command } from 'commander';
import { systemClock, type Clock } from './base/clock.ts';
import { ConnectError, classify, describeError } from './base/errors.ts';
import { createLog, type Logger } from './base/log.ts';
import { Metrics } from './base/metrics.ts';
import { Secret } from './base/secret.ts';
import { plugins } from './compose.ts';
import { readConnectorFile, type ConnectorFile } from './connect/config-file.ts';
import { ConfigProviders } from './connect/config-provider.ts';
import { checkConnector } from './connect/connector-check.ts';
import { createErrorTolerance } from './connect/error-tolerance.ts';
import { SecretScrubber } from './connect/secret-scrubber.ts';
import type { Sink } from './connect/sink.ts';
import { Task } from './connect/task.ts';
import { createTransforms } from './connect/transforms/catalog.ts';
import { JsonConverter } from './json/json-converter.ts';
import { SimpleHeaderConverter } from './json/string-converter.ts';
import { PostgresSink } from './sinks/postgres/postgres-sink.ts';
import { TableConverter, type TopicSchemas } from './sinks/postgres/table-converter.ts';
import { ExitCode } from './standalone.ts';

interface LoadOptions {
  readonly postgres: string;
  readonly logFormat?: string;
  readonly logLevel?: string;
}

/** `millrace load CONNECTOR --postgres URL`: what a connector would write into topics, as rows of tables. */
export function loadCommand(): Command {
  return new Command('load')
    .description('write what a connector would send to Kafka into tables of a Postgres database')
    .argument('<connector>', 'connector config: .properties, .json or .yaml')
    .requiredOption('--postgres <url>', 'postgres://user:password@host:port/database; or the name of an environment variable that holds it')
    .option('--log-format <format>', 'json or text')
    .option('--log-level <level>', 'trace, debug, info, warn, error or fatal')
    .action(async (connector: string, options: LoadOptions) => {
      process.exitCode = await load(connector, options);
      process.exit();
    });
}

async function load(path: string, options: LoadOptions): Promise<number> {
  const stop = new AbortController();
  const onSignal = (): void => {
    if (stop.signal.aborted) process.exit(ExitCode.FORCED);
    stop.abort();
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  const scrubber = new SecretScrubber();
  const log = createLog({
    level: (options.logLevel ?? 'info') as Parameters<typeof createLog>[0]['level'],
    format: options.logFormat === 'json' ? 'json' : 'text',
    scrub: (line) => scrubber.scrub(line),
  });
  let task: LoadTask;
  try {
    task = build(readConnectorFile(path), urlOf(options.postgres, scrubber), scrubber, log);
  } catch (error) {
    process.stderr.write(`millrace: ${scrubber.scrub(describeError(error))}\n`);
    return ExitCode.CONFIG;
  }
  try {
    await runOn(task, systemClock, log, stop.signal);
    log.info(
      { records: task.written() },
      stop.signal.aborted ? 'Asked to leave: everything so far is in the database' : 'All of it is in the database',
    );
    return ExitCode.CLEAN;
  } catch (error) {
    log.fatal(describeError(error));
    return classify(error) === 'retry' ? ExitCode.START : ExitCode.CONFIG;
  } finally {
    await task.close();
  }
}

interface LoadTask {
  run(signal: AbortSignal): Promise<void>;
  written(): number;
  close(): Promise<void>;
}

/** Tries again after what may pass; five failures without a record in between are enough. */
async function runOn(task: LoadTask, clock: Clock, log: Logger, signal: AbortSignal): Promise<void> {
  for (let failures = 0, before = 0; ; failures += 1) {
    try {
      await task.run(signal);
      return;
    } catch (error) {
      if (task.written() > before) failures = 0;
      before = task.written();
      if (classify(error) !== 'retry' || failures >= 4 || signal.aborted) throw error;
      log.warn(`${describeError(error)} Trying again.`);
      await clock.sleep(1000 * 2 ** failures, signal).catch(() => {});
      if (signal.aborted) return;
    }
  }
}

function urlOf(written: string, scrubber: SecretScrubber): Secret {
  const url = process.env[written] ?? written;
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || !/^postgres(ql)?:$/.test(parsed.protocol)) {
    throw new ConnectError('config.invalid', '--postgres is no address of a database.', {
      remedy: 'Give postgres://user:password@host:port/database, or the name of an environment variable that holds it.',
    });
  }
  if (parsed.password !== '') scrubber.add(decodeURIComponent(parsed.password));
  return new Secret(url);
}

/** Throws `config.invalid`; opens nothing. */
function build({ name, config: raw }: ConnectorFile, url: Secret, scrubber: SecretScrubber, log: Logger): LoadTask {
  const providers = new ConfigProviders({}, process.env);
  const { infos, config, plugin, warnings } = checkConnector(raw, { plugins, providers, scrubber, exactlyOnce: true });
  const errors = infos.configs.flatMap((info) => info.value.errors);
  if (errors.length > 0) {
    throw new ConnectError('config.invalid', `Connector configuration is invalid: ${errors.join(' ')}`, { remedy: 'Correct these keys.' });
  }
  for (const warning of warnings) log.warn(warning);
  if (config.optional('scenario.form')?.toLowerCase() === 'envelope') {
    throw new ConnectError('config.invalid', 'scenario.form is envelope, and rows of tables have none.', {
      remedy: 'Set scenario.form to flat.',
    });
  }
  const metrics = new Metrics();
  const topics = new Map<string, TopicSchemas>();
  const json = new TableConverter(new JsonConverter({ schemasEnable: false, decimalNumeric: true }), topics);
  const source = plugin.create({ connector: name, config, clock: systemClock, log, metrics });
  const sink = new CountingSink(new PostgresSink({ connector: name, url, topics }));
  const task = new Task({
    connector: name,
    taskId: 0,
    source,
    sink,
    keyConverter: json,
    valueConverter: json,
    headerConverter: new SimpleHeaderConverter(),
    transforms: createTransforms(config, plugins.set.transforms, log),
    tolerance: { ...createErrorTolerance(config), deadLetterTopic: null },
    lingerMs: 0,
    clock: systemClock,
    log,
    metrics,
    onStarted: () => log.info({ connector: name }, 'Writing into the database'),
  });
  return {
    run: (signal) => task.run(signal),
    written: () => sink.records,
    close: async () => void (await Promise.allSettled([source.close(), sink.close()])),
  };
}

/** Counts what has been committed. */
class CountingSink implements Sink {
  records = 0;
  readonly #inner: Sink;

  constructor(inner: Sink) {
    this.#inner = inner;
  }

  open(...values: Parameters<Sink['open']>): ReturnType<Sink['open']> {
    return this.#inner.open(...values);
  }

  prepareTopic(topic: string): Promise<void> {
    return this.#inner.prepareTopic(topic);
  }

  async commit(...[batch]: Parameters<Sink['commit']>): Promise<void> {
    await this.#inner.commit(batch);
    this.records += batch.length;
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}
