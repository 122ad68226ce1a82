import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CommittedReader } from '../../support/committed-reader.ts';
import { uniqueName } from '../../support/unique-name.ts';
import { WorkerProcess } from '../../support/worker-process.ts';
import { generate } from './generator-run.ts';

test('killed inside a commit and started again, a worker delivers every record exactly once', { timeout: 400_000 }, async () => {
  const name = uniqueName('sample');
  const config = { quickstart: 'orders', 'random.seed': '11' };
  await using worker = await WorkerProcess.prepare([
    {
      name,
      config: {
        'connector.class': 'io.confluent.kafka.connect.datagen.DatagenConnector',
        'kafka.topic': name,
        // Without an end: however many records a slow machine puts into one commit, there is a fifth.
        'rows.per.second': '1500',
        'topic.creation.default.partitions': '1',
        'topic.creation.default.replication.factor': '1',
        ...config,
      },
    },
  ]);
  worker.launch({ MILLRACE_FAILPOINT: 'inside-commit:5' });
  assert.equal(await worker.ended(), 'SIGKILL', await worker.log());
  await worker.start();
  await using reader = await CommittedReader.open([name]);
  const generations = (): Set<unknown> => new Set(reader.records.map(({ headers }) => headers['task.generation']));
  await reader.until(
    (records) => records.length >= 3000 && generations().size === 2,
    () => `${reader.records.length} records of ${generations().size} lives`,
  );
  assert.equal(await worker.kill('SIGTERM'), 0, await worker.log());
  await reader.toEnd();
  const expected = await generate(config, reader.records.length);
  const rows = reader.records.map(({ key, value }) => {
    const { orderid, itemid, address } = value as { orderid: number; itemid: string; address: { zipcode: bigint } };
    return [Number(key), orderid, itemid, String(address.zipcode)];
  });
  assert.deepEqual(
    rows,
    expected.rows.map((row) => [Number(row[1]), Number(row[1]), row[2], row[6]]),
  );
  assert.equal(reader.records[0]?.headers['current.iteration'], '0');
});
