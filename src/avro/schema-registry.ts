import { hash } from 'node:crypto';
import type { SchemaRegistryAPIClient, SchemaRegistryAPIClientArgs } from '@kafkajs/confluent-schema-registry/dist/api/index.js';
import { must } from '../base/assert.ts';
import type { Clock } from '../base/clock.ts';
import { ConnectError, findConnectError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { avscType } from './avsc-type.ts';
import { BearerTokens } from './bearer-tokens.ts';
import type { RegistryEndpoint, RegistryOptions } from './registry-options.ts';

/** One that Avro allows; another is left to the compiler. */
const namespacePattern = /"namespace":"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)"/;

/**
 * Ids for schemas. Uses the registry client of @kafkajs/confluent-schema-registry below its `register()`, which would
 * read and set the subject's compatibility level: that level belongs to whoever runs the registry and is left alone
 * unless a level is configured.
 */
export class SchemaRegistry {
  readonly #options: RegistryOptions;
  /** The package is loaded while a starting connector waits for Kafka and its source; the first request comes later. */
  readonly #clients: Promise<readonly RegistryClient[]>;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #tokens: BearerTokens | null;
  /** What the next request is sent with. */
  readonly #bearer: { token: string | null };
  /** By subject and digest of the text: concurrent shapes share one request, later ones the answer. */
  readonly #ids = new Map<string, Promise<number>>();
  /** Digests of schemas that Avro allows, without the namespace: tables that are alike differ in nothing else. */
  readonly #valid = new Set<string>();
  /** Subjects whose level was set in this run. */
  readonly #levels = new Map<string, Promise<void>>();
  /** The endpoint that answered last. */
  #current = 0;

  constructor(options: RegistryOptions, clock: Clock, log: Logger) {
    this.#options = options;
    this.#clock = clock;
    this.#log = log;
    this.#tokens = options.grant === null ? null : new BearerTokens(options.grant, clock);
    this.#bearer = { token: options.bearerToken?.reveal() ?? null };
    this.#clients = createClients(options, this.#bearer);
    this.#clients.catch(() => {}); // Each request rejects with it.
  }

  /** Rejects with `registry.schema`, `registry.authentication`, `registry.unreachable`, or `data.shape` for invalid Avro. */
  idOf(subject: string, schemaText: string): Promise<number> {
    const key = `${subject}\n${hash('sha256', schemaText, 'base64')}`;
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = this.#lookUp(subject, schemaText);
      this.#ids.set(key, id);
      id.catch(() => this.#ids.delete(key));
    }
    return id;
  }

  async #lookUp(subject: string, schemaText: string): Promise<number> {
    this.#validate(schemaText);
    if (this.#options.useLatest) return this.#latest(subject, schemaText);
    if (this.#options.compatibility !== null) await this.#setLevel(subject, this.#options.compatibility);
    try {
      return await this.#register(subject, schemaText);
    } catch (error) {
      // Apicurio 3.0 does not recognise a schema in which a field's default is exactly the text {}, as that of a jsonb
      // column often is; the same empty object with a blank in it means the same and passes.
      const readable = schemaText.replaceAll('"default":"{}"', '"default":"{ }"');
      if (readable === schemaText || findConnectError(error)?.details['status'] !== 422) throw error;
      this.#log.warn({ subject }, 'the registry refuses a default of {}: it is registered as { }');
      return this.#register(subject, readable);
    }
  }

  /** To compile a schema takes longer than all else that is done for a table, so that those alike are compiled once. */
  #validate(schemaText: string): void {
    const namespace = namespacePattern.exec(schemaText)?.[1];
    const digest = hash('sha256', namespace === undefined ? schemaText : schemaText.replaceAll(namespace, '\0'), 'base64');
    if (this.#valid.has(digest)) return;
    avscType(schemaText);
    this.#valid.add(digest);
  }

  /** How many subjects there are; rejects as `idOf` does. */
  async subjectCount(): Promise<number> {
    const subjects = (await this.#request('all', (api): Promise<Answer> => api.Subject.all())).data();
    if (Array.isArray(subjects)) return subjects.length;
    throw new ConnectError('registry.schema', 'What answers is not a schema registry: it has no list of subjects.', {
      remedy: 'Check schema.registry.url (for Apicurio it ends in /apis/ccompat/v7).',
    });
  }

  #setLevel(subject: string, compatibility: string): Promise<void> {
    let level = this.#levels.get(subject);
    if (level === undefined) {
      level = this.#request(subject, (api): Promise<Answer> => api.Subject.updateConfig({ subject, body: { compatibility } })).then(
        () => {},
      );
      this.#levels.set(subject, level);
      level.catch(() => this.#levels.delete(subject));
    }
    return level;
  }

  async #register(subject: string, schemaText: string): Promise<number> {
    const request = { subject, body: { schema: schemaText } };
    const answer = await this.#request(subject, (api): Promise<Answer> => {
      return this.#options.autoRegister ? api.Subject.register(request) : api.Subject.registered(request);
    }).catch((error: unknown) => this.#tellRule(subject, error));
    const id = idIn(answer, subject);
    this.#log.debug({ subject, id }, 'schema registered');
    return id;
  }

  /** Rejects with the error; where it is a refusal, with the level that the schema was held against. */
  async #tellRule(subject: string, error: unknown): Promise<never> {
    if (!(error instanceof ConnectError) || error.details['status'] !== 409) throw error;
    const rule = await this.#authorized(subject, (api): Promise<Answer> => api.Subject.config({ subject })).then(
      (answer) => levelIn(answer),
      (failure: unknown) => (findConnectError(failure)?.details['status'] === 404 ? 'what the registry asks of all subjects' : null),
    );
    if (rule === null) throw error;
    const { code, message, remedy, details } = error;
    throw new ConnectError(code, `${message} The subject asks for ${rule}.`, { remedy: remedy ?? '', details });
  }

  /** The bytes are laid out by our schema, so the latest version must have the same fields and types. */
  async #latest(subject: string, schemaText: string): Promise<number> {
    const answer = await this.#request(subject, (api): Promise<Answer> => api.Subject.latestVersion({ subject }));
    const id = idIn(answer, subject);
    const { schema } = answer.data() as { schema: string };
    if (JSON.stringify(avscType(schema).schema()) !== JSON.stringify(avscType(schemaText).schema())) {
      throw new ConnectError('registry.schema', `The latest version of subject "${subject}" has other fields or types than the records.`, {
        remedy: 'Register a matching version, or set use.latest.version=false and auto.register.schemas=true.',
        details: { subject, id },
      });
    }
    return id;
  }

  async #request(subject: string, send: (api: SchemaRegistryAPIClient) => Promise<Answer>): Promise<Answer> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#authorized(subject, send);
      } catch (error) {
        if (!(error instanceof ConnectError) || error.code !== 'registry.unreachable' || attempt >= this.#options.retriesMax) throw error;
        const waitMs = Math.min(this.#options.retryWaitMs * 2 ** attempt, this.#options.retryWaitMaxMs);
        this.#log.warn({ subject, attempt: attempt + 1, waitMs, reason: error.message }, 'schema registry does not answer, trying again');
        await this.#clock.sleep(waitMs);
      }
    }
  }

  /** A token may be taken back before its end: one that is refused is asked for anew, once. */
  async #authorized(subject: string, send: (api: SchemaRegistryAPIClient) => Promise<Answer>): Promise<Answer> {
    if (this.#tokens === null) return this.#requestOnce(subject, send);
    this.#bearer.token = await this.#tokens.token();
    try {
      return await this.#requestOnce(subject, send);
    } catch (error) {
      if (!(error instanceof ConnectError) || error.details['status'] !== 401) throw error;
      this.#tokens.forget();
      this.#bearer.token = await this.#tokens.token();
      return this.#requestOnce(subject, send);
    }
  }

  /** Asks each endpoint once, beginning with the one that answered last. */
  async #requestOnce(subject: string, send: (api: SchemaRegistryAPIClient) => Promise<Answer>): Promise<Answer> {
    let failure: ConnectError | null = null;
    const clients = await this.#clients;
    for (const [offset] of clients.entries()) {
      const at = (this.#current + offset) % clients.length;
      const { endpoint, api } = must(clients[at], 'the index is taken modulo the length');
      try {
        const answer = await send(api);
        this.#current = at;
        return answer;
      } catch (error) {
        failure = toConnectError(error, subject, endpoint, this.#options);
        if (failure.code !== 'registry.unreachable') throw failure;
      }
    }
    throw must(failure, 'there is an endpoint');
  }
}

interface RegistryClient {
  readonly endpoint: RegistryEndpoint;
  readonly api: SchemaRegistryAPIClient;
}

interface Answer {
  data(): unknown;
}

/** A proxy or another server may well answer 200 with something else. */
function idIn(answer: Answer, subject: string): number {
  const data = answer.data();
  if (typeof data === 'object' && data !== null && 'id' in data && typeof data.id === 'number') return data.id;
  throw new ConnectError(
    'registry.schema',
    `What answers for subject "${subject}" is not a schema registry: its answer has no schema id.`,
    {
      remedy: 'Check schema.registry.url (for Apicurio it ends in /apis/ccompat/v7).',
      details: { subject },
    },
  );
}

/** The registry's word for the level; null: it says none. */
function levelIn(answer: Answer): string | null {
  const data = answer.data();
  return typeof data === 'object' && data !== null && 'compatibilityLevel' in data ? String(data.compatibilityLevel) : null;
}

async function createClients(
  { endpoints, requestTimeoutMs, bearerHeaders }: RegistryOptions,
  bearer: { readonly token: string | null },
): Promise<RegistryClient[]> {
  const { default: registryApi } = await import('@kafkajs/confluent-schema-registry/dist/api/index.js');
  const options: Omit<SchemaRegistryAPIClientArgs, 'host'> = {
    // Retries are decided above, for all methods alike.
    retry: { retries: 0 },
    middlewares: [
      () => ({
        prepareRequest: async (next) => {
          const request = await next();
          const headers = bearer.token === null ? bearerHeaders : { ...bearerHeaders, Authorization: `Bearer ${bearer.token}` };
          return request.enhance({ headers, timeout: requestTimeoutMs });
        },
      }),
    ],
  };
  return endpoints.map((endpoint) => {
    const auth = endpoint.user === null ? {} : { auth: { username: endpoint.user, password: endpoint.password?.reveal() ?? '' } };
    return { endpoint, api: registryApi.default({ host: endpoint.url, ...auth, ...options }) };
  });
}

function toConnectError(error: unknown, subject: string, endpoint: RegistryEndpoint, options: RegistryOptions): ConnectError {
  const { status, reason } = responseOf(error);
  const details = { subject, registry: endpoint.url, status };
  switch (status) {
    case 401:
    case 403:
      return new ConnectError(
        'registry.authentication',
        `The schema registry at ${endpoint.url} refuses access to subject "${subject}": ${reason}.`,
        {
          remedy: `Check ${options.grant?.keys ?? 'basic.auth.user.info or bearer.auth.token'}, and that this user may write the subject.`,
          details,
        },
      );
    case 404:
      return new ConnectError(
        'registry.schema',
        `The schema registry at ${endpoint.url} does not know the schema for subject "${subject}": ${reason}.`,
        {
          remedy: options.autoRegister
            ? 'Check the path of schema.registry.url (for Apicurio it ends in /apis/ccompat/v7).'
            : 'Register the schema, or set auto.register.schemas=true.',
          details,
        },
      );
    case 409:
      return new ConnectError(
        'registry.schema',
        `The schema registry refuses the new schema of subject "${subject}" as incompatible: ${reason}.`,
        {
          remedy: 'Undo the change of the table, change the compatibility level of the subject, or write to another topic.',
          details,
        },
      );
    default:
      if (status >= 500 || status === 429 || status === 408 || status === noAnswer) {
        const what = status === noAnswer ? 'does not answer' : `answers with status ${status} for subject "${subject}"`;
        return new ConnectError('registry.unreachable', `The schema registry at ${endpoint.url} ${what}: ${reason}.`, {
          remedy: status === 429 ? 'Let it take more requests.' : 'Check schema.registry.url and that the registry is running.',
          details,
        });
      }
      return new ConnectError('registry.schema', `The schema registry refuses the schema of subject "${subject}": ${reason}.`, {
        remedy: 'See the reason; the registry takes the schema text as it stands.',
        details,
      });
  }
}

const noAnswer = 0;

/**
 * Status and reason of a failed request. The client reports a request that got no answer as status 400 with the socket
 * error's text in place of a body; only an answer of the registry has a `message` of its own.
 */
function responseOf(error: unknown): { readonly status: number; readonly reason: string } {
  if (!(error instanceof Error) || !('status' in error) || typeof error.status !== 'number') {
    return { status: noAnswer, reason: error instanceof Error ? error.message : 'unknown failure' };
  }
  // A refusal may hold the whole schema that was there before.
  const reason = error.message
    .replace(/^[^ ]* - /, '')
    .replace(/\{oldSchema: '.*?'\}(?:, )?/s, '')
    .replace(/\.$/, '');
  const empty = /^Error, status 400(?:: |$)/.exec(reason);
  return error.status === 400 && empty !== null
    ? { status: noAnswer, reason: reason.slice(empty[0].length) || 'no answer' }
    : { status: error.status, reason };
}
