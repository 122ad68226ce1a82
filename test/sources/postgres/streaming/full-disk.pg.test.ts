import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { systemClock, type Clock } from '../../../../src/base/clock.ts';
import { silentLog, type Logger } from '../../../../src/base/log.ts';
import { createDatabase } from '../../../support/database.ts';
import { untilHeard, walsenderOf } from '../../../support/walsender.ts';
import { servers } from '../servers.ts';
import { slotName, startSource, untilStreaming, untilTrue } from '../source-fixture.ts';

/** A file system of its own with 2 MiB of room; null: this user may not mount one. */
async function smallDisk(t: TestContext): Promise<string | null> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-disk-'));
  let mounted = false;
  t.after(async () => {
    if (mounted) execFileSync('umount', ['-l', directory]);
    await rm(directory, { recursive: true, force: true });
  });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'millrace', directory], { stdio: 'ignore' });
  } catch {
    return null;
  }
  mounted = true;
  return directory;
}

for (const [version, server] of servers) {
  test(`Postgres ${version}: a full disk is waited for, and the server hears of it; with room again every row comes`, async (t) => {
    const disk = await smallDisk(t);
    if (disk === null) {
      t.skip('mounting a small file system needs root');
      return;
    }
    await using db = await createDatabase(server);
    await db.query(`CREATE TABLE orders (id int PRIMARY KEY, text text); ALTER DATABASE ${db.name} SET logical_decoding_work_mem = '64kB'`);
    await writeFile(join(disk, 'others'), Buffer.alloc(1024 * 1024));
    let warnings = 0;
    const log: Logger = { ...silentLog, warn: () => (warnings += 1) };
    let waits = 0;
    const clock: Clock = {
      ...systemClock,
      sleep: (ms, signal) => {
        waits += 1;
        return systemClock.sleep(Math.min(ms, 50), signal);
      },
    };
    const extra = { 'streaming.transactions': 'spill', 'streaming.transactions.directory': disk };
    await using running = startSource(db, { extra, log, clock });
    await untilStreaming(db, running);
    const writer = await db.connect();
    await writer.query(`BEGIN; INSERT INTO orders SELECT n, repeat('x', 1000) FROM generate_series(1, 5000) n`);
    await untilTrue(() => Promise.resolve(warnings > 0));
    const { bavail } = await statfs(disk);
    assert.equal(bavail, 0);
    const reader = await walsenderOf(db, slotName(db));
    await writer.query('COMMIT');
    await db.query(`INSERT INTO orders VALUES (5001, 'behind it')`);
    const waited = waits;
    await untilTrue(() => Promise.resolve(waits > waited + 5));
    assert.equal((await untilHeard(db, slotName(db), 5)).pid, reader?.pid);
    assert.deepEqual(running.out.changes, []);
    assert.equal(warnings, 1, 'it is said once');
    await rm(join(disk, 'others'));
    execFileSync('mount', ['-o', 'remount,size=32m', disk]);
    await running.out.untilChanges(5001);
    assert.deepEqual(
      running.out.changes.map(({ after }) => Number(after?.['id'])),
      Array.from({ length: 5001 }, (_, index) => index + 1),
    );
    assert.equal((await walsenderOf(db, slotName(db)))?.pid, reader?.pid);
  });

  test(`Postgres ${version}: while a registry is waited for, the stream rests, and the server hears of it; then every row comes`, async () => {
    await using db = await createDatabase(server);
    await db.query('CREATE TABLE orders (id int PRIMARY KEY)');
    const gate = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    await using running = startSource(db, {
      prepare: (out) => {
        out.onDeclare = async (shape) => {
          if (shape.schema.columns.length < 2) return;
          asked.resolve();
          await gate.promise;
        };
      },
    });
    await untilStreaming(db, running);
    await db.query('ALTER TABLE orders ADD COLUMN text text');
    // Much more than the buffers between server and source take.
    await db.query(`INSERT INTO orders SELECT n, repeat('x', 1000) FROM generate_series(1, 20000) n`);
    await asked.promise;
    const before = process.memoryUsage().rss;
    await untilHeard(db, slotName(db), 5);
    assert.ok(process.memoryUsage().rss - before < 16 * 1024 * 1024, 'nothing is taken in meanwhile');
    assert.deepEqual(running.out.changes, []);
    gate.resolve();
    const changes = await running.out.untilChanges(20_000);
    assert.deepEqual([changes[0]?.after?.['id'], changes.at(-1)?.after?.['id']], ['1', '20000']);
  });
}
