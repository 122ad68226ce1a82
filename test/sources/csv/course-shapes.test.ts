import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { AvroConverter } from '../../../src/avro/avro-converter.ts';
import { avscType } from '../../../src/avro/avsc-type.ts';
import { silentLog } from '../../../src/base/log.ts';
import { Metrics } from '../../../src/base/metrics.ts';
import { noTolerance } from '../../../src/connect/error-tolerance.ts';
import type { Converter } from '../../../src/connect/converter.ts';
import { Task } from '../../../src/connect/task.ts';
import { JsonConverter } from '../../../src/json/json-converter.ts';
import { SimpleHeaderConverter, StringConverter } from '../../../src/json/string-converter.ts';
import type { RecordBatch } from '../../../src/record/record-batch.ts';
import { csvSourcePlugin } from '../../../src/sources/csv/plugin.ts';
import { MemorySink, readRawBatch } from '../../support/memory-sink.ts';
import { sleeplessClock } from '../../support/manual-clock.ts';
import { configOf } from './csv-fixture.ts';

const folder = new URL('../../../config/course/', import.meta.url);
const sample = fileURLToPath(new URL('../../../config/data/rides.csv', import.meta.url));
const nowMs = Date.UTC(2026, 10, 23, 1, 2, 3, 456);

/** The file as a client of the course reads it: no cell of it is quoted. */
const [header = [], ...rows] = readFileSync(sample, 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => line.split(','));
const rides = rows.map((cells) => Object.fromEntries(header.map((name, at) => [name, cells[at]!])));

interface RawRecord {
  readonly topic: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly timestampMs: number;
}

class RawSink extends MemorySink {
  readonly raw: RawRecord[] = [];

  override commit(batch: RecordBatch): Promise<void> {
    for (const { headers, ...record } of readRawBatch(batch)) {
      assert.deepEqual(headers, {}, 'no headers');
      this.raw.push(record);
    }
    return super.commit(batch);
  }
}

/** A registry that keeps schemas under numbers from 1. */
class Registry {
  readonly subjects: string[] = [];
  readonly schemas: string[] = [];

  idOf(subject: string, schemaText: string): Promise<number> {
    this.subjects.push(subject);
    return Promise.resolve(this.schemas.push(schemaText));
  }
}

const readConfig = (name: string): Record<string, string> =>
  (JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) as { config: Record<string, string> }).config;

/** Everything that a ready config makes of the sample, through the task and the converters it names. */
async function recordsOf(name: string, registry = new Registry()): Promise<RawRecord[]> {
  const config: Record<string, string> = { ...readConfig(name), file: sample };
  const converter = (part: 'key' | 'value'): Converter => {
    switch (config[`${part}.converter`] ?? '') {
      case 'io.confluent.connect.avro.AvroConverter': {
        const connectMetaData = config[`${part}.converter.connect.meta.data`] !== 'false';
        return new AvroConverter(registry, {
          schema: { connectMetaData },
          subjectName: (topic, isKey) => `${topic}-${isKey ? 'key' : 'value'}`,
        });
      }
      case 'org.apache.kafka.connect.json.JsonConverter':
        return new JsonConverter({ schemasEnable: config[`${part}.converter.schemas.enable`] !== 'false', decimalNumeric: false });
      default:
        assert.equal(config[`${part}.converter`], 'org.apache.kafka.connect.storage.StringConverter');
        return new StringConverter();
    }
  };
  const clock = { ...sleeplessClock, now: () => nowMs };
  const sink = new RawSink();
  const metrics = new Metrics();
  const validated = configOf(config);
  assert.deepEqual(csvSourcePlugin.validate!(validated), []);
  const source = csvSourcePlugin.create({ connector: name, config: validated, clock, log: silentLog, metrics });
  const abort = new AbortController();
  const headerConverter = new SimpleHeaderConverter();
  const task = new Task({
    connector: name,
    taskId: 0,
    source,
    sink,
    keyConverter: converter('key'),
    valueConverter: converter('value'),
    headerConverter,
    transforms: [],
    tolerance: noTolerance,
    lingerMs: 0,
    clock,
    log: silentLog,
    metrics,
  });
  const done = task.run(abort.signal);
  const failed = done.then(
    () => null,
    (error: unknown) => error,
  );
  for (const deadline = Date.now() + 60_000; sink.raw.length < rides.length && Date.now() < deadline;) {
    const failure = await Promise.race([failed, new Promise((resolve) => setImmediate(() => resolve(undefined)))]);
    if (failure !== undefined && failure !== null) throw failure;
  }
  abort.abort();
  await done;
  assert.equal(sink.raw.length, rides.length);
  for (const record of sink.raw) assert.equal(record.topic, config['topic']);
  return sink.raw;
}

const texts = (records: readonly RawRecord[], part: 'key' | 'value'): (string | null)[] =>
  records.map((record) => record[part]?.toString('utf8') ?? null);

/** As Python's `str(Decimal(text))`, for the forms that the file has. */
const decimal = (text: string): string => text.replace(/^(-?)\./, '$10.');

const amounts = header.slice(10);

test('every ready config names a file and a topic at its top, and no two the same topic', () => {
  const names = readdirSync(folder).map((file) => file.replace('.json', ''));
  assert.deepEqual(names.sort(), ['avro_2022', 'faust', 'java_avro', 'rides', 'rides_avro', 'rides_csv', 'rides_json', 'rides_location']);
  const configs = names.map(readConfig);
  for (const config of configs) assert.deepEqual(Object.keys(config).slice(0, 3), ['connector.class', 'file', 'topic']);
  assert.equal(new Set(configs.map((config) => config['topic'])).size, names.length);
});

test('rides_json: snake case, times in arrays, amounts as Python writes decimals', async () => {
  const records = await recordsOf('rides_json');
  assert.deepEqual(
    texts(records, 'key'),
    rides.map((ride) => ride['PULocationID']),
  );
  const expected = rides.map((ride) =>
    JSON.stringify({
      vendor_id: ride['VendorID'],
      tpep_pickup_datetime: [ride['tpep_pickup_datetime']],
      tpep_dropoff_datetime: [ride['tpep_dropoff_datetime']],
      passenger_count: Number(ride['passenger_count']),
      trip_distance: decimal(ride['trip_distance']!),
      rate_code_id: Number(ride['RatecodeID']),
      store_and_fwd_flag: ride['store_and_fwd_flag'],
      pu_location_id: Number(ride['PULocationID']),
      do_location_id: Number(ride['DOLocationID']),
      payment_type: ride['payment_type'],
      ...Object.fromEntries(amounts.map((name) => [name, decimal(ride[name]!)])),
    }),
  );
  assert.deepEqual(texts(records, 'value'), expected);
  assert.match(expected[0]!, /"trip_distance":"0\./);
});

for (const [name, keyRecord, valueRecord, vendor] of [
  ['rides_avro', 'RideRecordKey', 'RideRecord', 'vendor_id'],
  ['avro_2022', 'TaxiRideKey', 'TaxiRide', 'vendorId'],
] as const) {
  test(`${name}: framed Avro with the names of the course and 32-bit floats`, async () => {
    const registry = new Registry();
    const records = await recordsOf(name, registry);
    const { topic } = readConfig(name);
    assert.deepEqual(registry.subjects, [`${topic}-key`, `${topic}-value`]);
    const namespace = 'com.datatalksclub.taxi';
    const fields = Object.entries({
      [vendor]: 'int',
      passenger_count: 'int',
      trip_distance: 'float',
      payment_type: 'int',
      total_amount: 'float',
    });
    const schemas = [
      { type: 'record', name: keyRecord, namespace, fields: [{ name: vendor, type: 'int' }] },
      { type: 'record', name: valueRecord, namespace, fields: fields.map(([field, type]) => ({ name: field, type })) },
    ];
    assert.deepEqual(
      registry.schemas.map((text) => JSON.parse(text) as unknown),
      schemas,
    );
    const [keyType, valueType] = schemas.map((schema) => avscType(JSON.stringify(schema)));
    for (const [at, ride] of rides.entries()) {
      const key = keyType!.toBuffer({ [vendor]: Number(ride['VendorID']) });
      assert.equal(records[at]!.key!.toString('hex'), `0000000001${key.toString('hex')}`);
      const value = valueType!.toBuffer({
        [vendor]: Number(ride['VendorID']),
        passenger_count: Number(ride['passenger_count']),
        trip_distance: Number(ride['trip_distance']),
        payment_type: Number(ride['payment_type']),
        total_amount: Number(ride['total_amount']),
      });
      assert.equal(records[at]!.value!.toString('hex'), `0000000002${value.toString('hex')}`);
    }
  });
}

const seconds = (text: string): number => Date.parse(`${text.replace(' ', 'T')}Z`) / 1000;
const isoSecond = (at: number): string => new Date(at * 1000).toISOString().slice(0, 19);
const now = Math.floor(nowMs / 1000);

test('rides: the names of the header, the dropoff is now and the pickup as long before as in the file', async () => {
  const records = await recordsOf('rides');
  assert.deepEqual(
    texts(records, 'key'),
    rides.map((ride) => ride['DOLocationID']),
  );
  for (const [at, ride] of rides.entries()) {
    const text = records[at]!.value!.toString('utf8');
    const pickup = now - (seconds(ride['tpep_dropoff_datetime']!) - seconds(ride['tpep_pickup_datetime']!));
    const value = JSON.parse(text) as Record<string, unknown>;
    assert.deepEqual(Object.keys(value), header);
    const strings = new Set(['VendorID', 'store_and_fwd_flag', 'payment_type']);
    for (const name of header) {
      if (name === 'tpep_pickup_datetime') assert.equal(value[name], isoSecond(pickup));
      else if (name === 'tpep_dropoff_datetime') assert.equal(value[name], isoSecond(now));
      else assert.equal(value[name], strings.has(name) ? ride[name] : Number(ride[name]), name);
    }
    assert.equal(records[at]!.timestampMs, nowMs);
  }
});

test('rides_location: two members, the pickup is now', async () => {
  const records = await recordsOf('rides_location');
  assert.deepEqual(
    texts(records, 'key'),
    rides.map((ride) => ride['PULocationID']),
  );
  assert.deepEqual(
    texts(records, 'value'),
    rides.map((ride) => `{"PULocationID":${ride['PULocationID']},"tpep_pickup_datetime":"${isoSecond(now)}"}`),
  );
});

test('faust: JSON key and value of numbers', async () => {
  const records = await recordsOf('faust');
  assert.deepEqual(
    texts(records, 'key'),
    rides.map((ride) => `{"vendorId":${ride['VendorID']}}`),
  );
  assert.deepEqual(
    records.map((record) => JSON.parse(record.value!.toString('utf8')) as unknown),
    rides.map((ride) => ({
      vendorId: Number(ride['VendorID']),
      passenger_count: Number(ride['passenger_count']),
      trip_distance: Number(ride['trip_distance']),
      payment_type: Number(ride['payment_type']),
      total_amount: Number(ride['total_amount']),
    })),
  );
});

test('rides_csv: seven cells as they are, joined by comma and blank', async () => {
  const records = await recordsOf('rides_csv');
  assert.deepEqual(
    texts(records, 'key'),
    rides.map((ride) => ride['VendorID']),
  );
  assert.deepEqual(
    texts(records, 'value'),
    rows.map((cells) => [0, 1, 2, 3, 4, 9, 16].map((at) => cells[at]).join(', ')),
  );
});

test('java_avro: text key, and a record of three fields', async () => {
  const registry = new Registry();
  const records = await recordsOf('java_avro', registry);
  const fields = Object.entries({ vendor_id: 'string', passenger_count: 'int', trip_distance: 'double' }).map(([name, type]) => ({
    name,
    type,
  }));
  const schema = { type: 'record', name: 'RideRecord', namespace: 'schemaregistry', fields };
  assert.deepEqual(
    registry.schemas.map((text) => JSON.parse(text) as unknown),
    [schema],
  );
  const type = avscType(JSON.stringify(schema));
  assert.deepEqual(
    texts(records, 'key'),
    rides.map((ride) => ride['VendorID']),
  );
  for (const [at, ride] of rides.entries()) {
    const value = type.toBuffer({
      vendor_id: ride['VendorID'],
      passenger_count: Number(ride['passenger_count']),
      trip_distance: Number(ride['trip_distance']),
    });
    assert.equal(records[at]!.value!.subarray(5).toString('hex'), value.toString('hex'));
  }
});
