/**
 * Rows of a CSV file with the 18 columns of the rides, through a whole worker into Kafka: CPU of the process per row,
 * from the file to the last commit, registry, REST and metrics included.
 *
 *   source test environment; node bench/csv.bench.ts [--rows 600000] [--config config/course/rides_json.json] [--passes 3]
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { composeWorker } from '../src/compose.ts';
import { stack } from '../test/support/stack.ts';
import { uniqueName } from '../test/support/unique-name.ts';

const { values: flags } = parseArgs({
  options: {
    rows: { type: 'string', default: '600000' },
    passes: { type: 'string', default: '3' },
    /** Takes over fields, forms and names of a ready config; converters are Avro unless it has others. */
    config: { type: 'string', default: '' },
  },
});

const folder = mkdtempSync(join(tmpdir(), 'csv-bench-'));
const file = join(folder, 'rides.csv');
const [header = '', ...sample] = readFileSync(new URL('../config/data/rides.csv', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n');
const rows = Number(flags.rows);
writeFileSync(file, `${header}\n${Array.from({ length: rows }, (_, at) => `${sample[at % sample.length]}\n`).join('')}`);

const given =
  flags.config === ''
    ? { 'key.fields': 'PULocationID' }
    : (JSON.parse(readFileSync(flags.config, 'utf8')) as { config: Record<string, string> }).config;

const avro = (part: string): Record<string, string> => ({
  [`${part}.converter`]: 'io.confluent.connect.avro.AvroConverter',
  [`${part}.converter.schema.registry.url`]: stack.registry,
});

async function pass(): Promise<string> {
  const name = uniqueName('csv-bench');
  const replicas = Object.fromEntries(['offset', 'config', 'status'].map((store) => [`${store}.storage.replication.factor`, '1']));
  const composed = composeWorker({
    worker: {
      'bootstrap.servers': stack.kafka,
      listeners: 'http://127.0.0.1:0',
      'group.id': name,
      'log.level': 'warn',
      ...replicas,
      ...avro('key'),
      ...avro('value'),
    },
    connectors: [
      {
        path: '',
        name,
        initialState: 'STARTED',
        config: {
          'connector.class': 'millrace.CsvSource',
          ...given,
          name,
          file,
          topic: name,
          'row.delay.ms': '0',
          'topic.creation.default.partitions': '1',
          'topic.creation.default.replication.factor': '1',
        },
      },
    ],
    env: { SCHEMA_REGISTRY_URL: stack.registry },
  });
  const running = await composed.start();
  const read = async (): Promise<number> => {
    const text = await (await fetch(`${running.url}/metrics`)).text();
    return Number(/^millrace_csv_rows_total\{[^}]*\} (\d+)/m.exec(text)?.[1] ?? 0);
  };
  let [first, cpu, startedMs] = [0, process.cpuUsage(), 0];
  for (let count = 0; count < rows;) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    count = await read();
    if (first > 0 || count === 0) continue;
    [first, cpu, startedMs] = [count, process.cpuUsage(), performance.now()];
  }
  await running.close();
  const { user, system } = process.cpuUsage(cpu);
  const cpuSeconds = (user + system) / 1e6;
  const wallSeconds = (performance.now() - startedMs) / 1000;
  return `${Math.round((rows - first) / cpuSeconds / 1000)} k rows a second of CPU, ${((cpuSeconds * 1e6) / (rows - first)).toFixed(2)} us a row; ${wallSeconds.toFixed(1)} s in all`;
}

try {
  for (let at = 0; at < Number(flags.passes); at += 1) process.stdout.write(`${await pass()}\n`);
} finally {
  rmSync(folder, { recursive: true });
}
process.exit();
