import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { ConnectionOptions as TlsOptions } from 'node:tls';
import { ConnectError } from '../base/errors.ts';
import { Secret } from '../base/secret.ts';
import type { BrokerConnectionOptions } from './broker-connection.ts';
import type { SaslCredentials } from './sasl.ts';

/**
 * Kafka client settings under Kafka's own names (`bootstrap.servers`, `security.protocol`, ...). `Config` of the
 * runtime fits it; stated structurally because this layer lies below the runtime.
 */
export interface KafkaSettings {
  /** Trimmed text, or null when the key is not set. */
  optional(name: string): string | null;
  /** Comma-separated, trimmed. */
  list(name: string): string[];
  /** Not trimmed. */
  secret(name: string): Secret | null;
}

export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
}

const protocols = ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'];
const mechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const;

/** Kafka client settings, checked, in the form that our connections want them. Reads certificate files when made. */
export class ClientConfig {
  readonly servers: readonly BrokerAddress[];
  readonly clientId: string;
  readonly requestTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly retryBackoffMs: number;
  readonly retryBackoffMaxMs: number;
  readonly metadataMaxAgeMs: number;
  readonly #tls: TlsOptions | null;
  readonly #sasl: SaslCredentials | null;

  /** Throws `config.invalid` or `file.unreadable`. */
  constructor(settings: KafkaSettings) {
    this.servers = parseServers(settings.list('bootstrap.servers'));
    const clientId = settings.optional('client.id');
    this.clientId = clientId === null || clientId === '' ? 'millrace' : clientId;
    this.requestTimeoutMs = positive(settings, 'request.timeout.ms', 30_000);
    this.connectTimeoutMs = positive(settings, 'socket.connection.setup.timeout.ms', 10_000);
    this.retryBackoffMs = positive(settings, 'retry.backoff.ms', 100);
    this.retryBackoffMaxMs = Math.max(this.retryBackoffMs, positive(settings, 'retry.backoff.max.ms', 1_000));
    this.metadataMaxAgeMs = positive(settings, 'metadata.max.age.ms', 300_000);
    const protocol = (settings.optional('security.protocol') || 'PLAINTEXT').toUpperCase();
    if (!protocols.includes(protocol)) {
      throw invalid(`Invalid value ${protocol} for configuration security.protocol.`, `Use one of ${protocols.join(', ')}.`);
    }
    this.#tls = protocol.endsWith('SSL') ? tlsOptions(settings) : null;
    this.#sasl = protocol.startsWith('SASL') ? saslCredentials(settings) : null;
  }

  /** The bootstrap servers as the user wrote them: what messages about an unreachable cluster name. */
  get serverNames(): string {
    return this.servers.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`).join(',');
  }

  /** For one of our own connections to `host`. */
  connection(host: string): BrokerConnectionOptions {
    return {
      clientId: this.clientId,
      connectTimeoutMs: this.connectTimeoutMs,
      requestTimeoutMs: this.requestTimeoutMs,
      // An address is no server name.
      tls: this.#tls === null || isIP(host) !== 0 ? this.#tls : { ...this.#tls, servername: host },
      sasl: this.#sasl,
    };
  }
}

function parseServers(list: readonly string[]): BrokerAddress[] {
  const servers = list.filter((entry) => entry !== '');
  if (servers.length === 0) {
    throw invalid(
      'Missing required configuration "bootstrap.servers".',
      'Set bootstrap.servers to one or more HOST:PORT, separated by commas.',
    );
  }
  return servers.map((entry) => {
    const match = /^(?:[a-z_]+:\/\/)?(?:\[([^\]]+)\]|([^\s:/]+)):(\d{1,5})$/i.exec(entry);
    const host = match?.[1] ?? match?.[2];
    const port = Number(match?.[3]);
    if (host === undefined || port < 1 || port > 65_535) {
      throw invalid(`Invalid url in bootstrap.servers: ${entry}`, 'Write each server as HOST:PORT.');
    }
    return { host, port };
  });
}

function positive(settings: KafkaSettings, name: string, fallback: number): number {
  const text = settings.optional(name);
  if (text === null || text === '') return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0)
    throw invalid(`Invalid value ${text} for configuration ${name}.`, 'Give a whole number of milliseconds.');
  return value;
}

function saslCredentials(settings: KafkaSettings): SaslCredentials {
  const named = (settings.optional('sasl.mechanism') || 'GSSAPI').toUpperCase();
  const mechanism = mechanisms.find((known) => known === named);
  if (mechanism === undefined) {
    throw invalid(`sasl.mechanism ${named} is not supported.`, `Set sasl.mechanism to one of ${mechanisms.join(', ')}.`);
  }
  const jaas = settings.secret('sasl.jaas.config')?.reveal() ?? '';
  const username = settings.optional('sasl.username') ?? jaasOption(jaas, 'username');
  const password = settings.secret('sasl.password')?.reveal() ?? jaasOption(jaas, 'password');
  if (jaas !== '' && !/(Plain|Scram)LoginModule\s/.test(jaas)) {
    throw invalid('sasl.jaas.config names a login module that is not supported.', 'Use PlainLoginModule or ScramLoginModule.');
  }
  if (username === null || password === null) {
    throw invalid(
      `sasl.mechanism ${mechanism} needs a user name and a password.`,
      'Set sasl.username and sasl.password, or sasl.jaas.config with username="..." and password="...".',
    );
  }
  return { mechanism, username, password: new Secret(password) };
}

/** JAAS option values are quoted, with backslash escapes, or bare up to the next blank or semicolon. */
function jaasOption(jaas: string, name: string): string | null {
  const match = new RegExp(`(?:^|\\s)${name}\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|'((?:[^'\\\\]|\\\\.)*)'|([^\\s;]+))`, 's').exec(jaas);
  if (match === null) return null;
  const quoted = match[1] ?? match[2];
  return quoted === undefined ? (match[3] ?? null) : quoted.replaceAll(/\\(.)/gs, '$1');
}

function tlsOptions(settings: KafkaSettings): TlsOptions {
  const options: TlsOptions = {};
  const ca =
    pem(settings, 'ssl.truststore.certificates', 'ssl.truststore.location', 'ssl.truststore.type') ?? pemFile(settings, 'ssl.ca.location');
  if (ca !== null) options.ca = ca;
  const store = pem(settings, 'ssl.keystore.key', 'ssl.keystore.location', 'ssl.keystore.type');
  const key = store ?? pemFile(settings, 'ssl.key.location');
  // A PEM key store holds the private key and the certificate chain in one file; OpenSSL picks each out by its label.
  const chain = settings.secret('ssl.keystore.certificate.chain')?.reveal() ?? pemFile(settings, 'ssl.certificate.location') ?? store;
  if (key !== null && chain !== null) {
    options.key = key;
    options.cert = chain;
    const passphrase = settings.secret('ssl.key.password');
    if (passphrase !== null) options.passphrase = passphrase.reveal();
  }
  if (settings.optional('ssl.endpoint.identification.algorithm') === '') options.checkServerIdentity = () => undefined;
  return options;
}

function pem(settings: KafkaSettings, inlineKey: string, locationKey: string, typeKey: string): string | null {
  const inline = settings.secret(inlineKey);
  if (inline !== null) return inline.reveal();
  const location = settings.optional(locationKey);
  if (location === null || location === '') return null;
  const type = (settings.optional(typeKey) || (/\.(pem|crt|cer|key)$/i.test(location) ? 'PEM' : 'JKS')).toUpperCase();
  if (type === 'PEM') return pemFile(settings, locationKey);
  throw invalid(
    `${locationKey} is a ${type} store, which only a JVM can read.`,
    `Convert it to PEM (openssl pkcs12 -nodes, after keytool -importkeystore -deststoretype PKCS12 for JKS), point ${locationKey} to it and set ${typeKey}=PEM.`,
  );
}

function pemFile(settings: KafkaSettings, key: string): string | null {
  const location = settings.optional(key);
  if (location === null || location === '') return null;
  try {
    return readFileSync(location, 'utf8');
  } catch (cause) {
    throw new ConnectError('file.unreadable', `Cannot read ${location}, given as ${key}.`, {
      remedy: 'Check the path and the permissions.',
      cause,
    });
  }
}

function invalid(message: string, remedy: string): ConnectError {
  return new ConnectError('config.invalid', message, { remedy });
}
