import type { ConfigKey, ConverterPlugin } from './plugin.ts';
import type { Plugins } from './plugins.ts';
import type { RawConfig } from './config-spec.ts';

type Extra = Partial<Omit<ConfigKey, 'name' | 'type' | 'default' | 'group' | 'displayName' | 'doc'>>;

/** `value` undefined: required; null: optional without default. */
function key(
  name: string,
  type: ConfigKey['type'],
  value: string | null | undefined,
  group: string,
  displayName: string,
  doc: string,
  extra: Extra = {},
): ConfigKey {
  return { name, type, default: value, group, displayName, doc, importance: 'LOW', width: 'SHORT', ...extra };
}

const common = 'Common';
const handling = 'Error Handling';
const exactly = 'Exactly Once Support';
const high: Extra = { importance: 'HIGH' };
const medium: Extra = { importance: 'MEDIUM' };
const long: Extra = { width: 'LONG' };

function notEmpty(value: string): string | null {
  return value === '' ? 'String must be non-empty' : null;
}

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
  return [...commonKeys(plugins), ...errorKeys, ...deliveryKeys];
}

function commonKeys(plugins: Plugins): ConfigKey[] {
  const { converters, headerConverters } = plugins.set;
  const converter = (part: string, displayName: string, there: readonly ConverterPlugin[], find: (name: string) => unknown): ConfigKey =>
    key(
      `${part}.converter`,
      'CLASS',
      null,
      common,
      displayName,
      `With its options under ${part}.converter.* it takes the place of the worker's.`,
      {
        check: (value) => missing(find(value), value, classNames(there)),
      },
    );
  const { name, className, transforms, predicates, reload, unknown, still } = docs;
  return [
    key('name', 'STRING', undefined, common, 'Connector name', name, { ...high, width: 'MEDIUM', check: nameComplaint }),
    key('connector.class', 'STRING', undefined, common, 'Connector class', className, { ...high, ...long }),
    key('tasks.max', 'INT', '1', common, 'Tasks max', 'Maximum number of tasks to use for this connector.', { ...high, min: 1 }),
    key('tasks.max.enforce', 'BOOLEAN', 'true', common, 'Enforce tasks max', '(Deprecated) Whether to enforce tasks.max.'),
    converter('key', 'Key converter class', converters, (value) => plugins.converter(value)),
    converter('value', 'Value converter class', converters, (value) => plugins.converter(value)),
    converter('header', 'Header converter class', headerConverters, (value) => plugins.headerConverter(value)),
    key('transforms', 'LIST', '', 'Transforms', 'Transforms', transforms, { ...long, check: noDuplicates }),
    key('predicates', 'LIST', '', 'Predicates', 'Predicates', predicates, { ...long, check: noDuplicates }),
    key('config.action.reload', 'STRING', 'restart', common, 'Reload Action', reload, { width: 'MEDIUM', oneOf: ['none', 'restart'] }),
    key('config.unknown', 'STRING', 'warn', common, 'Unknown keys', unknown, { oneOf: ['warn', 'fail', 'ignore'] }),
    key('stand.still.for.others', 'BOOLEAN', 'true', common, 'Stand still for others', still),
  ];
}

const docs = {
  name: 'Globally unique name to use for this connector.',
  className: 'Name or alias of the class for this connector.',
  transforms: 'Aliases for the transformations to be applied to records.',
  predicates: 'Aliases for the predicates used by transformations.',
  reload: 'Accepted for compatibility: references are resolved at every start, and no built-in provider lets values expire.',
  unknown:
    'What to do about keys that nobody declares: warn (in log and status; a key that nearly is a known one is an error), fail, or ignore.',
  still:
    'Whether it may be held up for a while when another connector of the worker is about to lose what it reads (see slot.danger.policy).',
  timeout: 'Accepted for compatibility: failures that may pass are retried for as long as it takes.',
  retries: 'How many failures in a row that may pass are followed by another attempt, before the task fails: -1 any number, 0 none.',
  wait: 'Every pause between two attempts is this long; by default they grow up to errors.retry.delay.max.ms.',
  messages: 'Whether such a log line holds the text of rows that never became a record.',
  letters: 'With errors.tolerance=all: the topic for rows and changes that were left out. Kafka Connect has this for sinks only.',
  boundary: 'Accepted for compatibility: a batch is a transaction.',
};

const errorKeys: readonly ConfigKey[] = [
  key('errors.retry.timeout', 'LONG', '0', handling, 'Retry Timeout for Errors', docs.timeout, { ...medium, width: 'MEDIUM' }),
  key(
    'errors.retry.delay.max.ms',
    'LONG',
    '60000',
    handling,
    'Maximum Delay Between Retries for Errors',
    'The longest pause between two attempts.',
    {
      ...medium,
      width: 'MEDIUM',
      min: 1,
    },
  ),
  key('errors.max.retries', 'INT', '-1', handling, 'Maximum Retries', docs.retries, { ...medium, min: -1 }),
  key('retriable.restart.connector.wait.ms', 'LONG', null, handling, 'Restart Wait', docs.wait, { ...medium, min: 0 }),
  key(
    'errors.tolerance',
    'STRING',
    'none',
    handling,
    'Error Tolerance',
    'none: a record that cannot be converted fails the task; all: it is left out and counted.',
    {
      ...medium,
      oneOf: ['none', 'all'],
    },
  ),
  key('errors.log.enable', 'BOOLEAN', 'false', handling, 'Log Errors', 'Whether to log every tolerated error.', medium),
  key('errors.log.include.messages', 'BOOLEAN', 'false', handling, 'Log Error Details', docs.messages, medium),
  key('errors.deadletterqueue.topic.name', 'STRING', '', handling, 'Dead Letter Queue Topic Name', docs.letters, medium),
  key(
    'errors.deadletterqueue.topic.replication.factor',
    'SHORT',
    '3',
    handling,
    'Dead Letter Queue Topic Replication Factor',
    'Accepted for compatibility.',
    {
      ...medium,
      ignored: 'the dead letter topic is created as topic.creation.* says',
    },
  ),
  key(
    'errors.deadletterqueue.context.headers.enable',
    'BOOLEAN',
    'false',
    handling,
    'Enable Error Context Headers',
    'Whether dead letters carry headers that say what failed and where.',
    medium,
  ),
];

const deliveryKeys: readonly ConfigKey[] = [
  key(
    'topic.creation.groups',
    'LIST',
    '',
    'Topic Creation',
    'Topic Creation Groups',
    'Groups of settings for topics that are created, tried in this order before the default.',
    {
      ...long,
      check: noDuplicates,
    },
  ),
  key(
    'exactly.once.support',
    'STRING',
    'requested',
    exactly,
    'Exactly once support',
    'required: refuse to run where the worker cannot deliver exactly once.',
    {
      ...medium,
      oneOf: ['requested', 'required'],
    },
  ),
  key('transaction.boundary', 'STRING', 'poll', exactly, 'Transaction Boundary', docs.boundary, {
    ...medium,
    oneOf: ['poll', 'interval', 'connector'],
  }),
  key('transaction.boundary.interval.ms', 'LONG', null, exactly, 'Transaction boundary interval', docs.boundary, { min: 0 }),
  key(
    'offsets.storage.topic',
    'STRING',
    null,
    'offsets.topic',
    'Offsets topic',
    "The topic for this connector's offsets, in place of the worker's.",
    {
      ...long,
      check: notEmpty,
    },
  ),
];

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

export function family(pattern: RegExp, type: ConfigKey['type'], doc: string): ConfigKey {
  return { name: pattern.source, pattern, type, default: null, importance: 'LOW', doc };
}

/** The keys of each alias in `transforms` and `predicates`, under their prefixes. */
export function transformKeys(plugins: Plugins, config: RawConfig): ConfigKey[] {
  const keys: ConfigKey[] = [];
  for (const alias of new Set(aliases(config['transforms']))) {
    const prefix = `transforms.${alias}.`;
    const group = `Transforms: ${alias}`;
    const classes = classNames(plugins.set.transforms);
    keys.push(
      {
        ...classKey(`${prefix}type`, group, `Transformation type for ${alias}`, classes),
        check: (value) => missing(plugins.transform(value), value, classes),
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
  for (const alias of new Set(aliases(config['predicates']))) {
    const prefix = `predicates.${alias}.`;
    const group = `Predicates: ${alias}`;
    const classes = classNames(plugins.set.predicates);
    keys.push(
      {
        ...classKey(`${prefix}type`, group, `Predicate type for ${alias}`, classes),
        check: (value) => missing(plugins.predicate(value), value, classes),
      },
      ...prefixed(plugins.predicate(config[`${prefix}type`] ?? '')?.configKeys ?? [], prefix, group),
    );
  }
  return keys;
}

function classKey(name: string, group: string, displayName: string, classes: readonly string[]): ConfigKey {
  return { name, type: 'CLASS', importance: 'HIGH', group, width: 'LONG', displayName, doc: `${displayName}: ${classes.join(', ')}` };
}

function classNames(plugins: readonly { readonly className: string }[]): string[] {
  return plugins.map(({ className }) => className);
}

/** Kafka Connect's sentence, and what to choose from: a class of a JVM plug-in cannot be loaded. */
function missing(plugin: unknown, name: string, classes: readonly string[]): string | null {
  if (plugin !== null) return null;
  const there = new Set(classes.map((each) => each.slice(each.lastIndexOf('.') + 1)));
  return `Class ${name} could not be found. There are ${[...there].join(', ')}; no others can be loaded.`;
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
    formerly: key.formerly?.map((name) => prefix + name),
    group,
    ...(key.pattern === undefined
      ? {}
      : { pattern: new RegExp(`^${RegExp.escape(prefix)}(?:${key.pattern.source.replace(/^\^/, '')})`, key.pattern.flags) }),
  }));
}
