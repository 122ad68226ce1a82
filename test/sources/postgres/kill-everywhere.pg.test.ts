import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createDatabase } from '../../support/database.ts';
import { randomFrom, schema, seed, tables, write } from './random-writers.ts';
import { servers } from './servers.ts';
import { applyExactly, CommittingOutlet, liveUntilKilled, tableState } from './snapshot-harness.ts';
import { untilTrue } from './source-fixture.ts';

const settings = {
  'snapshot.mode': 'initial',
  'snapshot.max.threads': '3',
  'snapshot.slice.bytes': '8192',
};

/** Every row has a null, so every change waits until its row has been read again. */
const reselect = { 'post.processors': 'r', 'r.type': 'io.debezium.processors.reselect.ReselectColumnsPostProcessor' };

for (const [at, [version, url]] of servers.entries()) {
  const own = at === 0 ? settings : { ...settings, ...reselect };
  test(`Postgres ${version}: killed in the snapshot, between it and the stream, and in the stream: every row once`, async (context) => {
    context.diagnostic(`seed ${seed}`);
    const random = randomFrom(seed + 99);
    await using database = await createDatabase(url);
    await database.query(schema);
    const outlet = new CommittingOutlet();
    let stop = false;
    const writers = ['a', 'b'].map(async (name, index) => write(await database.connect(), randomFrom(seed + index), () => stop, name));
    const never = Promise.withResolvers<void>().promise;
    for (let kills = 0; kills < 25; kills += 1) {
      let left = 20 + random(kills < 12 ? 1500 : 150);
      outlet.decide = () => {
        left -= 1;
        return left <= 0 ? 'kill' : random(20) === 0 ? 'commit' : 'go';
      };
      await liveUntilKilled(database, outlet, own, never);
    }
    stop = true;
    await Promise.all(writers);
    outlet.decide = () => 'commit';
    const streaming = Promise.withResolvers<void>();
    const complete = Promise.withResolvers<void>();
    outlet.onEmit = (change) => {
      // A row that the snapshot reads says nothing about the stream.
      if (change.op === 'c') streaming.resolve();
      if (change.after?.['message'] === 'the end') setImmediate(complete.resolve);
    };
    const last = liveUntilKilled(database, outlet, own, complete.promise);
    let isStreaming = false;
    void streaming.promise.then(() => (isStreaming = true));
    await untilTrue(async () => {
      await database.query(`INSERT INTO log VALUES ('is it streaming?')`);
      return isStreaming;
    });
    await database.query(`INSERT INTO log VALUES ('the end')`);
    await untilTrue(() => Promise.resolve(outlet.committed.at(-1)?.after?.['message'] === 'the end'));
    await last;
    const { committed } = outlet;
    context.diagnostic(`${committed.length} records, ${committed.filter((change) => change.op === 'r').length} of them read`);
    for (const [table, key] of Object.entries(tables)) {
      if (key.length === 0) continue;
      assert.deepEqual(new Map(applyExactly(committed, table, key)), await tableState(database, table, key), table);
    }
    const messages = committed.filter((change) => change.table === 'public.log').map((change) => change.after?.['message'] as string);
    const rows = await database.query<{ message: string }>('SELECT message FROM log');
    assert.deepEqual(messages.toSorted(), rows.map((row) => row.message).toSorted());
  });
}
