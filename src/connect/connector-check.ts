import { Config } from './config.ts';
import type { ConfigProviders } from './config-provider.ts';
import { evaluateKeys, type ConfigInfo, type Evaluation, type RawConfig } from './config-spec.ts';
import { aliases, frameworkFamilies, frameworkKeys, prefixed, transformKeys } from './connector-config.ts';
import { nearKey } from './near-key.ts';
import type { ConfigKey, SourcePlugin } from './plugin.ts';
import type { Plugins } from './plugins.ts';
import { RequestError } from './request-error.ts';
import { checkSanitizePattern, sanitizedKeys, sanitizeKey, withoutValue } from './sanitize-pattern.ts';
import { looksSecret, type SecretScrubber } from './secret-scrubber.ts';
import { topicCreationKeys } from './topic-creation-keys.ts';

/** Kafka Connect's `ConfigInfos`: the answer of `/config/validate`. */
export interface ConfigInfos {
  readonly name: string;
  readonly error_count: number;
  readonly groups: readonly string[];
  readonly configs: readonly ConfigInfo[];
}

export interface CheckedConnector {
  readonly infos: ConfigInfos;
  /** References resolved, defaults filled in. Only meaningful without errors. */
  readonly config: Config;
  readonly plugin: SourcePlugin;
  /** What deserves a look and stops nothing: unknown keys, keys without effect here. */
  readonly warnings: readonly string[];
}

export interface CheckContext {
  readonly plugins: Plugins;
  readonly providers: ConfigProviders;
  readonly scrubber: SecretScrubber;
  readonly exactlyOnce: boolean;
}

const baseGroups = ['Common', 'Transforms', 'Predicates', 'Error Handling', 'Topic Creation', 'Exactly Once Support', 'offsets.topic'];

const parts = ['key', 'value', 'header'] as const;

/**
 * One routine for `/config/validate`, for accepting a connector and for starting it. Throws only when there is nothing to
 * validate: no class, an unknown class, a reference that cannot be resolved. Opens no connections.
 */
export function checkConnector(raw: RawConfig, context: CheckContext): CheckedConnector {
  const { plugins } = context;
  const className = raw['connector.class'] ?? null;
  if (className === null) throw noType(raw);
  const plugin = plugins.source(className);
  if (plugin === null) throw plugins.unknownSource(className);
  const resolved = context.providers.resolve(raw);

  const frame = [...frameworkKeys(plugins), ...topicCreationKeys(resolved), ...transformKeys(plugins, resolved)];
  const base = evaluateKeys(frame, resolved, raw);
  const own = evaluateKeys(withoutNames(plugin.configKeys, base), resolved, raw);
  const converters = evaluateKeys(converterKeys(plugins, resolved), resolved, raw);
  const families = evaluateKeys(frameworkFamilies, resolved, raw);
  const evaluations = [base, own, converters, families];

  const values = new Map<string, string | null>(Object.entries(resolved));
  for (const evaluation of evaluations) for (const [name, value] of evaluation.values) values.set(name, value);
  const config = new Config(values);
  const sanitized = sanitizedKeys(resolved);
  rememberSecrets(evaluations, resolved, sanitized, context.scrubber);

  const configs = evaluations
    .flatMap((evaluation) => evaluation.infos)
    .map((info) => (sanitized(info.value.name) ? withoutValue(info, raw, resolved) : info));
  const issues = new Issues(configs);
  const warnings = unknownKeys(
    raw,
    evaluations,
    declaredKeys(plugin, base, converters),
    formerNames([...frame, ...plugin.configKeys]),
    issues,
  );
  warnings.push(...ignoredKeys(raw, [...plugin.configKeys, ...frameworkKeys(plugins), ...frameworkFamilies]));
  warnings.push(...ignoredTransforms(resolved, plugins));
  warnings.push(...notices(resolved, plugin.configKeys).map((text) => context.scrubber.scrub(text)));
  warnings.push(...strayConverterOptions(raw));
  frameworkIssues(resolved, context, issues);
  if (issues.count === 0) for (const { key, message } of plugin.validate?.(config) ?? []) issues.add(key, context.scrubber.scrub(message));

  return {
    infos: { name: className, error_count: issues.count, groups: groupsOf(configs), configs: issues.configs },
    config,
    plugin,
    warnings,
  };
}

/** Kafka Connect's sentence over all errors, for a create or update that is refused. */
export function invalidConfig(infos: ConfigInfos): RequestError {
  const errors = infos.configs.flatMap((info) => info.value.errors);
  return new RequestError(
    400,
    `Connector configuration is invalid and contains the following ${errors.length} error(s):\n${errors.join('\n')}\n` +
      'You can also find the above list of errors at the endpoint `/connector-plugins/{connectorType}/config/validate`',
  );
}

/** Names only: nothing is known about this config, so any value in it may be a secret. */
export function noType(raw: RawConfig): RequestError {
  return new RequestError(400, `Connector config {${Object.keys(raw).join(', ')}} contains no connector type`);
}

class Issues {
  readonly configs: ConfigInfo[];
  readonly #unknown: ConfigInfo[] = [];

  constructor(configs: ConfigInfo[]) {
    this.configs = configs;
  }

  add(key: string, message: string): void {
    let info = this.configs.find((candidate) => candidate.value.name === key);
    if (info === undefined) {
      info = { definition: null, value: { name: key, value: null, recommended_values: [], errors: [], visible: true } };
      this.configs.splice(this.#unknown.push(info) - 1, 0, info);
    }
    info.value.errors.push(message);
  }

  get count(): number {
    return this.configs.reduce((sum, info) => sum + info.value.errors.length, 0);
  }
}

/** A plugin may declare a framework key again to document it; the framework's declaration counts. */
function withoutNames(keys: readonly ConfigKey[], base: Evaluation): ConfigKey[] {
  const names = new Set(base.infos.map((info) => info.value.name));
  return keys.filter((key) => !names.has(key.name));
}

function converterKeys(plugins: Plugins, config: RawConfig): ConfigKey[] {
  return parts.flatMap((part) => {
    const name = config[`${part}.converter`];
    if (name === undefined || name === null) return [];
    const plugin = part === 'header' ? plugins.headerConverter(name) : plugins.converter(name);
    return plugin === null ? [] : prefixed(plugin.configKeys, `${part}.converter.`, `Converter: ${part}`);
  });
}

function declaredKeys(plugin: SourcePlugin, ...evaluations: Evaluation[]): string[] {
  const names = evaluations.flatMap((evaluation) => evaluation.infos.map((info) => info.value.name));
  return [...names, ...plugin.configKeys.filter((key) => key.pattern === undefined).map((key) => key.name)];
}

/** By the name that a key had, the name that it has. */
function formerNames(keys: readonly ConfigKey[]): Map<string, string> {
  return new Map(keys.flatMap(({ name, formerly }) => (formerly ?? []).map((former) => [former, name] as const)));
}

function unknownKeys(
  raw: RawConfig,
  evaluations: readonly Evaluation[],
  declared: readonly string[],
  former: ReadonlyMap<string, string>,
  issues: Issues,
): string[] {
  const policy = (raw['config.unknown'] ?? 'warn').trim().toLowerCase();
  const warnings: string[] = [];
  if (policy === 'ignore') return warnings;
  for (const name of Object.keys(raw)) {
    const meant = nearTopicSetting(name);
    if (meant === null && evaluations.some((evaluation) => evaluation.known.has(name))) continue;
    if (meant === null && parts.some((part) => name.startsWith(`${part}.converter.`) && raw[`${part}.converter`] === undefined)) continue;
    const now = former.get(name);
    const near = meant ?? (now === undefined ? nearKey(name, declared) : null);
    const told = now === undefined ? '' : ` Its name is '${now}' now.`;
    if (near !== null) issues.add(name, `Unknown configuration '${name}': did you mean '${near}'?`);
    else if (policy === 'fail') issues.add(name, `Unknown configuration '${name}'.${told}`);
    else warnings.push(`Unknown configuration '${name}' has no effect.${told}`);
  }
  return warnings;
}

/** `topic.creation.default.partition` would otherwise pass as the name of a topic setting. */
function nearTopicSetting(name: string): string | null {
  const match = /^(topic\.creation\.[^.]+\.)(.+)$/.exec(name);
  if (match === null) return null;
  const [, prefix = '', setting = ''] = match;
  const near = nearKey(setting, [
    'include',
    'exclude',
    'partitions',
    'replication.factor',
    'cleanup.policy',
    'retention.ms',
    'retention.bytes',
  ]);
  return near === null ? null : prefix + near;
}

function ignoredKeys(raw: RawConfig, keys: readonly ConfigKey[]): string[] {
  return Object.keys(raw).flatMap((name) => {
    const key = keys.find((candidate) => (candidate.pattern === undefined ? candidate.name === name : candidate.pattern.test(name)));
    return key?.ignored === undefined ? [] : [`Configuration '${name}' has no effect here: ${key.ignored}.`];
  });
}

function ignoredTransforms(resolved: RawConfig, plugins: Plugins): string[] {
  return aliases(resolved['transforms']).flatMap((alias) => {
    const ignored = plugins.transform(resolved[`transforms.${alias}.type`] ?? '')?.ignored;
    return ignored === undefined ? [] : [`Transform '${alias}' has no effect here: ${ignored}.`];
  });
}

function notices(resolved: RawConfig, keys: readonly ConfigKey[]): string[] {
  return keys.flatMap(({ name, notice }) => {
    const value = resolved[name] ?? null;
    const text = value === null ? null : (notice?.(value.trim()) ?? null);
    return text === null ? [] : [`Configuration '${name}': ${text}`];
  });
}

function strayConverterOptions(raw: RawConfig): string[] {
  return parts.flatMap((part) => {
    const stray = Object.keys(raw).find((name) => name.startsWith(`${part}.converter.`));
    if (stray === undefined || raw[`${part}.converter`] !== undefined) return [];
    return [`Configuration '${stray}' has no effect without '${part}.converter': the worker's converter and its options are used.`];
  });
}

function frameworkIssues(config: RawConfig, context: CheckContext, issues: Issues): void {
  for (const alias of aliases(config['transforms'])) {
    const predicate = config[`transforms.${alias}.predicate`];
    if (config[`transforms.${alias}.negate`] !== undefined && predicate === undefined) {
      issues.add(
        `transforms.${alias}.negate`,
        `Config 'transforms.${alias}.negate' was provided but there is no config 'transforms.${alias}.predicate' defining a predicate to be negated.`,
      );
    }
    if (typeof predicate === 'string' && !aliases(config['predicates']).includes(predicate.trim())) {
      issues.add(`transforms.${alias}.predicate`, `Unknown predicate '${predicate.trim()}': it is not in 'predicates'.`);
    }
  }
  const complaint = checkSanitizePattern(config[sanitizeKey] ?? '');
  if (complaint !== null) issues.add(sanitizeKey, complaint);
  const required = config['exactly.once.support']?.trim().toLowerCase() === 'required';
  if (required && !context.exactlyOnce)
    issues.add('exactly.once.support', 'This worker does not have exactly-once source support enabled.');
  if (config['transaction.boundary']?.trim().toLowerCase() === 'connector') {
    issues.add(
      'transaction.boundary',
      'The connector does not support connector-defined transaction boundaries with the given configuration. Please reconfigure it to use a different transaction boundary definition.',
    );
  }
}

function rememberSecrets(
  evaluations: readonly Evaluation[],
  resolved: RawConfig,
  sanitized: (name: string) => boolean,
  scrubber: SecretScrubber,
): void {
  const secret = new Set<string>();
  for (const evaluation of evaluations) {
    for (const info of evaluation.infos) if (info.definition?.type === 'PASSWORD') secret.add(info.value.name);
  }
  scrubber.addConfig(resolved, (name) => secret.has(name) || looksSecret(name) || sanitized(name));
}

function groupsOf(configs: readonly ConfigInfo[]): string[] {
  const groups = new Set(baseGroups);
  for (const info of configs) if (info.definition !== null && info.definition.group !== null) groups.add(info.definition.group);
  return [...groups];
}
