import type { Client } from 'pg';

import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { ChangeOutlet } from '../../connect/source.ts';
import type { OffsetMap, OffsetValue } from '../../record/offset.ts';
import { refuseAlteredComposites } from './altered-composites.ts';
import { highHalf, lowHalf } from './lsn.ts';
import type { ReadingChange } from './reading-change.ts';
import type { PostgresSettings } from './settings.ts';
import { SnapshotFilter } from './snapshot-filter.ts';
import { SnapshotProgress } from './snapshot-progress.ts';
import type { SnapshotTable } from './snapshot-query.ts';
import { SnapshotReaders } from './snapshot-readers.ts';
import { beginReading, exportSnapshot, limitLockWaits, isolationNote, openSnapshotSession, type SnapshotView } from './snapshot-session.ts';
import { tableSizes, type TableSize } from './snapshot-split.ts';
import { snapshotTables } from './snapshot-tables.ts';
import { TableFilter } from './table-filter.ts';
import { TypeCatalog } from './type-catalog.ts';

/** The members of an offset that belong to the snapshot. */
export const progressMember = 'snapshot_progress';
export const filterMember = 'snapshot_filter';

export interface SnapshotOptions {
  readonly settings: PostgresSettings;
  /** A new SQL connection with the pinned session settings. */
  readonly connect: () => Promise<Client>;
  readonly clock: Clock;
  readonly log: Logger;
  /** A change for each reader: a row may be half there while another reader emits. */
  readonly createChange: () => ReadingChange;
  /** The cluster, for the offset. */
  readonly systemId: string;
}

export interface SnapshotCounts {
  readonly tables: number;
  readonly remaining: number;
  /** By `schema.table`. */
  readonly rows: ReadonlyMap<string, number>;
}

export interface SnapshotStart {
  /** Where the stream starts: the slot's consistent point, or where the slot stands. */
  readonly startLsn: bigint;
  /**
   * The name of the snapshot that came with the slot when it was made just now; its connection must stay open. Null where
   * something was read before: that goes on in a snapshot of its own.
   */
  readonly exportedSnapshot: string | null;
  readonly publication: string;
  /** What `position` told before an interruption; null: from the beginning. */
  readonly resume: OffsetMap | null;
}

/**
 * Reads the captured tables as they are and hands over what keeps the stream from telling the same again. Several
 * connections read in one database snapshot, a table or a slice of one at a time each. Interrupted at any row, it goes
 * on behind the last row of each slice in a later database snapshot; `SnapshotFilter` settles the difference.
 */
export class Snapshot {
  readonly #options: SnapshotOptions;
  #progress = new SnapshotProgress();
  #startLsn = 0n;
  #view: SnapshotView | null = null;
  #readers: SnapshotReaders | null = null;
  #completed = false;
  #fresh = true;
  #tables = 0;

  constructor(options: SnapshotOptions) {
    this.#options = options;
  }

  /** The rows handed over by this run. */
  get rows(): number {
    return this.#readers?.rows ?? 0;
  }

  /** Tables in all, those that are still to be read, and the rows that this run has read of each; null: nothing is known yet. */
  get counts(): SnapshotCounts | null {
    const readers = this.#readers;
    return readers === null ? null : { ...readers.counts, tables: this.#tables };
  }

  /** Resolves with what the stream has to drop; null when `signal` aborted. */
  async run(start: SnapshotStart, out: ChangeOutlet, signal: AbortSignal): Promise<SnapshotFilter | null> {
    const { settings, clock, log } = this.#options;
    this.#restore(start);
    if (settings.snapshot.delayMs > 0) await clock.sleep(settings.snapshot.delayMs, signal).catch(() => {});
    if (signal.aborted) return null;
    // One reader that fails ends the others.
    const stop = new AbortController();
    const either = AbortSignal.any([signal, stop.signal]);
    const clients: Client[] = [];
    either.addEventListener('abort', () => clients.forEach((client) => void client.connection.stream.destroy()), { once: true });
    try {
      const client = await this.#connect(clients, either);
      const exported = start.exportedSnapshot;
      const view = await openSnapshotSession(client, settings, exported, settings.snapshot.isolation);
      this.#view = view;
      const note = isolationNote(settings.snapshot.isolation);
      if (note !== null) log.info(note);
      const types = await TypeCatalog.load(client);
      const found = await snapshotTables(client, settings, start.publication, types, log);
      this.#tables = found.length;
      const tables = found.filter((table) => !this.#progress.isComplete(table.info.oid));
      const sizes = await tableSizes(
        client,
        tables.map((table) => table.info.oid),
      );
      const threads = this.#threads(tables, sizes);
      if (threads > 1) await this.#join(clients, threads, exported ?? (await exportSnapshot(client)), either);
      if (clients.length > 1) for (const each of clients) await limitLockWaits(each, settings.snapshot.lockTimeoutMs);
      log.info({ tables: found.length, connections: clients.length, resumed: !this.#fresh }, 'snapshot started');
      const readers = this.#createReaders(view, types, inOrder(tables, sizes, settings), sizes, out, either);
      this.#readers = readers;
      await readers.declare();
      if (signal.aborted) return null;
      await Promise.all(clients.map((reader) => readers.read(reader)));
      if (signal.aborted) return null;
      await readers.finish();
      for (const reader of clients) await reader.query('COMMIT');
      if (settings.types.composites === 'struct') await refuseAlteredComposites(client, types, tables);
      this.#completed = true;
      log.info({ rows: this.rows }, 'snapshot completed');
      await readers.boundary();
      return this.filter();
    } catch (error) {
      if (signal.aborted) return null;
      throw error;
    } finally {
      // What is still under way on a failed connection is of no interest: do not wait for it.
      if (this.#completed) for (const client of clients) await client.end().catch(() => {});
      // Also when all is well: Node keeps a signal made of others, and with it all that was read, until it aborts.
      stop.abort();
    }
  }

  /** The offset of exactly what has been handed over. */
  position(): OffsetMap | null {
    const view = this.#view;
    if (view === null) return null;
    const offset: Record<string, OffsetValue> = { transaction_id: null };
    offset['lsn'] = this.#startLsn;
    offset['ts_usec'] = view.takenMicros;
    offset['system_id'] = this.#options.systemId;
    if (this.#completed) {
      // No `txId`: that is a transaction which the stream has brought. The one of the snapshot's rows is not given out yet.
      offset['lsn_commit'] = this.#startLsn;
      offset['last_commit'] = this.#startLsn;
      const filter = this.filter().toText();
      if (filter !== null) offset[filterMember] = filter;
      return offset;
    }
    offset['txId'] = view.xid;
    offset['snapshot'] = 'INITIAL';
    offset['last_snapshot_record'] = false;
    offset['snapshot_completed'] = false;
    offset[progressMember] = this.#progress.format(this.#readers?.current() ?? []);
    return offset;
  }

  filter(): SnapshotFilter {
    return snapshotFilter(this.#progress, this.#options.settings);
  }

  #restore(start: SnapshotStart): void {
    const progress = start.resume?.[progressMember];
    this.#progress = SnapshotProgress.parse(typeof progress === 'string' ? progress : null, false);
    const stored = start.resume?.['lsn'];
    const isPosition = typeof progress === 'string' && (typeof stored === 'bigint' || typeof stored === 'number');
    this.#startLsn = isPosition ? BigInt(stored) : start.startLsn;
    this.#fresh = this.#progress.empty;
    this.#completed = false;
  }

  async #connect(clients: Client[], signal: AbortSignal): Promise<Client> {
    const client = await this.#options.connect();
    clients.push(client);
    if (signal.aborted) {
      client.connection.stream.destroy();
      throw new Error('aborted');
    }
    return client;
  }

  /** Connections beside the first that see what it sees. A server that has no more to give is read with fewer. */
  async #join(clients: Client[], threads: number, snapshot: string, signal: AbortSignal): Promise<void> {
    for (let more = 1; more < threads; more += 1) {
      try {
        await beginReading(await this.#connect(clients, signal), snapshot);
      } catch (error) {
        if (signal.aborted || clients.length > more) throw error;
        this.#options.log.warn({ err: error, connections: more }, 'no more connections for the snapshot: going on with fewer');
        return;
      }
    }
  }

  #threads(tables: readonly SnapshotTable[], sizes: ReadonlyMap<number, TableSize>): number {
    const { threadsMax, sliceBytes } = this.#options.settings.snapshot;
    const bytes = tables.reduce((sum, table) => sum + (sizes.get(table.info.oid)?.bytes ?? 0), 0);
    return Math.max(1, Math.min(threadsMax, Math.ceil(bytes / sliceBytes)));
  }

  #createReaders(
    view: SnapshotView,
    types: TypeCatalog,
    tables: readonly SnapshotTable[],
    sizes: ReadonlyMap<number, TableSize>,
    out: ChangeOutlet,
    signal: AbortSignal,
  ): SnapshotReaders {
    const { settings, clock, log, createChange } = this.#options;
    const progress = this.#progress;
    const epoch = progress.epochs.push({ view: view.text, exported: view.exported, horizon: view.horizon }) - 1;
    const create = (): ReadingChange => {
      const reading = createChange();
      const { registers } = reading;
      registers.beginTransaction(view.takenMicros, view.xid);
      registers.clearLastCommitLsn();
      registers.setLsn(highHalf(this.#startLsn), lowHalf(this.#startLsn));
      registers.clearOrigin();
      return reading;
    };
    return new SnapshotReaders({
      settings,
      clock,
      log,
      createChange: create,
      view: view.transactions,
      epoch,
      progress,
      types,
      tables,
      sizes,
      fresh: this.#fresh,
      out,
      signal,
    });
  }
}

/** From a stored offset, for the stream that follows a snapshot. */
export function filterFromOffset(offset: OffsetMap, settings: PostgresSettings): SnapshotFilter {
  const text = offset[filterMember];
  return snapshotFilter(SnapshotProgress.parse(typeof text === 'string' ? text : null, true), settings);
}

function snapshotFilter(progress: SnapshotProgress, settings: PostgresSettings): SnapshotFilter {
  const filter = new TableFilter(settings);
  return new SnapshotFilter(progress, (schema, table) => filter.acceptsSnapshot(schema, table));
}

/** By oid, which is the order in which they were made, or by how many rows they have. */
function inOrder(
  tables: readonly SnapshotTable[],
  sizes: ReadonlyMap<number, TableSize>,
  settings: PostgresSettings,
): readonly SnapshotTable[] {
  const { orderByRows } = settings.snapshot;
  if (orderByRows === 'disabled') return tables;
  const rows = (table: SnapshotTable): number => sizes.get(table.info.oid)?.rows ?? 0;
  const sign = orderByRows === 'ascending' ? 1 : -1;
  return tables.toSorted((left, right) => sign * (rows(left) - rows(right)));
}
