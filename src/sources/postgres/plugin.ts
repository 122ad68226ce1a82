import { createRequire } from 'node:module';
import type { SourcePlugin } from '../../connect/plugin.ts';
import { captureKeys } from './capture-keys.ts';
import { postgresSourceNames } from './class-names.ts';
import { connectionKeys } from './connection-keys.ts';
import type * as Examination from './examination/examination.ts';
import { otherKeys } from './other-keys.ts';
import { PostgresSource } from './postgres-source.ts';
import { validateSettings } from './settings-rules.ts';
import { snapshotKeys } from './snapshot-keys.ts';

const load = createRequire(import.meta.url);

/** Changes of a Postgres database by logical replication, as Debezium's connector names and writes them. */
export const postgresSourcePlugin: SourcePlugin = {
  ...postgresSourceNames,
  configKeys: [...connectionKeys, ...captureKeys, ...snapshotKeys, ...otherKeys],
  validate: validateSettings,
  create: (context) => new PostgresSource(context),
  examine: (context, handle) => (load('./examination/examination.ts') as typeof Examination).examinePostgres(context, handle),
};
