import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { WorkerProcess } from './support/worker-process.ts';

test('SIGTERM drains and leaves with 0', async () => {
  await using worker = await WorkerProcess.prepare([]);
  await worker.start();
  assert.deepEqual(await worker.rest('/connectors'), []);
  assert.equal(await worker.kill('SIGTERM'), 0, await worker.log());
  assert.match(await worker.log(), /Drained, leaving/);
});

test('a wrong key in the worker file leaves with 1 and says which was meant', async () => {
  await using worker = await WorkerProcess.prepare([], { 'bootstrap.server': 'x:1', 'status.storage.partitions': 'many' });
  worker.launch();
  assert.equal(await worker.ended(), 1);
  const log = await worker.log();
  assert.match(log, /Unknown configuration 'bootstrap\.server': did you mean 'bootstrap\.servers'\?/);
  assert.match(log, /Invalid value many for configuration status\.storage\.partitions: Not a number of type INT/);
});

test('an unreachable Kafka leaves with 2 and names it', async () => {
  await using worker = await WorkerProcess.prepare([], { 'bootstrap.servers': '127.0.0.1:1', 'worker.start.timeout.ms': '0' });
  worker.launch();
  assert.equal(await worker.ended(), 2);
  assert.match(await worker.log(), /Kafka at 127\.0\.0\.1:1/);
});

test('a taken port leaves with 2 and names it', async () => {
  await using worker = await WorkerProcess.prepare([]);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(worker.port, '127.0.0.1', resolve));
  try {
    worker.launch();
    assert.equal(await worker.ended(), 2);
    assert.match(await worker.log(), new RegExp(`REST cannot listen on http://127\\.0\\.0\\.1:${worker.port}: the port is taken`));
  } finally {
    server.close();
  }
});

test('logs are JSON where asked for', async () => {
  await using worker = await WorkerProcess.prepare([], { 'log.format': 'json' });
  await worker.start();
  await worker.kill('SIGTERM');
  const lines = (await worker.log()).trim().split('\n');
  for (const line of lines) assert.equal(typeof (JSON.parse(line) as { msg: unknown }).msg, 'string');
});
