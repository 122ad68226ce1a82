import { Config } from '../../../connect/config.ts';

export type SignalChannel = 'source' | 'kafka' | 'file';
export type NotificationChannel = 'sink' | 'log';

/** How signals come in and how incremental snapshots go about it. */
export interface SignalSettings {
  readonly channels: ReadonlySet<SignalChannel>;
  /** The signal table as `schema.table`; null: none. */
  readonly dataCollection: string | null;
  readonly pollIntervalMs: number;
  readonly file: string;
  readonly topic: string;
  /** Settings of the Kafka client that reads the signals; null: those of the worker. */
  readonly consumer: Config;
  /** Rows of a chunk. */
  readonly chunkSize: number;
  readonly watermarking: 'insert_insert' | 'insert_delete';
  /** Nothing is written to the database. */
  readonly readOnly: boolean;
  /** Signals are expected, not merely possible. */
  readonly expected: boolean;
}

export interface NotificationSettings {
  readonly channels: ReadonlySet<NotificationChannel>;
  /** Of the channel `sink`. */
  readonly topic: string | null;
}

export function signalSettings(config: Config): SignalSettings {
  const channels = config.list('signal.enabled.channels').map((channel) => channel.toLowerCase());
  const collection = config.optional('signal.data.collection');
  const consumer = new Map(config.withPrefix('signal.consumer.').entries());
  const servers = config.optional('signal.kafka.bootstrap.servers');
  if (servers !== null && servers !== '') consumer.set('bootstrap.servers', servers);
  return {
    channels: new Set(channels.filter((channel): channel is SignalChannel => /^(source|kafka|file)$/.test(channel))),
    dataCollection: collection?.includes('.') === true ? lastTwo(collection) : null,
    pollIntervalMs: config.int('signal.poll.interval.ms'),
    file: config.string('signal.file'),
    topic: config.optional('signal.kafka.topic') || `${config.string('topic.prefix')}-signal`,
    consumer: new Config(consumer),
    chunkSize: config.int('incremental.snapshot.chunk.size'),
    watermarking: config.choice('incremental.snapshot.watermarking.strategy') as SignalSettings['watermarking'],
    readOnly: config.boolean('read.only'),
    expected: (collection ?? '') !== '' || channels.includes('kafka') || channels.includes('file'),
  };
}

export function notificationSettings(config: Config): NotificationSettings {
  const channels = config.list('notification.enabled.channels').map((channel) => channel.toLowerCase());
  const topic = config.optional('notification.sink.topic.name');
  return {
    channels: new Set(channels.filter((channel): channel is NotificationChannel => channel === 'sink' || channel === 'log')),
    topic: topic === '' ? null : topic,
  };
}

/** The name of the database before schema and table says nothing. */
function lastTwo(name: string): string {
  return name.replaceAll('"', '').split('.').slice(-2).join('.');
}
