import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from '../embedded/cache.ts';
import type { ChildOptions } from '../embedded/child-process.ts';
import { ChildProcess, endLeftover, StartError } from '../embedded/child-process.ts';
import { freePort, releasePort } from '../embedded/port.ts';

export interface DemoWorkerOptions {
  readonly directory: string;
  readonly kafka: string;
  readonly registry: string;
  /** Of the sample database. */
  readonly postgres: URL;
  readonly port: number;
}

/** One connector as the REST interface shows it. */
export interface ConnectorState {
  readonly name: string;
  readonly state: string;
  /** Why it failed. */
  readonly trace: string | null;
}

const startWithinMs = 60_000;

/** The worker as a user starts it: `millrace standalone` with the files in `config`, in a process of its own. */
export class DemoWorker {
  readonly url: string;
  readonly #port: number;
  readonly #child: ChildProcess;

  private constructor(port: number, child: ChildProcess) {
    this.#port = port;
    this.#child = child;
    this.url = `http://127.0.0.1:${port}`;
  }

  static async start(options: DemoWorkerOptions): Promise<DemoWorker> {
    await mkdir(options.directory, { recursive: true });
    await DemoWorker.endLeftover(options.directory);
    for (let attempt = 1; ; attempt += 1) {
      const port = await freePort(options.port);
      const worker = new DemoWorker(port, new ChildProcess(childOptions(options.directory, environment(options, port))));
      try {
        await worker.#child.ready(() => answers(`${worker.url}/`), startWithinMs);
        return worker;
      } catch (error) {
        await worker.stop();
        if (attempt === 3 || !(error instanceof StartError && error.portTaken)) throw error;
      }
    }
  }

  static endLeftover(directory: string): Promise<void> {
    return endLeftover(childOptions(directory, {}));
  }

  get running(): boolean {
    return this.#child.running;
  }

  get logFile(): string {
    return this.#child.logFile;
  }

  async connectors(): Promise<ConnectorState[]> {
    const answer = await fetch(`${this.url}/connectors?expand=status`, { signal: AbortSignal.timeout(3000) });
    const states = (await answer.json()) as Record<string, { status: { connector: Part; tasks: Part[] } }>;
    return Object.entries(states).map(([name, { status }]) => {
      const failed = [status.connector, ...status.tasks].find((part) => part.state === 'FAILED');
      return { name, state: failed?.state ?? status.tasks[0]?.state ?? status.connector.state, trace: failed?.trace ?? null };
    });
  }

  async stop(): Promise<void> {
    await this.#child.stop();
    releasePort(this.#port);
  }

  kill(): Promise<void> {
    return this.#child.kill();
  }
}

interface Part {
  readonly state: string;
  readonly trace?: string;
}

/** What the files in `config` refer to with `${env:…}`. */
function environment({ kafka, registry, postgres }: DemoWorkerOptions, port: number): NodeJS.ProcessEnv {
  return {
    ...process.env,
    KAFKA_BOOTSTRAP_SERVERS: kafka,
    SCHEMA_REGISTRY_URL: registry,
    REST_PORT: String(port),
    POSTGRES_HOST: postgres.hostname,
    POSTGRES_PORT: postgres.port === '' ? '5432' : postgres.port,
    POSTGRES_USER: decodeURIComponent(postgres.username),
    POSTGRES_PASSWORD: decodeURIComponent(postgres.password),
    POSTGRES_DB: decodeURIComponent(postgres.pathname.slice(1)),
  };
}

function childOptions(directory: string, env: NodeJS.ProcessEnv): ChildOptions {
  const main = join(projectRoot, 'src', 'main.ts');
  const config = ['worker.json', 'connectors/postgres.json', 'connectors/csv.json'].map((file) => join('config', file));
  return {
    name: 'The worker',
    command: process.execPath,
    args: [main, 'standalone', ...config],
    // The sample CSV file is named relative to the checkout.
    cwd: projectRoot,
    env,
    logFile: join(directory, 'worker.log'),
    pidFile: join(directory, 'pid'),
    mark: main,
    stopSignal: 'TERM',
    stopWithinSeconds: 5,
  };
}

async function answers(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(3000) });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false;
  }
}
