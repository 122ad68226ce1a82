import type { ConfigKey } from '../../connect/plugin.ts';
import { choice, ignored, optional, partly } from './config-key.ts';
import { checkPatterns } from './settings-rules.ts';

const group = { group: 'Snapshot' } as const;
const always = 'the snapshot is always read in repeatable-read transactions';

/** How the rows that are there already are read. */
export const snapshotKeys: readonly ConfigKey[] = [
  choice(
    'snapshot.mode',
    'initial',
    ['initial', 'initial_only', 'always', 'no_data', 'when_needed', 'configuration_based', 'custom'],
    'When existing rows are read: at the first start, then no streaming, at every start, never, or when the slot no longer serves the offset.',
    {
      ...group,
      check: (value) => (/^(configuration_based|custom)$/i.test(value) ? 'it is not supported yet: choose another of the modes.' : null),
    },
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
  optional('snapshot.lock.timeout.ms', 'LONG', '10000', 'How long "shared" may wait for its locks.', { ...group, min: 0 }),
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
  choice(
    'snapshot.tables.order.by.row.count',
    'disabled',
    ['disabled', 'ascending', 'descending'],
    'Read small or large tables first, by the estimate of the server; else in the order in which they were made.',
    { ...group, importance: 'LOW' },
  ),
  ignored('snapshot.fetch.size', 'INT', '10240', 'tables are read by COPY, a chunk of the socket at a time'),
  ignored('snapshot.isolation.mode', 'STRING', 'serializable', always),
  ignored('internal.snapshot.scan.all.columns.force', 'BOOLEAN', 'false', 'the catalog is read in one query'),
  ignored('query.fetch.size', 'INT', '0', 'catalog queries are small'),
  ignored('streaming.delay.ms', 'LONG', '0', 'streaming starts when the last row of the snapshot is committed'),
  partly(
    'snapshot.query.mode',
    'STRING',
    'select_all',
    ['select_all'],
    'How a table is read.',
    'use "snapshot.select.statement.overrides".',
  ),
  {
    ...ignored('snapshot', 'STRING', null, 'it belongs to a snapshot.mode that is not supported'),
    name: 'snapshot.mode.*',
    pattern: /^snapshot\.mode\.(configuration\.based\.|custom\.name$)/,
  },
];
