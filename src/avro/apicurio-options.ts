import { ConnectError } from '../base/errors.ts';
import { Secret } from '../base/secret.ts';
import type { Config } from '../connect/config.ts';
import type { ConfigKey } from '../connect/plugin.ts';
import type { TokenGrant } from './bearer-tokens.ts';

export interface ApicurioOptions {
  /** Up to `/apis/registry/v2` or `/apis/registry/v3`, without credentials. */
  readonly url: string;
  readonly api: 2 | 3;
  readonly user: string | null;
  readonly password: Secret | null;
  /** By which tokens are had instead; null: user and password. */
  readonly grant: TokenGrant | null;
  /** Null: the default group, or the record's namespace where the artifact is named after the record. */
  readonly group: string | null;
  readonly autoRegister: boolean;
  readonly findLatest: boolean;
  readonly retriesMax: number;
  readonly retryWaitMs: number;
  readonly idKind: 'globalId' | 'contentId';
  /** Where a record says which schema it has: in headers, or in front of itself in 4 bytes (as Confluent's) or 8. */
  readonly idPlace: 'headers' | 4 | 8;
  readonly artifact: ArtifactNaming;
}

export type ArtifactNaming = 'topic-part' | 'topic' | 'record' | 'full-record' | 'topic-record';

const group = 'Schema registry';
const prefix = 'apicurio.registry.';

function key(
  name: string,
  type: ConfigKey['type'],
  value: string | null | undefined,
  doc: string,
  extra: Partial<ConfigKey> = {},
): ConfigKey {
  return { name, type, default: value, importance: 'LOW', group, doc, ...extra };
}

function without(name: string, why: string): ConfigKey {
  return key(name, 'STRING', null, `Accepted without effect: ${why}.`, { ignored: why });
}

function refused(name: string, instead: string): ConfigKey {
  return key(name, 'STRING', null, 'Not supported yet.', {
    check: (value) => (value.trim() === '' ? null : `it is not supported yet: ${instead}`),
  });
}

function checkAddress(value: string): string | null {
  return value === '' || (/^https?:\/\/[^/]/.test(value) && URL.canParse(value)) ? null : 'must be an http:// or https:// address';
}

const namings: Readonly<Record<string, ArtifactNaming>> = {
  TopicIdStrategy: 'topic-part',
  SimpleTopicIdStrategy: 'topic',
  RecordIdStrategy: 'record',
  QualifiedRecordIdStrategy: 'full-record',
  TopicRecordIdStrategy: 'topic-record',
};

function naming(className: string): ArtifactNaming | undefined {
  return namings[className.trim().slice(className.trim().lastIndexOf('.') + 1)];
}

const loaded = 'it names a Java class';
const cached = 'schemas are looked up once per shape';

/** Options of Apicurio's converter, under its own names and with its own defaults. */
export const apicurioConfigKeys: readonly ConfigKey[] = [
  key(`${prefix}url`, 'STRING', undefined, 'Address of Apicurio Registry: with /apis/registry/v2 or v3, which is added where it lacks.', {
    importance: 'HIGH',
    check: (value) =>
      /^https?:\/\/[^/]+/.test(value.trim()) && URL.canParse(value.trim()) ? null : 'must be an http:// or https:// address',
  }),
  key(`${prefix}auto-register`, 'BOOLEAN', 'false', 'Register schemas that the registry does not know.', { importance: 'MEDIUM' }),
  key(
    `${prefix}find-latest`,
    'BOOLEAN',
    'false',
    'Without auto-register: write under the id of the latest version; it must have the same fields and types.',
  ),
  key(`${prefix}as-confluent`, 'BOOLEAN', 'false', 'Ids of 4 bytes, as in records of Confluent.'),
  key(`${prefix}headers.enabled`, 'BOOLEAN', 'true', 'The id of the schema stands in headers; otherwise in front of key and value.'),
  key(`${prefix}use-id`, 'STRING', 'globalId', 'Which id of a schema: globalId or contentId.', { oneOf: ['globalId', 'contentId'] }),
  key(`${prefix}id-handler`, 'CLASS', null, 'DefaultIdHandler (8 bytes) or Legacy4ByteIdHandler.', {
    check: (value) =>
      /^(.*\.)?(Default|Legacy4Byte|Optimistic4Byte|Default4Byte)IdHandler$/.test(value.trim()) || value === ''
        ? null
        : `${loaded}, which cannot be loaded here`,
  }),
  key(`${prefix}artifact.group-id`, 'STRING', null, 'The group of the artifacts.'),
  key(`${prefix}artifact-resolver-strategy`, 'CLASS', 'TopicIdStrategy', `How artifacts are named: ${Object.keys(namings).join(', ')}.`, {
    check: (value) => (naming(value) === undefined ? `must be one of ${Object.keys(namings).join(', ')}` : null),
  }),
  key(`${prefix}retry-count`, 'INT', '3', 'How often a request is repeated when the registry cannot be reached.', { min: 0 }),
  key(`${prefix}retry-backoff-ms`, 'INT', '300', 'Wait before each repetition.', { min: 0 }),
  key('apicurio.auth.username', 'STRING', null, 'User, for basic authentication.'),
  key('apicurio.auth.password', 'PASSWORD', null, 'Password of that user.'),
  key(
    'connect.meta.data',
    'BOOLEAN',
    'true',
    'Keep names, versions and parameters of the Connect schema as properties in the Avro schema.',
  ),
  key('apicurio.auth.service.token.endpoint', 'STRING', null, 'Where tokens are asked for: log-in by OpenID Connect, as a client.', {
    check: checkAddress,
  }),
  key(
    'apicurio.auth.service.url',
    'STRING',
    null,
    'Address of Keycloak, to which /realms/<realm>/protocol/openid-connect/token is added.',
    {
      check: checkAddress,
    },
  ),
  key('apicurio.auth.realm', 'STRING', null, 'The realm of that address.'),
  key('apicurio.auth.client.id', 'STRING', null, 'Id of the client.'),
  key('apicurio.auth.client.secret', 'PASSWORD', null, 'Secret of the client.'),
  key('apicurio.auth.client.scope', 'STRING', null, 'The scope that the token is asked for.'),
  refused(`${prefix}artifact.artifact-id`, 'several topics would share one schema.'),
  refused(`${prefix}artifact.version`, 'use "apicurio.registry.find-latest".'),
  ...[
    'schema-resolver',
    'avro-datum-provider',
    'headers.handler',
    'converter.serializer',
    'converter.deserializer',
    'fallback.provider',
  ].map((name) => without(prefix + name, loaded)),
  ...['check-period-ms', 'cache-latest', 'fault-tolerant-refresh', 'dereference-schema', 'serializer.dereference-schema'].map((name) =>
    without(prefix + name, cached),
  ),
  ...[
    'deserializer.dereference-schema',
    'use-specific-avro-reader',
    'avro.encoding',
    'serde.validation-enabled',
    'is-key',
    'auto-register.if-exists',
  ].map((name) => without(prefix + name, 'records are written in binary, under the schema of their table')),
  without('enhanced.avro.schema.support', 'enums and packages are written as Connect types, as by default'),
  without('schemas.cache.config', cached),
  without('schemas.cache.size', cached),
  without('schemas.enable', 'Avro always has a schema'),
];

export function apicurioOptions(config: Config): ApicurioOptions {
  const { url, api, user, password } = address(config.string(`${prefix}url`).trim());
  const handler = config.optional(`${prefix}id-handler`) ?? '';
  const short = config.boolean(`${prefix}as-confluent`) || handler.includes('4Byte');
  return {
    url,
    api,
    user: config.optional('apicurio.auth.username') ?? user,
    password: config.secret('apicurio.auth.password') ?? password,
    grant: tokenGrant(config),
    group: config.optional(`${prefix}artifact.group-id`),
    autoRegister: config.boolean(`${prefix}auto-register`),
    findLatest: config.boolean(`${prefix}find-latest`),
    retriesMax: config.int(`${prefix}retry-count`),
    retryWaitMs: config.int(`${prefix}retry-backoff-ms`),
    idKind: config.choice(`${prefix}use-id`) === 'contentid' ? 'contentId' : 'globalId',
    idPlace: config.boolean(`${prefix}headers.enabled`) ? 'headers' : short ? 4 : 8,
    artifact: naming(config.string(`${prefix}artifact-resolver-strategy`)) ?? 'topic-part',
  };
}

function address(text: string): Pick<ApicurioOptions, 'url' | 'api' | 'user' | 'password'> {
  const url = new URL(text);
  const path = url.pathname.replace(/\/+$/, '');
  const given = /\/apis\/registry\/v([23])$/.exec(path);
  return {
    url: `${url.origin}${given === null ? `${path.replace(/\/(apis.*|api)$/, '')}/apis/registry/v2` : path}`,
    api: given?.[1] === '3' ? 3 : 2,
    user: url.username === '' ? null : decodeURIComponent(url.username),
    password: url.password === '' ? null : new Secret(decodeURIComponent(url.password)),
  };
}

function tokenGrant(config: Config): TokenGrant | null {
  const own = (name: string): string => config.optional(`apicurio.auth.${name}`)?.trim() ?? '';
  const service = own('service.url').replace(/\/+$/, '');
  const endpoint = own('service.token.endpoint');
  if (endpoint === '' && service === '') return null;
  const secret = config.secret('apicurio.auth.client.secret');
  const missing = [
    ...(endpoint === '' && own('realm') === '' ? ['apicurio.auth.realm'] : []),
    ...(own('client.id') === '' ? ['apicurio.auth.client.id'] : []),
    ...(secret === null ? ['apicurio.auth.client.secret'] : []),
  ];
  if (missing.length > 0 || secret === null) {
    throw new ConnectError('config.invalid', `Log-in by OpenID Connect lacks ${missing.join(', ')}.`, {
      remedy: 'Set them under the prefix of the converter, the secret best through a config provider.',
    });
  }
  const url = endpoint === '' ? `${service}/realms/${encodeURIComponent(own('realm'))}/protocol/openid-connect/token` : endpoint;
  const scope = own('client.scope');
  return {
    url,
    clientId: own('client.id'),
    clientSecret: secret,
    scope: scope === '' ? null : scope,
    credentialsIn: 'form',
    keys: 'apicurio.auth.service.*, apicurio.auth.client.id and apicurio.auth.client.secret',
  };
}
