import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { stack } from './stack.ts';

/** Stands before the real registry: asks for a password, and can be away, out of order, or silent. */
export class RegistryGate implements AsyncDisposable {
  readonly #server: Server;
  readonly #authorization: string | null;
  readonly #port: number;
  /** Every request is answered with this status, or with nothing at all; null: the registry answers. */
  fault: number | 'nothing' | null = null;

  private constructor(server: Server, port: number, authorization: string | null) {
    this.#server = server;
    this.#port = port;
    this.#authorization = authorization;
    server.on('request', (from: IncomingMessage, to: ServerResponse) => this.#pass(from, to));
  }

  /** `credentials`: `user:password`; without them everybody may pass. */
  static async open(credentials?: string): Promise<RegistryGate> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const authorization = credentials === undefined ? null : `Basic ${Buffer.from(credentials).toString('base64')}`;
    return new RegistryGate(server, (server.address() as AddressInfo).port, authorization);
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}${new URL(stack.registry).pathname}`;
  }

  async away(): Promise<void> {
    this.#server.closeAllConnections();
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }

  async back(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) await this.away();
  }

  #pass(from: IncomingMessage, to: ServerResponse): void {
    if (this.fault === 'nothing') return;
    if (this.fault !== null) {
      to.writeHead(this.fault, { 'content-type': 'application/json' }).end(`{"error_code":${this.fault},"message":"Out of order"}`);
      return;
    }
    if (this.#authorization !== null && from.headers.authorization !== this.#authorization) {
      to.writeHead(401, { 'content-type': 'application/json' }).end('{"error_code":401,"message":"Unauthorized"}');
      return;
    }
    const { host: _host, authorization: _authorization, ...headers } = from.headers;
    const target = new URL(from.url ?? '/', stack.registry);
    const onward = request(target, { method: from.method ?? 'GET', headers }, (answer) => {
      to.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(to);
    });
    onward.on('error', () => to.destroy());
    from.pipe(onward);
  }
}
