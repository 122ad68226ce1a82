import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';

import { ConnectError, classify, describeError } from '../../../src/base/errors.ts';
import { silentLog, type Logger } from '../../../src/base/log.ts';
import type { SourceOffset } from '../../../src/record/offset.ts';
import { createDatabase, type Database } from '../../support/database.ts';
import { uniqueName } from '../../support/unique-name.ts';
import { servers } from './servers.ts';
import { slotName, startSource, untilStreaming, untilTrue, type RunOptions } from './source-fixture.ts';

/** What a start that must fail fails with; and no secret in any of it. */
async function refusal(db: Database, options: RunOptions): Promise<ConnectError> {
  await using running = startSource(db, options);
  let over = false;
  const started = untilTrue(async () => over || /^millrace_postgres_connected\S* 1$/m.test(await running.metrics.text()));
  const error = await Promise.race([running.ended, started])
    .then(
      () => null,
      (reason: unknown) => reason,
    )
    .finally(() => (over = true));
  assert.ok(error instanceof ConnectError, `a ConnectError, not ${String(error)}`);
  assert.doesNotMatch(describeError(error), /wrong-secret/);
  assert.ok(error.remedy !== null, 'a refusal says what to do');
  return error;
}

async function stored(db: Database): Promise<readonly SourceOffset[]> {
  await using running = startSource(db);
  await untilStreaming(db, running);
  await db.query('INSERT INTO orders (item) VALUES ($1)', ['stored']);
  await running.out.until(() => running.out.boundaries.some((offset) => offset.offset?.['messageType'] === 'INSERT'));
  const offsets = running.out.boundaries.slice(-1);
  running.source.confirm(offsets);
  return offsets;
}

const ordersSql = 'CREATE TABLE orders (id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY, item text)';

for (const [version, server] of servers) {
  test(`Postgres ${version}: wrong password, database, host and missing privilege are told apart`, async () => {
    await using db = await createDatabase(server);
    await db.query(ordersSql);
    const password = await refusal(db, { extra: { 'database.password': 'wrong-secret' } });
    assert.deepEqual([password.code, classify(password)], ['postgres.authentication', 'fail']);
    const database = await refusal(db, { extra: { 'database.dbname': 'no_such_database' } });
    assert.equal(database.code, 'config.invalid');
    assert.match(database.message, /no_such_database/);
    const port = await refusal(db, { extra: { 'database.port': '1' } });
    assert.deepEqual([port.code, classify(port)], ['postgres.unreachable', 'retry']);
    const tls = await refusal(db, { extra: { 'database.sslmode': 'require' } });
    assert.deepEqual([tls.code, classify(tls)], ['postgres.setting', 'fail']);
    assert.match(tls.message, /does not offer TLS/);
    const file = await refusal(db, { extra: { 'database.sslmode': 'verify-ca', 'database.sslrootcert': '/no/such/file.pem' } });
    assert.equal(file.code, 'file.unreadable');
    const role = uniqueName('role');
    await db.query(`CREATE ROLE ${role} LOGIN PASSWORD 'wrong-secret'`);
    try {
      const privilege = await refusal(db, { extra: { 'database.user': role, 'database.password': 'wrong-secret' } });
      assert.equal(privilege.code, 'postgres.privilege');
      assert.match(privilege.remedy ?? '', new RegExp(`ALTER ROLE "${role}" REPLICATION`));
      await db.query(`ALTER ROLE ${role} REPLICATION`);
      const publication = await refusal(db, { extra: { 'database.user': role, 'database.password': 'wrong-secret' } });
      assert.equal(publication.code, 'postgres.privilege');
      assert.match(publication.remedy ?? '', /CREATE PUBLICATION "shop_publication" FOR ALL TABLES/);
    } finally {
      await db.query(`DROP ROLE ${role}`);
    }
  });

  test(`Postgres ${version}: publications and slots that do not fit are refused`, async () => {
    await using db = await createDatabase(server);
    await db.query(`${ordersSql}; CREATE TABLE customers (id int PRIMARY KEY)`);
    const many = await refusal(db, { extra: { 'guardrail.collections.max': '1', 'guardrail.collections.limit.action': 'fail' } });
    assert.deepEqual([many.code, classify(many)], ['config.invalid', 'fail']);
    assert.match(many.message, /take in 2 tables/);
    assert.deepEqual(await db.query('SELECT FROM pg_publication'), [], 'before anything is made');
    const missing = await refusal(db, { extra: { 'publication.autocreate.mode': 'disabled' } });
    assert.equal(missing.code, 'postgres.publication');
    const nothing = await refusal(db, { extra: { 'publication.autocreate.mode': 'filtered', 'table.include.list': 'public.none' } });
    assert.equal(nothing.code, 'postgres.publication');
    await db.query('CREATE PUBLICATION shop_publication FOR ALL TABLES');
    const all = await refusal(db, { extra: { 'publication.autocreate.mode': 'filtered' } });
    assert.match(all.message, /is for all tables/);
    await db.query('SELECT pg_create_logical_replication_slot($1, $2)', [slotName(db), 'test_decoding']);
    const plugin = await refusal(db, {});
    assert.equal(plugin.code, 'postgres.slot');
    assert.match(plugin.message, /test_decoding/);
    await db.query('SELECT pg_drop_replication_slot($1)', [slotName(db)]);
    await db.query('SELECT pg_create_physical_replication_slot($1)', [slotName(db)]);
    assert.match((await refusal(db, {})).message, /physical/);
    await db.query('SELECT pg_drop_replication_slot($1)', [slotName(db)]);
    await using other = await createDatabase(server);
    await other.query('SELECT pg_create_logical_replication_slot($1, $2)', [slotName(db), 'pgoutput']);
    assert.match((await refusal(db, {})).message, new RegExp(`belongs to the database "${other.name}"`));
  });

  test(`Postgres ${version}: the slot of another plug-in is left alone, and what the refusal says moves over without loss`, async () => {
    await using db = await createDatabase(server);
    await db.query(ordersSql);
    const insert = (item: string): Promise<unknown> => db.query('INSERT INTO orders (item) VALUES ($1)', [item]);
    const oldReader = async (): Promise<string> =>
      (await db.query<{ data: string }>('SELECT data FROM pg_logical_slot_get_changes($1, NULL, NULL)', [slotName(db)]))
        .map(({ data }) => data)
        .join();
    const slots = (): Promise<unknown> =>
      db.query('SELECT plugin, confirmed_flush_lsn FROM pg_replication_slots WHERE database = current_database()');
    await db.query('SELECT pg_create_logical_replication_slot($1, $2)', [slotName(db), 'test_decoding']);
    await insert('before');
    const untouched = await slots();
    for (const mode of ['initial', 'always', 'when_needed', 'no_data']) {
      const { code, message, remedy } = await refusal(db, { extra: { 'plugin.name': 'decoderbufs', 'snapshot.mode': mode } });
      assert.equal(code, 'postgres.slot');
      assert.match(message, new RegExp(`"${slotName(db)}" was made for the plug-in test_decoding`));
      assert.ok(remedy !== null);
      assert.deepEqual(await slots(), untouched);
      if (mode !== 'no_data') continue;
      const said = (pattern: RegExp): string => pattern.exec(remedy)?.[0] ?? assert.fail(`${pattern.source} is not in ${remedy}`);
      // A start that was refused may have made it already.
      await db.query('DROP PUBLICATION IF EXISTS shop_publication');
      await db.query(said(/CREATE PUBLICATION "[^"]+" FOR ALL TABLES/));
      await db.query(said(/SELECT pg_create_logical_replication_slot\([^)]*\)/));
      await insert('both');
      assert.match(await oldReader(), /before.*both/s);
      assert.deepEqual(Object.values((await db.query(said(/SELECT o\.confirmed_flush_lsn >= .*'(?= is true)/)))[0] ?? {}), [true]);
      await insert('after');
      const successor = /set "slot.name" to "(\w+)"/.exec(remedy)?.[1] ?? '';
      await using running = startSource(db, { extra: { 'slot.name': successor, 'snapshot.mode': 'no_data' } });
      await running.out.until(() => running.out.changes.some((change) => change.after?.['item'] === 'after'));
      assert.deepEqual(
        running.out.changes.map((change) => change.after?.['item']),
        ['both', 'after'],
      );
      await db.query(said(/SELECT pg_drop_replication_slot\([^)]*\)/));
    }
  });

  test(`Postgres ${version}: a filtered publication follows the captured tables, without unlogged ones, and is left alone when it fits`, async () => {
    await using db = await createDatabase(server);
    // Postgres refuses a publication that names an unlogged table.
    await db.query(`${ordersSql}; CREATE TABLE other (id int PRIMARY KEY); CREATE UNLOGGED TABLE odd (id int PRIMARY KEY);
      CREATE UNLOGGED TABLE signals (id text PRIMARY KEY, type text, data text)`);
    const filtered = { 'publication.autocreate.mode': 'filtered', 'signal.data.collection': 'public.signals' };
    const published = async (): Promise<unknown> =>
      (await db.query("SELECT tablename FROM pg_publication_tables WHERE pubname = 'shop_publication' ORDER BY 1")).map(
        (row) => row['tablename'],
      );
    for (const [list, tables] of [
      ['public.orders', ['orders']],
      ['public.o.*', ['orders', 'other']],
    ] as const) {
      await using running = startSource(db, { extra: { ...filtered, 'table.include.list': list } });
      // The walsender of the turn before may hold the slot a moment longer: streaming alone does not tell whose it is.
      await untilTrue(async () => isDeepStrictEqual(await published(), tables));
      await untilStreaming(db, running);
    }
  });

  test(`Postgres ${version}: a slot in use is waited for as long as configured, and taken when it is free`, async () => {
    await using db = await createDatabase(server);
    await db.query(ordersSql);
    await using holder = startSource(db);
    await untilStreaming(db, holder);
    const from = performance.now();
    const error = await refusal(db, { extra: { 'slot.max.retries': '3', 'slot.retry.delay.ms': '100' } });
    assert.ok(performance.now() - from >= 300);
    assert.deepEqual([error.code, classify(error)], ['postgres.slot-in-use', 'retry']);
    const said: string[] = [];
    const log: Logger = { ...silentLog, warn: (_fields: unknown, line?: string) => said.push(line ?? '') };
    await using waiter = startSource(db, { log, extra: { 'slot.max.retries': '1000', 'slot.retry.delay.ms': '100' } });
    await untilTrue(() => Promise.resolve(said.some((line) => /in use by the session .* Waiting for it/.test(line))));
    await holder.stop();
    await holder.source.close();
    await untilStreaming(db, waiter);
  });

  test(`Postgres ${version}: a stored position that the slot cannot serve is never passed over in silence`, async () => {
    await using db = await createDatabase(server);
    await db.query(ordersSql);
    const offsets = await stored(db);
    const slot = slotName(db);
    const idle = async (): Promise<void> => {
      while ((await db.query('SELECT FROM pg_replication_slots WHERE slot_name = $1 AND active', [slot])).length > 0);
    };
    await idle();
    // The same offset with another cluster's name, and one from the future of a restored server.
    const [offset] = offsets;
    const changed = (extra: Record<string, string | bigint>): RunOptions => ({
      offsets: [{ partition: { server: 'shop' }, offset: { ...offset?.offset, ...extra } }],
    });
    assert.match((await refusal(db, changed({ system_id: '42' }))).message, /belongs to another server/);
    assert.equal((await refusal(db, changed({ lsn_commit: 1n << 60n }))).code, 'postgres.offset');
    // Advanced by somebody else.
    await db.query("INSERT INTO orders (item) VALUES ('lost')");
    await db.query('SELECT pg_replication_slot_advance($1, pg_current_wal_lsn())', [slot]);
    const advanced = await refusal(db, { offsets });
    assert.deepEqual([advanced.code, classify(advanced)], ['postgres.offset', 'fail']);
    assert.match(advanced.message, /changes in between are gone/);
    // Dropped, and made anew under the same name.
    await db.query('SELECT pg_drop_replication_slot($1)', [slot]);
    assert.equal((await refusal(db, { offsets })).code, 'postgres.slot');
    await db.query('SELECT pg_create_logical_replication_slot($1, $2)', [slot, 'pgoutput']);
    assert.equal((await refusal(db, { offsets })).code, 'postgres.offset');
    // Told to, it heals itself with a snapshot, or goes on without the changes.
    {
      await using running = startSource(db, { offsets, extra: { 'snapshot.mode': 'when_needed' } });
      const changes = await running.out.untilChanges(2);
      assert.deepEqual(
        changes.map((change) => [change.op, change.after?.['item']]),
        [
          ['r', 'stored'],
          ['r', 'lost'],
        ],
      );
    }
    await idle();
    await using trusting = startSource(db, { offsets, extra: { 'offset.mismatch.strategy': 'trust_slot' } });
    await untilStreaming(db, trusting);
  });
}
