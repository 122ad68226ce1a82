import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import type { ConfigInfos } from '../../src/connect/connector-check.ts';
import { uniqueName } from '../support/unique-name.ts';
import { column, csvConfig, json, plainJson, readTexts, WorkerStage } from '../support/worker-stage.ts';

test('a key that nearly is a known one is an error, any other unknown key a warning', { timeout: 400_000 }, async () => {
  await using stage = await WorkerStage.prepare();
  const name = uniqueName('config');
  const file = join(stage.worker.folder, `${name}.csv`);
  writeFileSync(file, 'id,note\n1,a\n');
  const good = { ...csvConfig(file, name, 'id:long,note:string'), ...plainJson };
  const near = { ...good, 'key.field': 'id' };
  // By a file the refused connector shows as failed, beside the others.
  await stage.worker.addFile({ name: `${name}-file`, config: { ...near, topic: `${name}-file` } });
  await stage.worker.start();
  assert.match(await stage.failed(`${name}-file`), /Unknown configuration 'key\.field': did you mean 'key\.fields'\?/);

  // By REST it is refused, and nothing is created.
  const url = `http://127.0.0.1:${stage.worker.port}`;
  const refused = await fetch(`${url}/connectors`, json('POST', { name, config: near }));
  const answer = (await refused.json()) as { error_code: number; message: string };
  assert.deepEqual([refused.status, answer.error_code], [400, 400]);
  assert.match(answer.message, /'key\.field': did you mean 'key\.fields'\?/);
  assert.equal((await fetch(`${url}/connectors/${name}`)).status, 404);

  // Validation says it at the key.
  const infos = await stage.worker.rest<ConfigInfos>('/connector-plugins/CsvSource/config/validate', json('PUT', { name, ...near }));
  assert.equal(infos.error_count, 1);
  assert.match(infos.configs.find(({ value }) => value.name === 'key.field')?.value.errors.join() ?? '', /did you mean 'key\.fields'/);

  // Any other key: the connector runs, and log and status say that the key does nothing.
  await stage.create(name, { ...good, 'ship.to': 'the moon' });
  assert.deepEqual(column(await readTexts(name, 1), 'id'), [1]);
  const warning = "Unknown configuration 'ship.to' has no effect.";
  assert.deepEqual((await stage.status(name)).connector.warnings, [warning]);
  assert.ok((await stage.worker.log()).includes(warning));
  await stage.othersGoOn();

  // Mended in place.
  await stage.configure(`${name}-file`, { ...good, topic: `${name}-file`, 'key.fields': 'id' });
  assert.deepEqual(column(await readTexts(`${name}-file`, 1), 'id'), [1]);
});

test('a worker file with a key that nearly is a known one, or that is none, ends with one sentence and exit code 1', async () => {
  for (const [key, says] of [
    ['bootstrap.server', /bootstrap\.servers/],
    ['listeners', /listeners/],
  ] as const) {
    await using stage = await WorkerStage.prepare({ [key]: 'nonsense' });
    stage.worker.launch();
    assert.equal(await stage.worker.ended(), 1, key);
    assert.match(await stage.worker.log(), says);
  }
});
