import type { ConfigKey } from './plugin.ts';
import type { Plugins } from './plugins.ts';
import type { RawConfig } from './config-spec.ts';

const ms = (name: string, value: string, doc: string, displayName: string): ConfigKey => ({
  name,
  type: 'LONG',
  default: value,
  importance: 'MEDIUM',
  group: 'Error Handling',
  width: 'MEDIUM',
  displayName,
  doc,
});

const notEmpty = (value: string): string | null => (value === '' ? 'String must be non-empty' : null);

// oxlint-disable-next-line no-control-regex -- finding control characters is the point
const controls = /[\u0000-\u001f\u007f]/g;

function nameComplaint(value: string): string | null {
  if (value === '') return 'String must be non-empty';
  const found = value.match(controls);
  if (found === null) return null;
  const codes = found.map((character) => character.charCodeAt(0)).join(', ');
  return `String may not contain control sequences but had the following ASCII chars: ${codes}`;
}

function noDuplicates(value: string): string | null {
  const items = value === '' ? [] : value.split(',').map((item) => item.trim());
  return new Set(items).size === items.length ? null : 'Duplicate alias provided.';
}

/** The keys that every source connector has, in Kafka Connect's order. */
export function frameworkKeys(plugins: Plugins): ConfigKey[] {
  const known = (find: (name: string) => unknown) => (value: string) =>
    find(value) === null ? `Class ${value} could not be found.` : null;
  const converter = (name: string, displayName: string, find: (name: string) => unknown): ConfigKey => ({
    name,
    type: 'CLASS',
    default: null,
    importance: 'LOW',
    group: 'Common',
    width: 'SHORT',
    displayName,
    doc: `${displayName}; with its options under ${name}.* it takes the place of the worker's.`,
    check: known(find),
  });
  return [
    {
      name: 'name',
      type: 'STRING',
      importance: 'HIGH',
      group: 'Common',
      width: 'MEDIUM',
      displayName: 'Connector name',
      doc: 'Globally unique name to use for this connector.',
      check: nameComplaint,
    },
    {
      name: 'connector.class',
      type: 'STRING',
      importance: 'HIGH',
      group: 'Common',
      width: 'LONG',
      displayName: 'Connector class',
      doc: 'Name or alias of the class for this connector.',
    },
    {
      name: 'tasks.max',
      type: 'INT',
      default: '1',
      min: 1,
      importance: 'HIGH',
      group: 'Common',
      width: 'SHORT',
      displayName: 'Tasks max',
      doc: 'Maximum number of tasks to use for this connector.',
    },
    {
      name: 'tasks.max.enforce',
      type: 'BOOLEAN',
      default: 'true',
      importance: 'LOW',
      group: 'Common',
      width: 'SHORT',
      displayName: 'Enforce tasks max',
      doc: '(Deprecated) Whether to enforce tasks.max.',
    },
    converter('key.converter', 'Key converter class', (name) => plugins.converter(name)),
    converter('value.converter', 'Value converter class', (name) => plugins.converter(name)),
    converter('header.converter', 'Header converter class', (name) => plugins.headerConverter(name)),
    {
      name: 'transforms',
      type: 'LIST',
      default: '',
      importance: 'LOW',
      group: 'Transforms',
      width: 'LONG',
      displayName: 'Transforms',
      doc: 'Aliases for the transformations to be applied to records.',
      check: noDuplicates,
    },
    {
      name: 'predicates',
      type: 'LIST',
      default: '',
      importance: 'LOW',
      group: 'Predicates',
      width: 'LONG',
      displayName: 'Predicates',
      doc: 'Aliases for the predicates used by transformations.',
      check: noDuplicates,
    },
    {
      name: 'config.action.reload',
      type: 'STRING',
      default: 'restart',
      oneOf: ['none', 'restart'],
      importance: 'LOW',
      group: 'Common',
      width: 'MEDIUM',
      displayName: 'Reload Action',
      doc: 'What to do when a config provider reports a changed value; built-in providers do not expire values.',
    },
    {
      name: 'config.unknown',
      type: 'STRING',
      default: 'warn',
      oneOf: ['warn', 'fail', 'ignore'],
      importance: 'LOW',
      group: 'Common',
      width: 'SHORT',
      displayName: 'Unknown keys',
      doc: 'What to do about keys that nobody declares: warn (in log and status; a key that nearly is a known one is an error), fail, or ignore.',
    },
    ms(
      'errors.retry.timeout',
      '0',
      'Accepted for compatibility: failures that may pass are retried for as long as it takes.',
      'Retry Timeout for Errors',
    ),
    ms('errors.retry.delay.max.ms', '60000', 'The longest pause between two attempts.', 'Maximum Delay Between Retries for Errors'),
    {
      name: 'errors.tolerance',
      type: 'STRING',
      default: 'none',
      oneOf: ['none', 'all'],
      importance: 'MEDIUM',
      group: 'Error Handling',
      width: 'SHORT',
      displayName: 'Error Tolerance',
      doc: 'none: a record that cannot be converted fails the task; all: it is skipped and counted.',
    },
    {
      name: 'errors.log.enable',
      type: 'BOOLEAN',
      default: 'false',
      importance: 'MEDIUM',
      group: 'Error Handling',
      width: 'SHORT',
      displayName: 'Log Errors',
      doc: 'Whether to log every tolerated error.',
    },
    {
      name: 'errors.log.include.messages',
      type: 'BOOLEAN',
      default: 'false',
      importance: 'MEDIUM',
      group: 'Error Handling',
      width: 'SHORT',
      displayName: 'Log Error Details',
      doc: 'Whether such a log line says where the record would have gone; cell values are never logged.',
    },
    {
      name: 'errors.deadletterqueue.topic.name',
      type: 'STRING',
      default: '',
      importance: 'MEDIUM',
      group: 'Error Handling',
      width: 'MEDIUM',
      displayName: 'Dead Letter Queue Topic Name',
      doc: 'With errors.tolerance=all: the topic for rows and changes that were left out. Kafka Connect has this for sinks only.',
    },
    {
      name: 'errors.deadletterqueue.context.headers.enable',
      type: 'BOOLEAN',
      default: 'false',
      importance: 'MEDIUM',
      group: 'Error Handling',
      width: 'SHORT',
      displayName: 'Enable Error Context Headers',
      doc: 'Whether dead letters carry headers that say what failed and where.',
    },
    {
      name: 'errors.deadletterqueue.topic.replication.factor',
      type: 'SHORT',
      default: '3',
      importance: 'MEDIUM',
      group: 'Error Handling',
      width: 'SHORT',
      displayName: 'Dead Letter Queue Replication Factor',
      doc: 'Accepted for compatibility.',
      ignored: 'the dead letter topic is created as topic.creation.* says',
    },
    {
      name: 'topic.creation.groups',
      type: 'LIST',
      default: '',
      importance: 'LOW',
      group: 'Topic Creation',
      width: 'LONG',
      displayName: 'Topic Creation Groups',
      doc: 'Groups of settings for the topics that are created, tried in this order before `default`.',
      check: noDuplicates,
    },
    {
      name: 'exactly.once.support',
      type: 'STRING',
      default: 'requested',
      oneOf: ['requested', 'required'],
      importance: 'MEDIUM',
      group: 'Exactly Once Support',
      width: 'SHORT',
      displayName: 'Exactly once support',
      doc: 'required: refuse to run where the worker or connector cannot deliver exactly once.',
    },
    {
      name: 'transaction.boundary',
      type: 'STRING',
      default: 'poll',
      oneOf: ['poll', 'interval', 'connector'],
      importance: 'MEDIUM',
      group: 'Exactly Once Support',
      width: 'SHORT',
      displayName: 'Transaction Boundary',
      doc: 'Accepted for compatibility: a batch is a transaction.',
    },
    {
      name: 'transaction.boundary.interval.ms',
      type: 'LONG',
      default: null,
      min: 0,
      importance: 'LOW',
      group: 'Exactly Once Support',
      width: 'SHORT',
      displayName: 'Transaction boundary interval',
      doc: 'How long records may wait for others to share their batch.',
    },
    {
      name: 'offsets.storage.topic',
      type: 'STRING',
      default: null,
      importance: 'LOW',
      group: 'offsets.topic',
      width: 'LONG',
      displayName: 'Offsets topic',
      doc: "The topic for this connector's offsets, in place of the worker's.",
      check: notEmpty,
    },
    {
      name: 'linger.ms',
      type: 'INT',
      default: '5',
      min: 0,
      importance: 'LOW',
      group: 'Common',
      width: 'SHORT',
      displayName: 'Linger',
      doc: 'How long a batch waits for more records while the source is idle, in milliseconds.',
    },
  ];
}

/** Families that are declared only when the config uses them, so that an empty config lists none. */
export const frameworkFamilies: readonly ConfigKey[] = [
  family(
    /^(producer|admin|consumer)\.override\.(?=.*(password|jaas|\.key$|secret))/,
    'PASSWORD',
    'Kafka client setting that holds a secret.',
  ),
  family(/^(producer|admin)\.override\./, 'STRING', "Kafka client setting for this connector, over the worker's."),
  { ...family(/^consumer\.override\./, 'STRING', 'Settings of sink connectors.'), ignored: 'source connectors have no consumer' },
];

function family(pattern: RegExp, type: ConfigKey['type'], doc: string): ConfigKey {
  return { name: pattern.source, pattern, type, default: null, importance: 'LOW', doc };
}

/** The keys of each alias in `transforms` and `predicates`, under their prefixes. */
export function transformKeys(plugins: Plugins, config: RawConfig): ConfigKey[] {
  const keys: ConfigKey[] = [];
  for (const alias of aliases(config['transforms'])) {
    const prefix = `transforms.${alias}.`;
    const group = `Transforms: ${alias}`;
    const classes = plugins.set.transforms.map((plugin) => plugin.className);
    keys.push(
      {
        ...classKey(`${prefix}type`, group, `Transformation type for ${alias}`, classes),
        check: (value) => missing(plugins.transform(value), value),
      },
      {
        name: `${prefix}predicate`,
        type: 'STRING',
        default: null,
        importance: 'MEDIUM',
        group,
        displayName: `Predicate for ${alias}`,
        doc: 'The alias of a predicate used to determine whether to apply this transformation.',
      },
      {
        name: `${prefix}negate`,
        type: 'BOOLEAN',
        default: 'false',
        importance: 'MEDIUM',
        group,
        displayName: `Negate predicate of ${alias}`,
        doc: 'Whether the configured predicate should be negated.',
      },
      ...prefixed(plugins.transform(config[`${prefix}type`] ?? '')?.configKeys ?? [], prefix, group),
    );
  }
  for (const alias of aliases(config['predicates'])) {
    const prefix = `predicates.${alias}.`;
    const group = `Predicates: ${alias}`;
    const classes = plugins.set.predicates.map((plugin) => plugin.className);
    keys.push(
      {
        ...classKey(`${prefix}type`, group, `Predicate type for ${alias}`, classes),
        check: (value) => missing(plugins.predicate(value), value),
      },
      ...prefixed(plugins.predicate(config[`${prefix}type`] ?? '')?.configKeys ?? [], prefix, group),
    );
  }
  return keys;
}

function classKey(name: string, group: string, displayName: string, classes: readonly string[]): ConfigKey {
  return { name, type: 'CLASS', importance: 'HIGH', group, width: 'LONG', displayName, doc: `${displayName}: ${classes.join(', ')}` };
}

function missing(plugin: unknown, name: string): string | null {
  return plugin === null ? `Class ${name} could not be found.` : null;
}

export function aliases(list: string | null | undefined): string[] {
  return (list ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** The same declarations under a prefix: `schema.registry.url` as `value.converter.schema.registry.url`. */
export function prefixed(keys: readonly ConfigKey[], prefix: string, group: string): ConfigKey[] {
  return keys.map((key) => ({
    ...key,
    name: prefix + key.name,
    group,
    ...(key.pattern === undefined
      ? {}
      : { pattern: new RegExp(`^${RegExp.escape(prefix)}(?:${key.pattern.source.replace(/^\^/, '')})`, key.pattern.flags) }),
  }));
}

/** Kafka Connect's rule: once any `topic.creation.*` key is there, the default group must be complete. */
export function topicCreationKeys(config: RawConfig): ConfigKey[] {
  const given = Object.keys(config).filter((name) => name.startsWith('topic.creation.'));
  if (given.length === 0) return [];
  const keys: ConfigKey[] = [];
  for (const group of new Set(['default', ...aliases(config['topic.creation.groups'])])) {
    const isDefault = group === 'default';
    const prefix = `topic.creation.${group}.`;
    const label = isDefault ? 'default' : `Topic Creation: ${group}`;
    const key = (
      name: string,
      type: ConfigKey['type'],
      value: string | null | undefined,
      displayName: string,
      check?: ConfigKey['check'],
    ): ConfigKey => ({
      name: prefix + name,
      type,
      default: value,
      importance: 'LOW',
      group: label,
      width: 'LONG',
      displayName: `${displayName} ${group}`,
      doc: `${displayName} ${group}.`,
      check,
    });
    keys.push(
      key('include', 'LIST', isDefault ? '.*' : '', 'Inclusion Topic Pattern for', patternComplaint),
      key('exclude', 'LIST', '', 'Exclusion Topic Pattern for', patternComplaint),
      key('replication.factor', 'SHORT', isDefault ? undefined : null, 'Replication Factor for Topics in', (value) =>
        positiveOrDefault(
          value,
          "Replication factor must be positive and not larger than the number of brokers in the Kafka cluster, or -1 to use the broker's default",
        ),
      ),
      key('partitions', 'INT', isDefault ? undefined : null, 'Partition Count for Topics in', (value) =>
        positiveOrDefault(value, "Number of partitions must be positive, or -1 to use the broker's default"),
      ),
      { ...family(new RegExp(`^${RegExp.escape(prefix)}`), 'STRING', 'A setting of the topics that are created.'), group: label },
    );
  }
  return keys;
}

function positiveOrDefault(value: string, complaint: string): string | null {
  return Number(value) >= 1 || Number(value) === -1 ? null : complaint;
}

function patternComplaint(value: string): string | null {
  for (const item of aliases(value)) {
    try {
      new RegExp(item);
    } catch {
      return `Syntax error in regular expression: ${item}`;
    }
  }
  return null;
}
