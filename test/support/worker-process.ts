import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { freePort, releasePort } from '../../src/embedded/port.ts';
import { stack } from './stack.ts';
import { uniqueName } from './unique-name.ts';

const main = join(import.meta.dirname, '..', '..', 'src', 'main.ts');
const startTimeoutMs = 180_000;
/** Below the ports that outgoing connections get, so that none takes it while the worker is down. */
const ports = { from: 11_000, count: 7000 };

export interface ConnectorFile {
  readonly name: string;
  readonly config: Readonly<Record<string, string>>;
}

/**
 * A worker in a process of its own, as a user runs it, with internal topics that no other test shares. It can be killed
 * and started again as often as a test likes; what it wrote to Kafka is all it keeps.
 */
export class WorkerProcess implements AsyncDisposable {
  readonly folder: string;
  readonly port: number;
  readonly files: string[];
  #child: ChildProcess | null = null;

  private constructor(folder: string, port: number, files: string[]) {
    this.folder = folder;
    this.port = port;
    this.files = files;
  }

  static async prepare(connectors: readonly ConnectorFile[], settings: Readonly<Record<string, string>> = {}): Promise<WorkerProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-worker-'));
    const port = await freePort(ports.from + randomInt(ports.count));
    const internal = uniqueName('internal');
    const worker = {
      'bootstrap.servers': stack.kafka,
      listeners: `http://127.0.0.1:${port}`,
      'key.converter': 'io.confluent.connect.avro.AvroConverter',
      'key.converter.schema.registry.url': stack.registry,
      'value.converter': 'io.confluent.connect.avro.AvroConverter',
      'value.converter.schema.registry.url': stack.registry,
      'offset.storage.topic': `${internal}-offsets`,
      'config.storage.topic': `${internal}-configs`,
      'status.storage.topic': `${internal}-status`,
      'offset.storage.partitions': '1',
      'status.storage.partitions': '1',
      'offset.storage.replication.factor': '1',
      'config.storage.replication.factor': '1',
      'status.storage.replication.factor': '1',
      'group.id': internal,
      ...settings,
    };
    const files = [join(folder, 'worker.json'), ...connectors.map(({ name }) => join(folder, `${name}.json`))];
    await Promise.all([
      writeFile(files[0] as string, JSON.stringify(worker)),
      ...connectors.map((connector, index) => writeFile(files[index + 1] as string, JSON.stringify(connector))),
    ]);
    return new WorkerProcess(folder, port, files);
  }

  /** One more connector file for the next start. */
  async addFile(connector: ConnectorFile): Promise<void> {
    const file = join(this.folder, `${connector.name}.json`);
    await writeFile(file, JSON.stringify(connector));
    this.files.push(file);
  }

  get running(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Of the running process. */
  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Resolves once the worker answers `/health` with 200. */
  async start(environment: Readonly<Record<string, string>> = {}): Promise<void> {
    this.launch(environment);
    const end = performance.now() + startTimeoutMs;
    for (;;) {
      if (!this.running) throw new Error(`the worker left while starting:\n${await this.log()}`);
      if (performance.now() > end) throw new Error(`the worker did not become healthy:\n${await this.log()}`);
      const healthy = await fetch(`http://127.0.0.1:${this.port}/health`).then(
        (answer) => answer.ok,
        () => false,
      );
      if (healthy) return;
      await tick();
    }
  }

  /** Starts the process and does not wait for anything. */
  launch(environment: Readonly<Record<string, string>> = {}): void {
    // Written by the process itself: what it has logged is in the file, whatever this process is busy with, and when it is killed.
    const log = openSync(join(this.folder, 'worker.log'), 'a');
    this.#child = spawn(process.execPath, [main, 'standalone', ...this.files], {
      stdio: ['ignore', log, log],
      env: { ...process.env, ...environment },
    });
    closeSync(log);
  }

  /** Resolves with the exit code, or the signal's name, when the process has ended by itself or by `kill`. */
  async ended(): Promise<number | string> {
    const child = this.#child;
    if (child === null) throw new Error('the worker was not started');
    if (this.running) await once(child, 'exit');
    return child.exitCode ?? child.signalCode ?? 'unknown';
  }

  async kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | string> {
    if (this.running) this.#child?.kill(signal);
    return this.ended();
  }

  async rest<Answer>(path: string, init?: RequestInit): Promise<Answer> {
    const answer = await fetch(`http://127.0.0.1:${this.port}${path}`, init);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${init?.method ?? 'GET'} ${path}: ${answer.status} ${text}`);
    return (text === '' ? null : JSON.parse(text)) as Answer;
  }

  async log(): Promise<string> {
    return readFile(join(this.folder, 'worker.log'), 'utf8');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.running) await this.kill('SIGKILL');
    releasePort(this.port);
    await rm(this.folder, { recursive: true, force: true });
  }
}

function tick(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 25));
}
