import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';

import { CommittedReader } from '../support/committed-reader.ts';
import { createDatabase } from '../support/database.ts';
import { kafkaClient } from '../support/kafka-client.ts';
import { stack } from '../support/stack.ts';
import { uniqueName } from '../support/unique-name.ts';
import { json, plainJson, postgresConfig, WorkerStage } from '../support/worker-stage.ts';

const execute = { type: 'execute-snapshot', data: { type: 'incremental', 'data-collections': ['public.orders'] } };

/** Again and again, with a bound. */
async function until(work: () => Promise<unknown>): Promise<void> {
  for (const end = performance.now() + 60_000; ;) {
    try {
      await work();
      return;
    } catch (error) {
      if (performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

test('signals by REST, Kafka topic and file start snapshots; each is obeyed once, also over a restart', async () => {
  await using db = await createDatabase();
  await db.query("CREATE TABLE orders (id int PRIMARY KEY, item text); INSERT INTO orders SELECT n, 'old' FROM generate_series(1, 5) n");
  await using stage = await WorkerStage.open();
  const name = uniqueName('signals');
  const [topic, noteTopic] = [`${name}-signal`, `${name}-notes`];
  const file = join(stage.worker.folder, 'signals.txt');
  const kafka = kafkaClient(stack.kafka);
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: 1 }] });
  await admin.disconnect();
  const producer = kafka.producer();
  await producer.connect();
  const sendSignal = (key: string, value: string) => producer.send({ topic, messages: [{ key, value }] });
  await sendSignal(name, JSON.stringify({ ...execute, id: 'before the connector' }));
  await stage.create(name, {
    ...postgresConfig(db, name),
    ...plainJson,
    'snapshot.mode': 'no_data',
    'signal.enabled.channels': 'source,kafka,file',
    'signal.file': file,
    'signal.poll.interval.ms': '100',
    'notification.enabled.channels': 'sink,log',
    'notification.sink.topic.name': noteTopic,
  });
  const post = (signal: object): Promise<unknown> => stage.worker.rest(`/connectors/${name}/signals`, json('POST', signal));
  await until(() => post({ ...execute, id: 'rest' }));
  await assert.rejects(post({ type: 'execute-snapshot', data: {} }), /400/);
  await assert.rejects(post({ data: {} }), /400/);
  const elsewhere = (connector: string) => stage.worker.rest(`/connectors/${connector}/signals`, json('POST', execute));
  await assert.rejects(elsewhere(stage.name), /400.*takes no signals/s);
  await assert.rejects(elsewhere('nobody'), /404/);
  await using reader = await CommittedReader.open([noteTopic], 120_000, false);
  const completed = (): string[] =>
    reader.records
      .map(({ rawValue }) => JSON.parse(rawValue?.toString() ?? '{}') as { id?: string; type?: string; additional_data?: unknown })
      .filter(({ type }) => type === 'COMPLETED')
      .map(({ id }) => id ?? '');
  const obeyed = (id: string): Promise<void> =>
    reader.until(
      () => completed().includes(id),
      () => `${id} of ${completed().join()}`,
    );
  await obeyed('rest');
  await sendSignal('somebody else', JSON.stringify({ ...execute, id: 'other key' }));
  await sendSignal(name, 'not json');
  await sendSignal(name, JSON.stringify({ ...execute, id: 'topic' }));
  await obeyed('topic');
  writeFileSync(file, `nonsense\n${JSON.stringify({ ...execute, id: 'file' })}\n`);
  await obeyed('file');
  await until(async () => assert.equal(await readFile(file, 'utf8'), ''));
  await post({ id: 'blocking', type: 'execute-snapshot', data: { type: 'blocking', 'data-collections': ['public.orders'] } });
  await obeyed('blocking');
  await stage.verb(name, 'stop');
  await sendSignal(name, JSON.stringify({ ...execute, id: 'while stopped' }));
  await stage.verb(name, 'resume');
  await obeyed('while stopped');
  await producer.disconnect();
  await stage.verb(name, 'stop');
  await reader.toEnd();
  assert.deepEqual(completed(), ['rest', 'topic', 'file', 'blocking', 'while stopped']);
  await using rows = await CommittedReader.open([`${name}.public.orders`], 120_000, false);
  await rows.toEnd();
  const read = rows.records.map(
    ({ rawValue }) => JSON.parse(rawValue?.toString() ?? '{}') as { op: string; source: { snapshot: string; lsn: unknown } },
  );
  assert.equal(read.length, 25);
  const markers = read.map(({ op, source }) => `${op} ${source.snapshot}`);
  const blocking = ['r first', 'r true', 'r true', 'r true', 'r last'];
  assert.deepEqual(markers.slice(15, 20), blocking);
  assert.deepEqual(
    [...markers.slice(0, 15), ...markers.slice(20)],
    Array.from({ length: 20 }, () => 'r incremental'),
  );
  assert.ok(read.every(({ source }) => (source.snapshot === 'incremental') === (source.lsn === null)));
});
