import { open, rm, type FileHandle } from 'node:fs/promises';

const readBytes = 1024 * 1024;
/** Before each frame: its length and the (sub)transaction it belongs to. */
export const recordHeaderBytes = 8;

/** Frames of one transaction in progress, one after the other in a file. Append, then read once from the start. */
export class SpillFile {
  readonly #path: string;
  readonly #file: FileHandle;
  #size = 0;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  static async create(path: string): Promise<SpillFile> {
    return new SpillFile(path, await open(path, 'w+', 0o600));
  }

  get size(): number {
    return this.#size;
  }

  /**
   * Writes `bytes[start, end)` behind what is there, as far as it goes; answers where it stopped. A call after an error
   * goes on with what is missing.
   */
  async append(bytes: Buffer, start: number, end: number): Promise<number> {
    const { bytesWritten } = await this.#file.write(bytes, start, end - start, this.#size);
    this.#size += bytesWritten;
    return start + bytesWritten;
  }

  /** Every frame in order, as `bytes[start, end)`, borrowed until the next; memory is one read or one frame. */
  async *frames(): AsyncGenerator<FrameRun> {
    let buffer = Buffer.allocUnsafeSlow(Math.min(readBytes, Math.max(this.#size, recordHeaderBytes)));
    for (let at = 0; at < this.#size;) {
      const { bytesRead } = await this.#file.read(buffer, 0, Math.min(buffer.length, this.#size - at), at);
      if (bytesRead === 0) throw new Error(`${this.#path} ends at ${at} instead of ${this.#size}`);
      const end = wholeRecords(buffer, bytesRead);
      if (end === 0) {
        const wanted = bytesRead < recordHeaderBytes ? 0 : recordHeaderBytes + buffer.readUInt32BE(0);
        if (wanted > buffer.length) buffer = Buffer.allocUnsafeSlow(wanted);
        continue;
      }
      yield { bytes: buffer, end };
      at += end;
    }
  }

  async remove(): Promise<void> {
    await this.#file.close().catch(() => {});
    await rm(this.#path, { force: true });
  }
}

/** Whole records in `bytes[0, end)`. */
export interface FrameRun {
  readonly bytes: Buffer;
  readonly end: number;
}

/** Where the last record ends that is completely there. */
function wholeRecords(bytes: Buffer, length: number): number {
  let at = 0;
  while (length - at >= recordHeaderBytes) {
    const next = at + recordHeaderBytes + bytes.readUInt32BE(at);
    if (next > length) break;
    at = next;
  }
  return at;
}
