import { ConnectError } from '../base/errors.ts';
import { CompactedTopic, type CompactedTopicOptions } from '../kafka/compacted-topic.ts';
import { TopicAdmin } from '../kafka/topic-admin.ts';
import type { LogRecord, RecordLog } from './record-log.ts';

/** A compacted Kafka topic as a store sees it. Reads are serialised, because each goes on where the last one stopped. */
export class KafkaRecordLog implements RecordLog {
  readonly #topic: CompactedTopic;
  #reading: Promise<void> = Promise.resolve();

  private constructor(topic: CompactedTopic) {
    this.#topic = topic;
  }

  /** Creates the topic if it is missing. Where the cluster has too few brokers for the default, it gets as many as there are. */
  static async open(options: CompactedTopicOptions, onePartition: boolean): Promise<KafkaRecordLog> {
    const topic = new CompactedTopic(options);
    try {
      await topic.open();
      if (onePartition) await requireOnePartition(options);
    } catch (error) {
      await topic.close();
      throw error;
    }
    return new KafkaRecordLog(topic);
  }

  readToEnd(each: (record: LogRecord) => void): Promise<void> {
    const read = this.#reading
      .catch(() => undefined)
      .then(() =>
        this.#topic.readToEnd((key, value) => each({ key: key.toString('utf8'), value: value === null ? null : value.toString('utf8') })),
      );
    this.#reading = read;
    return read;
  }

  async append(records: readonly LogRecord[]): Promise<void> {
    for (const { key, value } of records) await this.#topic.append(key, value);
  }

  close(): Promise<void> {
    return this.#topic.close();
  }
}

async function requireOnePartition({ client, clock, topic, setting }: CompactedTopicOptions): Promise<void> {
  const admin = new TopicAdmin(client, clock);
  try {
    const found = await admin.describe(topic);
    if (found === null || found.partitions === 1) return;
    throw new ConnectError(
      'kafka.topic',
      `Topic '${topic}' supplied via the '${setting}' property is required to have a single partition in order to guarantee consistency of connector configurations, but found ${found.partitions} partitions.`,
      { remedy: `Name another topic in ${setting}.` },
    );
  } finally {
    await admin.close();
  }
}
