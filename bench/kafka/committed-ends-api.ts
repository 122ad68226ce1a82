import { brokerApi } from '../../src/kafka/broker-api.ts';

export interface PartitionEnd {
  readonly topic: string;
  readonly partition: number;
  readonly errorCode: number;
  readonly offset: bigint;
}

export interface TopicPartitions {
  readonly topic: string;
  readonly partitions: readonly number[];
}

/*
  ListOffsets Request (Version: 6), as in src/kafka/cluster-api.ts, but for many topics and read_committed: the answer is the end
  of what a consumer may see.
*/
export const committedEndsApi = brokerApi<[topics: readonly TopicPartitions[]], PartitionEnd[]>(
  2,
  6,
  (request, topics) =>
    request
      .appendInt32(-1)
      .appendInt8(1)
      .appendArray(topics, (w, { topic, partitions }) => {
        w.appendString(topic).appendArray(partitions, (p, partition) => p.appendInt32(partition).appendInt32(-1).appendInt64(-1n));
      })
      .appendTaggedFields(),
  (reader) => {
    reader.readInt32();
    const found: PartitionEnd[] = [];
    reader.readArray((r) => {
      const topic = r.readString();
      r.readArray((p) => {
        const [partition, errorCode] = [p.readInt32(), p.readInt16()];
        p.readInt64();
        found.push({ topic, partition, errorCode, offset: p.readInt64() });
        p.readInt32();
      });
    });
    return found;
  },
);
