import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { Clock } from '../../../base/clock.ts';
import { ConnectError } from '../../../base/errors.ts';
import type { Logger } from '../../../base/log.ts';
import { malformed } from '../frame-cursor.ts';
import { recordHeaderBytes, SpillFile } from './spill-file.ts';

/** What became of a frame. */
export const Taken = {
  /** It belongs to no transaction in progress: decode it. */
  PASS: 0,
  /** It is kept; bring the next one. */
  KEPT: 1,
  /** It is kept, and `settle` has to be awaited before the next one. */
  SETTLE: 2,
} as const;
export type Taken = (typeof Taken)[keyof typeof Taken];

/** Decodes `bytes[start, end)`, waits for what that asks for, and answers whether to go on. */
export type Deliver = (bytes: Buffer, start: number, end: number) => boolean | Promise<boolean>;

export interface SpillSettings {
  readonly directory: string;
  /** Of all transactions in progress together. */
  readonly bytesMax: number;
}

export interface TransactionSpillOptions extends SpillSettings {
  /** Names the files' own directory: one reader has the slot, so nobody else uses it. */
  readonly name: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Default: a file. */
  readonly createFile?: ((path: string) => Promise<SpillFile>) | undefined;
}

interface InProgress {
  readonly file: SpillFile;
  /** Subtransactions that were rolled back after some of their changes had come. */
  readonly aborted: Set<number>;
}

interface Commit {
  readonly xid: number;
  /** flags:int8 commitLsn:int64 endLsn:int64 commitTime:int64 */
  readonly message: Buffer;
}

/** 'w' walStart:int64 walEnd:int64 sent:int64, then the message. */
const headerBytes = 25;
const flushBytes = 1024 * 1024;
const diskFullRetryMs = 1000;

/**
 * Transactions that the server streams before they commit (protocol version 2): 'S' xid first … 'E' around parts of
 * them, 'A' for one that is rolled back, as a whole or a subtransaction, 'c' at the commit. What came is kept in a file
 * until the commit, and then handed on as if it came only now: begin, the messages without their xid and without what
 * was rolled back, commit. So everything behind sees what it would see without streaming, ordinals included.
 *
 * A full disk is waited for (the reader is closed meanwhile, the connection kept alive); beyond `bytesMax` the error
 * `postgres.spill` ends the stream, and the source goes on without parts.
 */
export class TransactionSpill {
  readonly #options: TransactionSpillOptions;
  readonly #directory: string;
  readonly #transactions = new Map<number, InProgress>();
  readonly #discarded: InProgress[] = [];
  /** The transaction whose part is coming; 0: none. */
  #xid = 0;
  #pending = Buffer.allocUnsafeSlow(flushBytes + 64 * 1024);
  #pendingBytes = 0;
  #pendingXid = 0;
  #commit: Commit | null = null;
  #closed = false;

  constructor(options: TransactionSpillOptions) {
    this.#options = options;
    this.#directory = join(options.directory, options.name);
  }

  /** What an earlier run left is of no use: the server sends every transaction again that was not confirmed. */
  async open(): Promise<void> {
    try {
      await rm(this.#directory, { recursive: true, force: true });
      await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw this.#unusable(error);
    }
  }

  /** One XLogData message in `bytes[start, end)`. */
  take(bytes: Buffer, start: number, end: number): Taken {
    const at = start + headerBytes;
    const tag = bytes[at];
    if (this.#xid !== 0) {
      if (tag === 0x45) return this.#stop();
      this.#keep(bytes, start, end);
      return this.#pendingBytes < flushBytes ? Taken.KEPT : Taken.SETTLE;
    }
    if (tag !== 0x53 && tag !== 0x63 && tag !== 0x41) return Taken.PASS;
    if (end - at < 5) throw malformed('a stream message without transaction');
    const xid = bytes.readUInt32BE(at + 1);
    switch (tag) {
      case 0x53: // S
        this.#xid = xid;
        return Taken.KEPT;
      case 0x63: // c
        if (end - at < 30) throw malformed('a stream commit that is too short');
        this.#commit = { xid, message: Buffer.from(bytes.subarray(at + 5, at + 30)) };
        return Taken.SETTLE;
      case 0x41: // A
        if (end - at < 9) throw malformed('a stream abort that is too short');
        return this.#abort(xid, bytes.readUInt32BE(at + 5));
    }
  }

  /** Does what `take` asked for. */
  async settle(deliver: Deliver): Promise<void> {
    for (const { file } of this.#discarded.splice(0)) await file.remove();
    await this.#flush();
    const commit = this.#commit;
    this.#commit = null;
    if (commit === null) return;
    const transaction = this.#transactions.get(commit.xid);
    this.#transactions.delete(commit.xid);
    try {
      await replay(commit, transaction, deliver);
    } finally {
      await transaction?.file.remove();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const { file } of [...this.#transactions.values(), ...this.#discarded]) await file.remove().catch(() => {});
    this.#transactions.clear();
    await rm(this.#directory, { recursive: true, force: true }).catch(() => {});
  }

  #stop(): Taken {
    this.#xid = 0;
    return this.#pendingBytes === 0 ? Taken.KEPT : Taken.SETTLE;
  }

  #abort(xid: number, subXid: number): Taken {
    const transaction = this.#transactions.get(xid);
    if (transaction === undefined) return Taken.KEPT;
    if (xid !== subXid) {
      transaction.aborted.add(subXid);
      return Taken.KEPT;
    }
    this.#transactions.delete(xid);
    this.#discarded.push(transaction);
    return Taken.SETTLE;
  }

  /** Without the xid that stands behind the tag of every message in a part, but for origins. */
  #keep(bytes: Buffer, start: number, end: number): void {
    const at = start + headerBytes;
    const isOrigin = bytes[at] === 0x4f;
    const skipped = isOrigin ? 0 : 4;
    if (end - at < 1 + skipped) throw malformed('a streamed message without transaction');
    const length = end - start - skipped;
    const wanted = this.#pendingBytes + recordHeaderBytes + length;
    if (wanted > this.#pending.length) {
      const larger = Buffer.allocUnsafeSlow(wanted);
      this.#pending.copy(larger, 0, 0, this.#pendingBytes);
      this.#pending = larger;
    }
    const pending = this.#pending;
    let to = this.#pendingBytes;
    pending.writeUInt32BE(length, to);
    pending.writeUInt32BE(isOrigin ? this.#xid : bytes.readUInt32BE(at + 1), to + 4);
    to += recordHeaderBytes;
    bytes.copy(pending, to, start, at + 1);
    bytes.copy(pending, to + headerBytes + 1, at + 1 + skipped, end);
    this.#pendingBytes = to + length;
    this.#pendingXid = this.#xid;
  }

  async #flush(): Promise<void> {
    if (this.#pendingBytes === 0) return;
    const total = [...this.#transactions.values()].reduce((sum, { file }) => sum + file.size, this.#pendingBytes);
    if (total > this.#options.bytesMax) throw this.#exceeded(total);
    const create = this.#options.createFile ?? ((path: string) => SpillFile.create(path));
    let transaction = this.#transactions.get(this.#pendingXid);
    if (transaction === undefined) {
      const file = await this.#patiently(() => create(join(this.#directory, String(this.#pendingXid))));
      transaction = { file, aborted: new Set() };
      this.#transactions.set(this.#pendingXid, transaction);
    }
    const { file } = transaction;
    for (let at = 0; at < this.#pendingBytes;) at = await this.#patiently(() => file.append(this.#pending, at, this.#pendingBytes));
    this.#pendingBytes = 0;
    if (this.#pending.length > 2 * flushBytes) this.#pending = Buffer.allocUnsafeSlow(flushBytes + 64 * 1024);
  }

  /** A full disk may get room again. */
  async #patiently<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await work();
      } catch (error) {
        const code = (error as { code?: unknown }).code;
        if ((code !== 'ENOSPC' && code !== 'EDQUOT') || this.#closed) throw this.#unusable(error);
        const { clock, log } = this.#options;
        if (attempt === 1) log.warn({ directory: this.#directory }, 'No room for a transaction in progress: waiting until there is some.');
        await clock.sleep(diskFullRetryMs);
      }
    }
  }

  #exceeded(bytes: number): ConnectError {
    const { bytesMax } = this.#options;
    return new ConnectError('postgres.spill', `Transactions in progress take ${bytes} bytes, and ${bytesMax} are allowed.`, {
      remedy: 'Raise "streaming.transactions.max.bytes", or set "streaming.transactions" to "off": then the server keeps them.',
      details: { directory: this.#directory },
    });
  }

  #unusable(cause: unknown): ConnectError {
    return new ConnectError('postgres.spill', `Transactions in progress cannot be kept in ${this.#directory}.`, {
      remedy: 'Set "streaming.transactions.directory" to one that can be written, or "streaming.transactions" to "off".',
      cause,
      details: { directory: this.#directory },
    });
  }
}

async function replay({ xid, message }: Commit, transaction: InProgress | undefined, deliver: Deliver): Promise<void> {
  const begin = Buffer.alloc(headerBytes + 21, 'w', 'latin1');
  // The header's position is that of the commit record, as the message says it.
  message.copy(begin, 1, 1, 9);
  begin.write('B', headerBytes, 'latin1');
  message.copy(begin, headerBytes + 1, 1, 9);
  message.copy(begin, headerBytes + 9, 17, 25);
  begin.writeUInt32BE(xid, headerBytes + 17);
  if (!(await deliver(begin, 0, begin.length))) return;
  if (transaction !== undefined) {
    const { aborted, file } = transaction;
    for await (const { bytes, end } of file.frames()) {
      for (let at = 0; at < end;) {
        const start = at + recordHeaderBytes;
        const subXid = bytes.readUInt32BE(at + 4);
        at = start + bytes.readUInt32BE(at);
        if (aborted.size > 0 && aborted.has(subXid)) continue;
        const going = deliver(bytes, start, at);
        if (going !== true && !(await going)) return;
      }
    }
  }
  const commit = Buffer.alloc(headerBytes + 26, 'w', 'latin1');
  message.copy(commit, 1, 9, 17);
  commit.write('C', headerBytes, 'latin1');
  message.copy(commit, headerBytes + 1);
  await deliver(commit, 0, commit.length);
}
