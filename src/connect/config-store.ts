import type { Logger } from '../base/log.ts';
import type { TargetState } from './config-file.ts';
import type { RawConfig } from './config-spec.ts';
import type { LogRecord, RecordLog } from './record-log.ts';

export interface StoredConnector {
  /** As submitted: references are not resolved. */
  readonly config: RawConfig;
  readonly target: TargetState;
}

/**
 * Connectors and the states they should be in, as records in Kafka Connect's own formats, so that its tools read them and
 * either program can take over from the other. Records of kinds we do not use are left alone.
 */
export class ConfigStore {
  readonly #log: RecordLog;
  readonly #configs = new Map<string, RawConfig>();
  readonly #targets = new Map<string, TargetState>();

  private constructor(log: RecordLog) {
    this.#log = log;
  }

  /** Reads everything. Records that cannot be understood are skipped with a warning, as Connect does. */
  static async open(log: RecordLog, logger: Logger): Promise<ConfigStore> {
    const store = new ConfigStore(log);
    await log.readToEnd((record) => {
      try {
        store.#apply(record);
      } catch {
        logger.warn({ key: record.key }, 'A record of the config topic cannot be understood and is ignored');
      }
    });
    return store;
  }

  connectors(): Map<string, StoredConnector> {
    return new Map([...this.#configs].map(([name, config]) => [name, { config, target: this.#targets.get(name) ?? 'STARTED' }]));
  }

  /** A new or changed connector. The target state of a new one is written first, so that it never runs before. */
  async putConnector(name: string, config: RawConfig, initial: TargetState | null): Promise<void> {
    const records: LogRecord[] = [];
    if (initial !== null && initial !== 'STARTED') records.push(targetRecord(name, initial));
    records.push({ key: `connector-${name}`, value: JSON.stringify({ properties: config }) });
    await this.#append(records);
  }

  /** The configs that the tasks of a connector run with, references not resolved. */
  async putTasks(name: string, tasks: readonly RawConfig[]): Promise<void> {
    const records = tasks.map((config, id) => ({ key: `task-${name}-${id}`, value: JSON.stringify({ properties: config }) }));
    await this.#append([...records, commitRecord(name, tasks.length)]);
  }

  async putTarget(name: string, target: TargetState): Promise<void> {
    const records = target === 'STOPPED' ? [commitRecord(name, 0)] : [];
    await this.#append([...records, targetRecord(name, target)]);
  }

  async remove(name: string): Promise<void> {
    await this.#append([
      { key: `connector-${name}`, value: null },
      { key: `target-state-${name}`, value: null },
    ]);
  }

  async close(): Promise<void> {
    await this.#log.close();
  }

  async #append(records: readonly LogRecord[]): Promise<void> {
    await this.#log.append(records);
    for (const record of records) this.#apply(record);
  }

  #apply({ key, value }: LogRecord): void {
    if (key.startsWith('connector-')) {
      const name = key.slice('connector-'.length);
      if (value === null) {
        this.#configs.delete(name);
        this.#targets.delete(name);
      } else this.#configs.set(name, (JSON.parse(value) as { properties: RawConfig }).properties);
    } else if (key.startsWith('target-state-')) {
      const name = key.slice('target-state-'.length);
      if (value === null) this.#targets.delete(name);
      else {
        const { state, ...rest } = JSON.parse(value) as { state: TargetState; 'state.v2'?: TargetState };
        this.#targets.set(name, rest['state.v2'] ?? state);
      }
    }
  }
}

/** Old workers know no STOPPED and read PAUSED instead. */
function targetRecord(name: string, target: TargetState): LogRecord {
  return { key: `target-state-${name}`, value: JSON.stringify({ state: target === 'STOPPED' ? 'PAUSED' : target, 'state.v2': target }) };
}

function commitRecord(name: string, tasks: number): LogRecord {
  return { key: `commit-${name}`, value: JSON.stringify({ tasks }) };
}
