import type { Client } from 'pg';

import { systemClock } from '../../../src/base/clock.ts';
import { silentLog } from '../../../src/base/log.ts';
import type { ChangeOutlet } from '../../../src/connect/source.ts';
import { Change } from '../../../src/record/change.ts';
import { registerCount, SourceRegisters } from '../../../src/sources/postgres/registers.ts';
import { SessionFactory } from '../../../src/sources/postgres/session.ts';
import { Snapshot } from '../../../src/sources/postgres/snapshot.ts';
import type { Database } from '../../support/database.ts';
import { databaseKeys } from '../../support/database-keys.ts';
import { uniqueName } from '../../support/unique-name.ts';
import { testSettings } from './test-settings.ts';

export interface OneSnapshot {
  readonly extra?: Readonly<Record<string, string>>;
  /** What stands behind FOR in the publication. */
  readonly published?: string;
  /** Gets each connection before anything is read over it. */
  readonly prepare?: (client: Client) => void;
}

/** All rows of the database go into the outlet: a snapshot without slot and stream. */
export async function readSnapshot(database: Database, outlet: ChangeOutlet, options: OneSnapshot = {}): Promise<void> {
  const { extra = {}, published = 'ALL TABLES', prepare } = options;
  const settings = testSettings({ ...databaseKeys(database), ...extra });
  const sessions = new SessionFactory(settings.connection, 'test');
  const change = new Change({ id: 0, name: '', columns: [], key: new Uint16Array(0) }, registerCount, () => '');
  const registers = new SourceRegisters(change);
  const snapshot = new Snapshot({
    settings,
    connect: async () => {
      const client = await sessions.connect();
      prepare?.(client);
      return client;
    },
    clock: systemClock,
    log: silentLog,
    createChange: () => ({ change, registers }),
    systemId: '1',
  });
  const publication = uniqueName('all');
  await database.query(`CREATE PUBLICATION ${publication} FOR ${published}`);
  try {
    await snapshot.run({ startLsn: 1n, exportedSnapshot: null, publication, resume: null }, outlet, new AbortController().signal);
  } finally {
    await database.query(`DROP PUBLICATION ${publication}`);
  }
}
