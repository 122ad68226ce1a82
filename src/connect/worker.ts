import { classify, describeError } from '../base/errors.ts';
import type { ConnectorFile, TargetState } from './config-file.ts';
import type { ConfigStore } from './config-store.ts';
import { defineKeys, type ConfigDefinition, type RawConfig } from './config-spec.ts';
import { Connector, type ConnectorInfo, type ConnectorStateInfo, type TaskState } from './connector.ts';
import { check, discardUpstream } from './connector-build.ts';
import { invalidConfig, noType, type ConfigInfos } from './connector-check.ts';
import { frameworkKeys } from './connector-config.ts';
import { RequestError } from './request-error.ts';
import type { Runtime } from './runtime.ts';
import { WorkQueue } from './work-queue.ts';

export interface RestartScope {
  readonly includeTasks: boolean;
  readonly onlyFailed: boolean;
}

/** How long a request that changes a state waits to see it carried out, before it answers that it will be. */
const settleMs = 5_000;

/**
 * Owns the connectors: every verb that REST and the command line have. Decisions go one by one through a queue and are
 * stored before they are acted on; carrying them out is each connector's own affair.
 */
export class Worker {
  readonly runtime: Runtime;
  readonly queue: WorkQueue;
  readonly #configs: ConfigStore;
  readonly #connectors = new Map<string, Connector>();
  #closing = false;

  constructor(runtime: Runtime, configs: ConfigStore) {
    this.runtime = runtime;
    this.queue = new WorkQueue(runtime.clock);
    this.#configs = configs;
  }

  /** Brings back what was there, then applies the given files: they create connectors or change their configs. */
  async start(files: readonly ConnectorFile[]): Promise<void> {
    for (const [name, { config, target }] of this.#configs.connectors()) {
      const connector = new Connector(name, config, target, this.runtime);
      connector.warnings = this.#warningsOf(connector);
      this.#connectors.set(name, connector);
    }
    for (const file of files) await this.#startFile(file);
    for (const connector of this.#connectors.values()) connector.drive(connector.target);
  }

  /** Ends all tasks within `task.shutdown.graceful.timeout.ms` together; false when some had to be abandoned. */
  async close(): Promise<boolean> {
    this.#closing = true;
    const { clock, worker, log } = this.runtime;
    const timeout = Promise.withResolvers<boolean>();
    const timer = clock.after(worker.config.int('task.shutdown.graceful.timeout.ms') + 1000, () => timeout.resolve(false));
    const released = Promise.all([...this.#connectors.values()].map((connector) => connector.release())).then(() => true);
    const drained = await Promise.race([released, timeout.promise]);
    timer.cancel();
    if (!drained)
      log.error('Some tasks did not end in time and were abandoned; what they had not committed comes again with the next start');
    return drained;
  }

  names(): string[] {
    return [...this.#connectors.keys()].sort();
  }

  connectors(): Connector[] {
    return [...this.#connectors.values()];
  }

  info(name: string): ConnectorInfo {
    return this.#find(name).info();
  }

  config(name: string): RawConfig {
    return this.#find(name).shownConfig();
  }

  status(name: string): ConnectorStateInfo {
    return this.#find(name, `No status found for connector ${name}`).status();
  }

  tasks(name: string): { id: { connector: string; task: number }; config: RawConfig }[] {
    const connector = this.#find(name);
    return connector.taskCount === 0 ? [] : [{ id: { connector: name, task: 0 }, config: connector.taskConfig(true) }];
  }

  taskStatus(name: string, task: number): TaskState {
    const found = this.#connectors
      .get(name)
      ?.status()
      .tasks.find((state) => state.id === task);
    if (found === undefined) throw RequestError.notFound(`No status found for task ${name}-${task}`);
    return found;
  }

  create(name: string, config: RawConfig, initial: TargetState): Promise<ConnectorInfo> {
    return this.#change('adding a connector', async () => {
      if (this.#connectors.has(name)) throw new RequestError(409, `Connector ${name} already exists`);
      await this.#create(name, config, initial, true);
      return this.info(name);
    });
  }

  /** `created` tells 201 from 200. */
  put(name: string, config: RawConfig): Promise<{ created: boolean; info: ConnectorInfo }> {
    return this.#change('updating a connector config', async () => {
      const created = !this.#connectors.has(name);
      if (created) await this.#create(name, config, 'STARTED', true);
      else await this.#update(name, config, true);
      return { created, info: this.info(name) };
    });
  }

  /** Null removes a key, everything else is laid over the present config. */
  patch(name: string, patch: RawConfig): Promise<ConnectorInfo> {
    return this.#change('patching a connector config', async () => {
      const merged: Record<string, string | null> = { ...this.#find(name).config };
      for (const [key, value] of Object.entries(patch)) {
        if (value === null) delete merged[key];
        else merged[key] = value;
      }
      await this.#update(name, named(name, merged), true);
      return this.info(name);
    });
  }

  async remove(name: string): Promise<void> {
    const connector = await this.#change('deleting a connector', async () => {
      const found = this.#find(name);
      await this.#configs.remove(name);
      this.#connectors.delete(name);
      return found;
    });
    const gone = connector.release().then(async () => {
      // A connector of the same name may have been created in the meantime; its states and what it reads by stay.
      if (this.#connectors.has(name)) return;
      await discardUpstream(name, connector.config, this.runtime);
      if (this.#connectors.has(name)) return;
      this.runtime.statuses.remove(name);
      this.runtime.metrics.remove({ connector: name });
      this.runtime.loggers.forget(name);
    });
    await Promise.race([gone, connector.settled(settleMs)]);
  }

  /** Resolves when the state is reached, or after a while when it will be. */
  async target(name: string, target: TargetState): Promise<void> {
    const connector = await this.#change(`setting the target state of a connector to ${target}`, async () => {
      const found = this.#find(name, `Unknown connector ${name}`);
      if (found.target !== target) {
        await this.#configs.putTarget(name, target);
        if (found.target === 'STOPPED') await this.#configs.putTasks(name, [found.taskConfig(false)]);
      }
      found.drive(target);
      return found;
    });
    await connector.settled(settleMs);
  }

  restart(name: string, scope: RestartScope): Promise<ConnectorStateInfo> {
    return this.#change('restarting a connector', () => {
      const connector = this.#find(name, `Unknown connector: ${name}`);
      const { state, trace, unbuilt } = connector.supervisor;
      const failed = state === 'FAILED' && (scope.includeTasks || unbuilt || !scope.onlyFailed);
      // Without tasks only what is broken is restarted: the connector and its task are one thing here.
      if (failed || (!scope.onlyFailed && (scope.includeTasks || trace !== null))) connector.restart();
      return Promise.resolve(connector.status());
    });
  }

  restartTask(name: string, task: number): Promise<void> {
    return this.#change('restarting a task', () => {
      const connector = this.#find(name, `Unknown connector: ${name}`);
      if (task >= connector.taskCount) throw RequestError.notFound(`Unknown task: ${name}-${task}`);
      connector.restart();
      return Promise.resolve();
    });
  }

  /** The connector, for changes to its offsets, which need it stopped. */
  stopped(name: string): Connector {
    const connector = this.#find(name);
    if (connector.target === 'STOPPED' && connector.taskCount === 0) return connector;
    throw new RequestError(
      400,
      'Connectors must be in the STOPPED state before their offsets can be modified. This can be done for the specified connector by ' +
        `issuing a 'PUT' request to the '/connectors/${name}/stop' endpoint`,
    );
  }

  find(name: string): Connector {
    return this.#find(name);
  }

  /** The answer of `/config/validate`, also for configs that are far from complete. */
  validate(pluginName: string, config: RawConfig): ConfigInfos {
    const className = config['connector.class'];
    if (className === undefined || className === null) throw noType(config);
    const same = this.runtime.plugins.source(className)?.className === this.runtime.plugins.source(pluginName)?.className;
    if (!same && !withoutSuffix(className).endsWith(withoutSuffix(pluginName))) {
      throw new RequestError(400, `Included connector type ${className} does not match request type ${pluginName}`);
    }
    return check(config, this.runtime).infos;
  }

  definitions(pluginName: string): ConfigDefinition[] {
    const { plugins } = this.runtime;
    const source = plugins.source(pluginName);
    if (source !== null) return defineKeys([...source.configKeys, ...frameworkKeys(plugins)]);
    const keys = plugins.otherKeys(pluginName);
    if (keys === null) throw RequestError.notFound(`Unknown plugin ${pluginName}.`);
    return defineKeys(keys);
  }

  #change<T>(what: string, work: () => Promise<T>): Promise<T> {
    if (this.#closing) return Promise.reject(new RequestError(503, 'The worker is shutting down.'));
    return this.queue.run(what, work);
  }

  #find(name: string, message = `Connector ${name} not found`): Connector {
    const connector = this.#connectors.get(name);
    if (connector === undefined) throw RequestError.notFound(message);
    return connector;
  }

  /** A file that is refused shows up as a failed connector: it must neither vanish nor keep the others from running. */
  async #startFile({ name, config, initialState }: ConnectorFile): Promise<void> {
    try {
      if (this.#connectors.has(name)) await this.#update(name, config, false);
      else await this.#create(name, config, initialState, false);
    } catch (error) {
      if (classify(error) === 'retry') throw error;
      this.#connectors.set(name, new Connector(name, config, 'STARTED', this.runtime));
    }
  }

  /** `drive` false: while the worker starts, everything is started at the end. */
  async #create(name: string, config: RawConfig, initial: TargetState, drive: boolean): Promise<void> {
    const warnings = this.#accept(name, config);
    await this.#configs.putConnector(name, config, initial);
    const connector = new Connector(name, config, initial, this.runtime);
    connector.warnings = warnings;
    this.#connectors.set(name, connector);
    if (initial !== 'STOPPED') await this.#configs.putTasks(name, [connector.taskConfig(false)]);
    if (drive) connector.drive(initial);
  }

  async #update(name: string, config: RawConfig, drive: boolean): Promise<void> {
    const connector = this.#find(name);
    if (sameConfig(connector.config, config)) return;
    const warnings = this.#accept(name, config);
    await this.#configs.putConnector(name, config, null);
    connector.reconfigure(config, warnings);
    if (connector.target !== 'STOPPED') await this.#configs.putTasks(name, [connector.taskConfig(false)]);
    if (drive) connector.restart();
  }

  /** Throws the refusal, or returns the warnings. */
  #accept(name: string, config: RawConfig): readonly string[] {
    const { infos, warnings } = check(named(name, config), this.runtime);
    if (infos.error_count > 0) throw invalidConfig(infos);
    return warnings;
  }

  /** A stored connector may have become invalid; then its start says why. */
  #warningsOf(connector: Connector): readonly string[] {
    try {
      return check(connector.config, this.runtime).warnings;
    } catch (error) {
      this.runtime.log.debug(
        { connector: connector.name, reason: this.runtime.scrubber.scrub(describeError(error)) },
        'Not a valid config any more',
      );
      return [];
    }
  }
}

/** The config with its name, which must be the one asked for. */
export function named(name: string, config: RawConfig): RawConfig {
  const own = config['name'];
  if (own === undefined || own === null) return { ...config, name };
  if (own === name) return config;
  throw new RequestError(400, `Connector name configuration (${own}) doesn't match connector name in the URL (${name})`);
}

function withoutSuffix(className: string): string {
  return className.replace(/Connector$/, '');
}

function sameConfig(left: RawConfig, right: RawConfig): boolean {
  const names = Object.keys(left);
  return names.length === Object.keys(right).length && names.every((name) => Object.hasOwn(right, name) && left[name] === right[name]);
}
