import { createHash } from 'node:crypto';
import { readSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { TextDecoder } from 'node:util';
import { ConnectError } from '../../base/errors.ts';
import type { CsvCharset } from './csv-charset.ts';
import type { CsvReader } from './csv-reader.ts';
import { unpack, type Compression } from './unpack.ts';

/** Bytes before a position whose hash tells whether a file is still the one that was read up to there. */
const fingerprintBytes = 1024;

export interface CsvFileState {
  readonly size: number;
  readonly inode: number;
  readonly modifiedMs: number;
}

/** An open CSV file, read from front to back into a reader's window as UTF-8. */
export class CsvFile {
  readonly path: string;
  readonly #handle: FileHandle;
  readonly #charset: CsvCharset;
  #at = 0;
  #decoder: TextDecoder | null = null;
  #raw: Buffer | null = null;

  private constructor(path: string, handle: FileHandle, charset: CsvCharset) {
    this.path = path;
    this.#handle = handle;
    this.#charset = charset;
  }

  /** A packed file is unpacked first, and one in an encoding of various widths becomes UTF-8; size and positions are then those of its unpacked bytes. */
  static async open(path: string, charset: CsvCharset, compression: Compression = 'none'): Promise<CsvFile> {
    let handle: FileHandle;
    try {
      handle = await open(path, 'r');
    } catch (error) {
      throw unreadable('CSV file', path, error);
    }
    const stat = await handle.stat();
    if (stat.isFile() && compression === 'none' && !charset.whole) return new CsvFile(path, handle, charset);
    await handle.close();
    if (stat.isFile()) return new CsvFile(path, await unpack(path, compression, charset.whole ? charset.name : null), charset);
    throw new ConnectError('file.unreadable', `CSV file ${path} is not a regular file.`, {
      remedy: 'Name a file in "file", or a folder in "input.path".',
      details: { file: path },
    });
  }

  /** The next `read` starts at this byte of the file. */
  seek(position: number): void {
    this.#at = position;
    this.#decoder = null;
  }

  /** Up to about `bytes` more into the reader's window; the number of bytes of the file read, 0 at its end. */
  async read(reader: CsvReader, bytes: number): Promise<number> {
    const target = reader.room(bytes);
    if (this.#charset.widthOf === null) {
      const read = await this.#readInto(target, Math.min(target.length, bytes));
      reader.filled(read);
      return read;
    }
    // A byte of the file becomes at most three of UTF-8.
    this.#raw ??= Buffer.allocUnsafeSlow(Math.max(4, Math.floor(bytes / 3 / 2) * 2));
    this.#decoder ??= new TextDecoder(this.#charset.name, { ignoreBOM: true });
    const read = await this.#readInto(this.#raw, this.#raw.length);
    const text = this.#decoder.decode(this.#raw.subarray(0, read), { stream: true });
    reader.filled(target.write(text, 'utf8'));
    return read;
  }

  /**
   * A hash of what stands directly before `position`, and whether that ends a line with a line feed, or is a carriage return. Reads synchronously, so that it can
   * be taken while a batch is sealed.
   */
  fingerprint(position: number): { readonly hash: string; readonly midLine: boolean; readonly afterReturn: boolean } {
    const start = Math.max(0, position - fingerprintBytes);
    const bytes = Buffer.alloc(position - start);
    let length = 0;
    while (length < bytes.length) {
      const read = readSync(this.#handle.fd, bytes, length, bytes.length - length, start + length);
      if (read === 0) break;
      length += read;
    }
    const { unit, name } = this.#charset;
    const last = length < unit ? 10 : (bytes[length - (name === 'utf-16le' ? 2 : 1)] ?? 0);
    const high = length < unit || unit === 1 ? 0 : (bytes[length - (name === 'utf-16le' ? 1 : 2)] ?? 0);
    return {
      hash: createHash('sha256').update(bytes.subarray(0, length)).digest('hex').slice(0, 16),
      midLine: position > 0 && (last !== 10 || high !== 0),
      afterReturn: last === 13 && high === 0,
    };
  }

  /** What stands between two positions, as it is in the file. Synchronous, for errors only. */
  between(from: number, to: number): Uint8Array {
    const bytes = Buffer.alloc(Math.max(0, to - from));
    return bytes.subarray(0, readSync(this.#handle.fd, bytes, 0, bytes.length, from));
  }

  async state(): Promise<CsvFileState> {
    const stat = await this.#handle.stat();
    return { size: stat.size, inode: stat.ino, modifiedMs: stat.mtimeMs };
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  async #readInto(target: Buffer, bytes: number): Promise<number> {
    try {
      const { bytesRead } = await this.#handle.read(target, 0, bytes, this.#at);
      this.#at += bytesRead;
      return bytesRead;
    } catch (error) {
      throw unreadable('CSV file', this.path, error);
    }
  }
}

/** Which of the usual reasons it was, with its remedy. */
export function unreadable(what: string, path: string, cause: unknown): ConnectError {
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  const details = { file: path };
  switch (code) {
    case 'ENOENT':
      return new ConnectError('file.unreadable', `${what} ${path} does not exist.`, {
        remedy: 'Check the path; it is taken relative to the folder in which the worker was started.',
        cause,
        details,
      });
    case 'EACCES':
    case 'EPERM':
      return new ConnectError('file.unreadable', `${what} ${path} may not be read by this user.`, {
        remedy: 'Grant read permission (for a folder also the right to enter it) to the user that runs the worker.',
        cause,
        details,
      });
    case 'ENOTDIR':
      return new ConnectError('file.unreadable', `${what} ${path} is not a folder.`, {
        remedy: 'Name a single file in "file".',
        cause,
        details,
      });
    default:
      return new ConnectError('file.unreadable', `${what} ${path} cannot be read (${code}).`, {
        remedy: 'Look at the state of the file system and of the file.',
        cause,
        details,
      });
  }
}
