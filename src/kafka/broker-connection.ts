import type { Socket } from 'node:net';
import { connect } from 'node:net';
import type { ConnectionOptions as TlsOptions } from 'node:tls';
import { connect as connectTls } from 'node:tls';
import type { Clock, Timer } from '../base/clock.ts';
import type { BrokerApi } from './broker-api.ts';
import { RequestWriter } from './request-writer.ts';
import { ResponseReader } from './response-reader.ts';
import type { SaslCredentials } from './sasl.ts';
import { authenticate } from './sasl.ts';

export interface BrokerConnectionOptions {
  readonly clientId: string;
  /** Until the connection can be used, login included. */
  readonly connectTimeoutMs: number;
  /** Until an answer; a connection on which one is missing is closed. */
  readonly requestTimeoutMs: number;
  readonly tls: TlsOptions | null;
  readonly sasl: SaslCredentials | null;
}

interface PendingRequest {
  readonly answered: (frame: Buffer) => void;
  readonly failed: (error: Error) => void;
  readonly timer: Timer;
}

/** No answer is as long. What a TLS listener says to someone who does not speak TLS would, read as a length, be longer. */
const frameBytesMax = 320 * 1024 * 1024;
/** The part of a login's life after which it is renewed. */
const renewAfter = 0.8;

/**
 * One connection to one broker. Requests are written in the order of the calls and answered in that order; whatever goes
 * wrong closes it, which rejects everything that was not answered.
 */
export class BrokerConnection {
  readonly #options: BrokerConnectionOptions;
  readonly #clock: Clock;
  readonly #socket: Socket;
  readonly #closed = Promise.withResolvers<void>();
  readonly #pending = new Map<number, PendingRequest>();
  #correlationId = 0;
  /** What came of answers that are not complete, and how much that is. */
  #chunks: Buffer[] = [];
  #chunkBytes = 0;
  #failure: Error | null = null;
  #over = false;
  /** Others wait while the login is renewed. */
  #renewing: Promise<void> | null = null;
  #renewal: Timer | null = null;

  private constructor(socket: Socket, options: BrokerConnectionOptions, clock: Clock) {
    this.#socket = socket;
    this.#options = options;
    this.#clock = clock;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#received(chunk));
    socket.on('error', (error) => {
      this.#failure ??= error;
    });
    socket.once('close', () => this.#ended());
  }

  /** Rejects with the network's error, or with what `authenticate` says. */
  static async open(host: string, port: number, options: BrokerConnectionOptions, clock: Clock): Promise<BrokerConnection> {
    const socket = options.tls === null ? connect({ host, port }) : connectTls({ ...options.tls, host, port });
    const connection = new BrokerConnection(socket, options, clock);
    const timer = clock.after(options.connectTimeoutMs, () =>
      connection.#fail(new Error(`No connection to ${host}:${port} within ${options.connectTimeoutMs} ms.`)),
    );
    try {
      const connected = Promise.withResolvers<void>();
      socket.once(options.tls === null ? 'connect' : 'secureConnect', () => connected.resolve());
      await Promise.race([connected.promise, connection.#lost()]);
      await connection.#logIn();
      return connection;
    } catch (error) {
      void connection.close();
      throw error;
    } finally {
      timer.cancel();
    }
  }

  /** Resolves when the connection is closed, for whatever reason. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Bytes in `args` must not change until the promise has settled. */
  async request<A extends readonly unknown[], R>(api: BrokerApi<A, R>, ...args: A): Promise<R> {
    if (this.#renewing !== null) await this.#renewing;
    return await this.#send(api, ...args);
  }

  close(): Promise<void> {
    this.#socket.destroy();
    return this.closed;
  }

  #send<A extends readonly unknown[], R>(api: BrokerApi<A, R>, ...args: A): Promise<R> {
    if (this.#over || this.#socket.destroyed) return Promise.reject(this.#reason());
    const { clientId, requestTimeoutMs } = this.#options;
    this.#correlationId = (this.#correlationId + 1) & 0x7fff_ffff;
    const correlationId = this.#correlationId;
    const writer = new RequestWriter().appendInt16(api.key).appendInt16(api.version).appendInt32(correlationId);
    writer.appendClassicString(clientId);
    if (api.tagged.request) writer.appendTaggedFields();
    api.write(writer, ...args);
    const { promise, resolve, reject } = Promise.withResolvers<R>();
    this.#pending.set(correlationId, {
      answered: (frame) => {
        try {
          const reader = new ResponseReader(frame);
          if (api.tagged.response) reader.skipTaggedFields();
          resolve(api.read(reader));
        } catch (error) {
          reject(error);
        }
      },
      failed: reject,
      timer: this.#clock.after(requestTimeoutMs, () => this.#fail(new Error(`No answer within ${requestTimeoutMs} ms.`))),
    });
    // Several pieces go out by one system call.
    this.#socket.cork();
    for (const piece of writer.finish()) this.#socket.write(piece);
    this.#socket.uncork();
    return promise;
  }

  #received(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#chunkBytes += chunk.length;
    while (this.#chunkBytes >= 8 && !this.#over) {
      if ((this.#chunks[0]?.length ?? 0) < 4) this.#join();
      const length = this.#chunks[0]?.readInt32BE(0) ?? 0;
      if (length < 4 || length > frameBytesMax) {
        this.#fail(new Error('What came is no answer of Kafka: a listener for another protocol, or with TLS (security.protocol)?'));
        return;
      }
      if (this.#chunkBytes < 4 + length) return;
      const bytes = this.#join();
      this.#chunkBytes -= 4 + length;
      this.#chunks = this.#chunkBytes === 0 ? [] : [bytes.subarray(4 + length)];
      this.#answered(bytes.readInt32BE(4), bytes.subarray(8, 4 + length));
    }
  }

  #join(): Buffer {
    const [first] = this.#chunks;
    const bytes = first !== undefined && this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks, this.#chunkBytes);
    this.#chunks = [bytes];
    return bytes;
  }

  #answered(correlationId: number, frame: Buffer): void {
    const pending = this.#pending.get(correlationId);
    if (pending === undefined) {
      this.#fail(new Error(`An answer to request ${correlationId}, which was not asked.`));
      return;
    }
    this.#pending.delete(correlationId);
    pending.timer.cancel();
    pending.answered(frame);
  }

  async #logIn(): Promise<void> {
    const { sasl } = this.#options;
    if (sasl === null) return;
    const lifetimeMs = await authenticate((api, ...args) => this.#send(api, ...args), sasl);
    if (lifetimeMs > 0) this.#renewal = this.#clock.after(lifetimeMs * renewAfter, () => this.#renew());
  }

  #renew(): void {
    this.#renewing = this.#logIn().then(
      () => {
        this.#renewing = null;
      },
      (error: unknown) => this.#fail(error instanceof Error ? error : new Error('The login could not be renewed.', { cause: error })),
    );
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#socket.destroy();
  }

  /** Rejects when the connection is over. */
  async #lost(): Promise<never> {
    await this.closed;
    throw this.#reason();
  }

  #reason(): Error {
    return this.#failure ?? new Error('The connection was closed.');
  }

  #ended(): void {
    this.#over = true;
    this.#renewal?.cancel();
    this.#chunks = [];
    const reason = this.#reason();
    for (const { failed, timer } of this.#pending.values()) {
      timer.cancel();
      failed(reason);
    }
    this.#pending.clear();
    this.#closed.resolve();
  }
}
