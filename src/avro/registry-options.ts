import { ConnectError } from '../base/errors.ts';
import { Secret } from '../base/secret.ts';
import type { Config } from '../connect/config.ts';
import type { ConfigKey } from '../connect/plugin.ts';
import type { TokenGrant } from './bearer-tokens.ts';
import { subjectNameStrategies, subjectNameStrategy } from './subject-name.ts';

export interface RegistryEndpoint {
  /** Without credentials: fit for messages. */
  readonly url: string;
  readonly user: string | null;
  readonly password: Secret | null;
}

export interface RegistryOptions {
  readonly endpoints: readonly RegistryEndpoint[];
  readonly bearerToken: Secret | null;
  /** By which tokens are had; null: none are asked for. */
  readonly grant: TokenGrant | null;
  /** Sent beside a token. */
  readonly bearerHeaders: Readonly<Record<string, string>>;
  readonly autoRegister: boolean;
  readonly useLatest: boolean;
  /** The level that subjects are given; null leaves them to whoever runs the registry. */
  readonly compatibility: string | null;
  readonly retriesMax: number;
  readonly retryWaitMs: number;
  readonly retryWaitMaxMs: number;
  readonly requestTimeoutMs: number;
}

const group = 'Schema registry';

export const registryConfigKeys: readonly ConfigKey[] = [
  {
    name: 'schema.registry.url',
    type: 'LIST',
    importance: 'HIGH',
    group,
    doc: 'Addresses of the schema registry, separated by commas; the next one is tried when one does not answer. For Apicurio: its /apis/ccompat/v7 path.',
    check: (value) =>
      value.split(',').every((url) => /^https?:\/\/[^/]+/.test(url.trim())) ? null : 'must be http:// or https:// addresses',
  },
  {
    name: 'basic.auth.credentials.source',
    type: 'STRING',
    default: 'URL',
    oneOf: ['URL', 'USER_INFO'],
    importance: 'MEDIUM',
    group,
    doc: 'Where user and password come from: URL (user:password@host in the address) or USER_INFO (basic.auth.user.info).',
  },
  {
    name: 'basic.auth.user.info',
    type: 'PASSWORD',
    default: null,
    importance: 'MEDIUM',
    group,
    doc: 'USER:PASSWORD for the registry, with credentials source USER_INFO.',
  },
  {
    name: 'schema.registry.basic.auth.user.info',
    type: 'PASSWORD',
    default: null,
    importance: 'LOW',
    group,
    doc: 'Older name of basic.auth.user.info.',
  },
  {
    name: 'bearer.auth.credentials.source',
    type: 'STRING',
    default: null,
    oneOf: ['STATIC_TOKEN', 'OAUTHBEARER'],
    importance: 'MEDIUM',
    group,
    doc: 'STATIC_TOKEN sends bearer.auth.token with every request; OAUTHBEARER asks bearer.auth.issuer.endpoint.url for tokens, as a client.',
  },
  { name: 'bearer.auth.token', type: 'PASSWORD', default: null, importance: 'MEDIUM', group, doc: 'The token for STATIC_TOKEN.' },
  ...Object.entries({
    'bearer.auth.issuer.endpoint.url': 'The token endpoint for OAUTHBEARER.',
    'bearer.auth.client.id': 'Id of the client for OAUTHBEARER.',
    'bearer.auth.client.secret': 'Secret of that client.',
    'bearer.auth.scope': 'The scope that the token is asked for.',
    'bearer.auth.logical.cluster': 'The logical cluster of the registry, sent beside the token.',
    'bearer.auth.identity.pool.id': 'The identity pool, sent beside the token.',
  }).map(([name, doc]): ConfigKey => ({
    name,
    type: name.endsWith('secret') ? 'PASSWORD' : 'STRING',
    default: null,
    importance: 'LOW',
    group,
    doc,
    ...(name.endsWith('url')
      ? {
          check: (value: string) =>
            /^https?:\/\/[^/]/.test(value) && URL.canParse(value) ? null : 'must be an http:// or https:// address',
        }
      : {}),
  })),
  {
    name: 'auto.register.schemas',
    type: 'BOOLEAN',
    default: 'true',
    importance: 'MEDIUM',
    group,
    doc: 'Register schemas that the registry does not know. If false, an unknown schema is an error.',
  },
  {
    name: 'use.latest.version',
    type: 'BOOLEAN',
    default: 'false',
    importance: 'LOW',
    group,
    doc: 'Write under the id of the latest registered version instead of registering; it must have the same fields and types. Needs auto.register.schemas=false.',
  },
  {
    name: 'schema.compatibility.level',
    type: 'STRING',
    default: null,
    oneOf: ['NONE', 'BACKWARD', 'BACKWARD_TRANSITIVE', 'FORWARD', 'FORWARD_TRANSITIVE', 'FULL', 'FULL_TRANSITIVE'],
    importance: 'LOW',
    group,
    doc: 'The compatibility level to give each subject before its first schema of this run. Unset: levels are left alone.',
  },
  {
    name: 'max.retries',
    type: 'INT',
    default: '3',
    min: 0,
    importance: 'LOW',
    group,
    doc: 'How often a request is repeated when the registry cannot be reached.',
  },
  {
    name: 'retries.wait.ms',
    type: 'INT',
    default: '1000',
    min: 0,
    importance: 'LOW',
    group,
    doc: 'Wait before the first repetition; doubles from one to the next.',
  },
  { name: 'retries.max.wait.ms', type: 'INT', default: '20000', min: 0, importance: 'LOW', group, doc: 'Upper bound of that wait.' },
  { name: 'http.read.timeout.ms', type: 'INT', default: '60000', min: 1, importance: 'LOW', group, doc: 'How long to wait for an answer.' },
  ...(['key', 'value'] as const).map((part): ConfigKey => ({
    name: `${part}.subject.name.strategy`,
    type: 'CLASS',
    default: subjectNameStrategies[0],
    importance: 'MEDIUM',
    group,
    doc: `How the subject of ${part} schemas is named: ${subjectNameStrategies.join(', ')}.`,
    check: checkStrategy,
  })),
];

function checkStrategy(value: string): string | null {
  try {
    subjectNameStrategy(value.trim());
    return null;
  } catch {
    return `must be one of ${subjectNameStrategies.join(', ')}`;
  }
}

export function registryOptions(config: Config): RegistryOptions {
  const userInfo = config.secret('basic.auth.user.info') ?? config.secret('schema.registry.basic.auth.user.info');
  const fromUrl = config.choice('basic.auth.credentials.source') === 'url';
  const bearerSource = config.optional('bearer.auth.credentials.source')?.toUpperCase() ?? null;
  const options = {
    endpoints: config.list('schema.registry.url').map((url) => endpoint(url, fromUrl ? null : userInfo)),
    bearerToken: bearerSource === 'STATIC_TOKEN' ? config.secret('bearer.auth.token') : null,
    grant: bearerSource === 'OAUTHBEARER' ? tokenGrant(config) : null,
    bearerHeaders: bearerSource === null ? {} : bearerHeaders(config),
    autoRegister: config.boolean('auto.register.schemas'),
    useLatest: config.boolean('use.latest.version'),
    compatibility: config.optional('schema.compatibility.level')?.toUpperCase() ?? null,
    retriesMax: config.int('max.retries'),
    retryWaitMs: config.int('retries.wait.ms'),
    retryWaitMaxMs: config.int('retries.max.wait.ms'),
    requestTimeoutMs: config.int('http.read.timeout.ms'),
  };
  if (options.endpoints.length === 0) {
    throw new ConnectError('config.invalid', 'Missing required configuration "schema.registry.url".', {
      remedy: 'Set it to the address of the schema registry, under the prefix of the converter.',
    });
  }
  if (!fromUrl && userInfo === null) {
    throw new ConnectError('config.invalid', 'basic.auth.credentials.source is USER_INFO and basic.auth.user.info is missing.', {
      remedy: 'Set basic.auth.user.info to USER:PASSWORD, best through a config provider.',
    });
  }
  return options;
}

function tokenGrant(config: Config): TokenGrant {
  const [url, clientId, secret] = ['issuer.endpoint.url', 'client.id', 'client.secret'].map((name) => config.secret(`bearer.auth.${name}`));
  if (!url || !clientId || !secret) {
    throw new ConnectError(
      'config.invalid',
      'bearer.auth.credentials.source is OAUTHBEARER, and bearer.auth.issuer.endpoint.url, bearer.auth.client.id or bearer.auth.client.secret is missing.',
      { remedy: 'Set all three under the prefix of the converter, the secret best through a config provider.' },
    );
  }
  return {
    url: url.reveal().trim(),
    clientId: clientId.reveal().trim(),
    clientSecret: secret,
    scope: config.optional('bearer.auth.scope'),
    credentialsIn: 'header',
    keys: 'bearer.auth.issuer.endpoint.url, bearer.auth.client.id and bearer.auth.client.secret',
  };
}

function bearerHeaders(config: Config): Record<string, string> {
  const headers = {
    'target-sr-cluster': config.optional('bearer.auth.logical.cluster'),
    'Confluent-Identity-Pool-Id': config.optional('bearer.auth.identity.pool.id'),
  };
  return Object.fromEntries(Object.entries(headers).flatMap(([name, value]) => (value === null || value === '' ? [] : [[name, value]])));
}

function endpoint(text: string, userInfo: Secret | null): RegistryEndpoint {
  if (!URL.canParse(text)) {
    throw new ConnectError('config.invalid', 'schema.registry.url holds something that is not an http:// or https:// address.', {
      remedy: 'Write it as http://HOST:PORT, several separated by commas.',
    });
  }
  const url = new URL(text);
  const [user, password] =
    userInfo === null ? [decodeURIComponent(url.username), decodeURIComponent(url.password)] : splitUserInfo(userInfo);
  const plain = `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
  return user === '' ? { url: plain, user: null, password: null } : { url: plain, user, password: new Secret(password) };
}

function splitUserInfo(userInfo: Secret): [string, string] {
  const text = userInfo.reveal();
  const colon = text.indexOf(':');
  return colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)];
}
