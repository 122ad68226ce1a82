import { ColumnKind } from '../../record/column-kind.ts';
import type { Schema } from '../../record/schema.ts';
import type { FieldNode, Shape } from '../../record/shape.ts';
import { ConnectError } from '../../base/errors.ts';
import type { Config } from '../config.ts';
import type { TransformPlugin } from '../plugin.ts';
import type { RowStep, ShapePlan, Transform } from '../transform.ts';
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
    stringKey('partition.field', 'Refused: the partition is known only after the record is written.', null),
    stringKey('offset.field', 'Refused: for sink connectors only.', null),
    stringKey('timestamp.field', `Field name for the record's time. ${suffixes}`, null),
    replaceNullKey,
  ],
  create: (config: Config) => insertField(config, part),
}));

function insertField(config: Config, part: 'key' | 'value'): Transform {
  for (const key of ['partition.field', 'offset.field']) {
    if (!config.has(key)) continue;
    throw new ConnectError('config.invalid', `InsertField cannot insert "${key}" into the records of a source.`, {
      remedy: `Remove "${key}".`,
    });
  }
  const [topicField, timestampField, staticField, staticValue] = ['topic.field', 'timestamp.field', 'static.field', 'static.value'].map(
    (key) => config.optional(key),
  );
  if (topicField === null && timestampField === null && staticField === null) {
    throw new ConnectError('config.invalid', 'No field insertion configured', {
      remedy: 'Set "topic.field", "timestamp.field", or "static.field" with "static.value".',
    });
  }
  if (staticField !== null && staticValue === null) {
    throw new ConnectError('config.invalid', 'Static field specified without static value', { remedy: 'Set "static.value" too.' });
  }
  return {
    plan(shape): ShapePlan {
      const node = shape[part];
      if (node === null) return { shape, step: null };
      const struct = requireStruct(node, 'field insertion');
      const time = typeof timestampField === 'string' ? timeField(timestampField, shape) : null;
      const added = [
        ...(typeof topicField === 'string' ? [constantField(topicField, shape.topic)] : []),
        ...(time === null ? [] : [time.field]),
        ...(typeof staticField === 'string' ? [constantField(staticField, staticValue ?? '')] : []),
      ];
      const fields = withFields(struct, [...struct.fields, ...added]);
      return { shape: { ...shape, schema: time?.text.schema ?? shape.schema, [part]: fields }, step: time?.step ?? null };
    },
  };
}

/** The record's time as Connect's Timestamp, written per row. */
function timeField(spec: string, { schema }: Shape): { field: FieldNode; text: DerivedText; step: RowStep } {
  const of: Schema = { type: 'int64', optional: !spec.endsWith('!'), name: 'org.apache.kafka.connect.data.Timestamp', version: 1 };
  const text = new DerivedText(schema, 'the time of the record', { kind: ColumnKind.LONG, schema: of });
  const step: RowStep = (change) => {
    text.write(change, String(change.timestampMs));
    return true;
  };
  return { field: { name: nameOf(spec), node: text.node }, text, step };
}

function nameOf(spec: string): string {
  return /[!?]$/.test(spec) ? spec.slice(0, -1) : spec;
}

function constantField(spec: string, value: string): FieldNode {
  return { name: nameOf(spec), node: { kind: 'constant', schema: { type: 'string', optional: !spec.endsWith('!') }, value } };
}
