import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import type { SourceOffset } from '../../../../src/record/offset.ts';
import type { CollectedChange } from '../../../support/collecting-outlet.ts';
import { createDatabase, type Database } from '../../../support/database.ts';
import { servers } from '../servers.ts';
import { startSource } from '../source-fixture.ts';

const partition = { server: 'shop' };
const endMark = 'end';

/** Everything about a change that a record is made of. */
function facts(changes: readonly CollectedChange[]): unknown[] {
  return changes.map(({ op, table, before, after, related, locate }) => ({ op, table, before, after, related, locate }));
}

function spilling(directory: string): Readonly<Record<string, string>> {
  return { 'streaming.transactions': 'spill', 'streaming.transactions.directory': directory };
}

function some(table: string, from: number, note: string, rows = 400): string {
  return `INSERT INTO ${table} SELECT n, '${note} ' || n || repeat('x', 200) FROM generate_series(${from}, ${from + rows - 1}) n;`;
}

/** The same history for every slot: transactions too large for the server's memory, in each other's midst, partly undone. */
async function writeHistory(db: Database): Promise<void> {
  const [left, right, undone] = [await db.connect(), await db.connect(), await db.connect()];
  await left.query(`BEGIN; ${some('orders', 1, 'left')}`);
  await right.query(`BEGIN; ${some('notes', 1, 'right')}`);
  await undone.query(`BEGIN; ${some('orders', 50_000, 'undone')}`);
  await left.query(`SAVEPOINT a; ${some('orders', 1001, 'undone savepoint')} ROLLBACK TO SAVEPOINT a; ${some('orders', 2001, 'left')}`);
  await left.query(`SAVEPOINT b; ${some('orders', 3001, 'kept savepoint')} SAVEPOINT c; ${some('orders', 4001, 'undone inside')}
    ROLLBACK TO SAVEPOINT c; UPDATE orders SET id = 100000 WHERE id = 1; RELEASE SAVEPOINT b; ${some('notes', 5001, 'left')}`);
  await db.query(`INSERT INTO notes VALUES (900001, 'small, in between')`);
  await right.query(`SAVEPOINT d; INSERT INTO notes_wide SELECT n, repeat('w', 300) FROM generate_series(1, 400) n;
    ROLLBACK TO SAVEPOINT d; INSERT INTO notes_wide SELECT n, repeat('w', 300) FROM generate_series(1, 400) n;
    ALTER TABLE notes_wide ADD COLUMN more int DEFAULT 7; INSERT INTO notes_wide SELECT n, 'wide', n FROM generate_series(401, 500) n`);
  await right.query(`SELECT pg_logical_emit_message(true, 'shop', 'inside'); DELETE FROM notes WHERE id < 20; COMMIT`);
  await undone.query(`${some('orders', 60_000, 'undone')} ROLLBACK`);
  await left.query(`${some('orders', 7001, 'left')} TRUNCATE notes_wide; COMMIT`);
  await db.query(`INSERT INTO notes VALUES (900002, '${endMark}')`);
}

async function readAll(db: Database, slot: string, extra: Readonly<Record<string, string>>): Promise<readonly CollectedChange[]> {
  await using running = startSource(db, { extra: { 'slot.name': slot, 'skipped.operations': 'none', ...extra } });
  await running.out.until(() => running.out.changes.at(-1)?.after?.['text'] === endMark);
  return [...running.out.changes];
}

function idsOf(changes: readonly CollectedChange[]): string[] {
  return changes.map(({ after }) => after?.['id'] as string).toSorted((a, b) => Number(a) - Number(b));
}

for (const [version, server] of servers) {
  test(`Postgres ${version}: transactions streamed in progress give the records that whole ones give, also across kills`, async (t) => {
    await using db = await createDatabase(server);
    const directory = await mkdtemp(join(tmpdir(), 'millrace-spill-'));
    t.after(() => rm(directory, { recursive: true, force: true }));
    await db.query(`CREATE TABLE orders (id int PRIMARY KEY, item text); CREATE TABLE notes (id int PRIMARY KEY, text text);
      CREATE TABLE notes_wide (id int PRIMARY KEY, text text); CREATE PUBLICATION shop_publication FOR ALL TABLES;
      ALTER DATABASE ${db.name} SET logical_decoding_work_mem = '64kB'`);
    const slots = ['whole', 'parts', 'kill'].map((name) => `${name}_${db.name}`);
    for (const slot of slots) await db.query(`SELECT pg_create_logical_replication_slot($1, 'pgoutput')`, [slot]);
    await writeHistory(db);
    const [wholeSlot = '', partsSlot = '', killSlot = ''] = slots;
    const whole = await readAll(db, wholeSlot, {});
    const parts = await readAll(db, partsSlot, spilling(directory));
    assert.ok(whole.length > 2500);
    assert.equal(parts.length, whole.length);
    assert.deepEqual(facts(parts), facts(whole));
    assert.deepEqual(await readdir(directory), [], 'nothing is left behind');
    const streamed = await db.query<{ stream_txns: string }>('SELECT stream_txns FROM pg_stat_replication_slots WHERE slot_name = $1', [
      partsSlot,
    ]);
    assert.ok(Number(streamed[0]?.stream_txns) >= 2, 'the server did stream transactions in progress');

    // Stopped anywhere, and gone on with in either mode.
    let seen: CollectedChange[] = [];
    const offsets = (): SourceOffset[] => seen.slice(-1).map((change) => ({ partition, offset: change.offset }));
    for (const [index, stopAt] of [7, 431, 900, 1733, 2600].entries()) {
      const extra = { 'slot.name': killSlot, 'skipped.operations': 'none', ...(index % 3 === 2 ? {} : spilling(directory)) };
      const already = seen.length;
      await using running = startSource(db, {
        offsets: offsets(),
        extra,
        prepare: (out) => {
          out.hasRoom = (count) => already + count < stopAt;
        },
      });
      await running.out.until(() => running.out.full);
      await running.stop();
      seen = [...seen, ...running.out.changes];
    }
    await using rest = startSource(db, {
      offsets: offsets(),
      extra: { 'slot.name': killSlot, 'skipped.operations': 'none', ...spilling(directory) },
    });
    await rest.out.until(() => rest.out.changes.at(-1)?.after?.['text'] === endMark);
    seen = [...seen, ...rest.out.changes];
    assert.deepEqual(facts(seen), facts(whole));
  });

  test(`Postgres ${version}: a block that catches errors in a loop makes a subtransaction of each turn: what it undid is left out`, async (t) => {
    await using db = await createDatabase(server);
    const directory = await mkdtemp(join(tmpdir(), 'millrace-spill-'));
    t.after(() => rm(directory, { recursive: true, force: true }));
    await db.query(`CREATE TABLE notes (id int PRIMARY KEY, text text); CREATE PUBLICATION shop_publication FOR ALL TABLES;
      ALTER DATABASE ${db.name} SET logical_decoding_work_mem = '64kB'`);
    for (const name of ['whole', 'parts']) {
      await db.query(`SELECT pg_create_logical_replication_slot($1, 'pgoutput')`, [`${name}_${db.name}`]);
    }
    await db.query(`DO $$ BEGIN FOR n IN 1..1500 LOOP
        BEGIN
          INSERT INTO notes VALUES (n, repeat('x', 100));
          BEGIN INSERT INTO notes VALUES (-n, 'inside'); IF n % 2 = 0 THEN RAISE 'undo'; END IF; EXCEPTION WHEN raise_exception THEN NULL; END;
          IF n % 3 = 0 THEN RAISE 'undo all'; END IF;
        EXCEPTION WHEN raise_exception THEN NULL; END;
      END LOOP; END $$`);
    await db.query(`INSERT INTO notes VALUES (900002, '${endMark}')`);
    const there = (await db.query<{ id: string }>('SELECT id::text FROM notes ORDER BY notes.id')).map(({ id }) => id);
    assert.deepEqual(idsOf(await readAll(db, `parts_${db.name}`, spilling(directory))), there);
    assert.deepEqual(idsOf(await readAll(db, `whole_${db.name}`, {})), there);
  });

  test(`Postgres ${version}: what cannot be taken in parts is taken whole, without a gap or a repetition`, async (t) => {
    await using db = await createDatabase(server);
    const directory = await mkdtemp(join(tmpdir(), 'millrace-spill-'));
    t.after(() => rm(directory, { recursive: true, force: true }));
    await db.query(`CREATE TABLE notes (id int PRIMARY KEY, text text); CREATE PUBLICATION shop_publication FOR ALL TABLES;
      ALTER DATABASE ${db.name} SET logical_decoding_work_mem = '64kB'`);
    const slots = ['whole', 'altered', 'small'].map((name) => `${name}_${db.name}`);
    for (const slot of slots) await db.query(`SELECT pg_create_logical_replication_slot($1, 'pgoutput')`, [slot]);
    await db.query(`INSERT INTO notes SELECT n, repeat('a', 200) FROM generate_series(1, 1000) n`);
    // The server cannot stream the part that was undone: it looks for a table that never came to be.
    await db.query(`BEGIN; INSERT INTO notes SELECT n, repeat('b', 200) FROM generate_series(1001, 1400) n; SAVEPOINT s;
      ALTER TABLE notes ADD COLUMN undone int; INSERT INTO notes SELECT n, repeat('c', 300), 1 FROM generate_series(2001, 2400) n; TRUNCATE notes;
      ROLLBACK TO SAVEPOINT s; INSERT INTO notes SELECT n, repeat('d', 300) FROM generate_series(3001, 3400) n; COMMIT`);
    await db.query(`INSERT INTO notes VALUES (900002, '${endMark}')`);
    const [wholeSlot = '', alteredSlot = '', smallSlot = ''] = slots;
    const whole = await readAll(db, wholeSlot, {});
    assert.equal(whole.length, 1801);
    assert.deepEqual(facts(await readAll(db, alteredSlot, spilling(directory))), facts(whole));
    const small = { ...spilling(directory), 'streaming.transactions.max.bytes': '150000' };
    assert.deepEqual(facts(await readAll(db, smallSlot, small)), facts(whole));
    assert.deepEqual(await readdir(directory), []);
  });
}
