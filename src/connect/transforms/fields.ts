import type { FieldNode, Node, StructNode } from '../../record/shape.ts';
import { ConnectError } from '../../base/errors.ts';
import { TupleRef } from '../../record/change.ts';
import type { Config } from '../config.ts';
import type { TransformPlugin } from '../plugin.ts';
import {
  fieldName,
  findField,
  invalid,
  listKey,
  newStruct,
  partPlugins,
  recordPlugin,
  replaceNullKey,
  requireStruct,
  stringKey,
  withFields,
} from './part.ts';

/** Which fields there are and how they are called: decided on the schema alone, free per row. */
export const fieldPlugins: readonly TransformPlugin[] = [
  ...partPlugins({
    name: 'ReplaceField',
    configKeys: [
      listKey('exclude', 'Fields to exclude. This takes precedence over the fields to include.', ''),
      listKey('include', 'Fields to include. If specified, only these fields will be used.', ''),
      listKey('renames', 'Field rename mappings, as old:new.', ''),
      { ...listKey('blacklist', 'Former name of exclude.', ''), importance: 'LOW' },
      { ...listKey('whitelist', 'Former name of include.', ''), importance: 'LOW' },
      replaceNullKey,
    ],
    create: replaceField,
  }),
  ...partPlugins({
    name: 'HoistField',
    configKeys: [stringKey('field', 'Field name for the single field that will be created in the resulting struct.')],
    create(config) {
      const name = fieldName(config.string('field'), 'field');
      return (node) => newStruct([{ name, node }]);
    },
  }),
  ...partPlugins({
    name: 'SetSchemaMetadata',
    configKeys: [
      stringKey('schema.name', 'Schema name to set.', null),
      { name: 'schema.version', type: 'INT', default: null, importance: 'HIGH', doc: 'Schema version to set.' },
      replaceNullKey,
    ],
    create: setSchemaMetadata,
  }),
  recordPlugin(
    'ValueToKey',
    [listKey('fields', 'Field names on the record value to extract as the record key.'), replaceNullKey],
    (config) => {
      const names = config.list('fields');
      return (shape) => {
        const value = requireStruct(shape.value, 'copying fields from value to key');
        return { ...shape, key: newStruct(names.map((name) => ({ name, node: keyField(value, name) }))) };
      };
    },
  ),
];

function replaceField(config: Config): (node: Node) => Node {
  const exclude = new Set([...config.list('exclude'), ...config.list('blacklist')]);
  const include = new Set([...config.list('include'), ...config.list('whitelist')]);
  const renames = new Map(
    config.list('renames').map((mapping): [string, string] => {
      const [from = '', to = '', ...rest] = mapping.split(':');
      if (from === '' || to === '' || rest.length > 0)
        throw invalid('renames', config.string('renames'), `Invalid rename mapping: ${mapping}`);
      return [from, to];
    }),
  );
  return (node) => {
    const struct = requireStruct(node, 'field replacement');
    const kept = struct.fields.filter(({ name }) => !exclude.has(name) && (include.size === 0 || include.has(name)));
    return withFields(
      struct,
      kept.map((field): FieldNode => ({ name: renames.get(field.name) ?? field.name, node: field.node })),
    );
  };
}

function setSchemaMetadata(config: Config): (node: Node) => Node {
  const name = config.optional('schema.name');
  const version = config.optionalInt('schema.version');
  if (name === null && version === null) {
    throw new ConnectError('config.invalid', 'Neither schema name nor version configured', {
      remedy: 'Set "schema.name", "schema.version" or both.',
    });
  }
  return (node) => ({ ...node, schema: { ...node.schema, ...(name === null ? {} : { name }), ...(version === null ? {} : { version }) } });
}

function keyField(value: StructNode, name: string): Node {
  const node = findField(value, name);
  if (node === null) throw new ConnectError('data.shape', `Field does not exist: ${name}`, { remedy: 'Correct "fields" of ValueToKey.' });
  return fromRow(node);
}

/** A key is made of the row there is, so that a delete and its tombstone have the key of the row they end. */
function fromRow(node: Node): Node {
  if (node.kind === 'column' && node.tuple === TupleRef.AFTER) return { ...node, tuple: TupleRef.ROW };
  return node;
}
