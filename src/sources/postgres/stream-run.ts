import type { Logger } from '../../base/log.ts';
import type { ChangeOutlet } from '../../connect/source.ts';
import { Change } from '../../record/change.ts';
import type { OffsetMap } from '../../record/offset.ts';
import { nextRowSchemaId } from '../../record/row-schema.ts';
import { declareTables } from './declarations.ts';
import { Heartbeat } from './heartbeat.ts';
import { CompositeWatch, compositeReader } from './composite-watch.ts';
import { LogicalMessages } from './logical-messages.ts';
import type { StoredKnown } from './known-tables.ts';
import { NewTables } from './new-tables.ts';
import { PgoutputDecoder } from './pgoutput-decoder.ts';
import { formatPosition, type ResumePoint } from './position.ts';
import type { ReadingChange } from './reading-change.ts';
import type { StartContext } from './start-context.ts';
import { registerCount, SourceRegisters } from './registers.ts';
import { rowLetter } from './refused-row.ts';
import { RelationCache } from './relation-cache.ts';
import { catalogReader, ReadAheadCatalog } from './relation-catalog.ts';
import { ReplicationStream } from './replication-stream.ts';
import { LookupPlans } from './reselect/lookup-plan.ts';
import { RowFiller } from './reselect/row-filler.ts';
import { RowLookup } from './reselect/row-lookup.ts';
import { WaitingOutlet } from './reselect/waiting-outlet.ts';
import { RowEmitter } from './row-emitter.ts';
import { AdhocStream } from './adhoc/adhoc-stream.ts';
import type { AdhocCounts } from './adhoc/adhoc-snapshots.ts';
import type { AdhocState } from './adhoc/adhoc-state.ts';
import { RowWatch } from './adhoc/row-watch.ts';
import type { Signal } from './adhoc/signal.ts';
import { SlotXmin } from './slot-xmin.ts';
import { settledTables } from './settled-tables.ts';
import type { SnapshotFilter } from './snapshot-filter.ts';
import { filterMember } from './snapshot.ts';
import { sqlError } from './sql-error.ts';
import { StreamPosition } from './stream-position.ts';
import { TransactionSpill } from './streaming/transaction-spill.ts';
import { TransactionRecords } from './transaction-records.ts';

/** Where a stream starts, and what it has to leave out. */
export interface Begin {
  readonly point: ResumePoint;
  readonly shown: SnapshotFilter;
  /** Tables that need not be read, from the stored offset; null: all that are captured now. */
  readonly known: StoredKnown | null;
  /** The offset that is gone on from; null: none. */
  readonly stored: OffsetMap | null;
  /** What signals have asked for so far; goes on changing. */
  readonly adhoc: AdhocState;
  /** No tables were read before. */
  readonly skipped: boolean;
}

export interface StreamRunEvents {
  readonly onStarted: () => void;
  readonly onTick: (run: StreamRun) => void;
  /** A record follows that moves no position. */
  readonly onHeartbeat: () => void;
}

/** Everything that lives as long as one START_REPLICATION: change, position, relations, decoder, connection. */
export class StreamRun {
  readonly position: StreamPosition;
  readonly #start: StartContext;
  readonly #shown: SnapshotFilter;
  readonly #stored: OffsetMap | null;
  readonly #out: ChangeOutlet;
  readonly #relations: RelationCache;
  readonly #emitter: RowEmitter;
  readonly #transactions: TransactionRecords | null;
  readonly #stream: ReplicationStream;
  readonly #heartbeat: Heartbeat | null;
  /** Null: records have none. */
  readonly #xmin: SlotXmin | null;
  readonly #adhoc: AdhocStream;
  readonly #newTables: NewTables | null;
  /** Null: no columns are read again. */
  readonly #waiting: WaitingOutlet | null;

  constructor(start: StartContext, begin: Begin, confirmed: bigint, sink: ChangeOutlet, events: StreamRunEvents) {
    const { settings, sessions, source } = start;
    const lookups = settings.reselect === null ? null : new LookupPlans(settings.reselect);
    this.#waiting = lookups === null ? null : this.#createWaiting(start, lookups, sink, events);
    const out = this.#waiting ?? sink;
    const { shown } = begin;
    const position = new StreamPosition(begin.point, settings.records.transactions);
    const { change, registers } = createChange(() => position.locate());
    this.position = position;
    this.#shown = shown;
    this.#stored = begin.stored;
    this.#start = start;
    this.#out = out;
    this.#transactions = settings.records.transactions ? new TransactionRecords(settings, change, registers, out) : null;
    const catalog = createCatalog(start);
    const { filter, renames } = start;
    this.#relations = new RelationCache(settings, filter, catalog, change, shown, this.#transactions, lookups, renames, source.log);
    this.#relations.composites = createCompositeWatch(start);
    const watch = new RowWatch(begin.point.xid);
    this.#emitter = new RowEmitter(change, out, position, shown, settings, this.#transactions, watch);
    const messages = new LogicalMessages(settings, change, out);
    const { clock, log } = source;
    this.#heartbeat =
      settings.stream.heartbeatIntervalMs > 0
        ? new Heartbeat({ settings, change, registers, out, sql: start.sql, clock, log, onBeat: events.onHeartbeat })
        : null;
    this.#xmin = createXmin(start, registers);
    const decoder = new PgoutputDecoder({
      change,
      registers,
      relations: this.#relations,
      emitter: this.#emitter,
      position,
      out,
      shown,
      messages,
      transactions: this.#transactions ?? undefined,
      listsUnavailable: settings.records.unavailableHeader !== null,
      watch,
      onSignal: (relation) => this.#adhoc.row(relation, change.after),
    });
    this.#stream = new ReplicationStream({
      settings,
      sessions,
      confirmed,
      decoder,
      relations: this.#relations,
      position,
      change,
      registers,
      out,
      spill: createSpill(start),
      clock: source.clock,
      log: source.log,
      onStarted: events.onStarted,
      onTick: () => {
        events.onTick(this);
        this.#newTables?.tick();
        if (this.#stream.quiet) this.#heartbeat?.tick();
      },
      onBoundary: () => this.#adhoc.look(),
    });
    const relations = this.#relations;
    const parts = { start, change, registers, position, watch, state: begin.adhoc, out, relations, skipped: begin.skipped };
    this.#adhoc = new AdhocStream(parts, this.#stream, events.onHeartbeat);
    this.#newTables = settings.snapshot.newTables === 'backfill' ? this.#watch(begin) : null;
    // What was to be read under another setting is not: the stream brings all there is.
    if (this.#newTables === null) shown.giveUpUnread();
  }

  #watch({ known, shown }: Begin): NewTables {
    return new NewTables({
      start: this.#start,
      known,
      shown,
      position: this.position,
      out: this.#out,
      createChange: () => createChange(() => 'a new table'),
      interlude: (work) => this.#stream.interlude(work),
      enqueue: (collections) => this.#adhoc.enqueue(collections),
      onError: (error) => {
        const { source, sessions } = this.#start;
        source.log.warn({ err: sqlError(error, sessions.context('reading new tables')) }, 'new tables could not be read: trying again');
      },
    });
  }

  #createWaiting({ sql, source }: StartContext, lookups: LookupPlans, out: ChangeOutlet, events: StreamRunEvents): WaitingOutlet {
    const filler = new RowFiller(lookups, new RowLookup(sql), source.log);
    return new WaitingOutlet({ out, filler, position: () => this.#offset(), onLate: events.onHeartbeat });
  }

  /** Of what has been handed over. */
  offset(): OffsetMap {
    return this.#waiting?.offset ?? this.#offset();
  }

  /** Of what has been read. */
  #offset(): OffsetMap {
    const offset = formatPosition(this.position.snapshot(), this.#start.server);
    const filter = this.#shown.toText(this.#newTables?.current());
    const members = { ...this.#adhoc.members(), ...this.#newTables?.members(), ...this.#start.renames?.members() };
    return filter === null ? { ...offset, ...members } : { ...offset, [filterMember]: filter, ...members };
  }

  get started(): boolean {
    return this.#stream.started;
  }

  /** Resolves when the signal has been taken; rejects when it cannot be obeyed. */
  signal(signal: Signal): Promise<void> {
    return this.#adhoc.signal(signal);
  }

  adhocCounts(): AdhocCounts {
    return this.#adhoc.counts();
  }

  get counts(): Float64Array {
    return this.#emitter.counts;
  }

  /**
   * Declares the captured tables, so that a refused schema or topic stops the start; then streams. A table that was altered while
   * nobody read the slot is declared with its first row: a registry may take its forms in their order and in no other.
   */
  async run(signal: AbortSignal): Promise<void> {
    this.#relations.onReplaced = (table) => warnOfReplacement(this.#start.source.log, table);
    const { tables, renames } = this.#start;
    await renames?.begin(
      tables.map(({ oid }) => oid),
      this.#stored,
    );
    const known = await this.#settled();
    await declareTables(known, signal, (table) => this.#relations.announce(table, this.#out));
    if (signal.aborted) return;
    await this.#heartbeat?.declare();
    await this.#transactions?.declare();
    await this.#newTables?.begin();
    await this.#xmin?.begin();
    if (signal.aborted) return;
    void this.#adhoc.run(signal);
    const streaming = this.#stream.run(signal);
    await (this.#waiting === null ? streaming : Promise.race([streaming, this.#waiting.failed])).finally(() => {
      this.#waiting?.close();
      this.#newTables?.close();
      this.#xmin?.close();
      this.#adhoc.close();
    });
  }

  /** The tables that look in the log as they do now. Behind a slot or a snapshot that was just made that is all of them. */
  async #settled(): Promise<StartContext['tables']> {
    const { tables, settings, sql } = this.#start;
    if (this.#stored === null) return tables;
    const oids = tables.map(({ oid }) => oid);
    const settled = await sql.use('reading the catalog', (client) => settledTables(client, settings.slot.name, oids));
    return tables.filter(({ oid }) => settled.has(oid));
  }

  confirm(lsn: bigint, offset: OffsetMap): void {
    this.#stream.confirm(lsn);
    this.#adhoc.confirmed(offset);
  }

  /** See `ReplicationStream.giveBack`. */
  giveBack(reason: () => Error): void {
    this.#stream.giveBack(reason);
  }

  close(): Promise<void> {
    return this.#stream.close();
  }
}

/** Named after slot and cluster: no other stream can use that directory at the same time. */
function createSpill({ settings, server, source }: StartContext): TransactionSpill | undefined {
  const { spill } = settings.stream;
  if (spill === null) return undefined;
  const name = `millrace-${server.systemId}-${settings.slot.name}`;
  return new TransactionSpill({ ...spill, name, clock: source.clock, log: source.log });
}

function createCatalog({ sql, types, tables, server, source }: StartContext): ReadAheadCatalog {
  return new ReadAheadCatalog({
    reader: catalogReader(sql, types),
    types,
    tables: tables.map(({ oid }) => oid),
    standby: server.timeline === null,
    clock: source.clock,
  });
}

function createXmin({ settings, sql, source }: StartContext, registers: SourceRegisters): SlotXmin | null {
  const { clock, log } = source;
  return SlotXmin.create({ slot: settings.slot.name, intervalMs: settings.stream.xminIntervalMs, sql, registers, clock, log });
}

/** Null: composite types are not shown field by field. */
function createCompositeWatch({ settings, sql, types, server }: StartContext): CompositeWatch | null {
  if (settings.types.composites === 'text') return null;
  return new CompositeWatch(compositeReader(sql, settings.slot.name, types), types, server.timeline === null);
}

/** A change without a shape yet, and its registers. */
export function createChange(locate: () => string): ReadingChange {
  const nothing = { id: nextRowSchemaId(), name: '', columns: [], key: new Uint16Array(0) };
  const change = new Change(nothing, registerCount, locate);
  change.letter = rowLetter;
  return { change, registers: new SourceRegisters(change) };
}

function warnOfReplacement(log: Logger, table: string): void {
  log.warn(
    { table },
    'another table has taken this name: rows of the earlier one stay on the topic, and rows that the new one had before are not there. ' +
      'A snapshot of it by a signal brings those',
  );
}
