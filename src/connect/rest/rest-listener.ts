import { lookup } from 'node:dns/promises';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { describeError } from '../../base/errors.ts';
import { http } from '../../base/http.ts';
import type * as Rest from './rest-server.ts';
import type { RestOptions } from './rest-server.ts';

const load = createRequire(import.meta.url);

/** Clients that poll keep their connections, as Fastify's own servers let them. */
const keepAliveMs = 72_000;

/**
 * Has the port from the first moment of a worker's start, so that a second worker ends before it touches anything. What
 * answers is loaded with the first request, which waits for it: a start has no time for it.
 */
export class RestListener {
  readonly port: number;
  readonly #servers: readonly [Server, ...Server[]];
  readonly #options: RestOptions;
  #app: Promise<FastifyInstance> | null = null;

  private constructor(servers: readonly [Server, ...Server[]], options: RestOptions) {
    this.#servers = servers;
    this.#options = options;
    this.port = (servers[0].address() as AddressInfo).port;
    for (const server of servers) server.on('request', (request, response) => void this.#answer(request, response));
  }

  /** Rejects with Node's error, such as EADDRINUSE. The name `localhost` means all of its addresses. */
  static async open(host: string, port: number, options: RestOptions): Promise<RestListener> {
    const addresses = host === 'localhost' ? (await lookup(host, { all: true })).map(({ address }) => address) : [host];
    const [first = host, ...others] = new Set(addresses);
    const server = await listen(first, port);
    const { port: taken } = server.address() as AddressInfo;
    const more = await Promise.allSettled(others.map((address) => listen(address, taken)));
    // One of the addresses is enough: where IPv6 is switched off, its name may still be there.
    return new RestListener([server, ...more.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))], options);
  }

  async close(): Promise<void> {
    const closed = this.#servers.map(
      (server) =>
        new Promise<void>((resolve) => {
          server.close(() => resolve());
          server.closeAllConnections();
        }),
    );
    await Promise.all(closed);
    await (await this.#app?.catch(() => null))?.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      this.#app ??= this.#load();
      (await this.#app).routing(request, response);
    } catch (error) {
      this.#options.log.error({ reason: this.#options.scrub(describeError(error)) }, 'A request could not be answered');
      response.writeHead(500).end();
    }
  }

  async #load(): Promise<FastifyInstance> {
    const { createRestServer } = load('./rest-server.ts') as typeof Rest;
    const app = createRestServer(this.#options, this.#servers[0]);
    await app.ready();
    return app;
  }
}

function listen(host: string, port: number): Promise<Server> {
  const server = http.createServer({ keepAliveTimeout: keepAliveMs, requestTimeout: 0 });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve(server);
    });
  });
}
