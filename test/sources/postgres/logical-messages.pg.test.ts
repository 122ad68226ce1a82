import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createDatabase } from '../../support/database.ts';
import { servers } from './servers.ts';
import { startSource, untilStreaming, untilTrue } from './source-fixture.ts';

for (const [version, server] of servers) {
  test(`Postgres ${version}: a message comes once, inside a transaction or outside, also after a restart`, async () => {
    await using database = await createDatabase(server);
    await database.query('CREATE TABLE t (id int PRIMARY KEY)');
    const running = startSource(database);
    let offsets;
    {
      await using first = running;
      await untilStreaming(database, first);
      await database.query(`SELECT pg_logical_emit_message(false, 'outside', 'one')`);
      await database.query('INSERT INTO t VALUES (1)');
      await database.query(`SELECT pg_logical_emit_message(true, 'inside', E'\\\\x00ff'::bytea)`);
      await database.query(`SELECT pg_logical_emit_message(false, '', 'last')`);
      await first.out.untilChanges(4);
      assert.deepEqual(
        first.out.changes.map(({ op, after }) => [op, after]),
        [
          ['m', { prefix: 'outside', content: '\\x6f6e65' }],
          ['c', { id: '1' }],
          ['m', { prefix: 'inside', content: '\\x00ff' }],
          ['m', { prefix: '', content: '\\x6c617374' }],
        ],
      );
      offsets = first.out.boundaries.slice(-1);
      await first.stop();
    }
    await using second = startSource(database, { offsets });
    await untilStreaming(database, second);
    await database.query(`SELECT pg_logical_emit_message(false, 'outside', 'two')`);
    await second.out.untilChanges(1);
    assert.deepEqual(
      second.out.changes.map(({ after }) => after),
      [{ prefix: 'outside', content: '\\x74776f' }],
    );
  });
}

test('messages are left out by prefix', async () => {
  await using database = await createDatabase();
  await database.query('CREATE TABLE t (id int PRIMARY KEY)');
  await using running = startSource(database, { extra: { 'message.prefix.exclude.list': 'noise.*' } });
  await untilStreaming(database, running);
  await database.query(
    `BEGIN; SELECT pg_logical_emit_message(true, 'noise1', 'x'); SELECT pg_logical_emit_message(true, 'kept', 'y'); COMMIT`,
  );
  await running.out.untilChanges(1);
  assert.deepEqual(
    running.out.changes.map(({ after }) => after),
    [{ prefix: 'kept', content: '\\x79' }],
  );
});

test('heartbeats come while nothing changes, and each runs the query', async () => {
  await using database = await createDatabase();
  await database.query('CREATE TABLE beats (at timestamptz)');
  await using running = startSource(database, {
    extra: {
      'heartbeat.interval.ms': '100',
      'heartbeat.action.query': 'INSERT INTO beats VALUES (now())',
      'table.include.list': 'public.nothing',
      'topic.heartbeat.prefix': 'pulse',
    },
  });
  await running.out.untilChanges(3);
  assert.ok(running.out.shapes.some(({ topic, partition }) => topic === 'pulse.shop' && partition === 0));
  await untilTrue(async () => (await database.query('SELECT FROM beats')).length >= 2);
  // Nothing is captured, and still the position passes what the query writes.
  const [{ tip } = { tip: '' }] = await database.query<{ tip: string }>("SELECT (pg_current_wal_lsn() - '0/0')::text AS tip");
  await running.out.until(() => ((running.out.boundaries.at(-1)?.offset?.['lsn_commit'] ?? 0n) as bigint) >= BigInt(tip));
  // A query that fails is told in the log; heartbeats and stream go on.
  await database.query('DROP TABLE beats');
  await running.out.untilChanges(running.out.changes.length + 3);
});
