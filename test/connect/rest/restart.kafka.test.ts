import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ConnectorFile } from '../../../src/connect/config-file.ts';
import { readCommitted } from '../../sinks/kafka/sink-stage.ts';
import { stack } from '../../support/stack.ts';
import { uniqueName } from '../../support/unique-name.ts';
import { committedNumbers, RestBench } from './rest-bench.ts';

const creation = { 'topic.creation.default.partitions': '1', 'topic.creation.default.replication.factor': '1' };

function counting(extra: Record<string, string> = {}): Record<string, string> {
  return { 'connector.class': 'test.CountingConnector', topic: uniqueName('numbers'), ...creation, ...extra };
}

function file(name: string, config: Record<string, string>): ConnectorFile {
  return { path: `${name}.json`, name, config: { ...config, name }, initialState: 'STARTED' };
}

test('a worker started again goes on by itself: connectors, states, positions', async () => {
  await using bench = await RestBench.open();
  const config = counting();
  for (const name of ['runs', 'pauses', 'stops', 'goes'])
    await bench.call('PUT', `/connectors/${name}/config`, { ...config, topic: `${config['topic']}-${name}` });
  await bench.until('/connectors/runs/offsets', (body) => body.offsets.length > 0);
  await bench.call('PUT', '/connectors/pauses/pause');
  await bench.call('PUT', '/connectors/stops/stop');
  await bench.call('DELETE', '/connectors/goes');
  assert.equal(await bench.stop(), true, 'drained');

  await bench.start();
  assert.deepEqual((await bench.get('/connectors')).body, ['pauses', 'runs', 'stops']);
  await bench.until('/connectors/pauses/status', (body) => body.connector.state === 'PAUSED');
  await bench.until('/connectors/stops/status', (body) => body.connector.state === 'STOPPED' && body.tasks.length === 0);
  const before = (await bench.get('/connectors/runs/offsets')).body.offsets[0].offset.position;
  await bench.until('/connectors/runs/offsets', (body) => body.offsets[0].offset.position > before + 10);
  assert.deepEqual((await bench.get('/connectors/runs/topics')).body.runs.topics, [`${config['topic']}-runs`]);
  await bench.stop();
  const numbers = await committedNumbers(`${config['topic']}-runs`);
  assert.deepEqual(
    numbers,
    Array.from({ length: numbers.length }, (_, index) => index + 1),
    'nothing lost, nothing twice',
  );
});

test('files create and change connectors; a paused one stays paused; a bad one fails alone', async () => {
  await using bench = await RestBench.open();
  const config = counting();
  await bench.stop();
  await bench.start([file('a', config), file('bad', counting({ 'tasks.max': 'many' }))]);
  await bench.until('/connectors/a/status', (body) => body.tasks?.[0]?.state === 'RUNNING');
  const bad = await bench.until('/connectors/bad/status', (body) => body.connector.state === 'FAILED');
  assert.match(bad.connector.trace, /Invalid value many for configuration tasks\.max: Not a number of type INT/);
  assert.deepEqual(bad.tasks, []);
  await bench.call('PUT', '/connectors/a/pause');
  await bench.stop();
  await bench.start([file('a', { ...config, 'pace.ms': '7' })]);
  await bench.until('/connectors/a/status', (body) => body.connector.state === 'PAUSED');
  assert.equal((await bench.get('/connectors/a/config')).body['pace.ms'], '7');
  assert.equal((await bench.get('/connectors/bad')).status, 404, 'what was refused was not stored');
});

test('no secret appears in REST, logs, errors or the internal topics', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-secret-'));
  const secrets = { env: 'Env1ronment-s3cret', file: 'F1le-s3cret', literal: 'L1teral-s3cret' };
  writeFileSync(join(folder, 'db.properties'), `password=${secrets.file}\n`);
  try {
    await using bench = await RestBench.open({ 'rest.mask.secrets': 'true' }, { DB_PASSWORD: secrets.env });
    const references = { env: '${env:DB_PASSWORD}', file: `\${file:${folder}/db.properties:password}`, literal: secrets.literal };
    let seen = '';
    for (const [name, password] of Object.entries(references)) {
      const config = counting({ password, fail: 'leak' });
      for (const answer of [
        await bench.call('PUT', `/connectors/${name}/config`, config),
        await bench.call('PUT', `/connectors/${name}/config`, { ...config, 'tasks.max': password }),
        await bench.call('PUT', '/connector-plugins/Counting/config/validate', { ...config, 'pace.ms': password }),
        await bench.call('PUT', `/connectors/${name}/config`, `{"password": "${password}" oops`),
        await bench.call('PUT', `/connectors/${name}/config`, { password }),
      ]) {
        seen += answer.text;
      }
      await bench.until(`/connectors/${name}/status`, (body) => body.tasks?.[0]?.state === 'FAILED');
      for (const path of ['', '/config', '/status', '/tasks', '/tasks-config', '/offsets', '/tasks/0/status'])
        seen += (await bench.get(`/connectors/${name}${path}`)).text;
    }
    seen += (await bench.get('/connectors?expand=info&expand=status')).text + (await bench.get('/metrics')).text;
    const log = bench.log;
    await bench.stop();
    const stored = (await everything(`${bench.group}-configs`)) + (await everything(`${bench.group}-status`));
    assert.match(seen, /login \\"\[hidden\]\\" refused/, 'the source did put its secret into an error');
    assert.match(stored, /\$\{env:DB_PASSWORD\}/, 'references are stored as references');
    for (const secret of [secrets.env, secrets.file]) {
      assert.ok(!seen.includes(secret), `${secret} in REST`);
      assert.ok(!log.includes(secret), `${secret} in the log`);
      assert.ok(!stored.includes(secret), `${secret} in an internal topic`);
    }
    assert.ok(!log.includes(secrets.literal), 'a literal secret in the log');
    // Kafka Connect quotes the values it refuses; a user who writes a password into a number gets it back once.
    assert.ok(
      !seen.replaceAll(`Invalid value ${secrets.literal} for`, '').replaceAll(`"value":"${secrets.literal}"`, '').includes(secrets.literal),
      'a literal secret in REST',
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('offsets in a file: at least once, with a warning, and found again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-offset-file-'));
  try {
    await using bench = await RestBench.open({ 'offset.storage.file.filename': join(folder, 'offsets') });
    const config = counting();
    const refused = await bench.call('PUT', '/connectors/f/config', { ...config, 'exactly.once.support': 'required' });
    assert.match(refused.body.message, /This worker does not have exactly-once source support enabled\./);
    await bench.call('PUT', '/connectors/f/config', config);
    await bench.until('/connectors/f/offsets', (body) => body.offsets.length > 0);
    await bench.stop();
    assert.match(bench.log, /Offsets are kept in a file: delivery is at least once/);
    await bench.start();
    const position = (await bench.get('/connectors/f/offsets')).body.offsets[0].offset.position;
    await bench.until('/connectors/f/offsets', (body) => body.offsets[0].offset.position > position + 10);
    await bench.stop();
    const numbers = await committedNumbers(config['topic'] ?? '');
    assert.deepEqual(
      [...new Set(numbers)].sort((a, b) => a - b),
      Array.from({ length: Math.max(...numbers) }, (_, index) => index + 1),
      'nothing is missing',
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** All keys and values of a topic as text. */
async function everything(topic: string): Promise<string> {
  const records = await readCommitted(stack.kafka, topic, 120_000, true);
  return records.map(({ key, value }) => `${String(key)} ${String(value)}`).join('\n');
}
