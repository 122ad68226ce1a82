import { link, mkdir, writeFile, copyFile } from 'node:fs/promises';
import { basename, delimiter, join } from 'node:path';
import { ensureArtifacts } from '../../src/embedded/artifacts.ts';
import { cacheDirectory, projectRoot } from '../../src/embedded/cache.ts';
import { findJava } from '../../src/embedded/java.ts';
import { freePort } from '../../src/embedded/port.ts';
import type { Engine, EngineJob } from './engine.ts';
import { EngineProcess } from './engine-process.ts';
import { postgresConnector } from './postgres-connector.ts';

/** What Kafka's own bin/connect-standalone.sh gives to Java. */
const javaFlags = [
  '-Xms256M',
  '-Xmx2G',
  '-server',
  '-XX:+UseG1GC',
  '-XX:MaxGCPauseMillis=20',
  '-XX:InitiatingHeapOccupancyPercent=35',
  '-XX:+ExplicitGCInvokesConcurrent',
  '-Djava.awt.headless=true',
];

/** As its experts tune it: larger batches between its threads, larger and compressed ones to Kafka. */
const tunedConnector = { 'max.batch.size': '20480', 'max.queue.size': '100000' };
const tunedProducer = { 'producer.linger.ms': '50', 'producer.batch.size': '1048576', 'producer.compression.type': 'lz4' };
/** For latency it looks often into its queue: every 500 ms by default. */
const impatientConnector = { ...tunedConnector, 'poll.interval.ms': '5' };
/** And a producer that waits for nothing, at the price of its throughput. */
const impatientProducer = { ...tunedProducer, 'producer.linger.ms': '0' };

type Tuning = 'defaults' | 'tuned' | 'latency';

type Converter = 'avro' | 'json';

function converters(converter: Converter, registry: string): Record<string, string> {
  if (converter === 'json') {
    const plain = 'org.apache.kafka.connect.json.JsonConverter';
    return {
      'key.converter': plain,
      'key.converter.schemas.enable': 'false',
      'value.converter': plain,
      'value.converter.schemas.enable': 'false',
    };
  }
  const settings: Record<string, string> = {
    '': 'io.apicurio.registry.utils.converter.AvroConverter',
    '.apicurio.registry.url': registry.replace(/\/apis\/.*$/, '/apis/registry/v2'),
    '.apicurio.registry.auto-register': 'true',
    '.apicurio.registry.find-latest': 'true',
    // Confluent's wire format with the id that its API knows; the schema's id in the value and not in a header.
    '.apicurio.registry.as-confluent': 'true',
    '.apicurio.registry.use-id': 'contentId',
    '.apicurio.registry.headers.enabled': 'false',
  };
  const each = (part: string): [string, string][] => Object.entries(settings).map(([name, value]) => [`${part}.converter${name}`, value]);
  return Object.fromEntries([...each('key'), ...each('value')]);
}

interface Jars {
  readonly java: string;
  readonly connect: readonly string[];
  readonly plugins: Readonly<Record<string, readonly string[]>>;
}

let jars: Promise<Jars> | null = null;

/** Fetched once, held against their checksums as those of the demo, and used by the bench alone. */
async function fetchJars(progress: (text: string) => void): Promise<Jars> {
  const repository = join(cacheDirectory(), 'maven');
  const fetch = async (name: string, subject: string): Promise<string[]> => {
    const files = await ensureArtifacts({ repository, folder: `bench/peer/${name}`, subject, progress });
    return [...files.values()].filter((file) => file.endsWith('.jar'));
  };
  const connect = await fetch('connect', 'Kafka Connect');
  // Classes that the worker has as well would clash with its own.
  const plugin = async (name: string, subject: string): Promise<string[]> =>
    (await fetch(name, subject)).filter((file) => !file.includes('/org/apache/kafka/'));
  const plugins = { debezium: await plugin('debezium', 'Debezium'), apicurio: await plugin('apicurio', "Apicurio's Avro converter") };
  return { java: await findJava(), connect, plugins };
}

async function makePluginFolders(folder: string, plugins: Jars['plugins']): Promise<string> {
  const path = join(folder, 'plugins');
  for (const [name, files] of Object.entries(plugins)) {
    await mkdir(join(path, name), { recursive: true });
    for (const file of files) {
      const target = join(path, name, basename(file));
      await link(file, target).catch(() => copyFile(file, target));
    }
  }
  return path;
}

async function start(job: EngineJob, converter: Converter, tuning: Tuning): Promise<EngineProcess> {
  if (jars === null) throw new Error('the jars were not fetched');
  const { java, connect, plugins } = await jars;
  const { config, shown } = postgresConnector(job);
  const connector = tuning === 'defaults' ? {} : job.latency ? impatientConnector : tunedConnector;
  const producer = { defaults: {}, tuned: tunedProducer, latency: impatientProducer }[tuning];
  const worker = {
    'bootstrap.servers': job.servers.kafka,
    listeners: `http://127.0.0.1:${await freePort(18_300)}`,
    'plugin.path': await makePluginFolders(job.folder, plugins),
    'offset.storage.file.filename': join(job.folder, 'offsets'),
    ...converters(converter, job.servers.registry),
    ...producer,
  };
  const files = [join(job.folder, 'worker.properties'), join(job.folder, 'connector.json')] as const;
  const lines = Object.entries(worker).map(([name, value]) => `${name}=${value}\n`);
  await writeFile(files[0], lines.join(''));
  await writeFile(files[1], JSON.stringify({ name: job.name, config: { ...config, ...connector } }), { mode: 0o600 });
  const main = 'org.apache.kafka.connect.cli.ConnectStandalone';
  const log = `-Dlog4j2.configurationFile=${join(projectRoot, 'embedded', 'log4j2.properties')}`;
  return new EngineProcess({
    name: 'Kafka Connect',
    folder: job.folder,
    command: java,
    args: [...javaFlags, log, '-cp', connect.join(delimiter), main, ...files],
    config: { java: javaFlags, worker, connector: { ...shown, ...connector } },
  });
}

function debezium(name: string, title: string, converter: Converter, tuning: Tuning): Engine {
  return {
    name,
    title,
    form: converter === 'avro' ? 'debezium-avro' : 'debezium-json',
    role: 'peer',
    takesSnapshots: true,
    prepare: async (progress) => {
      jars ??= fetchJars(progress);
      await jars;
    },
    topicOf: (job, table) => `${job.name}.${table}`,
    start: (job) => start(job, converter, tuning),
  };
}

export const debeziumEngines: readonly Engine[] = [
  debezium('debezium-avro', 'Debezium, Avro, defaults', 'avro', 'defaults'),
  debezium('debezium-avro-tuned', 'Debezium, Avro, tuned', 'avro', 'tuned'),
  debezium('debezium-avro-latency', 'Debezium, Avro, tuned, producer without linger', 'avro', 'latency'),
  debezium('debezium-json', 'Debezium, plain JSON, defaults', 'json', 'defaults'),
  debezium('debezium-json-tuned', 'Debezium, plain JSON, tuned', 'json', 'tuned'),
];
