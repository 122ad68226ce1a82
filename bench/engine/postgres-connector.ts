import type { EngineJob } from './engine.ts';

export interface ConnectorConfig {
  readonly config: Readonly<Record<string, string>>;
  /** The same without the password. */
  readonly shown: Readonly<Record<string, string>>;
}

/**
 * The connector that Millrace and Debezium get, letter by letter the same. The publication is made by the bench, without
 * TRUNCATE, which empties the table between two runs.
 */
export function postgresConnector(job: EngineJob): ConnectorConfig {
  const url = new URL(job.postgres);
  const config = {
    'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
    'plugin.name': 'pgoutput',
    'database.hostname': url.hostname,
    'database.port': url.port,
    'database.user': decodeURIComponent(url.username),
    'database.password': decodeURIComponent(url.password),
    'database.dbname': url.pathname.slice(1),
    'topic.prefix': job.name,
    'slot.name': job.name,
    'publication.name': job.name,
    'publication.autocreate.mode': 'disabled',
    'table.include.list': job.tables.length > 10 ? String.raw`public\..*` : job.tables.join(','),
  };
  return { config, shown: { ...config, 'database.password': '…' } };
}
