import { SchemaRegistry } from '@kafkajs/confluent-schema-registry';
import { Kafka, logLevel } from 'kafkajs';
import type { KafkaMessage } from 'kafkajs';

export interface DecodedRecord {
  readonly partition: number;
  readonly key: unknown;
  readonly value: unknown;
}

/** Reads a topic from its beginning with clients that are not ours until `enough` says so; bounded by `timeoutMs`. */
export async function readDecoded(
  options: { readonly kafka: string; readonly registry: string; readonly topic: string; readonly timeoutMs: number },
  enough: (records: readonly DecodedRecord[]) => boolean,
): Promise<DecodedRecord[]> {
  const kafka = new Kafka({ clientId: 'container-suite', brokers: [options.kafka], logLevel: logLevel.NOTHING });
  const registry = new SchemaRegistry({ host: options.registry });
  const decode = async (bytes: Buffer | null): Promise<unknown> => (bytes === null ? null : await registry.decode(bytes));
  const consumer = kafka.consumer({
    groupId: `container-suite-${options.topic}-${Math.random().toString(36).slice(2)}`,
    retry: { retries: 20 },
  });
  const records: DecodedRecord[] = [];
  await waitForTopic(kafka, options.topic, options.timeoutMs);
  await consumer.connect();
  try {
    await consumer.subscribe({ topic: options.topic, fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${options.topic}: ${records.length} records, not enough in time`)),
        options.timeoutMs,
      );
      const take = async ({ partition, message }: { partition: number; message: KafkaMessage }): Promise<void> => {
        records.push({ partition, key: await decode(message.key), value: await decode(message.value) });
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
