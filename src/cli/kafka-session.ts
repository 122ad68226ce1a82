import { Kafka, logLevel } from 'kafkajs';
import type { Admin } from 'kafkajs';
import { ConnectError } from '../base/errors.ts';
import type { Surroundings } from './surroundings.ts';

export function kafkaClient(surroundings: Surroundings): Kafka {
  return new Kafka({
    clientId: 'millrace-cli',
    brokers: surroundings.kafka.split(','),
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 100, retries: 5 },
  });
}

/** Runs `work` with something that connects, and disconnects whatever happens. */
export async function connected<Client extends { connect(): Promise<void>; disconnect(): Promise<void> }, Answer>(
  surroundings: Surroundings,
  client: Client,
  work: (client: Client) => Promise<Answer>,
): Promise<Answer> {
  try {
    await client.connect();
  } catch (error) {
    await client.disconnect().catch(() => {});
    throw new ConnectError('kafka.unreachable', `Kafka does not answer at ${surroundings.kafka}.`, {
      remedy: 'Start the demo (bin/millrace demo) in another terminal, or set KAFKA_BOOTSTRAP_SERVERS to the address of yours.',
      cause: error,
    });
  }
  try {
    return await work(client);
  } finally {
    await client.disconnect();
  }
}

export async function asAdmin<Answer>(surroundings: Surroundings, work: (admin: Admin) => Promise<Answer>): Promise<Answer> {
  return connected(surroundings, kafkaClient(surroundings).admin(), work);
}

/** The names among `topics` that are missing are an error: no command creates a topic by the way. */
export async function requireTopics(admin: Admin, topics: readonly string[]): Promise<void> {
  const present = new Set(await admin.listTopics());
  const missing = topics.filter((topic) => !present.has(topic));
  if (missing.length === 0) return;
  throw new ConnectError('kafka.topic', `There is no topic ${missing.join(', ')}.`, {
    remedy: 'See `bin/millrace topic list`, or create it with `bin/millrace topic create`.',
  });
}
