import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { silentLog } from '../../src/base/log.ts';
import { ConfigStore } from '../../src/connect/config-store.ts';
import { FileOffsetStore } from '../../src/connect/file-offset-store.ts';
import { KafkaOffsetStore } from '../../src/connect/offset-store.ts';
import { StatusStore } from '../../src/connect/status-store.ts';
import { MemoryLog } from './memory-log.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-offsets-'));
after(() => rmSync(folder, { recursive: true }));

test('configs and target states are written as Kafka Connect writes them, and read back', async () => {
  const log = new MemoryLog();
  const store = await ConfigStore.open(log, silentLog);
  await store.putConnector('c', { name: 'c', 'tasks.max': '1' }, 'STOPPED');
  await store.putTasks('c', [{ 'task.class': 'T' }]);
  await store.putTarget('c', 'STARTED');
  await store.putTarget('c', 'STOPPED');
  assert.deepEqual(log.records, [
    { key: 'target-state-c', value: '{"state":"PAUSED","state.v2":"STOPPED"}' },
    { key: 'connector-c', value: '{"properties":{"name":"c","tasks.max":"1"}}' },
    { key: 'task-c-0', value: '{"properties":{"task.class":"T"}}' },
    { key: 'commit-c', value: '{"tasks":1}' },
    { key: 'target-state-c', value: '{"state":"STARTED","state.v2":"STARTED"}' },
    { key: 'commit-c', value: '{"tasks":0}' },
    { key: 'target-state-c', value: '{"state":"PAUSED","state.v2":"STOPPED"}' },
  ]);
  await store.putConnector('gone', {}, null);
  await store.remove('gone');
  assert.deepEqual(log.records.slice(-2), [
    { key: 'connector-gone', value: null },
    { key: 'target-state-gone', value: null },
  ]);
  for (const again of [store, await ConfigStore.open(new MemoryLog(log.records), silentLog)]) {
    assert.deepEqual([...again.connectors()], [['c', { config: { name: 'c', 'tasks.max': '1' }, target: 'STOPPED' }]]);
  }
});

test('records of Kafka Connect are understood: old target states, kinds that are none of ours, and broken ones', async () => {
  const store = await ConfigStore.open(
    new MemoryLog([
      { key: 'session-key', value: '{"key":"x"}' },
      { key: 'connector-a', value: '{"properties":{"name":"a"}}' },
      { key: 'connector-b', value: '{"properties":{"name":"b"}}' },
      { key: 'connector-broken', value: '{' },
      { key: 'target-state-a', value: '{"state":"PAUSED"}' },
      { key: 'tasks-fencing-a', value: '{"task-count":1}' },
    ]),
    silentLog,
  );
  assert.deepEqual(
    [...store.connectors()].map(([name, { target }]) => [name, target]),
    [
      ['a', 'PAUSED'],
      ['b', 'STARTED'],
    ],
  );
});

test('states are written in Kafka Connect’s form, with a generation above all earlier ones', async () => {
  const log = new MemoryLog([{ key: 'status-task-c-0', value: '{"state":"RUNNING","trace":null,"worker_id":"w:1","generation":41}' }]);
  const store = await StatusStore.open(log, 'host:8083', silentLog);
  store.putConnector('c', 'RUNNING', null);
  await store.flush();
  store.putTask('c', 0, 'FAILED', 'a\n\tat b');
  store.addTopic('c', 0, 't', 1700);
  store.addTopic('c', 0, 't', 1800);
  await store.flush();
  assert.deepEqual(log.records.slice(1), [
    { key: 'status-connector-c', value: '{"state":"RUNNING","trace":null,"worker_id":"host:8083","generation":42}' },
    { key: 'status-task-c-0', value: '{"state":"FAILED","trace":"a\\n\\tat b","worker_id":"host:8083","generation":42}' },
    { key: 'status-topic-t:connector-c', value: '{"topic":{"name":"t","connector":"c","task":0,"discoverTimestamp":1700}}' },
  ]);
  assert.deepEqual((await StatusStore.open(new MemoryLog(log.records), 'w', silentLog)).topics('c'), ['t']);
  store.resetTopics('c');
  await store.flush();
  assert.deepEqual(log.records.at(-1), { key: 'status-topic-t:connector-c', value: null });
  assert.deepEqual(store.topics('c'), []);
});

test('offsets are found whatever the order of members, and written back under the key they had', async () => {
  const key = '["c",{"b":"2","a":1}]';
  const log = new MemoryLog([
    { key: '["other",{"a":1,"b":"2"}]', value: '{"lsn":1}' },
    { key, value: '{"lsn":24023128,"big":9223372036854775807}' },
    { key: 'not a connect key', value: '{}' },
    { key: '["c",{"gone":true}]', value: null },
  ]);
  const store = new KafkaOffsetStore(log);
  assert.deepEqual(await store.read('c'), [{ partition: { b: '2', a: 1 }, offset: { lsn: 24023128, big: 9223372036854775807n } }]);
  await store.write('c', [
    { partition: { a: 1, b: '2' }, offset: { lsn: 9223372036854775806n } },
    { partition: { new: 'x' }, offset: { p: 1 } },
  ]);
  assert.deepEqual(log.records.slice(-2), [
    { key, value: '{"lsn":9223372036854775806}' },
    { key: '["c",{"new":"x"}]', value: '{"p":1}' },
  ]);
  await store.write('c', [{ partition: { new: 'x' }, offset: null }]);
  assert.deepEqual(await store.read('c'), [{ partition: { b: '2', a: 1 }, offset: { lsn: 9223372036854775806n } }]);
});

test('offsets in a file survive a new start, and the file is replaced as a whole', async () => {
  const path = join(folder, 'offsets.json');
  const store = await FileOffsetStore.open(path);
  await Promise.all([
    store.write('c', [{ partition: { f: 'a' }, offset: { position: 9223372036854775807n } }]),
    store.write('c', [{ partition: { f: 'b' }, offset: { position: 2 } }]),
    store.write('d', [{ partition: { f: 'a' }, offset: { position: 3 } }]),
  ]);
  await store.write('c', [{ partition: { f: 'b' }, offset: null }]);
  const again = await FileOffsetStore.open(path);
  assert.deepEqual(await again.read('c'), [{ partition: { f: 'a' }, offset: { position: 9223372036854775807n } }]);
  assert.deepEqual(await again.read('d'), [{ partition: { f: 'a' }, offset: { position: 3 } }]);
  assert.deepEqual(readdirSync(folder), ['offsets.json'], 'no scratch file stays');
  assert.equal(Object.keys(JSON.parse(readFileSync(path, 'utf8')) as object).length, 2);
});

test('a file that is no offsets file is refused by name', async () => {
  const java = join(folder, 'java.offsets');
  writeFileSync(java, Buffer.from([0xac, 0xed, 0, 5]));
  await assert.rejects(FileOffsetStore.open(java), /java\.offsets, given as offset\.storage\.file\.filename, is a Java-serialised file/);
  const broken = join(folder, 'broken');
  writeFileSync(broken, '{"a":');
  await assert.rejects(FileOffsetStore.open(broken), /broken, given as .* is not an offsets file/);
  const unwritable = await FileOffsetStore.open(join(folder, 'missing', 'x'));
  await assert.rejects(unwritable.write('c', [{ partition: {}, offset: {} }]), /cannot be written/);
});
