import type { SourceNames, TransformPlugin } from '../../connect/plugin.ts';

const debeziumClassName = 'io.debezium.connector.postgresql.PostgresConnector';
export const millraceClassName = 'millrace.PostgresSource';

export const postgresSourceNames: SourceNames = {
  className: debeziumClassName,
  aliases: [millraceClassName, 'PostgresConnector'],
  version: '0.1.0',
};

export const timescaleDbNames: Pick<TransformPlugin, 'className' | 'aliases'> = {
  className: 'io.debezium.connector.postgresql.transforms.timescaledb.TimescaleDb',
  aliases: [],
};
