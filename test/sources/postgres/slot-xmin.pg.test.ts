import assert from 'node:assert/strict';
import { test } from 'node:test';

import { systemClock, type Clock } from '../../../src/base/clock.ts';
import { SourceRegister } from '../../../src/sources/postgres/registers.ts';
import { createDatabase } from '../../support/database.ts';
import { servers } from './servers.ts';
import { slotName, startSource, untilStreaming, untilTrue } from './source-fixture.ts';

for (const [version, server] of servers) {
  test(`Postgres ${version}: streamed records tell the catalog_xmin of the slot when it is asked for, those of a snapshot never`, async () => {
    await using db = await createDatabase(server);
    await db.query('CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders VALUES (1)');
    // Nobody reads the slot until the xmin has been read, so that it stays where it is made.
    await db.query(`SELECT pg_create_logical_replication_slot('${slotName(db)}', 'pgoutput')`);
    const [slot] = await db.query<{ xmin: string }>(
      `SELECT catalog_xmin::text AS xmin FROM pg_replication_slots WHERE slot_name = '${slotName(db)}'`,
    );
    const told: (number | null)[] = [];
    const intervalMs = 61_234;
    let waiting = 0;
    const clock: Clock = {
      ...systemClock,
      after(ms, work) {
        const timer = systemClock.after(ms, work);
        if (ms !== intervalMs) return timer;
        waiting += 1;
        return { cancel: () => (timer.cancel(), void (waiting -= 1)) };
      },
    };
    await using running = startSource(db, {
      extra: { 'snapshot.mode': 'initial', 'xmin.fetch.interval.ms': String(intervalMs) },
      clock,
      prepare(out) {
        const emit = out.emit.bind(out);
        out.emit = (change) => {
          const { low, present } = change.registers;
          told.push(present[SourceRegister.XMIN] === 1 ? (low[SourceRegister.XMIN] ?? 0) >>> 0 : null);
          return emit(change);
        };
      },
    });
    await untilStreaming(db, running);
    await db.query('INSERT INTO orders VALUES (2); UPDATE orders SET id = 3 WHERE id = 2');
    await running.out.untilChanges(3);
    assert.deepEqual(told.slice(0, 3), [null, Number(slot?.xmin), Number(slot?.xmin)]);
    assert.equal(waiting, 1);
    await running.stop();
    await untilTrue(() => Promise.resolve(waiting === 0));
  });
}
