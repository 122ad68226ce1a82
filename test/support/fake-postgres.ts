import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

import { concat, copyData, int16, int32 } from './wal-script.ts';

/** A standby status update as it arrived. */
export interface StatusReceived {
  readonly written: bigint;
  readonly flushed: bigint;
  readonly replyRequested: boolean;
}

/**
 * A scripted walsender for what a real one does not do on demand: silence, cut connections, garbage. Speaks start-up
 * without password, answers the session's questions with the rows given, and after START_REPLICATION sends what the
 * test tells it to. For fault injection only: what Postgres means is tested with Postgres.
 */
export class FakePostgres implements AsyncDisposable {
  readonly statuses: StatusReceived[] = [];
  readonly commands: string[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #streaming: Socket | null = null;
  #waiters: { readonly ready: () => boolean; readonly resolve: () => void }[] = [];

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => this.#serve(socket));
  }

  static async start(): Promise<FakePostgres> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new FakePostgres(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Frames as CopyData, in one write. */
  send(frames: readonly Buffer[]): void {
    this.#streaming?.write(copyData(frames));
  }

  /** Any bytes of the connection's stream. */
  sendBytes(bytes: Buffer): void {
    this.#streaming?.write(bytes);
  }

  /** Ends the connection without a word. */
  cut(): void {
    this.#streaming?.destroy();
  }

  async untilStreaming(): Promise<void> {
    await this.until(() => this.#streaming !== null && this.statuses.length > 0);
  }

  async until(ready: () => boolean, timeoutMs = 120_000): Promise<void> {
    if (ready()) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => reject(new Error(`waited in vain; commands: ${this.commands.join(' | ')}`)), timeoutMs);
    this.#waiters.push({ ready, resolve });
    await promise.finally(() => clearTimeout(timer));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    let pending = Buffer.alloc(0);
    let started = false;
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      pending = Buffer.concat([pending, bytes]);
      while (pending.length >= (started ? 5 : 4)) {
        const length = pending.readInt32BE(started ? 1 : 0) + (started ? 1 : 0);
        if (pending.length < length) break;
        const message = pending.subarray(0, length);
        pending = pending.subarray(length);
        if (started) this.#message(socket, message);
        else {
          started = true;
          socket.write(Buffer.concat([backend('R', int32(0)), backend('K', concat(int32(1), int32(2))), ready]));
        }
      }
    });
  }

  #message(socket: Socket, message: Buffer): void {
    const body = message.subarray(5);
    if (message[0] === 0x51) this.#query(socket, body.toString('utf8', 0, body.length - 1));
    if (message[0] === 0x64 && body[0] === 0x72) {
      this.statuses.push({ written: body.readBigUInt64BE(1), flushed: body.readBigUInt64BE(9), replyRequested: body[33] === 1 });
    }
    for (const waiter of this.#waiters.filter(({ ready }) => ready())) waiter.resolve();
  }

  #query(socket: Socket, sql: string): void {
    this.commands.push(sql);
    if (sql.startsWith('START_REPLICATION')) {
      this.#streaming = socket;
      socket.write(backend('W', concat(Buffer.from([0]), int16(0))));
      return;
    }
    const row = sql.includes('wal_sender_timeout') ? backend('D', concat(int16(1), int32(5), '60000')) : Buffer.alloc(0);
    const column = concat('setting', Buffer.from([0]), int32(0), int16(0), int32(25), int16(0xffff), int32(-1), int16(0));
    const done = backend('C', concat('SELECT', Buffer.from([0])));
    socket.write(Buffer.concat([backend('T', concat(int16(1), column)), row, done, ready]));
  }
}

function backend(tag: string, body: Buffer): Buffer {
  return concat(tag, int32(body.length + 4), body);
}

const ready = backend('Z', Buffer.from('I'));
