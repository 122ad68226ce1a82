import { Config } from '../../../src/connect/config.ts';
import { captureKeys } from '../../../src/sources/postgres/capture-keys.ts';
import { connectionKeys } from '../../../src/sources/postgres/connection-keys.ts';
import { otherKeys } from '../../../src/sources/postgres/other-keys.ts';
import { snapshotKeys } from '../../../src/sources/postgres/snapshot-keys.ts';
import type { Database } from '../../support/database.ts';
import { databaseKeys } from '../../support/database-keys.ts';

/** A source's config over a test database, with a slot and publication of its own and no snapshot unless asked for. */
export function sourceConfig(database: Database, extra: Readonly<Record<string, string>> = {}): Config {
  const keys = [...connectionKeys, ...captureKeys, ...snapshotKeys, ...otherKeys];
  const defaults = Object.fromEntries(keys.filter((key) => key.pattern === undefined).map((key) => [key.name, key.default ?? null]));
  return Config.of({
    ...defaults,
    'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
    ...databaseKeys(database),
    'topic.prefix': 'shop',
    'plugin.name': 'pgoutput',
    'slot.name': slotName(database),
    'publication.name': 'shop_publication',
    'snapshot.mode': 'no_data',
    'status.update.interval.ms': '200',
    ...extra,
  });
}

export function slotName(database: Database): string {
  return `slot_${database.name}`;
}
