import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Failpoint } from '../../src/base/failpoint.ts';
import { AuditedTable, TopicState, checkAudit } from '../support/audited-table.ts';
import { CommittedReader } from '../support/committed-reader.ts';
import { createDatabase } from '../support/database.ts';
import { uniqueName } from '../support/unique-name.ts';
import { WorkerProcess } from '../support/worker-process.ts';
import { connectionConfig } from '../support/worker-stage.ts';

/** The crash matrix of ARCHITECTURE.md: where the process is killed, and at which passage of that place. */
const matrix: readonly (readonly [Failpoint, number])[] = [
  ['during-declare', 1],
  ['during-snapshot', 1],
  ['during-snapshot', 2],
  ['before-commit', 1],
  ['before-commit', 4],
  ['inside-commit', 1],
  ['inside-commit', 4],
  ['after-end-transaction', 1],
  ['after-end-transaction', 4],
  ['after-commit', 1],
  ['after-commit', 4],
  ['after-confirm', 1],
  ['after-confirm', 4],
];

for (const [failpoint, passage] of matrix) {
  test(`killed ${failpoint}, passage ${passage}: nothing is lost, nothing comes twice`, { timeout: 400_000 }, async () => {
    const prefix = uniqueName('crash');
    await using db = await createDatabase();
    const writer = new AuditedTable(await db.connect(), { ids: 400, seed: passage });
    await writer.create(300);
    await using worker = await WorkerProcess.prepare([
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
    ]);
    worker.launch({ MILLRACE_FAILPOINT: `${failpoint}:${passage}` });
    // Changes keep coming until the process is gone, so that later passages are reached as well.
    while (worker.running) await writer.transaction(12);
    assert.equal(await worker.ended(), 'SIGKILL', await worker.log());
    for (let count = 0; count < 5; count += 1) await writer.transaction(12);

    await worker.start();
    await db.query("INSERT INTO accounts VALUES (1000000, -1, 'the last row', 0)");
    await using reader = await CommittedReader.open([`${prefix}.public.accounts`]);
    await reader.until(
      (records) => records.some(({ key }) => (key as { id: number }).id === 1_000_000),
      () => 'the last row did not arrive',
    );
    // If the last start found the snapshot unfinished, that row was part of it, and the stream came only then; now it has an end.
    await db.query('UPDATE accounts SET seq = -2 WHERE id = 1000000');
    await reader.until(
      (records) => records.some(({ value }) => (value as { after: { seq: number } | null } | null)?.after?.seq === -2),
      () => 'the last change did not arrive',
    );
    assert.equal(await worker.kill('SIGTERM'), 0, await worker.log());
    await reader.toEnd();
    const state = new TopicState();
    for (const record of reader.records) state.apply(record);
    assert.deepEqual(state.seen.get('c:1000000:-1') ?? 1, 1);
    assert.equal(state.seen.get('u:1000000:-2'), 1);
    state.seen.delete('c:1000000:-1');
    state.seen.delete('u:1000000:-2');
    checkAudit(await writer.committed(), state);
    assert.deepEqual([...state.rows].toSorted(byId), [...(await writer.rows())].toSorted(byId));
  });
}

function byId(left: readonly [number, number], right: readonly [number, number]): number {
  return left[0] - right[0];
}
