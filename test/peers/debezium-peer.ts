import { copyFile, link, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';

import { ensureArtifacts } from '../../src/embedded/artifacts.ts';
import { cacheDirectory, projectRoot } from '../../src/embedded/cache.ts';
import { ChildProcess } from '../../src/embedded/child-process.ts';
import { findJava } from '../../src/embedded/java.ts';
import { freePort, releasePort } from '../../src/embedded/port.ts';
import { SetUpError } from '../../src/embedded/set-up-error.ts';
import { stack } from '../support/stack.ts';

interface Jars {
  readonly java: string;
  readonly connect: readonly string[];
  readonly plugins: Readonly<Record<string, readonly string[]>>;
}

/** Debezium itself, on Kafka Connect with Apicurio's converter: the jars that the bench compares with. */
export class DebeziumPeer implements AsyncDisposable {
  readonly #folder: string;
  readonly #port: number;
  readonly #child: ChildProcess;

  private constructor(folder: string, port: number, child: ChildProcess) {
    this.#folder = folder;
    this.#port = port;
    this.#child = child;
  }

  /** Java and the jars, fetched once; a sentence where they are not to be had. */
  static async find(progress: (text: string) => void): Promise<Jars | string> {
    try {
      const repository = join(cacheDirectory(), 'maven');
      const java = await findJava();
      const fetch = async (name: string, subject: string): Promise<string[]> => {
        const files = await ensureArtifacts({ repository, folder: `bench/peer/${name}`, subject, progress });
        return [...files.values()].filter((file) => file.endsWith('.jar'));
      };
      const connect = await fetch('connect', 'Kafka Connect');
      const ofPlugin = async (name: string, subject: string): Promise<string[]> =>
        (await fetch(name, subject)).filter((file) => !file.includes('/org/apache/kafka/'));
      const debezium = await ofPlugin('debezium', 'Debezium');
      const apicurio = await ofPlugin('apicurio', "Apicurio's Avro converter");
      // Their CloudEventsConverter asks for a method that the JsonConverter of Kafka 4.3 no longer has, and makes Apicurio's itself.
      const json = await fetch('events', "Kafka Connect's JSON converter of before");
      const blackbird = connect.filter((file) => file.includes('/jackson-module-blackbird/'));
      const plugins = { debezium: onceEach([...debezium, ...json, ...blackbird, ...apicurio]), apicurio };
      return { java, connect, plugins };
    } catch (error) {
      if (error instanceof SetUpError) return error.message;
      throw error;
    }
  }

  static async start({ java, connect, plugins }: Jars): Promise<DebeziumPeer> {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-peer-'));
    for (const [name, files] of Object.entries(plugins)) {
      await mkdir(join(folder, 'plugins', name), { recursive: true });
      for (const file of files) {
        const target = join(folder, 'plugins', name, basename(file));
        await link(file, target).catch(() => copyFile(file, target));
      }
    }
    const port = await freePort(18_400);
    const properties = join(folder, 'worker.properties');
    const worker = {
      'bootstrap.servers': stack.kafka,
      listeners: `http://127.0.0.1:${port}`,
      'plugin.path': join(folder, 'plugins'),
      'offset.storage.file.filename': join(folder, 'offsets'),
      'offset.flush.interval.ms': '1000',
      ...converter('key'),
      ...converter('value'),
    };
    const lines = Object.entries(worker).map(([name, value]) => `${name}=${value}\n`);
    await writeFile(properties, lines.join(''));
    const log = `-Dlog4j2.configurationFile=${join(projectRoot, 'embedded', 'log4j2.properties')}`;
    const main = 'org.apache.kafka.connect.cli.ConnectStandalone';
    const child = new ChildProcess({
      name: 'Kafka Connect',
      command: java,
      args: ['-Xmx600m', '-XX:+UseSerialGC', log, '-cp', connect.join(delimiter), main, properties],
      cwd: folder,
      logFile: join(folder, 'connect.log'),
      pidFile: join(folder, 'connect.pid'),
      mark: folder,
      stopSignal: 'TERM',
      stopWithinSeconds: 5,
    });
    const peer = new DebeziumPeer(folder, port, child);
    const answers = async (): Promise<boolean> => {
      const answer = await fetch(`http://127.0.0.1:${port}/connectors`).catch(() => null);
      return answer?.ok === true;
    };
    await child.ready(answers, 240_000);
    return peer;
  }

  async add(name: string, config: Readonly<Record<string, string>>): Promise<void> {
    await this.#rest('POST', '/connectors', { name, config });
  }

  async remove(name: string): Promise<void> {
    await this.#rest('DELETE', `/connectors/${name}`);
  }

  /** The trace of a connector that has failed; null: it runs. */
  async failure(name: string): Promise<string | null> {
    const status = JSON.stringify(await this.#rest('GET', `/connectors/${name}/status`));
    return status.includes('FAILED') ? status.slice(0, 6000) : null;
  }

  log(): Promise<string> {
    return readFile(join(this.#folder, 'connect.log'), 'utf8');
  }

  async #rest(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await fetch(`http://127.0.0.1:${this.#port}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === '' ? null : JSON.parse(text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing of it is kept, so it need not end in order.
    await this.#child.kill();
    releasePort(this.#port);
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** The first of each artifact, whatever their versions. */
function onceEach(files: readonly string[]): string[] {
  return [...new Map(files.toReversed().map((file) => [basename(dirname(dirname(file))), file])).values()];
}

function converter(part: string): Record<string, string> {
  const settings: Record<string, string> = {
    '': 'io.apicurio.registry.utils.converter.AvroConverter',
    '.apicurio.registry.url': stack.registry.replace(/\/apis\/.*$/, '/apis/registry/v2'),
    '.apicurio.registry.auto-register': 'true',
    '.apicurio.registry.find-latest': 'true',
    '.apicurio.registry.as-confluent': 'true',
    '.apicurio.registry.use-id': 'contentId',
    '.apicurio.registry.headers.enabled': 'false',
  };
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [`${part}.converter${name}`, value]));
}
