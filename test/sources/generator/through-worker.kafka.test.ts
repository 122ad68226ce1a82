import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CommittedReader } from '../../support/committed-reader.ts';
import { uniqueName } from '../../support/unique-name.ts';
import { WorkerStage } from '../../support/worker-stage.ts';
import { runScenario } from './scenario-run.ts';

const onePartition = { 'topic.creation.default.partitions': '1', 'topic.creation.default.replication.factor': '1' };

const schema = JSON.stringify({
  type: 'record',
  name: 'reading',
  namespace: 'test',
  fields: [
    { name: 'id', type: { type: 'int', 'arg.properties': { iteration: { start: 0 } } } },
    { name: 'level', type: { type: 'int', 'arg.properties': { range: { min: 0, max: 9 }, 'malformed-rate': 0.1 } } },
  ],
});

test('malformed values are dead letters, and pausing and resuming neither lose nor repeat a record', { timeout: 400_000 }, async () => {
  const name = uniqueName('malformed');
  const count = 1500;
  await using stage = await WorkerStage.open();
  await stage.create(name, {
    'connector.class': 'DatagenSource',
    'schema.string': schema,
    'schema.keyfield': 'id',
    'kafka.topic': name,
    'random.seed': '5',
    iterations: String(count),
    'rows.per.second': '400',
    'burst.rows': '20',
    jitter: '0.5',
    'errors.tolerance': 'all',
    'errors.deadletterqueue.topic.name': `${name}-dead`,
    'errors.deadletterqueue.context.headers.enable': 'true',
    ...onePartition,
  });
  await using good = await CommittedReader.open([name]);
  await using dead = await CommittedReader.open([`${name}-dead`], 120_000, false);
  for (const least of [50, 300]) {
    await good.until(
      (records) => records.length >= least,
      () => `${good.records.length} records`,
    );
    await stage.verb(name, 'pause');
    await stage.until(name, ({ connector, tasks }) => connector.state === 'PAUSED' && tasks.every((task) => task.state === 'PAUSED'));
    await good.toEnd();
    const { length } = good.records;
    await good.toEnd();
    assert.equal(good.records.length, length, 'nothing comes while it is paused');
    await stage.verb(name, 'resume');
  }
  await good.until(
    (records) => records.length + dead.records.length >= count,
    () => `${good.records.length} and ${dead.records.length} of ${count} records`,
  );
  await Promise.all([good.toEnd(), dead.toEnd()]);
  const ids = good.records.map(({ value }) => (value as { id: number }).id);
  const lost = dead.records.map(({ rawValue }) => {
    const letter = JSON.parse(String(rawValue)) as { position: string; error: string };
    assert.doesNotMatch(letter.error, /malformed-/, 'values stand in no error');
    return Number(/^iteration (\d+)$/.exec(letter.position)?.[1]);
  });
  assert.ok(lost.length > count / 20 && lost.length < count / 5, `${lost.length} dead letters`);
  assert.deepEqual(
    [...ids, ...lost].sort((left, right) => left - right),
    Array.from({ length: count }, (_, at) => at),
  );
  assert.deepEqual(
    ids,
    ids.toSorted((left, right) => left - right),
  );
  assert.match(dead.records[0]!.headers['__connect.errors.exception.message']!, /level/);
  const status = await stage.status(name);
  assert.deepEqual([status.connector.state, status.tasks[0]?.state], ['RUNNING', 'RUNNING'], 'iterations end cleanly');
});

test(
  'a scenario in topics: rows under their keys, a header that says what happened, tombstones for deleted rows',
  { timeout: 400_000 },
  async () => {
    const name = uniqueName('scenario');
    const config = {
      scenario: 'shop',
      'random.seed': '21',
      iterations: '3000',
      'scenario.start': '2026-01-01T00:00:00Z',
      'max.interval': '0',
    };
    const expected = await runScenario({ ...config, 'kafka.topic': name });
    await using stage = await WorkerStage.open();
    await stage.create(name, { 'connector.class': 'millrace.SampleData', 'kafka.topic': name, ...config, ...onePartition });
    const topics = ['customers', 'products', 'orders', 'payments'].map((table) => `${name}.${table}`);
    await using reader = await CommittedReader.open(topics);
    await reader.until(
      (records) => records.length >= 3000,
      () => `${reader.records.length} records`,
    );
    await reader.toEnd();
    for (const topic of topics) {
      const found = reader.records
        .filter((record) => record.topic === topic)
        .map(({ key, value, headers }) => [
          String((key as { id: bigint }).id),
          headers['op'] ?? '',
          (value as { status?: string } | null)?.status ?? null,
        ]);
      const wanted = expected.records
        .filter((record) => record.topic === topic)
        .map(({ op, before, after }) => [(after ?? before)!['id'], op, after?.['status'] ?? null]);
      assert.deepEqual(found, wanted, topic);
    }
  },
);
