import type { ConfigKey } from '../../connect/plugin.ts';
import { choice, ignored, optional, partly } from './config-key.ts';
import { checkPatterns } from './pattern-check.ts';

const group = { group: 'Snapshot' } as const;

function based(key: string, doc: string): ConfigKey {
  return optional(`snapshot.mode.configuration.based.${key}`, 'BOOLEAN', 'false', `For snapshot.mode "configuration_based": ${doc}.`, {
    ...group,
    importance: 'LOW',
  });
}

/** How the rows that are there already are read. */
export const snapshotKeys: readonly ConfigKey[] = [
  choice(
    'snapshot.mode',
    'initial',
    ['initial', 'initial_only', 'always', 'no_data', 'when_needed', 'configuration_based', 'custom', 'schema_only', 'never'],
    'When existing rows are read: at the first start, then no streaming, at every start, never, when the slot no longer serves the offset, or as the keys snapshot.mode.configuration.based.* say. "schema_only" and "never" are older names of "no_data".',
    {
      ...group,
      check: (value) =>
        /^custom$/i.test(value) ? 'it names a Java class, which cannot be loaded here: choose another of the modes.' : null,
    },
  ),
  based('snapshot.data', 'read the existing rows at every start'),
  based('start.stream', 'stream'),
  based('snapshot.on.data.error', 'read the existing rows when the slot no longer serves the stored position'),
  ...['snapshot.schema', 'snapshot.on.schema.error'].map((key) =>
    ignored(`snapshot.mode.configuration.based.${key}`, 'BOOLEAN', 'false', 'tables are described at every start'),
  ),
  optional(
    'snapshot.include.collection.list',
    'LIST',
    null,
    'Which of the captured tables are read, as regular expressions over schema.table; default: all.',
    {
      ...group,
      check: checkPatterns,
    },
  ),
  optional('snapshot.select.statement.overrides', 'LIST', null, 'Tables, as schema.table, that are read by a SELECT of their own.', group),
  optional(
    'snapshot.select.statement.overrides.<schema>.<table>',
    'STRING',
    null,
    'The SELECT of that table. Its result must have the captured columns.',
    {
      ...group,
      pattern: /^snapshot\.select\.statement\.overrides\../,
    },
  ),
  optional('snapshot.delay.ms', 'LONG', '0', 'Wait before the snapshot.', { ...group, min: 0 }),
  optional(
    'snapshot.new.tables',
    'STRING',
    null,
    'Tables that come to be captured and published later: only their changes from then on (stream_only), or also the rows they have (backfill). By default "backfill" under millrace.PostgresSource, unless snapshot.mode reads no rows, and else "stream_only".',
    { ...group, oneOf: ['stream_only', 'backfill'] },
  ),
  optional(
    'snapshot.new.tables.whole.bytes.max',
    'LONG',
    '67108864',
    'With "backfill": new tables that are larger and have a key are read in chunks while the stream goes on.',
    { ...group, importance: 'LOW', min: 0 },
  ),
  optional('snapshot.new.tables.interval.ms', 'LONG', '5000', 'With "backfill": how often new tables are looked for.', {
    ...group,
    importance: 'LOW',
    min: 100,
  }),
  optional('streaming.delay.ms', 'LONG', '0', 'Wait between the snapshot and the stream.', { ...group, importance: 'LOW', min: 0 }),
  choice(
    'snapshot.locking.mode',
    'none',
    ['none', 'shared', 'custom'],
    'Whether tables are protected from being altered while the snapshot reads them.',
    {
      ...group,
      check: (value) => (value.toLowerCase() === 'custom' ? 'it is not supported yet: choose "none" or "shared".' : null),
    },
  ),
  optional('snapshot.lock.timeout.ms', 'LONG', '10000', 'How long "shared", or one of several connections, may wait for a lock.', {
    ...group,
    min: 0,
  }),
  optional('snapshot.max.threads', 'INT', null, 'Connections that read at the same time, all in one database snapshot.', {
    ...group,
    min: 1,
    max: 64,
  }),
  optional('snapshot.max.threads.multiplier', 'INT', '1', 'Slices per connection into which a large table is cut.', {
    ...group,
    min: 1,
    max: 1000,
  }),
  optional('snapshot.max.threads.multiplier.<schema>.<table>', 'INT', null, 'The same for one table.', {
    ...group,
    pattern: /^snapshot\.max\.threads\.multiplier\../,
    min: 1,
    max: 1000,
  }),
  optional('snapshot.slice.bytes', 'INT', '8388608', 'Smaller tables and slices are not worth a connection of their own.', {
    ...group,
    importance: 'LOW',
    min: 8192,
  }),
  optional('legacy.snapshot.max.threads', 'BOOLEAN', 'false', 'Read each table by one connection.', { ...group, importance: 'LOW' }),
  optional('internal.legacy.snapshot.max.threads', 'BOOLEAN', 'false', 'Older name of legacy.snapshot.max.threads.', {
    ...group,
    importance: 'LOW',
  }),
  choice(
    'snapshot.tables.order.by.row.count',
    'disabled',
    ['disabled', 'ascending', 'descending'],
    'Read small or large tables first, by the estimate of the server; else in the order in which they were made.',
    { ...group, importance: 'LOW' },
  ),
  ignored('snapshot.fetch.size', 'INT', '10240', 'tables are read by COPY, a chunk of the socket at a time'),
  choice(
    'snapshot.isolation.mode',
    'serializable',
    ['serializable', 'repeatable_read', 'read_committed', 'read_uncommitted'],
    'In what transactions tables are read: never weaker than repeatable_read, and serializable where the snapshot is not that of a new slot.',
    group,
  ),
  ignored('internal.snapshot.scan.all.columns.force', 'BOOLEAN', 'false', 'the catalog is read in one query'),
  ignored('query.fetch.size', 'INT', '0', 'catalog queries are small'),
  partly(
    'snapshot.query.mode',
    'STRING',
    'select_all',
    ['select_all'],
    'How a table is read.',
    'use "snapshot.select.statement.overrides".',
  ),
  { ...ignored('snapshot.mode.custom.name', 'STRING', null, 'it names a Java class'), formerly: ['snapshot.custom.class'] },
];
