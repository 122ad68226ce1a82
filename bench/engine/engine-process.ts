import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ChildProcess } from '../../src/embedded/child-process.ts';

export interface EngineProcessOptions {
  readonly name: string;
  readonly folder: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly config: Readonly<Record<string, unknown>>;
}

/** An engine in a process of its own that ends with the bench, however that ends. */
export class EngineProcess {
  /** Exactly what it was configured with; secrets left out. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly #child: ChildProcess;

  constructor(options: EngineProcessOptions) {
    this.config = options.config;
    this.#child = new ChildProcess({
      name: options.name,
      command: options.command,
      args: options.args,
      cwd: options.folder,
      env: { ...process.env, ...options.environment },
      logFile: join(options.folder, 'engine.log'),
      pidFile: join(options.folder, 'engine.pid'),
      mark: options.folder,
      stopSignal: 'TERM',
      stopWithinSeconds: 10,
    });
  }

  get pid(): number {
    return this.#child.pid;
  }

  get log(): string {
    return readFileSync(this.#child.logFile, 'utf8');
  }

  requireRunning(): void {
    if (!this.#child.running) throw new Error(`the engine has ended; the end of its log:\n${this.log.trimEnd().slice(-3000)}`);
  }

  /** Stands still between two instructions, so that work can pile up: the same for every engine. */
  freeze(): void {
    process.kill(this.pid, 'SIGSTOP');
  }

  thaw(): void {
    process.kill(this.pid, 'SIGCONT');
  }

  async stop(): Promise<void> {
    if (this.#child.running) this.thaw();
    await this.#child.stop();
  }
}
