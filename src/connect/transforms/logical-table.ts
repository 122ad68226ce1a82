import { javaRegex, javaReplacement } from '../../base/java-regex.ts';
import { adjustSchemaName } from '../../record/name-adjustment.ts';
import type { NameAdjustment } from '../../record/name-adjustment.ts';
import type { FieldNode, Node, Shape, StructNode } from '../../record/shape.ts';
import type { Config } from '../config.ts';
import type { TransformPlugin } from '../plugin.ts';
import type { ShapePlan } from '../transform.ts';
import { Op } from '../../record/change.ts';
import { findField, invalid, requireStruct, stringKey, withFields } from './part.ts';

/** Several tables, such as shards, into one topic: its name, the schemas' names and the key are decided per table. */
export const logicalTablePlugin: TransformPlugin = {
  className: 'io.debezium.transforms.ByLogicalTableRouter',
  aliases: [],
  configKeys: [
    stringKey('topic.regex', 'Records of topics that match are routed.'),
    stringKey('topic.replacement', 'Their new topic, with $1 or ${name} for groups of topic.regex.'),
    { ...stringKey('key.enforce.uniqueness', 'Add to the key which table the row is of.', 'true'), type: 'BOOLEAN' },
    stringKey('key.field.name', 'Name of the field that says which table.', '__dbz__physicalTableIdentifier'),
    stringKey('key.field.regex', "Taken over the old topic's name, to say which table.", null),
    stringKey('key.field.replacement', 'What the field says, with groups of key.field.regex.', null),
    { ...stringKey('schema.name.adjustment.mode', 'How names of schemas are made fit.', 'none'), oneOf: ['none', 'avro', 'avro_unicode'] },
    {
      ...stringKey('logical.table.cache.size', 'Of the schemas in memory.', '16'),
      type: 'INT',
      importance: 'LOW',
      ignored: 'schemas are decided once per table',
    },
  ],
  create: (config) => new LogicalTable(config),
};

class LogicalTable {
  readonly #route: (topic: string) => string | null;
  readonly #table: ((topic: string) => string) | null;
  readonly #field: string;
  readonly #adjust: (name: string) => string;

  constructor(config: Config) {
    this.#route = replacer(config.string('topic.regex'), config.string('topic.replacement'), 'topic.regex');
    const [regex, replacement] = [config.optional('key.field.regex') ?? '', config.optional('key.field.replacement') ?? ''];
    if ((regex === '') !== (replacement === ''))
      throw invalid(
        regex === '' ? 'key.field.regex' : 'key.field.replacement',
        '',
        'key.field.regex and key.field.replacement belong together',
      );
    const table = regex === '' ? null : replacer(regex, replacement, 'key.field.regex');
    this.#table = config.boolean('key.enforce.uniqueness') ? (topic) => table?.(topic) ?? topic : null;
    this.#field = config.string('key.field.name');
    const mode = config.choice('schema.name.adjustment.mode') as NameAdjustment;
    this.#adjust = (name) => adjustSchemaName(name, mode);
  }

  plan(shape: Shape, op: Op): ShapePlan {
    const topic = this.#route(shape.topic);
    if (topic === null || topic === '') return { shape, step: null };
    const key = shape.key === null ? null : this.#key(requireStruct(shape.key, 'updating the schema of a key'), shape.topic, topic);
    const value = op === Op.TOMBSTONE ? shape.value : this.#value(shape.value, topic);
    return { shape: { ...shape, topic, key, value }, step: null };
  }

  #key(key: StructNode, from: string, topic: string): Node {
    const named = rename(key, this.#adjust(`${topic}.Key`));
    if (this.#table === null) return named;
    const table: FieldNode = {
      name: this.#field,
      node: { kind: 'constant', schema: { type: 'string', optional: false }, value: this.#table(from) },
    };
    return withFields(named, [...named.fields, table]);
  }

  /** Heartbeats and whatever else is no envelope keep their value. */
  #value(value: Node, topic: string): Node {
    if (value.kind !== 'struct' || value.schema.name?.endsWith('.Envelope') !== true || findField(value, 'after') === null) return value;
    const fields = value.fields.map(({ name, node }) => ({
      name,
      node: (name === 'before' || name === 'after') && node.kind === 'struct' ? rename(node, this.#adjust(`${topic}.Value`)) : node,
    }));
    return withFields(rename(value, this.#adjust(`${topic}.Envelope`)), fields);
  }
}

function rename(struct: StructNode, name: string): StructNode {
  return { ...struct, schema: { ...struct.schema, name } };
}

/** Null: does not match. The first place alone, since `(.*)` also finds the empty text at the end. */
function replacer(regex: string, replacement: string, key: string): (text: string) => string | null {
  const pattern = javaRegex(regex, key);
  const replace = javaReplacement(replacement);
  // An illegal reference to a group is found now: see RegexRouter.
  ''.replace(new RegExp(`${pattern.find.source}|`), replace);
  return (text) => (pattern.matches(text) ? text.replace(pattern.find, replace) : null);
}
