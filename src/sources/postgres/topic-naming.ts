import { javaRegex, javaReplacement } from '../../base/java-regex.ts';
import type { Config } from '../../connect/config.ts';
import type { ConfigIssue, ConfigKey } from '../../connect/plugin.ts';
import { optional } from './config-key.ts';
import { topicName } from './topic-name.ts';

/** What topics are called. */
export interface TopicNaming {
  table(schema: string, table: string): string;
  readonly messages: string;
  readonly transactions: string;
  readonly heartbeats: string;
  /** The field of keys that tells which table a record is of, where several may share a topic. */
  readonly tableField: { readonly name: string; value(schema: string, table: string): string } | null;
}

const records = { group: 'Records' } as const;
const low = { ...records, importance: 'LOW' } as const;
const strategyOf = /^(?:io\.debezium\.schema\.)?(Schema|Default)(Regex|Unicode)?TopicNamingStrategy$/;

export const topicNamingKeys: readonly ConfigKey[] = [
  optional(
    'topic.naming.strategy',
    'CLASS',
    'io.debezium.schema.SchemaTopicNamingStrategy',
    'How topics of tables are named: SchemaTopicNamingStrategy (prefix, schema, table), DefaultTopicNamingStrategy (prefix, table), with Regex (see topic.regex) or Unicode (characters that Kafka does not take as _uXXXX) behind the first word.',
    {
      ...records,
      check: (value) =>
        strategyOf.test(value.trim()) ? null : "it names a Java class, which cannot be loaded here: use one of Debezium's own.",
    },
  ),
  optional('topic.delimiter', 'STRING', '.', 'Between prefix, schema and table in topic names.', { ...records, check: topicPart }),
  optional('topic.transaction', 'STRING', 'transaction', 'Topic of the records about transactions, behind the prefix.', {
    ...records,
    formerly: ['transaction.topic'],
    check: topicPart,
  }),
  optional('topic.heartbeat.prefix', 'STRING', '__debezium-heartbeat', 'The heartbeat topic is <this>.<topic.prefix>.', {
    ...records,
    check: topicPart,
  }),
  optional('heartbeat.topics.prefix', 'STRING', null, 'Older name of topic.heartbeat.prefix.', { ...low, check: topicPart }),
  optional('topic.heartbeat.name', 'STRING', null, 'Name of the heartbeat topic, in place of the one made with topic.heartbeat.prefix.', {
    ...low,
    check: topicPart,
  }),
  optional('topic.regex', 'STRING', null, 'With a Regex strategy: topics that match it as a whole are renamed.', low),
  optional('topic.replacement', 'STRING', null, 'Their new name, with groups of topic.regex.', low),
  optional(
    'topic.key.enforce.uniqueness',
    'BOOLEAN',
    'true',
    'With a Regex strategy: keys have a field more, which tells the table that a record is of.',
    low,
  ),
  optional('topic.key.field.name', 'STRING', '__dbz__physicalTableIdentifier', 'Name of that field.', low),
  optional('topic.key.field.regex', 'STRING', null, 'Taken over the name the topic would have, to make what that field says.', low),
  optional('topic.key.field.replacement', 'STRING', null, 'What the field says, with groups of topic.key.field.regex.', low),
];

function topicPart(value: string): string | null {
  return /^[\w.-]*$/.test(value) ? null : 'may hold letters, digits, ".", "_" and "-" only';
}

export function topicNamingIssues(config: Config): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const missing = (key: string, why: string): void => {
    if (filled(config, key) === null) issues.push({ key, message: `"${key}" must be set: ${why}.` });
  };
  const regular = strategy(config).how === 'Regex';
  if (regular) for (const key of ['topic.regex', 'topic.replacement']) missing(key, '"topic.naming.strategy" asks for it');
  if (filled(config, 'topic.key.field.regex') !== null) missing('topic.key.field.replacement', '"topic.key.field.regex" is');
  if (issues.length > 0 || !regular) return issues;
  for (const [regex, replacement] of pairs) {
    try {
      replacer(config, regex, replacement)?.('');
    } catch (error) {
      issues.push({ key: regex, message: (error as Error).message });
    }
  }
  return issues;
}

const pairs = [
  ['topic.regex', 'topic.replacement'],
  ['topic.key.field.regex', 'topic.key.field.replacement'],
] as const;

export function topicNaming(config: Config): TopicNaming {
  const prefix = config.string('topic.prefix');
  const delimiter = config.string('topic.delimiter');
  const { parts, how } = strategy(config);
  const plain = (schema: string, table: string): string => [prefix, ...(parts === 'Schema' ? [schema, table] : [table])].join(delimiter);
  const named = (schema: string, table: string): string => topicName(how === 'Unicode' ? 'unicode' : 'underscore', plain(schema, table));
  const heartbeats = filled(config, 'topic.heartbeat.name');
  const rest = {
    messages: topicName('underscore', `${prefix}.message`),
    transactions: [prefix, config.string('topic.transaction')].join(delimiter),
    heartbeats:
      heartbeats ?? [filled(config, 'heartbeat.topics.prefix') ?? config.string('topic.heartbeat.prefix'), prefix].join(delimiter),
  };
  if (how !== 'Regex') return { table: named, ...rest, tableField: null };
  const rename = replacer(config, ...pairs[0]);
  const identify = replacer(config, ...pairs[1]);
  return {
    table(schema, table) {
      const name = named(schema, table);
      const renamed = rename?.(name) ?? name;
      return renamed === '' ? name : renamed;
    },
    ...rest,
    tableField: config.boolean('topic.key.enforce.uniqueness')
      ? {
          name: config.string('topic.key.field.name'),
          value: (schema, table) => identify?.(plain(schema, table)) ?? plain(schema, table),
        }
      : null,
  };
}

function strategy(config: Config): { readonly parts: string; readonly how: string } {
  const [, parts = 'Schema', how = ''] = strategyOf.exec(config.string('topic.naming.strategy').trim()) ?? [];
  return { parts, how };
}

/** Null where there is nothing to replace; its answer is null for a text that does not match. */
function replacer(config: Config, regexKey: string, replacementKey: string): ((text: string) => string | null) | null {
  const regex = filled(config, regexKey);
  if (regex === null) return null;
  const pattern = javaRegex(regex, regexKey);
  const replacement = javaReplacement(filled(config, replacementKey) ?? '');
  // Matches the empty text with every group there is: a reference to another one is found before the first table.
  ''.replace(new RegExp(`${pattern.find.source}|`), replacement);
  return (text) => (pattern.matches(text) ? text.replace(pattern.find, replacement) : null);
}

function filled(config: Config, key: string): string | null {
  const value = config.optional(key)?.trim() ?? '';
  return value === '' ? null : value;
}
