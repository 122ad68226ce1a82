import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { commandLineOf, isAlive } from './process-table.ts';
import { SetUpError } from './set-up-error.ts';

export interface ChildOptions {
  /** For messages: `Kafka`. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Standard output and error; the file of the start before is kept beside it as `.old`. */
  readonly logFile: string;
  /** Says for the next start which process this one left, should both its parent and its watcher be killed. */
  readonly pidFile: string;
  /** A part of the command line that no other process has: the data folder, for example. */
  readonly mark: string;
  readonly stopSignal: 'TERM' | 'INT';
  /** After that it is killed. */
  readonly stopWithinSeconds: number;
  /** Run as this user; only root may. */
  readonly user?: { readonly uid: number; readonly gid: number } | null;
}

/**
 * Becomes the command, and leaves behind a watcher that ends it when standard input closes: on purpose (`stop`) or because the
 * parent is gone, however it died. So no process outlives the one that started it. `gone` tells the watcher that there is
 * nothing left to end. Passed as text, since another user may not be able to read this folder.
 */
const watchedCommand = `
grace=$1 signal=$2; shift 2
pid=$$
exec 3<&0 </dev/null
( (
  exec >/dev/null 2>&1
  if read -r word <&3 && [ "$word" = gone ]; then exit; fi
  kill -"$signal" "$pid"
  tenths=0
  while kill -0 "$pid" && [ "$tenths" -lt "$((grace * 10))" ]; do sleep 0.1; tenths=$((tenths + 1)); done
  kill -KILL "$pid"
) & )
exec 3<&-
exec "$@"
`;

/** A process that ends with this one. */
export class ChildProcess {
  readonly pid: number;
  /** A sentence about how it ended. */
  readonly ended: Promise<string>;
  readonly #options: ChildOptions;
  readonly #closeInput: (word: string) => void;
  #running = true;

  constructor(options: ChildOptions) {
    this.#options = options;
    if (existsSync(options.logFile)) renameSync(options.logFile, `${options.logFile}.old`);
    const log = openSync(options.logFile, 'a', 0o644);
    const child = spawn(
      '/bin/sh',
      ['-c', watchedCommand, 'sh', String(options.stopWithinSeconds), options.stopSignal, options.command, ...options.args],
      {
        cwd: options.cwd,
        env: options.env ?? process.env,
        // A group of its own: Ctrl-C at the terminal reaches only the parent, which then stops its children in order.
        detached: true,
        stdio: ['pipe', log, log],
        ...options.user,
      },
    );
    closeSync(log);
    this.pid = child.pid ?? 0;
    if (child.pid !== undefined) writeFileSync(options.pidFile, String(child.pid));
    child.stdin?.on('error', () => {}); // The watcher may be gone already.
    this.#closeInput = (word) => child.stdin?.end(word);
    this.ended = new Promise((done) => {
      const end = (how: string): void => {
        this.#running = false;
        this.#closeInput('gone\n');
        rmSync(options.pidFile, { force: true });
        done(how);
      };
      child.once('error', (error) => end(error.message));
      child.once('exit', (code, signal) => end(signal === null ? `it ended with exit code ${code}` : `it was ended by ${signal}`));
    });
  }

  get logFile(): string {
    return this.#options.logFile;
  }

  get running(): boolean {
    return this.#running;
  }

  /** Asks it to end, and resolves when it has. */
  async stop(): Promise<void> {
    this.#closeInput('');
    await this.ended;
  }

  /** As a crash would end it. */
  async kill(): Promise<void> {
    if (this.#running) process.kill(this.pid, 'SIGKILL');
    await this.ended;
  }

  /** Resolves when `isReady` says so; rejects when the process ends before or takes longer than `withinMs`. */
  async ready(isReady: () => Promise<boolean>, withinMs: number): Promise<void> {
    const deadline = performance.now() + withinMs;
    while (!(await isReady())) {
      if (!this.#running) throw new StartError(this.#options, await this.ended);
      if (performance.now() > deadline) {
        await this.kill();
        throw new StartError(this.#options, `it was not ready within ${Math.round(withinMs / 1000)} s`);
      }
      await sleep(50);
    }
  }
}

/** A part that did not come up, with the end of its log. */
export class StartError extends SetUpError {
  /** Someone took the port between our look at it and the server's: another one may do. */
  readonly portTaken: boolean;

  constructor(options: ChildOptions, how: string) {
    const log = readFileSync(options.logFile, 'utf8').trimEnd();
    const tail = log.split('\n').slice(-12).join('\n').slice(-3000);
    super(`${options.name} did not start: ${how}; look at ${options.logFile} for the reason.${tail === '' ? '' : `\n${tail}`}`);
    this.portTaken = /address already in use|could not bind|BindException|EADDRINUSE|port \d+ seems to be in use/i.test(log);
  }
}

/** Ends what an earlier start left, for example after kill -9 of parent and watchers; a number that was given out anew is let be. */
export async function endLeftover(
  options: Pick<ChildOptions, 'name' | 'pidFile' | 'mark' | 'stopWithinSeconds' | 'stopSignal'>,
): Promise<void> {
  const pid = readPid(options.pidFile);
  if (pid === null) return;
  const isOurs = (): boolean => isAlive(pid) && commandLineOf(pid).includes(options.mark);
  const deadline = performance.now() + options.stopWithinSeconds * 1000;
  for (let signal: NodeJS.Signals = `SIG${options.stopSignal}`; isOurs();) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') break;
      throw new SetUpError(`${options.name} of an earlier start still runs as process ${pid} of another user: end it, then start again.`, {
        cause: error,
      });
    }
    while (isOurs() && performance.now() < deadline) await sleep(50);
    if (signal === 'SIGKILL') await sleep(50);
    signal = 'SIGKILL';
  }
  rmSync(options.pidFile, { force: true });
}

function readPid(file: string): number | null {
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    return Number.isInteger(pid) && pid > 1 ? pid : null;
  } catch {
    return null;
  }
}
