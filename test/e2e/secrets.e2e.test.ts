import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { readCommitted } from '../sinks/kafka/sink-stage.ts';
import { createDatabase } from '../support/database.ts';
import { stack } from '../support/stack.ts';
import { uniqueName } from '../support/unique-name.ts';
import { column, json, plainJson, postgresConfig, readTexts, WorkerStage } from '../support/worker-stage.ts';

/** Raw bytes of every record of a topic, from the beginning to where it ends now, also of those that were never committed. */
async function everything(topic: string): Promise<string> {
  const records = await readCommitted(stack.kafka, topic, 120_000, true);
  return records.map(({ key, value }) => `${String(key)} ${String(value)}`).join('\n');
}

test('passwords given by env, file and directory show in no log, answer, internal topic or trace', { timeout: 400_000 }, async () => {
  await using db = await createDatabase();
  await db.query('CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders VALUES (1)');
  const [role, right, wrong] = [uniqueName('role'), `Right-${uniqueName('pw')}`, `Wrong-${uniqueName('pw')}`];
  await db.query(`CREATE ROLE ${role} LOGIN SUPERUSER PASSWORD '${right}'`);
  const internal = uniqueName('secret');
  const topics = ['configs', 'offsets', 'status'].map((kind) => `${internal}-${kind}`);
  await using stage = await WorkerStage.prepare({
    ...plainJson,
    'config.storage.topic': topics[0] ?? '',
    'offset.storage.topic': topics[1] ?? '',
    'status.storage.topic': topics[2] ?? '',
  });
  const { folder } = stage.worker;
  try {
    writeFileSync(join(folder, 'secrets.properties'), `right=${right}\nwrong=${wrong}\n`);
    writeFileSync(join(folder, 'right'), `${right}\n`);
    writeFileSync(join(folder, 'wrong'), `${wrong}\n`);
    await stage.worker.start({ RIGHT_PASSWORD: right, WRONG_PASSWORD: wrong });
    const answers: string[] = [];
    for (const kind of ['env', 'file', 'directory'] as const) {
      for (const which of ['right', 'wrong'] as const) {
        const name = uniqueName(kind);
        const reference = {
          env: `\${env:${which.toUpperCase()}_PASSWORD}`,
          file: `\${file:${folder}/secrets.properties:${which}}`,
          directory: `\${directory:${folder}:${which}}`,
        }[kind];
        const config = { ...postgresConfig(db, name), 'database.user': role, 'database.password': reference };
        await stage.create(name, config);
        if (which === 'right') assert.deepEqual(column(await readTexts(`${name}.public.orders`, 1), 'id'), [1]);
        else assert.match(await stage.failed(name), /SQLSTATE 28P01/);
        const url = `/connector-plugins/PostgresConnector/config/validate`;
        answers.push(JSON.stringify(await stage.worker.rest(url, json('PUT', { name, ...config }))));
        for (const path of ['', '/config', '/status', '/tasks', '/tasks-config', '/offsets'])
          answers.push(JSON.stringify(await stage.worker.rest(`/connectors/${name}${path}`)));
        assert.ok(answers.at(-5)?.includes(JSON.stringify(reference)), 'the config is shown with its reference');
      }
    }
    answers.push(JSON.stringify(await stage.worker.rest('/connectors?expand=info&expand=status')));
    answers.push(await (await fetch(`http://127.0.0.1:${stage.worker.port}/metrics`)).text());
    await stage.worker.kill('SIGTERM');
    const places: [string, string][] = [
      ['REST', answers.join('\n')],
      ['log', await stage.worker.log()],
    ];
    for (const topic of topics) places.push([topic, await everything(topic)]);
    for (const [place, text] of places) {
      assert.ok(text.length > 100, `${place} says something`);
      for (const secret of [right, wrong]) assert.ok(!text.includes(secret), `a password shows in ${place}`);
    }
    assert.ok(
      places.some(([, text]) => text.includes('${env:RIGHT_PASSWORD}')),
      'the stored config holds the reference',
    );
  } finally {
    await stage.worker.kill('SIGKILL');
    await db.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  }
});
