import { connect as connectSocket } from 'node:net';

import { Client, type ClientConfig } from 'pg';

import { ConnectError } from '../../base/errors.ts';
import type { ConnectionSettings } from './settings.ts';
import { sqlError, sqlState, type SqlErrorContext } from './sql-error.ts';
import { tlsAttempts, type TlsAttempt } from './tls-options.ts';

/** The text forms that the column kinds read. */
const textPins: Readonly<Record<string, string>> = {
  client_encoding: 'UTF8',
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  extra_float_digits: '3',
  bytea_output: 'hex',
  xmlbinary: 'base64',
  lc_monetary: 'C',
};

/**
 * What every session is pinned to, whatever role, database or server say: the text forms, warnings, and no timeouts, which
 * would end a snapshot or an idle slot holder. Sent as startup options, so that a walsender has them too.
 */
const sessionPins: Readonly<Record<string, string>> = {
  ...textPins,
  // The stream tells of a publication that is gone by a warning only.
  client_min_messages: 'warning',
  statement_timeout: '0',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  idle_session_timeout: '0',
};

/** A time-out, too, of Postgres 17 and later: an older server refuses a connection that asks for it at its start. */
const laterPin = 'transaction_timeout';

/** How much later than `database.query.timeout.ms` a server is taken for one that does not answer. */
const answerMs = 10_000;

/** `replication`: a walsender of this database, which also takes plain SQL. */
export interface SessionOptions {
  readonly replication?: boolean;
  readonly applicationName?: string;
  /** False: statements may take as long as they need, whatever `database.query.timeout.ms` says. */
  readonly queryTimeout?: boolean;
}

/** Opens connections to one server; knows after the first whether TLS is used. */
export class SessionFactory {
  readonly #settings: ConnectionSettings;
  readonly #applicationName: string;
  #tls: TlsAttempt | null = null;
  /** The cluster that the first connection came to; null: not known. */
  #systemId: string | null = null;

  constructor(settings: ConnectionSettings, applicationName: string) {
    this.#settings = settings;
    this.#applicationName = applicationName;
  }

  get host(): string {
    return `${this.#settings.hostname}:${this.#settings.port}`;
  }

  context(doing: string): SqlErrorContext {
    return { doing, host: this.host, user: this.#settings.user, database: this.#settings.database };
  }

  /** True when connections carry TLS; known after the first `connect`. */
  get encrypted(): boolean {
    return this.#tls !== null && this.#tls !== false;
  }

  /** A connected client whose session has the pins; they are read back, because a pooler may drop startup options. */
  async connect(options: SessionOptions = {}): Promise<Client> {
    const attempts = this.#tls === null ? tlsAttempts(this.#settings) : [this.#tls];
    for (const tls of attempts) {
      const client = new Client(this.clientConfig(tls, options));
      // Without a listener a connection that is cut while nobody waits for it would end the process.
      client.on('error', () => {});
      try {
        await client.connect();
      } catch (error) {
        await client.end().catch(() => {});
        if (tls !== attempts.at(-1) && this.#mayFallBack(error)) continue;
        throw await this.#connectError(error, tls);
      }
      this.#tls = tls;
      await this.#setUp(client, options);
      return client;
    }
    throw new ConnectError('internal', 'There is no way to connect.');
  }

  /** The settings of one connection, for code that makes its own client; `connect` has been called before. */
  clientConfig(tls: TlsAttempt | null = this.#tls, options: SessionOptions = {}): ClientConfig {
    const { hostname, port, user, password, database, tcpKeepAlive, connectTimeoutMs, driver } = this.#settings;
    const pins = Object.entries(sessionPins).map(([name, value]) => `-c ${name}=${value.replaceAll(' ', '\\ ')}`);
    return {
      host: hostname,
      port,
      user,
      password: password?.reveal() ?? '',
      database,
      ssl: tls ?? false,
      // The last of two that set the same counts.
      options: [driver.options, ...pins].join(' ').trim(),
      keepAlive: tcpKeepAlive,
      keepAliveInitialDelayMillis: 30_000,
      connectionTimeoutMillis: connectTimeoutMs,
      application_name: driver.applicationName ?? options.applicationName ?? this.#applicationName,
      ...(options.replication === true ? { replication: 'database' } : {}),
      // The server ends a statement in time; this is for one that does not answer at all.
      ...this.#answerLimit(options),
    };
  }

  #answerLimit(options: SessionOptions): { query_timeout?: number } {
    if (options.replication === true || options.queryTimeout === false) return {};
    const { queryTimeoutMs, driver } = this.#settings;
    const limits = [queryTimeoutMs > 0 ? queryTimeoutMs + answerMs : 0, driver.answerTimeoutMs].filter((ms) => ms > 0);
    return limits.length === 0 ? {} : { query_timeout: Math.min(...limits) };
  }

  #limits(options: SessionOptions): boolean {
    return options.replication !== true && options.queryTimeout !== false && this.#settings.queryTimeoutMs > 0;
  }

  #mayFallBack(error: unknown): boolean {
    const state = sqlState(error);
    if (state !== null) return state === '28000';
    const code = (error as { code?: unknown }).code;
    return code !== 'ECONNREFUSED' && code !== 'ENOTFOUND' && code !== 'EHOSTUNREACH';
  }

  async #connectError(error: unknown, tls: TlsAttempt): Promise<ConnectError> {
    const { user, database, sslMode } = this.#settings;
    const failure = sqlError(error, this.context(`connecting to ${this.host} as "${user}", database "${database}"`));
    if (failure.code !== 'postgres.unreachable' || tls === false || sqlState(error) !== null) return failure;
    // A server without TLS answers one byte and closes; the client reports that without any code.
    if ((error as { code?: unknown }).code !== undefined || (await this.#offersTls()) !== false) return failure;
    return new ConnectError('postgres.setting', `The server ${this.host} does not offer TLS, and "database.sslmode" is "${sslMode}".`, {
      cause: error,
      remedy: 'Switch TLS on in the server (ssl = on), or set "database.sslmode" to "prefer" or "disable".',
    });
  }

  /** Asks as the protocol does (SSLRequest): 'S' yes, 'N' no; null when there is no answer. */
  #offersTls(): Promise<boolean | null> {
    const { hostname, port } = this.#settings;
    return new Promise((resolve) => {
      const socket = connectSocket({ host: hostname, port, timeout: 5000 });
      const done = (answer: boolean | null): void => {
        socket.destroy();
        resolve(answer);
      };
      socket.once('connect', () => socket.write(Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f])));
      socket.once('data', (bytes) => done(bytes[0] === 0x53 ? true : bytes[0] === 0x4e ? false : null));
      socket.once('timeout', () => done(null));
      socket.once('error', () => done(null));
      socket.once('close', () => done(null));
    });
  }

  /** The rest of the pins. Throws `postgres.setting` when the session has not the others, or came to another server than those before it. */
  async pin(client: Client): Promise<void> {
    await this.#verifyServer(client);
    const names = Object.keys(sessionPins).map((name) => `'${name.toLowerCase()}'`);
    const { rows } = await client.query<{ name: string; setting: string }>(
      `SELECT name, CASE name WHEN '${laterPin}' THEN pg_catalog.set_config(name, '0', false) ELSE setting END AS setting
       FROM pg_catalog.pg_settings WHERE pg_catalog.lower(name) IN ('${laterPin}', ${names.join(', ')})`,
    );
    for (const { name, setting } of rows) {
      const wanted = sessionPins[name];
      if (wanted === undefined || wanted === setting) continue;
      throw new ConnectError('postgres.setting', `The session setting ${name} is "${setting}" although "${wanted}" was asked for.`, {
        remedy: 'Connect to the server itself: a pooler in between drops startup options.',
      });
    }
  }

  /** What is read over two connections belongs together only if they came to one server. */
  async #verifyServer(client: Client): Promise<void> {
    const answer = await client
      .query<{ system: string }>('SELECT system_identifier::text AS system FROM pg_catalog.pg_control_system()')
      .catch((error: unknown) => {
        if (sqlState(error) === '42501') return null; // Some managed services keep it to themselves.
        throw error;
      });
    const found = answer?.rows[0]?.system ?? null;
    if (found === null) return;
    this.#systemId ??= found;
    if (found === this.#systemId) return;
    throw new ConnectError(
      'postgres.setting',
      `Connections to ${this.host} come to different servers (system identifiers ${this.#systemId} and ${found}).`,
      { remedy: 'Connect to one server itself, not to a load balancer or pooler that shares connections out among several.' },
    );
  }

  async #setUp(client: Client, options: SessionOptions): Promise<void> {
    try {
      await this.pin(client);
      if (options.replication === true) return;
      for (const statement of this.#settings.initialStatements) await client.query(statement);
      if (this.#settings.initialStatements.length > 0) await pinText(client);
      if (this.#limits(options)) await client.query(`SET statement_timeout = ${this.#settings.queryTimeoutMs}`);
    } catch (error) {
      await client.end().catch(() => {});
      throw sqlError(error, this.context('setting up the session'));
    }
  }
}

/** Time-outs are the user's own affair, the text of values is not: what statements of his changed of it is set back. */
async function pinText(client: Client): Promise<void> {
  const [names, values] = [Object.keys(textPins), Object.values(textPins)];
  await client.query('SELECT pg_catalog.set_config(name, value, false) FROM unnest($1::text[], $2::text[]) pin (name, value)', [
    names,
    values,
  ]);
}

/** The one SQL session of a source, connected when it is first needed and again after it was lost; its statements follow each other. */
export class SqlSession {
  readonly #sessions: SessionFactory;
  #client: Promise<Client> | null = null;

  constructor(sessions: SessionFactory) {
    this.#sessions = sessions;
  }

  client(): Promise<Client> {
    if (this.#client === null) {
      const connecting = this.#sessions.connect().then(oneAtATime);
      this.#client = connecting;
      const forget = (): void => {
        if (this.#client === connecting) this.#client = null;
      };
      connecting.then((client) => client.on('end', forget), forget);
    }
    return this.#client;
  }

  /** Runs statements; what goes wrong comes as a `ConnectError`. */
  async use<T>(doing: string, work: (client: Client) => Promise<T>): Promise<T> {
    try {
      return await work(await this.client());
    } catch (error) {
      throw sqlError(error, this.#sessions.context(doing));
    }
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = null;
    await (await client?.catch(() => null))?.end().catch(() => {});
  }
}

/** Several parts of the source ask at once: each statement waits for the one before it, as `pg` will not see to that any more. */
function oneAtATime(client: Client): Client {
  // All its forms that answer with a promise.
  const query = client.query.bind(client) as (...args: unknown[]) => Promise<unknown>;
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = (...args: unknown[]): Promise<unknown> => {
    const answer = last.then(() => query(...args));
    last = answer.catch(() => {});
    return answer;
  };
  client.query = inTurn as Client['query'];
  return client;
}
