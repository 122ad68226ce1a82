import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import { ConnectError } from '../../src/base/errors.ts';
import { Config } from '../../src/connect/config.ts';
import { ClientConfig } from '../../src/kafka/client-config.ts';
import { Cluster } from '../../src/kafka/cluster.ts';
import type { LogEntry } from '../../src/kafka/record-batch-bytes.ts';
import { TopicAdmin } from '../../src/kafka/topic-admin.ts';
import { TopicAppender } from '../../src/kafka/topic-appender.ts';
import { TopicReader } from '../../src/kafka/topic-reader.ts';
import { hurriedClock } from '../support/manual-clock.ts';
import { stack } from '../support/stack.ts';
import { uniqueName } from '../support/unique-name.ts';

const client = new ClientConfig(Config.of({ 'bootstrap.servers': stack.kafka }));

interface Stage {
  readonly appender: TopicAppender;
  readonly create: (settings?: Record<string, string>) => Promise<void>;
  /** Everything that is there now, by key. */
  readonly read: () => Promise<Map<string, (string | null)[]>>;
}

async function onTopic(use: (stage: Stage) => Promise<void>, clock: Clock = systemClock): Promise<void> {
  const cluster = new Cluster(client, systemClock);
  const name = uniqueName('appender');
  try {
    await use({
      appender: new TopicAppender(cluster, name, clock),
      create: async (settings = {}) => {
        await TopicAdmin.over(cluster, systemClock).create({ name, partitions: 5, replicationFactor: 1, settings });
      },
      read: async () => {
        const found = new Map<string, (string | null)[]>();
        await new TopicReader(cluster, name, systemClock).readToEnd(({ key, value }) => {
          const text = String(key);
          found.set(text, [...(found.get(text) ?? []), value === null ? null : String(value)]);
        });
        return found;
      },
    });
  } finally {
    await cluster.close();
  }
}

const entry = (key: string, value: string | null): LogEntry => ({
  key: Buffer.from(key),
  value: value === null ? null : Buffer.from(value),
});

suite('topic appender', () => {
  test('entries of each key come in order, over all partitions, also from calls that were not waited for', async () => {
    await onTopic(async ({ appender, create, read }) => {
      await create();
      const keys = Array.from({ length: 40 }, (_none, at) => `key ${at}`);
      // Together beyond what goes into one batch.
      const filler = 'x'.repeat(10_000);
      const rounds = [0, 1, 2].map((round) => appender.append(keys.map((key) => entry(key, `${round} ${filler}`))));
      await Promise.all([...rounds, appender.append(keys.map((key) => entry(key, null)))]);
      const found = await read();
      assert.deepEqual(new Set(found.keys()), new Set(keys));
      const expected = [`0 ${filler}`, `1 ${filler}`, `2 ${filler}`, null];
      for (const values of found.values()) assert.deepEqual(values, expected);
    });
  });

  test('a topic that is not there fails one call, and the next one finds it', async () => {
    // Nobody waits for the topic while it is not there, everybody does afterwards.
    let clock: Clock = hurriedClock();
    const turning: Clock = { ...systemClock, monotonic: () => clock.monotonic(), sleep: (ms, signal) => clock.sleep(ms, signal) };
    await onTopic(async ({ appender, create, read }) => {
      await assert.rejects(appender.append([entry('a', '1')]), (error) => {
        return error instanceof ConnectError && error.details['kafkaError'] === 'UNKNOWN_TOPIC_OR_PARTITION';
      });
      await create();
      clock = systemClock;
      await appender.append([entry('a', '2')]);
      assert.deepEqual([...(await read())], [['a', ['2']]]);
    }, turning);
  });

  test('an entry that the topic does not take is refused at once', async () => {
    await onTopic(async ({ appender, create }) => {
      await create({ 'max.message.bytes': '1000' });
      await assert.rejects(appender.append([entry('a', 'x'.repeat(2000))]), { code: 'kafka.record-too-large' });
      await appender.append([entry('a', 'x')]);
    });
  });
});
