import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';

import { CommittedReader, type CommittedRecord } from '../support/committed-reader.ts';
import { createDatabase, type Database } from '../support/database.ts';
import { debeziumConnector, slotStreams } from '../support/debezium-connector.ts';
import type { ParityRecord } from '../support/parity-case.ts';
import { parityDifferences } from '../support/parity-difference.ts';
import { ParityReader } from '../support/parity-reader.ts';
import { WorkerProcess } from '../support/worker-process.ts';
import { acceptedFor } from './accepted-differences.ts';
import { configNamed, configsOf } from './config-factors.ts';
import { ConfigWorkload, type Scope } from './config-workload.ts';
import { DebeziumPeer } from './debezium-peer.ts';
import { peerDifferences } from './peer-differences.ts';
import { runPeers } from './peer-run.ts';
import { RandomWorkload } from './random-workload.ts';

/** One connector each, over the same tables at the same time. */
const configs: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  plain: { 'provide.transaction.metadata': 'true', 'skip.messages.without.change': 'true' },
  texts: {
    'time.precision.mode': 'connect',
    'decimal.handling.mode': 'string',
    'binary.handling.mode': 'hex',
    'interval.handling.mode': 'string',
    'column.mask.hash.v2.SHA-256.with.salt.pepper': String.raw`public\.(alpha|gamma)\.txt`,
    'column.truncate.to.3.chars': String.raw`public\.beta\.c\d+`,
  },
  others: {
    'time.precision.mode': 'isostring',
    'decimal.handling.mode': 'double',
    'binary.handling.mode': 'base64',
    'tombstones.on.delete': 'false',
    'skipped.operations': 'none',
    'extended.headers.enabled': 'false',
    'message.key.columns': 'public.gamma:txt',
  },
};
const tables = ['alpha', 'beta', 'gamma', 'zmarks'];
const rounds = 3;

// Outside the test's own time: on a machine that has no jars yet they are fetched.
const jars = await DebeziumPeer.find(() => {});
// One for all tests: it takes its time to start.
let started: Promise<DebeziumPeer> | null = null;
after(async () => (await started)?.[Symbol.asyncDispose]());

/** The same at each run unless another one is asked for: a difference that was meant is to be found at leisure. */
function seedOf(usual: number): number {
  const wanted = process.env['MILLRACE_TEST_SEED'] ?? String(usual);
  return wanted === 'random' ? randomBytes(4).readUInt32BE() : Number(wanted);
}

interface Pair {
  readonly theirs: string;
  readonly ours: string;
  readonly config: Readonly<Record<string, string>>;
}

test(
  'Debezium and Millrace side by side on one database write the same records under the same schemas',
  { timeout: 450_000 },
  async (t) => {
    if (typeof jars === 'string') return t.skip(`Debezium cannot be run here: ${jars}`);
    const seed = seedOf(1_430_667_324);
    t.diagnostic(`MILLRACE_TEST_SEED=${seed}`);
    const workload = new RandomWorkload(seed);
    await using database = await createDatabase();
    for (const statement of workload.setup()) await database.query(statement);
    const run = randomBytes(4).toString('hex');
    const pairs = Object.entries(configs).map(([name, config]): Pair => ({
      theirs: `theirs${name}${run}`,
      ours: `ours${name}${run}`,
      config,
    }));

    const peer = await (started ??= DebeziumPeer.start(jars));
    await using worker = await WorkerProcess.prepare(
      pairs.map(({ ours, config }) => ({ name: ours, config: debeziumConnector(database, ours, config) })),
    );
    await worker.start();
    for (const { theirs, config } of pairs) await peer.add(theirs, debeziumConnector(database, theirs, config));
    const names = pairs.flatMap(({ theirs, ours }) => [theirs, ours]);
    for (const name of names) await untilStreaming(database, name, peer);

    const marks = names.map((name) => `${name}.public.zmarks`);
    for (let round = 0; round < rounds; round += 1) {
      // Their defaults, keys and types come from the catalog of the moment: a table is altered when nothing is under way.
      if (round > 0) for (const statement of workload.alter()) await database.query(statement);
      const { statements, mark } = workload.changes(40);
      for (const statement of statements) await database.query(statement);
      await untilMarked(marks, mark);
    }

    const reader = new ParityReader();
    for (const { theirs, ours, config } of pairs) {
      const topicsOf = (prefix: string): string[] => [
        ...tables.map((table) => `${prefix}.public.${table}`),
        ...(config['provide.transaction.metadata'] === 'true' ? [`${prefix}.transaction`] : []),
      ];
      const [left, right] = await readBoth(topicsOf(theirs), topicsOf(ours));
      const expected = await reader.plain(left, (text) => text.replaceAll(theirs, 'PFX'));
      const found = await reader.plain(right, (text) => text.replaceAll(ours, 'PFX'));
      assert.deepEqual([...found.keys()].sort(), [...expected.keys()].sort());
      for (const [topic, records] of expected) {
        assert.deepEqual(differences(topic, records, found.get(topic) ?? []), [], `${topic} of ${theirs}, seed ${seed}`);
        assert.deepEqual((found.get(topic) ?? []).map(place), records.map(place), `places in the log, ${topic} of ${theirs}, seed ${seed}`);
      }
      t.diagnostic(`${theirs}: ${left.length} records on ${expected.size} topics`);
    }
  },
);

/** So many connectors of each at once. */
const wave = 8;

/** The first so many, or some of them: `MILLRACE_TEST_CONFIGS=40-64`. */
const part = ((wanted: string) => {
  const [first = '', end] = wanted.split('-');
  return end === undefined ? { from: 0, to: Number(first) } : { from: Number(first), to: Number(end) };
})(process.env['MILLRACE_TEST_CONFIGS'] ?? String(wave));

test(
  'whatever a config says of records, topics, converters and transforms: the same records, pair by pair of properties',
  // The few of every build stand for those that cover all pairs: MILLRACE_TEST_CONFIGS=300 MILLRACE_TEST_SEED=random.
  { timeout: 200_000 + 250_000 * Math.ceil((part.to - part.from) / wave) },
  async (t) => {
    if (typeof jars === 'string') return t.skip(`Debezium cannot be run here: ${jars}`);
    const seed = seedOf(3);
    // One that a failure names: MILLRACE_TEST_CONFIG='transforms=flat, value.converter=avro'.
    const wanted = process.env['MILLRACE_TEST_CONFIG'];
    const scope: Scope = wanted === undefined && process.env['MILLRACE_TEST_CONFIGS'] === undefined ? 'settled' : 'all';
    const configs = wanted === undefined ? configsOf(seed, scope, part.from, part.to) : [configNamed(wanted)];
    t.diagnostic(`MILLRACE_TEST_SEED=${seed}, ${configs.length} configs`);
    const peer = await (started ??= DebeziumPeer.start(jars));
    const differing: string[] = [];
    for (let at = 0; at < configs.length; at += wave) {
      for (const result of await runPeers(peer, configs.slice(at, at + wave), new ConfigWorkload(seed + part.from + at, scope))) {
        const found = await peerDifferences(result, acceptedFor(result.config));
        for (const difference of found.slice(0, 3)) differing.push(`${JSON.stringify(difference).slice(0, 2000)} under ${result.name}`);
        t.diagnostic(`${result.theirs.length} records under ${result.name}`);
      }
    }
    assert.deepEqual(differing, [], `seed ${seed}`);
  },
);

/** All but what is meant to differ: see docs/debezium-compatibility.md. */
function differences(topic: string, theirs: readonly ParityRecord[], ours: readonly ParityRecord[]): unknown[] {
  return (
    parityDifferences(topic, snapshotSorted(theirs), snapshotSorted(ours))
      .filter(({ path }) => path !== 'headers.__debezium.context.runId')
      // Text in their headers has line breaks and tabs as they are, which is no JSON.
      .filter(({ path, theirs: left, ours: right }) => !path.startsWith('headers.') || escaped(left) !== right)
      // A truncation that ends in the middle of a character leaves a question mark there.
      .filter(({ theirs: left, ours: right }) => typeof left !== 'string' || !left.endsWith('?') || left.slice(0, -1) !== right)
      // They list the tables of a transaction in the order of a Java hash map, we in that of their first change.
      .filter((found) => !found.path.endsWith('.data_collections') || sorted(found.theirs) !== sorted(found.ours))
      .slice(0, 5)
  );
}

/** The rows of a snapshot come in no order that counts, and so its markers fall on other rows. */
function snapshotSorted(records: readonly ParityRecord[]): ParityRecord[] {
  const rows: { readonly text: string; readonly record: ParityRecord }[] = [];
  const rest: ParityRecord[] = [];
  for (const record of records) {
    const value = structuredClone(record.value?.value) as Row | undefined;
    if (record.value === null || value?.op !== 'r') {
      rest.push(record);
      continue;
    }
    delete value.source.snapshot;
    rows.push({ text: JSON.stringify(value.after), record: { ...record, value: { ...record.value, value } } });
  }
  return [...rows.toSorted((left, right) => (left.text < right.text ? -1 : 1)).map(({ record }) => record), ...rest];
}

interface Row {
  readonly op?: string;
  readonly after?: unknown;
  readonly source: { snapshot?: unknown };
}

function escaped(header: unknown): unknown {
  return typeof header === 'string' ? header.replaceAll(/[\n\t]/g, (control) => JSON.stringify(control).slice(1, -1)) : header;
}

function sorted(list: unknown): string {
  return Array.isArray(list)
    ? list
        .map((item) => JSON.stringify(item))
        .toSorted()
        .join()
    : String(list);
}

/** What no two servers would have alike, but one has for both: where a streamed change lies, in which transaction, of when. */
function place({ key, value }: ParityRecord): unknown {
  const { source, transaction, op, id, ts_ms: timeMs } = (value?.value ?? {}) as Record<string, unknown>;
  if (source === undefined) return { key: (key?.value as Record<string, unknown> | undefined)?.['id'], id, timeMs };
  const { lsn, txId, ts_us: micros, ts_ns: nanos } = source as Record<string, unknown>;
  return op === 'r' ? { op } : { op, lsn, txId, micros, nanos, transaction };
}

async function untilStreaming(database: Database, name: string, peer: DebeziumPeer): Promise<void> {
  const end = performance.now() + 240_000;
  for (;;) {
    if (await slotStreams(database, name)) return;
    const failure = name.startsWith('theirs') ? await peer.failure(name) : null;
    if (failure !== null || performance.now() > end) throw new Error(failure ?? `${name} does not stream`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Everything before the mark is on its way to Kafka, or there. */
async function untilMarked(topics: readonly string[], mark: number): Promise<void> {
  await using reader = await CommittedReader.open(topics, 120_000);
  const arrived = (records: readonly CommittedRecord[]): boolean =>
    topics.every((topic) => records.some((record) => record.topic === topic && (record.key as { id: number }).id === mark));
  await reader.until(arrived, () => `mark ${mark} is missing`, 180_000);
}

/** Both to their ends. A producer sends to several topics at once, so one may still be a little behind its mark. */
async function readBoth(
  theirs: readonly string[],
  ours: readonly string[],
): Promise<readonly [readonly CommittedRecord[], readonly CommittedRecord[]]> {
  await using left = await CommittedReader.open(theirs, 120_000, false);
  await using right = await CommittedReader.open(ours, 120_000, false);
  await right.toEnd();
  await left
    .until(
      (records) => records.length >= right.records.length,
      () => `${left.records.length} of ${right.records.length}`,
      20_000,
    )
    .catch(() => {});
  await left.toEnd();
  return [left.records, right.records];
}
