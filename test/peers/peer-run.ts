import { randomBytes } from 'node:crypto';

import { createDatabase } from '../support/database.ts';
import type { CommittedRecord } from '../support/committed-reader.ts';
import type { Database } from '../support/database.ts';
import { slotStreams } from '../support/debezium-connector.ts';
import { stack } from '../support/stack.ts';
import { WorkerProcess } from '../support/worker-process.ts';
import type { DebeziumPeer } from './debezium-peer.ts';
import { peerConnector } from './peer-connector.ts';
import { PeerOrigin } from './peer-origin.ts';
import { PeerSignals } from './peer-signals.ts';
import { PeerTopics } from './peer-topics.ts';
import { SnapshotNotes } from './snapshot-notes.ts';

export interface PeerConfig {
  readonly name: string;
  readonly config: Readonly<Record<string, string>>;
}

export interface Workload {
  setup(): string[];
  changes(transactions: number): string[];
  /** Before a start that may read the tables again. */
  inOrder(): string[];
  mark(): string;
}

interface Pair extends PeerConfig {
  readonly theirs: string;
  readonly ours: string;
}

/** Log positions. */
export interface Window {
  readonly from: bigint;
  readonly to: bigint;
}

/** What both wrote under one config, or why one of them did not. */
export interface PeerResult {
  readonly name: string;
  readonly config: Readonly<Record<string, string>>;
  readonly theirs: readonly CommittedRecord[];
  readonly ours: readonly CommittedRecord[];
  /** Takes out of a text what differs from run to run. */
  readonly rename: (text: string) => string;
  /** Where the changes lie that were made while all of them streamed, or none of them. */
  readonly windows: readonly Window[];
  readonly failures: { readonly theirs: string | null; readonly ours: string | null };
}

/** Debezium and Millrace with a connector each for every config, all over one database at the same time. */
export async function runPeers(peer: DebeziumPeer, configs: readonly PeerConfig[], workload: Workload): Promise<PeerResult[]> {
  await using database = await createDatabase();
  await using _origin = await PeerOrigin.create(database);
  const run = `${randomBytes(3).toString('hex')}n`;
  await using topics = new PeerTopics(run);
  const pairs = configs.map((each, index): Pair => ({ ...each, theirs: `theirs${run}${index}x`, ours: `ours00${run}${index}x` }));
  for (const statement of workload.setup()) await database.query(statement);
  const all = pairs.flatMap(({ theirs, ours, config }) => [theirs, ours].map((name) => ({ name, config })));
  await using signals = await PeerSignals.prepare(database, all);
  for (const { name, config } of all)
    if (config['publication.autocreate.mode'] === 'disabled') await database.query(`CREATE PUBLICATION ${name} FOR ${published}`);
  await using worker = await WorkerProcess.prepare(
    pairs.map(({ ours, config }) => ({ name: ours, config: peerConnector({ database, folder: signals.folder, stack }, ours, config) })),
    { 'config.unknown': 'fail' },
  );
  await using wave = await Wave.start({ peer, worker, database, signals, workload }, pairs);
  await wave.streaming();
  await wave.filled();
  const windows = [await wave.changes(40)];
  await wave.confirmed();
  await wave.signalled();
  await wave.idled();
  await wave.stopped();
  windows.push(await wave.changes(8));
  for (const statement of workload.inOrder()) await database.query(statement);
  await wave.resumed();
  windows.push(await wave.changes(8));
  await wave.confirmed();
  const results: PeerResult[] = [];
  for (const { name, config, theirs, ours } of pairs) {
    const rename = (text: string): string => text.replaceAll(theirs, 'PFX').replaceAll(ours, 'PFX').replaceAll(database.name, 'DB');
    const failures = { theirs: wave.failureOf(theirs), ours: wave.failureOf(ours) };
    const records = await topics.read(theirs, ours, rename, failures.theirs === null && failures.ours === null);
    results.push({ name, config, rename, windows, failures, ...records });
  }
  return results;
}

interface Surroundings {
  readonly peer: DebeziumPeer;
  readonly worker: WorkerProcess;
  readonly database: Database;
  readonly signals: PeerSignals;
  readonly workload: Workload;
}

/** Connectors that run side by side, step by step; one that fails takes no part in the steps that follow. */
class Wave implements AsyncDisposable {
  readonly #surroundings: Surroundings;
  readonly #pairs: readonly Pair[];
  readonly #notes: SnapshotNotes;
  readonly #failures = new Map<string, string>();
  readonly #added: string[] = [];

  private constructor(surroundings: Surroundings, pairs: readonly Pair[], notes: SnapshotNotes) {
    this.#surroundings = surroundings;
    this.#pairs = pairs;
    this.#notes = notes;
  }

  static async start(surroundings: Surroundings, pairs: readonly Pair[]): Promise<Wave> {
    const { peer, worker } = surroundings;
    const notes = await SnapshotNotes.open(pairs.flatMap(({ theirs, ours }) => [theirs, ours]));
    const wave = new Wave(surroundings, pairs, notes);
    await worker.start();
    for (const { theirs, config } of pairs) {
      await peer.add(theirs, wave.#connector(theirs, config)).then(
        () => wave.#added.push(theirs),
        (error: unknown) => wave.#failures.set(theirs, String(error)),
      );
    }
    return wave;
  }

  failureOf(name: string): string | null {
    return this.#failures.get(name) ?? null;
  }

  get #running(): string[] {
    return this.#pairs.flatMap(({ theirs, ours }) => [theirs, ours]).filter((name) => !this.#failures.has(name));
  }

  /** Those that follow the changes. */
  get #streaming(): string[] {
    const still = new Set(this.#pairs.filter(({ config }) => isSnapshotOnly(config)).flatMap(({ theirs, ours }) => [theirs, ours]));
    return this.#running.filter((name) => !still.has(name));
  }

  async streaming(): Promise<void> {
    const streaming = this.#streaming;
    const only = this.#running.filter((name) => !streaming.includes(name));
    await this.#until(streaming, 'streaming', (name) => slotStreams(this.#surroundings.database, name));
    await this.#until(only, 'the end of the snapshot', (name) => Promise.resolve(this.#notes.isCompleted(name, 'Initial Snapshot')));
  }

  /** Publications that are made without tables. */
  async filled(): Promise<void> {
    const empty = this.#pairs.filter(({ config }) => config['publication.autocreate.mode'] === 'no_tables');
    const names = empty.flatMap(({ theirs, ours }) => [theirs, ours]).filter((name) => !this.#failures.has(name));
    for (const name of names) await this.#surroundings.database.query(`ALTER PUBLICATION ${name} ADD ${published}`);
  }

  async changes(transactions: number): Promise<Window> {
    const { database, workload } = this.#surroundings;
    const from = await currentLsn(database);
    for (const statement of workload.changes(transactions)) await database.query(statement);
    return { from, to: await currentLsn(database) };
  }

  /** A slot is confirmed behind what Kafka has; marks go on until that is behind the changes. */
  async confirmed(): Promise<void> {
    const { database, workload } = this.#surroundings;
    await this.#untilConfirmed(this.#streaming, 'the confirmation', () => database.query(workload.mark()));
  }

  /** Ours go on where the log has what nobody publishes; what comes after the next start is not to tell of that. */
  async idled(): Promise<void> {
    const { database } = this.#surroundings;
    const ours = this.#streaming.filter((name) => !isTheirs(name));
    await this.#untilConfirmed(ours, 'an idle position', () => database.query('CREATE TABLE unseen (); DROP TABLE unseen'));
  }

  async #untilConfirmed(names: readonly string[], what: string, write: () => Promise<unknown>): Promise<void> {
    const { database } = this.#surroundings;
    await write();
    const at = String(await currentLsn(database));
    const reached = `SELECT FROM pg_replication_slots WHERE slot_name = $1 AND confirmed_flush_lsn - '0/0' >= $2`;
    const isConfirmed = async (name: string): Promise<boolean> => (await database.query(reached, [name, at])).length > 0;
    await this.#untilMoved(names, what, write, isConfirmed);
  }

  /** Some need more of the log to come. */
  async #untilMoved(
    names: readonly string[],
    what: string,
    write: () => Promise<unknown>,
    done: (name: string) => Promise<boolean>,
  ): Promise<void> {
    let written = performance.now();
    await this.#until(names, what, async (name) => {
      const isDone = await done(name);
      if (!isDone && performance.now() > written + 500) {
        await write();
        written = performance.now();
      }
      return isDone;
    });
  }

  /** Incremental snapshots while nothing else goes on but the marks by which Debezium knows, read-only, that it may go on. */
  async signalled(): Promise<void> {
    const { database, signals, workload } = this.#surroundings;
    const wanted = this.#streaming.filter((name) => signals.isHeardBy(name));
    for (const name of wanted) await signals.snapshot(name, ['public.alpha', 'public.toast', 'public.chosen']);
    const mark = (): Promise<unknown> => database.query(workload.mark());
    const isCompleted = (name: string): boolean => this.#notes.isCompleted(name, 'Incremental Snapshot');
    await this.#untilMoved(wanted, 'the incremental snapshot', mark, (name) => Promise.resolve(isCompleted(name)));
  }

  /** All of them keep their offsets. */
  async stopped(): Promise<void> {
    for (const name of this.#running) await this.#order(name, 'stop');
    await this.#until(this.#streaming, 'the stop', async (name) => {
      const active = await this.#surroundings.database.query('SELECT FROM pg_replication_slots WHERE slot_name = $1 AND active', [name]);
      return active.length === 0;
    });
  }

  async resumed(): Promise<void> {
    for (const name of this.#running) await this.#order(name, 'resume');
    await this.#until(this.#streaming, 'streaming again', (name) => slotStreams(this.#surroundings.database, name));
  }

  /** Theirs is taken away and comes again, which keeps its offsets. */
  async #order(name: string, order: 'stop' | 'resume'): Promise<void> {
    const { peer, worker } = this.#surroundings;
    if (!isTheirs(name)) await worker.rest(`/connectors/${name}/${order}`, { method: 'PUT' });
    else if (order === 'stop') await peer.remove(name);
    else await peer.add(name, this.#connector(name, this.#configOf(name)));
  }

  #connector(name: string, config: PeerConfig['config']): Record<string, string> {
    const { database, signals } = this.#surroundings;
    return peerConnector({ database, folder: signals.folder, stack }, name, config);
  }

  #configOf(name: string): PeerConfig['config'] {
    return this.#pairs.find(({ theirs }) => theirs === name)?.config ?? {};
  }

  async #until(names: readonly string[], what: string, done: (name: string) => Promise<boolean>): Promise<void> {
    const end = performance.now() + 300_000;
    const open = new Set(names);
    for (;;) {
      for (const name of open) {
        if (await done(name)) open.delete(name);
        else {
          const why = (await this.#failure(name)) ?? (performance.now() > end ? `${what} did not come in time` : null);
          if (why === null) continue;
          this.#failures.set(name, why);
          open.delete(name);
        }
      }
      if (open.size === 0) return;
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
  }

  async #failure(name: string): Promise<string | null> {
    const { peer, worker } = this.#surroundings;
    if (isTheirs(name)) return peer.failure(name);
    const status = JSON.stringify(await worker.rest(`/connectors/${name}/status`));
    return status.includes('FAILED') ? status.slice(0, 6000) : null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#notes[Symbol.asyncDispose]();
    for (const name of this.#added) await this.#surroundings.peer.remove(name).catch(() => {});
  }
}

function isTheirs(name: string): boolean {
  return name.startsWith('theirs');
}

function isSnapshotOnly(config: Readonly<Record<string, string>>): boolean {
  return config['snapshot.mode'] === 'initial_only';
}

const published = 'TABLES IN SCHEMA public, other, _timescaledb_internal';

async function currentLsn(database: Database): Promise<bigint> {
  const [found] = await database.query<{ lsn: string }>("SELECT (pg_current_wal_insert_lsn() - '0/0')::text AS lsn");
  return BigInt(found?.lsn ?? 0);
}
