import { describeError, findConnectError } from '../base/errors.ts';
import type { TargetState } from './config-file.ts';
import { buildTask } from './connector-build.ts';
import { hasReference, hidden, type RawConfig } from './config-spec.ts';
import type { State } from './lifecycle.ts';
import { RequestError } from './request-error.ts';
import { retryPolicy } from './retry-policy.ts';
import type { Runtime } from './runtime.ts';
import { sanitizedKeys } from './sanitize-pattern.ts';
import { looksSecret } from './secret-scrubber.ts';
import type { SourceSignal } from './source.ts';
import { Supervisor, type SupervisorStatus } from './supervisor.ts';

export interface ConnectorInfo {
  readonly name: string;
  readonly config: RawConfig;
  readonly tasks: readonly { readonly connector: string; readonly task: number }[];
  readonly type: 'source' | 'unknown';
}

interface InstanceState {
  readonly state: State;
  readonly worker_id: string;
  readonly trace?: string;
}

export interface ConnectorStateInfo {
  readonly name: string;
  readonly connector: InstanceState & { readonly warnings?: readonly string[] };
  readonly tasks: readonly TaskState[];
  readonly type: 'source' | 'unknown';
}

export type TaskState = { readonly id: number } & InstanceState;

/** One connector of this worker: its config, what it should be, and the supervisor of its one task. */
export class Connector {
  readonly name: string;
  warnings: readonly string[] = [];
  #config: RawConfig;
  #target: TargetState;
  readonly #runtime: Runtime;
  readonly #supervisor: Supervisor;
  #published = '';

  constructor(name: string, config: RawConfig, target: TargetState, runtime: Runtime) {
    this.name = name;
    this.#config = config;
    this.#target = target;
    this.#runtime = runtime;
    const log = runtime.loggers.connector(name);
    this.#supervisor = new Supervisor({
      clock: runtime.clock,
      log,
      build: (events) => buildTask(name, this.#config, runtime, events),
      scrub: (text) => runtime.scrubber.scrub(text),
      retry: () => retryPolicy(this.#config),
      changed: () => this.#publish(),
    });
  }

  get config(): RawConfig {
    return this.#config;
  }

  get target(): TargetState {
    return this.#target;
  }

  get supervisor(): SupervisorStatus {
    return this.#supervisor.status;
  }

  get type(): 'source' | 'unknown' {
    return this.#runtime.plugins.source(this.#config['connector.class'] ?? '') === null ? 'unknown' : 'source';
  }

  /** Zero while stopped or where the task could not even be built. */
  get taskCount(): number {
    const { state, unbuilt } = this.#supervisor.status;
    if (state === 'FAILED') return unbuilt ? 0 : 1;
    return this.#target === 'STOPPED' && !this.#supervisor.busy ? 0 : 1;
  }

  /** Carries out the target state, without waiting for it. */
  drive(target: TargetState): void {
    this.#target = target;
    if (target === 'STARTED') this.#supervisor.run();
    else if (target === 'PAUSED') this.#supervisor.pause();
    else this.#supervisor.stop();
  }

  /** Takes effect with the next start, which `restart` brings about. */
  reconfigure(config: RawConfig, warnings: readonly string[]): void {
    this.#config = config;
    this.warnings = warnings;
  }

  restart(): void {
    this.#supervisor.restart();
  }

  settled(timeoutMs: number): Promise<boolean> {
    return this.#supervisor.settled(timeoutMs);
  }

  release(): Promise<void> {
    return this.#supervisor.release();
  }

  /** Passes an order on to the source that runs. */
  async signal(signal: SourceSignal): Promise<void> {
    const { incarnation } = this.#supervisor;
    if (incarnation === null) throw new RequestError(409, `Connector ${this.name} is not running, so it cannot take a signal`);
    if (incarnation.signal === undefined) throw new RequestError(400, `The source of connector ${this.name} takes no signals`);
    try {
      await incarnation.signal(signal);
    } catch (error) {
      const reason = this.#runtime.scrubber.scrub(describeError(error));
      throw new RequestError(findConnectError(error)?.code === 'config.invalid' ? 400 : 409, reason);
    }
  }

  info(): ConnectorInfo {
    const tasks = this.taskCount === 0 ? [] : [{ connector: this.name, task: 0 }];
    return { name: this.name, config: this.shownConfig(), tasks, type: this.type };
  }

  /** As submitted, unless the worker was asked to mask secrets that are written out. */
  shownConfig(): RawConfig {
    if (!this.#runtime.worker.config.boolean('rest.mask.secrets')) return this.#config;
    const secrets = new Set(this.#runtime.plugins.secretKeys(this.#config['connector.class'] ?? ''));
    const sanitized = sanitizedKeys(this.#config);
    const isSecret = (name: string): boolean => secrets.has(name) || looksSecret(name) || sanitized(name);
    return Object.fromEntries(
      Object.entries(this.#config).map(([name, value]) => {
        const secret = value !== null && value !== '' && !hasReference(value) && isSecret(name);
        return [name, secret ? hidden : value];
      }),
    );
  }

  /** What the task runs with, references not resolved; for the config topic (`shown` false) or for REST. */
  taskConfig(shown: boolean): RawConfig {
    const className = this.#runtime.plugins.source(this.#config['connector.class'] ?? '')?.className ?? 'unknown';
    return { ...(shown ? this.shownConfig() : this.#config), 'task.class': `${className}Task` };
  }

  status(): ConnectorStateInfo {
    const { state, trace, unbuilt } = this.#supervisor.status;
    const failedBuild = state === 'FAILED' && unbuilt;
    const task = { id: 0, ...this.#instance(state, trace) };
    const connector = failedBuild ? this.#instance('FAILED', trace) : this.#instance(this.#connectorState(state), null);
    return {
      name: this.name,
      connector: this.warnings.length === 0 ? connector : { ...connector, warnings: this.warnings },
      tasks: this.taskCount === 0 ? [] : [task],
      type: this.type,
    };
  }

  /** A failed task leaves its connector as it was asked to be. */
  #connectorState(task: State): State {
    if (task !== 'FAILED') return task;
    return this.#target === 'STARTED' ? 'RUNNING' : this.#target;
  }

  #instance(state: State, trace: string | null): InstanceState {
    const worker = this.#runtime.workerId;
    return trace === null || trace === '' ? { state, worker_id: worker } : { state, worker_id: worker, trace };
  }

  /** Into the status topic, once per change. */
  #publish(): void {
    const { connector, tasks } = this.status();
    const text = JSON.stringify([connector, tasks]);
    if (text === this.#published) return;
    this.#published = text;
    const { statuses } = this.#runtime;
    statuses.putConnector(this.name, connector.state, connector.trace ?? null);
    const [task] = tasks;
    if (task === undefined) statuses.removeTask(this.name, 0);
    else statuses.putTask(this.name, 0, task.state, task.trace ?? null);
  }
}
