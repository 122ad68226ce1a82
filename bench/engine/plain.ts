import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Engine } from './engine.ts';
import { EngineProcess } from './engine-process.ts';
import type { PipelineSettings } from './plain-pipeline.ts';

const main = join(import.meta.dirname, 'plain-pipeline-main.ts');

/** What one writes in an afternoon with the usual packages: at least once, no snapshot, one schema per table. */
export const plainEngine: Engine = {
  name: 'plain',
  title: 'pg-logical-replication + avsc + kafkajs',
  form: 'plain-avro',
  role: 'other',
  takesSnapshots: false,
  prepare: async () => {},
  topicOf: (job, table) => `${job.name}.${table}`,
  start: async (job) => {
    const settings: PipelineSettings = {
      postgres: job.postgres,
      slot: job.name,
      publication: job.name,
      brokers: job.servers.kafka.split(','),
      registry: job.servers.registry,
      tables: job.tables.map((table) => ({
        name: table,
        topic: `${job.name}.${table}`,
        columns: [{ name: 'id', type: 'bigint' }, ...job.model.columns.map(({ name, type }) => ({ name, type }))],
      })),
    };
    const file = join(job.folder, 'pipeline.json');
    await writeFile(file, JSON.stringify(settings), { mode: 0o600 });
    return new EngineProcess({
      name: 'The plain pipeline',
      folder: job.folder,
      command: process.execPath,
      args: [main, file],
      // The pg package reads a timestamp without zone in the zone of the process.
      environment: { TZ: 'UTC' },
      config: { packages: 'pg-logical-replication (pgoutput, flow control), avsc, kafkajs', source: 'bench/engine/plain-pipeline.ts' },
    });
  },
};
