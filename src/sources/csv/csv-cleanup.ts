import { copyFile, mkdir, open, rename, stat, unlink, type FileHandle } from 'node:fs/promises';
import { dirname, join, parse } from 'node:path';
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

export interface CleanedUp {
  /** The partitions of files that are gone: their offsets can be forgotten. */
  readonly gone: readonly OffsetMap[];
  /** Files turned out to have grown, and are to be looked at again. */
  readonly grew: boolean;
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

  /** Takes away what is due. */
  async run(): Promise<CleanedUp> {
    const gone: OffsetMap[] = [];
    let grew = false;
    for (const [name, { input, failed, due }] of this.#ended) {
      if (!due) continue;
      this.#ended.delete(name);
      const handle = await open(input.path, 'r').catch(() => null);
      if (handle === null) continue;
      try {
        // Rows were appended meanwhile, or another file took the name: the next look reads it.
        const isLeft = (await isOther(handle, input)) || !(await this.#take(input, failed, handle));
        grew ||= isLeft;
        if (isLeft) continue;
      } finally {
        await handle.close();
      }
      this.#confirmed.delete(name);
      if (!failed) gone.push({ filename: name });
    }
    return { gone, grew };
  }

  /** False when rows were appended until the file had lost its name, and it was therefore put back. */
  async #take(input: CsvInputFile, failed: boolean, handle: FileHandle): Promise<boolean> {
    const { policy, finishedPath, errorPath, keepRelativePath } = this.#options;
    const { path } = input;
    if (!failed && policy === 'delete') {
      await attempt(path, 'deleted', () => unlink(path));
      // Whoever opens the name from here on makes a new file, so this look at what had it is the last one needed.
      if (await isOther(handle, input)) {
        await this.#putBack(path, 'deleted', (to) => copyHandle(handle, to));
        return false;
      }
      this.#log.info({ file: path }, 'CSV file read and deleted');
      return true;
    }
    const day = policy === 'movebydate' && !failed ? new Date(this.#clock.now()).toISOString().slice(0, 10) : '';
    const name = keepRelativePath ? input.name : (input.name.split('/').at(-1) ?? input.name);
    const target = await freeName(join((failed ? errorPath : finishedPath) ?? '', day, name));
    await attempt(path, `moved to ${target}`, async () => {
      await mkdir(dirname(target), { recursive: true });
      await move(path, target);
    });
    if (!failed && (await isOther(handle, input))) {
      await this.#putBack(path, 'moved', async (to) => {
        await copyHandle(handle, to);
        await unlink(target);
      });
      return false;
    }
    this.#log.info({ file: path, target }, failed ? 'CSV file given up and moved' : 'CSV file read and moved');
    return true;
  }

  /** Under its name again; beside it, when another file has taken that meanwhile. */
  async #putBack(path: string, taken: string, put: (to: string) => Promise<void>): Promise<void> {
    try {
      await put(path);
      this.#log.info({ file: path }, `Rows were appended while the CSV file was ${taken}: it is put back and read on`);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
      const beside = await freeName(`${path}.unread`);
      await put(beside);
      this.#log.error(
        { file: path, beside },
        `Rows were appended while the CSV file was ${taken}, and another file has its name by now: look for them there`,
      );
    }
  }
}

async function isOther(handle: FileHandle, { state }: CsvInputFile): Promise<boolean> {
  const now = await handle.stat();
  return now.size !== state.size || now.ino !== state.inode;
}

/** All of an open file, which may have no name any more. Never over another file. */
async function copyHandle(handle: FileHandle, to: string): Promise<void> {
  const target = await open(to, 'wx');
  try {
    const buffer = Buffer.allocUnsafe(256 * 1024);
    for (let at = 0; ;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
      if (bytesRead === 0) return;
      await target.write(buffer, 0, bytesRead);
      at += bytesRead;
    }
  } finally {
    await target.close();
  }
}

/** `rides.csv`, or `rides-1.csv` where that is taken: an earlier file of the same name is not written over. */
async function freeName(path: string): Promise<string> {
  const { dir, name, ext } = parse(path);
  for (let count = 0; ; count += 1) {
    const candidate = count === 0 ? path : join(dir, `${name}-${count}${ext}`);
    if ((await stat(candidate).catch(() => null)) === null) return candidate;
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
