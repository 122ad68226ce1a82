import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { Metrics } from '../base/metrics.ts';
import { Config } from './config.ts';
import type { Converter } from './converter.ts';
import type { FindingHandler } from './finding.ts';
import type { Source } from './source.ts';
import type { Transform } from './transform.ts';

/** One declaration feeds validation, REST `/config/validate`, command-line help, the UI form and the README table. */
export interface ConfigKey {
  readonly name: string;
  readonly type: 'STRING' | 'INT' | 'LONG' | 'SHORT' | 'DOUBLE' | 'BOOLEAN' | 'LIST' | 'CLASS' | 'PASSWORD';
  readonly doc: string;
  /** In the form a user writes it. `undefined`: the key is required. `null`: optional without a default. */
  readonly default?: string | null | undefined;
  readonly importance?: 'HIGH' | 'MEDIUM' | 'LOW' | undefined;
  readonly group?: string | undefined;
  readonly width?: 'NONE' | 'SHORT' | 'MEDIUM' | 'LONG' | undefined;
  readonly displayName?: string | undefined;
  /** Allowed values, compared without letter case: `String must be one of: a, b`. */
  readonly oneOf?: readonly string[] | undefined;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  /** The complaint about a value that parsed, or null. */
  readonly check?: ((value: string) => string | null) | undefined;
  /** Families of keys (`column.mask.with.N.chars`): any key that matches belongs to this declaration. */
  readonly pattern?: RegExp | undefined;
  /** Names that it had in older versions. Configs that still have one are told this name. */
  readonly formerly?: readonly string[] | undefined;
  /** Accepted and without effect here; the log says why. */
  readonly ignored?: string | undefined;
  /** What the user has to know about a value that is taken, for log and status; null: nothing. */
  readonly notice?: ((value: string) => string | null) | undefined;
}

/** A problem that concerns several keys together or needs a look at the server; shown under `key`. */
export interface ConfigIssue {
  readonly key: string;
  readonly message: string;
}

export interface TopicRecord {
  readonly offset: bigint;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}

export interface TopicFollow {
  /** Kafka client settings over those of the worker. */
  readonly client: Config;
  readonly topic: string;
  /** Null: only what is written from now on. */
  readonly from: bigint | null;
  /** The offset at which reading begins. */
  readonly onStart: (offset: bigint) => void;
  /** A committed record. The buffers are borrowed. */
  readonly onRecord: (record: TopicRecord) => void;
  readonly signal: AbortSignal;
}

/** Follows the first partition of a topic until the signal aborts, through all outages; for sources that take orders by Kafka. */
export type FollowTopic = (request: TopicFollow) => Promise<void>;

export interface SourceContext {
  /** The connector's name. */
  readonly connector: string;
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Absent where there is no Kafka to read from. */
  readonly followTopic?: FollowTopic | undefined;
  /** Others of the worker stand still until this is called with null: for a source that is about to lose its place upstream. */
  readonly claimWay?: ((reason: string | null) => void) | undefined;
}

export interface SourceNames {
  /** The class name under which it is listed: `io.debezium.connector.postgresql.PostgresConnector`. */
  readonly className: string;
  /** Other names it answers to: `millrace.PostgresSource`. The name in use is `config.string('connector.class')`. */
  readonly aliases: readonly string[];
  readonly version: string;
}

/** A source whose code is loaded when a connector first asks for it: most workers need one of them. */
export interface ListedSource extends SourceNames {
  plugin(): SourcePlugin;
}

export interface SourcePlugin extends SourceNames {
  readonly configKeys: readonly ConfigKey[];
  /** Checks that look at several keys. Keys that alone do not parse are not here: see `ConfigKey`. */
  validate?(config: Config): readonly ConfigIssue[];
  create(context: SourceContext): Source;
  /** Looks, before a start, at everything upstream that the source will need; changes nothing itself. For `millrace doctor`. */
  examine?(context: SourceContext, handle: FindingHandler): Promise<void>;
}

export interface ConverterPlugin {
  readonly className: string;
  readonly aliases: readonly string[];
  readonly configKeys: readonly ConfigKey[];
  /** `config` holds the converter's own options, prefix (`value.converter.`) taken off. */
  create(config: Config, context: { readonly isKey: boolean; readonly log: Logger }): Converter;
  /** As `SourcePlugin.examine`, of what the converter talks to. */
  examine?(config: Config, context: { readonly isKey: boolean; readonly log: Logger }, handle: FindingHandler): Promise<void>;
}

export interface TransformPlugin {
  readonly className: string;
  readonly aliases: readonly string[];
  readonly configKeys: readonly ConfigKey[];
  /** Accepted and without effect here; the log says why. */
  readonly ignored?: string | undefined;
  /** `config` holds the transform's own options, prefix (`transforms.ALIAS.`) taken off. */
  create(config: Config, log?: Logger): Transform;
}

/** The options of a plugin that another plugin makes, the plugin's own defaults where they say nothing. */
export function withDefaults(options: Config, keys: readonly ConfigKey[]): Config {
  const given = new Map(options.entries());
  for (const key of keys) {
    if (key.pattern === undefined && (given.get(key.name) ?? null) === null) given.set(key.name, key.default ?? null);
  }
  return new Config(given);
}
