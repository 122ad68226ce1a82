import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecordBatch } from '../../../src/record/record-batch.ts';
import { createStdoutSink } from '../../../src/sinks/stdout/stdout-sink.ts';

test('records become JSON lines, offsets are remembered by partition', async () => {
  let printed = '';
  const sink = createStdoutSink({
    encoding: 'utf8',
    write: (lines) => {
      printed += lines;
      return Promise.resolve();
    },
  });
  const batch = new RecordBatch();
  const topic = batch.topicIndex('orders');
  batch.out.ascii('k1{"a":1}');
  batch.append(topic, 0, 2, 0, 0, 2, 9, 1_700_000_000_000);
  batch.append(topic, -1, -1, 0, 0, -1, -1, 5);
  batch.seal([{ partition: { a: 1, b: 'x' }, offset: { lsn: 1 } }]);
  await sink.commit(batch);
  assert.deepEqual(
    printed
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
    [
      { topic: 'orders', timestamp: 1_700_000_000_000, key: 'k1', value: '{"a":1}' },
      { topic: 'orders', timestamp: 5, key: null, value: null },
    ],
  );
  batch.reset();
  batch.seal([{ partition: { b: 'x', a: 1 }, offset: { lsn: 2 } }]);
  await sink.commit(batch);
  assert.deepEqual(await sink.open(new AbortController().signal), [{ partition: { b: 'x', a: 1 }, offset: { lsn: 2 } }]);
});
