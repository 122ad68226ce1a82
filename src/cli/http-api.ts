import { ConnectError } from '../base/errors.ts';

const answerWithinMs = 30_000;

/** An interface of JSON over HTTP that answers errors as `{error_code, message}`: the registry's and Kafka Connect's. */
export class HttpApi {
  readonly #name: string;
  readonly #url: string;
  readonly #variable: string;
  readonly #contentType: string;

  constructor(name: string, url: string, variable: string, contentType: string) {
    this.#name = name;
    this.#url = url;
    this.#variable = variable;
    this.#contentType = contentType;
  }

  get<Answer>(path: string): Promise<Answer> {
    return this.#send('GET', path);
  }

  post<Answer>(path: string, body?: unknown): Promise<Answer> {
    return this.#send('POST', path, body);
  }

  put<Answer>(path: string, body?: unknown): Promise<Answer> {
    return this.#send('PUT', path, body);
  }

  delete<Answer>(path: string): Promise<Answer> {
    return this.#send('DELETE', path);
  }

  async #send<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    const url = new URL(this.#url);
    // Node's fetch takes no password in the address.
    const login = decodeURIComponent(`${url.username}:${url.password}`);
    const headers: Record<string, string> = login === ':' ? {} : { authorization: `Basic ${Buffer.from(login).toString('base64')}` };
    url.username = '';
    url.password = '';
    if (body !== undefined) headers['content-type'] = this.#contentType;
    const request = {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(answerWithinMs),
    };
    let answer: Response;
    try {
      answer = await fetch(`${url.href.replace(/\/$/, '')}${path}`, request);
    } catch (error) {
      throw new ConnectError('registry.unreachable', `${this.#name} does not answer at ${url.href}.`, {
        remedy: `Start the demo (bin/millrace demo) in another terminal, or set ${this.#variable} to the address of yours.`,
        cause: error,
      });
    }
    const text = await answer.text();
    if (!answer.ok) throw new ConnectError('config.invalid', `${this.#name} refused (${answer.status}): ${reasonIn(text)}`);
    return (text === '' ? null : JSON.parse(text)) as Answer;
  }
}

function reasonIn(text: string): string {
  try {
    return (JSON.parse(text) as { message: string }).message;
  } catch {
    return text.slice(0, 500);
  }
}
