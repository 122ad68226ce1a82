import type { KafkaMessage } from 'kafkajs';
import { kafka } from './kafka.ts';

/** Hands over `count` messages, from where the group stands, and leaves the group. A failure ends the program. */
export async function readMessages(
  topic: string,
  groupId: string,
  count: number,
  onMessage: (message: KafkaMessage, place: string) => Promise<void>,
): Promise<void> {
  const consumer = kafka.consumer({ groupId, heartbeatInterval: 500, maxWaitTimeInMs: 200 });
  const enough = Promise.withResolvers<void>();
  let seen = 0;
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    eachBatchAutoResolve: false,
    eachBatch: async (payload) => {
      for (const message of payload.batch.messages) {
        if (seen === count) return;
        try {
          await onMessage(message, `partition ${payload.batch.partition}, offset ${message.offset}`);
        } catch (error) {
          enough.reject(error);
          return;
        }
        // Everything up to here is done: the group goes on behind it.
        payload.resolveOffset(message.offset);
        seen += 1;
        if (seen === count) enough.resolve();
      }
    },
  });
  try {
    await enough.promise;
  } catch (error) {
    console.error(String(error));
    process.exitCode = 1;
    await consumer.disconnect();
    process.exit();
  }
  await consumer.disconnect();
}
