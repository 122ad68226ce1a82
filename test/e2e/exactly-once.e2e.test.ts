import assert from 'node:assert/strict';
import { appendFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { AuditedTable, TopicState, checkAudit } from '../support/audited-table.ts';
import type { AuditedChange } from '../support/audited-table.ts';
import { CommittedReader } from '../support/committed-reader.ts';
import type { CommittedRecord } from '../support/committed-reader.ts';
import { createDatabase } from '../support/database.ts';
import type { Database } from '../support/database.ts';
import { uniqueName } from '../support/unique-name.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { WorkerProcess } from '../support/worker-process.ts';
import { connectionConfig } from '../support/worker-stage.ts';

const kills = Number(process.env['MILLRACE_KILLS'] ?? 100);
const seed = Number(process.env['PROPERTY_SEED'] ?? Date.now() % 1_000_000);
const snapshotRows = 20_000;
/** Comes after everything else; it may be a snapshot row, if the last start still found the snapshot unfinished. */
const sentinel = 10_000_000;

function connectors(db: Database, prefix: string, csvFile: string) {
  return [
    {
      name: prefix,
      config: {
        ...connectionConfig(db, prefix),
        'publication.autocreate.mode': 'filtered',
        'table.include.list': 'public.accounts',
        'slot.retry.delay.ms': '200',
        'slot.max.retries': '50',
        'topic.creation.default.partitions': '3',
        'topic.creation.default.replication.factor': '1',
      },
    },
    {
      name: `${prefix}-csv`,
      config: {
        'connector.class': 'millrace.CsvSource',
        file: csvFile,
        topic: `${prefix}.rides`,
        'key.fields': 'driver',
        columns: 'ride:long,driver:int,note:string',
        follow: 'true',
        'topic.creation.default.partitions': '3',
        'topic.creation.default.replication.factor': '1',
      },
    },
  ];
}

/** Kills come at random moments, while both sources are under load and, at first, in the middle of the snapshot. */
test(
  `${kills} times SIGKILL: every change of the table and every row of the file is on its topic once, in order`,
  { timeout: 1_500_000 },
  async (t) => {
    t.diagnostic(`seed ${seed}`);
    const random = seededRandom(seed);
    const prefix = uniqueName('chaos');
    const folder = await mkdtemp(join(tmpdir(), 'millrace-chaos-'));
    const csvFile = join(folder, 'rides.csv');
    writeFileSync(csvFile, 'ride,driver,note\n');
    await using db = await createDatabase();
    const writer = new AuditedTable(await db.connect(), { ids: 500 + snapshotRows, seed });
    await writer.create(snapshotRows);
    await using worker = await WorkerProcess.prepare(connectors(db, prefix, csvFile));
    const load = new AbortController();
    let rides = 0;
    const writing = (async () => {
      while (!load.signal.aborted) {
        await writer.transaction(30);
        // A steady load rather than all that the machine gives: what is written has to be read and compared afterwards.
        await new Promise((resolve) => setTimeout(resolve, 4));
        const lines = Math.floor(random() * 20);
        let text = '';
        for (let line = 0; line < lines; line += 1)
          text += `${(rides += 1)},${rides % 17},"a, ""quoted"" note ${'z'.repeat(rides % 50)}"\n`;
        // Now and then the file ends in the middle of a line for a moment, as files that are being written do.
        const cut = random() < 0.3 ? Math.floor(random() * text.length) : text.length;
        appendFileSync(csvFile, text.slice(0, cut));
        appendFileSync(csvFile, text.slice(cut));
      }
    })();
    for (let kill = 0; kill < kills; kill += 1) {
      worker.launch();
      await new Promise((resolve) => setTimeout(resolve, 300 + random() * 1700));
      assert.ok(worker.running, `the worker left by itself before kill ${kill}:\n${await worker.log()}`);
      await worker.kill('SIGKILL');
    }
    load.abort();
    await writing;
    await worker.start();
    await db.query(`INSERT INTO accounts VALUES (${sentinel}, -1, 'the last row', 0)`);
    const [audit, rows] = [await writer.committed(), await writer.rows()];
    t.diagnostic(`${audit.length} changes, ${rows.size} rows at the end, ${rides} rides`);
    await using reader = await CommittedReader.open([`${prefix}.public.accounts`, `${prefix}.rides`]);
    await reader.until(
      (records) => records.some(isSentinel) && rideCount(records) >= rides,
      () => `the last row or a ride is missing: ${rideCount(reader.records)} of ${rides} rides`,
      600_000,
    );
    await db.query(`UPDATE accounts SET seq = -2 WHERE id = ${sentinel}`);
    await reader.until(
      (records) => records.some(isLastChange),
      () => 'the last change is missing',
      600_000,
    );
    // A clean stop, so that nothing can follow; then whatever a duplicate would have added is read as well.
    assert.equal(await worker.kill('SIGTERM'), 0);
    await reader.toEnd();
    checkTable(reader.records, audit, rows);
    checkRides(reader.records, rides);
    await rm(folder, { recursive: true, force: true });
  },
);

function isSentinel({ topic, key }: CommittedRecord): boolean {
  return topic.endsWith('.accounts') && (key as { id: number }).id === sentinel;
}

/** Where the sentinel was a row of the snapshot, the stream came after it; what is changed then comes last in any case. */
function isLastChange(record: CommittedRecord): boolean {
  return isSentinel(record) && (record.value as { after: { seq: number } }).after.seq === -2;
}

function checkTable(records: readonly CommittedRecord[], audit: readonly AuditedChange[], rows: ReadonlyMap<number, number>): void {
  const state = new TopicState();
  for (const record of records) if (record.topic.endsWith('.accounts')) state.apply(record);
  state.seen.delete(`c:${sentinel}:-1`);
  state.seen.delete(`u:${sentinel}:-2`);
  assert.equal(state.rows.get(sentinel), -2);
  state.rows.set(sentinel, -1);
  checkAudit(audit, state);
  assert.deepEqual(sorted(state.rows), sorted(rows));
}

function sorted(map: ReadonlyMap<number, number>): string[] {
  return [...map].map((entry) => entry.join(' ')).toSorted();
}

function rideCount(records: readonly CommittedRecord[]): number {
  return records.filter(({ topic }) => topic.endsWith('.rides')).length;
}

function checkRides(records: readonly CommittedRecord[], rides: number): void {
  const all = records.filter(({ topic }) => topic.endsWith('.rides')).map(({ value }) => Number((value as { ride: bigint }).ride));
  assert.equal(all.length, rides);
  assert.equal(new Set(all).size, rides);
  const lastOf = new Map<number, number>();
  for (const ride of all) {
    assert.ok((lastOf.get(ride % 17) ?? 0) < ride, `ride ${ride} is out of order for its driver`);
    lastOf.set(ride % 17, ride);
  }
}
