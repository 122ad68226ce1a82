import { javaRegex, javaReplacement } from '../../base/java-regex.ts';
import { ConnectError } from '../../base/errors.ts';
import { Op } from '../../record/change.ts';
import type { Change } from '../../record/change.ts';
import type { HeaderNode, Node, Shape, StructNode } from '../../record/shape.ts';
import type { Config } from '../config.ts';
import type { ConfigKey, TransformPlugin } from '../plugin.ts';
import type { RowPartition, RowStep, ShapePlan } from '../transform.ts';
import { expandedPayload } from './expanded-payload.ts';
import { findField, invalid, listKey, newStruct, stringKey } from './part.ts';
import { epochMsOf, momentKinds } from './moment-text.ts';
import { rowReader } from './row-value.ts';
import { versionedShapes } from './schema-versions.ts';
import { RowTopics } from './row-topics.ts';
import type { RowVariants } from './row-topics.ts';

const configKeys: readonly ConfigKey[] = [
  {
    ...stringKey('table.op.invalid.behavior', 'What becomes of updates: warn and error leave them out, fatal ends the task.', 'warn'),
    oneOf: ['warn', 'error', 'fatal'],
  },
  stringKey('table.field.event.id', 'Column with the unique id of the event; header "id".', 'id'),
  stringKey('table.field.event.key', 'Column with the key of the record.', 'aggregateid'),
  stringKey('table.field.event.timestamp', "Column with the record's time; otherwise that of the change.", null),
  stringKey('table.field.event.type', 'Nothing reads it, as with Debezium; place the column by table.fields.additional.placement.', 'type'),
  stringKey('table.field.event.payload', 'Column with the value of the record.', 'payload'),
  stringKey(
    'table.field.event.schema.version',
    "Column with the version of the value's schema, where fields are placed in an envelope.",
    null,
  ),
  { ...stringKey('table.expand.json.payload', 'Whether a payload that is JSON becomes a struct, row by row.', 'false'), type: 'BOOLEAN' },
  {
    ...stringKey('table.json.payload.null.behavior', 'Members that are null: left out, or bytes that are never there.', 'ignore'),
    oneOf: ['ignore', 'optional_bytes'],
  },
  {
    ...stringKey('table.json.payload.empty.array.behavior', 'Arrays without elements: left out, or arrays of texts.', 'ignore'),
    oneOf: ['ignore', 'optional_string'],
  },
  listKey(
    'table.fields.additional.placement',
    'Further columns, as column:placement[:alias]; placement is header, envelope or partition.',
    '',
  ),
  {
    ...stringKey('table.field.additional.missing', 'What becomes of an additional column that is not there.', 'error'),
    oneOf: ['error', 'ignore'],
  },
  stringKey('route.by.field', 'Column that the topic is made of.', 'aggregatetype'),
  stringKey('route.topic.regex', 'Taken over that column.', '(?<routedByValue>.*)'),
  stringKey('route.topic.replacement', 'The topic, with groups of route.topic.regex.', 'outbox.event.${routedByValue}'),
  { ...stringKey('route.tombstone.on.empty.payload', 'Whether an empty or null payload makes a tombstone.', 'false'), type: 'BOOLEAN' },
  ...['tracing.span.context.field', 'tracing.operation.name', 'tracing.with.context.field.only'].map((name): ConfigKey => ({
    ...stringKey(name, 'Of OpenTracing.', null),
    importance: 'LOW',
    ignored: 'there is no tracing here',
  })),
];

/** The outbox pattern: rows of a table become events of their own, whose topic, key and value are columns. */
export const eventRouterPlugin: TransformPlugin = {
  className: 'io.debezium.transforms.outbox.EventRouter',
  aliases: [],
  configKeys,
  create: (config) => new EventRouter(config),
};

interface Additional {
  readonly column: string;
  readonly placement: string;
  readonly alias: string;
}

class EventRouter {
  readonly #config: Config;
  readonly #additional: readonly Additional[];
  readonly #topicOf: (routedBy: string) => string;

  constructor(config: Config) {
    this.#config = config;
    this.#additional = config.list('table.fields.additional.placement').map(parseAdditional);
    const regex = javaRegex(config.string('route.topic.regex'), 'route.topic.regex');
    const replacement = javaReplacement(config.string('route.topic.replacement'));
    ''.replace(new RegExp(`${regex.find.source}|`), replacement);
    this.#topicOf = (text) => (regex.matches(text) ? text.replace(regex.find, replacement) : text);
  }

  plan(shape: Shape, op: Op): ShapePlan | null {
    const envelope = shape.value;
    const after = envelope.kind === 'struct' && envelope.schema.name?.endsWith('.Envelope') === true ? findField(envelope, 'after') : null;
    if (op === Op.TOMBSTONE || op === Op.DELETE || op === Op.TRUNCATE)
      return after === null && op !== Op.TOMBSTONE ? { shape, step: null } : null;
    if (after?.kind !== 'struct') return { shape, step: null };
    if (op === Op.UPDATE) return this.#config.choice('table.op.invalid.behavior') === 'fatal' ? { shape, step: refuseUpdate } : null;
    const { schema } = shape;
    const payload = this.#column(after, 'table.field.event.payload', shape);
    const routedBy = rowReader(this.#column(after, 'route.by.field', shape), schema);
    const content = rowReader(payload, schema);
    const isEmpty = (change: Change): boolean => String(content(change) ?? '').trim() === '';
    const events: Shape = {
      ...shape,
      key: this.#column(after, 'table.field.event.key', shape),
      value: this.#value(payload, after, shape),
      headers: [...shape.headers, header('id', this.#column(after, 'table.field.event.id', shape)), ...this.#headers(after, shape)],
    };
    const route = new RowTopics(
      (change) => this.#topicOf(text(routedBy(change))),
      this.#config.boolean('route.tombstone.on.empty.payload') ? isEmpty : null,
      this.#versions(
        after,
        events,
        this.#expansion(payload, events, (node) => this.#value(node, after, shape)),
      ),
    );
    return { shape: events, step: this.#timeStep(after, shape), route, partition: this.#partition(after, shape) };
  }

  /** A value without an envelope has no schema of its own that a version could stand in. */
  #versions(after: StructNode, events: Shape, inner: RowVariants | null): RowVariants | null {
    const column = this.#config.optional('table.field.event.schema.version') ?? '';
    if (column === '' || this.#placed('envelope').length === 0) return inner;
    const node = this.#column(after, 'table.field.event.schema.version', events);
    if (/^int(8|16|32)$/.test(node.schema.type)) return versionedShapes(rowReader(node, events.schema), events, inner);
    throw new ConnectError('data.shape', `Column "${column}" has the schema's version in "${events.topic}" and is no integer.`, {
      remedy: 'Name a column of type integer or smallint in "table.field.event.schema.version".',
    });
  }

  /** Null: the payload stays as it is. */
  #expansion(payload: Node, events: Shape, valueOf: (payload: Node) => Node): RowVariants | null {
    if (!this.#config.boolean('table.expand.json.payload') || payload.schema.type !== 'string') return null;
    return expandedPayload(payload, events, valueOf, {
      name: this.#config.string('table.field.event.payload'),
      nulls: this.#config.choice('table.json.payload.null.behavior') === 'optional_bytes' ? 'optional_bytes' : 'ignore',
      emptyArrays: this.#config.choice('table.json.payload.empty.array.behavior') === 'optional_string' ? 'optional_string' : 'ignore',
    });
  }

  #value(payload: Node, after: StructNode, shape: Shape): Node {
    const placed = this.#placed('envelope').flatMap(({ column, alias }) => {
      const node = this.#extra(after, column, shape);
      return node === null ? [] : [{ name: alias, node }];
    });
    if (placed.length === 0) return payload;
    const struct = newStruct([{ name: 'payload', node: payload }, ...placed]);
    return { ...struct, schema: { ...struct.schema, name: after.schema.name } };
  }

  #headers(after: StructNode, shape: Shape): HeaderNode[] {
    return this.#placed('header').flatMap(({ column, alias }) => {
      const node = this.#extra(after, column, shape);
      return node === null ? [] : [header(alias, node)];
    });
  }

  /** Where several columns are named, the last one counts. */
  #partition(after: StructNode, shape: Shape): RowPartition | undefined {
    const column = this.#placed('partition').at(-1)?.column;
    const node = column === undefined ? null : this.#extra(after, column, shape);
    if (node === null) return undefined;
    if (!/^int(8|16|32)$/.test(node.schema.type))
      throw new ConnectError('data.shape', `Column "${column}" is placed as the partition in "${shape.topic}" and is no integer.`, {
        remedy: 'Name a column of type integer or smallint.',
      });
    const read = rowReader(node, shape.schema);
    return (change) => Number(read(change) ?? -1);
  }

  #placed(placement: string): Additional[] {
    return this.#additional.filter((each) => each.placement === placement);
  }

  #extra(after: StructNode, column: string, shape: Shape): Node | null {
    const node = findField(after, column);
    if (node !== null || this.#config.choice('table.field.additional.missing') === 'ignore') return node;
    throw missing('table.fields.additional.placement', column, shape);
  }

  #column(after: StructNode, key: string, shape: Shape): Node {
    const name = this.#config.string(key);
    const node = findField(after, name);
    if (node === null) throw missing(key, name, shape);
    return node;
  }

  /** The record's time from a column, where one is named. */
  #timeStep(after: StructNode, shape: Shape): RowStep | null {
    if ((this.#config.optional('table.field.event.timestamp') ?? '') === '') return null;
    const node = this.#column(after, 'table.field.event.timestamp', shape);
    const kind = node.kind === 'column' ? shape.schema.columns[node.column]?.kind : undefined;
    if (kind === undefined || !momentKinds.has(kind))
      throw new ConnectError('data.shape', `The column of "table.field.event.timestamp" in "${shape.topic}" is not a timestamp.`, {
        remedy: 'Name a column of type timestamp or timestamptz.',
      });
    const read = rowReader(node, shape.schema);
    return (change) => {
      const value = read(change);
      if (value !== null) change.timestampMs = epochMsOf(String(value));
      return true;
    };
  }
}

const refuseUpdate: RowStep = () => {
  throw new ConnectError('data.row', 'An update came from the outbox table, and events are not changed.', {
    remedy: 'Only insert and delete there, or set "table.op.invalid.behavior" to warn.',
  });
};

function text(value: string | number | bigint | boolean | null): string {
  if (value !== null) return String(value);
  throw new ConnectError('data.value', 'An outbox row has no value in the column that its topic is made of.', {
    remedy: 'Correct the row, or name another column in "route.by.field".',
  });
}

function parseAdditional(spec: string): Additional {
  const [column = '', placement = '', alias = column, ...rest] = spec.split(':').map((part) => part.trim());
  const known = ['header', 'envelope', 'partition'].includes(placement.toLowerCase());
  if (column === '' || alias === '' || !known || rest.length > 0)
    throw invalid(
      'table.fields.additional.placement',
      spec,
      'write column:header, column:envelope, either with :alias, or column:partition',
    );
  return { column, placement: placement.toLowerCase(), alias };
}

function header(name: string, node: Node): HeaderNode {
  return { name, node, ops: null, presence: null };
}

function missing(key: string, column: string, shape: Shape): ConnectError {
  return new ConnectError('data.shape', `Unable to find the field ${column} of "${key}" in the records of "${shape.topic}".`, {
    remedy: `Correct "${key}", or keep other tables out by a predicate.`,
  });
}
