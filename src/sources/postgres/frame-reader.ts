import { ConnectError } from '../../base/errors.ts';
import { malformed } from './frame-cursor.ts';

/** What the connection's bytes are made of, told synchronously and in order. */
export interface FrameHandler {
  /** So many bytes have come and are about to be handled; as many as there was `room` for: more is waiting. */
  arrived(bytes: number, room: number): void;
  /** One CopyData payload in `bytes[start, end)`, borrowed: valid during the call. False: bring no other before `open()`. */
  frame(bytes: Buffer, start: number, end: number): boolean;
  /** Any other message, whole: a copy. */
  other(message: Buffer): void;
  /** `frame` answered false, and everything behind that frame waits. */
  closed(): void;
  failed(error: unknown): void;
}

/** Holds what a walsender at full speed sends in a few milliseconds. */
const readBufferBytes = 256 * 1024;
const readBytesMin = 64 * 1024;
/** Postgres itself has no message larger than this. */
const messageBytesMax = 0x4000_0000;
/** Errors and notices; a larger one is no message but garbage. */
const otherBytesMax = 16 * 1024 * 1024;
/**
 * While the reader is closed the socket is paused, so only what was already read can arrive. A longer queue means that
 * the pause does not work (invariant 6).
 */
export const heldBytesMax = 64 * 1024 * 1024;

/**
 * Cuts the connection's bytes into messages inside one buffer, which is read into, handled and read into again: no
 * object and no copy per message. A message that came in part is moved to the front before the next read; one that is
 * larger than the buffer gets its room for as long as it is there.
 *
 * While it is closed (a shape is being declared, or the outlet is full) what came stays where it is, in order
 * (invariant 3).
 */
export class FrameReader {
  readonly #handler: FrameHandler;
  #bytes = Buffer.allocUnsafeSlow(readBufferBytes);
  /** The first byte that has not been handled, and the end of what was read. */
  #start = 0;
  #end = 0;
  #attached = false;
  #closed = false;
  #stopped = false;

  constructor(handler: FrameHandler) {
    this.#handler = handler;
  }

  /** From now on the connection's bytes are read here. */
  get attached(): boolean {
    return this.#attached;
  }

  attach(): void {
    this.#attached = true;
  }

  /** Nothing is handled at the moment. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Where the next read goes; `filled` says how much came. What was asked for before is void. */
  room(): Buffer {
    const rest = this.#end - this.#start;
    if (rest === 0 && this.#bytes.length <= 2 * readBufferBytes) {
      this.#start = 0;
      this.#end = 0;
    } else if (rest === 0 || this.#bytes.length - this.#end < this.#wanted(rest)) {
      this.#move(rest, this.#wanted(rest));
    }
    return this.#bytes.subarray(this.#end);
  }

  /** So many bytes have been read into what `room` answered last. */
  filled(length: number): void {
    if (this.#stopped) return;
    this.#end += length;
    try {
      if (this.#closed && this.#end - this.#start > heldBytesMax) throw overrun(this.#end - this.#start);
      this.#handler.arrived(length, this.#bytes.length - this.#end + length);
      const wasClosed = this.#closed;
      this.#run();
      if (this.#closed && !wasClosed && !this.#stopped) this.#handler.closed();
    } catch (error) {
      this.stop();
      this.#handler.failed(error);
    }
  }

  /** Bytes that were read into another buffer. */
  append(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length && !this.#stopped;) {
      const part = chunk.subarray(at, at + this.room().length);
      this.#bytes.set(part, this.#end);
      at += part.length;
      this.filled(part.length);
    }
  }

  /** From outside of the handler: no other frame before `open()`. */
  close(): void {
    this.#closed = true;
  }

  /** Handles what is there until the handler closes again. True: everything is through, read on. Errors are thrown. */
  open(): boolean {
    if (this.#stopped) return true;
    this.#closed = false;
    this.#run();
    return !this.#closed;
  }

  /** Nothing is handled any more. */
  stop(): void {
    this.#stopped = true;
    this.#closed = true;
    this.#start = 0;
    this.#end = 0;
  }

  #run(): void {
    const bytes = this.#bytes;
    const end = this.#end;
    const handler = this.#handler;
    while (!this.#closed && end - this.#start >= 5) {
      const start = this.#start;
      const next = start + messageBytes(bytes, start);
      if (next > end) return;
      this.#start = next;
      if (bytes[start] !== 0x64) handler.other(Buffer.from(bytes.subarray(start, next)));
      else if (!handler.frame(bytes, start + 5, next)) this.#closed = true;
    }
  }

  /** Bytes that should fit behind the end: the rest of a message that came in part, and never too little for a read. */
  #wanted(rest: number): number {
    const length = rest < 5 ? 0 : lengthAt(this.#bytes, this.#start);
    return length > messageBytesMax ? readBytesMin : Math.max(readBytesMin, length + 1 - rest);
  }

  #move(rest: number, wanted: number): void {
    const size = Math.max(readBufferBytes, rest + wanted);
    if (size > this.#bytes.length || this.#bytes.length > 2 * Math.max(size, readBufferBytes)) {
      const other = Buffer.allocUnsafeSlow(size);
      this.#bytes.copy(other, 0, this.#start, this.#end);
      this.#bytes = other;
    } else {
      this.#bytes.copyWithin(0, this.#start, this.#end);
    }
    this.#start = 0;
    this.#end = rest;
  }
}

/** The size of the message that starts at `at`: a tag and a length that counts itself, but not the tag. */
function messageBytes(bytes: Buffer, at: number): number {
  const length = lengthAt(bytes, at);
  if (length < 4 || length > (bytes[at] === 0x64 ? messageBytesMax : otherBytesMax)) throw malformed(`a message of ${length} bytes`);
  return length + 1;
}

function lengthAt(bytes: Buffer, at: number): number {
  const high = ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
  return (high << 16) | ((bytes[at + 3] as number) << 8) | (bytes[at + 4] as number);
}

function overrun(bytes: number): ConnectError {
  return new ConnectError('internal', `The connection went on delivering after it was paused: ${bytes} bytes are held.`);
}
