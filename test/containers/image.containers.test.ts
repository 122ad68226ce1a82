import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { after, before, describe, it } from 'node:test';

import { PostgreSqlContainer } from '@testcontainers/postgresql';
import type { StartedPostgreSqlContainer } from '@testcontainers/postgresql';
import pg from 'pg';
import { GenericContainer, Network, Wait } from 'testcontainers';
import type { StartedNetwork, StartedTestContainer } from 'testcontainers';

import { freePort, releasePort } from '../../src/embedded/port.ts';
import { ownKafkaPort } from '../support/own-kafka.ts';
import { disableRyukIfOutOfReach, dockerMissing, reachByLoopback } from './docker-engine.ts';
import { readDecoded } from './topic-records.ts';

/** Three servers share the machine. */
const startWithinMs = 120_000;
interface Startable<Started> {
  withLogConsumer(take: (stream: Readable) => unknown): unknown;
  start(): Promise<Started>;
}

const root = join(import.meta.dirname, '..', '..');

/** From a copy of what `.dockerignore` lets in: Testcontainers walks all that lies there, and fails at a file that goes meanwhile. */
async function buildImage(): Promise<GenericContainer> {
  const context = await mkdtemp(join(tmpdir(), 'millrace-image-'));
  try {
    const ignore = await readFile(join(root, '.dockerignore'), 'utf8');
    const included = [...ignore.matchAll(/^!(.+)$/gm)].map(([, path = '']) => path);
    for (const path of ['Dockerfile', '.dockerignore', ...included]) await cp(join(root, path), join(context, path), { recursive: true });
    return await GenericContainer.fromDockerfile(context).build('millrace:container-suite', { deleteOnExit: false });
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}

/** Millrace's own image against the upstream images, on one Docker network, each started by Testcontainers. */
describe('the image, in containers', { skip: dockerMissing() ?? false, timeout: 900_000 }, () => {
  let network: StartedNetwork;
  let postgres: StartedPostgreSqlContainer;
  let millrace: StartedTestContainer;
  const started: { stop(): Promise<unknown> }[] = [];
  const ports: number[] = [];
  /** The end of what each has written, for failures. */
  const logs = new Map<string, string>();
  let kafkaPort = 0;
  let registryUrl = '';

  /**
   * On a port below those of outgoing connections, from among which an engine would choose one. What did not come up gets a second
   * container, on another port.
   */
  async function begin<Started extends { stop(): Promise<unknown> }>(
    name: string,
    containerOn: (port: number) => Startable<Started>,
  ): Promise<{ begun: Started; port: number }> {
    for (let attempt = 1; ; attempt += 1) {
      const port = await freePort(ownKafkaPort());
      ports.push(port);
      const container = containerOn(port);
      container.withLogConsumer((stream) => stream.on('data', (text) => logs.set(name, `${logs.get(name) ?? ''}${text}`.slice(-5000))));
      try {
        const begun = await container.start();
        started.push(begun);
        return { begun, port };
      } catch (error) {
        const failure = `${name} did not start on port ${port}; it wrote:\n${logs.get(name)}`;
        if (attempt === 2) throw new Error(failure, { cause: error });
        process.stderr.write(`${failure}\n${String(error)}\n`);
      }
    }
  }

  before(async () => {
    disableRyukIfOutOfReach();
    reachByLoopback();
    // Alone: a build takes all of a machine, and the servers would be late.
    const image = await buildImage();
    network = await new Network().start();
    const starts = [
      begin('postgres', (port) => postgresContainer(network, port)),
      begin('kafka', (port) => kafkaContainer(network, port)),
      begin('registry', (port) => registryContainer(network, port)),
    ] as const;
    // Also when one fails: what starts later is to be stopped, too.
    await Promise.allSettled(starts);
    const [database, kafka, registry] = await Promise.all(starts);
    postgres = database.begun;
    kafkaPort = kafka.port;
    registryUrl = `http://${registry.begun.getHost()}:${registry.port}/apis/ccompat/v7`;
    // Its ports are set anew for a second attempt, all else stays.
    image
      .withNetwork(network)
      .withEnvironment({ POSTGRES_PASSWORD: 'secret' })
      .withCommand(['standalone', '/etc/millrace/worker.json'])
      .withCopyContentToContainer([{ target: '/etc/millrace/worker.json', content: JSON.stringify(workerConfig) }])
      .withWaitStrategy(Wait.forHttp('/health', 8083).forStatusCode(200))
      .withStartupTimeout(startWithinMs);
    millrace = (await begin('millrace', (port) => image.withExposedPorts({ container: 8083, host: port }))).begun;
  });

  after(async () => {
    for (const container of started.toReversed()) await container.stop();
    await network?.stop();
    for (const port of ports) releasePort(port);
  });

  it('runs as an ordinary user and answers as Kafka Connect does', async () => {
    assert.equal((await millrace.exec(['id', '-u'])).output.trim(), '1000');
    const answer = (await (await fetch(restUrl(millrace, '/'))).json()) as Record<string, unknown>;
    assert.deepEqual(Object.keys(answer), ['version', 'commit', 'kafka_cluster_id']);
  });

  it('brings a row from Postgres to its topic', async () => {
    const client = new pg.Client({ connectionString: postgres.getConnectionUri() });
    await client.connect();
    try {
      await client.query('CREATE TABLE orders (id int PRIMARY KEY, item text NOT NULL)');
      await client.query("INSERT INTO orders VALUES (1, 'before the connector')");
      const created = await fetch(restUrl(millrace, '/connectors'), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ name: 'shop', config: connectorConfig }),
      });
      assert.equal(created.status, 201, await created.text());
      await client.query("INSERT INTO orders VALUES (2, 'after the connector')");
      const records = await readDecoded(
        { kafka: `localhost:${kafkaPort}`, registry: registryUrl, topic: 'shop.public.orders', timeoutMs: 120_000 },
        (all) => all.length >= 2,
      ).catch((error: unknown) => {
        throw new Error(`Millrace wrote:\n${logs.get('millrace')}`, { cause: error });
      });
      assert.deepEqual(
        records.map(({ key }) => (key as { id: number }).id).toSorted((left, right) => left - right),
        [1, 2],
      );
      // Whichever of both the snapshot was quick enough to find.
      assert.ok(records.every(({ value }) => /^[cr]$/.test((value as { op: string }).op)));
    } finally {
      await client.end();
    }
  });
});

const workerConfig = {
  'bootstrap.servers': 'kafka:9093',
  listeners: 'http://0.0.0.0:8083',
  'key.converter': 'io.confluent.connect.avro.AvroConverter',
  'key.converter.schema.registry.url': 'http://registry:8080/apis/ccompat/v7',
  'value.converter': 'io.confluent.connect.avro.AvroConverter',
  'value.converter.schema.registry.url': 'http://registry:8080/apis/ccompat/v7',
};

const connectorConfig = {
  'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
  'plugin.name': 'pgoutput',
  'database.hostname': 'postgres',
  'database.user': 'app',
  'database.password': '${env:POSTGRES_PASSWORD}',
  'database.dbname': 'shop',
  'topic.prefix': 'shop',
};

function restUrl(millrace: StartedTestContainer, path: string): string {
  return `http://${millrace.getHost()}:${millrace.getMappedPort(8083)}${path}`;
}

function postgresContainer(network: StartedNetwork, port: number): PostgreSqlContainer {
  return new PostgreSqlContainer('postgres:18')
    .withNetwork(network)
    .withNetworkAliases('postgres')
    .withExposedPorts({ container: 5432, host: port })
    .withDatabase('shop')
    .withUsername('app')
    .withPassword('secret')
    .withCommand(['postgres', '-c', 'wal_level=logical'])
    .withStartupTimeout(startWithinMs);
}

function kafkaContainer(network: StartedNetwork, port: number): GenericContainer {
  return new GenericContainer('apache/kafka:4.3.1')
    .withNetwork(network)
    .withNetworkAliases('kafka')
    .withExposedPorts({ container: 9092, host: port })
    .withEnvironment({
      KAFKA_NODE_ID: '1',
      KAFKA_PROCESS_ROLES: 'broker,controller',
      KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9094',
      KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
      KAFKA_LISTENERS: 'PLAINTEXT://0.0.0.0:9092,BROKER://0.0.0.0:9093,CONTROLLER://0.0.0.0:9094',
      KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://localhost:${port},BROKER://kafka:9093`,
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'PLAINTEXT:PLAINTEXT,BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT',
      KAFKA_INTER_BROKER_LISTENER_NAME: 'BROKER',
      KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
      KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
      KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
      KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
    })
    .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/))
    .withStartupTimeout(startWithinMs);
}

function registryContainer(network: StartedNetwork, port: number): GenericContainer {
  return (
    new GenericContainer('apicurio/apicurio-registry:3.0.9')
      .withNetwork(network)
      .withNetworkAliases('registry')
      .withExposedPorts({ container: 8080, host: port })
      // Its readiness stays down for five minutes once two requests were slow, as they are beside an image build; what is
      // needed is the API.
      .withWaitStrategy(Wait.forHttp('/apis/ccompat/v7/subjects', 8080).forStatusCode(200))
      .withStartupTimeout(startWithinMs)
  );
}
