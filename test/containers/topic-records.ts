import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import type { Kafka, KafkaMessage } from 'kafkajs';

import { bigintLong } from '../support/bigint-long.ts';
import { kafkaClient } from '../support/kafka-client.ts';

export interface DecodedRecord {
  readonly partition: number;
  readonly key: unknown;
  readonly value: unknown;
}

export interface TopicAddress {
  readonly kafka: string;
  readonly registry: string;
  readonly topic: string;
  readonly timeoutMs: number;
}

/** Reads a topic, read committed, from its beginning with clients that are not ours until `enough` says so; bounded by `timeoutMs`. */
export async function readDecoded(address: TopicAddress, enough: (records: readonly DecodedRecord[]) => boolean): Promise<DecodedRecord[]> {
  const { topic, timeoutMs } = address;
  const kafka = connect(address);
  const registry = new SchemaRegistry({ host: address.registry }, { [SchemaType.AVRO]: { registry: { long: bigintLong } } });
  const decode = async (bytes: Buffer | null): Promise<unknown> => (bytes === null ? null : await registry.decode(bytes));
  const consumer = kafka.consumer({
    groupId: `container-suite-${topic}-${Math.random().toString(36).slice(2)}`,
    readUncommitted: false,
    maxWaitTimeInMs: 200,
    retry: { retries: 20 },
  });
  const records: DecodedRecord[] = [];
  const next = new Map<number, bigint>();
  await waitForTopic(kafka, topic, timeoutMs);
  await consumer.connect();
  try {
    await consumer.subscribe({ topic, fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${topic}: ${records.length} records, not enough in time`)), timeoutMs);
      const take = async ({ partition, message }: { partition: number; message: KafkaMessage }): Promise<void> => {
        // A consumer that lost its connection is given again what it had not yet told of.
        if (BigInt(message.offset) < (next.get(partition) ?? 0n)) return;
        next.set(partition, BigInt(message.offset) + 1n);
        try {
          records.push({ partition, key: await decode(message.key), value: await decode(message.value) });
        } catch (error) {
          clearTimeout(timer);
          reject(new Error(`${topic}-${partition}@${message.offset} does not decode`, { cause: error }));
        }
        if (!enough(records)) return;
        clearTimeout(timer);
        resolve();
      };
      consumer.run({ eachMessage: take }).catch(reject);
    });
  } finally {
    await consumer.disconnect();
  }
  return records;
}

/** Where each partition ends, by partition: a topic that got nothing more still ends there. */
export async function endOffsets(address: TopicAddress): Promise<string[]> {
  const admin = connect(address).admin();
  await admin.connect();
  try {
    const partitions = await admin.fetchTopicOffsets(address.topic);
    return partitions.toSorted((left, right) => left.partition - right.partition).map(({ high }) => high);
  } finally {
    await admin.disconnect();
  }
}

function connect(address: TopicAddress): Kafka {
  return kafkaClient(address.kafka);
}

/** Subscribing to a topic that is not there yet would end the consumer. */
async function waitForTopic(kafka: Kafka, topic: string, timeoutMs: number): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const end = performance.now() + timeoutMs;
    while (!(await admin.listTopics()).includes(topic)) {
      if (performance.now() > end) throw new Error(`topic ${topic} did not appear in ${timeoutMs} ms`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  } finally {
    await admin.disconnect();
  }
}
