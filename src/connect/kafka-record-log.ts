import { ConnectError } from '../base/errors.ts';
import { CompactedTopic, type CompactedTopicOptions } from '../kafka/compacted-topic.ts';
import type { LogRecord, RecordLog } from './record-log.ts';

/** A compacted Kafka topic as a store sees it. Reads are serialised, because each goes on where the last one stopped. */
export class KafkaRecordLog implements RecordLog {
  readonly #topic: CompactedTopic;
  #reading: Promise<void> = Promise.resolve();

  private constructor(topic: CompactedTopic) {
    this.#topic = topic;
  }

  /** Creates the topic if it is missing. Where the cluster has too few brokers for the default, it gets as many as there are. */
  static async open(options: CompactedTopicOptions, onePartition: boolean, onAsked: () => void): Promise<KafkaRecordLog> {
    const topic = new CompactedTopic(options);
    try {
      const partitions = await topic.open(onAsked);
      if (onePartition && partitions !== 1) throw morePartitions(options, partitions);
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

  append(records: readonly LogRecord[]): Promise<void> {
    return this.#topic.append(
      records.map(({ key, value }) => ({ key: Buffer.from(key), value: value === null ? null : Buffer.from(value) })),
    );
  }

  close(): Promise<void> {
    return this.#topic.close();
  }
}

function morePartitions({ topic, setting }: CompactedTopicOptions, partitions: number): ConnectError {
  return new ConnectError(
    'kafka.topic',
    `Topic '${topic}' supplied via the '${setting}' property is required to have a single partition in order to guarantee consistency of connector configurations, but found ${partitions} partitions.`,
    { remedy: `Name another topic in ${setting}.` },
  );
}
