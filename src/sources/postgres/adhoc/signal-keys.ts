import type { ConfigKey } from '../../../connect/plugin.ts';
import { choice, ignored, optional } from '../config-key.ts';

const group = { group: 'Signals' } as const;

/** Signals, incremental snapshots and notifications. */
export const signalKeys: readonly ConfigKey[] = [
  optional('signal.data.collection', 'STRING', null, 'The table, as schema.table, in which an inserted row is a signal.', {
    ...group,
    check: (value) => (value === '' || /^[^.]+(\.[^.]+){1,2}$/.test(value) ? null : 'must be of the form <schema>.<table>'),
  }),
  optional('signal.enabled.channels', 'LIST', 'source', 'Where signals come from: source, kafka, file. REST needs no entry.', {
    ...group,
    check: checkSignalChannels,
  }),
  optional('signal.poll.interval.ms', 'LONG', '5000', 'How often the signal file is looked at.', { ...group, min: 1 }),
  optional(
    'signal.file',
    'STRING',
    'file-signals.txt',
    'The file of the channel "file": one JSON object a line; it is emptied when read.',
    group,
  ),
  optional(
    'signal.kafka.topic',
    'STRING',
    null,
    'The topic of the channel "kafka", with one partition; default: <topic.prefix>-signal.',
    group,
  ),
  optional('signal.kafka.bootstrap.servers', 'LIST', null, "Brokers of the signal topic; default: the worker's.", group),
  optional(
    'signal.consumer.*',
    'STRING',
    null,
    'Settings of the Kafka client that reads the signal topic (security.protocol, sasl.*, ...).',
    {
      ...group,
      pattern: /^signal\.consumer\../,
    },
  ),
  ignored('signal.kafka.groupId', 'STRING', 'kafka-signal', "the position in the signal topic is part of the connector's own offset"),
  ignored('signal.kafka.poll.timeout.ms', 'INT', '100', 'the signal topic is followed all the time'),
  ignored('signal.emit.failure.max.retries', 'INT', '0', 'a chunk whose mark cannot be written is read again'),
  ignored('signal.emit.failure.backoff.ms', 'LONG', '10000', 'a chunk whose mark cannot be written is read again'),
  optional('incremental.snapshot.chunk.size', 'INT', '1024', 'Rows of a chunk of an incremental snapshot.', { ...group, min: 1 }),
  choice(
    'incremental.snapshot.watermarking.strategy',
    'insert_insert',
    ['insert_insert', 'insert_delete'],
    'Whether the row that opens a window is followed by one that closes it, or deleted. Under millrace.PostgresSource no rows are written.',
    group,
  ),
  ignored('incremental.snapshot.allow.schema.changes', 'BOOLEAN', 'false', 'a table that is altered meanwhile is read on as it then is'),
  optional('read.only', 'BOOLEAN', 'false', 'Write nothing to the database, not even marks of windows.', group),
  optional('notification.enabled.channels', 'LIST', null, 'Where snapshots tell how they get on: sink, log.', {
    ...group,
    check: checkNotificationChannels,
  }),
  optional('notification.sink.topic.name', 'STRING', null, 'The topic of the channel "sink".', {
    ...group,
    check: (value) => (/^[\w.-]{0,249}$/.test(value) ? null : 'is not a name that a topic can have'),
  }),
];

function checkSignalChannels(value: string): string | null {
  for (const channel of value.split(',').map((item) => item.trim().toLowerCase())) {
    if (/^(source|kafka|file|)$/.test(channel)) continue;
    if (channel === 'jmx' || channel === 'in-process')
      return `"${channel}" belongs to a Java process: send signals by POST /connectors/<name>/signals, which needs no entry here`;
    return `there is no channel "${channel}": use source, kafka or file`;
  }
  return null;
}

/** `jmx` is let through without effect: notifications nobody asks for do no harm. */
function checkNotificationChannels(value: string): string | null {
  const unknown = value
    .split(',')
    .map((item) => item.trim().toLowerCase())
    .find((channel) => !/^(sink|log|jmx|)$/.test(channel));
  return unknown === undefined ? null : `there is no channel "${unknown}": use sink or log`;
}
