import type { Clock } from '../../base/clock.ts';
import { ConnectError } from '../../base/errors.ts';
import type { Cluster } from '../../kafka/cluster.ts';
import { TopicReader } from '../../kafka/topic-reader.ts';
import { decodeOffsetKey, decodeOffsetValue, encodeOffsetKey, encodeOffsetValue, offsetIdentity } from '../../record/offset.ts';
import type { SourceOffset } from '../../record/offset.ts';
import { RecordBatch } from '../../record/record-batch.ts';

/** One connector's entries in the offsets topic, in Kafka Connect's format. */
export class SourceOffsetLog {
  readonly topic: string;
  readonly #connector: string;
  readonly #records = new RecordBatch({ recordsMax: 4_096, arenaBytesMax: 64 * 1024 });
  readonly #topicIndex: number;
  /** The key bytes that stand in the topic, by partition: another writer may have ordered the members differently, and compaction goes by bytes. */
  readonly #keys = new Map<string, Buffer>();

  constructor(topic: string, connector: string) {
    this.topic = topic;
    this.#connector = connector;
    this.#topicIndex = this.#records.topicIndex(topic);
  }

  /** The connector's last committed offset of each partition. */
  async read(cluster: Cluster, clock: Clock, signal: AbortSignal): Promise<SourceOffset[]> {
    const start = Buffer.from(`[${JSON.stringify(this.#connector)},`);
    // Between two compactions a key stands there once for every commit: only what stands there last is looked into.
    const last = new Map<string, Buffer | null>();
    const reader = new TopicReader(cluster, this.topic, clock);
    await reader.readToEnd(({ key, value }) => {
      if (key === null || key.compare(start, 0, start.length, 0, Math.min(start.length, key.length)) !== 0) return;
      const text = key.toString('latin1');
      // Newer bytes of the same key go last, so that of two spellings of a partition the newer one counts.
      last.delete(text);
      last.set(text, value === null ? null : Buffer.from(value));
    }, signal);
    this.#keys.clear();
    const found = new Map<string, SourceOffset>();
    for (const [text, value] of last) {
      const key = Buffer.from(text, 'latin1');
      const decoded = decodeOffsetKey(key);
      if (decoded === null || decoded.connector !== this.#connector) continue;
      const identity = offsetIdentity(decoded.partition);
      this.#keys.set(identity, key);
      found.set(identity, { partition: decoded.partition, offset: this.#decode(value) });
    }
    return [...found.values()].filter(({ offset }) => offset !== null);
  }

  /** Records to be written with the batch; valid until the next call. */
  records(offsets: readonly SourceOffset[], nowMs: number): RecordBatch {
    const records = this.#records;
    records.reset();
    for (const { partition, offset } of offsets) {
      const key = this.#keys.get(offsetIdentity(partition)) ?? encodeOffsetKey(this.#connector, partition);
      records.add(this.#topicIndex, key, encodeOffsetValue(offset), null, nowMs);
    }
    return records;
  }

  #decode(value: Buffer | null): SourceOffset['offset'] {
    try {
      return decodeOffsetValue(value);
    } catch (cause) {
      throw new ConnectError(
        'kafka.topic',
        `Topic ${this.topic} holds an offset of connector ${this.#connector} that is no flat JSON object.`,
        {
          remedy: 'Stop the connector and set its offsets through REST, or remove the entry.',
          cause,
        },
      );
    }
  }
}
