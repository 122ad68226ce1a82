import type { ConfigKey } from '../../../connect/plugin.ts';
import { choice, ignored, optional } from '../config-key.ts';

const group = { group: 'Signals' } as const;

/** Signals, incremental snapshots and notifications. */
export const signalKeys: readonly ConfigKey[] = [
  optional('signal.data.collection', 'STRING', null, 'The table, as schema.table, in which an inserted row is a signal.', {
    ...group,
    check: (value) => (value === '' || /^[^.]+(\.[^.]+){0,2}$/.test(value) ? null : 'must be of the form <schema>.<table>'),
    notice: (value) => (/^[^.]+$/.test(value) ? `"${value}" names no schema, so no table is meant by it. Write <schema>.<table>.` : null),
  }),
  optional('signal.enabled.channels', 'LIST', 'source', 'Where signals come from: source, kafka, file. REST needs no entry.', {
    ...group,
    check: checkSignalChannels,
    notice: signalNotice,
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
    notice: notificationNotice,
  }),
  optional('notification.sink.topic.name', 'STRING', null, 'The topic of the channel "sink".', {
    ...group,
    check: (value) => (/^[\w.-]{0,249}$/.test(value) ? null : 'is not a name that a topic can have'),
  }),
];

function channelsIn(value: string): string[] {
  return value.split(',').map((item) => item.trim().toLowerCase());
}

function checkSignalChannels(value: string): string | null {
  const unknown = channelsIn(value).find((channel) => !/^(source|kafka|file|jmx|in-process|)$/.test(channel));
  return unknown === undefined ? null : `there is no channel "${unknown}": use source, kafka or file`;
}

function checkNotificationChannels(value: string): string | null {
  const unknown = channelsIn(value).find((channel) => !/^(sink|log|jmx|)$/.test(channel));
  return unknown === undefined ? null : `there is no channel "${unknown}": use sink or log`;
}

/** Channels of a Java process are let through: the others of the list work, and REST stands for these. */
function signalNotice(value: string): string | null {
  const java = channelsIn(value).filter((channel) => channel === 'jmx' || channel === 'in-process');
  if (java.length === 0) return null;
  return `${quoted(java)}: nothing comes from there, as there is no Java process. Send signals by POST /connectors/<name>/signals, which needs no entry here.`;
}

function notificationNotice(value: string): string | null {
  if (!channelsIn(value).includes('jmx')) return null;
  return `"jmx": nothing is told there, as there is no Java process. Use "sink" or "log"; GET /connectors/<name>/status and /metrics tell how a connector gets on.`;
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ');
}
