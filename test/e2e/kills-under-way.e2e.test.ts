import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { untilTrue } from '../sources/postgres/source-fixture.ts';
import { AuditedTable, checkAudit } from '../support/audited-table.ts';
import type { AuditedChange } from '../support/audited-table.ts';
import { CommittedReader } from '../support/committed-reader.ts';
import type { CommittedRecord } from '../support/committed-reader.ts';
import { createDatabase, type Database } from '../support/database.ts';
import { uniqueName } from '../support/unique-name.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { WorkerProcess } from '../support/worker-process.ts';
import { connectionConfig, type Settings } from '../support/worker-stage.ts';

const seed = Number(process.env['PROPERTY_SEED'] ?? Date.now() % 1_000_000);
const limits = { timeout: 400_000 };
const kills = 5;
/** Ends the table's history: nothing that was written before comes after it for its key. */
const sentinel = 10_000_000;

interface Image {
  readonly id: number;
  readonly seq: number;
}

interface Envelope {
  readonly op: 'r' | 'c' | 'u' | 'd';
  readonly before: Image | null;
  readonly after: Image | null;
}

/**
 * What the topic says of the audited table, for a stream beside which its rows are read. A row that is read is as the
 * stream told it last, or as it was at first (`any`: as it may have become untold); one that the stream deleted is not
 * read again.
 */
class ToldTable {
  readonly rows = new Map<number, number>();
  readonly seen = new Map<string, number>();
  /** For failures: what came for each key, with its place. */
  readonly history = new Map<number, string[]>();
  reads = 0;
  readonly #first: 'as it was' | 'any';
  readonly #told = new Set<number>();

  constructor(first: 'as it was' | 'any') {
    this.#first = first;
  }

  apply({ key, value, partition, offset }: CommittedRecord): void {
    if (value === null) return;
    const { id } = key as Image;
    const { op, before, after } = value as Envelope;
    const place = `${op} of ${id} at ${partition}@${offset}`;
    const known = this.rows.get(id);
    const history = this.history.get(id) ?? [];
    this.history.set(id, history);
    history.push(`${op}:${(after ?? before)?.seq} at ${partition}@${offset}`);
    if (op === 'r') {
      this.reads += 1;
      if (this.#told.has(id) || this.#first === 'as it was') {
        assert.equal(after?.seq, this.#told.has(id) ? known : 0, `${place}: it is not like that`);
      }
    } else {
      if (this.#told.has(id) || known !== undefined) assert.equal(before?.seq, known, `${place}: the old image is not the last one told`);
      const name = `${op}:${id}:${(after ?? before)?.seq}`;
      this.seen.set(name, (this.seen.get(name) ?? 0) + 1);
      this.#told.add(id);
    }
    if (after === null) this.rows.delete(id);
    else this.rows.set(id, after.seq);
  }
}

/** Every committed change once, nothing else, and at the end the table. */
function check(records: readonly CommittedRecord[], audit: readonly AuditedChange[], rows: ReadonlyMap<number, number>): ToldTable {
  const told = new ToldTable('as it was');
  for (const record of records) if (record.topic.endsWith('.accounts')) told.apply(record);
  const expected = new Map([...audit.map(({ op, id, seq }) => [`${op}:${id}:${seq}`, 1] as const), [`c:${sentinel}:-1`, 1]]);
  assert.deepEqual(sorted(told.seen), sorted(expected));
  assert.deepEqual(sorted(told.rows), sorted(rows));
  return told;
}

function sorted(map: ReadonlyMap<string | number, number>): string[] {
  return [...map].map((entry) => entry.join(' ')).toSorted();
}

interface Stage extends AsyncDisposable {
  readonly db: Database;
  readonly writer: AuditedTable;
  readonly worker: WorkerProcess;
  readonly topic: (table: string) => string;
  readonly publication: string;
}

/** The slot is there before anything is written, so that every change has to come. */
async function prepare(
  t: TestContext,
  rows: number,
  settings: (worker: { readonly folder: string }) => Settings,
  published = 'accounts, bulk, signals',
): Promise<Stage> {
  t.diagnostic(`seed ${seed}`);
  const name = uniqueName('kills');
  const db = await createDatabase();
  const writer = new AuditedTable(await db.connect(), { ids: 300 + rows, seed });
  await writer.create(rows);
  await db.query(`CREATE TABLE bulk (id int PRIMARY KEY, text text); CREATE TABLE signals (id varchar(42) PRIMARY KEY, type varchar(32), data varchar(2048));
    CREATE PUBLICATION ${name} FOR TABLE ${published}; ALTER DATABASE ${db.name} SET logical_decoding_work_mem = '64kB'`);
  await db.query(`SELECT pg_create_logical_replication_slot('${name}', 'pgoutput')`);
  const worker = await WorkerProcess.prepare([]);
  const config = {
    ...connectionConfig(db, name),
    'publication.autocreate.mode': 'disabled',
    'table.include.list': 'public.accounts,public.bulk',
    'snapshot.mode': 'no_data',
    'slot.retry.delay.ms': '200',
    'slot.max.retries': '50',
    'topic.creation.default.partitions': '3',
    'topic.creation.default.replication.factor': '1',
    ...settings(worker),
  };
  await worker.addFile({ name, config });
  return {
    db,
    writer,
    worker,
    topic: (table) => `${name}.public.${table}`,
    publication: name,
    async [Symbol.asyncDispose]() {
      await worker[Symbol.asyncDispose]();
      await db[Symbol.asyncDispose]();
    },
  };
}

/** Writes until told to stop; a failure shows where it is awaited. */
function writing(step: () => Promise<unknown>): { stop(): Promise<void> } {
  const told = new AbortController();
  const done = (async () => {
    while (!told.signal.aborted) await step();
  })();
  done.catch(() => {});
  return {
    async stop() {
      told.abort();
      await done;
    },
  };
}

type Count = (records: readonly CommittedRecord[]) => number;

const isRead = ({ value }: CommittedRecord): boolean => (value as Envelope | null)?.op === 'r';
const readOf: Count = (records) => records.filter(isRead).length;

/** Kills it behind a random number of records that nobody has seen before, as they are counted, whatever is under way then. */
async function killOften(
  worker: WorkerProcess,
  reader: CommittedReader,
  { random, atMost, count }: { readonly random: () => number; readonly atMost: number; readonly count: Count },
): Promise<void> {
  for (let kill = 0; kill < kills; kill += 1) {
    if (!worker.running) worker.launch();
    const from = count(reader.records);
    const more = 1 + Math.floor(random() * atMost);
    await reader.until(
      (records) => count(records) >= from + more,
      () => `life ${kill} brought ${count(reader.records) - from} of ${more} records`,
      120_000,
    );
    assert.ok(worker.running, await worker.log());
    await worker.kill('SIGKILL');
  }
}

/** The last life: everything arrives, then a clean stop, so that whatever came twice is read as well. */
async function finish({ db, worker }: Stage, reader: CommittedReader, complete: () => boolean): Promise<void> {
  worker.launch();
  await db.query(`INSERT INTO accounts VALUES (${sentinel}, -1, 'the last row', 0)`);
  await reader.until(
    (records) => records.some(({ topic, key, value }) => topic.endsWith('.accounts') && isEnd(key, value)) && complete(),
    () => 'the last row is missing, or a row that was there',
    120_000,
  );
  assert.equal(await worker.kill('SIGTERM'), 0, await worker.log());
  await reader.toEnd();
}

function isEnd(key: unknown, value: unknown): boolean {
  return (key as Image).id === sentinel && (value as Envelope | null)?.op === 'c';
}

test('SIGKILL while transactions in progress are being kept in files: every change once', limits, async (t) => {
  const random = seededRandom(seed);
  await using stage = await prepare(t, 200, ({ folder }) => ({
    'streaming.transactions': 'spill',
    'streaming.transactions.directory': join(folder, 'spill'),
  }));
  const { db, writer, worker, topic } = stage;
  let next = 0;
  const other = await db.connect();
  const rows = (count: number): string =>
    `INSERT INTO bulk SELECT n, repeat('x', 300) FROM generate_series(${(next += count) - count + 1}, ${next}) n;`;
  const loads = [
    // Most are larger than the server keeps in memory and open for a while, so that parts of both come in each other's midst.
    writing(() => writer.transaction(400)),
    writing(async () => {
      await other.query(
        `BEGIN; ${rows(150)} SAVEPOINT a; ${rows(150)} SAVEPOINT b; ${rows(150)} ROLLBACK TO b; SELECT pg_sleep(0.1); ${rows(50)}`,
      );
      await other.query(random() < 0.3 ? `ROLLBACK TO a; ${rows(200)} COMMIT` : random() < 0.3 ? 'ROLLBACK' : 'COMMIT');
    }),
  ];
  worker.launch();
  await using reader = await CommittedReader.open([topic('accounts'), topic('bulk')]);
  await killOften(worker, reader, { random, atMost: 800, count: (records) => records.length });
  for (const load of loads) await load.stop();
  const bulk = (): number[] => reader.records.filter((record) => record.topic === topic('bulk')).map(({ key }) => (key as Image).id);
  const there = (await db.query<{ id: number }>('SELECT id FROM bulk ORDER BY id')).map(({ id }) => id);
  await finish(stage, reader, () => bulk().length >= there.length);
  assert.deepEqual(
    bulk().toSorted((a, b) => a - b),
    there,
  );
  const told = await writer.rows();
  // Rows that were never written to since are not told by a stream alone.
  const audit = await writer.committed();
  const touched = new Set([sentinel, ...audit.map(({ id }) => id)]);
  check(reader.records, audit, new Map([...told].filter(([id]) => touched.has(id))));
  const [streamed] = await db.query<{ count: string }>(
    'SELECT sum(stream_txns)::text AS count FROM pg_stat_replication_slots WHERE slot_name = $1',
    [topic('').split('.')[0]],
  );
  t.diagnostic(`${reader.records.length} records, ${audit.length} changes, ${streamed?.count} transactions in parts`);
  assert.ok(Number(streamed?.count) > 0, 'the server did send transactions in parts');
});

test('SIGKILL while an incremental snapshot is under way: every change once, every row read as it is', limits, async (t) => {
  const random = seededRandom(seed + 1);
  await using stage = await prepare(t, 5000, () => ({
    'signal.data.collection': 'public.signals',
    // So small that no life reads all of the table, however late the reader sees what was read.
    'incremental.snapshot.chunk.size': '10',
  }));
  const { db, writer, worker, topic } = stage;
  const load = writing(() => writer.transaction(10));
  let signals = 0;
  const signal = async (): Promise<void> => {
    signals += 1;
    await db.query(`INSERT INTO signals VALUES ('s${signals}', 'execute-snapshot', '{"data-collections":["public.accounts"]}')`);
  };
  await signal();
  worker.launch();
  await using reader = await CommittedReader.open([topic('accounts')]);
  await killOften(worker, reader, { random, atMost: 400, count: readOf });
  const midst = readOf(reader.records);
  await load.stop();
  const rows = await writer.rows();
  const complete = (): boolean => {
    const told = new ToldTable('as it was');
    for (const record of reader.records) told.apply(record);
    return told.rows.size >= rows.size + 1;
  };
  await finish(stage, reader, complete);
  const told = check(reader.records, await writer.committed(), new Map([...rows, [sentinel, -1]]));
  t.diagnostic(`${reader.records.length} records, ${told.reads} of them read, ${midst} of those before the last kill`);
  assert.ok(midst > 0 && midst < told.reads, 'it was under way when it was killed');
});

test('SIGKILL while a large new table is being read in chunks: it goes on, every change once, the table as it is', limits, async (t) => {
  // They come first in the order of the key, and are more than the two batches hold that may be waiting for a commit.
  const large = 40;
  const rowsOfChunk = 10;
  // The first life has committed rows by then, and all of them together do not come to the end of the table.
  const chunksBeforeKill = [large / rowsOfChunk + 1, 3];
  const settings: Settings = {
    'snapshot.new.tables': 'backfill',
    'snapshot.new.tables.interval.ms': '100',
    'snapshot.new.tables.whole.bytes.max': '0',
    'incremental.snapshot.chunk.size': `${rowsOfChunk}`,
  };
  await using stage = await prepare(t, 300, () => settings, 'bulk');
  const { db, writer, worker, topic, publication } = stage;
  await db.query(`INSERT INTO accounts SELECT -n, 0, repeat('x', 300000) FROM generate_series(1, ${large}) n`);
  worker.launch({ MILLRACE_FAILPOINT: `during-snapshot:${chunksBeforeKill[0]}` });
  await db.query(`INSERT INTO bulk VALUES (1, 'streaming')`);
  const [written] = await db.query<{ lsn: string }>('SELECT pg_current_wal_insert_lsn() AS lsn');
  // The tables of this moment are known then, and that is stored.
  await untilTrue(async () => {
    const slots = await db.query('SELECT FROM pg_replication_slots WHERE slot_name = $1 AND confirmed_flush_lsn >= $2', [
      publication,
      written?.lsn,
    ]);
    return slots.length > 0;
  });
  await db.query(`ALTER PUBLICATION ${publication} ADD TABLE accounts`);
  for (const [life, chunks] of chunksBeforeKill.entries()) {
    if (life > 0) worker.launch({ MILLRACE_FAILPOINT: `during-snapshot:${chunks}` });
    while (worker.running) await writer.transaction(12);
    assert.equal(await worker.ended(), 'SIGKILL', await worker.log());
  }
  await using reader = await CommittedReader.open([topic('accounts')]);
  await reader.until(
    (records) => records.some(isRead),
    () => 'no life has committed a row that it read',
  );
  const rows = await writer.rows();
  const told = (): ToldTable => {
    const table = new ToldTable('any');
    for (const record of reader.records) table.apply(record);
    return table;
  };
  const count = rows.size + 1;
  await finish(stage, reader, () => told().rows.size >= count);
  const state = told();
  assert.deepEqual(sorted(state.rows), sorted(new Map([...rows, [sentinel, -1]])));
  const still = reader.records.filter((record) => isRead(record) && (record.key as Image).id < 0);
  assert.equal(still.length, large, 'a row that was read and committed is not read again, nor left out');
  assert.equal(state.seen.get(`c:${sentinel}:-1`), 1);
  state.seen.delete(`c:${sentinel}:-1`);
  checkAudit(await writer.committed(), state);
  t.diagnostic(`${reader.records.length} records, ${state.reads} of them read`);
});
