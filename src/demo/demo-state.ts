import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Kafka } from '../embedded/kafka.ts';
import { Postgres } from '../embedded/postgres.ts';
import { commandLineOf, isAlive } from '../embedded/process-table.ts';
import { Registry } from '../embedded/registry.ts';
import { SetUpError } from '../embedded/set-up-error.ts';
import { DemoWorker } from './demo-worker.ts';

export interface Ports {
  readonly kafka: number;
  readonly registry: number;
  readonly postgres: number;
  readonly rest: number;
}

const usualPorts: Ports = { kafka: 9092, registry: 8081, postgres: 5432, rest: 8083 };

/** The folder that a demo keeps from start to start. One demo at a time has it. */
export class DemoState implements AsyncDisposable {
  readonly directory: string;
  readonly #lock: string;

  private constructor(directory: string, lock: string) {
    this.directory = directory;
    this.#lock = lock;
  }

  /** Beside `directory` lies the lock, so that wiping the one does not open the other. */
  static async open(directory: string): Promise<DemoState> {
    const lock = `${directory}.pid`;
    await mkdir(directory, { recursive: true });
    for (;;) {
      try {
        await writeFile(lock, String(process.pid), { flag: 'wx' });
        return new DemoState(directory, lock);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const pid = Number(await readFile(lock, 'utf8').catch(() => '0'));
      if (pid !== process.pid && isAlive(pid) && / demo\b/.test(commandLineOf(pid))) {
        throw new SetUpError(`A demo runs already, as process ${pid}: end it, or set MILLRACE_CACHE to another folder for a second one.`);
      }
      await rm(lock, { force: true });
    }
  }

  /** Ends what a killed demo left and removes everything it kept. */
  async wipe(): Promise<void> {
    await DemoWorker.endLeftover(this.inside('worker'));
    await Kafka.wipe(this.inside('kafka'));
    await Registry.wipe(this.inside('registry'));
    await Postgres.wipe(this.inside('postgres'));
    await rm(this.directory, { recursive: true, force: true });
    await mkdir(this.directory, { recursive: true });
  }

  inside(name: string): string {
    return join(this.directory, name);
  }

  /** Where the parts listened last time: addresses that someone wrote down stay right while the ports are free. */
  async ports(): Promise<Ports> {
    try {
      return { ...usualPorts, ...(JSON.parse(await readFile(this.inside('ports.json'), 'utf8')) as Partial<Ports>) };
    } catch {
      return usualPorts;
    }
  }

  async keepPorts(ports: Ports): Promise<void> {
    await writeFile(this.inside('ports.incoming'), JSON.stringify(ports));
    await rename(this.inside('ports.incoming'), this.inside('ports.json'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#lock, { force: true });
  }
}
