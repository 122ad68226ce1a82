import assert from 'node:assert/strict';
import { test } from 'node:test';

import { silentLog } from '../../../src/base/log.ts';
import { loadTables } from '../../../src/sources/postgres/catalog.ts';
import { ensureReplicaIdentities } from '../../../src/sources/postgres/replica-identity.ts';
import { createDatabase } from '../../support/database.ts';
import { uniqueName } from '../../support/unique-name.ts';
import { servers } from './servers.ts';
import { startSource, untilStreaming } from './source-fixture.ts';
import { testSettings } from './test-settings.ts';

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
    // What is declared at the start is what the stream goes on with: no registry ever sees a key that no record has.
    const keys = running.out.shapes
      .filter(({ schema }) => schema.name === 'shop.public.coded')
      .map(({ schema }) => [...schema.key].map((column) => schema.columns[column]?.name));
    assert.deepEqual(keys, [['Code']]);
    await database.query(`UPDATE whole SET v = 'new'`);
    const [change] = await running.out.untilChanges(1);
    assert.deepEqual(change?.before, { id: '1', v: 'old' });
  });

  test(`Postgres ${version}: an identity that fits is left alone, and what the server refuses stops the start with the remedy`, async () => {
    await using db = await createDatabase(server);
    const role = uniqueName('reader');
    await db.query(`CREATE TABLE whole (id int PRIMARY KEY); CREATE TABLE coded (id int PRIMARY KEY, code text NOT NULL, other text);
      CREATE UNIQUE INDEX by_code ON coded (code); CREATE TABLE silent (id int PRIMARY KEY); CREATE ROLE ${role};
      ALTER TABLE whole REPLICA IDENTITY FULL; ALTER TABLE coded REPLICA IDENTITY USING INDEX by_code; ALTER TABLE silent REPLICA IDENTITY NOTHING`);
    const client = await db.connect();
    const ensure = async (values: string): Promise<number> => {
      const { publication } = testSettings({ 'replica.identity.autoset.values': values });
      return ensureReplicaIdentities(client, publication, await loadTables(client), silentLog);
    };
    try {
      // A user who does not own the tables may start the connector when there is nothing to alter.
      await client.query(`SET ROLE ${role}`);
      assert.equal(await ensure('public.whole:FULL,public.coded:INDEX by_code,public.silent:nothing'), 0);
      await assert.rejects(ensure('public.silent:FULL'), {
        code: 'postgres.privilege',
        remedy: 'Run as the owner of the table: ALTER TABLE "public"."silent" REPLICA IDENTITY FULL.',
      });
      await client.query('RESET ROLE');
      await assert.rejects(ensure('public.coded:INDEX nowhere'), {
        code: 'postgres.setting',
        message: /public\.coded could not be set to USING INDEX/,
      });
      assert.equal(await ensure('public.whole:NOTHING,public.(coded|silent):DEFAULT'), 3);
    } finally {
      await db.query(`DROP ROLE ${role}`);
    }
    assert.deepEqual(
      await db.query(`SELECT relname, relreplident FROM pg_class WHERE relname IN ('whole', 'coded', 'silent') ORDER BY 1`),
      [
        { relname: 'coded', relreplident: 'd' },
        { relname: 'silent', relreplident: 'd' },
        { relname: 'whole', relreplident: 'n' },
      ],
    );
  });
}
