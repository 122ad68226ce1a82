import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from '../../src/embedded/cache.ts';
import { freePort } from '../../src/embedded/port.ts';
import type { Engine, EngineJob } from './engine.ts';
import { EngineProcess } from './engine-process.ts';
import { postgresConnector } from './postgres-connector.ts';

const avro = (registry: string): Record<string, string> => ({
  'key.converter': 'io.confluent.connect.avro.AvroConverter',
  'key.converter.schema.registry.url': registry,
  'value.converter': 'io.confluent.connect.avro.AvroConverter',
  'value.converter.schema.registry.url': registry,
});

const json = (): Record<string, string> => ({
  'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
  'key.converter.schemas.enable': 'false',
  'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
  'value.converter.schemas.enable': 'false',
});

type WorkerPlace = Pick<EngineJob, 'name' | 'folder' | 'servers'>;

/** The internal topics are small, because a bench makes many of them and none grows. */
function millraceWorker(job: WorkerPlace, port: number, converters: Readonly<Record<string, string>>): Record<string, string> {
  return {
    'bootstrap.servers': job.servers.kafka,
    listeners: `http://127.0.0.1:${port}`,
    'group.id': job.name,
    ...converters,
    'offset.storage.topic': `${job.name}-offsets`,
    'config.storage.topic': `${job.name}-configs`,
    'status.storage.topic': `${job.name}-status`,
    'offset.storage.partitions': '1',
    'status.storage.partitions': '1',
    'offset.storage.replication.factor': '1',
    'config.storage.replication.factor': '1',
    'status.storage.replication.factor': '1',
  };
}

/** A worker with one connector, as `bin/millrace standalone` runs it: exactly once, all settings at their defaults. */
export async function startMillrace(
  job: WorkerPlace,
  converters: Readonly<Record<string, string>>,
  connector: Readonly<Record<string, string>>,
  shown: Readonly<Record<string, string>>,
): Promise<EngineProcess> {
  const worker = millraceWorker(job, await freePort(18_200), converters);
  const files = [join(job.folder, 'worker.json'), join(job.folder, 'connector.json')] as const;
  await writeFile(files[0], JSON.stringify(worker), { mode: 0o600 });
  await writeFile(files[1], JSON.stringify({ name: job.name, config: connector }), { mode: 0o600 });
  // The default is what bin/millrace starts a worker with.
  const flags = (process.env['MILLRACE_BENCH_NODE_FLAGS'] ?? '--max-semi-space-size=4').split(' ').filter((flag) => flag !== '');
  return new EngineProcess({
    name: 'Millrace',
    folder: job.folder,
    command: process.execPath,
    args: [...flags, join(projectRoot, 'src', 'main.ts'), 'standalone', ...files],
    config: { worker, connector: shown, ...(flags.length > 0 && { flags }) },
  });
}

function millrace(name: string, title: string, form: Engine['form'], converters: (registry: string) => Record<string, string>): Engine {
  return {
    name,
    title,
    form,
    role: 'ours',
    takesSnapshots: true,
    prepare: async () => {},
    topicOf: (job, table) => `${job.name}.${table}`,
    start: (job) => {
      const { config, shown } = postgresConnector(job);
      return startMillrace(job, converters(job.servers.registry), config, shown);
    },
  };
}

export const millraceAvroConverters = avro;

/** The same engine twice: what differs between the two is the noise of the machine. */
export const millraceEngines: readonly Engine[] = [
  millrace('millrace', 'Millrace, Avro, exactly once', 'debezium-avro', avro),
  millrace('millrace-again', 'Millrace, Avro, exactly once (A/A)', 'debezium-avro', avro),
  millrace('millrace-json', 'Millrace, plain JSON, exactly once', 'debezium-json', json),
];
