import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import { cacheDirectory, projectRoot } from '../../src/embedded/cache.ts';
import { isAlive } from '../../src/embedded/process-table.ts';
import { Postgres } from '../../src/embedded/postgres.ts';
import { findServerUser, giveTo, isReachable } from '../../src/embedded/server-user.ts';
import { Servers } from '../../src/embedded/servers.ts';
import { bigintLong } from '../support/bigint-long.ts';
import { kafkaClient } from '../support/kafka-client.ts';
import { uniqueName } from '../support/unique-name.ts';

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
let registryHost = '';

function start(...args: string[]): Run {
  return startAs({ env: { ...process.env, MILLRACE_CACHE: cache } }, ...args);
}

function startAs(options: { env: NodeJS.ProcessEnv; uid?: number; gid?: number }, ...args: string[]): Run {
  const child = spawn(launcher, ['demo', ...args], { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { out: '', err: '' };
  child.stdout?.on('data', (chunk) => (output.out += String(chunk)));
  child.stderr?.on('data', (chunk) => (output.err += String(chunk)));
  return { child, output };
}

async function finished({ child, output }: Run): Promise<Result> {
  const [code] = (await once(child, 'close')) as [number | null];
  assert.equal(code, 0, output.err);
  assert.match(output.out, /^\{.*\}\n$/);
  return JSON.parse(output.out) as Result;
}

/** Resolves with the match as soon as standard output has it. */
async function shows({ child, output }: Run, pattern: RegExp, withinMs = 90_000): Promise<RegExpExecArray> {
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

/** Everything committed on the topics up to now, decoded. */
async function readAll(
  brokers: string,
  topics: readonly string[],
): Promise<{ topic: string; key: string; value: Record<string, unknown> | null }[]> {
  const kafka = kafkaClient(brokers);
  const admin = kafka.admin();
  await admin.connect();
  const ends = new Map<string, number>();
  for (const topic of topics)
    for (const { partition, high } of await admin.fetchTopicOffsets(topic)) ends.set(`${topic}/${partition}`, Number(high));
  await admin.disconnect();
  const registry = new SchemaRegistry(
    { host: registryHost },
    { [SchemaType.AVRO]: { typeHook: (schema) => (schema === 'long' ? bigintLong : undefined) } },
  );
  const consumer = kafka.consumer({ groupId: uniqueName('demo_test'), maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topics: [...topics], fromBeginning: true });
  const read: { topic: string; partition: number; key: Buffer | null; value: Buffer | null }[] = [];
  const reached = Promise.withResolvers<void>();
  const behind = new Map([...ends].filter(([, end]) => end > 0));
  consumer.on('consumer.end_batch_process', ({ payload }) => {
    // Markers of transactions are not handed out: the last records come just before the end.
    if (Number(payload.lastOffset) + 2 >= (behind.get(`${payload.topic}/${payload.partition}`) ?? 0))
      behind.delete(`${payload.topic}/${payload.partition}`);
    if (behind.size === 0) reached.resolve();
  });
  await consumer.run({
    autoCommit: false,
    eachMessage: ({ topic, partition, message }) => {
      read.push({ topic, partition, key: message.key, value: message.value });
      return Promise.resolve();
    },
  });
  const timer = setTimeout(() => reached.reject(new Error(`not read to the end: ${[...behind.keys()].join(', ')}`)), 60_000);
  await reached.promise.finally(() => clearTimeout(timer));
  await consumer.disconnect();
  return Promise.all(
    read.map(async ({ topic, key, value }) => ({
      topic,
      key: key === null ? '' : key.toString('hex'),
      value: value === null ? null : ((await registry.decode(value)) as Record<string, unknown>),
    })),
  );
}

/** Null when this is root, and another user can reach the checkout and Node. */
async function whyNoOtherUser(): Promise<string | null> {
  if (process.getuid?.() !== 0) return 'these tests run as an ordinary user already';
  for (const path of [projectRoot, process.execPath]) if (!(await isReachable(path))) return `only root can reach ${path}`;
  return null;
}

const noOtherUser = await whyNoOtherUser();

describe('the demo', { timeout: 400_000 }, () => {
  before(async () => {
    cache = await mkdtemp(join(tmpdir(), 'millrace demo '));
    // Only the demo's own state is new: what was fetched for these tests is not fetched again.
    await mkdir(join(cacheDirectory(), 'maven'), { recursive: true });
    await symlink(join(cacheDirectory(), 'maven'), join(cache, 'maven'));
  });
  after(async () => {
    await Postgres.wipe(join(cache, 'demo/postgres'));
    await rm(cache, { recursive: true, force: true });
  });

  it('runs as long as it is told, reports one line of JSON, and leaves nothing running', async () => {
    const result = await finished(start('--for', '15s', '--json'));
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
  });

  it('refuses to run twice on the same data', async () => {
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
    assert.ok(performance.now() - from < 10_000);
    assert.deepEqual(await livePids(), []);
  });

  it('killed, it goes on where it was: no snapshot again and no row twice', async () => {
    const killed = start();
    await shows(killed, /taxi\.public\.trips +update/);
    killed.child.kill('SIGKILL');
    await once(killed.child, 'exit');

    const next = start();
    const [, kafka = ''] = await shows(next, /Kafka +(\S+)/);
    [, registryHost = ''] = await shows(next, /Registry +(\S+)/);
    await shows(next, /taxi\.public\.trips +update/);
    assert.doesNotMatch(next.output.out, / snapshot /);
    const records = await readAll(kafka, ['rides', ...tables]);
    const snapshot = records
      .filter(({ topic, value }) => topic !== 'rides' && value?.['op'] === 'r')
      .map(({ topic, key }) => `${topic} ${key}`);
    assert.ok(snapshot.length >= 24 + 40 + 600, `${snapshot.length} rows in the snapshot`);
    assert.equal(new Set(snapshot).size, snapshot.length);
    const rides = records
      .filter(({ topic }) => topic === 'rides')
      .map(({ value }) => JSON.stringify(value, (_name, each: unknown) => (typeof each === 'bigint' ? String(each) : each)));
    assert.equal(new Set(rides).size, rides.length, 'all rows of the sample differ');
    const inserted = records.filter(({ topic, value }) => topic.endsWith('.trips') && value?.['op'] === 'c').map(({ key }) => key);
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
      startAs({ ...user, env: { ...process.env, PATH: path, HOME: home, MILLRACE_CACHE: home } }, '--for', '15s', '--json'),
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
    const run = start('--for', '8s', '--json', '--kafka', kafka, '--registry', registry, '--postgres', postgres);
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
