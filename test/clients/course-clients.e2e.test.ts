import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';

import { CommittedReader } from '../support/committed-reader.ts';
import { kafkaClient } from '../support/kafka-client.ts';
import { stack } from '../support/stack.ts';
import { uniqueName } from '../support/unique-name.ts';
import { WorkerProcess } from '../support/worker-process.ts';
import type { ConnectorFile } from '../support/worker-process.ts';

const python = process.env['MILLRACE_PYTHON'] ?? 'python3';
const kafkaJars = process.env['MILLRACE_KAFKA_JARS'] ?? '';
const folder = join(import.meta.dirname, '..', '..', 'config');
const rowsRead = 150;

const [header = [], ...rows] = readFileSync(join(folder, 'data', 'rides.csv'), 'utf8')
  .trimEnd()
  .split('\n')
  .slice(0, rowsRead + 1)
  .map((line) => line.split(','));
/** The rides as the file has them. */
const rides = rows.map((cells) => Object.fromEntries(header.map((name, at) => [name, cells[at] ?? ''])));

interface Read {
  readonly client: string;
  readonly key: unknown;
  readonly value: unknown;
  /** The client gave up. */
  readonly error?: string;
}

const pythonModules = {
  rides_json: 'kafka',
  rides_csv: 'kafka',
  rides_avro: 'confluent_kafka.schema_registry.avro',
  avro_2022: 'confluent_kafka.schema_registry.avro',
  java_avro: 'confluent_kafka.schema_registry.avro',
  faust: 'faust',
} as const;

type Client = keyof typeof pythonModules;

/** Why a Python client cannot be asked here, or false. */
const missing = new Map<string, string | false>();
for (const module of new Set(Object.values(pythonModules))) {
  const { status } = spawnSync(python, ['-c', `import ${module}`], { timeout: 60_000 });
  missing.set(
    module,
    status === 0 ? false : `${python} has no ${module} (pip install -r test/clients/requirements.txt, then MILLRACE_PYTHON)`,
  );
}
const clients = (Object.keys(pythonModules) as Client[]).filter((client) => missing.get(pythonModules[client]) === false);

function missingFor(client: Client): string | false {
  return missing.get(pythonModules[client]) ?? false;
}

/** A ready config of the course as it is, but for a topic of this run, fewer rows and no waiting between them. */
function ready(name: string, file: string): ConnectorFile {
  const { config } = JSON.parse(readFileSync(join(folder, 'course', `${name}.json`), 'utf8')) as { config: Record<string, string> };
  const { 'row.delay.ms': _delay, ...rest } = config;
  const topic = uniqueName(name);
  return { name: topic, config: { ...rest, file, topic } };
}

function sampleFile(worker: WorkerProcess): string {
  const file = join(worker.folder, 'rides.csv');
  writeFileSync(file, [header, ...rows].map((cells) => cells.join(',')).join('\n'));
  return file;
}

const read = new Map<string, Read[]>();

before(async () => {
  if (clients.length === 0) return;
  await using worker = await WorkerProcess.prepare([]);
  const file = sampleFile(worker);
  const connectors = new Map(clients.map((client) => [client, ready(client, file)]));
  for (const connector of connectors.values()) await worker.addFile(connector);
  await worker.start({ SCHEMA_REGISTRY_URL: stack.registry });
  const topics = [...connectors.values()].map(({ config }) => config['topic'] ?? '');
  await using reader = await CommittedReader.open(topics, 120_000, false);
  await reader.until(
    () => reader.records.length >= topics.length * rowsRead,
    () => `${topics.length} topics of ${rowsRead} rides`,
  );
  const pairs = [...connectors].map(([client, { config }]) => `${client}=${config['topic']}`);
  const run = spawnSync(python, [join(import.meta.dirname, 'read_course.py'), stack.kafka, stack.registry, ...pairs], {
    encoding: 'utf8',
    maxBuffer: 1 << 27,
    timeout: 180_000,
  });
  assert.equal(run.status, 0, `${run.stderr}\n${run.stdout.slice(-2000)}`);
  for (const line of run.stdout.split('\n').filter((each) => each !== '')) {
    const record = JSON.parse(line) as Read;
    read.set(record.client, [...(read.get(record.client) ?? []), record]);
  }
});

function texts(records: readonly (readonly [unknown, unknown])[]): string[] {
  return records.map((each) => JSON.stringify(each)).toSorted();
}

/** What a client read, as sorted text, against what it must make of each ride. */
function assertRead(
  client: Client,
  keyOf: (ride: Record<string, string>) => unknown,
  valueOf: (ride: Record<string, string>) => unknown,
): void {
  const failure = read.get(client)?.find(({ error }) => error !== undefined);
  assert.equal(failure, undefined, failure?.error);
  assert.deepEqual(
    texts((read.get(client) ?? []).map(({ key, value }) => [key, value])),
    texts(rides.map((ride) => [keyOf(ride), valueOf(ride)])),
  );
}

const integer = (ride: Record<string, string>, name: string): number => Number(ride[name]);
const float = (ride: Record<string, string>, name: string): number => Math.fround(Number(ride[name]));
/** What Python's Decimal prints of the file's text. */
const decimal = (ride: Record<string, string>, name: string): string => (ride[name] ?? '').replace(/^(-?)\./, '$10.');

test('kafka-python reads rides_json into the class of the course', { skip: missingFor('rides_json') }, () => {
  assertRead(
    'rides_json',
    (ride) => integer(ride, 'PULocationID'),
    (ride) => ({
      vendor_id: ride['VendorID'],
      tpep_pickup_datetime: ride['tpep_pickup_datetime'],
      tpep_dropoff_datetime: ride['tpep_dropoff_datetime'],
      passenger_count: integer(ride, 'passenger_count'),
      trip_distance: decimal(ride, 'trip_distance'),
      rate_code_id: integer(ride, 'RatecodeID'),
      store_and_fwd_flag: ride['store_and_fwd_flag'],
      pu_location_id: integer(ride, 'PULocationID'),
      do_location_id: integer(ride, 'DOLocationID'),
      payment_type: ride['payment_type'],
      ...Object.fromEntries(header.slice(10).map((name) => [name, decimal(ride, name)])),
    }),
  );
});

test('kafka-python reads rides_csv: seven cells as they are in the file', { skip: missingFor('rides_csv') }, () => {
  const names = [
    'VendorID',
    'tpep_pickup_datetime',
    'tpep_dropoff_datetime',
    'passenger_count',
    'trip_distance',
    'payment_type',
    'total_amount',
  ];
  assertRead(
    'rides_csv',
    (ride) => integer(ride, 'VendorID'),
    (ride) => names.map((name) => ride[name]).join(', '),
  );
});

function numbersOf(ride: Record<string, string>): Record<string, number> {
  return {
    passenger_count: integer(ride, 'passenger_count'),
    trip_distance: float(ride, 'trip_distance'),
    payment_type: integer(ride, 'payment_type'),
    total_amount: float(ride, 'total_amount'),
  };
}

test("Confluent's client reads rides_avro with the course's own reader schemas", { skip: missingFor('rides_avro') }, () => {
  assertRead(
    'rides_avro',
    (ride) => ({ vendor_id: integer(ride, 'VendorID') }),
    (ride) => ({ vendor_id: integer(ride, 'VendorID'), ...numbersOf(ride) }),
  );
});

test("Confluent's client reads the topic of 2022 with the writer's schema", { skip: missingFor('avro_2022') }, () => {
  assertRead(
    'avro_2022',
    (ride) => ({ vendorId: integer(ride, 'VendorID') }),
    (ride) => ({ vendorId: integer(ride, 'VendorID'), ...numbersOf(ride) }),
  );
});

test("Confluent's client reads what the course's Java Avro producer writes", { skip: missingFor('java_avro') }, () => {
  assertRead(
    'java_avro',
    (ride) => ride['VendorID'],
    (ride) => ({
      vendor_id: ride['VendorID'],
      passenger_count: integer(ride, 'passenger_count'),
      trip_distance: integer(ride, 'trip_distance'),
    }),
  );
});

test("faust's model of the course takes every ride, and its validation finds nothing", { skip: missingFor('faust') }, () => {
  assertRead(
    'faust',
    (ride) => `{"vendorId":${ride['VendorID']}}`,
    (ride) => ({
      vendorId: ride['VendorID'],
      passenger_count: integer(ride, 'passenger_count'),
      trip_distance: integer(ride, 'trip_distance'),
      payment_type: integer(ride, 'payment_type'),
      total_amount: integer(ride, 'total_amount'),
    }),
  );
});

function streamsMissing(): string | false {
  if (kafkaJars === '') return "MILLRACE_KAFKA_JARS does not name the folder with Kafka's jars";
  if (spawnSync('java', ['-version'], { timeout: 30_000 }).status !== 0) return 'no java on this machine';
  const found = readdirSync(kafkaJars).some((name) => name.startsWith('kafka-streams-'));
  return found ? false : `no kafka-streams jar in ${kafkaJars}`;
}

test(
  "Kafka Streams counts rides by key and joins them with pick-up places, as the course's programs do",
  { skip: streamsMissing(), timeout: 400_000 },
  async () => {
    await using worker = await WorkerProcess.prepare([]);
    const file = sampleFile(worker);
    const [left, right] = [ready('rides', file), ready('rides_location', file)];
    await worker.addFile(left);
    await worker.addFile(right);
    const [ridesTopic, placesTopic, counts, joined] = [
      left.config['topic'] ?? '',
      right.config['topic'] ?? '',
      uniqueName('counts'),
      uniqueName('joined'),
    ];
    await createTopics([ridesTopic, placesTopic, counts, joined]);
    const program = [
      join(import.meta.dirname, 'RidesJoin.java'),
      stack.kafka,
      ridesTopic,
      placesTopic,
      counts,
      joined,
      join(worker.folder, 'streams'),
    ];
    const streams = spawn('java', ['-XX:TieredStopAtLevel=1', '-cp', join(kafkaJars, '*'), ...program], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [streams.stdout, streams.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (said += text));
    const ended = once(streams, 'exit');
    try {
      await worker.start();
      const byDropOff = countBy('DOLocationID');
      const byPickUp = countBy('PULocationID');
      const pairs = [...byDropOff].map(([zone, number]) => number * (byPickUp.get(zone) ?? 0)).reduce((sum, each) => sum + each, 0);
      assert.ok(pairs > 50);
      await using reader = await CommittedReader.open([counts, joined], 120_000, false);
      const of = (topic: string): [string, string][] =>
        reader.records.filter((each) => each.topic === topic).map(({ rawKey, rawValue }) => [String(rawKey), String(rawValue)]);
      await reader.until(
        () => streams.exitCode !== null || (of(counts).length >= rowsRead && of(joined).length >= pairs),
        () => `${of(counts).length} of ${rowsRead} counts, ${of(joined).length} of ${pairs} pairs\n${said}`,
        150_000,
      );
      assert.equal(streams.exitCode, null, said);
      // A count follows the one before it in its partition, so that the last one of a key stands.
      assert.deepEqual(new Map(of(counts)), new Map([...byDropOff].map(([zone, number]) => [zone, String(number)])));
      const infos = of(joined).map(([key, value]) => ({ key, ...(JSON.parse(value) as { VendorID: string; PULocationID: number }) }));
      assert.equal(infos.length, pairs);
      assert.ok(infos.every(({ key, PULocationID }) => key === String(PULocationID)));
    } finally {
      if (streams.exitCode === null) streams.kill('SIGTERM');
      await ended;
    }
  },
);

function countBy(name: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const ride of rides) counts.set(ride[name] ?? '', (counts.get(ride[name] ?? '') ?? 0) + 1);
  return counts;
}

/** Kafka Streams wants its topics before it starts. */
async function createTopics(topics: readonly string[]): Promise<void> {
  const admin = kafkaClient(stack.kafka).admin();
  await admin.connect();
  await admin.createTopics({ topics: topics.map((topic) => ({ topic, numPartitions: 2, replicationFactor: 1 })) });
  await admin.disconnect();
}
