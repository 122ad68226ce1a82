import { createRequire } from 'node:module';
import { ConnectError, describeError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { Metrics } from '../base/metrics.ts';
import { Config } from './config.ts';
import { checkConnector, type CheckedConnector } from './connector-check.ts';
import { evaluateKeys, type RawConfig } from './config-spec.ts';
import type { Converter } from './converter.ts';
import { createErrorTolerance } from './error-tolerance.ts';
import type { ConverterPlugin } from './plugin.ts';
import type { Runtime } from './runtime.ts';
import type { Waiter } from './right-of-way.ts';
import type { Sink } from './sink.ts';
import type { Source, SourceSignal } from './source.ts';
import type { Incarnation, TaskEvents } from './supervisor.ts';
import { Task } from './task.ts';
import { topicFollower } from './topic-follower.ts';
import type { Transform } from './transform.ts';
import type * as Transforms from './transforms/catalog.ts';

const load = createRequire(import.meta.url);

/** A lone change waits for nobody: under load a batch grows while the one before it is being committed. */
const lingerMsDefault = 0;

export function check(raw: RawConfig, runtime: Runtime): CheckedConnector {
  const { plugins, scrubber, worker } = runtime;
  return checkConnector(raw, { plugins, providers: worker.providers, scrubber, exactlyOnce: worker.exactlyOnce });
}

/** Everything that a connector's task consists of, from its config. Opens no connection; the task's run does. */
export async function buildTask(name: string, raw: RawConfig, runtime: Runtime, events: TaskEvents): Promise<Incarnation> {
  const { infos, config, plugin, warnings } = check(raw, runtime);
  const log = runtime.loggers.connector(name);
  const errors = infos.configs.flatMap((info) => info.value.errors);
  if (errors.length > 0) {
    throw new ConnectError(
      'config.invalid',
      `Connector configuration is invalid and contains the following ${errors.length} error(s): ${errors.join(' ')}`,
      {
        remedy: 'Correct these keys and submit the config again.',
      },
    );
  }
  for (const warning of warnings) log.warn(warning);
  const { clock, metrics, worker } = runtime;
  const labels = { connector: name, task: '0' };
  const cluster = worker.producer(config);
  const offsetsTopic = config.optional('offsets.storage.topic');
  const store = await runtime.offsets(offsetsTopic);
  const converters = {
    keyConverter: createConverter('key', config, runtime, log),
    valueConverter: createConverter('value', config, runtime, log),
    headerConverter: createConverter('header', config, runtime, log),
    transforms: transformsOf(config, runtime, log),
  };
  const followTopic = topicFollower(cluster, clock, log);
  const way = runtime.rightOfWay.claimant(name);
  const source = plugin.create({ connector: name, config, clock, log, metrics, followTopic, claimWay: (reason) => way.claim(reason) });
  const sink = runtime.createSink({
    connector: name,
    cluster,
    topicCreation: config,
    topicCreationEnabled: worker.config.boolean('topic.creation.enable'),
    offsets:
      worker.offsetFile === null ? { kind: 'kafka', topic: offsetsTopic ?? worker.storage('offset').topic } : { kind: 'store', store },
    transactionalId: worker.exactlyOnce ? `${worker.groupId}-${name}-0` : null,
    clock,
    log,
    metrics,
    labels,
  });
  const task = new Task({
    connector: name,
    taskId: 0,
    source,
    sink: trackTopics(sink, name, runtime),
    ...converters,
    tolerance: createErrorTolerance(config),
    lingerMs: cluster.optionalInt('linger.ms') ?? lingerMsDefault,
    clock,
    log,
    metrics,
    onStarted: () => events.running(),
    gate: (stop) => runtime.rightOfWay.pass(waiter(name, source, config, events), stop),
    onTrouble: (reason) => events.troubled(reason),
    drainMs: worker.config.int('task.shutdown.graceful.timeout.ms'),
  });
  return {
    run: (signal) => task.run(signal),
    ...(source.signal === undefined ? {} : { signal: (order: SourceSignal) => source.signal?.(order) ?? Promise.resolve() }),
    close: async () => {
      way.end();
      const closed = await Promise.allSettled([source.close(), sink.close()]);
      const failed = closed.find((result) => result.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    },
  };
}

function transformsOf(config: Config, { plugins }: Runtime, log: Logger): Transform[] {
  if ((config.optional('transforms') ?? config.optional('predicates')) === null) return [];
  const { createTransforms } = load('./transforms/catalog.ts') as typeof Transforms;
  return createTransforms(config, plugins.set.transforms, log);
}

/** How this connector stands still for another, which its status tells. */
function waiter(connector: string, source: Source, config: Config, events: TaskEvents): Waiter {
  return {
    connector,
    canWait: () => config.boolean('stand.still.for.others') && source.canWait?.() !== false,
    onHeld: (reason) => events.troubled(reason),
    onFree: () => events.running(),
  };
}

/** After a connector was deleted: what it made upstream goes, where its config asks for that. Failures are only logged. */
export async function discardUpstream(name: string, raw: RawConfig, runtime: Runtime): Promise<void> {
  const log = runtime.loggers.connector(name);
  try {
    const { infos, config, plugin } = check(raw, runtime);
    if (infos.error_count > 0) return;
    const source = plugin.create({ connector: name, config, clock: runtime.clock, log, metrics: new Metrics() });
    try {
      await source.discard?.();
    } finally {
      await source.close();
    }
  } catch (error) {
    log.warn({ reason: runtime.scrubber.scrub(describeError(error)) }, 'What the deleted connector made upstream could not be removed');
  }
}

/** A connector that names a converter takes nothing of the worker's, not even options: as in Kafka Connect. */
export function chooseConverter(
  part: 'key' | 'value' | 'header',
  config: Config,
  { worker, plugins }: Pick<Runtime, 'worker' | 'plugins'>,
): { readonly plugin: ConverterPlugin; readonly options: Config } {
  const own = config.optional(`${part}.converter`);
  // Options without a value are null here, and not given as far as the converter is concerned.
  const given = config
    .withPrefix(`${part}.converter.`)
    .entries()
    .filter(([, value]) => value !== null);
  const { className, options } = own === null ? worker.converter(part) : { className: own, options: Object.fromEntries(given) };
  const plugin = part === 'header' ? plugins.headerConverter(className) : plugins.converter(className);
  if (plugin === null) {
    throw new ConnectError(
      'config.invalid',
      `Invalid value ${className} for configuration ${part}.converter: Class ${className} could not be found.`,
    );
  }
  const evaluation = evaluateKeys(plugin.configKeys, options, options);
  const errors = evaluation.infos.flatMap((info) => info.value.errors);
  if (errors.length > 0) {
    throw new ConnectError('config.invalid', `The options of ${part}.converter ${className} are invalid: ${errors.join(' ')}`, {
      remedy: `Set ${part}.converter.* in the ${own === null ? 'worker' : 'connector'}'s config.`,
    });
  }
  const values = new Map<string, string | null>([...Object.entries(options), ...evaluation.values]);
  return { plugin, options: new Config(values) };
}

function createConverter(part: 'key' | 'value' | 'header', config: Config, runtime: Runtime, log: Logger): Converter {
  const { plugin, options } = chooseConverter(part, config, runtime);
  return plugin.create(options, { isKey: part === 'key', log });
}

/** The one place where the topics of a connector are learnt, once per topic. */
function trackTopics(sink: Sink, connector: string, runtime: Runtime): Sink {
  if (!runtime.worker.config.boolean('topic.tracking.enable')) return sink;
  return {
    open: (signal) => sink.open(signal),
    prepareTopic: async (topic) => {
      await sink.prepareTopic(topic);
      runtime.statuses.addTopic(connector, 0, topic, runtime.clock.now());
    },
    commit: (batch, delayed) => sink.commit(batch, delayed),
    close: () => sink.close(),
  };
}
