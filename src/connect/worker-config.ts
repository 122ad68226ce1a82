import { ConnectError } from '../base/errors.ts';
import { Config } from './config.ts';
import { ConfigProviders } from './config-provider.ts';
import { evaluateKeys, type RawConfig } from './config-spec.ts';
import { nearKey } from './near-key.ts';
import type { ConfigKey } from './plugin.ts';
import { looksSecret, type SecretScrubber } from './secret-scrubber.ts';
import { workerFamilies, workerKeys } from './worker-keys.ts';

export interface StorageTopic {
  readonly topic: string;
  readonly setting: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly settings: Readonly<Record<string, string>>;
}

export interface ConverterChoice {
  readonly className: string;
  /** Prefix taken off, references resolved. */
  readonly options: RawConfig;
}

const avro = 'io.confluent.connect.avro.AvroConverter';
const json = 'org.apache.kafka.connect.json.JsonConverter';

/** A worker's config, checked, with references resolved and every default decided. */
export class WorkerConfig {
  readonly config: Config;
  readonly groupId: string;
  readonly providers: ConfigProviders;
  /** What deserves a look and stops nothing. */
  readonly warnings: readonly string[];
  readonly #values: ReadonlyMap<string, string | null>;

  private constructor(values: ReadonlyMap<string, string | null>, providers: ConfigProviders, warnings: readonly string[]) {
    this.#values = values;
    this.config = new Config(values);
    this.groupId = this.config.string('group.id');
    this.providers = providers;
    this.warnings = warnings;
  }

  /** Throws `config.invalid` with every complaint in one message. */
  static parse(raw: RawConfig, env: Readonly<Record<string, string | undefined>>, scrubber: SecretScrubber): WorkerConfig {
    const providers = new ConfigProviders(raw, env);
    const resolved = providers.resolve(raw);
    const evaluation = evaluateKeys([...workerKeys, ...workerFamilies], resolved, raw);
    const complaints = evaluation.infos.flatMap((info) => info.value.errors);
    const warnings: string[] = [];
    const declared = workerKeys.map((key) => key.name);
    for (const name of Object.keys(raw)) {
      const key = keyOf(name);
      if (key?.ignored !== undefined) warnings.push(`Configuration '${name}' has no effect here: ${key.ignored}.`);
      if (evaluation.known.has(name)) continue;
      const near = nearKey(name, declared);
      if (near === null) warnings.push(`Unknown configuration '${name}' has no effect.`);
      else complaints.push(`Unknown configuration '${name}': did you mean '${near}'?`);
    }
    if (complaints.length > 0) {
      throw new ConnectError('config.invalid', `The worker's configuration is invalid: ${complaints.join(' ')}`, {
        remedy: 'Correct these keys in the worker file.',
      });
    }
    scrubber.addConfig(resolved, isSecret);
    const values = new Map<string, string | null>([...Object.entries(resolved), ...evaluation.values]);
    return new WorkerConfig(values, providers, warnings);
  }

  /** Settings for a Kafka client of the worker itself. */
  get client(): Config {
    return new Config(this.#values);
  }

  /**
   * Settings for a connector's producer: the worker's own, over them `producer.*`, over them the connector's
   * `producer.override.*`. Kafka Connect wants security settings repeated per prefix; here they are inherited.
   */
  producer(connector: Config): Config {
    const values = new Map(this.#values);
    for (const layer of [this.config.withPrefix('producer.'), connector.withPrefix('producer.override.')]) {
      for (const [name, value] of layer.entries()) values.set(name, value);
    }
    return new Config(values);
  }

  get exactlyOnce(): boolean {
    return this.config.choice('exactly.once.source.support') === 'enabled' && this.offsetFile === null;
  }

  get offsetFile(): string | null {
    return this.config.optional('offset.storage.file.filename');
  }

  /** Where offsets, configs or states are kept; named after the group where no name is given. */
  storage(kind: 'offset' | 'config' | 'status'): StorageTopic {
    const prefix = `${kind}.storage.`;
    const settings: Record<string, string> = {};
    for (const [name, value] of this.config.withPrefix(prefix).entries()) {
      if (value !== null && !['topic', 'partitions', 'replication.factor', 'cleanup.policy', 'file.filename'].includes(name))
        settings[name] = value;
    }
    return {
      topic: this.config.optional(`${prefix}topic`) ?? `${this.groupId}-${kind === 'status' ? 'status' : `${kind}s`}`,
      setting: `${prefix}topic`,
      partitions: kind === 'config' ? 1 : this.config.int(`${prefix}partitions`),
      replicationFactor: this.config.int(`${prefix}replication.factor`),
      settings,
    };
  }

  /** The converter of connectors that name none of their own. */
  converter(part: 'key' | 'value' | 'header'): ConverterChoice {
    const options = Object.fromEntries(this.config.withPrefix(`${part}.converter.`).entries());
    if (part === 'header') return { className: this.config.string('header.converter'), options };
    const shared = this.config.optional('schema.registry.url');
    if (shared !== null && options['schema.registry.url'] === undefined) options['schema.registry.url'] = shared;
    const fallback = typeof options['schema.registry.url'] === 'string' ? avro : json;
    return { className: this.config.optional(`${part}.converter`) ?? fallback, options };
  }
}

function keyOf(name: string): ConfigKey | undefined {
  return workerKeys.find((key) => key.name === name) ?? workerFamilies.find((key) => key.pattern?.test(name) === true);
}

function isSecret(name: string): boolean {
  return keyOf(name)?.type === 'PASSWORD' || looksSecret(name);
}
