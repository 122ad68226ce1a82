import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { createDatabase } from '../support/database.ts';
import { stack } from '../support/stack.ts';
import { uniqueName } from '../support/unique-name.ts';
import { WorkerProcess } from '../support/worker-process.ts';
import { connectionConfig } from '../support/worker-stage.ts';

const partitions = 7;
const python = process.env['MILLRACE_PYTHON'] ?? 'python3';
/** Kafka's own jars, as `npm test` has them in its cache. */
const kafkaJars = process.env['MILLRACE_KAFKA_JARS'] ?? '';

interface PythonRecord {
  readonly topic: string;
  readonly partition: number;
  readonly rawKey: string | null;
  readonly key: Record<string, unknown> | null;
  readonly value: Record<string, unknown> | null;
}

function clientsMissing(): string | false {
  const confluent = spawnSync(python, ['-c', 'import confluent_kafka.schema_registry.avro'], { timeout: 30_000 });
  if (confluent.status !== 0)
    return `${python} has no confluent_kafka (pip install -r test/clients/requirements.txt, then MILLRACE_PYTHON)`;
  if (kafkaJars === '') return "MILLRACE_KAFKA_JARS does not name the folder with Kafka's jars";
  return spawnSync('java', ['-version'], { timeout: 30_000 }).status === 0 ? false : 'no java on this machine';
}

test(
  "Confluent's Python client reads every record, and Java's murmur2 finds every partition right",
  { skip: clientsMissing(), timeout: 400_000 },
  async () => {
    const prefix = uniqueName('clients');
    const folder = await mkdtemp(join(tmpdir(), 'millrace-clients-'));
    const csvFile = join(folder, 'rides.csv');
    writeFileSync(csvFile, `ride,zone,fare\n${Array.from({ length: 500 }, (_, n) => `${n},zone ${n % 40},${n / 4}\n`).join('')}`);
    await using db = await createDatabase();
    await db.query(`
      CREATE TABLE orders (id bigint PRIMARY KEY, item text NOT NULL, price numeric(10,2), at timestamptz, made timestamp(6),
        day date, reference uuid, paid boolean, seal bytea, tags text[]);
      INSERT INTO orders SELECT n, 'item ' || n, n / 3.0, '2024-02-29 12:34:56.789+00', '2024-02-29 12:34:56.789012', '2024-02-29',
        '6f1b6a3e-0000-4000-8000-000000000001', n % 2 = 0, '\\x00ff', ARRAY['a', NULL, 'ü'] FROM generate_series(1, 400) n;
    `);
    await using worker = await WorkerProcess.prepare([
      {
        name: prefix,
        config: {
          ...connectionConfig(db, prefix),
          'topic.creation.default.partitions': String(partitions),
          'topic.creation.default.replication.factor': '1',
        },
      },
      {
        name: `${prefix}-csv`,
        config: {
          'connector.class': 'millrace.CsvSource',
          file: csvFile,
          topic: `${prefix}.rides`,
          'key.fields': 'zone',
          'topic.creation.default.partitions': String(partitions),
          'topic.creation.default.replication.factor': '1',
        },
      },
    ]);
    await worker.start();
    await streamed(worker, prefix);
    await db.query("UPDATE orders SET item = 'changed' WHERE id % 4 = 0; DELETE FROM orders WHERE id % 10 = 0;");
    const records = await readAll([`${prefix}.public.orders`, `${prefix}.rides`], 400 + 100 + 2 * 40 + 500);
    assert.equal(await worker.kill('SIGTERM'), 0, await worker.log());
    const orders = records.filter(({ topic }) => topic.endsWith('.orders'));
    const rides = records.filter(({ topic }) => topic.endsWith('.rides'));
    assert.equal(new Set(rides.map(({ value }) => value?.['ride'])).size, 500);
    assert.deepEqual(countOps(orders), { r: 400, u: 100, d: 40, tombstone: 40 });
    checkOrders(orders);
    const ride = rides.find(({ value }) => value?.['ride'] === 123);
    assert.deepEqual([ride?.key, ride?.value], [{ zone: 'zone 3' }, { ride: 123, zone: 'zone 3', fare: 30.75 }]);
    checkPartitions(records);
    await rm(folder, { recursive: true, force: true });
  },
);

/** The changes of the test are made once the snapshot is over, so that they are streamed. */
async function streamed(worker: WorkerProcess, slot: string): Promise<void> {
  const end = performance.now() + 180_000;
  for (;;) {
    const { offsets } = await worker.rest<{ offsets: { offset: Record<string, unknown> }[] }>(`/connectors/${slot}/offsets`);
    const offset = offsets[0]?.offset;
    if (offset !== undefined && (offset['snapshot'] === undefined || offset['snapshot_completed'] === true)) return;
    if (performance.now() > end) throw new Error(`the snapshot did not end:\n${await worker.log()}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function readAll(topics: readonly string[], expected: number): Promise<PythonRecord[]> {
  const end = performance.now() + 180_000;
  for (;;) {
    const reader = join(import.meta.dirname, 'read_avro.py');
    const run = spawnSync(python, [reader, stack.kafka, stack.registry, ...topics], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      timeout: 120_000,
    });
    assert.equal(run.status, 0, run.stderr);
    const records = run.stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as PythonRecord);
    if (records.length >= expected || performance.now() > end) {
      assert.equal(records.length, expected);
      return records;
    }
  }
}

function countOps(orders: readonly PythonRecord[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { value } of orders) {
    const op = value === null ? 'tombstone' : String(value['op']);
    counts[op] = (counts[op] ?? 0) + 1;
  }
  return counts;
}

/** What Python makes of each type; decimals come as text, bytes as base64. */
function checkOrders(orders: readonly PythonRecord[]): void {
  const of = (id: number): PythonRecord[] => orders.filter(({ key }) => key?.['id'] === id);
  const image = (record: PythonRecord | undefined, which: string): Record<string, unknown> =>
    (record?.value?.[which] ?? {}) as Record<string, unknown>;
  const row = {
    id: 1,
    item: 'item 1',
    price: '0.33',
    at: '2024-02-29T12:34:56.789000Z',
    made: 1_709_210_096_789_012,
    day: 19_782,
    reference: '6f1b6a3e-0000-4000-8000-000000000001',
    paid: false,
    seal: 'AP8=',
    tags: ['a', null, 'ü'],
  };
  assert.deepEqual(of(1)[0]?.value?.['after'], row);
  const changed = of(4);
  assert.deepEqual(
    changed.map((record) => image(record, 'after')['item']),
    ['item 4', 'changed'],
  );
  const deleted = of(10);
  assert.deepEqual(
    deleted.map(({ value }) => value?.['op']),
    ['r', 'd', undefined],
  );
  assert.equal(deleted[2]?.value, null);
  assert.equal(image(deleted[1], 'before')['id'], 10);
}

function checkPartitions(records: readonly PythonRecord[]): void {
  assert.ok(records.every(({ rawKey }) => rawKey !== null));
  const java = spawnSync('java', ['-cp', join(kafkaJars, '*'), join(import.meta.dirname, 'Partition.java')], {
    encoding: 'utf8',
    input: records.map(({ rawKey }) => `${rawKey} ${partitions}\n`).join(''),
    timeout: 180_000,
  });
  assert.equal(java.status, 0, java.stderr);
  assert.deepEqual(
    records.map(({ partition }) => partition),
    java.stdout.trim().split('\n').map(Number),
  );
  assert.ok(new Set(records.map(({ partition }) => partition)).size > 1);
}
