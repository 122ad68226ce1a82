import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { ConnectError } from '../../../../src/base/errors.ts';
import { silentLog } from '../../../../src/base/log.ts';
import { SpillFile } from '../../../../src/sources/postgres/streaming/spill-file.ts';
import { Taken, TransactionSpill, type TransactionSpillOptions } from '../../../../src/sources/postgres/streaming/transaction-spill.ts';
import { sleeplessClock } from '../../../support/manual-clock.ts';
import { concat, int32, int64 } from '../../../support/wal-script.ts';

const header = concat('w', int64(0x10n), int64(0x10n), int64(0n));
const start = (xid: number): Buffer => concat(header, 'S', int32(xid), Buffer.from([1]));
const stop = concat(header, 'E');
const row = (subXid: number, text: string): Buffer => concat(header, 'I', int32(subXid), text);
const abort = (xid: number, subXid: number): Buffer => concat(header, 'A', int32(xid), int32(subXid));
const commit = (xid: number): Buffer => concat(header, 'c', int32(xid), Buffer.from([0]), int64(0x100n), int64(0x140n), int64(5n));

function isSpillError(error: unknown): boolean {
  return error instanceof ConnectError && error.code === 'postgres.spill' && error.remedy !== null;
}

/** A spill in a directory of the test's own; answers what was handed on, without the header. */
async function stage(t: TestContext, options: Partial<TransactionSpillOptions> = {}): Promise<Stage> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-spill-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const spill = new TransactionSpill({ directory, name: 'slot', bytesMax: 1e9, clock: sleeplessClock, log: silentLog, ...options });
  await spill.open();
  const delivered: string[] = [];
  const feed = async (...frames: readonly Buffer[]): Promise<void> => {
    for (const frame of frames) {
      const taken = spill.take(frame, 0, frame.length);
      if (taken === Taken.PASS) delivered.push(`passed ${frame.toString('latin1', 25)}`);
      if (taken !== Taken.SETTLE) continue;
      await spill.settle((bytes, from, end) => {
        const text = bytes.toString('latin1', from + 25, end);
        delivered.push(text.startsWith('B') || text.startsWith('C') ? (text[0] ?? '') : text);
        // Either way of going on is allowed.
        return delivered.length % 2 === 0 ? true : Promise.resolve(true);
      });
    }
  };
  return { spill, directory, delivered, feed };
}

interface Stage {
  readonly spill: TransactionSpill;
  readonly directory: string;
  readonly delivered: string[];
  readonly feed: (...frames: readonly Buffer[]) => Promise<void>;
}

test('parts of several transactions come whole, in the order of the commits, without what was rolled back', async (t) => {
  const { spill, directory, delivered, feed } = await stage(t);
  // Where it came from stands at the head of a part, and is the only message in it without a transaction of its own.
  const origin = concat('O', int64(5n), 'elsewhere\0');
  await feed(
    start(7),
    concat(header, origin),
    row(7, 'a1'),
    row(70, 'a2'),
    stop,
    start(8),
    row(8, 'b1'),
    stop,
    concat(header, 'B', 'other'),
  );
  await feed(start(9), row(9, 'c1'), stop, abort(7, 70), start(7), row(71, 'a3'), row(7, 'a4'), stop, commit(8));
  await feed(abort(9, 9), abort(99, 99), commit(7), commit(6));
  assert.deepEqual(delivered, ['passed Bother', 'B', 'Ib1', 'C', 'B', origin.toString('latin1'), 'Ia1', 'Ia3', 'Ia4', 'C', 'B', 'C']);
  assert.deepEqual(await readdir(join(directory, 'slot')), []);
  await feed(start(10), row(10, 'd'), stop);
  await spill.close();
  assert.deepEqual(await readdir(directory), []);
});

test('messages larger than any buffer, and more of them than fit into one', async (t) => {
  const { delivered, feed } = await stage(t);
  const large = 'x'.repeat(3_000_000);
  const rows = Array.from({ length: 3000 }, (_, index) => row(7, `${index}${'y'.repeat(700)}`));
  await feed(start(7), ...rows.slice(0, 1500), row(7, large), stop, start(7), ...rows.slice(1500), stop, commit(7));
  const wanted = [...rows.slice(0, 1500), row(7, large), ...rows.slice(1500)].map((frame) => `I${frame.toString('latin1', 30)}`);
  assert.deepEqual(delivered.slice(1, -1), wanted);
});

test('a full disk is waited for, and a write that stopped in the middle goes on there', async (t) => {
  let refusals = 0;
  const { delivered, feed } = await stage(t, {
    createFile: async (path) => {
      const file = await SpillFile.create(path);
      const append = file.append.bind(file);
      let calls = 0;
      file.append = async (bytes, from, end) => {
        calls += 1;
        if (calls % 3 !== 0) return append(bytes, from, Math.min(end, from + 1000));
        refusals += 1;
        throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
      };
      return file;
    },
  });
  const rows = Array.from({ length: 300 }, (_, index) => row(7, `row ${index}`));
  await feed(start(7), ...rows, stop, commit(7));
  assert.ok(refusals > 3);
  assert.deepEqual(
    delivered.slice(1, -1),
    rows.map((frame) => `I${frame.toString('latin1', 30)}`),
  );
});

test('a stream that ends while a full disk is waited for waits no longer', async (t) => {
  let attempts = 0;
  const { spill, feed } = await stage(t, {
    createFile: async () => {
      attempts += 1;
      if (attempts === 2) await spill.close();
      throw Object.assign(new Error('no space left on device'), { code: attempts < 9 ? 'ENOSPC' : 'EIO' });
    },
  });
  await assert.rejects(feed(start(7), row(7, 'a'), stop), isSpillError);
  assert.equal(attempts, 2);
});

test('more than allowed, and a directory that cannot be used, are errors with a remedy', async (t) => {
  const { feed, directory } = await stage(t, { bytesMax: 1000 });
  await assert.rejects(feed(start(7), row(7, 'x'.repeat(2000)), stop), isSpillError);
  await writeFile(join(directory, 'file'), '');
  const blocked = new TransactionSpill({
    directory: join(directory, 'file'),
    name: 'slot',
    bytesMax: 1,
    clock: sleeplessClock,
    log: silentLog,
  });
  await assert.rejects(blocked.open(), isSpillError);
});

test('what an earlier run left is removed at the start', async (t) => {
  const { directory, spill } = await stage(t);
  await mkdir(join(directory, 'slot'), { recursive: true });
  await writeFile(join(directory, 'slot', '7'), 'left over');
  await spill.open();
  assert.deepEqual(await readdir(join(directory, 'slot')), []);
});

test('a stream message that is too short is malformed', async (t) => {
  const { feed } = await stage(t);
  for (const frame of [concat(header, 'S'), concat(header, 'c', int32(7)), concat(header, 'A', int32(7))]) {
    await assert.rejects(feed(frame), /malformed/);
  }
  await assert.rejects(feed(start(7), concat(header, 'I')), /malformed/);
});
