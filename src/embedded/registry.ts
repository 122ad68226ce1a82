import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { ChildOptions } from './child-process.ts';
import { ChildProcess, endLeftover, StartError } from './child-process.ts';
import { javaFlags } from './java.ts';
import { freePort, releasePort } from './port.ts';

export interface RegistryOptions {
  /** Data and logs; kept from start to start, so that a schema keeps its id. */
  readonly directory: string;
  /** The distribution as fetched, unpacked once beside it. */
  readonly archive: string;
  readonly java: string;
  readonly port?: number;
}

const startWithinMs = 60_000;

/** A real Apicurio Registry on the loopback address; `url` is its Confluent-compatible API. */
export class Registry implements AsyncDisposable {
  readonly url: string;
  readonly #port: number;
  readonly #child: ChildProcess;

  private constructor(port: number, child: ChildProcess) {
    this.#port = port;
    this.#child = child;
    this.url = `http://127.0.0.1:${port}/apis/ccompat/v7`;
  }

  static async start(options: RegistryOptions): Promise<Registry> {
    const home = await unpack(options.archive);
    await mkdir(options.directory, { recursive: true });
    await endLeftover(childOptions(options, home, 0));
    for (let attempt = 1; ; attempt += 1) {
      const port = await freePort(options.port ?? 8081);
      const registry = new Registry(port, new ChildProcess(childOptions(options, home, port)));
      try {
        await registry.#child.ready(() => answers(`${registry.url}/subjects`), startWithinMs);
        return registry;
      } catch (error) {
        await registry.stop();
        if (attempt === 3 || !(error instanceof StartError && error.portTaken)) throw error;
      }
    }
  }

  /** Ends what a killed start left, and removes the data. */
  static async wipe(directory: string): Promise<void> {
    await endLeftover(childOptions({ directory, archive: '', java: '' }, '', 0));
    await rm(directory, { recursive: true, force: true });
  }

  async stop(): Promise<void> {
    await this.#child.stop();
    releasePort(this.#port);
  }

  /** As a crash would end it. */
  kill(): Promise<void> {
    return this.#child.kill();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

function childOptions(options: RegistryOptions, home: string, port: number): ChildOptions {
  return {
    name: 'The registry',
    command: options.java,
    args: [
      ...javaFlags(384),
      `-Dmillrace.directory=${options.directory}`,
      `-Dquarkus.http.port=${port}`,
      '-Dquarkus.http.host=127.0.0.1',
      '-Dquarkus.management.enabled=false',
      '-Dquarkus.log.level=WARN',
      '-Dquarkus.http.access-log.enabled=false',
      '-Dapicurio.datasource.jdbc.initial-size=2',
      '-Dapicurio.datasource.jdbc.min-size=2',
      // A file, written at once: an id that a record carries must be known after a crash as well.
      `-Dapicurio.datasource.url=jdbc:h2:file:${join(options.directory, 'registry')};WRITE_DELAY=0`,
      '-jar',
      join(home, 'apicurio-registry-app-3.0.9-runner.jar'),
    ],
    cwd: options.directory,
    logFile: join(options.directory, 'registry.log'),
    pidFile: join(options.directory, 'pid'),
    mark: `-Dmillrace.directory=${options.directory}`,
    stopSignal: 'TERM',
    stopWithinSeconds: 6,
  };
}

/** Under another name until it is whole, so that a kill in between leaves nothing that looks finished. */
async function unpack(archive: string): Promise<string> {
  const home = join(dirname(archive), 'unpacked');
  if (existsSync(home)) return home;
  const incoming = `${home}.incoming`;
  await rm(incoming, { recursive: true, force: true });
  await mkdir(incoming);
  await promisify(execFile)('tar', ['-xzf', archive, '-C', incoming]);
  await rename(incoming, home);
  return home;
}

async function answers(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(5000) });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false;
  }
}
