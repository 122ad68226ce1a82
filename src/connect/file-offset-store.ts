import { open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ConnectError } from '../base/errors.ts';
import {
  formatOffsetKey,
  parseOffset,
  parseOffsetKey,
  sameOffset,
  stringifyOffset,
  type OffsetMap,
  type SourceOffset,
} from '../record/offset.ts';
import type { OffsetStore } from './offset-store.ts';

/**
 * `offset.storage.file.filename`: offsets in a file beside the worker, as Kafka Connect's standalone mode has them.
 * Records and offsets cannot become visible together here, so this store is at-least-once.
 *
 * The file is replaced as a whole and synced before and after the rename: it is always either the old one or the new one.
 */
export class FileOffsetStore implements OffsetStore {
  readonly #path: string;
  readonly #entries: Map<string, OffsetMap>;
  #writing: Promise<void> = Promise.resolve();

  private constructor(path: string, entries: Map<string, OffsetMap>) {
    this.#path = path;
    this.#entries = entries;
  }

  /** A file that does not exist is an empty store. Throws `file.unreadable`. */
  static async open(path: string): Promise<FileOffsetStore> {
    let bytes: Buffer;
    try {
      bytes = await readFile(path);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return new FileOffsetStore(path, new Map());
      throw unreadable(path, 'cannot be read', cause);
    }
    if (bytes.length === 0) return new FileOffsetStore(path, new Map());
    if (bytes[0] === 0xac && bytes[1] === 0xed) throw unreadable(path, 'is a Java-serialised file of Kafka Connect');
    try {
      const parsed = JSON.parse(bytes.toString('utf8')) as Record<string, string>;
      return new FileOffsetStore(path, new Map(Object.entries(parsed).map(([key, value]) => [key, parseOffset(value)])));
    } catch (cause) {
      throw unreadable(path, 'is not an offsets file', cause);
    }
  }

  read(connector: string): Promise<readonly SourceOffset[]> {
    const offsets: SourceOffset[] = [];
    for (const [key, offset] of this.#entries) {
      const parsed = parseOffsetKey(key);
      if (parsed?.connector === connector) offsets.push({ partition: parsed.partition, offset });
    }
    return Promise.resolve(offsets);
  }

  write(connector: string, offsets: readonly SourceOffset[]): Promise<void> {
    const writing = this.#writing.catch(() => undefined).then(() => this.#replace(connector, offsets));
    this.#writing = writing;
    return writing;
  }

  async close(): Promise<void> {
    await this.#writing.catch(() => undefined);
  }

  async #replace(connector: string, offsets: readonly SourceOffset[]): Promise<void> {
    for (const { partition, offset } of offsets) {
      const known = [...this.#entries.keys()].find((key) => {
        const parsed = parseOffsetKey(key);
        return parsed?.connector === connector && sameOffset(parsed.partition, partition);
      });
      const key = known ?? formatOffsetKey(connector, partition);
      if (offset === null) this.#entries.delete(key);
      else this.#entries.set(key, offset);
    }
    const text = JSON.stringify(Object.fromEntries([...this.#entries].map(([key, offset]) => [key, stringifyOffset(offset)])), null, 1);
    try {
      await replaceFile(this.#path, text);
    } catch (cause) {
      throw new ConnectError('file.unreadable', `The offsets file ${this.#path} cannot be written`, {
        remedy: 'Check free space and the permissions of its folder, or leave offset.storage.file.filename out to keep offsets in Kafka.',
        cause,
      });
    }
  }
}

async function replaceFile(path: string, text: string): Promise<void> {
  const scratch = `${path}.new`;
  const file = await open(scratch, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(scratch, path);
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function unreadable(path: string, reason: string, cause?: unknown): ConnectError {
  return new ConnectError('file.unreadable', `The offsets file ${path}, given as offset.storage.file.filename, ${reason}`, {
    remedy: 'Name another file, or leave offset.storage.file.filename out to keep offsets in Kafka.',
    ...(cause === undefined ? {} : { cause }),
  });
}
