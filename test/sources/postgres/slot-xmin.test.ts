import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Client } from 'pg';

import { silentLog } from '../../../src/base/log.ts';
import { Change } from '../../../src/record/change.ts';
import { registerCount, SourceRegister, SourceRegisters } from '../../../src/sources/postgres/registers.ts';
import { SlotXmin } from '../../../src/sources/postgres/slot-xmin.ts';
import { ManualClock } from '../../support/manual-clock.ts';

test('the xmin of a slot is read at the start and at the interval; a transaction keeps the one of its begin', async () => {
  const clock = new ManualClock();
  const change = new Change({ id: 1, name: '', columns: [], key: new Uint16Array(0) }, registerCount, () => '');
  const registers = new SourceRegisters(change);
  const xmin = (): number | null =>
    change.registers.present[SourceRegister.XMIN] === 1 ? (change.registers.low[SourceRegister.XMIN] ?? 0) >>> 0 : null;
  const answers = ['740', new Error('the connection is gone'), '4294967295', null];
  let asked = 0;
  const sql = {
    use<T>(_doing: string, work: (client: Client) => Promise<T>): Promise<T> {
      const answer = answers[asked++];
      const client = { escapeLiteral: (text: string) => text, query: () => Promise.resolve({ rows: [{ xmin: answer }] }) };
      return answer instanceof Error ? Promise.reject<T>(answer) : work(client as unknown as Client);
    },
  };
  const parts = { slot: 'orders', intervalMs: 100, sql, registers, clock, log: silentLog };
  assert.equal(SlotXmin.create({ ...parts, intervalMs: 0 }), null, 'nobody asked for it');
  const watch = SlotXmin.create(parts);
  assert.ok(watch !== null);

  registers.beginTransaction(1_795_428_000_123_456, 741);
  assert.equal(xmin(), null, 'not being watched');
  await watch.begin();
  registers.beginTransaction(1_795_428_000_123_456, 742);
  assert.equal(xmin(), 740);
  await clock.advance(99);
  assert.equal(asked, 1);
  await clock.advance(1);
  assert.equal(asked, 2);
  registers.outsideTransaction(1_795_428_000_123, 0, 7);
  assert.equal(xmin(), 740, 'that could not be read');
  await clock.advance(100);
  assert.equal(xmin(), 740);
  registers.readOutsideTransaction(1_795_428_000_123, 0, 7);
  assert.equal(xmin(), null, 'rows of an incremental snapshot have none');
  registers.beginTransaction(1_795_428_000_123_456, 743);
  assert.equal(xmin(), 4_294_967_295);
  await clock.advance(100);
  assert.equal(xmin(), 4_294_967_295, 'a transaction keeps it');
  registers.outsideTransaction(1_795_428_000_123, 0, 7);
  assert.equal(xmin(), null, 'the slot has none');
  registers.beginTransaction(1_795_428_000_123_456, 744);
  assert.equal(xmin(), null);
  watch.close();
  await clock.advance(1000);
  assert.equal(asked, 4);
});

test('a question that is still open when the stream ends is the last', async () => {
  const clock = new ManualClock();
  const answer = Promise.withResolvers<{ rows: [] }>();
  const asked = { escapeLiteral: (text: string) => text, query: () => answer.promise } as unknown as Client;
  const sql = { use: <T>(_doing: string, work: (client: Client) => Promise<T>): Promise<T> => work(asked) };
  const registers = new SourceRegisters(new Change({ id: 1, name: '', columns: [], key: new Uint16Array(0) }, registerCount, () => ''));
  const watch = SlotXmin.create({ slot: 'orders', intervalMs: 100, sql, registers, clock, log: silentLog });
  const begun = watch?.begin();
  watch?.close();
  answer.resolve({ rows: [] });
  await begun;
  assert.equal(clock.pending, 0);
});
