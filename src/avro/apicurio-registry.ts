import type { Clock } from '../base/clock.ts';
import { ConnectError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { ApicurioOptions } from './apicurio-options.ts';
import { avscType } from './avsc-type.ts';
import { BearerTokens, reasonOf } from './bearer-tokens.ts';

export interface Artifact {
  /** Null: the default group. */
  readonly group: string | null;
  readonly id: string;
}

const requestTimeoutMs = 60_000;
const noAnswer = 0;

/** Ids for schemas, through Apicurio's own interface: the Confluent one does not tell global ids. */
export class ApicurioRegistry {
  readonly #options: ApicurioOptions;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #tokens: BearerTokens | null;
  /** By artifact and text: concurrent shapes share one request, later ones the answer. */
  readonly #ids = new Map<string, Promise<bigint>>();

  constructor(options: ApicurioOptions, clock: Clock, log: Logger) {
    this.#options = options;
    this.#clock = clock;
    this.#log = log;
    this.#tokens = options.grant === null ? null : new BearerTokens(options.grant, clock);
  }

  /** Rejects with `registry.schema`, `registry.authentication`, `registry.unreachable`, or `data.shape` for invalid Avro. */
  idOf(artifact: Artifact, schemaText: string): Promise<bigint> {
    const key = `${artifact.group}\n${artifact.id}\n${schemaText}`;
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = this.#lookUp(artifact, schemaText);
      this.#ids.set(key, id);
      id.catch(() => this.#ids.delete(key));
    }
    return id;
  }

  /** How many artifacts there are; rejects as `idOf` does. */
  async artifactCount(): Promise<number> {
    const { count } = (await this.#request('all', 'GET', '/search/artifacts?limit=1')) as { count?: unknown };
    if (typeof count === 'number') return count;
    throw notApicurio('all', this.#options.url);
  }

  async #lookUp(artifact: Artifact, schemaText: string): Promise<bigint> {
    avscType(schemaText);
    const { autoRegister, findLatest } = this.#options;
    const answer = autoRegister
      ? await this.#register(artifact, schemaText)
      : findLatest
        ? await this.#latest(artifact, schemaText)
        : await this.#find(artifact, schemaText);
    const id = answer[this.#options.idKind];
    if (typeof id !== 'number') throw notApicurio(artifact.id, this.#options.url);
    this.#log.debug({ artifact: artifact.id, id }, 'schema registered');
    return BigInt(id);
  }

  async #register(artifact: Artifact, text: string): Promise<Answer> {
    const path = `/groups/${encodeURIComponent(artifact.group ?? 'default')}/artifacts`;
    if (this.#options.api === 2) {
      return this.#request(artifact.id, 'POST', `${path}?ifExists=RETURN_OR_UPDATE`, text, {
        'x-registry-artifactid': artifact.id,
        'x-registry-artifacttype': 'AVRO',
      });
    }
    const content = { content: text, contentType: 'application/json' };
    const body = JSON.stringify({ artifactId: artifact.id, artifactType: 'AVRO', firstVersion: { content } });
    const { version } = await this.#request(artifact.id, 'POST', `${path}?ifExists=FIND_OR_CREATE_VERSION`, body);
    return version as Answer;
  }

  /** The bytes are laid out by our schema, so the latest version must have the same fields and types. */
  async #latest(artifact: Artifact, text: string): Promise<Answer> {
    const path = this.#pathOf(artifact);
    const [meta, content] =
      this.#options.api === 2 ? [`${path}/meta`, path] : [`${path}/versions/branch=latest`, `${path}/versions/branch=latest/content`];
    const latest = JSON.stringify(await this.#request(artifact.id, 'GET', content));
    if (JSON.stringify(avscType(latest).schema()) !== JSON.stringify(avscType(text).schema())) {
      throw new ConnectError(
        'registry.schema',
        `The latest version of artifact "${artifact.id}" has other fields or types than the records.`,
        {
          remedy: 'Register a matching version, or set apicurio.registry.auto-register=true.',
          details: { subject: artifact.id },
        },
      );
    }
    return this.#request(artifact.id, 'GET', meta);
  }

  async #find(artifact: Artifact, text: string): Promise<Answer> {
    if (this.#options.api === 2) return this.#request(artifact.id, 'POST', `${this.#pathOf(artifact)}/meta`, text);
    const query = new URLSearchParams({ groupId: artifact.group ?? 'default', artifactId: artifact.id });
    const { versions } = await this.#request(artifact.id, 'POST', `/search/versions?${query.toString()}`, text);
    const [found] = Array.isArray(versions) ? (versions as Answer[]) : [];
    if (found !== undefined) return found;
    throw toConnectError(404, 'no version has this content', artifact.id, this.#options);
  }

  #pathOf({ group, id }: Artifact): string {
    return `/groups/${encodeURIComponent(group ?? 'default')}/artifacts/${encodeURIComponent(id)}`;
  }

  async #request(
    artifact: string,
    method: string,
    path: string,
    body?: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#authorized(artifact, method, path, body, headers);
      } catch (error) {
        const { retriesMax, retryWaitMs } = this.#options;
        if (!(error instanceof ConnectError) || error.code !== 'registry.unreachable' || attempt >= retriesMax) throw error;
        this.#log.warn({ artifact, attempt: attempt + 1, waitMs: retryWaitMs }, 'schema registry does not answer, trying again');
        await this.#clock.sleep(retryWaitMs);
      }
    }
  }

  /** A token may be taken back before its end: one that is refused is asked for anew, once. */
  async #authorized(...request: readonly [string, string, string, string | undefined, Readonly<Record<string, string>>]): Promise<Answer> {
    try {
      return await this.#requestOnce(...request);
    } catch (error) {
      if (this.#tokens === null || !(error instanceof ConnectError) || error.details['status'] !== 401) throw error;
      if (error.details['registry'] === undefined) throw error;
      this.#tokens.forget();
      return this.#requestOnce(...request);
    }
  }

  async #authorization(): Promise<string | null> {
    if (this.#tokens !== null) return `Bearer ${await this.#tokens.token()}`;
    const { user, password } = this.#options;
    return user === null ? null : `Basic ${Buffer.from(`${user}:${password?.reveal() ?? ''}`).toString('base64')}`;
  }

  async #requestOnce(
    artifact: string,
    method: string,
    path: string,
    body: string | undefined,
    headers: Readonly<Record<string, string>>,
  ): Promise<Answer> {
    const { url } = this.#options;
    const authorization = await this.#authorization();
    const answer = await fetch(url + path, {
      method,
      headers: {
        ...headers,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(authorization === null ? {} : { authorization }),
      },
      signal: AbortSignal.timeout(requestTimeoutMs),
      ...(body === undefined ? {} : { body }),
    }).catch((error: unknown) => {
      throw toConnectError(noAnswer, reasonOf(error), artifact, this.#options);
    });
    const text = await answer.text();
    const parsed = parse(text);
    if (!answer.ok) throw toConnectError(answer.status, messageIn(parsed) ?? `status ${answer.status}`, artifact, this.#options);
    if (parsed === null) throw notApicurio(artifact, url);
    return parsed;
  }
}

type Answer = Readonly<Record<string, unknown>>;

function parse(text: string): Answer | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Answer) : null;
  } catch {
    return null;
  }
}

function messageIn(answer: Answer | null): string | null {
  const message = answer?.['message'] ?? answer?.['title'] ?? answer?.['detail'];
  return typeof message === 'string' ? message : null;
}

function notApicurio(artifact: string, url: string): ConnectError {
  return new ConnectError('registry.schema', `What answers at ${url} for artifact "${artifact}" is not Apicurio Registry.`, {
    remedy: 'Check apicurio.registry.url: it ends in /apis/registry/v2 or /apis/registry/v3.',
    details: { subject: artifact },
  });
}

function toConnectError(status: number, reason: string, artifact: string, { url, grant }: ApicurioOptions): ConnectError {
  const details = { subject: artifact, registry: url, status };
  if (status === 401 || status === 403) {
    return new ConnectError('registry.authentication', `Apicurio Registry at ${url} refuses access to artifact "${artifact}": ${reason}.`, {
      remedy: `Check ${grant === null ? 'apicurio.auth.username and apicurio.auth.password' : grant.keys}, and that this user may write the artifact.`,
      details,
    });
  }
  if (status === noAnswer || status >= 500 || status === 429 || status === 408) {
    return new ConnectError('registry.unreachable', `Apicurio Registry at ${url} does not answer: ${reason}.`, {
      remedy: 'Check apicurio.registry.url and that the registry is running.',
      details,
    });
  }
  if (status === 404) {
    return new ConnectError(
      'registry.schema',
      `Apicurio Registry at ${url} does not know the schema of artifact "${artifact}": ${reason}.`,
      {
        remedy: 'Check the path of apicurio.registry.url; register the schema, or set apicurio.registry.auto-register=true.',
        details,
      },
    );
  }
  return new ConnectError('registry.schema', `Apicurio Registry refuses the schema of artifact "${artifact}": ${reason}.`, {
    remedy: 'Undo the change of the table, change the compatibility rule of the artifact, or write to another topic.',
    details,
  });
}
