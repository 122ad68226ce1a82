import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createDatabase } from '../../support/database.ts';
import { servers } from './servers.ts';
import { startSource, untilStreaming } from './source-fixture.ts';

for (const [version, server] of servers) {
  test(`Postgres ${version}: replica identities are set at start, and the stream brings what they promise`, async () => {
    await using database = await createDatabase(server);
    await database.query('CREATE TABLE whole (id int PRIMARY KEY, v text); CREATE TABLE coded (id int PRIMARY KEY, "Code" text NOT NULL)');
    await database.query('CREATE UNIQUE INDEX "By Code" ON coded ("Code"); CREATE TABLE other (id int PRIMARY KEY)');
    await database.query(`INSERT INTO whole VALUES (1, 'old')`);
    await using running = startSource(database, {
      extra: { 'replica.identity.autoset.values': 'public.whole:FULL,public.c.*:INDEX By Code' },
    });
    await untilStreaming(database, running);
    assert.deepEqual(
      await database.query(`SELECT relname, relreplident FROM pg_class WHERE relname IN ('whole', 'coded', 'other') ORDER BY 1`),
      [
        { relname: 'coded', relreplident: 'i' },
        { relname: 'other', relreplident: 'd' },
        { relname: 'whole', relreplident: 'f' },
      ],
    );
    await database.query(`UPDATE whole SET v = 'new'`);
    const [change] = await running.out.untilChanges(1);
    assert.deepEqual(change?.before, { id: '1', v: 'old' });
  });
}
