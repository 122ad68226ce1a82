import { Config } from '../../../src/connect/config.ts';
import { captureKeys } from '../../../src/sources/postgres/capture-keys.ts';
import { connectionKeys } from '../../../src/sources/postgres/connection-keys.ts';
import { otherKeys } from '../../../src/sources/postgres/other-keys.ts';
import { parseSettings, type PostgresSettings } from '../../../src/sources/postgres/settings.ts';
import { snapshotKeys } from '../../../src/sources/postgres/snapshot-keys.ts';

/** A config with every default, for parts that need no source. */
export function testConfig(extra: Readonly<Record<string, string>> = {}): Config {
  const keys = [...connectionKeys, ...captureKeys, ...snapshotKeys, ...otherKeys];
  const defaults = Object.fromEntries(keys.filter((key) => key.pattern === undefined).map((key) => [key.name, key.default ?? null]));
  return Config.of({
    ...defaults,
    'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
    'database.hostname': 'localhost',
    'database.user': 'postgres',
    'database.dbname': 'shop',
    'topic.prefix': 'shop',
    ...extra,
  });
}

export function testSettings(extra: Readonly<Record<string, string>> = {}): PostgresSettings {
  return parseSettings('test', testConfig(extra));
}
