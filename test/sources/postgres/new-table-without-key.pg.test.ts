import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createDatabase } from '../../support/database.ts';
import { startSource, untilStreaming, untilTrue } from './source-fixture.ts';

const extra = {
  'snapshot.new.tables': 'backfill',
  'snapshot.new.tables.interval.ms': '100',
  // However large: without a key there is no other way than in one go.
  'snapshot.new.tables.whole.bytes.max': '0',
  'publication.autocreate.mode': 'filtered',
};
/** More than the sockets hold. */
const rows = 10_000;
const rowBytes = 4000;
const stop = 700;

test('a large new table without a key waits at the server for a sink that takes nothing; killed in the middle, it goes on behind the last row', async () => {
  await using db = await createDatabase();
  await db.query('CREATE TABLE marks (id int PRIMARY KEY)');
  const numbers: string[] = [];
  let offset;
  {
    await using running = startSource(db, { extra, prepare: (out) => (out.hasRoom = (count) => count !== stop) });
    const { out } = running;
    await untilStreaming(db, running);
    await db.query(`CREATE TABLE bulk (n int, filler text);
      INSERT INTO bulk SELECT n, repeat('x', ${rowBytes}) FROM generate_series(1, ${rows}) n`);
    await out.until(() => out.full);
    // Nobody reads what the server has to send: it has not moved although our side had its turn again and again.
    let sent = -1;
    let still = 0;
    await untilTrue(async () => {
      const [copy] = await db.query<{ sent: string; waits: boolean }>(
        `SELECT p.tuples_processed AS sent, a.wait_event IS NOT DISTINCT FROM 'ClientWrite' AS waits
         FROM pg_stat_progress_copy p JOIN pg_stat_activity a USING (pid) WHERE p.datname = current_database()`,
      );
      assert.ok(copy !== undefined, 'the server has sent the whole table to somebody who takes nothing');
      still = copy.waits && Number(copy.sent) === sent ? still + 1 : 0;
      sent = Number(copy.sent);
      return still === 5;
    });
    assert.ok(sent < rows, `${sent} rows have left the server`);
    offset = out.changes.at(-1)?.offset ?? null;
    numbers.push(...out.changes.map(({ after }) => after?.['n'] as string));
  }
  assert.equal(numbers.length, stop);
  await db.query("INSERT INTO bulk VALUES (-1, 'meanwhile')");
  await using running = startSource(db, { extra, offsets: [{ partition: { server: 'shop' }, offset }] });
  await untilStreaming(db, running);
  const { out } = running;
  await out.until(() => out.changes.some(({ op }) => op === 'r'));
  await db.query("INSERT INTO bulk VALUES (-2, 'afterwards')");
  await out.until(() => out.changes.at(-1)?.after?.['n'] === '-2');
  numbers.push(...out.changes.map(({ after }) => after?.['n'] as string));
  const expected = [-2, -1, ...Array.from({ length: rows }, (_, index) => index + 1)];
  assert.deepEqual(
    numbers.map(Number).toSorted((a, b) => a - b),
    expected,
    'each row once',
  );
});
