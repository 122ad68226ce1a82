import { Kafka, logLevel } from 'kafkajs';

/**
 * A kafkajs client that waits for a busy machine: by itself it takes a connection for failed after a second, which a process
 * that is not given the CPU for as long misses, and gives up after five attempts.
 */
export function kafkaClient(servers: string): Kafka {
  return new Kafka({
    clientId: 'test',
    brokers: servers.split(','),
    logLevel: logLevel.NOTHING,
    connectionTimeout: 30_000,
    requestTimeout: 60_000,
    retry: { retries: 30, initialRetryTime: 100, maxRetryTime: 2000 },
  });
}
