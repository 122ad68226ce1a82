import type { ConfigKey } from '../../connect/plugin.ts';
import { choice, optional, required } from './config-key.ts';
import { checkPatterns } from './pattern-check.ts';
import { checkKeyColumns, checkSkippedOperations, checkTopicPrefix } from './settings-rules.ts';
import { topicNamingKeys } from './topic-naming.ts';
import { typeKeys } from './type-keys.ts';

const tables = { group: 'Tables' } as const;
const records = { group: 'Records' } as const;
const adjustments = ['none', 'avro', 'avro_unicode'];

function patterns(name: string, doc: string): ConfigKey {
  return optional(name, 'LIST', null, `${doc} Anchored regular expressions without letter case; write a comma inside one as "\\,".`, {
    ...tables,
    formerly: /^(?:schema|table|column)\.(?:in|ex)clude\.list$/.test(name)
      ? [name.replace('include.list', 'whitelist').replace('exclude.list', 'blacklist')]
      : [],
    check: checkPatterns,
  });
}

/** What is captured and how records look. */
export const captureKeys: readonly ConfigKey[] = [
  required('topic.prefix', 'STRING', 'First part of every topic name, and name of the stream in the stored offsets: never change it.', {
    ...records,
    formerly: ['database.server.name'],
    check: checkTopicPrefix,
  }),
  patterns('schema.include.list', 'Schemas to capture.'),
  patterns('schema.exclude.list', 'Schemas to leave out.'),
  patterns('table.include.list', 'Tables to capture, as schema.table.'),
  patterns('table.exclude.list', 'Tables to leave out, as schema.table.'),
  patterns('column.include.list', 'Columns to capture, as schema.table.column; key columns stay in the key.'),
  patterns('column.exclude.list', 'Columns to leave out, as schema.table.column; key columns stay in the key.'),
  {
    ...patterns('column.mask.*', 'Columns whose text is masked (with.<N>.chars) or hashed (hash[.v2].<algorithm>.with.salt.<salt>).'),
    pattern: /^column\.mask\./,
  },
  {
    ...patterns('column.truncate.to.*', 'Columns whose text is cut (column.truncate.to.<N>.chars).'),
    pattern: /^column\.truncate\./,
  },
  patterns('column.propagate.source.type', 'Columns whose schema tells the type, length and scale of the source, as parameters.'),
  patterns('datatype.propagate.source.type', 'The same for all columns of these types, as schema.table.type.'),
  optional(
    'skip.messages.without.change',
    'BOOLEAN',
    'false',
    'Leave out updates that change no captured column; needs REPLICA IDENTITY FULL.',
    records,
  ),
  optional('table.ignore.builtin', 'BOOLEAN', 'true', 'Leave out tables that belong to extensions (spatial_ref_sys).', {
    ...tables,
    importance: 'LOW',
  }),
  optional('guardrail.collections.max', 'INT', '0', 'How many tables may be captured; 0: any number.', {
    ...tables,
    importance: 'LOW',
    min: 0,
  }),
  choice('guardrail.collections.limit.action', 'warn', ['warn', 'fail'], 'What to do at start when there are more.', {
    ...tables,
    importance: 'LOW',
  }),
  patterns('message.prefix.include.list', 'Logical decoding messages to capture, by their prefix.'),
  patterns('message.prefix.exclude.list', 'Logical decoding messages to leave out, by their prefix.'),
  optional('message.key.columns', 'STRING', null, 'Keys other than the primary key: <schema.table regex>:<column>,<column>;...', {
    ...tables,
    check: checkKeyColumns,
  }),
  optional('tombstones.on.delete', 'BOOLEAN', 'true', 'Follow each delete by a record with the same key and no value.', records),
  optional('skipped.operations', 'LIST', 't', 'Operations to leave out: c, u, d, t; or none.', {
    ...records,
    check: checkSkippedOperations,
  }),
  optional(
    'provide.transaction.metadata',
    'BOOLEAN',
    'false',
    'Records of the begin and end of each transaction, and in every record of a change its number in the transaction.',
    records,
  ),
  ...topicNamingKeys,
  optional(
    'unavailable.fields.header',
    'STRING',
    null,
    'Header that lists, as JSON, the fields whose unchanged value the server did not send; by default __millrace.unavailable under millrace.PostgresSource.',
    records,
  ),
  optional(
    'column.rename.aliases',
    'BOOLEAN',
    null,
    'Give the Avro field of a column that was renamed its former names as aliases, and go on hiding it if it was hidden; by default under millrace.PostgresSource only.',
    records,
  ),
  choice(
    'schema.change.refused.policy',
    'fail',
    ['fail', 'new_topic', 'dead_letter'],
    'When the registry refuses the changed schema of a table as incompatible: stop, write to <topic>.2 and so on, or make dead letters of its rows.',
    records,
  ),
  choice('schema.name.adjustment.mode', 'none', adjustments, 'How schema names are made fit for Avro.', records),
  choice('field.name.adjustment.mode', 'none', adjustments, 'How field names are made fit for Avro.', {
    ...records,
    formerly: ['sanitize.field.names'],
  }),
  optional(
    'extended.headers.enabled',
    'BOOLEAN',
    null,
    'Three headers with connector, task and logical name on every record; by default under the Debezium class name only.',
    records,
  ),
  ...typeKeys,
];
