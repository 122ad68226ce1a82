import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConnectError } from '../../../src/base/errors.ts';
import { Config } from '../../../src/connect/config.ts';
import { newTopicOf } from '../../../src/sinks/kafka/topic-creation.ts';

test("without keys the broker's defaults hold", () => {
  assert.deepEqual(newTopicOf('a', Config.of({})), { name: 'a', partitions: -1, replicationFactor: -1, settings: {} });
});

test('the first group that matches the whole name wins; default fills in what it leaves out; the rest are topic settings', () => {
  const config = Config.of({
    'topic.creation.groups': 'logs,wide',
    'topic.creation.default.partitions': '2',
    'topic.creation.default.replication.factor': '3',
    'topic.creation.default.cleanup.policy': 'compact',
    'topic.creation.logs.include': 'log\\..*, audit',
    'topic.creation.logs.exclude': 'log\\.skip',
    'topic.creation.logs.retention.ms': '1000',
    'topic.creation.wide.include': '.*e',
    'topic.creation.wide.partitions': '9',
  });
  assert.deepEqual(newTopicOf('log.a', config), {
    name: 'log.a',
    partitions: 2,
    replicationFactor: 3,
    settings: { 'retention.ms': '1000' },
  });
  assert.deepEqual(newTopicOf('audit', config).settings, { 'retention.ms': '1000' });
  assert.deepEqual(newTopicOf('audits', config).settings, { 'cleanup.policy': 'compact' });
  assert.deepEqual(newTopicOf('log.skip', config).settings, { 'cleanup.policy': 'compact' });
  assert.deepEqual(newTopicOf('whole', config), { name: 'whole', partitions: 9, replicationFactor: 3, settings: {} });
});

test('an invalid pattern is a config error that names the group', () => {
  const config = Config.of({ 'topic.creation.groups': 'bad', 'topic.creation.bad.include': '(' });
  assert.throws(
    () => newTopicOf('a', config),
    (error) => error instanceof ConnectError && error.code === 'config.invalid' && error.message.includes('bad'),
  );
});
