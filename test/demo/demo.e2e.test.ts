import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, afterEach, before, describe, it } from 'node:test';
import { cacheDirectory, projectRoot } from '../../src/embedded/cache.ts';
import { keptAddresses } from '../../src/embedded/kept-addresses.ts';
import { isAlive } from '../../src/embedded/process-table.ts';
import { Postgres } from '../../src/embedded/postgres.ts';
import { findServerUser, giveTo, isReachable } from '../../src/embedded/server-user.ts';
import { Servers } from '../../src/embedded/servers.ts';
import { CommittedReader } from '../support/committed-reader.ts';
import { quickest } from '../support/quickest.ts';

const launcher = join(import.meta.dirname, '../../bin/millrace');
const tables = ['taxi.public.cabs', 'taxi.public.trips', 'taxi.public.zones'];

interface Result {
  readonly addresses: { readonly kafka: string; readonly registry: string; readonly postgres: string; readonly rest: string };
  readonly records: number;
  readonly topics: Readonly<Record<string, number>>;
  readonly rowsPerSecond: number;
  readonly secondsToFirstRecord: number | null;
}

interface Run {
  readonly child: ChildProcess;
  readonly output: { out: string; err: string };
}

let cache = '';
/** All demos started here: one that a failed test left running would hold up the others, and the end of this file. */
const started = new Set<ChildProcess>();

function start(...args: string[]): Run {
  return startAs({ env: { ...process.env, MILLRACE_CACHE: cache } }, ...args);
}

function startAs(options: { env: NodeJS.ProcessEnv; uid?: number; gid?: number }, ...args: string[]): Run {
  const child = spawn(launcher, ['demo', ...args], { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  started.add(child);
  child.once('close', () => started.delete(child));
  const output = { out: '', err: '' };
  child.stdout?.on('data', (chunk) => (output.out += String(chunk)));
  child.stderr?.on('data', (chunk) => (output.err += String(chunk)));
  return { child, output };
}

/** Asks it to end, which takes its servers along; one that hangs is killed, and its servers notice. */
async function stopped(child: ChildProcess): Promise<void> {
  const closed = once(child, 'close');
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), 60_000);
  await closed.finally(() => clearTimeout(late));
}

async function finished({ child, output }: Run): Promise<Result> {
  const [code] = (await once(child, 'close')) as [number | null];
  assert.equal(code, 0, output.err);
  assert.match(output.out, /^\{.*\}\n$/);
  return JSON.parse(output.out) as Result;
}

/** Resolves with the match as soon as standard output has it. */
async function shows({ child, output }: Run, pattern: RegExp, withinMs = 240_000): Promise<RegExpExecArray> {
  const deadline = AbortSignal.timeout(withinMs);
  for (;;) {
    const match = pattern.exec(output.out);
    if (match !== null) return match;
    assert.ok(child.exitCode === null && !deadline.aborted, `${pattern} was not shown: ${output.err}\n${output.out.slice(-2000)}`);
    const heard = new AbortController();
    await Promise.race([
      once(child.stdout ?? child, 'data', { signal: heard.signal }),
      once(child, 'exit', { signal: heard.signal }),
    ]).finally(() => heard.abort());
  }
}

/** What a demo tells other programs once all of it is up. */
async function addressesKept({ child, output }: Run): Promise<{ readonly kafka: string; readonly registry: string }> {
  const deadline = performance.now() + 240_000;
  for (;;) {
    const { kafka, registry } = keptAddresses(cache);
    if (kafka !== undefined && registry !== undefined) return { kafka, registry };
    assert.ok(child.exitCode === null && performance.now() < deadline, output.err);
    await sleep(50);
  }
}

async function listens(address: string): Promise<boolean> {
  const [host = '', port] = address.split(':');
  const socket = connect({ host, port: Number(port) });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

function addressesOf({ addresses }: Result): string[] {
  return [addresses.kafka, ...[addresses.registry, addresses.postgres, addresses.rest].map((url) => new URL(url).host)];
}

async function livePids(): Promise<number[]> {
  const files = await readdir(join(cache, 'demo'), { recursive: true });
  const pids = await Promise.all(
    files.filter((file) => /(^|\/)pid$/.test(file)).map((file) => readFile(join(cache, 'demo', file), 'utf8')),
  );
  return pids.map(Number).filter((pid) => isAlive(pid));
}

/** `topic key` of each record of the tables with this operation. */
function changes({ records }: CommittedReader, op: string): string[] {
  return records
    .filter(({ topic, value }) => topic !== 'rides' && (value as { op: string } | null)?.op === op)
    .map(({ topic, rawKey }) => `${topic} ${rawKey?.toString('hex')}`);
}

/** Null when this is root, and another user can reach the checkout and Node. */
async function whyNoOtherUser(): Promise<string | null> {
  if (process.getuid?.() !== 0) return 'these tests run as an ordinary user already';
  for (const path of [projectRoot, process.execPath]) if (!(await isReachable(path))) return `only root can reach ${path}`;
  return null;
}

const noOtherUser = await whyNoOtherUser();

describe('the demo', { timeout: 900_000 }, () => {
  before(async () => {
    cache = await mkdtemp(join(tmpdir(), 'millrace demo '));
    // Only the demo's own state is new: what was fetched for these tests is not fetched again.
    await mkdir(join(cacheDirectory(), 'maven'), { recursive: true });
    await symlink(join(cacheDirectory(), 'maven'), join(cache, 'maven'));
  });
  afterEach(async () => {
    await Promise.all([...started].map((child) => stopped(child)));
  });
  after(async () => {
    await Postgres.wipe(join(cache, 'demo/postgres'));
    await rm(cache, { recursive: true, force: true });
  });

  it('reports one line of JSON and leaves nothing running; a further start runs as long as it is told', async () => {
    const run = start('--json');
    const { kafka, registry } = await addressesKept(run);
    {
      // However long a machine takes for the first of them.
      await using reader = await CommittedReader.open(['rides', ...tables], 240_000, true, { kafka, registry });
      const count = (topic: string): number => reader.records.filter((record) => record.topic === topic).length;
      await reader.until(
        () => count('rides') > 20 && count('taxi.public.zones') >= 24 && count('taxi.public.trips') > 620,
        () => run.output.err,
        240_000,
      );
    }
    run.child.kill('SIGINT');
    const result = await finished(run);
    assert.deepEqual(Object.keys(result.topics).toSorted(), ['rides', ...tables]);
    assert.equal(result.topics['taxi.public.zones'], 24);
    assert.ok((result.topics['taxi.public.cabs'] ?? 0) >= 40);
    assert.ok((result.topics['taxi.public.trips'] ?? 0) > 600, 'the snapshot and live changes');
    assert.ok((result.topics['rides'] ?? 0) > 20);
    assert.equal(
      Object.values(result.topics).reduce((sum, count) => sum + count, 0),
      result.records,
    );
    assert.ok(result.rowsPerSecond > 10);
    assert.ok(result.secondsToFirstRecord !== null && result.secondsToFirstRecord > 0);
    for (const address of addressesOf(result)) assert.equal(await listens(address), false, address);
    assert.deepEqual(await livePids(), []);
    await finished(start('--for', '1s', '--json'));
    assert.deepEqual(await livePids(), []);
  });

  it('refuses to run twice on the same data; Ctrl-C ends all of it within 10 s', async (t) => {
    const tookMs = await quickest(10_000, async () => {
      const first = start();
      await shows(first, /REST +http/);
      const second = start('--for', '1s');
      const [code] = (await once(second.child, 'close')) as [number | null];
      assert.equal(code, 1);
      assert.match(second.output.err, /^millrace: A demo runs already, as process \d+: end it, or set MILLRACE_CACHE /m);
      first.child.kill('SIGINT');
      const from = performance.now();
      const [firstCode] = (await once(first.child, 'close')) as [number | null];
      assert.equal(firstCode, 0, first.output.err);
      assert.deepEqual(await livePids(), []);
      return performance.now() - from;
    });
    t.diagnostic(`Ctrl-C took ${Math.round(tookMs)} ms`);
    assert.ok(tookMs < 10_000, `${tookMs} ms`);
  });

  it('killed, it goes on where it was: no snapshot again and no row twice', async () => {
    const killed = start();
    await shows(killed, /taxi\.public\.trips +update/);
    killed.child.kill('SIGKILL');
    await once(killed.child, 'exit');

    const next = start();
    const [, kafka = ''] = await shows(next, /Kafka +(\S+)/);
    const [, registry = ''] = await shows(next, /Registry +(\S+)/);
    await shows(next, /taxi\.public\.trips +update/);
    assert.doesNotMatch(next.output.out, / snapshot /);
    const reader = await CommittedReader.open(['rides', ...tables], 240_000, true, { kafka, registry });
    // Its marks at the ends are records that no registry knows: the demo goes on.
    await reader.toEnd(240_000);
    await reader[Symbol.asyncDispose]();
    const snapshot = changes(reader, 'r');
    const rowsOf = (table: string): number => snapshot.filter((row) => row.startsWith(`${table} `)).length;
    assert.deepEqual([rowsOf('taxi.public.zones'), rowsOf('taxi.public.cabs')], [24, 40]);
    // Of the 600 at the start the load may have taken some away before they were read.
    assert.ok(rowsOf('taxi.public.trips') > 500, `${rowsOf('taxi.public.trips')} trips in the snapshot`);
    assert.equal(new Set(snapshot).size, snapshot.length);
    const rides = reader.records
      .filter(({ topic }) => topic === 'rides')
      .map(({ value }) => JSON.stringify(value, (_name, each: unknown) => (typeof each === 'bigint' ? String(each) : each)));
    assert.equal(new Set(rides).size, rides.length, 'all rows of the sample differ');
    const inserted = changes(reader, 'c');
    assert.ok(inserted.length > 0);
    assert.equal(new Set(inserted).size, inserted.length);
    next.child.kill('SIGTERM');
    const [code] = (await once(next.child, 'close')) as [number | null];
    assert.equal(code, 0, next.output.err);
  });

  it('started as root or not, it runs as an ordinary user', { skip: noOtherUser ?? false }, async (t) => {
    const user = findServerUser();
    assert.ok(user);
    const home = await mkdtemp(join(tmpdir(), 'millrace-home-'));
    t.after(() => rm(home, { recursive: true, force: true }));
    await giveTo(user, home);
    await chmod(home, 0o755);
    await symlink(join(cacheDirectory(), 'maven'), join(home, 'maven'));
    const path = `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}`;
    const result = await finished(
      startAs({ ...user, env: { ...process.env, PATH: path, HOME: home, MILLRACE_CACHE: home } }, '--for', '40s', '--json'),
    );
    assert.ok(result.records > 0);
  });

  it("uses servers of one's own, shows no password of theirs, and lets them run", async (t) => {
    const own = await mkdtemp(join(tmpdir(), 'millrace-own-'));
    const servers = await Servers.start({ cache: cacheDirectory(), directory: own, progress: () => {} });
    t.after(async () => {
      await servers.stop();
      await Postgres.wipe(join(own, 'postgres'));
      await rm(own, { recursive: true, force: true });
    });
    const { kafka, registry, postgres } = servers;
    await rm(join(cache, 'demo'), { recursive: true, force: true });
    const run = start('--json', '--kafka', kafka, '--registry', registry, '--postgres', postgres);
    {
      await using reader = await CommittedReader.open(['taxi.public.zones'], 240_000, true, { kafka, registry });
      await reader.until(
        (found) => found.length > 0,
        () => run.output.err,
      );
    }
    // It shows what has been written by then before it ends.
    run.child.kill('SIGINT');
    const { addresses, records } = await finished(run);
    assert.ok(records > 0);
    assert.equal(addresses.kafka, kafka);
    assert.equal(addresses.registry, registry);
    const { password, host } = new URL(postgres);
    assert.equal(new URL(addresses.postgres).host, host);
    assert.ok(!`${run.output.out}${run.output.err}`.includes(password));
    assert.deepEqual((await readdir(join(cache, 'demo'))).toSorted(), ['ports.json', 'worker']);
    for (const address of [kafka, new URL(registry).host, host]) assert.ok(await listens(address), address);
  });
});
