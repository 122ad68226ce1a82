import type { RequestOptions } from 'node:http';
import { http } from '../base/http.ts';
import type { RegistryEndpoint, RegistryOptions } from './registry-options.ts';

/** No answer came, and the message tells why. */
export const noAnswer = 0;

/** A request that failed: the registry's own words, or those of the network. */
export class RegistryRefusal extends Error {
  /** Of HTTP; `noAnswer`: none came. */
  readonly status: number;

  constructor(status: number, reason: string) {
    super(reason);
    this.status = status;
  }
}

/** What the next request is sent with beside the endpoint's own user and password. */
export interface BearerToken {
  readonly token: string | null;
}

const contentType = 'application/vnd.schemaregistry.v1+json';
/** Of an answer that is no registry's, so much is told. */
const quotedMax = 200;

/** Requests to one address of a registry, over connections that are kept. Repeats nothing. */
export class RegistryConnection {
  readonly endpoint: RegistryEndpoint;
  readonly #base: string;
  readonly #options: Pick<RegistryOptions, 'requestTimeoutMs' | 'bearerHeaders'>;
  readonly #bearer: BearerToken;

  constructor(endpoint: RegistryEndpoint, options: Pick<RegistryOptions, 'requestTimeoutMs' | 'bearerHeaders'>, bearer: BearerToken) {
    this.endpoint = endpoint;
    this.#base = endpoint.url.replace(/\/+$/, '');
    this.#options = options;
    this.#bearer = bearer;
  }

  /** Resolves to the JSON of the answer, or to its text where it is none. Rejects with a `RegistryRefusal`. */
  async request(method: 'GET' | 'POST' | 'PUT', path: string, body?: object): Promise<unknown> {
    const text = body === undefined ? '' : JSON.stringify(body);
    const answer = await this.#send(method, path, text);
    const content = jsonOf(answer.text);
    if (answer.status >= 200 && answer.status < 300) return content ?? answer.text;
    const message = typeof content === 'object' && content !== null && 'message' in content ? content.message : null;
    const reason = typeof message === 'string' && message !== '' ? message : `status ${answer.status} ${answer.text.slice(0, quotedMax)}`;
    // A refusal may hold the whole schema that was there before.
    const short = reason.replace(/\{oldSchema: '.*?'\}(?:, )?/s, '');
    throw new RegistryRefusal(answer.status, short.trim().replace(/\.$/, ''));
  }

  async #send(method: string, path: string, body: string): Promise<{ readonly status: number; readonly text: string }> {
    const url = new URL(this.#base + path);
    // Loaded where there is one of these, and not with every worker.
    const open = url.protocol === 'https:' ? (await import('node:https')).request : http.request;
    const { requestTimeoutMs } = this.#options;
    const options: RequestOptions = { method, headers: this.#headers(body), timeout: requestTimeoutMs };
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => reject(new RegistryRefusal(noAnswer, error.message === '' ? error.name : error.message));
      const sent = open(url, options, (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (piece: Buffer) => pieces.push(piece));
        response.on('end', () => resolve({ status: response.statusCode ?? noAnswer, text: Buffer.concat(pieces).toString('utf8') }));
        response.on('error', fail);
      });
      sent.on('error', fail);
      sent.on('timeout', () => sent.destroy(new Error(`no answer within ${requestTimeoutMs} ms`)));
      sent.end(body);
    });
  }

  #headers(body: string): Record<string, string | number> {
    const { user, password } = this.endpoint;
    const { token } = this.#bearer;
    const basic = user === null ? null : `Basic ${Buffer.from(`${user}:${password?.reveal() ?? ''}`).toString('base64')}`;
    const authorization = token === null ? basic : `Bearer ${token}`;
    return {
      ...this.#options.bearerHeaders,
      accept: contentType,
      'content-type': contentType,
      ...(body === '' ? {} : { 'content-length': Buffer.byteLength(body) }),
      ...(authorization === null ? {} : { authorization }),
    };
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
