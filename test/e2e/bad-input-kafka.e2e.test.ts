import assert from 'node:assert/strict';
import { appendFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import kafkajs from 'kafkajs';

import { Kafka } from '../../src/embedded/kafka.ts';
import { createDatabase } from '../support/database.ts';
import { kafkaClient } from '../support/kafka-client.ts';
import { startOwnKafka } from '../support/own-kafka.ts';
import { uniqueName } from '../support/unique-name.ts';
import { untilHeard, walsenderOf, type Walsender } from '../support/walsender.ts';
import { column, csvConfig, plainJson, postgresConfig, readTexts, WorkerStage } from '../support/worker-stage.ts';

let directory = '';
let kafka: Kafka;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-kafka-'));
  kafka = await startOwnKafka(directory);
});
after(async () => {
  await kafka.stop();
  await Kafka.wipe(directory);
  await rm(directory, { recursive: true, force: true });
});

const limits = { timeout: 300_000 };
/** The server gets rid of nothing more. */
const rests = (last: Walsender, now: Walsender): boolean => now.sent === last.sent;

test('no Kafka at the start: the process says where it looked and leaves with 2', limits, async () => {
  await using stage = await WorkerStage.prepare({ 'bootstrap.servers': '127.0.0.1:1', 'worker.start.timeout.ms': '1500' });
  stage.worker.launch();
  assert.equal(await stage.worker.ended(), 2);
  const log = await stage.worker.log();
  assert.match(log, /Waiting for Kafka at 127\.0\.0\.1:1/);
  assert.match(log, /The worker could not start: .*127\.0\.0\.1:1.*Remedy: /);
});

test('Kafka goes away while rows come, and comes back: nothing is lost, nothing twice, and the worker lives on', limits, async () => {
  await using db = await createDatabase();
  await db.query('CREATE TABLE orders (id int PRIMARY KEY)');
  await using stage = await WorkerStage.open({ ...plainJson, 'bootstrap.servers': kafka.bootstrapServers });
  const name = uniqueName('away');
  const topic = `${name}.public.orders`;
  await stage.create(name, postgresConfig(db, name));
  let ids = 0;
  const insert = async (): Promise<void> => void (await db.query('INSERT INTO orders VALUES ($1)', [(ids += 1)]));
  await insert();
  assert.deepEqual(column(await readTexts(topic, 1, kafka.bootstrapServers), 'id'), [1]);
  await stage.othersGoOn();
  for (const gone of ['killed', 'stopped'] as const) {
    if (gone === 'killed') await kafka.killBroker(1);
    else await kafka.stopBroker(1);
    for (let row = 0; row < 50; row += 1) await insert();
    // An attempt has failed, and the sink is trying on its own.
    await stage.troubled(name);
    await insert();
    assert.ok(stage.worker.running);
    const health = await fetch(`http://127.0.0.1:${stage.worker.port}/health`);
    assert.ok([200, 503].includes(health.status));
    await kafka.startBroker(1);
    await insert();
    const expected = Array.from({ length: ids }, (_, index) => index + 1);
    assert.deepEqual(column(await readTexts(topic, ids, kafka.bootstrapServers), 'id'), expected);
    await stage.othersGoOn();
    await stage.until(name, (status) => status.tasks[0]?.state === 'RUNNING' && status.tasks[0].trace === undefined);
  }
  assert.equal(await stage.worker.kill('SIGTERM'), 0);
});

test(
  'a broker that stands still: the source rests, memory too, the connection lives on; then everything arrives once',
  limits,
  async () => {
    await using db = await createDatabase();
    await db.query('CREATE TABLE orders (id int PRIMARY KEY, text text)');
    await using stage = await WorkerStage.open({ ...plainJson, 'bootstrap.servers': kafka.bootstrapServers });
    const name = uniqueName('still');
    const topic = `${name}.public.orders`;
    await stage.create(name, { ...postgresConfig(db, name), 'status.update.interval.ms': '100' });
    await db.query('INSERT INTO orders VALUES (1)');
    await readTexts(topic, 1, kafka.bootstrapServers);
    const memory = async (): Promise<number> =>
      Number(/^VmRSS:\s*(\d+) kB/m.exec(await readFile(`/proc/${stage.worker.pid}/status`, 'utf8'))?.[1]) * 1024;
    const broker = Number(await readFile(join(directory, 'node-1', 'pid'), 'utf8'));
    process.kill(broker, 'SIGSTOP');
    try {
      // Its first rows fill all that may wait, most of them stay in the server.
      await db.query(`INSERT INTO orders SELECT n, repeat(md5(n::text), 2000) FROM generate_series(2, 1501) n`);
      await untilHeard(db, name, 5, rests);
      const [before, beforeBytes] = [await walsenderOf(db, name), await memory()];
      await untilHeard(db, name, 20, rests);
      const after = await walsenderOf(db, name);
      assert.deepEqual([after?.pid, after?.confirmed], [before?.pid, before?.confirmed], 'the same walsender, and nothing confirmed');
      assert.ok((await memory()) - beforeBytes < 32 * 1024 * 1024);
      assert.ok(beforeBytes < 300 * 1024 * 1024, `${beforeBytes} bytes`);
    } finally {
      process.kill(broker, 'SIGCONT');
    }
    const expected = Array.from({ length: 1501 }, (_, index) => index + 1);
    assert.deepEqual(column(await readTexts(topic, 1501, kafka.bootstrapServers), 'id'), expected);
    await stage.othersGoOn();
  },
);

test('a record larger than its topic takes: topic, size and setting; with a larger limit it arrives', limits, async () => {
  await using stage = await WorkerStage.open({ 'bootstrap.servers': kafka.bootstrapServers, ...plainJson });
  const name = uniqueName('large');
  const file = join(stage.worker.folder, `${name}.csv`);
  const large = 'x'.repeat(20_000);
  writeFileSync(file, `id,note\n1,a\n2,b\n`);
  const config = { ...csvConfig(file, name, 'id:long,note:string'), follow: 'true', 'poll.interval.ms': '50' };
  await stage.create(name, { ...config, 'topic.creation.default.max.message.bytes': '10000' });
  assert.deepEqual(column(await readTexts(name, 2, kafka.bootstrapServers), 'id'), [1, 2]);
  appendFileSync(file, `3,${large}\n4,d\n`);
  const trace = await stage.failed(name);
  assert.match(trace, new RegExp(name));
  assert.match(trace, /max\.message\.bytes/);
  assert.match(trace, /\b2\d{4}\b/, 'the size of the record');
  assert.match(trace, /Remedy: /);
  await stage.othersGoOn();
  await kafkaAdmin(kafka.bootstrapServers, name);
  await stage.restart(name);
  assert.deepEqual(column(await readTexts(name, 4, kafka.bootstrapServers), 'id'), [1, 2, 3, 4]);
});

/** The topic takes 100 kB from now on. */
async function kafkaAdmin(servers: string, topic: string): Promise<void> {
  const admin = kafkaClient(servers).admin();
  await admin.connect();
  try {
    const configEntries = [{ name: 'max.message.bytes', value: '100000' }];
    await admin.alterConfigs({ validateOnly: false, resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configEntries }] });
  } finally {
    await admin.disconnect();
  }
}
