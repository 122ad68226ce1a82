import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { ConnectError } from '../../src/base/errors.ts';
import { Config } from '../../src/connect/config.ts';
import { ClientConfig } from '../../src/kafka/client-config.ts';
import { CompactedTopic } from '../../src/kafka/compacted-topic.ts';
import type { LogEntry } from '../../src/kafka/record-batch-bytes.ts';
import { TopicAdmin } from '../../src/kafka/topic-admin.ts';
import { hurriedClock } from '../support/manual-clock.ts';
import { stack } from '../support/stack.ts';
import { uniqueName } from '../support/unique-name.ts';

const entry = (key: string, value: string | null): LogEntry => ({
  key: Buffer.from(key),
  value: value === null ? null : Buffer.from(value),
});

const client = new ClientConfig(Config.of({ 'bootstrap.servers': stack.kafka }));

async function withTopic(
  topic: string,
  use: (topic: CompactedTopic, read: () => Promise<(readonly [string, string | null])[]>) => Promise<void>,
): Promise<void> {
  const log = new CompactedTopic({
    topic,
    setting: 'config.storage.topic',
    purpose: 'connector configurations',
    client,
    partitions: 3,
    replicationFactor: 1,
    clock: systemClock,
  });
  try {
    await use(log, async () => {
      const entries: (readonly [string, string | null])[] = [];
      await log.readToEnd((key, value) => entries.push([String(key), value === null ? null : String(value)]));
      return entries;
    });
  } finally {
    await log.close();
  }
}

suite('compacted topic', () => {
  test('is created compacted; what was appended is read, by this and by another worker, tombstones included', async () => {
    const topic = uniqueName('config');
    await withTopic(topic, async (log, read) => {
      await log.open();
      assert.deepEqual(await read(), []);
      await log.append([entry('a', '1')]);
      await log.append([entry('a', '2'), entry('a', null)]);
      assert.deepEqual(await read(), [
        ['a', '1'],
        ['a', '2'],
        ['a', null],
      ]);
      assert.deepEqual(await read(), []);
      await withTopic(topic, async (other, readOther) => {
        await other.open();
        assert.equal((await readOther()).length, 3);
        await other.append([entry('b', 'x')]);
      });
      assert.deepEqual(await read(), [['b', 'x']]);
    });
    const admin = new TopicAdmin(client, systemClock);
    try {
      assert.equal(await admin.setting(topic, 'cleanup.policy'), 'compact');
      assert.equal(await admin.setting(topic, 'segment.bytes'), '16777216');
      assert.deepEqual(await admin.describe(topic), { partitions: 3, replicationFactor: 1 });
    } finally {
      await admin.close();
    }
  });

  test('a topic that would lose entries is refused, with the setting that names it', async () => {
    const topic = uniqueName('config');
    const admin = new TopicAdmin(client, systemClock);
    await admin.create({ name: topic, partitions: 1, replicationFactor: 1, settings: { 'cleanup.policy': 'delete' } });
    await admin.close();
    await withTopic(topic, async (log) => {
      await assert.rejects(log.open(), (error) => {
        assert.ok(error instanceof ConnectError);
        assert.equal(error.code, 'kafka.topic');
        assert.match(
          error.message,
          new RegExp(`^Topic '${topic}' supplied via the 'config.storage.topic' property is required to have 'cleanup.policy=compact'`),
        );
        assert.match(error.message, /'cleanup\.policy=delete'/);
        return true;
      });
    });
  });

  test('followers get what others append, and stop when told', async () => {
    const topic = uniqueName('config');
    await withTopic(topic, async (log) => {
      await log.open();
      await log.append([entry('before', '1')]);
      const seen: string[] = [];
      const got = Promise.withResolvers<void>();
      const stop = new AbortController();
      const following = log.follow((key) => {
        seen.push(String(key));
        if (seen.length === 2) got.resolve();
      }, stop.signal);
      await withTopic(topic, async (other) => {
        await other.append([entry('after', '2')]);
      });
      await got.promise;
      stop.abort();
      await following;
      assert.deepEqual(seen.sort(), ['after', 'before']);
    });
  });

  test('no broker there: kafka.unreachable names the bootstrap servers, and closing is quick', async () => {
    const nowhere = new ClientConfig(Config.of({ 'bootstrap.servers': '127.0.0.1:1' }));
    const log = new CompactedTopic({
      topic: 't',
      setting: 's',
      purpose: 'p',
      client: nowhere,
      partitions: 1,
      replicationFactor: 1,
      clock: hurriedClock(),
    });
    const attempts = [
      () => log.open(),
      () => log.append([entry('k', 'v')]),
      () => log.readToEnd(() => undefined, AbortSignal.timeout(1_000)),
    ];
    for (const attempt of attempts) {
      await assert.rejects(
        attempt(),
        (error) =>
          error instanceof Error &&
          (error.name === 'TimeoutError' ||
            (error instanceof ConnectError && error.code === 'kafka.unreachable' && error.message.includes('127.0.0.1:1'))),
      );
    }
    await log.close();
  });

  test('the first creator wins, the second finds the topic there', async () => {
    const topic = { name: uniqueName('race'), partitions: 1, replicationFactor: 1, settings: {} };
    const admins = [new TopicAdmin(client, systemClock), new TopicAdmin(client, systemClock)];
    try {
      const created = await Promise.all(admins.map((admin) => admin.create(topic)));
      assert.deepEqual(new Set(created), new Set([false, true]));
      assert.match((await admins[0]?.clusterId()) ?? '', /^[\w-]{22}$/);
      assert.equal(await admins[0]?.describe(uniqueName('none')), null);
    } finally {
      await Promise.all(admins.map((admin) => admin.close()));
    }
  });
});
