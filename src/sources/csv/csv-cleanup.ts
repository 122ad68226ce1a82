import { copyFile, mkdir, rename, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { ConnectError } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { OffsetMap, SourceOffset } from '../../record/offset.ts';
import type { CsvInputFile } from './csv-input.ts';

export interface CsvCleanupOptions {
  readonly policy: 'none' | 'delete' | 'move' | 'movebydate';
  /** Null: not given, so nothing can be moved there. */
  readonly finishedPath: string | null;
  readonly errorPath: string | null;
  readonly keepRelativePath: boolean;
}

/** The end of a file as its offset has it. That must be confirmed before the file may go. */
export interface FileEnd {
  readonly position: number;
  /** Tells it from the same position in another file of that name. */
  readonly fingerprint: string;
}

interface Ended {
  readonly input: CsvInputFile;
  readonly end: FileEnd;
  readonly failed: boolean;
  due: boolean;
}

/** Takes files away that have been read to their end, as soon as that is durable downstream, and not before. */
export class CsvCleanup {
  readonly #options: CsvCleanupOptions;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #ended = new Map<string, Ended>();
  /** How far each file is durable: its last rows may be so before its end is known. */
  readonly #confirmed = new Map<string, OffsetMap>();

  constructor(options: CsvCleanupOptions, clock: Clock, log: Logger) {
    this.#options = options;
    this.#clock = clock;
    this.#log = log;
  }

  /** Whether files wait to be taken away. */
  get isPending(): boolean {
    return this.#ended.size > 0;
  }

  /** A file was read to its end, or given up. `due`: all of it is confirmed already. */
  ended(input: CsvInputFile, end: FileEnd, failed: boolean, due: boolean): void {
    if (this.#options.policy === 'none' && !failed) return;
    if (this.#ended.has(input.name)) return;
    this.#ended.set(input.name, { input, end, failed, due: due || isAt(this.#confirmed.get(input.name), end) });
  }

  /** The file goes on, or is no longer the one that ended. */
  forget(name: string): void {
    this.#ended.delete(name);
  }

  confirmed(offsets: readonly SourceOffset[]): void {
    if (this.#options.policy === 'none' && this.#options.errorPath === null) return;
    for (const { partition, offset } of offsets) {
      const name = String(partition['filename']);
      if (offset === null) continue;
      this.#confirmed.set(name, offset);
      const ended = this.#ended.get(name);
      if (ended !== undefined && isAt(offset, ended.end)) ended.due = true;
    }
  }

  /** Takes away what is due. The partitions of files that are gone: their offsets can be forgotten. */
  async run(): Promise<OffsetMap[]> {
    const gone: OffsetMap[] = [];
    for (const [name, { input, failed, due }] of this.#ended) {
      if (!due) continue;
      this.#ended.delete(name);
      const now = await stat(input.path).catch(() => null);
      if (now === null) continue;
      // Rows were appended meanwhile, or another file took the name: the next look reads it.
      if (now.size !== input.state.size || now.ino !== input.state.inode) continue;
      await this.#take(input, failed);
      this.#confirmed.delete(name);
      if (!failed) gone.push({ filename: name });
    }
    return gone;
  }

  async #take(input: CsvInputFile, failed: boolean): Promise<void> {
    const { policy, finishedPath, errorPath, keepRelativePath } = this.#options;
    if (!failed && policy === 'delete') {
      await attempt(input.path, 'deleted', () => unlink(input.path));
      this.#log.info({ file: input.path }, 'CSV file read and deleted');
      return;
    }
    const day = policy === 'movebydate' && !failed ? new Date(this.#clock.now()).toISOString().slice(0, 10) : '';
    const name = keepRelativePath ? input.name : (input.name.split('/').at(-1) ?? input.name);
    const target = join((failed ? errorPath : finishedPath) ?? '', day, name);
    await attempt(input.path, `moved to ${target}`, async () => {
      await mkdir(dirname(target), { recursive: true });
      await move(input.path, target);
    });
    this.#log.info({ file: input.path, target }, failed ? 'CSV file given up and moved' : 'CSV file read and moved');
  }
}

function isAt(offset: OffsetMap | undefined, end: FileEnd): boolean {
  return offset !== undefined && offset['position'] === end.position && offset['fingerprint'] === end.fingerprint;
}

/** Also across file systems. */
async function move(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EXDEV')) throw error;
    await copyFile(from, to);
    await unlink(from);
  }
}

async function attempt(path: string, what: string, action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    throw new ConnectError('file.unreadable', `CSV file ${path} has been read and cannot be ${what}.`, {
      remedy: 'Grant write permission on both folders to the user that runs the worker; nothing is read twice.',
      cause: error,
      details: { file: path },
    });
  }
}
