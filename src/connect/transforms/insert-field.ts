import type { FieldNode, Node, Shape } from '../../record/shape.ts';
import { ConnectError } from '../../base/errors.ts';
import type { Config } from '../config.ts';
import type { TransformPlugin } from '../plugin.ts';
import { partPlugins, replaceNullKey, requireStruct, stringKey, withFields } from './part.ts';

const suffixes = 'Suffix with ! to make this a required field, or ? to keep it optional (the default).';

export const insertFieldPlugins: readonly TransformPlugin[] = partPlugins({
  name: 'InsertField',
  configKeys: [
    stringKey('topic.field', `Field name for the topic. ${suffixes}`, null),
    stringKey('static.field', `Field name for a static value. ${suffixes}`, null),
    stringKey('static.value', 'The value of the static field.', null),
    stringKey('partition.field', 'Refused: the partition is known only after the record is written.', null),
    stringKey('offset.field', 'Refused: for sink connectors only.', null),
    stringKey('timestamp.field', 'Refused: take a time from the source instead, such as ts_ms.', null),
    replaceNullKey,
  ],
  create: insertField,
});

function insertField(config: Config): (node: Node, shape: Shape) => Node {
  for (const key of ['partition.field', 'offset.field', 'timestamp.field']) {
    if (!config.has(key)) continue;
    throw new ConnectError('config.invalid', `InsertField cannot insert "${key}" into the records of a source.`, {
      remedy:
        key === 'timestamp.field' ? 'Take the time from the source: add.fields=source.ts_ms of ExtractNewRecordState.' : `Remove "${key}".`,
    });
  }
  const [topicField, staticField, staticValue] = ['topic.field', 'static.field', 'static.value'].map((key) => config.optional(key));
  if (topicField === null && staticField === null) {
    throw new ConnectError('config.invalid', 'No field insertion configured', {
      remedy: 'Set "topic.field", or "static.field" with "static.value".',
    });
  }
  if (staticField !== null && staticValue === null) {
    throw new ConnectError('config.invalid', 'Static field specified without static value', { remedy: 'Set "static.value" too.' });
  }
  return (node, shape) => {
    const struct = requireStruct(node, 'field insertion');
    const added = [
      ...(typeof topicField === 'string' ? [constantField(topicField, shape.topic)] : []),
      ...(typeof staticField === 'string' ? [constantField(staticField, staticValue ?? '')] : []),
    ];
    return withFields(struct, [...struct.fields, ...added]);
  };
}

function constantField(spec: string, value: string): FieldNode {
  const name = /[!?]$/.test(spec) ? spec.slice(0, -1) : spec;
  return { name, node: { kind: 'constant', schema: { type: 'string', optional: !spec.endsWith('!') }, value } };
}
