import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import { ConnectError } from '../../src/base/errors.ts';
import { Config } from '../../src/connect/config.ts';
import { ClientConfig } from '../../src/kafka/client-config.ts';
import { TopicAdmin } from '../../src/kafka/topic-admin.ts';
import { kafkaClient } from '../support/kafka-client.ts';
import { hurriedClock } from '../support/manual-clock.ts';
import { stack } from '../support/stack.ts';
import { uniqueName } from '../support/unique-name.ts';

const client = new ClientConfig(Config.of({ 'bootstrap.servers': stack.kafka }));

async function withAdmin(use: (admin: TopicAdmin) => Promise<void>, clock = systemClock): Promise<void> {
  const admin = new TopicAdmin(client, clock);
  try {
    await use(admin);
  } finally {
    await admin.close();
  }
}

function refused(code: string, kafkaError: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof ConnectError);
    assert.equal(error.code, code);
    assert.equal(error.details['kafkaError'], kafkaError);
    return true;
  };
}

suite('topic admin', () => {
  test('what it makes is what kafkajs sees, and it reads what it made', async () => {
    await withAdmin(async (admin) => {
      const [plain, kept] = [uniqueName('plain'), uniqueName('kept')];
      assert.equal(await admin.create({ name: plain, partitions: -1, replicationFactor: -1, settings: {} }), true);
      assert.equal(
        await admin.create({
          name: kept,
          partitions: 3,
          replicationFactor: 1,
          settings: { 'retention.ms': '123456', 'max.message.bytes': '5000' },
        }),
        true,
      );
      assert.equal(await admin.create({ name: kept, partitions: 1, replicationFactor: 1, settings: {} }), false);
      const settings = await admin.settings([plain, kept], 'max.message.bytes');
      assert.deepEqual([...settings.keys()].sort(), [plain, kept].sort());
      assert.equal(settings.get(kept), '5000');
      assert.match(settings.get(plain) ?? '', /^\d+$/);
      const peer = kafkaClient(stack.kafka).admin();
      await peer.connect();
      try {
        const { topics } = await peer.fetchTopicMetadata({ topics: [kept] });
        assert.deepEqual(await admin.describe(kept), {
          partitions: topics[0]?.partitions.length,
          replicationFactor: topics[0]?.partitions[0]?.replicas.length,
        });
        const { resources } = await peer.describeConfigs({
          includeSynonyms: false,
          resources: [{ type: 2, name: kept, configNames: ['retention.ms'] }],
        });
        assert.equal(resources[0]?.configEntries[0]?.configValue, '123456');
        assert.equal(await admin.brokerCount(), (await peer.describeCluster()).brokers.length);
        await peer.deleteTopics({ topics: [plain, kept] });
      } finally {
        await peer.disconnect();
      }
    });
  });

  test('a topic that could not be created is refused with the reason, and trying creates nothing', async () => {
    await withAdmin(async (admin) => {
      const name = uniqueName('tried');
      const topic = { name, partitions: 1, replicationFactor: 1, settings: {} };
      await admin.tryCreate(topic);
      assert.equal(await admin.describe(name), null);
      await assert.rejects(admin.tryCreate({ ...topic, replicationFactor: 99 }), refused('kafka.topic', 'INVALID_REPLICATION_FACTOR'));
      await assert.rejects(admin.create({ ...topic, settings: { 'retention.ms': 'soon' } }), refused('kafka.topic', 'INVALID_CONFIG'));
    });
  });

  test('settings of a topic that is not there are an error', async () => {
    await withAdmin(async (admin) => {
      await assert.rejects(admin.setting(uniqueName('none'), 'retention.ms'), refused('kafka.transient', 'UNKNOWN_TOPIC_OR_PARTITION'));
    }, hurriedClock());
  });

  test('a broker that has not heard of a topic yet is asked for its settings again; a topic is created once', async () => {
    const name = uniqueName('late');
    const other = new TopicAdmin(client, systemClock);
    const created: boolean[] = [];
    // Whoever waits here has been told that there is no such topic.
    const clock: Clock = {
      ...systemClock,
      sleep: async () => {
        for (let turn = 0; turn < 2; turn += 1)
          created.push(await other.create({ name, partitions: 1, replicationFactor: 1, settings: { 'cleanup.policy': 'compact' } }));
      },
    };
    const admin = new TopicAdmin(client, clock);
    try {
      assert.equal(await admin.setting(name, 'cleanup.policy'), 'compact');
      assert.deepEqual(created, [true, false]);
    } finally {
      await admin.close();
      await other.close();
    }
  });
});
