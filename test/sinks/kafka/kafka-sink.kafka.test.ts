import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { ConnectError } from '../../../src/base/errors.ts';
import type { ErrorCode } from '../../../src/base/errors.ts';
import { Config } from '../../../src/connect/config.ts';
import type { SourceOffset } from '../../../src/record/offset.ts';
import { RecordBatch } from '../../../src/record/record-batch.ts';
import { stack } from '../../support/stack.ts';
import { uniqueName } from '../../support/unique-name.ts';
import { fillBatch, offsetOf, readCommitted, signal, SinkStage } from './sink-stage.ts';

const bootstrap = stack.kafka;

function failsWith(code: ErrorCode, pattern = /./) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof ConnectError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, pattern);
    return true;
  };
}

suite('exactly once', () => {
  test('records and offset of every commit are there, once and in order, and the next incarnation goes on from the offset', async () => {
    await using stage = new SinkStage(bootstrap);
    const { sink, offsets } = await stage.openSink();
    assert.deepEqual(offsets, []);
    await sink.commit(stage.batch(['a', 'b'], 1));
    await sink.commit(stage.batch(['c'], 2));
    await sink.commit(stage.batch([], 3));
    await sink.close();
    assert.deepEqual(await stage.values(), ['a', 'b', 'c']);
    const next = await stage.openSink();
    assert.deepEqual(next.offsets, [{ partition: { server: 'stage' }, offset: { position: 3 } }]);
    await next.sink.commit(stage.batch(['d'], 4));
    assert.deepEqual(await stage.values(), ['a', 'b', 'c', 'd']);
  });

  for (const commits of [1, 2, 3]) {
    test(`opening fences the incarnation before, which made ${commits}: its next commit fails with kafka.fenced and leaves nothing`, async () => {
      await using stage = new SinkStage(bootstrap);
      const old = await stage.openSink();
      const values = Array.from({ length: commits }, (_none, index) => `value ${index}`);
      for (const [index, value] of values.entries()) await old.sink.commit(stage.batch([value], index + 1));
      const next = await stage.openSink();
      assert.equal(offsetOf(next.offsets), commits);
      await assert.rejects(old.sink.commit(stage.batch(['zombie'], commits + 1)), failsWith('kafka.fenced', new RegExp(stage.connector)));
      await next.sink.commit(stage.batch(['last'], commits + 1));
      assert.deepEqual(await stage.values(), [...values, 'last']);
    });
  }

  for (const taken of ['b', 'c']) {
    test(`a task that started at the same moment and lost takes producer ${taken} of the winner, who is opened again and goes on`, async () => {
      await using stage = new SinkStage(bootstrap);
      const { sink } = await stage.openSink();
      // As the loser does, whose own first id is the winner's by then.
      await stage.sink({}, { transactionalId: `${stage.connector}-${taken}` }).open(signal);
      const values = ['one', 'two', 'three', 'four'];
      const commit = (index: number): Promise<void> => sink.commit(stage.batch([values[index] ?? ''], index + 1));
      let next = 0;
      for (; next < 'abc'.indexOf(taken); next += 1) await commit(next);
      await assert.rejects(commit(next), failsWith('kafka.transient', /started together/));
      assert.equal(offsetOf(await sink.open(signal)), next);
      for (; next < values.length; next += 1) await commit(next);
      assert.deepEqual(await stage.values(), values);
    });
  }

  test('a fenced sink that is not opened again stays unusable', async () => {
    await using stage = new SinkStage(bootstrap);
    const old = await stage.openSink();
    await stage.openSink();
    await assert.rejects(old.sink.commit(stage.batch(['zombie'], 1)), failsWith('kafka.fenced'));
    await assert.rejects(old.sink.commit(stage.batch(['zombie'], 1)), failsWith('kafka.transient', /opened/));
    assert.deepEqual(await stage.values(), []);
  });

  test('an offset of another connector in the same topic is neither read nor touched', async () => {
    await using stage = new SinkStage(bootstrap);
    await using other = new SinkStage(bootstrap);
    const mine = await stage.openSink();
    const theirs = await other.openSink({}, { offsets: { kind: 'kafka', topic: stage.offsetsTopic } });
    await mine.sink.commit(stage.batch(['a'], 1));
    await theirs.sink.commit(other.batch(['x'], 7));
    assert.equal(offsetOf((await stage.openSink()).offsets), 1);
    assert.equal(offsetOf((await other.openSink({}, { offsets: { kind: 'kafka', topic: stage.offsetsTopic } })).offsets), 7);
  });

  test('of many commits the last one is read, in whatever order the members of its partition come', async () => {
    await using stage = new SinkStage(bootstrap);
    const spellings = [
      { server: 'a', shard: 1 },
      { shard: 1, server: 'a' },
    ];
    for (let commit = 0; commit < 6; commit += 1) {
      const { sink } = await stage.openSink();
      const batch = stage.batch([], commit);
      batch.seal([{ partition: spellings[commit % 2] ?? {}, offset: { position: commit } }]);
      await sink.commit(batch);
      await sink.close();
    }
    assert.deepEqual(
      (await stage.sink().open(signal)).map(({ offset }) => offset),
      [{ position: 5 }],
    );
  });

  test('an offset is written back under the key bytes it was found with, and a null offset forgets its partition', async () => {
    await using stage = new SinkStage(bootstrap);
    const { sink } = await stage.openSink();
    const batch = new RecordBatch();
    batch.seal([
      { partition: { server: 's', database: 'd' }, offset: { lsn: 2n ** 63n - 1n } },
      { partition: { server: 'gone' }, offset: { lsn: 1 } },
    ]);
    await sink.commit(batch);
    await sink.open(signal);
    const reordered: SourceOffset[] = [{ partition: { database: 'd', server: 's' }, offset: { lsn: 5 } }];
    batch.seal([...reordered, { partition: { server: 'gone' }, offset: null }]);
    await sink.commit(batch);
    assert.deepEqual(await sink.open(signal), [{ partition: { server: 's', database: 'd' }, offset: { lsn: 5 } }]);
    const keys = new Set((await readCommitted(bootstrap, stage.offsetsTopic)).map(({ key }) => String(key)));
    assert.deepEqual([...keys].sort(), [
      `["${stage.connector}",{"server":"gone"}]`,
      `["${stage.connector}",{"server":"s","database":"d"}]`,
    ]);
  });

  test('records go to the partition of their key, records of a key stay in order, over many commits', async () => {
    await using stage = new SinkStage(bootstrap);
    const creation = Config.of({ 'topic.creation.default.partitions': '7', 'topic.creation.default.replication.factor': '1' });
    const { sink } = await stage.openSink({}, { topicCreation: creation });
    const batch = new RecordBatch();
    for (let commit = 0; commit < 8; commit += 1) {
      const records = Array.from({ length: 500 }, (_, index) => ({
        topic: stage.topic,
        key: `key ${index % 41}`,
        value: String(commit * 500 + index),
      }));
      fillBatch(batch, records, commit);
      await sink.commit(batch);
    }
    const read = await readCommitted(bootstrap, stage.topic);
    assert.equal(read.length, 4_000);
    const partitionOf = new Map<string, number>();
    const last = new Map<string, number>();
    for (const { partition, key, value } of read) {
      assert.equal(partitionOf.get(String(key)) ?? partition, partition);
      assert.ok((last.get(String(key)) ?? -1) < Number(value));
      partitionOf.set(String(key), partition);
      last.set(String(key), Number(value));
    }
    assert.equal(last.size, 41);
    assert.ok(new Set(partitionOf.values()).size > 3);
  });

  test('closing during a commit is a failure to be compared, not a fault of the program', async () => {
    await using stage = new SinkStage(bootstrap);
    const { sink } = await stage.openSink();
    const committing = sink.commit(stage.batch(['a'], 1));
    const [outcome] = await Promise.allSettled([committing, sink.close()]);
    assert.equal(outcome.status, 'rejected');
    failsWith('kafka.transient', /closed/)(outcome.reason);
    assert.equal(offsetOf((await stage.openSink()).offsets), null);
  });

  test('what was committed is in the metrics', async () => {
    await using stage = new SinkStage(bootstrap);
    const { sink } = await stage.openSink();
    await sink.commit(stage.batch(['a', 'b', 'c'], 1));
    const text = await stage.metrics.text();
    assert.match(text, new RegExp(`millrace_sink_records_total\\{connector="${stage.connector}"\\} 3`));
    assert.match(text, new RegExp(`millrace_sink_commit_ms_count\\{connector="${stage.connector}"\\} 1`));
  });
});

suite('size limits', () => {
  test('a record larger than the topic takes: the error names topic, size and setting; nothing of the batch is visible', async () => {
    await using stage = new SinkStage(bootstrap);
    const creation = Config.of({ 'topic.creation.default.max.message.bytes': '20000' });
    const { sink } = await stage.openSink({}, { topicCreation: creation });
    const batch = stage.batch(['before', 'x'.repeat(30_000)], 1);
    await assert.rejects(sink.commit(batch), (error) => {
      failsWith('kafka.record-too-large', /max\.message\.bytes/)(error);
      assert.ok(error instanceof ConnectError);
      assert.equal(error.details['topic'], stage.topic);
      assert.ok(Number(error.details['bytes']) > 30_000);
      assert.match(error.remedy ?? '', /max\.message\.bytes/);
      return true;
    });
    assert.equal(offsetOf(await sink.open(signal)), null);
    await sink.commit(stage.batch(['after'], 2));
    assert.deepEqual(await stage.values(), ['after']);
  });

  test('many records that only together are too large go in smaller batches', async () => {
    await using stage = new SinkStage(bootstrap);
    const creation = Config.of({ 'topic.creation.default.partitions': '1', 'topic.creation.default.max.message.bytes': '20000' });
    const { sink } = await stage.openSink({}, { topicCreation: creation });
    const values = Array.from({ length: 200 }, (_, index) => `${index} ${'x'.repeat(900)}`);
    await sink.commit(stage.batch(values, 1));
    assert.deepEqual(await stage.values(), values);
  });

  test('max.request.size is kept', async () => {
    await using stage = new SinkStage(bootstrap);
    const { sink } = await stage.openSink({ 'max.request.size': '5000' });
    await assert.rejects(sink.commit(stage.batch(['x'.repeat(6_000)], 1)), failsWith('kafka.record-too-large', /max\.request\.size/));
  });

  test('more than one request per leader in flight keeps order and sequences', async () => {
    await using stage = new SinkStage(bootstrap);
    const { sink } = await stage.openSink({ 'max.request.size': '3000' });
    const values = Array.from({ length: 300 }, (_, index) => `${index} ${'x'.repeat(450)}`);
    await sink.commit(stage.batch(values, 1));
    await sink.commit(stage.batch(values, 2));
    assert.deepEqual(await stage.values(), [...values, ...values]);
  });
});

suite('at least once', () => {
  test('without a transactional id records and offset are written, the offset last', async () => {
    await using stage = new SinkStage(bootstrap);
    const { sink } = await stage.openSink({}, { transactionalId: null });
    await sink.commit(stage.batch(['a'], 1));
    await sink.commit(stage.batch(['b'], 2));
    assert.deepEqual(await stage.values(), ['a', 'b']);
    assert.equal(offsetOf(await sink.open(signal)), 2);
  });

  test('records that are refused leave the offset where it was', async () => {
    await using stage = new SinkStage(bootstrap);
    const creation = Config.of({ 'topic.creation.default.partitions': '1', 'topic.creation.default.max.message.bytes': '20000' });
    const { sink } = await stage.openSink({}, { transactionalId: null, topicCreation: creation });
    await sink.commit(stage.batch(['a'], 1));
    await assert.rejects(sink.commit(stage.batch(['x'.repeat(30_000)], 2)), failsWith('kafka.record-too-large'));
    assert.equal(offsetOf(await sink.open(signal)), 1);
  });

  test('offsets in a store of their own', async () => {
    await using stage = new SinkStage(bootstrap);
    const stored: SourceOffset[] = [];
    const store = {
      read: () => Promise.resolve(stored),
      write: (_connector: string, offsets: readonly SourceOffset[]) => {
        stored.splice(0, stored.length, ...offsets);
        return Promise.resolve();
      },
    };
    const { sink } = await stage.openSink({}, { transactionalId: null, offsets: { kind: 'store', store } });
    await sink.commit(stage.batch(['a'], 1));
    assert.deepEqual(await stage.values(), ['a']);
    assert.equal(offsetOf(await sink.open(signal)), 1);
  });
});

suite('topics and refusals', () => {
  test('a topic is created with the settings of the first group that matches', async () => {
    await using stage = new SinkStage(bootstrap);
    const creation = Config.of({
      'topic.creation.groups': 'other, mine',
      'topic.creation.default.partitions': '1',
      'topic.creation.default.replication.factor': '1',
      'topic.creation.other.include': '.*',
      'topic.creation.other.exclude': 'topic_.*',
      'topic.creation.mine.include': 'topic_.*',
      'topic.creation.mine.partitions': '3',
      'topic.creation.mine.retention.ms': '123456',
    });
    await stage.openSink({}, { topicCreation: creation });
    const { TopicAdmin } = await import('../../../src/kafka/topic-admin.ts');
    const { ClientConfig } = await import('../../../src/kafka/client-config.ts');
    const { systemClock } = await import('../../../src/base/clock.ts');
    const admin = new TopicAdmin(new ClientConfig(Config.of({ 'bootstrap.servers': bootstrap })), systemClock);
    try {
      assert.deepEqual(await admin.describe(stage.topic), { partitions: 3, replicationFactor: 1 });
      assert.equal(await admin.setting(stage.topic, 'retention.ms'), '123456');
      assert.equal(await admin.setting(stage.offsetsTopic, 'cleanup.policy'), 'compact');
      assert.equal(await admin.setting(stage.offsetsTopic, 'segment.bytes'), '16777216');
    } finally {
      await admin.close();
    }
  });

  test('a setting that the broker refuses is a kafka.topic error', async () => {
    await using stage = new SinkStage(bootstrap);
    const creation = Config.of({ 'topic.creation.default.retention.ms': 'soon' });
    await assert.rejects(stage.openSink({}, { topicCreation: creation }), failsWith('kafka.topic', new RegExp(stage.topic)));
  });

  test('no broker there: kafka.unreachable names the bootstrap servers', async () => {
    await using stage = new SinkStage('127.0.0.1:1');
    await assert.rejects(stage.sink().open(signal), failsWith('kafka.unreachable', /127\.0\.0\.1:1/));
  });

  test('a transaction time-out beyond what brokers allow is refused when opening', async () => {
    await using stage = new SinkStage(bootstrap);
    await assert.rejects(
      stage.sink({ 'transaction.timeout.ms': '999999999' }).open(signal),
      failsWith('config.invalid', /transaction\.timeout\.ms/),
    );
  });

  test('unknown compression and partitioner are config errors', () => {
    const stage = new SinkStage(bootstrap);
    assert.throws(() => stage.sink({ 'compression.type': 'brotli' }), failsWith('config.invalid', /compression\.type/));
    assert.throws(() => stage.sink({ 'millrace.partitioner': uniqueName('x') }), failsWith('config.invalid', /millrace\.partitioner/));
  });
});
