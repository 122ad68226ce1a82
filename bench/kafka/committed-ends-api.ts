import { createAPI, Writer } from '@platformatic/kafka';

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
export const committedEndsApi = createAPI<[topics: readonly TopicPartitions[]], PartitionEnd[]>(
  2,
  6,
  (topics: TopicPartitions[]) =>
    Writer.create()
      .appendInt32(-1)
      .appendInt8(1)
      .appendArray(topics, (w, { topic, partitions }) => {
        w.appendString(topic, true).appendArray([...partitions], (p, partition) =>
          p.appendInt32(partition).appendInt32(-1).appendInt64(-1n),
        );
      })
      .appendTaggedFields(),
  (_correlationId, _apiKey, _apiVersion, reader) => {
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
