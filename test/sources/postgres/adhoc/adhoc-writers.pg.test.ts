import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { CollectedChange } from '../../../support/collecting-outlet.ts';
import { createDatabase } from '../../../support/database.ts';
import { randomFrom, schema, seed, tables, write } from '../random-writers.ts';
import { servers } from '../servers.ts';
import { CommittingOutlet, liveUntilKilled, parking, tableState } from '../snapshot-harness.ts';
import { untilTrue } from '../source-fixture.ts';
import { signalTable } from './adhoc-harness.ts';

const keyed = Object.entries(tables).filter(([, key]) => key.length > 0);

/** Its schema is refused: dead letters tell of it as records do of the others. */
const parked = 'public.pairs';

const settings = {
  ...parking,
  'incremental.snapshot.chunk.size': '97',
  'signal.data.collection': 'public.signals',
  'table.exclude.list': 'public.signals',
  // Whatever is left out of the topics still has to be seen.
  'skipped.operations': 't',
};

/**
 * Replays a table's records. A row that was read has exactly the value that the stream last told, or its first one when the
 * stream has told nothing of it; one that the stream has deleted is not read.
 */
function replay(
  changes: readonly CollectedChange[],
  table: string,
  key: readonly string[],
  first: ReadonlyMap<string, string>,
): Map<string, string> {
  const rows = new Map<string, string>();
  const keyOf = (row: CollectedChange['after']): string => JSON.stringify(key.map((name) => row?.[name]));
  const told = new Set<string>();
  for (const { op, table: name, before, after } of changes) {
    if (name !== table || op === 'tombstone') continue;
    const id = keyOf(op === 'd' ? before : after);
    if (op === 'r') {
      const expected = told.has(id) ? rows.get(id) : first.get(id);
      assert.equal(JSON.stringify(after), expected, `${table}: a row was read as it is not`);
    } else told.add(id);
    if (op === 'd') rows.delete(id);
    else rows.set(id, JSON.stringify(after));
  }
  return rows;
}

for (const [version, url] of servers) {
  for (const kind of ['incremental', 'blocking']) {
    test(`Postgres ${version}: ${kind} snapshots under random writes and kills leave the topic equal to the table`, async (context) => {
      context.diagnostic(`seed ${seed}`);
      const random = randomFrom(seed + 7);
      await using database = await createDatabase(url);
      await database.query(`${schema}; ${signalTable}`);
      // Windows stay open for a while, so that writers get into them.
      await database.query(`
        CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(random() * 0.04); RETURN NEW; END';
        CREATE TRIGGER slow BEFORE INSERT ON signals FOR EACH ROW WHEN (NEW.type = 'snapshot-window-close') EXECUTE FUNCTION slow()`);
      const first = new Map<string, Map<string, string>>();
      for (const [table, key] of keyed) first.set(table, await tableState(database, table, key));
      const outlet = new CommittingOutlet();
      outlet.refused = new Set([parked]);
      const never = Promise.withResolvers<void>().promise;
      // Makes the slot before anything is written.
      outlet.decide = () => 'commit';
      const begun = liveUntilKilled(
        database,
        outlet,
        settings,
        untilTrue(async () => {
          await database.query(`INSERT INTO log VALUES ('is it streaming?')`);
          return outlet.committed.length > 0;
        }),
      );
      await begun;
      let stop = false;
      const writers = ['a', 'b', 'c'].map(async (name, index) =>
        write(await database.connect(), randomFrom(seed + index), () => stop, name),
      );
      const written = Promise.all(writers);
      written.catch(() => {});
      await database.query(`INSERT INTO signals VALUES ('s0', 'execute-snapshot', $1)`, [
        JSON.stringify({ type: kind, 'data-collections': keyed.map(([table]) => table) }),
      ]);
      let lastOp = '';
      outlet.onEmit = (change) => (lastOp = change.op);
      for (let kills = 0; kills < 6; kills += 1) {
        let left = 50 + random(1200);
        outlet.decide = () => {
          left -= 1;
          return left <= 0 ? 'kill' : random(20) === 0 ? 'commit' : lastOp === 'r' && random(50) === 0 ? 'full' : 'go';
        };
        await liveUntilKilled(database, outlet, settings, never);
        const type = random(3) === 0 ? 'pause-snapshot' : 'resume-snapshot';
        await database.query(`INSERT INTO signals VALUES ('p${kills}', $1, '{}')`, [type]);
      }
      await database.query(`INSERT INTO signals VALUES ('r', 'resume-snapshot', '{}')`);
      let last = 0;
      outlet.decide = () => 'commit';
      outlet.onEmit = () => (last = performance.now());
      const complete = (): boolean => outlet.offset?.['incremental_snapshot_state'] === undefined;
      const end = Promise.withResolvers<void>();
      const finish = liveUntilKilled(database, outlet, settings, end.promise);
      await untilTrue(() => Promise.resolve(complete() && last > 0));
      stop = true;
      await written;
      await database.query(`INSERT INTO log VALUES ('the end')`);
      await untilTrue(() => Promise.resolve(outlet.committed.at(-1)?.after?.['message'] === 'the end'));
      setImmediate(end.resolve);
      await finish;
      const { committed } = outlet;
      context.diagnostic(`${committed.length} records, ${committed.filter(({ op }) => op === 'r').length} of them read`);
      assert.ok(committed.every(({ table, snapshot }) => (table === parked) === (snapshot === 'letter')));
      for (const [table, key] of keyed) {
        const told = replay(committed, table, key, first.get(table) ?? new Map());
        assert.deepEqual(told, await tableState(database, table, key), table);
      }
    });
  }
}
