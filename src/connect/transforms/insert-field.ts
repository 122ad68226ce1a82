import type { Change } from '../../record/change.ts';
import { ColumnKind } from '../../record/column-kind.ts';
import type { RowSchema } from '../../record/row-schema.ts';
import type { Schema } from '../../record/schema.ts';
import type { FieldNode } from '../../record/shape.ts';
import { ConnectError } from '../../base/errors.ts';
import type { Config } from '../config.ts';
import type { TransformPlugin } from '../plugin.ts';
import type { RowPartition, RowStep, ShapePlan, Transform } from '../transform.ts';
import { DerivedText } from './derived-text.ts';
import { replaceNullKey, requireStruct, stringKey, withFields } from './part.ts';

const suffixes = 'Suffix with ! to make this a required field, or ? to keep it optional (the default).';

export const insertFieldPlugins: readonly TransformPlugin[] = (['key', 'value'] as const).map((part) => ({
  className: `org.apache.kafka.connect.transforms.InsertField$${part === 'key' ? 'Key' : 'Value'}`,
  aliases: [],
  configKeys: [
    stringKey('topic.field', `Field name for the topic. ${suffixes}`, null),
    stringKey('static.field', `Field name for a static value. ${suffixes}`, null),
    stringKey('static.value', 'The value of the static field.', null),
    stringKey('partition.field', `Field name for the partition that a transform has chosen; null where none has. ${suffixes}`, null),
    stringKey('offset.field', 'Refused: for sink connectors only.', null),
    stringKey('timestamp.field', `Field name for the record's time. ${suffixes}`, null),
    replaceNullKey,
  ],
  create: (config: Config) => insertField(config, part),
}));

function insertField(config: Config, part: 'key' | 'value'): Transform {
  if (config.has('offset.field')) {
    throw new ConnectError('config.invalid', 'InsertField cannot insert "offset.field" into the records of a source.', {
      remedy: 'Remove "offset.field".',
    });
  }
  const keys = ['topic.field', 'partition.field', 'timestamp.field', 'static.field', 'static.value'];
  const [topicField, partitionField, timestampField, staticField, staticValue] = keys.map((key) => config.optional(key));
  if ([topicField, partitionField, timestampField, staticField].every((field) => field === null)) {
    throw new ConnectError('config.invalid', 'No field insertion configured', {
      remedy: 'Set "topic.field", "partition.field", "timestamp.field", or "static.field" with "static.value".',
    });
  }
  if (staticField !== null && staticValue === null) {
    throw new ConnectError('config.invalid', 'Static field specified without static value', { remedy: 'Set "static.value" too.' });
  }
  return {
    plan(shape, _op, partition = null): ShapePlan {
      const node = shape[part];
      if (node === null) return { shape, step: null };
      const struct = requireStruct(node, 'field insertion');
      const row = new RowFields(shape.schema);
      const added = [
        ...(typeof topicField === 'string' ? [constantField(topicField, shape.topic)] : []),
        ...(typeof partitionField === 'string' ? [row.partition(partitionField, partition)] : []),
        ...(typeof timestampField === 'string' ? [row.time(timestampField)] : []),
        ...(typeof staticField === 'string' ? [constantField(staticField, staticValue ?? '')] : []),
      ];
      const fields = withFields(struct, [...struct.fields, ...added]);
      return { shape: { ...shape, schema: row.schema, [part]: fields }, step: row.step };
    },
  };
}

/** Fields that each row has another value of. */
class RowFields {
  schema: RowSchema;
  readonly #steps: RowStep[] = [];

  constructor(schema: RowSchema) {
    this.schema = schema;
  }

  get step(): RowStep | null {
    if (this.#steps.length === 0) return null;
    return (change) => this.#steps.every((step) => step(change));
  }

  /** The record's time as Connect's Timestamp. */
  time(spec: string): FieldNode {
    const schema: Schema = { type: 'int64', optional: isOptional(spec), name: 'org.apache.kafka.connect.data.Timestamp', version: 1 };
    return this.#field(spec, ColumnKind.LONG, schema, (change) => String(change.timestampMs));
  }

  /** A record whose partition nobody has chosen yet has none here: Kafka Connect chooses it when it is written. */
  partition(spec: string, chosen: RowPartition | null): FieldNode {
    const schema: Schema = { type: 'int32', optional: isOptional(spec) };
    if (chosen === null && !schema.optional) {
      throw new ConnectError('data.shape', `InsertField has no partition for the required field "${nameOf(spec)}": none is chosen.`, {
        remedy: 'Put PartitionRouting before it, or let the field be optional.',
      });
    }
    if (chosen === null) return { name: nameOf(spec), node: { kind: 'constant', schema, value: null } };
    return this.#field(spec, ColumnKind.INT, schema, (change) => {
      const partition = chosen(change);
      return partition < 0 ? null : String(partition);
    });
  }

  #field(spec: string, kind: ColumnKind, schema: Schema, text: (change: Change) => string | null): FieldNode {
    const name = nameOf(spec);
    const cell = new DerivedText(this.schema, name, { kind, schema });
    this.schema = cell.schema;
    this.#steps.push((change) => {
      cell.write(change, text(change));
      return true;
    });
    return { name, node: cell.node };
  }
}

function isOptional(spec: string): boolean {
  return !spec.endsWith('!');
}

function nameOf(spec: string): string {
  return /[!?]$/.test(spec) ? spec.slice(0, -1) : spec;
}

function constantField(spec: string, value: string): FieldNode {
  return { name: nameOf(spec), node: { kind: 'constant', schema: { type: 'string', optional: isOptional(spec) }, value } };
}
