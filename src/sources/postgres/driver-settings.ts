import type { Secret } from '../../base/secret.ts';
import type { Config } from '../../connect/config.ts';
import type { ConfigKey } from '../../connect/plugin.ts';
import { ignored, optional } from './config-key.ts';
import type { SslMode } from './settings.ts';

const driver = { group: 'Connection', importance: 'LOW' } as const;
const modes: readonly SslMode[] = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'];

/** The JDBC driver's options that have a meaning without it. */
export const driverKeys: readonly ConfigKey[] = [
  optional('driver.connectTimeout', 'INT', null, 'Seconds: limit on connecting; 0: none of its own.', {
    ...driver,
    min: 0,
    max: 2_000_000,
  }),
  optional('driver.loginTimeout', 'INT', null, 'Seconds: the same; of two that are given the shorter counts.', {
    ...driver,
    min: 0,
    max: 2_000_000,
  }),
  optional('driver.socketTimeout', 'INT', null, 'Seconds: limit on the answer to a statement other than the reading of a table; 0: none.', {
    ...driver,
    min: 0,
    max: 2_000_000,
  }),
  optional('driver.tcpKeepAlive', 'BOOLEAN', null, 'False: as "database.tcpKeepAlive" false.', driver),
  optional('driver.ApplicationName', 'STRING', null, 'The name that the server shows for the connections.', driver),
  optional('driver.options', 'STRING', null, 'Settings of every session: -c <name>=<value> ...', { ...driver, check: checkOptions }),
  optional('driver.sslmode', 'STRING', null, 'Counts where "database.sslmode" has its default.', { ...driver, oneOf: modes }),
  ...['sslrootcert', 'sslcert', 'sslkey'].map((name) =>
    optional(`driver.${name}`, 'STRING', null, `Counts where "database.${name}" is not given.`, driver),
  ),
  optional('driver.sslpassword', 'PASSWORD', null, 'Counts where "database.sslpassword" is not given.', driver),
  { ...ignored('driver', 'STRING', null, 'this option of the JDBC driver has no meaning here'), name: 'driver.*', pattern: /^driver\./ },
];

export interface DriverSettings {
  /** Null: the limit of `connection.validation.timeout.ms`. */
  readonly connectTimeoutMs: number | null;
  /** 0: none. */
  readonly answerTimeoutMs: number;
  readonly applicationName: string | null;
  /** Startup options, before those that a session is pinned to; empty: none. */
  readonly options: string;
}

export function driverSettings(config: Config): DriverSettings {
  const limits = ['driver.connectTimeout', 'driver.loginTimeout'].map((key) => seconds(config, key)).filter((limit) => limit > 0);
  return {
    connectTimeoutMs: limits.length === 0 ? null : Math.min(...limits) * 1000,
    answerTimeoutMs: seconds(config, 'driver.socketTimeout') * 1000,
    applicationName: config.optional('driver.ApplicationName'),
    options: config.optional('driver.options')?.trim() ?? '',
  };
}

export function sslMode(config: Config): SslMode {
  const own = config.choice('database.sslmode') as SslMode;
  const ofDriver = config.optional('driver.sslmode')?.toLowerCase() as SslMode | undefined;
  return own === 'prefer' ? (ofDriver ?? own) : own;
}

export function tcpKeepAlive(config: Config): boolean {
  const ofDriver = config.optional('driver.tcpKeepAlive');
  return config.boolean('database.tcpKeepAlive') && ofDriver !== 'false';
}

/** `name`: sslcert, sslkey or sslrootcert. */
export function sslFile(config: Config, name: string): string | null {
  return config.optional(`database.${name}`) ?? config.optional(`driver.${name}`);
}

export function sslPassword(config: Config): Secret | null {
  return config.secret('database.sslpassword') ?? config.secret('driver.sslpassword');
}

function seconds(config: Config, key: string): number {
  return Number(config.optional(key) ?? 0);
}

function checkOptions(value: string): string | null {
  return /^\s*(?:(?:-c\s*|--)[\w.-]+=(?:\\.|[^\s\\])*(?:\s+|$))*$/.test(value) ? null : 'must be of the form -c <name>=<value> -c ...';
}
