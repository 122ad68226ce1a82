import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Change } from '../../../src/record/change.ts';
import { SourceRegister } from '../../../src/sources/postgres/registers.ts';
import type { CollectingOutlet } from '../../support/collecting-outlet.ts';
import { createDatabase, type Database } from '../../support/database.ts';
import { uniqueName } from '../../support/unique-name.ts';
import { servers } from './servers.ts';
import { slotName, startSource, untilStreaming } from './source-fixture.ts';

interface Told {
  readonly id: unknown;
  readonly origin: string | null;
  readonly lsn: bigint | null;
}

/** What records tell of where their rows came from. */
function listen(out: CollectingOutlet, told: Told[]): void {
  const emit = out.emit.bind(out);
  out.emit = (change: Change) => {
    const { bytes, start, end, high, low, present } = change.registers;
    const [name, place] = [SourceRegister.ORIGIN, SourceRegister.ORIGIN_LSN];
    const room = emit(change);
    told.push({
      id: out.changes.at(-1)?.after?.['id'],
      origin: present[name] === 1 ? Buffer.from(bytes.subarray(start[name], end[name])).toString() : null,
      lsn: present[place] === 1 ? (BigInt(high[place] ?? 0) << 32n) | BigInt((low[place] ?? 0) >>> 0) : null,
    });
    return room;
  };
}

/** A row of this database, one as a subscriber writes what it got from elsewhere, and one more of this database. */
async function write(db: Database, origin: string, from: number): Promise<void> {
  const subscriber = await db.connect();
  await db.query(`INSERT INTO orders VALUES (${from})`);
  await subscriber.query(`SELECT pg_replication_origin_session_setup('${origin}')`);
  await subscriber.query(
    `BEGIN; SELECT pg_replication_origin_xact_setup('1/ABCDEF', now()); INSERT INTO orders VALUES (${from + 1}); COMMIT`,
  );
  await subscriber.query('SELECT pg_replication_origin_session_reset()');
  await db.query(`INSERT INTO orders VALUES (${from + 2})`);
}

for (const [version, server] of servers) {
  test(`Postgres ${version}: rows tell the origin they were replicated from, and "origin=none" leaves them out`, async () => {
    await using db = await createDatabase(server);
    const origin = uniqueName('upstream');
    await db.query(`CREATE TABLE orders (id int PRIMARY KEY); SELECT pg_replication_origin_create('${origin}')`);
    const [{ number } = { number: 0 }] = await db.query<{ number: number }>("SELECT current_setting('server_version_num')::int4 AS number");
    try {
      const told: Told[] = [];
      {
        await using running = startSource(db, { extra: { 'slot.failover': 'true' }, prepare: (out) => listen(out, told) });
        await untilStreaming(db, running);
        await write(db, origin, 1);
        await running.out.untilChanges(3);
        assert.deepEqual(told, [
          { id: '1', origin: null, lsn: null },
          { id: '2', origin, lsn: 0x1_00ab_cdefn },
          { id: '3', origin: null, lsn: null },
        ]);
        const [slot] = await db.query<{ failover: boolean }>(
          `SELECT (to_jsonb(s) ->> 'failover')::bool IS TRUE AS failover FROM pg_replication_slots s WHERE slot_name = $1`,
          [slotName(db)],
        );
        assert.equal(slot?.failover, number >= 170_000, 'an ordinary slot where there are none that fail over');
      }
      await using running = startSource(db, { extra: { 'slot.stream.params': 'origin=none' } });
      if (number < 160_000) {
        await assert.rejects(running.ended, { code: 'config.invalid', message: /slot\.stream\.params/ });
        return;
      }
      await write(db, origin, 4);
      await running.out.until(() => running.out.changes.at(-1)?.after?.['id'] === '6');
      assert.deepEqual(
        running.out.changes.map(({ after }) => after?.['id']),
        ['1', '3', '4', '6'],
      );
    } finally {
      await db.query(`SELECT pg_replication_origin_drop('${origin}')`);
    }
  });
}
