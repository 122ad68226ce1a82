import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import { Config } from '../../src/connect/config.ts';
import { ClientConfig } from '../../src/kafka/client-config.ts';
import { TopicAdmin } from '../../src/kafka/topic-admin.ts';
import { stack } from '../support/stack.ts';
import { uniqueName } from '../support/unique-name.ts';

const client = new ClientConfig(Config.of({ 'bootstrap.servers': stack.kafka }));

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
