import assert from 'node:assert/strict';
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileStreamClass, spoolDirClass } from '../../../src/sources/csv/class-names.ts';
import { CommittedReader } from '../../support/committed-reader.ts';
import { uniqueName } from '../../support/unique-name.ts';
import { WorkerProcess } from '../../support/worker-process.ts';
import { CsvFixture } from './csv-fixture.ts';

async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 120_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited in vain for ${condition.toString()}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 25);
    });
  }
}

test('configs of the spooldir and file stream connectors run as they are', async () => {
  using fixture = new CsvFixture();
  for (const name of ['in', 'done', 'bad']) mkdirSync(fixture.path(name));
  const [users, lines] = [uniqueName('users'), uniqueName('lines')];
  const text = {
    'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
    'value.converter': 'org.apache.kafka.connect.storage.StringConverter',
  };
  const spooldir = {
    ...text,
    'connector.class': spoolDirClass,
    'tasks.max': '1',
    topic: users,
    'input.path': fixture.path('in'),
    'finished.path': fixture.path('done'),
    'error.path': fixture.path('bad'),
    'input.file.pattern': String.raw`users-.*\.csv`,
    'csv.first.row.as.header': 'true',
    'schema.generation.enabled': 'true',
    'halt.on.error': 'false',
    'empty.poll.wait.ms': '50',
  };
  const stream = { ...text, 'connector.class': fileStreamClass, 'tasks.max': '1', file: fixture.path('log.txt'), topic: lines };
  await using worker = await WorkerProcess.prepare([
    { name: 'spool', config: spooldir },
    { name: 'stream', config: stream },
  ]);
  const content = 'id,name\n1,Ann\n2,Ben\n';
  writeFileSync(fixture.path('in/users-1.csv'), content);
  writeFileSync(fixture.path('log.txt'), 'one\n\ntwo\n');
  await worker.start();
  await using rows = await CommittedReader.open([users], 120_000, false);
  await until(() => existsSync(fixture.path('done/users-1.csv')));
  await rows.until(
    (records) => records.length >= 2,
    () => 'two users',
  );
  assert.deepEqual(
    rows.records.map((record) => record.rawValue!.toString()),
    ['Struct{id=1,name=Ann}', 'Struct{id=2,name=Ben}'],
  );
  const { headers } = rows.records[1]!;
  assert.deepEqual([headers['file.name'], headers['file.length'], headers['file.offset']], ['users-1.csv', '20', '3']);
  // The offset of a file that was taken away is forgotten, so the same content may come again.
  await until(() => !existsSync(fixture.path('in/users-1.csv')));
  // Whole at once: what is half written could be taken for the file.
  writeFileSync(fixture.path('again'), content);
  renameSync(fixture.path('again'), fixture.path('in/users-1.csv'));
  await rows.until(
    (records) => records.length >= 4,
    () => 'two more users',
  );
  await using texts = await CommittedReader.open([lines], 120_000, false);
  await texts.until(
    (records) => records.length >= 3,
    () => 'three lines',
  );
  assert.equal(await worker.kill('SIGTERM'), 0, await worker.log());
  await Promise.all([rows.toEnd(), texts.toEnd()]);
  assert.equal(rows.records.length, 4);
  assert.deepEqual(texts.records.map((record) => record.rawValue!.toString()).toSorted(), ['', 'one', 'two']);
  assert.deepEqual(
    texts.records.map((record) => record.rawKey),
    [null, null, null],
  );
});
