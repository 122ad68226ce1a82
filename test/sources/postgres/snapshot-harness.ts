import assert from 'node:assert/strict';

import type { Client } from 'pg';

import { systemClock } from '../../../src/base/clock.ts';
import { ConnectError } from '../../../src/base/errors.ts';
import { silentLog } from '../../../src/base/log.ts';
import { Metrics } from '../../../src/base/metrics.ts';
import { Secret } from '../../../src/base/secret.ts';
import type { ChangeOutlet } from '../../../src/connect/source.ts';
import { Change, Op } from '../../../src/record/change.ts';
import { parseOffset, stringifyOffset, type OffsetMap } from '../../../src/record/offset.ts';
import { nextRowSchemaId } from '../../../src/record/row-schema.ts';
import type { Shape } from '../../../src/record/shape.ts';
import { loadTables, TypeCatalog } from '../../../src/sources/postgres/catalog.ts';
import { Decoded, PgoutputDecoder } from '../../../src/sources/postgres/pgoutput-decoder.ts';
import { startPoint } from '../../../src/sources/postgres/position.ts';
import { PostgresSource } from '../../../src/sources/postgres/postgres-source.ts';
import type { ReadingChange } from '../../../src/sources/postgres/reading-change.ts';
import { registerCount, SourceRegister, SourceRegisters } from '../../../src/sources/postgres/registers.ts';
import { RelationCache } from '../../../src/sources/postgres/relation-cache.ts';
import { RowEmitter } from '../../../src/sources/postgres/row-emitter.ts';
import { SessionFactory } from '../../../src/sources/postgres/session.ts';
import type { PostgresSettings } from '../../../src/sources/postgres/settings.ts';
import { filterFromOffset, Snapshot } from '../../../src/sources/postgres/snapshot.ts';
import { StreamPosition } from '../../../src/sources/postgres/stream-position.ts';
import { TableFilter } from '../../../src/sources/postgres/table-filter.ts';
import { CollectingOutlet, type CollectedChange } from '../../support/collecting-outlet.ts';
import type { Database } from '../../support/database.ts';
import { databaseKeys } from '../../support/database-keys.ts';
import { sourceConfig } from './source-fixture.ts';
import { testSettings } from './test-settings.ts';

/** A change as the sink committed it: what it was, and the snapshot marker and LSN in its registers. */
export interface Committed extends CollectedChange {
  readonly snapshot: string;
}

type Letter = Pick<CollectedChange, 'op' | 'table' | 'before' | 'after'> & { readonly source: { readonly lsn: number } };

/** What it takes to have dead letters. */
export const parking = {
  'schema.change.refused.policy': 'dead_letter',
  'errors.tolerance': 'all',
  'errors.deadletterqueue.topic.name': 'letters',
};

/** The exact sink that `Snapshot` is made for: it commits changes together with the position, now and then, or is killed. */
export class CommittingOutlet implements ChangeOutlet {
  readonly committed: Committed[] = [];
  readonly shapes: Shape[] = [];
  offset: OffsetMap | null = null;
  /** Asked after each change; `commit` seals here, `kill` ends the run here, `full` makes the source wait. */
  decide: (changes: number) => 'go' | 'commit' | 'kill' | 'full' = () => 'go';
  onKill: () => void = () => {};
  onEmit: (change: CollectedChange) => void = () => {};
  position: () => OffsetMap | null = () => null;
  /** Tables whose schema is incompatible with what the registry has. */
  refused: ReadonlySet<string> = new Set();
  #pending: Committed[] = [];
  #changes = 0;
  #killed = false;
  #due = false;
  #inner = new CollectingOutlet();
  #full: Promise<void> | null = null;
  /** Where in the log the change lies that found it full. */
  #fullAt = 'none';

  /** A new process: what was not committed is gone. */
  restart(): void {
    this.#pending = [];
    this.#killed = false;
    this.#due = false;
    this.#full = null;
    this.#inner = new CollectingOutlet();
  }

  async declare(shape: Shape): Promise<void> {
    if (this.refused.has(shape.schema.name.slice('shop.'.length)))
      throw new ConnectError('registry.schema', 'The registry refuses it.', { details: { status: 409 } });
    this.shapes.push(shape);
    await this.#inner.declare(shape);
  }

  emit(change: Change): boolean {
    // One change of the stream may be several records (a new key: delete, tombstone, create), which come together.
    this.#commitDue();
    this.#inner.emit(change);
    const collected = this.#inner.changes.pop();
    assert.ok(collected !== undefined);
    return this.#take([{ ...collected, snapshot: markerOf(change) }], change.op === Op.READ ? null : lsnOf(change));
  }

  /** `lsn` null: of a row that is not in the log. */
  #take(committed: readonly Committed[], lsn: string | null): boolean {
    assert.ok(this.#full === null || (lsn !== null && lsn === this.#fullAt), 'emitted although the outlet was full');
    this.#pending.push(...committed);
    this.#changes += 1;
    for (const each of committed) this.onEmit(each);
    switch (this.decide(this.#changes)) {
      case 'go':
        return true;
      case 'commit':
        // The position counts this change when the call has returned.
        this.#due = true;
        queueMicrotask(() => this.#commitDue());
        return true;
      case 'kill':
        this.#killed = true;
        this.onKill();
        return false;
      case 'full':
        this.#fullAt = lsn ?? 'none';
        this.#full = new Promise((resolve) => {
          setImmediate(() => {
            this.#full = null;
            resolve();
          });
        });
        return false;
    }
  }

  boundary(): boolean {
    return true;
  }

  /** A dead letter counts as the record in whose place it stands; one of a new key as two, as records are. */
  reject(failure: ConnectError, raw: Uint8Array | null): boolean {
    if (this.refused.size === 0 || raw === null) throw failure;
    this.#commitDue();
    const { op, table, source, before, after } = JSON.parse(Buffer.from(raw).toString()) as Letter;
    const letter = { op, table: table.slice('shop.'.length), schemaId: 0, before, after, related: null, offset: null, locate: 'a letter' };
    const isMoved = op === 'u' && before !== null;
    const letters = isMoved
      ? [
          { ...letter, op: 'd', after: null },
          { ...letter, op: 'c', before: null },
        ]
      : [letter];
    return this.#take(
      letters.map((each) => ({ ...each, snapshot: 'letter' })),
      op === 'r' ? null : String(source.lsn),
    );
  }

  async drained(): Promise<void> {
    if (this.#killed) throw new Error('killed');
    await this.#full;
  }

  #commitDue(): void {
    if (this.#due) this.commit();
  }

  commit(): void {
    this.#due = false;
    if (this.#killed) return;
    this.committed.push(...this.#pending);
    this.#pending = [];
    // Through its stored form, as a restart reads it.
    const offset = this.position();
    if (offset !== null) this.offset = parseOffset(stringifyOffset(offset));
  }
}

function lsnOf({ registers }: Change): string | null {
  const at = SourceRegister.LSN;
  return registers.present[at] === 1 ? `${registers.high[at]}:${registers.low[at]}` : null;
}

/** A whole source as one process that ends when the outlet kills it, or when `done` resolves; the next one goes on from its offset. */
export async function liveUntilKilled(
  database: Database,
  outlet: CommittingOutlet,
  settings: Readonly<Record<string, string>>,
  done: Promise<void>,
): Promise<void> {
  const config = sourceConfig(database, settings);
  const source = new PostgresSource({ connector: 'killed', config, clock: systemClock, log: silentLog, metrics: new Metrics() });
  const abort = new AbortController();
  outlet.restart();
  outlet.position = () => source.position().at(-1)?.offset ?? null;
  outlet.onKill = () => abort.abort(new Error('killed'));
  const offsets = outlet.offset === null ? [] : [{ partition: { server: 'shop' }, offset: outlet.offset }];
  const run = source.run(offsets, outlet, abort.signal);
  await Promise.race([run, done.then(() => outlet.onKill())]);
  await run.catch((error: unknown) => {
    if (!abort.signal.aborted) throw error;
  });
  outlet.position = () => null;
  await source.close();
}

export function markerOf(change: Change): string {
  const { bytes, start, end } = change.registers;
  return Buffer.from(bytes.subarray(start[6], end[6])).toString();
}

export interface SnapshotHarness extends AsyncDisposable {
  readonly settings: PostgresSettings;
  readonly outlet: CommittingOutlet;
  readonly startLsn: bigint;
  /** One process: ends complete (true) or killed (false). `own`: does not use the snapshot that came with the slot. */
  runSnapshot(own?: 'own'): Promise<boolean>;
  /** Reads as another user from now on. */
  loginAs(user: string, password: string): void;
  /** Everything that the slot holds up to now, through decoder and filter. */
  stream(): Promise<void>;
}

/** A slot of its own, made before `afterSlot` runs, with the snapshot that came with it. */
export async function snapshotHarness(
  database: Database,
  extra: Readonly<Record<string, string>> = {},
  options = '',
): Promise<SnapshotHarness> {
  const settings = testSettings({
    ...databaseKeys(database),
    'slot.name': `slot_${database.name}`,
    ...extra,
  });
  await database.query(`CREATE PUBLICATION ${settings.publication.name} FOR ALL TABLES ${options}`);
  const sessions = new SessionFactory(settings.connection, 'harness');
  const replication = await sessions.connect({ replication: true });
  const created = await replication.query<{ consistent_point: string; snapshot_name: string }>(
    `CREATE_REPLICATION_SLOT ${settings.slot.name} LOGICAL pgoutput EXPORT_SNAPSHOT`,
  );
  const row = created.rows[0];
  assert.ok(row !== undefined);
  const [high = '0', low = '0'] = row.consistent_point.split('/');
  const startLsn = (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
  const outlet = new CommittingOutlet();
  let reading = sessions;
  const connect = (): Promise<Client> => reading.connect();
  return {
    settings,
    outlet,
    startLsn,
    runSnapshot: (own) =>
      runSnapshot(settings, connect, outlet, startLsn, outlet.offset === null && own === undefined ? row.snapshot_name : null),
    loginAs(user, password) {
      reading = new SessionFactory({ ...settings.connection, user, password: new Secret(password) }, 'harness');
    },
    stream: () => streamAll(settings, connect, outlet),
    async [Symbol.asyncDispose]() {
      await replication.end();
    },
  };
}

async function runSnapshot(
  settings: PostgresSettings,
  connect: () => Promise<Client>,
  outlet: CommittingOutlet,
  startLsn: bigint,
  exportedSnapshot: string | null,
): Promise<boolean> {
  const snapshot = new Snapshot({ settings, connect, clock: systemClock, log: silentLog, createChange, systemId: '1' });
  const abort = new AbortController();
  outlet.restart();
  outlet.position = () => snapshot.position();
  outlet.onKill = () => abort.abort(new Error('killed'));
  const { publication } = settings;
  const filter = await snapshot.run(
    { startLsn, exportedSnapshot, publication: publication.name, resume: outlet.offset },
    outlet,
    abort.signal,
  );
  if (filter === null) return false;
  outlet.commit();
  return true;
}

function createChange(): ReadingChange {
  const change = emptyChange();
  return { change, registers: new SourceRegisters(change) };
}

function emptyChange(): Change {
  return new Change({ id: nextRowSchemaId(), name: '', columns: [], key: new Uint16Array(0) }, registerCount, () => 'here');
}

async function streamAll(settings: PostgresSettings, connect: () => Promise<Client>, outlet: CommittingOutlet): Promise<void> {
  const client = await connect();
  assert.ok(outlet.offset !== null);
  const shown = filterFromOffset(outlet.offset, settings);
  const change = emptyChange();
  const position = new StreamPosition(startPoint(0n));
  const types = await TypeCatalog.load(client);
  const catalog = {
    table: async (oid: number) => (await loadTables(client, { oids: [oid] }))[0] ?? null,
    types: async () => types,
  };
  const relations = new RelationCache(settings, new TableFilter(settings), catalog, change, shown);
  const emitter = new RowEmitter(change, outlet, position, shown, settings);
  const decoder = new PgoutputDecoder({ change, registers: new SourceRegisters(change), relations, emitter, position, out: outlet, shown });
  outlet.restart();
  outlet.decide = () => 'go';
  outlet.position = () => null;
  const { rows } = await client.query<{ lsn: string; data: Buffer }>(
    `SELECT lsn, data FROM pg_logical_slot_get_binary_changes($1, NULL, NULL, 'proto_version', '1', 'publication_names', $2)`,
    [settings.slot.name, settings.publication.name],
  );
  for (const { lsn, data } of rows) {
    const message = frame(lsn, data);
    if (decoder.decode(message, 0, message.length) === Decoded.DECLARE) await relations.resolve(outlet);
  }
  outlet.commit();
  await client.end();
}

function frame(lsn: string, data: Buffer): Buffer {
  const header = Buffer.alloc(25);
  header.write('w');
  const [high = '0', low = '0'] = lsn.split('/');
  header.writeUInt32BE(Number.parseInt(high, 16), 1);
  header.writeUInt32BE(Number.parseInt(low, 16), 5);
  return Buffer.concat([header, data]);
}

/**
 * Applies records in order as a reader would, and insists on exactly once: nothing is created that is there, nothing
 * changed or deleted that is not. Rows by the text of their key columns.
 */
export function applyExactly(changes: readonly CollectedChange[], table: string, key: readonly string[]): Map<string, string> {
  const state = new Map<string, string>();
  const keyOf = (row: CollectedChange['after']): string => JSON.stringify(key.map((name) => row?.[name]));
  for (const change of changes) {
    if (change.table !== table || change.op === 'tombstone') continue;
    const at = keyOf(change.after ?? change.before);
    const where = `${change.op} ${at} of ${table} at ${change.locate}`;
    if (change.op === 'd') {
      assert.ok(state.delete(at), `deleted although not there: ${where}`);
      continue;
    }
    assert.equal(state.has(at), change.op === 'u', `${where}: ${state.get(at) ?? 'not there'}`);
    state.set(at, JSON.stringify(change.after));
  }
  return state;
}

/** What the table holds, in the same form. */
export async function tableState(database: Database, table: string, key: readonly string[]): Promise<Map<string, string>> {
  const columns = await database.query<{ name: string }>(
    `SELECT attname AS name FROM pg_attribute WHERE attrelid = '${table}'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
  );
  const rows = await database.query<Record<string, string>>(
    `SELECT ${columns.map(({ name }) => `"${name}"::text`).join(', ')} FROM ${table}`,
  );
  return new Map(rows.map((row) => [JSON.stringify(key.map((name) => row[name])), JSON.stringify(row)]));
}
