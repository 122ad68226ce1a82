import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import pg from 'pg';
import { DockerComposeEnvironment, Wait } from 'testcontainers';
import type { StartedDockerComposeEnvironment, StartedTestContainer } from 'testcontainers';

import { composeMissing, disableRyukIfOutOfReach, reachByLoopback } from './docker-engine.ts';
import { takenPorts } from './taken-ports.ts';
import { endOffsets, readDecoded } from './topic-records.ts';
import type { DecodedRecord } from './topic-records.ts';

const root = join(import.meta.dirname, '..', '..');
/** What docker-compose.yml publishes: broker, registry, Postgres, REST. */
const ports = [9092, 8081, 5432, 8083];

async function reasonToSkip(): Promise<string | false> {
  const missing = composeMissing();
  if (missing !== null) return missing;
  const taken = await takenPorts(ports);
  return taken.length > 0 && `docker-compose.yml publishes ports ${ports.join(', ')}, and ${taken.join(', ')} are taken on this machine`;
}

interface Envelope {
  readonly op: string;
  readonly after: Readonly<Record<string, unknown>> | null;
}

/** `docker compose up` as the README tells it: the four services, configured only by files from config/. */
describe('docker compose up', { skip: await reasonToSkip(), timeout: 900_000 }, () => {
  let stack: StartedDockerComposeEnvironment;
  let database: pg.Client;

  before(async () => {
    disableRyukIfOutOfReach();
    reachByLoopback();
    stack = await new DockerComposeEnvironment(root, 'docker-compose.yml')
      .withBuild()
      .withDefaultWaitStrategy(Wait.forHealthCheck())
      .withStartupTimeout(400_000)
      .up();
    database = new pg.Client({ connectionString: 'postgres://postgres:postgres@127.0.0.1:5432/taxi' });
    await database.connect();
  });

  after(async () => {
    await database?.end();
    await stack?.down({ removeVolumes: true });
  });

  it('runs as an ordinary user', async () => {
    assert.equal((await stack.getContainer('millrace-1').exec(['id', '-un'])).output.trim(), 'node');
  });

  it('puts rows inserted in Postgres on their topics', async () => {
    await read('taxi.public.zones', (all) => all.length >= 24); // The snapshot has been taken: from here on changes are streamed.
    await database.query("INSERT INTO zones (id, borough, name, surcharge) VALUES (901, 'Harbour', 'Boat House', 2.5)");
    const zones = await read('taxi.public.zones', has(901n, 25));
    assert.deepEqual(zones.map(idOf).toSorted(ascending), [...range(24), 901n]);
    const { op, after: row } = envelopeOf(zones, 901n);
    assert.equal(op, 'c');
    assert.deepEqual({ ...row, surcharge: null }, { id: 901, borough: 'Harbour', name: 'Boat House', surcharge: null });

    const inserted = await database.query<{ id: string }>(
      "INSERT INTO trips (cab, pickup_zone, status) VALUES (7, 901, 'requested') RETURNING id",
    );
    const id = BigInt(inserted.rows[0]?.id ?? -1);
    const trips = await read('taxi.public.trips', has(id, 601));
    assert.equal(envelopeOf(trips, id).after?.['pickup_zone'], 901);
  });

  it('puts the rides of the CSV file on their topic, each once', async () => {
    const lines = readFileSync(join(root, 'config/data/rides.csv'), 'utf8').trimEnd().split('\n').length - 1;
    const rides = await read('rides', (all) => all.length >= lines);
    assert.equal(rides.length, lines);
    assert.ok(rides.every(({ key }) => key !== null));
    assert.ok(new Set(rides.map(({ partition }) => partition)).size > 1);
  });

  it('goes on after a restart and repeats nothing', async () => {
    const before = await Promise.all(['rides', 'taxi.public.cabs'].map((topic) => endOffsets(address(topic))));
    await stack.getContainer('millrace-1').restart();
    await database.query("INSERT INTO zones (id, borough, name) VALUES (902, 'Harbour', 'Slipway')");
    const zones = await read('taxi.public.zones', has(902n, 26));
    assert.deepEqual(zones.map(idOf).toSorted(ascending), [...range(24), 901n, 902n]);
    // The file was looked at again, to its end, and the topic is as long as it was.
    await logged(stack.getContainer('millrace-1'), /CSV input read to its end/g, 2);
    assert.deepEqual(await Promise.all(['rides', 'taxi.public.cabs'].map((topic) => endOffsets(address(topic)))), before);
  });
});

function address(topic: string): { kafka: string; registry: string; topic: string; timeoutMs: number } {
  return { kafka: 'localhost:9092', registry: 'http://localhost:8081/apis/ccompat/v7', topic, timeoutMs: 180_000 };
}

function read(topic: string, enough: (records: readonly DecodedRecord[]) => boolean): Promise<DecodedRecord[]> {
  return readDecoded(address(topic), enough);
}

function idOf({ key }: DecodedRecord): bigint {
  return BigInt((key as { id: number | bigint }).id);
}

function envelopeOf(records: readonly DecodedRecord[], id: bigint): Envelope {
  const found = records.find((record) => idOf(record) === id);
  assert.ok(found !== undefined);
  return found.value as Envelope;
}

/** So many records, of which one has that id: partitions are read side by side, so the newest row need not come last. */
function has(id: bigint, count: number): (records: readonly DecodedRecord[]) => boolean {
  return (records) => records.length >= count && records.some((record) => idOf(record) === id);
}

function range(count: number): bigint[] {
  return Array.from({ length: count }, (_, at) => BigInt(at + 1));
}

function ascending(left: bigint, right: bigint): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Waits until the log of a container has matched so many times. */
async function logged(container: StartedTestContainer, pattern: RegExp, times: number): Promise<void> {
  const stream = await container.logs();
  const timer = setTimeout(() => stream.destroy(new Error(`the log has no ${times} times ${pattern} in time`)), 180_000);
  try {
    let text = '';
    for await (const chunk of stream) {
      text += String(chunk);
      if (text.matchAll(pattern).toArray().length >= times) return;
    }
  } finally {
    clearTimeout(timer);
    stream.destroy();
  }
}
