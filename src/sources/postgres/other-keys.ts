import { checkTags } from '../../base/metric-tags.ts';
import type { ConfigKey } from '../../connect/plugin.ts';
import { signalKeys } from './adhoc/signal-keys.ts';
import { choice, ignored, optional, partly } from './config-key.ts';
import { reselectKeys } from './reselect/reselect-settings.ts';

const bounded = 'batches are bounded in bytes by the worker';
const java = 'it names a Java class';
const transform = 'use a transform.';
const errors = { group: 'Errors' } as const;

/** Debezium's other keys: without meaning here, or not supported yet. */
export const otherKeys: readonly ConfigKey[] = [
  partly('converters', 'LIST', null, [], 'Custom converters of columns.', transform),
  choice(
    'event.converting.failure.handling.mode',
    'fail',
    ['fail', 'warn', 'skip'],
    'A value that cannot be written: stop, or write null where the column may be null, with or without a line in the log.',
    errors,
  ),
  choice(
    'event.processing.failure.handling.mode',
    'fail',
    ['fail', 'warn', 'skip', 'ignore'],
    'A change that cannot be made or written: stop, or leave it out, with or without a line in the log. errors.tolerance=all comes first.',
    errors,
  ),
  ignored('include.schema.comments', 'BOOLEAN', 'false', "Debezium's connector for Postgres reads no comments either"),
  ignored('transaction.metadata.factory', 'CLASS', null, java),
  ignored('sourceinfo.struct.maker', 'CLASS', null, java),
  ignored('snapshot.locking.mode.custom.name', 'STRING', null, java),
  ignored('snapshot.query.mode.custom.name', 'STRING', null, java),
  ignored('schema.refresh.mode', 'STRING', 'columns_diff', 'shapes follow the relation messages of the stream'),
  ignored('topic.cache.size', 'INT', '10000', 'topic names are made once per shape'),
  ignored('max.batch.size', 'INT', '2048', bounded),
  ignored('max.queue.size', 'INT', '8192', bounded),
  ignored('max.queue.size.in.bytes', 'LONG', '0', bounded),
  ignored('queue.provider.type', 'STRING', 'memory', bounded),
  ignored('poll.interval.ms', 'LONG', '500', 'changes are taken as they come'),
  ignored('poll.dispatch.interval.ms', 'LONG', '0', 'changes are taken as they come'),
  ignored('statistics.metrics.enabled', 'BOOLEAN', 'true', 'metrics are always there'),
  ignored('internal.advanced.metrics.enable', 'BOOLEAN', 'false', 'metrics are always there'),
  optional('custom.metric.tags', 'LIST', null, 'Further labels of the metrics of this connector: <key>=<value>,...', { check: checkTags }),
  // The runtime sees to it.
  optional(
    'custom.sanitize.pattern',
    'STRING',
    null,
    'A regular expression: values of the keys in which it is found are hidden as passwords are.',
  ),
  ignored('executor.shutdown.timeout.ms', 'LONG', '4000', 'the worker limits how long stopping takes'),
  ignored('internal.offset.activity.monitor.interval.ms', 'LONG', '600000', 'lag is a metric'),
  ...signalKeys,
  ...reselectKeys,
  { ...ignored('memory', 'STRING', null, java), name: 'memory.management.*', pattern: /^memory\.management\./ },
  { ...ignored('openlineage', 'STRING', null, 'OpenLineage is not supported'), name: 'openlineage.*', pattern: /^openlineage\./ },
];
