import type { Database } from './database.ts';
import { databaseKeys } from './database-keys.ts';

/** The settings of a connector that both Debezium and Millrace take; topics, slot and publication have its name. */
export function debeziumConnector(
  database: Parameters<typeof databaseKeys>[0],
  name: string,
  config: Readonly<Record<string, string>>,
): Record<string, string> {
  return {
    'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
    'plugin.name': 'pgoutput',
    ...databaseKeys(database),
    'topic.prefix': name,
    'slot.name': name,
    'publication.name': name,
    'topic.creation.default.partitions': '1',
    'topic.creation.default.replication.factor': '1',
    ...config,
  };
}

/** A walsender streams to whoever holds this slot. */
export async function slotStreams(database: Database, slot: string): Promise<boolean> {
  const rows = await database.query(
    `SELECT FROM pg_replication_slots s JOIN pg_stat_replication r ON r.pid = s.active_pid WHERE s.slot_name = $1 AND r.state = 'streaming'`,
    [slot],
  );
  return rows.length > 0;
}
