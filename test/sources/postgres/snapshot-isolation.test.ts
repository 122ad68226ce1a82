import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Client, ClientBase } from 'pg';

import { silentLog, type Logger } from '../../../src/base/log.ts';
import { Snapshot } from '../../../src/sources/postgres/snapshot.ts';
import { beginReading, isolationNote } from '../../../src/sources/postgres/snapshot-session.ts';
import type { SnapshotIsolation } from '../../../src/sources/postgres/settings.ts';
import { snapshotKeys } from '../../../src/sources/postgres/snapshot-keys.ts';
import { createChange } from '../../../src/sources/postgres/stream-run.ts';
import { CollectingOutlet } from '../../support/collecting-outlet.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { never } from '../../support/task-stage.ts';
import { testSettings } from './test-settings.ts';

/** How a transaction is begun on a server. */
async function begun(mode: string | null, snapshot: string | null, standby = false): Promise<string[]> {
  const sent: string[] = [];
  const client = {
    query: (text: string) => {
      if (/^(BEGIN|SET TRANSACTION)/.test(text)) sent.push(text);
      return Promise.resolve({ rows: text.includes('pg_is_in_recovery') ? [{ standby }] : [] });
    },
  };
  const settings = testSettings(mode === null ? {} : { 'snapshot.isolation.mode': mode });
  await beginReading(client as unknown as ClientBase, snapshot, settings.snapshot.isolation);
  return sent;
}

const serializable = 'BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE';
const repeatable = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';

test('serializable by default, where Postgres has it: not on a standby, and not for a snapshot that was exported', async () => {
  assert.deepEqual(await begun(null, null), [serializable]);
  assert.deepEqual(await begun('SERIALIZABLE', null), [serializable]);
  assert.deepEqual(await begun('serializable', null, true), [repeatable]);
  assert.deepEqual(await begun('serializable', '0001-1'), [repeatable, "SET TRANSACTION SNAPSHOT '0001-1'"]);
});

test('never weaker than repeatable read; the log tells where that is more than was asked for', async () => {
  for (const mode of ['repeatable_read', 'read_committed', 'read_uncommitted']) assert.deepEqual(await begun(mode, null), [repeatable]);
  const notes = (['serializable', 'repeatable_read', 'read_committed', 'read_uncommitted'] satisfies SnapshotIsolation[]).map(
    isolationNote,
  );
  assert.deepEqual(
    notes.map((note) => note?.includes('repeatable-read') ?? false),
    [false, false, true, true],
  );
});

/** What a snapshot sends and says until it would read which types there are, which it is not told. */
async function opened(mode: string, exportedSnapshot: string | null): Promise<{ begun: string[]; said: unknown[] }> {
  const sent: string[] = [];
  const said: unknown[] = [];
  const client = {
    connection: { stream: { destroy: () => {} } },
    query: (text: string) => {
      sent.push(text);
      if (text.includes('pg_catalog.pg_type')) return Promise.reject(new Error('no more'));
      return Promise.resolve({
        rows: text.includes(' AS view') ? [{ view: '10:10:', horizon: '0/10', micros: '1' }] : [{ standby: false }],
      });
    },
  };
  const snapshot = new Snapshot({
    settings: testSettings({ 'snapshot.isolation.mode': mode }),
    connect: () => Promise.resolve(client as unknown as Client),
    clock: new ManualClock(),
    log: { ...silentLog, info: (text: unknown) => void said.push(text) } as Logger,
    createChange: () => createChange(() => ''),
    systemId: '1',
  });
  const start = { startLsn: 0n, exportedSnapshot, publication: 'orders', resume: null };
  await assert.rejects(snapshot.run(start, new CollectingOutlet(), never), /no more/);
  return { begun: sent.filter((text) => /^(BEGIN|SET TRANSACTION)/.test(text)), said };
}

test('a snapshot takes the level that is set, or the one that was exported, and says what it does instead', async () => {
  assert.deepEqual(await opened('serializable', null), { begun: [serializable], said: [] });
  assert.deepEqual(await opened('serializable', '0001-1'), { begun: [repeatable, "SET TRANSACTION SNAPSHOT '0001-1'"], said: [] });
  assert.deepEqual(await opened('read_committed', null), { begun: [repeatable], said: [isolationNote('read_committed')] });
});

test('there are four levels and no other', () => {
  const key = snapshotKeys.find(({ name }) => name === 'snapshot.isolation.mode');
  assert.deepEqual(key?.oneOf, ['serializable', 'repeatable_read', 'read_committed', 'read_uncommitted']);
});
