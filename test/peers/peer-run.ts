import { randomBytes } from 'node:crypto';

import { CommittedReader } from '../support/committed-reader.ts';
import type { CommittedRecord } from '../support/committed-reader.ts';
import { createDatabase } from '../support/database.ts';
import { debeziumConnector, slotStreams } from '../support/debezium-connector.ts';
import type { Database } from '../support/database.ts';
import { kafkaClient } from '../support/kafka-client.ts';
import { stack } from '../support/stack.ts';
import { WorkerProcess } from '../support/worker-process.ts';
import type { DebeziumPeer } from './debezium-peer.ts';

export interface PeerConfig {
  readonly name: string;
  readonly config: Readonly<Record<string, string>>;
}

export interface Workload {
  setup(): string[];
  changes(transactions: number): string[];
  mark(): string;
}

interface Pair extends PeerConfig {
  readonly theirs: string;
  readonly ours: string;
}

/** What both wrote under one config, or why one of them did not. */
export interface PeerResult {
  readonly name: string;
  readonly config: Readonly<Record<string, string>>;
  readonly theirs: readonly CommittedRecord[];
  readonly ours: readonly CommittedRecord[];
  /** Takes out of a text what differs from run to run. */
  readonly rename: (text: string) => string;
  /** Where the changes lie that were made while all of them streamed. */
  readonly window: { readonly from: bigint; readonly to: bigint };
  readonly failures: { readonly theirs: string | null; readonly ours: string | null };
}

/** Debezium and Millrace with a connector each for every config, all over one database at the same time. */
export async function runPeers(peer: DebeziumPeer, configs: readonly PeerConfig[], workload: Workload): Promise<PeerResult[]> {
  await using database = await createDatabase();
  for (const statement of workload.setup()) await database.query(statement);
  const run = randomBytes(3).toString('hex');
  const pairs = configs.map((each, index): Pair => ({ ...each, theirs: `theirs${run}n${index}x`, ours: `ours${run}n${index}x` }));
  await using worker = await WorkerProcess.prepare(
    pairs.map(({ ours, config }) => ({ name: ours, config: connector(database, ours, config) })),
    { 'config.unknown': 'fail' },
  );
  await worker.start();
  const refused = new Map<string, string>();
  for (const { theirs, config } of pairs) {
    await peer.add(theirs, connector(database, theirs, config)).catch((error: unknown) => refused.set(theirs, String(error)));
  }
  const failure = async (name: string): Promise<string | null> =>
    refused.get(name) ?? (name.startsWith('theirs') ? peer.failure(name) : failureOf(worker, name));
  const names = pairs.flatMap(({ theirs, ours }) => [theirs, ours]);
  const streaming = await waitForAll(names, failure, 'streaming', async (name) => {
    return await slotStreams(database, name);
  });
  const from = await currentLsn(database);
  for (const statement of workload.changes(40)) await database.query(statement);
  const to = await currentLsn(database);
  const confirmed = await untilConfirmed(
    database,
    workload,
    names.filter((name) => streaming.get(name) === null),
    failure,
  );
  const results: PeerResult[] = [];
  for (const pair of pairs)
    results.push(await read(pair, database, { from, to }, (name) => streaming.get(name) ?? confirmed.get(name) ?? null));
  for (const { theirs } of pairs) if (!refused.has(theirs)) await peer.remove(theirs);
  return results;
}

function connector(database: Database, name: string, config: Readonly<Record<string, string>>): Record<string, string> {
  const all = debeziumConnector(database, name, config);
  const apicurio = stack.registry.replace(/\/apis\/.*$/, '/apis/registry/v2');
  return Object.fromEntries(
    Object.entries(all).map(([key, value]) => [key, value.replaceAll('{prefix}', name).replaceAll('{apicurio}', apicurio)]),
  );
}

async function failureOf(worker: WorkerProcess, name: string): Promise<string | null> {
  const status = JSON.stringify(await worker.rest(`/connectors/${name}/status`));
  return status.includes('FAILED') ? status.slice(0, 6000) : null;
}

/** By name why it will never be; null: it is. */
async function waitForAll(
  names: readonly string[],
  failure: (name: string) => Promise<string | null>,
  what: string,
  done: (name: string) => Promise<boolean>,
): Promise<Map<string, string | null>> {
  const end = performance.now() + 300_000;
  const found = new Map<string, string | null>();
  for (;;) {
    for (const name of names) {
      if (found.has(name)) continue;
      if (await done(name)) found.set(name, null);
      else {
        const why = (await failure(name)) ?? (performance.now() > end ? `${what} did not come in time` : null);
        if (why !== null) found.set(name, why);
      }
    }
    if (found.size === names.length) return found;
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
}

/** A slot is confirmed behind what Kafka has; marks go on until that is behind the changes. */
async function untilConfirmed(
  database: Database,
  workload: Workload,
  names: readonly string[],
  failure: (name: string) => Promise<string | null>,
): Promise<Map<string, string | null>> {
  await database.query(workload.mark());
  const [at] = await database.query<{ lsn: string }>('SELECT pg_current_wal_insert_lsn()::text AS lsn');
  let marked = performance.now();
  return waitForAll(names, failure, 'the confirmation', async (name) => {
    const rows = await database.query('SELECT FROM pg_replication_slots WHERE slot_name = $1 AND confirmed_flush_lsn >= $2::pg_lsn', [
      name,
      at?.lsn,
    ]);
    if (rows.length === 0 && performance.now() > marked + 500) {
      await database.query(workload.mark());
      marked = performance.now();
    }
    return rows.length > 0;
  });
}

async function read(
  pair: Pair,
  database: Database,
  window: PeerResult['window'],
  failure: (name: string) => string | null,
): Promise<PeerResult> {
  const failures = { theirs: failure(pair.theirs), ours: failure(pair.ours) };
  const rename = (text: string): string => text.replaceAll(pair.theirs, 'PFX').replaceAll(pair.ours, 'PFX').replaceAll(database.name, 'DB');
  const [theirs, ours] = await Promise.all([topicsOf(pair.theirs), topicsOf(pair.ours)]);
  const result = { name: pair.name, config: pair.config, rename, failures, window };
  if (theirs.length === 0 || ours.length === 0) return { ...result, theirs: [], ours: [] };
  await using left = await CommittedReader.open(theirs, 120_000, false);
  await using right = await CommittedReader.open(ours, 120_000, false);
  const counted = ({ records }: CommittedReader): string =>
    counts(
      records.filter(({ topic }) => !/beat|transaction|-tx|\.tx/.test(topic)),
      rename,
    );
  const end = performance.now() + 60_000;
  // The marks behind the one that all have confirmed may still be on their way.
  do await Promise.all([left.toEnd(), right.toEnd()]);
  while (counted(left) !== counted(right) && failures.theirs === null && failures.ours === null && performance.now() < end);
  const read = { ...result, theirs: left.records, ours: right.records };
  await deleteTopics([...theirs, ...ours]);
  return read;
}

function counts(records: readonly CommittedRecord[], rename: (text: string) => string): string {
  const byTopic = new Map<string, number>();
  for (const { topic } of records) byTopic.set(rename(topic), (byTopic.get(rename(topic)) ?? 0) + 1);
  return [...byTopic]
    .map(([topic, count]) => `${topic} ${count}`)
    .toSorted()
    .join();
}

const kafka = kafkaClient(stack.kafka);

async function topicsOf(name: string): Promise<string[]> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    return (await admin.listTopics()).filter((topic) => topic.includes(name));
  } finally {
    await admin.disconnect();
  }
}

async function deleteTopics(topics: string[]): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    await admin.deleteTopics({ topics });
  } finally {
    await admin.disconnect();
  }
}

async function currentLsn(database: Database): Promise<bigint> {
  const [found] = await database.query<{ lsn: string }>("SELECT (pg_current_wal_insert_lsn() - '0/0')::text AS lsn");
  return BigInt(found?.lsn ?? 0);
}
