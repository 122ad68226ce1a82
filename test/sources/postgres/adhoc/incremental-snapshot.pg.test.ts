import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createDatabase } from '../../../support/database.ts';
import { servers } from '../servers.ts';
import { startSource, untilTrue } from '../source-fixture.ts';
import { execute, notes, send, signalTable, streaming, told, untilNote, WindowHold, withNotes, withSignals } from './adhoc-harness.ts';

const table = 'public.orders';
const orders = (rows: number): string =>
  `CREATE TABLE orders (id int PRIMARY KEY, item text); INSERT INTO orders SELECT n, 'old' FROM generate_series(1, ${rows}) n`;
const reads = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, index) => `r${from + index}`);

/** The scene of the next test. False: it did not come about, and is to be played again. */
async function changesInWindow(server: string): Promise<boolean> {
  await using db = await createDatabase(server);
  await db.query(`${orders(4)}; CREATE TABLE gone (id int PRIMARY KEY); INSERT INTO gone VALUES (1), (2); ${signalTable}`);
  await using running = await streaming(db, { extra: { ...withSignals, 'skipped.operations': 'd,t' } });
  // What describes a table to the stream is a session that is held, too: it has to know them before.
  await db.query("INSERT INTO orders VALUES (5, 'old'); INSERT INTO gone VALUES (3)");
  await running.out.untilChanges(2);
  const hold = await WindowHold.open(db);
  await execute(running, [table]);
  await hold.untilHeld();
  await db.query("DELETE FROM orders WHERE id = 2; UPDATE orders SET item = 'new' WHERE id = 3; UPDATE orders SET id = 40 WHERE id = 4");
  // Rows that are handed over before the stream has brought these changes are what the table held then. A server that has
  // forgotten what it told of its tables, as a busy one may, tells it again, and the stream cannot look them up now.
  const brought = await running.out
    .until(() => running.out.changes.some(({ after }) => after?.['id'] === '40'), 10_000)
    .then(
      () => true,
      () => false,
    );
  await hold.letGo();
  if (!brought) return false;
  await untilNote(running, 'COMPLETED');
  await hold.again();
  await execute(running, ['public.gone']);
  await hold.untilHeld();
  // The stream cannot be told of the truncated table while windows are held, so it may be read out before that: the message tells.
  await db.query("TRUNCATE gone; SELECT pg_logical_emit_message(true, 'test', 'truncated')");
  await hold.letGo();
  const { changes } = running.out;
  await running.out.until(() => notes(changes).filter((note) => note === 'COMPLETED').length === 2 && changes.some(({ op }) => op === 'm'));
  const truncated = changes.findIndex(({ op }) => op === 'm');
  assert.deepEqual(told(changes.slice(truncated), 'public.gone'), []);
  const rows = told(changes, table);
  assert.ok(rows.includes('r1') && !rows.includes('r2') && !rows.includes('r4'), rows.join());
  assert.equal(changes.findLast((change) => change.table === table && change.after?.['id'] === '3')?.after?.['item'], 'new');
  assert.ok(
    !changes.some((change) => change.op === 'r' && change.after?.['id'] === '3' && change.after['item'] === 'old'),
    'an older value',
  );
  const marks = await db.query<{ type: string }>("SELECT type FROM signals WHERE type LIKE 'snapshot-window%'");
  assert.ok(marks.some(({ type }) => type === 'snapshot-window-open') && marks.some(({ type }) => type === 'snapshot-window-close'));
  return true;
}

for (const [version, server] of servers) {
  test(`Postgres ${version}: an incremental snapshot reads a table in chunks of its key, and its end leaves no trace in the offset`, async () => {
    await using db = await createDatabase(server);
    await db.query(orders(50));
    await using running = await streaming(db, { extra: { 'incremental.snapshot.chunk.size': '7' } });
    await execute(running, [table]);
    await untilNote(running, 'COMPLETED');
    const { changes, boundaries } = running.out;
    assert.deepEqual(told(changes, table), reads(1, 50));
    assert.deepEqual(notes(changes), ['SKIPPED', 'STARTED', 'TABLE_SCAN_COMPLETED SUCCEEDED', 'COMPLETED']);
    const places = changes.flatMap(
      ({ after }) => /"last_processed_key","(\d+)"/.exec((after?.['additional_data'] ?? '') as string)?.[1] ?? [],
    );
    assert.deepEqual(places, ['7', '14', '21', '28', '35', '42', '49', '50']);
    await running.out.until(() => boundaries.at(-1)?.offset?.['incremental_snapshot_collections'] === undefined);
  });

  test(`Postgres ${version}: what is deleted, updated or truncated in a window does not come back, though it is skipped`, async () => {
    for (let scene = 1; !(await changesInWindow(server)); scene += 1)
      assert.ok(scene < 10, 'the stream stands still while a window is held');
  });
}

test('watermarks that are deleted again leave the signal table empty', async () => {
  await using db = await createDatabase();
  await db.query(`${orders(10)}; ${signalTable}`);
  const extra = { ...withSignals, 'incremental.snapshot.watermarking.strategy': 'insert_delete', 'incremental.snapshot.chunk.size': '4' };
  await using running = await streaming(db, { extra });
  await execute(running, [table]);
  await untilNote(running, 'COMPLETED');
  assert.deepEqual(told(running.out.changes, table), reads(1, 10));
  assert.deepEqual(await db.query('SELECT FROM signals'), []);
});

test('pause, resume, stop of one table and of all', async () => {
  await using db = await createDatabase();
  await db.query(`${orders(30)}; CREATE TABLE items (id int PRIMARY KEY); INSERT INTO items SELECT generate_series(1, 5); ${signalTable}`);
  await using running = await streaming(db, { extra: { ...withSignals, 'incremental.snapshot.chunk.size': '10' } });
  const hold = await WindowHold.open(db);
  await execute(running, ['public.orders', 'public.items']);
  await hold.untilHeld();
  await send(running, 'pause-snapshot');
  await hold.letGo();
  await db.query("INSERT INTO orders VALUES (100, 'streamed')");
  await running.out.until(() => told(running.out.changes, table).includes('c100'));
  assert.deepEqual(told(running.out.changes, table), ['c100'], 'nothing is read while paused');
  await send(running, 'stop-snapshot', { type: 'incremental', 'data-collections': ['public.orders'] });
  await send(running, 'resume-snapshot');
  await untilNote(running, 'COMPLETED');
  assert.deepEqual(told(running.out.changes, table), ['c100']);
  assert.deepEqual(told(running.out.changes, 'public.items'), reads(1, 5));
  assert.deepEqual(notes(running.out.changes), ['SKIPPED', 'STARTED', 'PAUSED', 'RESUMED', 'TABLE_SCAN_COMPLETED SUCCEEDED', 'COMPLETED']);
  await send(running, 'pause-snapshot');
  await execute(running, ['public.orders']);
  await send(running, 'stop-snapshot', {});
  await db.query("INSERT INTO orders VALUES (101, 'streamed')");
  await running.out.until(() => told(running.out.changes, table).includes('c101'));
  assert.equal(running.out.boundaries.at(-1)?.offset?.['incremental_snapshot_state'], undefined);
});

test('a restart in the middle goes on behind the last row that was stored', async () => {
  await using db = await createDatabase();
  await db.query(orders(40));
  const extra = { 'incremental.snapshot.chunk.size': '10' };
  let offset;
  {
    await using running = await streaming(db, { extra, prepare: (out) => (out.hasRoom = (count) => count !== 16) });
    void execute(running, [table]).catch(() => {});
    await running.out.until(() => running.out.full);
    offset = running.source.position().at(-1) ?? running.out.boundaries.at(-1);
  }
  assert.ok(offset !== undefined);
  await using running = await streaming(db, {
    extra,
    offsets: [
      {
        ...offset,
        offset: JSON.parse(JSON.stringify(offset.offset, (_k, v: unknown) => (typeof v === 'bigint' ? Number(v) : v))) as never,
      },
    ],
  });
  await untilNote(running, 'COMPLETED');
  const rows = told(running.out.changes, table);
  assert.equal(rows.at(-1), 'r40');
  const first = Number(rows[0]?.slice(1));
  assert.ok(first > 10 && first < 20, `it went on with ${first}`);
  assert.deepEqual(rows, reads(first, 40));
});

test('keys of many kinds, conditions, surrogate keys, and tables that cannot be read', async () => {
  await using db = await createDatabase();
  await db.query(`
    CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
    CREATE TABLE many (a mood, b numeric, c text COLLATE "en-x-icu", d uuid, id serial, PRIMARY KEY (a, b, c, d));
    INSERT INTO many SELECT (ARRAY['sad', 'ok', 'happy'])[1 + n % 3]::mood, n % 4 + 0.5, chr(65 + n % 50), md5(n::text)::uuid FROM generate_series(1, 60) n;
    CREATE TABLE loose (a int, b int); CREATE UNIQUE INDEX ON loose (a, b);
    INSERT INTO loose SELECT NULLIF(n % 3, 0), NULLIF(n, 30) FROM generate_series(1, 30) n; INSERT INTO loose VALUES (NULL, NULL), (NULL, NULL);
    CREATE TABLE bare (n int, v int); ALTER TABLE bare REPLICA IDENTITY FULL; INSERT INTO bare SELECT i / 3, i FROM generate_series(0, 19) i;
    CREATE TABLE chosen (id int PRIMARY KEY, v int, s int); INSERT INTO chosen SELECT i, i % 2, -i FROM generate_series(1, 20) i`);
  await using running = await streaming(db, { extra: { 'incremental.snapshot.chunk.size': '4' } });
  const { out } = running;
  await execute(running, ['public.(many|loose)']);
  await untilNote(running, 'COMPLETED');
  assert.equal(new Set(told(out.changes, 'public.many')).size, 60);
  assert.equal(told(out.changes, 'public.many').length, 60);
  assert.equal(out.changes.filter((change) => change.table === 'public.loose').length, 32);
  await execute(running, ['public.bare', 'public.nothing']);
  await untilNote(running, 'TABLE_SCAN_COMPLETED NO_PRIMARY_KEY');
  await execute(running, ['public.bare'], { 'surrogate-key': 'n' });
  await execute(running, ['public.chosen'], {
    'surrogate-key': 's',
    'additional-conditions': [{ 'data-collection': 'public.chosen', filter: 'v = 1' }],
  });
  await out.until(() => told(out.changes, 'public.chosen').length >= 10 && notes(out.changes).at(-1) === 'COMPLETED');
  assert.deepEqual(
    told(out.changes, 'public.bare', 'v'),
    Array.from({ length: 20 }, (_, index) => `r${index}`),
  );
  assert.deepEqual(
    told(out.changes, 'public.chosen'),
    [19, 17, 15, 13, 11, 9, 7, 5, 3, 1].map((id) => `r${id}`),
  );
  await execute(running, ['public.chosen'], { 'surrogate-key': 'absent' });
  await untilNote(running, 'TABLE_SCAN_COMPLETED SQL_EXCEPTION');
  await execute(running, ['public.chosen'], { 'additional-conditions': [{ 'data-collection': 'public.chosen', filter: 'nonsense here' }] });
  await out.until(() => notes(out.changes).filter((note) => note.endsWith('SQL_EXCEPTION')).length === 2);
});

test('a table that is altered in the middle is read on with its new column', async () => {
  await using db = await createDatabase();
  await db.query(`${orders(20)}; ${signalTable}`);
  await using running = await streaming(db, { extra: { ...withSignals, 'incremental.snapshot.chunk.size': '10' } });
  const hold = await WindowHold.open(db);
  await execute(running, [table]);
  await hold.untilHeld();
  await db.query("ALTER TABLE orders ADD COLUMN note text DEFAULT 'n'; UPDATE orders SET item = 'new' WHERE id = 5");
  await hold.letGo();
  await untilNote(running, 'COMPLETED');
  const last = new Map(running.out.changes.filter((change) => change.table === table).map(({ after }) => [after?.['id'], after]));
  assert.equal(last.size, 20);
  assert.deepEqual(last.get('5'), { id: '5', item: 'new', note: 'n' });
  assert.deepEqual(last.get('20'), { id: '20', item: 'old', note: 'n' });
});

test('signals of the table: malformed ones are passed over, those before a restart are not obeyed again', async () => {
  await using db = await createDatabase();
  await db.query(`${orders(3)}; ${signalTable}`);
  let offsets;
  {
    await using running = await streaming(db, { extra: withSignals });
    await db.query(`INSERT INTO signals VALUES ('1', 'nonsense', NULL), ('2', 'execute-snapshot', 'no json'), ('3', 'execute-snapshot', '{}'),
      ('4', 'log', '{"message":"at {}"}'), ('5', 'schema-changes', '{}'),
      ('6', 'execute-snapshot', '{"data-collections":["public.orders"],"type":"INCREMENTAL"}')`);
    await untilNote(running, 'COMPLETED');
    assert.deepEqual(told(running.out.changes, table), reads(1, 3));
    assert.ok(!running.out.changes.some((change) => change.table === 'public.signals'), 'the table itself is not captured');
    await assert.rejects(running.source.signal({ id: 'x', type: 'execute-snapshot', data: '{"data-collections":["("]}' }), {
      code: 'config.invalid',
    });
    await running.out.until(() => running.out.boundaries.at(-1)?.offset?.['incremental_snapshot_state'] === undefined);
    offsets = running.out.boundaries.slice(-1);
  }
  await using running = await streaming(db, { extra: withSignals, offsets });
  await db.query("INSERT INTO orders VALUES (9, 'streamed')");
  await running.out.until(() => told(running.out.changes, table).length > 0);
  assert.deepEqual(told(running.out.changes, table), ['c9']);
});

test('a read-only connector and one without signal table write nothing', async () => {
  await using db = await createDatabase();
  await db.query(`${orders(30)}; ${signalTable}`);
  await using running = await streaming(db, { extra: { ...withSignals, 'read.only': 'true', 'incremental.snapshot.chunk.size': '10' } });
  await execute(running, [table]);
  await untilNote(running, 'COMPLETED');
  assert.deepEqual(told(running.out.changes, table), reads(1, 30));
  assert.deepEqual(await db.query('SELECT FROM signals'), []);
});

test('a blocking snapshot reads whole tables with markers, and the stream goes on behind it', async () => {
  await using db = await createDatabase();
  await db.query(`${orders(12)}; CREATE TABLE bare (v int); INSERT INTO bare VALUES (1), (2)`);
  await using running = await streaming(db);
  // A change that is committed while the stream stands still for the database snapshot: the snapshot sees it, the stream has not brought it.
  const writer = await db.connect();
  running.out.onDeclare = async ({ schema }) => {
    if (!schema.name.endsWith('.bare')) return;
    running.out.onDeclare = async () => {};
    await writer.query('BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE');
  };
  const asked = execute(running, [table, 'public.bare', 'public.nothing'], {
    type: 'blocking',
    'additional-conditions': [{ 'data-collection': table, filter: 'SELECT * FROM public.orders WHERE id <= 10' }],
  });
  await untilTrue(async () => (await db.query("SELECT FROM pg_locks WHERE NOT granted AND relation = 'orders'::regclass")).length > 0);
  await writer.query("UPDATE orders SET item = 'new' WHERE id = 3; COMMIT");
  await asked;
  await untilNote(running, 'COMPLETED');
  await db.query('DELETE FROM orders WHERE id = 3; INSERT INTO bare VALUES (3)');
  const { changes } = running.out;
  await running.out.until(() => told(changes, 'public.bare', 'v').includes('c3'));
  assert.deepEqual(told(changes, table), ['u3', ...reads(1, 10), 'd3']);
  assert.equal(changes.find((change) => change.op === 'r' && change.after?.['id'] === '3')?.after?.['item'], 'new');
  assert.deepEqual(told(changes, 'public.bare', 'v'), ['r1', 'r2', 'c3']);
  await execute(running, [table], { type: 'blocking', 'additional-conditions': [{ 'data-collection': table, filter: 'broken' }] });
  await untilNote(running, 'ABORTED SQL_EXCEPTION');
  await db.query('INSERT INTO bare VALUES (4)');
  await running.out.until(() => told(changes, 'public.bare', 'v').includes('c4'));
});

test('a lost connection in the middle is made again', async () => {
  await using db = await createDatabase();
  await db.query(`${orders(20)}; ${signalTable}`);
  await using running = await streaming(db, { extra: { ...withSignals, 'incremental.snapshot.chunk.size': '10' } });
  const hold = await WindowHold.open(db);
  await execute(running, [table]);
  await hold.untilHeld();
  // All of the connector's sessions but the walsender.
  await db.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'millrace%' AND backend_type = 'client backend'`,
  );
  await hold.letGo();
  await untilTrue(() => Promise.resolve(notes(running.out.changes).includes('COMPLETED')));
  assert.deepEqual(told(running.out.changes, table), reads(1, 20));
});

test('a signal in a transaction that was cut is taken once', async () => {
  await using db = await createDatabase();
  await db.query(`${orders(3)}; ${signalTable}`);
  let offsets;
  {
    await using running = await streaming(db, { extra: withSignals, prepare: (out) => (out.hasRoom = (count) => count !== 3) });
    await untilNote(running, 'SKIPPED');
    await db.query(`BEGIN; INSERT INTO signals VALUES ('1', 'execute-snapshot', '{"data-collections":["public.orders"]}');
      INSERT INTO orders SELECT n, 'new' FROM generate_series(10, 19) n; COMMIT`);
    await running.out.until(() => running.out.full);
    offsets = [{ partition: { server: 'shop' }, offset: running.out.changes.at(-1)?.offset ?? null }];
  }
  const stored = offsets[0]?.offset;
  assert.equal(stored?.['ordinal'], 3);
  assert.equal(stored?.['signals_taken'], 1);
  await using running = await streaming(db, { extra: withSignals, offsets });
  await untilNote(running, 'COMPLETED');
  const rows = told(running.out.changes, table);
  assert.deepEqual(
    rows.filter((row) => row.startsWith('c')),
    [12, 13, 14, 15, 16, 17, 18, 19].map((id) => `c${id}`),
  );
  assert.deepEqual(
    rows.filter((row) => row.startsWith('r')),
    [...reads(1, 3), ...reads(10, 19)],
  );
  assert.equal(running.out.boundaries.at(-1)?.offset?.['signals_taken'], 1);
});

test('an initial snapshot tells how it gets on, too', async () => {
  await using db = await createDatabase();
  await db.query(`${orders(3)}; CREATE TABLE bare (v int)`);
  await using running = await streaming(db, { extra: { 'snapshot.mode': 'initial' } });
  await untilNote(running, 'COMPLETED');
  assert.deepEqual(told(running.out.changes, table), reads(1, 3));
  const all = running.out.changes.filter((change) => change.table === 'notes').map(({ after }) => after?.['type']);
  assert.deepEqual(all, ['STARTED', 'IN_PROGRESS', 'IN_PROGRESS', 'TABLE_SCAN_COMPLETED', 'TABLE_SCAN_COMPLETED', 'COMPLETED']);
});

test('an initial snapshot that goes on after an interruption does not tell again that it began', async () => {
  await using db = await createDatabase();
  await db.query(orders(30));
  const extra = { ...withNotes, 'snapshot.mode': 'initial' };
  let offset;
  {
    await using running = startSource(db, { extra, prepare: (out) => (out.hasRoom = (count) => count !== 12) });
    await running.out.until(() => running.out.full);
    offset = running.out.changes.at(-1)?.offset ?? null;
  }
  await using running = startSource(db, { extra, offsets: [{ partition: { server: 'shop' }, offset }] });
  await untilNote(running, 'COMPLETED');
  assert.equal(told(running.out.changes, table).at(-1), 'r30');
  assert.deepEqual(notes(running.out.changes), ['TABLE_SCAN_COMPLETED SUCCEEDED', 'COMPLETED']);
});

test('a user who may not write to the signal table gets the snapshot all the same', async () => {
  await using db = await createDatabase();
  await db.query(`${orders(5)}; ${signalTable};
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE insufficient_privilege; END';
    CREATE TRIGGER refuse BEFORE INSERT ON signals FOR EACH ROW EXECUTE FUNCTION refuse()`);
  await using running = await streaming(db, { extra: { ...withSignals, 'incremental.snapshot.chunk.size': '2' } });
  await execute(running, [table]);
  await untilNote(running, 'COMPLETED');
  assert.deepEqual(told(running.out.changes, table), reads(1, 5));
});

test('a transaction that is open all the while is told when it commits', async () => {
  await using db = await createDatabase();
  await db.query(orders(5));
  await using running = await streaming(db, { extra: { 'incremental.snapshot.chunk.size': '2' } });
  const writer = await db.connect();
  await writer.query(
    "BEGIN; UPDATE orders SET item = 'new' WHERE id = 3; DELETE FROM orders WHERE id = 4; INSERT INTO orders VALUES (6, 'new')",
  );
  await execute(running, [table]);
  await untilNote(running, 'COMPLETED');
  await writer.query('COMMIT');
  await running.out.until(() => told(running.out.changes, table).includes('c6'));
  assert.deepEqual(told(running.out.changes, table), [...reads(1, 5), 'u3', 'd4', 'c6']);
});

for (const viaRoot of ['true', 'false']) {
  test(`a partitioned table is read as it is streamed, publish.via.partition.root=${viaRoot}`, async () => {
    await using db = await createDatabase();
    await db.query(`CREATE TABLE parts (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);
      CREATE TABLE low PARTITION OF parts FOR VALUES FROM (0) TO (10); CREATE TABLE high PARTITION OF parts FOR VALUES FROM (10) TO (100);
      INSERT INTO parts SELECT n, 'old' FROM generate_series(1, 20) n; ${signalTable}`);
    const extra = { ...withSignals, 'publish.via.partition.root': viaRoot, 'incremental.snapshot.chunk.size': '6' };
    await using running = await streaming(db, { extra });
    const hold = await WindowHold.open(db);
    await execute(running, ['public.(parts|low|high)']);
    await hold.untilHeld();
    await db.query('DELETE FROM parts WHERE id = 2; UPDATE parts SET id = 50 WHERE id = 3');
    await hold.letGo();
    await untilNote(running, 'COMPLETED');
    const { changes } = running.out;
    const names = viaRoot === 'true' ? ['public.parts'] : ['public.low', 'public.high'];
    const state = new Map<string, unknown>();
    for (const name of names) {
      for (const row of told(changes, name)) {
        if (row.startsWith('d')) state.delete(row.slice(1));
        else state.set(row.slice(1), name);
      }
    }
    const expected = [...Array.from({ length: 20 }, (_, index) => index + 1).filter((id) => id !== 2 && id !== 3), 50];
    assert.deepEqual(
      [...state.keys()].map(Number).toSorted((a, b) => a - b),
      expected,
    );
  });
}
