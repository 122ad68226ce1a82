import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { Kafka as KafkaClient, logLevel } from 'kafkajs';
import { projectRoot } from './cache.ts';
import type { ChildOptions } from './child-process.ts';
import { ChildProcess, endLeftover, StartError } from './child-process.ts';
import { javaFlags } from './java.ts';
import { freePort, releasePort } from './port.ts';

export interface KafkaOptions {
  /** Data, settings and logs; kept from start to start. */
  readonly directory: string;
  /** The jars, all of them. */
  readonly jars: readonly string[];
  readonly java: string;
  /** The first broker's; a taken one means the next free one. */
  readonly port?: number;
  /** 1 unless a test wants to lose one. Internal topics get as many replicas, at most 3. */
  readonly brokers?: number;
  readonly heapMb?: number;
  /** Further lines for `server.properties`. */
  readonly settings?: Readonly<Record<string, string>>;
}

interface Node {
  readonly id: number;
  readonly directory: string;
  readonly port: number;
  readonly controllerPort: number;
}

const startWithinMs = 60_000;

/** A real Apache Kafka on the loopback address, without ZooKeeper: every node is broker and controller. */
export class Kafka implements AsyncDisposable {
  readonly bootstrapServers: string;
  readonly #options: KafkaOptions;
  readonly #nodes: readonly Node[];
  readonly #running = new Map<number, ChildProcess>();

  private constructor(options: KafkaOptions, nodes: readonly Node[]) {
    this.#options = options;
    this.#nodes = nodes;
    this.bootstrapServers = nodes.map((node) => `127.0.0.1:${node.port}`).join(',');
  }

  static async start(options: KafkaOptions): Promise<Kafka> {
    for (let attempt = 1; ; attempt += 1) {
      const nodes: Node[] = [];
      for (let id = 1; id <= (options.brokers ?? 1); id += 1) {
        const directory = join(options.directory, `node-${id}`);
        await mkdir(directory, { recursive: true });
        await endLeftover(childOptions(options, directory, []));
        nodes.push({ id, directory, port: await freePort(options.port ?? 9092), controllerPort: await freePort(19_092) });
      }
      const kafka = new Kafka(options, nodes);
      try {
        await Promise.all(nodes.map((node) => kafka.#format(node)));
        await Promise.all(nodes.map((node) => kafka.startBroker(node.id)));
        return kafka;
      } catch (error) {
        await kafka.stop();
        if (attempt === 3 || !(error instanceof StartError && error.portTaken)) throw error;
      }
    }
  }

  /** Ends what a killed start left, and removes the data. */
  static async wipe(directory: string): Promise<void> {
    for (const name of existsSync(directory) ? await readdir(directory) : []) {
      if (name.startsWith('node-')) await endLeftover(childOptions({ directory, jars: [], java: '' }, join(directory, name), []));
    }
    await rm(directory, { recursive: true, force: true });
  }

  get brokerIds(): readonly number[] {
    return this.#nodes.map((node) => node.id);
  }

  async startBroker(id: number): Promise<void> {
    const node = this.#node(id);
    const { jars, heapMb = 512 } = this.#options;
    const child = new ChildProcess(
      childOptions(this.#options, node.directory, [
        ...javaFlags(heapMb),
        `-Dmillrace.directory=${node.directory}`,
        `-Dlog4j2.configurationFile=${join(projectRoot, 'embedded', 'log4j2.properties')}`,
        '-cp',
        jars.join(delimiter),
        'kafka.Kafka',
        join(node.directory, 'server.properties'),
      ]),
    );
    this.#running.set(id, child);
    const clusterId = await this.#clusterId();
    await child.ready(() => answers(node.port, id, clusterId), startWithinMs);
  }

  async stopBroker(id: number): Promise<void> {
    await this.#running.get(id)?.stop();
    this.#running.delete(id);
  }

  /** As a crash would end it. */
  async killBroker(id: number): Promise<void> {
    await this.#running.get(id)?.kill();
    this.#running.delete(id);
  }

  async stop(): Promise<void> {
    await Promise.all(this.brokerIds.map((id) => this.stopBroker(id)));
    for (const node of this.#nodes) {
      releasePort(node.port);
      releasePort(node.controllerPort);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #node(id: number): Node {
    const node = this.#nodes[id - 1];
    if (node === undefined) throw new RangeError(`no broker ${id}`);
    return node;
  }

  /** Settings are written anew each time, since ports may differ; the data folder is formatted once. */
  async #format(node: Node): Promise<void> {
    const settings = join(node.directory, 'server.properties');
    const data = join(node.directory, 'data');
    await writeFile(settings, properties(serverSettings(node, this.#nodes, data, this.#options)));
    if (existsSync(join(data, 'meta.properties'))) return;
    const args = ['-Xshare:auto', '-XX:TieredStopAtLevel=1', '-cp', this.#options.jars.join(delimiter), 'kafka.tools.StorageTool'];
    await promisify(execFile)(this.#options.java, [...args, 'format', '-t', await this.#clusterId(), '-c', settings]);
  }

  /** 16 random bytes, base64url without padding, as Kafka writes its ids; the same for all nodes. */
  async #clusterId(): Promise<string> {
    const file = join(this.#options.directory, 'cluster-id');
    try {
      await writeFile(file, randomBytes(16).toString('base64url').replace(/^-/, 'A'), { flag: 'wx' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    return await readFile(file, 'utf8');
  }
}

function childOptions(options: KafkaOptions, directory: string, args: readonly string[]): ChildOptions {
  return {
    name: 'Kafka',
    command: options.java,
    args,
    cwd: directory,
    logFile: join(directory, 'kafka.log'),
    pidFile: join(directory, 'pid'),
    mark: `-Dmillrace.directory=${directory}`,
    stopSignal: 'TERM',
    stopWithinSeconds: 6,
  };
}

function serverSettings(node: Node, nodes: readonly Node[], data: string, options: KafkaOptions): Record<string, string> {
  const replicas = String(Math.min(nodes.length, 3));
  return {
    'process.roles': 'broker,controller',
    'node.id': String(node.id),
    'controller.quorum.voters': nodes.map((each) => `${each.id}@127.0.0.1:${each.controllerPort}`).join(','),
    listeners: `PLAINTEXT://127.0.0.1:${node.port},CONTROLLER://127.0.0.1:${node.controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${node.port}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': data,
    // Whoever wants a topic makes it, with the partitions it should have.
    'auto.create.topics.enable': 'false',
    'num.partitions': '3',
    'offsets.topic.num.partitions': '4',
    'offsets.topic.replication.factor': replicas,
    'transaction.state.log.num.partitions': '4',
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': nodes.length > 2 ? '2' : '1',
    'share.coordinator.state.topic.num.partitions': '1',
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    // The cleaner's map lies in the heap: the default of 128 MB would be most of it.
    'log.cleaner.dedupe.buffer.size': '8388608',
    ...options.settings,
  };
}

function properties(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value.replaceAll('\\', '\\\\')}\n`)
    .join('');
}

/** Up means that the broker knows itself as a member of this cluster, not only that its port is open. */
async function answers(port: number, id: number, ownClusterId: string): Promise<boolean> {
  const client = new KafkaClient({
    brokers: [`127.0.0.1:${port}`],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 1000,
    requestTimeout: 2000,
    retry: { retries: 0 },
  });
  const admin = client.admin();
  try {
    await admin.connect();
    const { brokers, clusterId } = await admin.describeCluster();
    return clusterId === ownClusterId && brokers.some((broker) => broker.nodeId === id);
  } catch {
    return false;
  } finally {
    await admin.disconnect().catch(() => {});
  }
}
