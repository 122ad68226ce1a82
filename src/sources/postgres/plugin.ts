import type { SourcePlugin } from '../../connect/plugin.ts';
import { captureKeys } from './capture-keys.ts';
import { postgresSourceNames } from './class-names.ts';
import { connectionKeys } from './connection-keys.ts';
import { otherKeys } from './other-keys.ts';
import { PostgresSource } from './postgres-source.ts';
import { validateSettings } from './settings-rules.ts';
import { snapshotKeys } from './snapshot-keys.ts';

/** Changes of a Postgres database by logical replication, as Debezium's connector names and writes them. */
export const postgresSourcePlugin: SourcePlugin = {
  ...postgresSourceNames,
  configKeys: [...connectionKeys, ...captureKeys, ...snapshotKeys, ...otherKeys],
  validate: validateSettings,
  create: (context) => new PostgresSource(context),
  examine: async (context, handle) => (await import('./examination/examination.ts')).examinePostgres(context, handle),
};
