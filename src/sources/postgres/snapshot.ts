import type { Client } from 'pg';

import type { Clock } from '../../base/clock.ts';
import { ConnectError } from '../../base/errors.ts';
import { failpoint } from '../../base/failpoint.ts';
import type { Logger } from '../../base/log.ts';
import type { ChangeOutlet } from '../../connect/source.ts';
import { type Change, Op } from '../../record/change.ts';
import type { OffsetMap, OffsetValue } from '../../record/offset.ts';
import type { CopyText } from './copy-text.ts';
import { highHalf, lowHalf } from './lsn.ts';
import { SnapshotMarker, type SourceRegisters } from './registers.ts';
import { copyRows, rowLayout } from './row-copy.ts';
import type { PostgresSettings } from './settings.ts';
import { SnapshotFilter } from './snapshot-filter.ts';
import { SnapshotPosition } from './snapshot-position.ts';
import { type Epoch, formatEpochs, parseEpochs, type TablePosition, tableParts } from './snapshot-progress.ts';
import { copyStatement, existsStatement, type Resume, type SnapshotTable } from './snapshot-query.ts';
import { openSnapshotSession, type SnapshotView } from './snapshot-session.ts';
import { snapshotTables } from './snapshot-tables.ts';
import { TableFilter } from './table-filter.ts';
import { TransactionView } from './transaction-view.ts';
import { TurnOutlet } from './turn-outlet.ts';
import { TypeCatalog } from './type-catalog.ts';

/** Rows between two boundaries: each may end a batch, and is a place where a test can kill the process. */
const rowsPerBoundary = 512;

/** The members of an offset that belong to the snapshot. */
export const progressMember = 'snapshot_progress';
export const filterMember = 'snapshot_filter';

export interface SnapshotOptions {
  readonly settings: PostgresSettings;
  /** A new SQL connection with the pinned session settings. */
  readonly connect: () => Promise<Client>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly change: Change;
  readonly registers: SourceRegisters;
  /** The cluster, for the offset. */
  readonly systemId: string;
}

export interface SnapshotStart {
  /** Where the stream starts: the slot's consistent point, or where the slot stands. */
  readonly startLsn: bigint;
  /** The name of the snapshot that came with the slot when it was made just now; its connection must stay open. */
  readonly exportedSnapshot: string | null;
  /** Null: read all captured tables without regard to a publication. */
  readonly publication: string | null;
  /** What `position` told before an interruption; null: from the beginning. */
  readonly resume: OffsetMap | null;
}

/**
 * Reads the captured tables as they are and hands over what keeps the stream from telling the same again. Interrupted
 * at any row, it goes on behind that row in a later database snapshot; `SnapshotFilter` settles the difference.
 */
export class Snapshot {
  readonly #options: SnapshotOptions;
  #epochs: Epoch[] = [];
  #startLsn = 0n;
  #view: SnapshotView | null = null;
  /** How far the current epoch is with whole tables. */
  #until: TablePosition | null = null;
  #reading: SnapshotPosition | null = null;
  #completed = false;
  #rows = 0;
  #fresh = true;
  #sinceBoundary = 0;

  constructor(options: SnapshotOptions) {
    this.#options = options;
  }

  /** The rows handed over by this run. */
  get rows(): number {
    return this.#rows;
  }

  /** Resolves with what the stream has to drop; null when `signal` aborted. */
  async run(start: SnapshotStart, out: ChangeOutlet, signal: AbortSignal): Promise<SnapshotFilter | null> {
    const { settings, connect, clock, log } = this.#options;
    this.#restore(start);
    if (settings.snapshot.delayMs > 0) await clock.sleep(settings.snapshot.delayMs, signal).catch(() => {});
    if (signal.aborted) return null;
    const client = await connect();
    const abort = (): void => void client.connection.stream.destroy();
    signal.addEventListener('abort', abort, { once: true });
    try {
      // An exported snapshot is of use only as long as nothing was read: later epochs have their own.
      this.#view = await openSnapshotSession(client, settings, this.#fresh ? start.exportedSnapshot : null);
      const types = await TypeCatalog.load(client);
      const tables = await snapshotTables(client, settings, start.publication, types, log);
      if (settings.snapshot.threadsMax > 1) log.info('"snapshot.max.threads" is accepted; tables are read one after the other');
      log.info({ tables: tables.length, resumed: !this.#fresh }, 'snapshot started');
      this.#beginRegisters();
      for (const [index, table] of tables.entries()) {
        if (tableParts(this.#epochs, table.info.oid).complete) continue;
        await this.#readTable(client, table, tables.slice(index + 1), types, out, signal);
        if (signal.aborted) return null;
      }
      await client.query('COMMIT');
      return this.#complete(out);
    } catch (error) {
      if (signal.aborted) return null;
      throw error;
    } finally {
      signal.removeEventListener('abort', abort);
      // What is still under way on a failed connection is of no interest: do not wait for it.
      if (this.#completed) await client.end().catch(() => {});
      else client.connection.stream.destroy();
    }
  }

  /** The offset of exactly what has been handed over. */
  position(): OffsetMap | null {
    const view = this.#view;
    if (view === null) return null;
    const offset: Record<string, OffsetValue> = { transaction_id: null };
    offset['lsn'] = this.#startLsn;
    offset['txId'] = view.xid;
    offset['ts_usec'] = view.takenMicros;
    offset['system_id'] = this.#options.systemId;
    if (this.#completed) {
      offset['lsn_commit'] = this.#startLsn;
      const filter = this.filter().toText();
      if (filter !== null) offset[filterMember] = filter;
      return offset;
    }
    offset['snapshot'] = 'INITIAL';
    offset['last_snapshot_record'] = false;
    offset['snapshot_completed'] = false;
    offset[progressMember] = formatEpochs(this.#allEpochs());
    return offset;
  }

  filter(): SnapshotFilter {
    return snapshotFilter(this.#allEpochs(), this.#options.settings);
  }

  #restore(start: SnapshotStart): void {
    const progress = start.resume?.[progressMember];
    // An epoch in which nothing was read has nothing to say.
    this.#epochs = typeof progress === 'string' ? parseEpochs(progress).filter((epoch) => epoch.until !== null) : [];
    const stored = start.resume?.['lsn'];
    const isPosition = typeof progress === 'string' && (typeof stored === 'bigint' || typeof stored === 'number');
    this.#startLsn = isPosition ? BigInt(stored) : start.startLsn;
    this.#fresh = this.#epochs.length === 0;
    this.#until = null;
    this.#reading = null;
    this.#completed = false;
  }

  /** Those before, and the current one unless it has read nothing. */
  #allEpochs(): Epoch[] {
    const view = this.#view;
    const until = this.#completed ? null : (this.#reading?.current() ?? this.#until);
    if (view === null || (until === null && !this.#completed && this.#epochs.length > 0)) return this.#epochs;
    return [...this.#epochs, { view: view.text, exported: view.exported, horizon: view.horizon, until }];
  }

  #beginRegisters(): void {
    const { registers, change } = this.#options;
    const view = this.#view;
    if (view === null) return;
    registers.beginTransaction(view.takenMicros, view.xid);
    registers.clearLastCommitLsn();
    registers.setLsn(highHalf(this.#startLsn), lowHalf(this.#startLsn));
    registers.clearOrigin();
    change.op = Op.READ;
    change.before.count = 0;
    change.related.count = 0;
  }

  async #readTable(
    client: Client,
    published: SnapshotTable,
    later: readonly SnapshotTable[],
    types: TypeCatalog,
    out: ChangeOutlet,
    signal: AbortSignal,
  ): Promise<void> {
    const { settings, change, log, registers } = this.#options;
    const layout = rowLayout(published, types, settings);
    const { table, rowSchema, shape } = layout;
    const { info } = table;
    const resumes = await this.#resumes(client, table);
    await out.declare(shape);
    const view = this.#view?.transactions;
    if (view === undefined || signal.aborted) return;
    this.#reading = new SnapshotPosition(table, await fileNode(client, info.oid), view, resumes.at(-1)?.position ?? null);
    let first = resumes.length === 0;
    let marker: SnapshotMarker | null = null;
    const room = new TurnOutlet(out);
    const onRow = (reader: CopyText): boolean => {
      if (signal.aborted) return false;
      registers.setSnapshotMarker(marker ?? this.#marker(first, false));
      first = false;
      return this.#emit(reader, room);
    };
    // A table without a key must come in the order on disk, which an index would change.
    await client.query(`SET LOCAL enable_indexscan = ${table.order.length > 0 ? 'on' : 'off'}`);
    const reader = await copyRows({ client, statement: copyStatement(table, resumes), layout, change, out: room, signal, onRow });
    const isLast = !(await this.#anyRow(client, later));
    if (signal.aborted) return;
    marker = isLast ? SnapshotMarker.LAST : this.#marker(first, true);
    reader.flush();
    this.#until = { kind: 'end', table: info.oid };
    this.#reading = null;
    log.debug({ table: rowSchema.name, rows: this.#rows }, 'table read');
    await this.#boundary(out);
  }

  /** `last` before `first` before `last_in_data_collection` before `first_in_data_collection`. */
  #marker(first: boolean, last: boolean): SnapshotMarker {
    if (this.#fresh && this.#rows === 0) return SnapshotMarker.FIRST;
    if (last) return SnapshotMarker.LAST_IN_DATA_COLLECTION;
    return first ? SnapshotMarker.FIRST_IN_DATA_COLLECTION : SnapshotMarker.TRUE;
  }

  #emit(reader: CopyText, out: TurnOutlet): boolean {
    const { change, registers, clock } = this.#options;
    const now = clock.now();
    registers.setProcessingTime(now);
    change.timestampMs = now;
    change.sourceTimeMs = now;
    let room = out.emit(change);
    // Only now: the position must not count a row that was refused.
    this.#reading?.remember(reader);
    this.#rows += 1;
    this.#sinceBoundary += 1;
    if (this.#sinceBoundary >= rowsPerBoundary) {
      this.#sinceBoundary = 0;
      if (!out.boundary()) room = false;
      failpoint('during-snapshot');
    }
    return room;
  }

  async #boundary(out: ChangeOutlet): Promise<void> {
    this.#sinceBoundary = 0;
    const room = out.boundary();
    failpoint('during-snapshot');
    if (!room) await out.drained();
  }

  /** How far earlier epochs came in this table. A place on disk holds only as long as the table is not rewritten. */
  async #resumes(client: Client, table: SnapshotTable): Promise<Resume[]> {
    const { log } = this.#options;
    const resumes: Resume[] = [];
    for (const { epoch, until } of tableParts(this.#epochs, table.info.oid).parts) {
      const view = this.#epochs[epoch]?.view;
      if (until === null || view === undefined) continue;
      const holds =
        until.kind === 'key'
          ? until.columns.join() === table.order.map(({ name }) => name).join()
          : table.order.length === 0 && table.override === null && until.fileNode === (await fileNode(client, table.info.oid));
      if (holds) resumes.push({ position: until, view: new TransactionView(view) });
      else
        log.warn(
          { table: `${table.info.schema}.${table.info.name}` },
          'the table was changed or rewritten while the snapshot was interrupted in it: its rows are read again',
        );
    }
    return resumes;
  }

  async #anyRow(client: Client, tables: readonly SnapshotTable[]): Promise<boolean> {
    for (const table of tables) {
      if (tableParts(this.#epochs, table.info.oid).complete) continue;
      const { rows } = await client.query<{ found: boolean }>(existsStatement(table, await this.#resumes(client, table)));
      if (rows[0]?.found === true) return true;
    }
    return false;
  }

  async #complete(out: ChangeOutlet): Promise<SnapshotFilter> {
    this.#completed = true;
    this.#options.log.info({ rows: this.#rows }, 'snapshot completed');
    await this.#boundary(out);
    return this.filter();
  }
}

/** From a stored offset, for the stream that follows a snapshot. */
export function filterFromOffset(offset: OffsetMap, settings: PostgresSettings): SnapshotFilter {
  const text = offset[filterMember];
  return snapshotFilter(typeof text === 'string' ? parseEpochs(text) : [], settings);
}

function snapshotFilter(epochs: readonly Epoch[], settings: PostgresSettings): SnapshotFilter {
  const filter = new TableFilter(settings);
  return new SnapshotFilter(epochs, (schema, table) => filter.acceptsSnapshot(schema, table));
}

async function fileNode(client: Client, table: number): Promise<number> {
  const { rows } = await client.query<{ node: number | null }>('SELECT pg_catalog.pg_relation_filenode($1::oid::regclass) AS node', [
    table,
  ]);
  const row = rows[0];
  if (row === undefined) throw new ConnectError('postgres.query', `The table with oid ${table} is gone.`);
  return row.node ?? 0;
}
