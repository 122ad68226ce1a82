import { describeError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { State } from './lifecycle.ts';
import type { LogRecord, RecordLog } from './record-log.ts';

/**
 * States and topics in use, as records in Kafka Connect's own formats. Writing them never holds anything up: they are
 * appended in order behind the caller's back, and a loss costs a look at a stale state.
 */
export class StatusStore {
  readonly #log: RecordLog;
  readonly #logger: Logger;
  readonly #workerId: string;
  readonly #topics = new Map<string, Set<string>>();
  #generation = 0;
  #pending: LogRecord[] = [];
  #writing: Promise<void> = Promise.resolve();

  private constructor(log: RecordLog, workerId: string, logger: Logger) {
    this.#log = log;
    this.#workerId = workerId;
    this.#logger = logger;
  }

  static async open(log: RecordLog, workerId: string, logger: Logger): Promise<StatusStore> {
    const store = new StatusStore(log, workerId, logger);
    await log.readToEnd((record) => {
      store.#read(record);
    });
    // States of an earlier life of this worker must not win over the ones it writes now.
    store.#generation += 1;
    return store;
  }

  putConnector(name: string, state: State, trace: string | null): void {
    this.#put(`status-connector-${name}`, state, trace);
  }

  putTask(name: string, task: number, state: State, trace: string | null): void {
    this.#put(`status-task-${name}-${task}`, state, trace);
  }

  removeTask(name: string, task: number): void {
    this.#append([{ key: `status-task-${name}-${task}`, value: null }]);
  }

  remove(name: string): void {
    this.#append([{ key: `status-connector-${name}`, value: null }]);
    this.removeTask(name, 0);
    this.resetTopics(name);
  }

  topics(name: string): string[] {
    return [...(this.#topics.get(name) ?? [])].sort();
  }

  addTopic(name: string, task: number, topic: string, discoverTimestamp: number): void {
    const topics = this.#topics.get(name) ?? new Set<string>();
    if (topics.has(topic)) return;
    this.#topics.set(name, topics.add(topic));
    const value = JSON.stringify({ topic: { name: topic, connector: name, task, discoverTimestamp } });
    this.#append([{ key: `status-topic-${topic}:connector-${name}`, value }]);
  }

  resetTopics(name: string): void {
    const topics = this.topics(name);
    this.#topics.delete(name);
    this.#append(topics.map((topic) => ({ key: `status-topic-${topic}:connector-${name}`, value: null })));
  }

  /** Resolves when everything put so far has been written or given up. */
  async flush(): Promise<void> {
    await this.#writing;
  }

  async close(): Promise<void> {
    await this.flush();
    await this.#log.close();
  }

  #put(key: string, state: State, trace: string | null): void {
    this.#append([{ key, value: JSON.stringify({ state, trace, worker_id: this.#workerId, generation: this.#generation }) }]);
  }

  #append(records: readonly LogRecord[]): void {
    if (records.length === 0) return;
    this.#pending.push(...records);
    this.#writing = this.#writing.then(() => this.#write());
  }

  async #write(): Promise<void> {
    // Only the last state of each key matters: while Kafka is away the backlog is as long as there are keys.
    const latest = new Map(this.#pending.map((record) => [record.key, record]));
    this.#pending = [];
    if (latest.size === 0) return;
    try {
      await this.#log.append([...latest.values()]);
    } catch (error) {
      this.#logger.warn({ reason: describeError(error) }, 'States could not be written to the status topic');
    }
  }

  #read({ key, value }: LogRecord): void {
    const match = /^status-topic-([^:]+):connector-(.+)$/s.exec(key);
    if (match !== null) {
      const [, topic = '', name = ''] = match;
      const topics = this.#topics.get(name) ?? new Set<string>();
      if (value === null) topics.delete(topic);
      else topics.add(topic);
      this.#topics.set(name, topics);
      return;
    }
    const generation = value === null ? null : /"generation":(\d+)/.exec(value)?.[1];
    if (generation !== null && generation !== undefined) this.#generation = Math.max(this.#generation, Number(generation));
  }
}
