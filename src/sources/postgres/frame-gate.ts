import { ConnectError } from '../../base/errors.ts';

/** Handles one CopyData payload; false: do not bring another before `open()`. */
export type FrameSink = (frame: Buffer) => boolean;

/**
 * While the gate is closed the socket is paused, so only what was already read can arrive: the rest of one chunk. A
 * larger queue means that the pause does not work (invariant 6).
 */
export const heldBytesMax = 64 * 1024 * 1024;

/**
 * Passes frames through, or copies and holds them while nothing may be emitted (a shape is being declared, or the
 * outlet is full). Frames are borrowed from the connection's read buffer, hence the copy; order is kept (invariant 3).
 */
export class FrameGate {
  readonly #sink: FrameSink;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #closed = false;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Nothing waits behind a closed gate. */
  get empty(): boolean {
    return this.#held.length === 0;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** True while the gate is open: the frame has been handled and more may come. */
  push(frame: Buffer): boolean {
    if (!this.#closed) {
      this.#closed = !this.#sink(frame);
      return !this.#closed;
    }
    this.#heldBytes += frame.length;
    if (this.#heldBytes > heldBytesMax) {
      throw new ConnectError('internal', `The connection went on delivering after it was paused: ${this.#heldBytes} bytes are held.`);
    }
    this.#held.push(Buffer.from(frame));
    return false;
  }

  /** For other reasons than a frame: what comes is held until `open()`. */
  close(): void {
    this.#closed = true;
  }

  /** Handles what was held, in order, until the sink closes the gate again. True: everything is through, read on. */
  open(): boolean {
    this.#closed = false;
    let done = 0;
    while (done < this.#held.length && !this.#closed) {
      const frame = this.#held[done] as Buffer;
      done += 1;
      this.#heldBytes -= frame.length;
      this.#closed = !this.#sink(frame);
    }
    this.#held = this.#held.slice(done);
    return !this.#closed;
  }
}
