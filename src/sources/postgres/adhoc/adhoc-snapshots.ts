import { classify, findConnectError } from '../../../base/errors.ts';
import { sqlError, sqlState } from '../sql-error.ts';
import { tellIncremental, type AdhocParts } from './adhoc-parts.ts';
import { type AdhocState, type Collection, type SnapshotRequest } from './adhoc-state.ts';
import { BlockingSnapshot } from './blocking-snapshot.ts';
import { IncrementalSnapshot, statusOf, type ScanStatus } from './incremental-snapshot.ts';
import { meansTable, readSignal, SignalFault, type Order, type Signal } from './signal.ts';
import type { StartContext } from '../start-context.ts';
import { readableTables } from './table-plan.ts';
import type { Watermarks } from './watermarks.ts';

const retryMs = 1000;

export interface AdhocCounts {
  /** Tables that are not read to their end. */
  readonly remaining: number;
  readonly paused: boolean;
  readonly rows: ReadonlyMap<string, number>;
}

/**
 * Obeys signals while a stream runs. What a signal asks for goes into the state at once, which is part of every offset; one
 * loop then carries it out, step by step, beside the stream.
 */
export class AdhocSnapshots {
  readonly #parts: AdhocParts;
  readonly #incremental: IncrementalSnapshot;
  readonly #blocking: BlockingSnapshot;
  #wake = Promise.withResolvers<void>();
  /** Rows handed over by table, of those that this stream has read. */
  readonly #rows = new Map<string, number>();

  constructor(parts: AdhocParts, watermarks: Watermarks) {
    this.#parts = parts;
    this.#incremental = new IncrementalSnapshot(parts, watermarks);
    this.#blocking = new BlockingSnapshot(parts, watermarks);
  }

  /** For the offset. */
  members(): ReturnType<AdhocState['toMembers']> {
    const { state } = this.#parts;
    return state.toMembers(this.#incremental.progress(), this.#blocking.progress());
  }

  /** How far they are; the tables of signals that were not looked up yet count as one each. */
  counts(): AdhocCounts {
    const { requests, incremental, blocking, paused } = this.#parts.state;
    for (const [queue, progress] of [
      [incremental, this.#incremental.progress()],
      [blocking, this.#blocking.progress()],
    ] as const) {
      const [first] = queue.collections;
      if (first !== undefined && progress !== null) this.#rows.set(`${first.schema}.${first.table}`, progress.rows);
    }
    const remaining = requests.length + incremental.collections.length + blocking.collections.length;
    return { remaining, paused, rows: this.#rows };
  }

  /**
   * Takes a signal: from here on the offset has it. Throws `SignalFault` when it cannot be obeyed. Whoever calls sees to it
   * that the offset is stored. False: there is nothing to do and nothing to store.
   */
  take(signal: Signal): boolean {
    const order = readSignal(signal);
    this.#apply(signal, order);
    if (order.kind === 'ignore') return false;
    this.#parts.state.taken += 1;
    this.#wake.resolve();
    return true;
  }

  /** As `take`, but a fault is only told. */
  obey(signal: Signal, channel: string): void {
    try {
      this.take(signal);
    } catch (error) {
      if (!(error instanceof SignalFault)) throw error;
      this.#parts.start.source.log.warn({ signal: signal.id, type: signal.type, channel }, `a signal is ignored: ${error.message}`);
    }
  }

  /** Carries out what there is until the stream ends; rejects with what should end it. */
  async run(): Promise<void> {
    const { signal, reader } = this.#parts;
    const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    try {
      while (!signal.aborted) {
        this.#wake = Promise.withResolvers();
        if (await this.#tried()) continue;
        await Promise.race([this.#wake.promise, aborted]);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      reader.close();
    }
  }

  #apply(signal: Signal, order: Order): void {
    const { state, start } = this.#parts;
    const { log } = start.source;
    switch (order.kind) {
      case 'execute': {
        const { kind: _kind, ...wanted } = order;
        state.requests = [...state.requests, { id: signal.id, ...wanted }];
        return;
      }
      case 'stop':
        this.#stop(order.tables);
        return;
      case 'pause':
        if (state.incremental.collections.length + state.requests.length === 0 || state.paused) return;
        state.paused = true;
        tellIncremental(this.#parts, 'PAUSED');
        return;
      case 'resume':
        if (!state.paused) return;
        state.paused = false;
        tellIncremental(this.#parts, 'RESUMED');
        return;
      case 'log':
        log.info({ signal: signal.id }, order.message.replaceAll('{}', this.#parts.position.locate()));
        return;
      case 'ignore':
        log.debug({ signal: signal.id, type: signal.type }, `a signal is ignored: ${order.reason}`);
    }
  }

  #stop(tables: readonly string[]): void {
    const { state } = this.#parts;
    if (!state.stop(tables)) return;
    if (state.incremental.collections.length > 0) {
      return;
    }
    tellIncremental(this.#parts, 'ABORTED');
    state.incremental.correlationId = null;
    state.incremental.progress = null;
  }

  /** One step; true: there may be more. What may pass is no reason to stop. */
  async #tried(): Promise<boolean> {
    const { signal, start, reader } = this.#parts;
    try {
      return await this.#step();
    } catch (error) {
      if (signal.aborted) return false;
      if (classify(sqlError(error, start.sessions.context('reading a snapshot'))) !== 'retry') throw error;
      start.source.log.warn({ err: error }, 'the reading of a snapshot was interrupted; it is tried again');
      reader.abandon();
      await start.source.clock.sleep(retryMs, signal);
      return true;
    }
  }

  async #step(): Promise<boolean> {
    const { state, notifications } = this.#parts;
    const [request] = state.requests;
    if (request !== undefined && !(state.paused && request.snapshot === 'incremental')) {
      await this.#resolve(request);
      return true;
    }
    if (state.blocking.collections.length > 0) {
      await this.#runBlocking();
      return true;
    }
    const [collection] = state.incremental.collections;
    if (collection !== undefined && !state.paused) {
      await this.#runIncremental(collection);
      return true;
    }
    if (notifications.waiting) await this.#parts.standStill(() => Promise.resolve());
    return false;
  }

  /** Looks up which tables a signal means. */
  async #resolve(request: SnapshotRequest): Promise<void> {
    const { state, start, reader, standStill } = this.#parts;
    const readable = await readableTables(await reader.ready(), start);
    const collections = readable
      .filter(({ info }) => request.tables.some((pattern) => meansTable(pattern, info.schema, info.name)))
      .map(({ info }): Collection => {
        const condition = request.conditions.find(({ tables }) => meansTable(tables, info.schema, info.name));
        const { surrogateKey } = request;
        return { schema: info.schema, table: info.name, condition: condition?.filter ?? null, surrogateKey, oid: null, partition: null };
      });
    const { log } = start.source;
    if (request.snapshot === 'incremental') await this.#warnOfUnpublished();
    for (const pattern of request.tables) {
      if (!readable.some(({ info }) => meansTable(pattern, info.schema, info.name))) {
        log.warn({ signal: request.id, tables: pattern }, 'a signal asks for a snapshot of a table that is not captured and published');
      }
    }
    await standStill(async () => {
      if (state.requests[0] !== request) return;
      state.requests = state.requests.slice(1);
      if (collections.length === 0) return;
      log.info({ signal: request.id, tables: collections.length }, `an ad-hoc ${request.snapshot} snapshot begins`);
      this.#queue(request.snapshot, request.id, collections);
    });
  }

  /** Reads these tables in chunks, too. Only while the stream stands still: from here on the offset has it. */
  enqueue(id: string, collections: readonly Collection[]): void {
    this.#queue('incremental', id, collections);
    this.#wake.resolve();
  }

  #queue(kind: 'incremental' | 'blocking', id: string, collections: readonly Collection[]): void {
    const { state, notifications } = this.#parts;
    const queue = state[kind];
    const begins = queue.collections.length === 0;
    const known = new Set(queue.collections.map(identityOf));
    queue.collections = [...queue.collections, ...collections.filter((collection) => !known.has(identityOf(collection)))];
    if (!begins) return;
    queue.correlationId = id;
    queue.progress = null;
    if (kind === 'incremental') tellIncremental(this.#parts, 'STARTED');
    else notifications.add(id, 'Initial Snapshot', 'STARTED', { data_collections: namesOf(queue.collections) });
  }

  /** Then the stream does not tell that a row is gone. */
  async #warnOfUnpublished(): Promise<void> {
    const { reader, start } = this.#parts;
    const { name } = start.settings.publication;
    const [published] = await reader.query<{ readonly whole: boolean }>(
      'SELECT pubdelete AND pubtruncate AS whole FROM pg_catalog.pg_publication WHERE pubname = $1',
      [name],
    );
    if (published?.whole !== false) return;
    start.source.log.warn(
      { publication: name },
      'the publication does not bring deletes or truncates: a row that is deleted while its chunk is read may be written once more. ' +
        `ALTER PUBLICATION ${name} SET (publish = 'insert, update, delete, truncate')`,
    );
  }

  async #runIncremental(collection: Collection): Promise<void> {
    const { start, reader } = this.#parts;
    let status: ScanStatus | null;
    try {
      status = await this.#incremental.step(collection);
    } catch (error) {
      if (!isTableError(error)) throw error;
      // Its transaction takes no more statements.
      reader.abandon();
      start.source.log.error(
        { err: refusal(error, start), table: `${collection.schema}.${collection.table}` },
        'a table of an incremental snapshot cannot be read',
      );
      status = 'SQL_EXCEPTION';
    }
    if (status !== null) await this.#finish(collection, status);
  }

  async #finish(collection: Collection, status: ScanStatus): Promise<void> {
    const { state, standStill, start } = this.#parts;
    const name = `${collection.schema}.${collection.table}`;
    await standStill(async () => {
      const { incremental } = state;
      if (incremental.collections[0] !== collection) return;
      const rows = incremental.progress?.rows ?? 0;
      this.#rows.set(name, rows);
      start.source.log.info({ table: name, rows, status }, 'table read by an incremental snapshot');
      tellIncremental(this.#parts, 'TABLE_SCAN_COMPLETED', { scanned_collection: name, total_rows_scanned: String(rows), status });
      incremental.progress = null;
      const left = incremental.collections.slice(1);
      if (left.length === 0) tellIncremental(this.#parts, 'COMPLETED');
      incremental.collections = left;
      if (left.length === 0) incremental.correlationId = null;
    });
  }

  async #runBlocking(): Promise<void> {
    const { state, standStill, notifications, start, reader } = this.#parts;
    let failed: ScanStatus | null = null;
    let faults: Awaited<ReturnType<BlockingSnapshot['run']>> = [];
    try {
      faults = await this.#blocking.run();
    } catch (error) {
      if (!isTableError(error)) throw error;
      reader.abandon();
      start.source.log.error({ err: refusal(error, start) }, 'an ad-hoc blocking snapshot ended; the stream goes on');
      failed = 'SQL_EXCEPTION';
    }
    await standStill(async () => {
      const { blocking } = state;
      const id = blocking.correlationId;
      for (const { collection, fault } of faults) {
        const name = `${collection.schema}.${collection.table}`;
        const data = { scanned_collection: name, total_rows_scanned: '0', status: statusOf[fault] };
        notifications.add(id, 'Initial Snapshot', 'TABLE_SCAN_COMPLETED', data);
      }
      notifications.add(id, 'Initial Snapshot', failed === null ? 'COMPLETED' : 'ABORTED', failed === null ? {} : { status: failed });
      Object.assign(blocking, { correlationId: null, collections: [], progress: null });
    });
  }
}

function identityOf({ schema, table, partition }: Collection): string {
  return `${schema}.${table}\0${partition ?? ''}`;
}

function namesOf(collections: readonly Collection[]): string {
  return collections.map(({ schema, table }) => `${schema}.${table}`).join(',');
}

/** The server refuses to read this table, now and later; it may read others. */
function isTableError(error: unknown): boolean {
  const known = findConnectError(error);
  const state = sqlState(error) ?? sqlState(known?.cause);
  if (state === null) return false;
  return !/^(08|25|40|53|55P03|57|58)/.test(state);
}

function refusal(error: unknown, { sessions }: StartContext): unknown {
  return sqlState(error) === '42501' ? sqlError(error, sessions.context('reading rows of a table')) : error;
}
