import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { CommittedReader } from '../../support/committed-reader.ts';
import { stack } from '../../support/stack.ts';
import { uniqueName } from '../../support/unique-name.ts';
import { WorkerProcess, type ConnectorFile } from '../../support/worker-process.ts';

const sample = fileURLToPath(new URL('../../../config/data/rides.csv', import.meta.url));
const rows = readFileSync(sample, 'utf8')
  .trimEnd()
  .split('\n')
  .slice(1)
  .map((line) => line.split(','));

const ascending = (left: number, right: number): number => left - right;

/** A ready config with a topic of its own, otherwise as it is. */
function ready(name: string): ConnectorFile {
  const text = readFileSync(new URL(`../../../config/course/${name}.json`, import.meta.url), 'utf8');
  const { config } = JSON.parse(text) as { config: Record<string, string> };
  return { name, config: { ...config, file: sample, topic: uniqueName(name) } };
}

test('ready configs run in a worker, and other clients read what the course expects', async () => {
  const [json, avro] = [ready('rides_json'), ready('rides_avro')];
  await using worker = await WorkerProcess.prepare([json, avro]);
  await worker.start({ SCHEMA_REGISTRY_URL: stack.registry });
  const [jsonTopic, avroTopic] = [json.config['topic']!, avro.config['topic']!];
  await using texts = await CommittedReader.open([jsonTopic], 120_000, false);
  await texts.until(
    () => texts.records.length >= rows.length,
    () => `${texts.records.length} JSON records`,
  );
  const keys = texts.records.map((record) => record.rawKey!.toString());
  assert.deepEqual(keys.toSorted(), rows.map((cells) => cells[7]!).toSorted());
  const pickups = texts.records.map(
    (record) => (JSON.parse(record.rawValue!.toString()) as { tpep_pickup_datetime: string[] }).tpep_pickup_datetime,
  );
  assert.deepEqual(pickups.flat().toSorted(), rows.map((cells) => cells[1]!).toSorted());

  await using records = await CommittedReader.open([avroTopic]);
  await records.until(
    () => records.records.length >= rows.length,
    () => `${records.records.length} Avro records`,
  );
  const totals = records.records.map((record) => (record.value as { total_amount: number }).total_amount);
  assert.deepEqual(totals.toSorted(ascending), rows.map((cells) => Math.fround(Number(cells[16]))).toSorted(ascending));
  assert.deepEqual(
    { ...(records.records[0]!.key as object) },
    { vendor_id: (records.records[0]!.value as { vendor_id: number }).vendor_id },
  );
  const schema = (await (await fetch(`${stack.registry}/subjects/${avroTopic}-value/versions/latest`)).json()) as { schema: string };
  const parsed = JSON.parse(schema.schema) as { name: string; namespace: string; fields: { name: string; type: string }[] };
  assert.deepEqual([parsed.namespace, parsed.name], ['com.datatalksclub.taxi', 'RideRecord']);
  assert.deepEqual(
    parsed.fields.map(({ name, type }) => `${name}:${type}`),
    ['vendor_id:int', 'passenger_count:int', 'trip_distance:float', 'payment_type:int', 'total_amount:float'],
  );
});
