import type { Change } from '../../record/change.ts';
import { ColumnKind } from '../../record/column-kind.ts';
import type { Schema } from '../../record/schema.ts';
import type { FieldNode } from '../../record/shape.ts';
import { ConnectError } from '../../base/errors.ts';
import type { Config } from '../config.ts';
import type { TransformPlugin } from '../plugin.ts';
import type { RowPartition, ShapePlan, Transform } from '../transform.ts';
import { fieldName, replaceNullKey, requireStruct, stringKey, withFields } from './part.ts';
import { RowCells } from './row-cells.ts';

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
  const [topic, place, time, staticField, staticValue] = keys.map((key) => config.optional(key));
  if ([topic, place, time, staticField].every((field) => field === null)) {
    throw new ConnectError('config.invalid', 'No field insertion configured', {
      remedy: 'Set "topic.field", "partition.field", "timestamp.field", or "static.field" with "static.value".',
    });
  }
  for (const [at, field] of [topic, place, time, staticField].entries())
    if (typeof field === 'string') fieldName(nameOf(field), keys[at] as string);
  if (staticField !== null && staticValue === null) {
    throw new ConnectError('config.invalid', 'Static field specified without static value', { remedy: 'Set "static.value" too.' });
  }
  return {
    plan(shape, _op, partition = null): ShapePlan {
      const node = shape[part];
      if (node === null) return { shape, step: null };
      const struct = requireStruct(node, 'field insertion');
      const cells = new RowCells(shape.schema);
      const added = [
        ...(typeof topic === 'string' ? [constantField(topic, shape.topic)] : []),
        ...(typeof place === 'string' ? [partitionField(place, partition, cells)] : []),
        ...(typeof time === 'string' ? [timeField(time, cells)] : []),
        ...(typeof staticField === 'string' ? [constantField(staticField, staticValue ?? '')] : []),
      ];
      const fields = withFields(struct, [...struct.fields, ...added]);
      return { shape: { ...shape, schema: cells.schema, [part]: fields }, step: cells.step };
    },
  };
}

/** The record's time as Connect's Timestamp. */
function timeField(spec: string, cells: RowCells): FieldNode {
  const name = nameOf(spec);
  const schema: Schema = { type: 'int64', optional: isOptional(spec), name: 'org.apache.kafka.connect.data.Timestamp', version: 1 };
  return { name, node: cells.add(name, { kind: ColumnKind.LONG, schema }, (change) => String(change.timestampMs)) };
}

/** A record whose partition nobody has chosen yet has none here: Kafka Connect chooses it when it is written. */
function partitionField(spec: string, chosen: RowPartition | null, cells: RowCells): FieldNode {
  const name = nameOf(spec);
  const schema: Schema = { type: 'int32', optional: isOptional(spec) };
  if (chosen === null && !schema.optional) {
    throw new ConnectError('data.shape', `InsertField has no partition for the required field "${name}": none is chosen.`, {
      remedy: 'Put PartitionRouting before it, or let the field be optional.',
    });
  }
  if (chosen === null) return { name, node: { kind: 'constant', schema, value: null } };
  const text = (change: Change): string | null => {
    const partition = chosen(change);
    return partition < 0 ? null : String(partition);
  };
  return { name, node: cells.add(name, { kind: ColumnKind.INT, schema }, text) };
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
