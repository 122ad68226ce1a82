import type { Server } from 'node:http';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Clock } from '../../base/clock.ts';
import { ConnectError, describeError } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import { RequestError } from '../request-error.ts';
import type { Worker } from '../worker.ts';
import { connectorRoutes } from './connector-routes.ts';
import { loggerRoutes } from './logger-routes.ts';
import { offsetRoutes } from './offset-routes.ts';
import { pluginRoutes } from './plugin-routes.ts';
import { rootRoutes } from './root-routes.ts';
import type { RestReply, Route } from './route.ts';

export interface RestOptions {
  readonly ready: () => Worker | null;
  readonly clusterId: () => string | null;
  readonly clock: Clock;
  readonly log: Logger;
  readonly version: string;
  readonly scrub: (text: string) => string;
  readonly allowOrigin: string;
  readonly allowMethods: string;
}

const requestTimeoutMs = 90_000;
const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** Kafka Connect's REST API. Listening is up to the caller, whose `server` hands its requests to `routing`. */
export function createRestServer(options: RestOptions, server: Server): FastifyInstance {
  const app = fastify({
    serverFactory: () => server,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 4096 },
    bodyLimit: 4 * 1024 * 1024,
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  app.addHook('onSend', (_request, reply, payload, done) => {
    reply.header('x-millrace-version', options.version);
    if (options.allowOrigin !== '') reply.header('access-control-allow-origin', options.allowOrigin);
    if (options.allowMethods !== '') reply.header('access-control-allow-methods', options.allowMethods);
    done(null, payload);
  });
  app.setErrorHandler((error, _request, reply) => sendError(error, reply, options));
  app.setNotFoundHandler((_request, reply) => sendError(RequestError.notFound('HTTP 404 Not Found'), reply, options));

  const worker = (): Worker => {
    const ready = options.ready();
    if (ready === null) throw new RequestError(503, 'Worker is still starting up.');
    return ready;
  };
  register(
    app,
    [
      ...rootRoutes({ ...options, worker }),
      ...connectorRoutes(worker),
      ...offsetRoutes(worker),
      ...pluginRoutes(worker),
      ...loggerRoutes(worker),
    ],
    options,
  );
  return app;
}

/** Methods that a path does not have are answered with 405, not with 404. */
function register(app: FastifyInstance, routes: readonly Route[], options: RestOptions): void {
  for (const { method, url, handle } of routes) {
    app.route({
      method,
      url,
      handler: async (request, reply) => send(await bounded(() => handle(requestOf(request)), options), reply),
    });
  }
  for (const url of new Set(routes.map((route) => route.url))) {
    const present = new Set(routes.filter((route) => route.url === url).map((route) => route.method));
    app.route({
      method: methods.filter((method) => !present.has(method)),
      url,
      handler: () => Promise.reject(new RequestError(405, 'HTTP 405 Method Not Allowed')),
    });
  }
}

function requestOf(request: FastifyRequest): Parameters<Route['handle']>[0] {
  const query = request.query as Readonly<Record<string, string | readonly string[]>>;
  return {
    params: request.params as Readonly<Record<string, string>>,
    query: (name) => {
      const value = query[name];
      return value === undefined ? [] : typeof value === 'string' ? [value] : value;
    },
    body: typeof request.body === 'string' ? request.body : '',
  };
}

async function bounded(handle: () => Promise<RestReply> | RestReply, { clock, ready }: RestOptions): Promise<RestReply> {
  const timeout = Promise.withResolvers<never>();
  const timer = clock.after(requestTimeoutMs, () =>
    timeout.reject(new RequestError(500, `Request timed out.${ready()?.queue.stage ?? ''}`)),
  );
  try {
    return await Promise.race([handle(), timeout.promise]);
  } finally {
    timer.cancel();
  }
}

function send({ status, body, headers }: RestReply, reply: FastifyReply): FastifyReply {
  reply.code(status);
  for (const [name, value] of Object.entries(headers ?? {})) reply.header(name, value);
  if (body === undefined) return reply.send();
  if (reply.getHeader('content-type') === undefined) reply.header('content-type', 'application/json');
  return reply.send(typeof body === 'string' ? body : JSON.stringify(body));
}

/** Every answer that is no success has Kafka Connect's shape, and passes the scrubber. */
function sendError(error: unknown, reply: FastifyReply, { scrub, log }: RestOptions): FastifyReply {
  const { status, message } = answerTo(error);
  if (status >= 500 && !(error instanceof RequestError)) log.error({ reason: scrub(describeError(error)) }, 'A request failed');
  return send({ status, body: { error_code: status, message: scrub(message) } }, reply);
}

const statusTexts: Readonly<Record<number, string>> = {
  404: 'HTTP 404 Not Found',
  405: 'HTTP 405 Method Not Allowed',
  413: 'HTTP 413 Request Entity Too Large',
  415: 'HTTP 415 Unsupported Media Type',
};

function answerTo(error: unknown): { status: number; message: string } {
  if (error instanceof RequestError) return { status: error.status, message: error.message };
  if (error instanceof ConnectError) return { status: error.code === 'config.invalid' ? 400 : 500, message: describeError(error) };
  const status = (error as { statusCode?: unknown }).statusCode;
  if (typeof status === 'number' && status >= 400 && status < 500)
    return { status, message: statusTexts[status] ?? `HTTP ${status} Bad Request` };
  return { status: 500, message: describeError(error) };
}
