import type { Socket } from 'node:net';

import type { Connection, Submittable } from 'pg';

import type { CopyText } from './copy-text.ts';

/** What `Client` calls on the query in progress; `Submittable` declares only a part of it. */
interface Query extends Submittable {
  handleRowDescription(message: unknown): void;
  handleDataRow(message: unknown): void;
  handleCommandComplete(message: unknown): void;
  handleEmptyQuery(): void;
  handleError(error: Error): void;
  handleReadyForQuery(): void;
  handleCopyData(message: { readonly chunk: Uint8Array }): void;
  handlePortalSuspended(): void;
}

/** Where the reader puts what it reads. */
export interface CopyRoom {
  /** There is data. False: the reader must not be fed. */
  ready(): boolean;
  /** Resolves when it may be fed again. */
  drained(): Promise<void>;
}

/**
 * One `COPY … TO STDOUT`, submitted by `client.query(copy)`. Chunks go into the reader as they come, without a copy;
 * when there is no room, the socket is paused and what it had brought already is kept until there is.
 */
export class CopyOut implements Query {
  readonly text: string;
  /** `Client` limits every query by a timer that ends with `callback`; a table may take as long as it takes. */
  readonly query_timeout = 2_147_483_647;
  callback: (() => void) | undefined;
  readonly #reader: CopyText;
  readonly #room: CopyRoom;
  readonly #done = Promise.withResolvers<void>();
  #socket: Pick<Socket, 'pause' | 'resume' | 'once' | 'off'> | null = null;
  /** Chunks that came after the reader had no more room. */
  #held: Uint8Array[] = [];
  #waiting = false;
  #ended = false;
  #failure: Error | null = null;
  /** `Client` tells only queries whose answer is not there yet; this one may still be handing it over. */
  readonly #cut = (): void => this.abort(new Error('the connection was cut'));

  constructor(text: string, reader: CopyText, room: CopyRoom) {
    this.text = text;
    this.#reader = reader;
    this.#room = room;
    // The promise is handed out later; until then a failure is nobody's surprise.
    this.#done.promise.catch(() => {});
  }

  /** Resolves when the server is ready again and everything is with the reader (but not flushed). */
  get done(): Promise<void> {
    return this.#done.promise;
  }

  submit(connection: Connection): void {
    this.#socket = connection.stream as Socket;
    this.#socket.once('close', this.#cut);
    (connection as unknown as { query(text: string): void }).query(this.text);
  }

  handleCopyData(message: { readonly chunk: Uint8Array }): void {
    if (this.#failure !== null) return;
    if (this.#waiting) {
      this.#held.push(Uint8Array.from(message.chunk));
      return;
    }
    this.#feed(message.chunk);
  }

  handleError(error: Error): void {
    this.abort(error);
  }

  /** Hands over nothing more and fails; the connection is of no more use than to be closed. */
  abort(reason: Error): void {
    this.#failure ??= reason;
    this.#finish();
  }

  handleReadyForQuery(): void {
    this.#ended = true;
    if (!this.#waiting) this.#finish();
  }

  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleCommandComplete(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}

  /** True: all of it is with the reader. */
  #feed(chunk: Uint8Array): boolean {
    try {
      const taken = this.#room.ready() ? this.#reader.push(chunk) : 0;
      if (taken === chunk.length) return true;
      this.#wait(Uint8Array.from(chunk.subarray(taken)));
    } catch (error) {
      this.abort(error as Error);
    }
    return false;
  }

  #wait(rest: Uint8Array): void {
    this.#held.unshift(rest);
    this.#waiting = true;
    this.#socket?.pause();
    void this.#continue();
  }

  async #continue(): Promise<void> {
    try {
      while (this.#held.length > 0 && this.#failure === null) {
        await this.#room.drained();
        const held = this.#held;
        this.#held = [];
        for (const [index, chunk] of held.entries()) {
          const taken = this.#room.ready() ? this.#reader.push(chunk) : 0;
          if (taken === chunk.length) continue;
          this.#held = [chunk.subarray(taken), ...held.slice(index + 1), ...this.#held];
          break;
        }
      }
    } catch (error) {
      this.#failure ??= error as Error;
    }
    this.#waiting = false;
    this.#socket?.resume();
    if (this.#ended || this.#failure !== null) this.#finish();
  }

  #finish(): void {
    this.#socket?.off('close', this.#cut);
    this.callback?.();
    if (this.#failure === null) this.#done.resolve();
    else this.#done.reject(this.#failure);
  }
}
