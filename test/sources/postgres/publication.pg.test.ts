import assert from 'node:assert/strict';
import { test } from 'node:test';

import { silentLog, type Logger } from '../../../src/base/log.ts';
import { ensurePublication, type TableName } from '../../../src/sources/postgres/publication.ts';
import { createDatabase } from '../../support/database.ts';
import { servers } from './servers.ts';
import { testSettings } from './test-settings.ts';

const [a, b, parts] = ['a', 'b', 'parts'].map((name): TableName => ({ schema: 'public', name })) as [TableName, TableName, TableName];

/** What is said of the publication, warnings with a mark. */
function listening(lines: string[]): Logger {
  return {
    ...silentLog,
    info: (_facts: object, line: string) => lines.push(line),
    warn: (_facts: object, line: string) => lines.push(`! ${line}`),
  } as never;
}

for (const [version, server] of servers) {
  test(`Postgres ${version}: a filtered publication is altered when its tables differ, and only then`, async () => {
    await using db = await createDatabase(server);
    await db.query(
      'CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY); CREATE TABLE parts (id int PRIMARY KEY) PARTITION BY HASH (id)',
    );
    const client = await db.connect();
    const said: string[] = [];
    const ensure = async (extra: Record<string, string>, captured: readonly TableName[]): Promise<string> => {
      said.length = 0;
      await ensurePublication(client, testSettings({ 'publication.name': 'P', ...extra }), captured, listening(said));
      return said.join('; ');
    };
    const filtered = { 'publication.autocreate.mode': 'filtered' };
    assert.equal(await ensure(filtered, [a]), 'CREATE PUBLICATION "P" FOR TABLE "public"."a"');
    assert.equal(await ensure(filtered, [a]), '');
    assert.equal(await ensure(filtered, [a, b]), 'ALTER PUBLICATION "P" SET TABLE "public"."a", "public"."b"');
    assert.equal(await ensure(filtered, [b, a]), '');
    assert.equal(await ensure(filtered, [b]), 'ALTER PUBLICATION "P" SET TABLE "public"."b"');
    const viaRoot = { 'publish.via.partition.root': 'true' };
    assert.match(await ensure(viaRoot, [b]), /^! the publication is used as it is.*SET \(publish_via_partition_root = true\)$/);
    assert.equal(
      await ensure({ ...filtered, ...viaRoot }, [parts]),
      'ALTER PUBLICATION "P" SET TABLE "public"."parts"; ALTER PUBLICATION "P" SET (publish_via_partition_root = true)',
    );
    assert.equal(await ensure({ ...filtered, ...viaRoot }, [parts]), '');
    assert.deepEqual(await db.query("SELECT tablename FROM pg_publication_tables WHERE pubname = 'P'"), [{ tablename: 'parts' }]);
  });

  test(`Postgres ${version}: a new publication is as wide as is asked for, and brings the operations that are not skipped`, async () => {
    await using db = await createDatabase(server);
    await db.query('CREATE TABLE a (id int PRIMARY KEY)');
    const client = await db.connect();
    const made = async (extra: Record<string, string>): Promise<string> => {
      await ensurePublication(client, testSettings({ 'publication.name': 'p', ...extra }), [a], silentLog);
      const [row] = await db.query<Record<string, boolean>>(
        `SELECT puballtables AS "all", pubinsert AS insert, pubupdate AS update, pubdelete AS delete, pubtruncate AS truncate, pubviaroot AS root
         FROM pg_publication WHERE pubname = 'p'`,
      );
      const tables = await db.query('SELECT FROM pg_publication_rel');
      await db.query('DROP PUBLICATION p');
      const flags = Object.entries(row ?? {}).flatMap(([name, yes]) => (yes ? [name] : []));
      return [...flags, ...(tables.length === 0 ? [] : [`${tables.length} table`])].join(' ');
    };
    assert.equal(await made({}), 'all insert update delete truncate');
    assert.equal(await made({ 'publication.autocreate.mode': 'filtered' }), 'insert update delete truncate 1 table');
    assert.equal(
      await made({ 'publication.autocreate.mode': 'no_tables', 'publish.via.partition.root': 'true' }),
      'insert update delete truncate root',
    );
    // The default leaves truncates out of the topics, not out of the publication; who says it himself means both.
    assert.equal(await made({ 'skipped.operations': 'd,t' }), 'all insert update');
    assert.equal(await made({ 'skipped.operations': 'none' }), 'all insert update delete truncate');
    // A snapshot beside the stream has to hear of rows that are gone.
    assert.equal(await made({ 'skipped.operations': 'u,d', 'signal.data.collection': 'public.signals' }), 'all insert delete truncate');
  });
}
