import type { Clock } from '../base/clock.ts';
import { ConnectError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { ClientConfig } from '../kafka/client-config.ts';
import { Cluster } from '../kafka/cluster.ts';
import { TopicReader } from '../kafka/topic-reader.ts';
import { Config } from './config.ts';
import type { FollowTopic, TopicFollow } from './plugin.ts';

const retryMs = 1_000;
const offsetOutOfRange = 1;

/** `worker`: client settings that a request's own lie over. */
export function topicFollower(worker: Config, clock: Clock, log: Logger): FollowTopic {
  return async (request) => {
    const { signal, topic } = request;
    let complained = '';
    let from = request.from;
    const onRecord: TopicFollow['onRecord'] = (record) => {
      from = record.offset + 1n;
      request.onRecord(record);
    };
    // A topic that is made later is read from its beginning.
    let absent = false;
    while (!signal.aborted) {
      const config = new ClientConfig(new Config(new Map([...worker.entries(), ...request.client.entries()])));
      const cluster = new Cluster(config, clock);
      const closing = (): void => void cluster.close();
      signal.addEventListener('abort', closing, { once: true });
      try {
        await cluster.connect();
        await follow(cluster, clock, {
          ...request,
          onRecord,
          from: from ?? (absent ? 0n : null),
          onStart: (offset) => {
            from ??= offset;
            request.onStart(offset);
          },
        });
      } catch (error) {
        if (signal.aborted) return;
        const code = error instanceof ConnectError ? error.details['kafkaCode'] : undefined;
        if (code === offsetOutOfRange) from = 0n;
        if (error instanceof ConnectError && error.code === 'kafka.topic') absent = true;
        const reason = (error as Error).message;
        if (reason !== complained) log.warn({ err: error, topic }, 'the topic cannot be followed at the moment; it is tried again');
        complained = reason;
      } finally {
        signal.removeEventListener('abort', closing);
        await cluster.close();
      }
      await clock.sleep(retryMs, signal).catch(() => {});
    }
  };
}

async function follow(cluster: Cluster, clock: Clock, { topic, from, onStart, onRecord, signal }: TopicFollow): Promise<void> {
  const reader = new TopicReader(cluster, topic, clock);
  onStart(await reader.begin(0, from));
  const first = (record: {
    readonly partition: number;
    readonly offset: bigint;
    readonly key: Buffer | null;
    readonly value: Buffer | null;
  }): void => {
    if (record.partition === 0) onRecord(record);
  };
  await reader.readToEnd(first, signal);
  await reader.follow(first, signal);
}
