import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';

export interface LoggerLevel {
  /** As Kafka Connect writes it: `INFO`. */
  readonly level: string;
  /** Milliseconds since 1970-01-01; null: as the worker was started. */
  readonly last_modified: number | null;
}

const rootName = 'root';
const worker = 'millrace.worker';
const connectors = 'millrace.connectors';
const groups = [rootName, 'millrace', worker, connectors];

/** Names that run-books for Kafka Connect and Debezium use, and what they stand for here. */
const aliases: Readonly<Record<string, string>> = {
  'org.apache.kafka.connect': 'millrace',
  'io.debezium': connectors,
  'io.debezium.connector.postgresql': connectors,
};

const levels: Readonly<Record<string, string>> = {
  TRACE: 'trace',
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERROR: 'error',
  FATAL: 'fatal',
  OFF: 'silent',
};

/**
 * The loggers of a worker, one for itself and one for each connector, and how much each of them writes: that can be
 * changed while it runs. Nothing of it is stored; a restart begins with `log.level`.
 */
export class LogLevels {
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #connectors = new Map<string, Logger>();
  readonly #levels = new Map<string, LoggerLevel>();

  constructor(log: Logger, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
    const level = Object.keys(levels).find((name) => levels[name] === log.level) ?? 'INFO';
    for (const name of groups) this.#levels.set(name, { level, last_modified: null });
  }

  /** The logger of a connector; the same one for all of its incarnations. */
  connector(name: string): Logger {
    const known = this.#connectors.get(name);
    if (known !== undefined) return known;
    const inherited = this.#levels.get(connectors) ?? { level: 'INFO', last_modified: null };
    const log = this.#log.child({ connector: name }, { level: levels[inherited.level] ?? 'info' });
    this.#connectors.set(name, log);
    this.#levels.set(`${connectors}.${name}`, inherited);
    return log;
  }

  /** The connector is gone. */
  forget(name: string): void {
    this.#connectors.delete(name);
    this.#levels.delete(`${connectors}.${name}`);
  }

  /** All of them by name, sorted. */
  list(): Readonly<Record<string, LoggerLevel>> {
    const names = [...this.#levels.keys(), ...Object.keys(aliases)].toSorted();
    return Object.fromEntries(
      names.flatMap((name) => {
        const level = this.get(name);
        return level === null ? [] : [[name, level]];
      }),
    );
  }

  /** Null: there is no such logger. */
  get(name: string): LoggerLevel | null {
    return this.#levels.get(meaning(name)) ?? null;
  }

  /** For a logger and all below it. Answers which these are, sorted, or what is not known. */
  set(name: string, level: string): { readonly unknown: 'logger' | 'level' } | readonly string[] {
    const upper = level.toUpperCase();
    if (!Object.hasOwn(levels, upper)) return { unknown: 'level' };
    const target = meaning(name);
    if (!this.#levels.has(target)) return { unknown: 'logger' };
    const changed = [...this.#levels.keys()].filter((known) => target === rootName || known === target || known.startsWith(`${target}.`));
    const state = { level: upper, last_modified: this.#clock.now() };
    for (const known of changed) {
      this.#levels.set(known, state);
      const log = known === worker ? this.#log : this.#connectors.get(known.slice(connectors.length + 1));
      if (log !== undefined) log.level = levels[upper] ?? 'info';
    }
    const named = Object.keys(aliases).filter((alias) => changed.includes(meaning(alias)));
    return [...new Set([...changed, ...named, name])].toSorted();
  }
}

/** The real name; a class below a package that has one means the package. */
function meaning(name: string): string {
  for (let prefix = name; ; prefix = prefix.slice(0, prefix.lastIndexOf('.'))) {
    const target = Object.hasOwn(aliases, prefix) ? aliases[prefix] : undefined;
    if (target !== undefined) return target;
    if (!prefix.includes('.')) return name;
  }
}
