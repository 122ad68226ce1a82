import { ConnectError } from '../base/errors.ts';
import { Secret } from '../base/secret.ts';
import type { Config } from '../connect/config.ts';
import type { ConfigKey } from '../connect/plugin.ts';
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
    oneOf: ['STATIC_TOKEN'],
    importance: 'MEDIUM',
    group,
    doc: 'STATIC_TOKEN sends bearer.auth.token with every request.',
  },
  { name: 'bearer.auth.token', type: 'PASSWORD', default: null, importance: 'MEDIUM', group, doc: 'The token for STATIC_TOKEN.' },
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
  const bearer = config.optional('bearer.auth.credentials.source') === null ? null : config.secret('bearer.auth.token');
  const options = {
    endpoints: config.list('schema.registry.url').map((url) => endpoint(url, fromUrl ? null : userInfo)),
    bearerToken: bearer,
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
