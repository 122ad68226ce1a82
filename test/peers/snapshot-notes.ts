import { CommittedReader } from '../support/committed-reader.ts';
import { kafkaClient } from '../support/kafka-client.ts';
import { stack } from '../support/stack.ts';

export type Snapshot = 'Initial Snapshot' | 'Incremental Snapshot';

/** What connectors tell of their snapshots: see `notification.sink.topic.name`. */
export class SnapshotNotes implements AsyncDisposable {
  readonly #reader: CommittedReader;

  private constructor(reader: CommittedReader) {
    this.#reader = reader;
  }

  static topicOf(connector: string): string {
    return `${connector}-notes`;
  }

  /** Topics of their own, made here; the reader waits for them, where kafkajs gives up on one that a busy broker does not know yet. */
  static async open(connectors: readonly string[]): Promise<SnapshotNotes> {
    const topics = connectors.map((connector) => SnapshotNotes.topicOf(connector));
    const admin = kafkaClient(stack.kafka).admin();
    await admin.connect();
    await admin.createTopics({ waitForLeaders: false, topics: topics.map((topic) => ({ topic, numPartitions: 1, replicationFactor: 1 })) });
    await admin.disconnect();
    return new SnapshotNotes(await CommittedReader.open(topics, 120_000, false));
  }

  /** Whatever the converter, texts are in the record as they are; of events, which have no value there, in headers. Tables and chunks are told of, too. */
  isCompleted(connector: string, snapshot: Snapshot): boolean {
    return this.#reader.records.some(({ topic, rawValue, headers }) => {
      const text = rawValue?.toString('latin1') ?? JSON.stringify(headers);
      return topic === SnapshotNotes.topicOf(connector) && text.includes(snapshot) && /(?<!_)COMPLETED/.test(text);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader[Symbol.asyncDispose]();
  }
}
