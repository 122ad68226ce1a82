import assert from 'node:assert/strict';
import { test } from 'node:test';

import { CommittedReader } from '../support/committed-reader.ts';
import type { CommittedRecord } from '../support/committed-reader.ts';
import { createDatabase } from '../support/database.ts';
import type { Database } from '../support/database.ts';
import { quickest } from '../support/quickest.ts';
import { uniqueName } from '../support/unique-name.ts';
import { postgresConfig, WorkerStage } from '../support/worker-stage.ts';

/** Inserts ids from 1 on, some in each transaction, until it is stopped. */
class Load {
  ids = 0;
  #stopped = false;
  readonly #done: Promise<void>;

  constructor(db: Database) {
    this.#done = this.#run(db);
    // Where a test fails before `stop`, its database goes away under the load: that must not hide the failure.
    this.#done.catch(() => {});
  }

  async stop(): Promise<number> {
    this.#stopped = true;
    await this.#done;
    return this.ids;
  }

  async #run(db: Database): Promise<void> {
    while (!this.#stopped) {
      await db.query('INSERT INTO orders SELECT n FROM generate_series($1::int, $2::int) n', [this.ids + 1, this.ids + 5]);
      this.ids += 5;
    }
  }
}

function idsOf(records: readonly CommittedRecord[]): number[] {
  return records.map(({ key }) => (key as { id: number }).id);
}

test(
  'pausing stops new records within a second; pause, stop, restart, kill and delete lose and repeat nothing',
  { timeout: 400_000 },
  async (t) => {
    await using db = await createDatabase();
    await db.query('CREATE TABLE orders (id int PRIMARY KEY)');
    await using stage = await WorkerStage.open();
    const name = uniqueName('pause');
    // By REST: it has no file, so after a kill only Kafka knows of it.
    await stage.create(name, postgresConfig(db, name));
    const load = new Load(db);
    await using reader = await CommittedReader.open([`${name}.public.orders`]);
    const moves = async (): Promise<void> => {
      const before = reader.records.length;
      await reader.until(
        ({ length }) => length > before + 20,
        () => `no new records after ${before}`,
      );
    };
    await moves();

    for (const [halt, state] of [
      ['pause', 'PAUSED'],
      ['stop', 'STOPPED'],
    ] as const) {
      const tookMs = await quickest(1000, async () => {
        await stage.verb(name, 'resume');
        await moves();
        const asked = performance.now();
        await stage.verb(name, halt);
        await stage.until(name, ({ connector }) => connector.state === state);
        return performance.now() - asked;
      });
      t.diagnostic(`${halt} took ${Math.round(tookMs)} ms`);
      assert.ok(tookMs < 1000, `${halt} took ${tookMs} ms`);
      assert.deepEqual(
        (await stage.status(name)).tasks.map((task) => task.state),
        state === 'PAUSED' ? ['PAUSED'] : [],
      );
      // What was committed before the answer is read; after that nothing comes although rows do.
      await reader.toEnd();
      const inserted = load.ids;
      const { length } = reader.records;
      while (load.ids < inserted + 100) await new Promise((resolve) => setTimeout(resolve, 20));
      await stage.othersGoOn();
      await reader.toEnd();
      assert.equal(reader.records.length, length, `records came while ${state}`);
      await stage.verb(name, 'resume');
      await moves();
    }

    await stage.restart(name);
    await moves();

    await stage.worker.kill('SIGKILL');
    await stage.worker.start();
    await stage.until(name, (status) => status.tasks[0]?.state === 'RUNNING');
    await moves();

    // A pause outlives the process, too.
    await stage.verb(name, 'pause');
    await stage.worker.kill('SIGKILL');
    await stage.worker.start();
    await stage.until(name, (status) => status.connector.state === 'PAUSED' && status.tasks[0]?.state === 'PAUSED');
    await stage.verb(name, 'resume');
    await moves();

    const rows = await load.stop();
    t.diagnostic(`${rows} rows`);
    await reader.until(
      ({ length }) => length >= rows,
      () => `${reader.records.length} of ${rows}`,
    );

    await stage.remove(name);
    assert.equal((await fetch(`http://127.0.0.1:${stage.worker.port}/connectors/${name}`)).status, 404);
    await db.query('INSERT INTO orders VALUES (0)');
    await stage.worker.kill('SIGKILL');
    await stage.worker.start();
    assert.deepEqual(await stage.worker.rest('/connectors'), [stage.name], 'deleted is deleted, also for the next start');
    await stage.othersGoOn();
    await reader.toEnd();
    assert.deepEqual(
      idsOf(reader.records),
      Array.from({ length: rows }, (_, index) => index + 1),
      'every row once, in order, and none after the end',
    );
  },
);
