import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tableSizes } from '../../../src/sources/postgres/snapshot-split.ts';
import { createDatabase } from '../../support/database.ts';
import { servers } from './servers.ts';

const tables = `
  CREATE TABLE parts (id int, at date) PARTITION BY RANGE (id);
  CREATE TABLE parts_low PARTITION OF parts FOR VALUES FROM (0) TO (1000);
  CREATE TABLE parts_high PARTITION OF parts FOR VALUES FROM (1000) TO (3000) PARTITION BY RANGE (id);
  CREATE TABLE parts_highest PARTITION OF parts_high FOR VALUES FROM (2000) TO (3000);
  CREATE TABLE plain (id int);
  CREATE TABLE heir () INHERITS (plain);
  CREATE TABLE never_counted (id int);
  INSERT INTO parts SELECT n, now() FROM generate_series(0, 999) n;
  INSERT INTO parts SELECT n, now() FROM generate_series(2000, 2099) n;
  INSERT INTO plain SELECT generate_series(1, 10);
  INSERT INTO heir SELECT generate_series(1, 5000);
  ANALYZE parts_low, parts_highest, plain, heir`;

for (const [version, url] of servers) {
  test(`Postgres ${version}: a partitioned table is as large as its partitions, and none of them stays locked`, async () => {
    await using database = await createDatabase(url);
    await database.query(tables);
    const oidOf = async (name: string): Promise<number> =>
      (await database.query<{ oid: number }>(`SELECT '${name}'::regclass::oid::int AS oid`))[0]?.oid ?? 0;
    const [parts, plain, never] = [await oidOf('parts'), await oidOf('plain'), await oidOf('never_counted')];
    const client = await database.connect();
    await client.query('BEGIN');
    const sizes = await tableSizes(client, [parts, plain, never]);
    const { rows: locks } = await client.query(
      `SELECT relation::regclass FROM pg_locks WHERE pid = pg_backend_pid() AND relation IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)`,
    );
    await client.query('COMMIT');
    const [told] = await database.query<{ bytes: string; plain: string }>(
      `SELECT pg_relation_size('parts_low') + pg_relation_size('parts_highest') AS bytes, pg_relation_size('plain') AS plain`,
    );
    assert.deepEqual(sizes.get(parts), { bytes: Number(told?.bytes), rows: 1100 });
    assert.deepEqual(sizes.get(plain), { bytes: Number(told?.plain), rows: 10 });
    assert.deepEqual(sizes.get(never), { bytes: 0, rows: -1 });
    assert.deepEqual(locks, []);
  });
}
