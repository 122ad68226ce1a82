import type { SourcePlugin } from '../../connect/plugin.ts';
import { captureKeys } from './capture-keys.ts';
import { connectionKeys } from './connection-keys.ts';
import { connectorVersion } from './envelope.ts';
import { examinePostgres } from './examination/examination.ts';
import { otherKeys } from './other-keys.ts';
import { PostgresSource } from './postgres-source.ts';
import { debeziumClassName, millraceClassName } from './settings.ts';
import { validateSettings } from './settings-rules.ts';
import { snapshotKeys } from './snapshot-keys.ts';

/** Changes of a Postgres database by logical replication, as Debezium's connector names and writes them. */
export const postgresSourcePlugin: SourcePlugin = {
  className: debeziumClassName,
  aliases: [millraceClassName, 'PostgresConnector'],
  version: connectorVersion,
  configKeys: [...connectionKeys, ...captureKeys, ...snapshotKeys, ...otherKeys],
  validate: validateSettings,
  create: (context) => new PostgresSource(context),
  examine: examinePostgres,
};
