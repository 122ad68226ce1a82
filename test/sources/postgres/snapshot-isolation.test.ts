import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { ClientBase } from 'pg';

import { beginReading, isolationNote } from '../../../src/sources/postgres/snapshot-session.ts';
import type { SnapshotIsolation } from '../../../src/sources/postgres/settings.ts';
import { snapshotKeys } from '../../../src/sources/postgres/snapshot-keys.ts';
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

test('there are four levels and no other', () => {
  const key = snapshotKeys.find(({ name }) => name === 'snapshot.isolation.mode');
  assert.deepEqual(key?.oneOf, ['serializable', 'repeatable_read', 'read_committed', 'read_uncommitted']);
});
