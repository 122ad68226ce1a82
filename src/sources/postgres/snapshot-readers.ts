import type { Client } from 'pg';

import { must } from '../../base/assert.ts';
import type { Clock } from '../../base/clock.ts';
import { failpoint } from '../../base/failpoint.ts';
import type { Logger } from '../../base/log.ts';
import type { ChangeOutlet } from '../../connect/source.ts';
import { Op } from '../../record/change.ts';
import type { CopyText } from './copy-text.ts';
import { declareTables } from './declarations.ts';
import type { ReadingChange } from './reading-change.ts';
import { SnapshotMarker } from './registers.ts';
import { emitOrReject } from './refused-row.ts';
import { declareShape } from './refused-shape.ts';
import { copyRows, rowLayout, type RowLayout } from './row-copy.ts';
import type { PostgresSettings } from './settings.ts';
import { asItIs, holdTable } from './snapshot-hold.ts';
import type { SnapshotProgress, TableProgress } from './snapshot-progress.ts';
import { copyStatement, type SnapshotTable } from './snapshot-query.ts';
import { TableReading, type RangeReading, type StoredRange, type Tail } from './snapshot-reading.ts';
import { blockBoundaries, keyBoundaries, type TableSize } from './snapshot-split.ts';
import type { TransactionView } from './transaction-view.ts';
import { TurnOutlet } from './turn-outlet.ts';
import type { TypeCatalog } from './type-catalog.ts';

/** Rows between two boundaries: each may end a batch, and is a place where a test can kill the process. */
const rowsPerBoundary = 512;

export interface SnapshotReadersOptions {
  readonly settings: PostgresSettings;
  readonly clock: Clock;
  readonly log: Logger;
  /** Its registers say already what is the same for all rows. */
  readonly createChange: () => ReadingChange;
  /** What is read in, and its number in `progress`. */
  readonly view: TransactionView;
  readonly epoch: number;
  /** What was read before; gets what is complete. */
  readonly progress: SnapshotProgress;
  readonly types: TypeCatalog;
  readonly tables: readonly SnapshotTable[];
  readonly sizes: ReadonlyMap<number, TableSize>;
  /** Nothing was read before. */
  readonly fresh: boolean;
  readonly out: ChangeOutlet;
  readonly signal: AbortSignal;
}

/**
 * Shares tables and slices of tables out among connections. Each reads one slice after the other; whatever row comes is
 * handed over at once, and when the outlet is full all of them wait.
 *
 * The last row of a slice is kept back until the next slice of the table has one that can take its place, and the last
 * row of a table until another table has come to its end: so the last ones are known for what they are. Tables whose rows
 * become dead letters come behind the others and have no part in that.
 */
export class SnapshotReaders {
  readonly #options: SnapshotReadersOptions;
  readonly #room: TurnOutlet;
  /** Of the tables that are not opened yet: the plans of a table's records live as long as its layout. */
  readonly #layouts = new Map<SnapshotTable, RowLayout>();
  /** Opened and not complete. */
  readonly #open = new Set<TableReading>();
  /** Those that are not opened yet begin at `#opened`. */
  #tables: readonly SnapshotTable[];
  #opening: Promise<RangeReading | null> = Promise.resolve(null);
  #current: TableReading | null = null;
  #opened = 0;
  /** The last row of the table that came to its end last. */
  #tail: Tail | null = null;
  #flushing: SnapshotMarker | null = null;
  #rows = 0;
  /** Among them was one that became a record. */
  #shown = false;
  /** Rows of the tables that are complete, by name. */
  readonly #complete = new Map<string, number>();
  #sinceBoundary = 0;

  constructor(options: SnapshotReadersOptions) {
    this.#options = options;
    this.#tables = options.tables;
    this.#room = new TurnOutlet(options.out);
  }

  get rows(): number {
    return this.#rows;
  }

  /** Rows read by this run, table by table; and how many tables are still to be read. */
  get counts(): { readonly rows: ReadonlyMap<string, number>; readonly remaining: number } {
    const rows = new Map(this.#complete);
    for (const table of this.#open) rows.set(tableName(table), table.rows);
    return { rows, remaining: this.#options.tables.length - this.#complete.size };
  }

  /** How the tables stand that are not complete. */
  current(): TableProgress[] {
    return [...this.#open].flatMap((table) => table.progress() ?? []);
  }

  /** Before any table is read, so that a schema or topic that is refused stops the start, unless its rows are to become dead letters. */
  async declare(): Promise<void> {
    const { tables, types, settings, out, signal, log } = this.#options;
    const policy = settings.tables.refusedPolicy;
    const refused = new Set<SnapshotTable>();
    await declareTables(tables, signal, async (table) => {
      const { layout, shape } = rowLayout(table, types, settings);
      const refusal = await declareShape({ shape, table: `${table.info.schema}.${table.info.name}` }, { policy, out, log });
      this.#layouts.set(table, { ...layout, refusal });
      if (refusal !== null) refused.add(table);
    });
    this.#tables = [...tables.filter((table) => !refused.has(table)), ...tables.filter((table) => refused.has(table))];
  }

  /** Reads on this connection, whose transaction sees what all the others see, until nothing is left. */
  async read(client: Client): Promise<void> {
    for (;;) {
      const range = await this.#next(client);
      if (range === null) return;
      await this.#readRange(client, range);
    }
  }

  /** After all readers have come to their end: the last row of all. */
  async finish(): Promise<void> {
    const tail = this.#tail;
    this.#tail = null;
    if (tail !== null) await this.#flushTable(tail, SnapshotMarker.LAST);
  }

  async boundary(): Promise<void> {
    this.#sinceBoundary = 0;
    const room = this.#room.boundary();
    failpoint('during-snapshot');
    if (!room) await this.#room.drained();
  }

  /** One reader at a time looks for work, so that tables are opened in order and each range is given out once. */
  #next(client: Client): Promise<RangeReading | null> {
    this.#opening = this.#opening.then(async () => {
      for (;;) {
        const range = this.#current?.next() ?? null;
        if (range !== null) return range;
        const table = this.#tables[this.#opened];
        if (table === undefined) return null;
        this.#opened += 1;
        this.#current = await this.#openTable(client, table);
      }
    });
    return this.#opening;
  }

  async #openTable(client: Client, published: SnapshotTable): Promise<TableReading> {
    const { epoch, types } = this.#options;
    const layout = must(this.#layouts.get(published), 'the table was declared');
    this.#layouts.delete(published);
    await holdTable(client, layout.table, types);
    const node = await fileNode(client, published.info.oid);
    const ranges = this.#storedRanges(layout, node) ?? (await this.#split(client, layout));
    const reading = new TableReading(layout, epoch, node, ranges);
    this.#open.add(reading);
    return reading;
  }

  /** How far earlier epochs came. A place on disk holds only as long as the table is not rewritten. */
  #storedRanges({ table }: RowLayout, node: number): readonly StoredRange[] | null {
    const { progress, log } = this.#options;
    const stored = progress.table(table.info.oid);
    if (stored === null || stored.kind === 'whole') return null;
    const holds =
      stored.kind === 'key'
        ? stored.columns.join() === table.order.map(({ name }) => name).join()
        : table.order.length === 0 && table.override === null && stored.fileNode === node;
    if (holds) return stored.ranges;
    if (stored.ranges.every((range) => range.parts.length === 0)) return null;
    progress.forget(table.info.oid);
    log.warn(
      { table: `${table.info.schema}.${table.info.name}` },
      'the table was changed or rewritten while the snapshot was interrupted in it: its rows are read again',
    );
    return null;
  }

  async #split(client: Client, { table }: RowLayout): Promise<readonly StoredRange[]> {
    const { settings, sizes } = this.#options;
    const { info, order, override } = table;
    const size = sizes.get(info.oid);
    const { threadsMax, slicesPerThread, splitTables, sliceBytes } = settings.snapshot;
    const wanted = splitTables && threadsMax > 1 ? threadsMax * slicesPerThread(`${info.schema}.${info.name}`) : 1;
    const count = size === undefined ? 1 : Math.min(wanted, Math.floor(size.bytes / sliceBytes));
    if (size === undefined || count < 2 || override !== null || (order.length === 0 && info.kind === 'p')) return [{ to: null, parts: [] }];
    const bounds = order.length > 0 ? await keyBoundaries(client, table, size, count) : blockBoundaries(size, count);
    return [...bounds, null].map((to) => ({ to, parts: [] }));
  }

  async #readRange(client: Client, range: RangeReading): Promise<void> {
    const { view, progress, createChange, signal } = this.#options;
    const { layout } = range.table;
    const reading = createChange();
    const { change } = reading;
    change.op = Op.READ;
    change.before.count = 0;
    change.related.count = 0;
    const bounds = range.begin(view, progress.epochs);
    // A table without a key must come in the order on disk, which an index would change.
    await client.query(`SET LOCAL enable_indexscan = ${layout.table.order.length > 0 ? 'on' : 'off'}`);
    const statement = copyStatement(layout.table, bounds);
    const onRow = (row: CopyText): boolean => !signal.aborted && this.#emit(reading, range, row);
    const room = { ready: () => (layout.refusal === null ? this.#ready() : this.#room.ready()), drained: () => this.#room.drained() };
    const row = await asItIs(layout.table, () => copyRows({ client, statement, layout, change, room, signal, onRow }));
    await this.#endRange(range, row);
  }

  async #endRange(range: RangeReading, row: CopyText): Promise<void> {
    const { table } = range;
    let earlier: Tail | null = null;
    if (row.finish()) {
      earlier = table.tail;
      table.tail = { range, row };
    } else range.finish();
    if (earlier !== null) {
      await this.#flush(earlier, null);
      await this.boundary();
    }
    // Only now: the table is not complete before each of its rows but the last has been handed over.
    table.unfinished -= 1;
    if (table.unfinished === 0) await this.#endTable(table);
  }

  async #endTable(table: TableReading): Promise<void> {
    if (table.tail === null) {
      this.#endReading(table);
      return;
    }
    if (table.layout.refusal !== null) {
      await this.#flushTable(table.tail, null);
      return;
    }
    const earlier = this.#tail;
    this.#tail = table.tail;
    if (earlier !== null) await this.#flushTable(earlier, SnapshotMarker.LAST_IN_DATA_COLLECTION);
  }

  /** There is a row: that of the table before is not the last of all, and comes first. */
  #ready(): boolean {
    const tail = this.#tail;
    if (tail === null || !this.#room.ready()) return this.#room.ready();
    this.#tail = null;
    this.#handOver(tail, SnapshotMarker.LAST_IN_DATA_COLLECTION);
    this.#endReading(tail.range.table);
    this.#room.boundary();
    failpoint('during-snapshot');
    return this.#room.ready();
  }

  async #flushTable(tail: Tail, marker: SnapshotMarker | null): Promise<void> {
    await this.#flush(tail, marker);
    this.#endReading(tail.range.table);
    await this.boundary();
  }

  async #flush(tail: Tail, marker: SnapshotMarker | null): Promise<void> {
    while (!this.#room.ready()) await this.#room.drained();
    this.#options.signal.throwIfAborted();
    this.#handOver(tail, marker);
  }

  /** Hands over a row that was kept back. `marker` null: it turned out to be one like any other. */
  #handOver(tail: Tail, marker: SnapshotMarker | null): void {
    this.#flushing = marker;
    try {
      tail.row.flush();
    } finally {
      this.#flushing = null;
    }
    tail.range.finish();
  }

  #endReading(table: TableReading): void {
    const { progress, log, epoch } = this.#options;
    const { info } = table.layout.table;
    progress.set(table.progress() ?? { kind: 'whole', table: info.oid, epoch });
    this.#open.delete(table);
    this.#complete.set(tableName(table), table.rows);
    log.debug({ table: `${info.schema}.${info.name}`, rows: this.#rows }, 'table read');
  }

  #emit({ change, registers }: ReadingChange, range: RangeReading, row: CopyText): boolean {
    const { clock } = this.#options;
    const { table } = range;
    registers.setSnapshotMarker(this.#marker(table));
    const now = clock.now();
    registers.setProcessingTime(now);
    change.timestampMs = now;
    change.sourceTimeMs = now;
    let room = emitOrReject(this.#room, change, table.layout.refusal);
    // Only now: the position must not count a row that was refused.
    range.remember(row);
    table.started = true;
    if (table.layout.refusal === null) this.#shown = true;
    table.rows += 1;
    this.#rows += 1;
    this.#sinceBoundary += 1;
    if (this.#sinceBoundary >= rowsPerBoundary) {
      this.#sinceBoundary = 0;
      if (!this.#room.boundary()) room = false;
      failpoint('during-snapshot');
    }
    return room;
  }

  /** `last` before `first` before `last_in_data_collection` before `first_in_data_collection`. */
  #marker(table: TableReading): SnapshotMarker {
    const flushing = this.#flushing;
    if (flushing === SnapshotMarker.LAST) return flushing;
    if (this.#options.fresh && !this.#shown) return SnapshotMarker.FIRST;
    if (flushing !== null) return flushing;
    return table.started ? SnapshotMarker.TRUE : SnapshotMarker.FIRST_IN_DATA_COLLECTION;
  }
}

function tableName({ layout }: TableReading): string {
  const { schema, name } = layout.table.info;
  return `${schema}.${name}`;
}

async function fileNode(client: Client, table: number): Promise<number> {
  const { rows } = await client.query<{ node: number | null }>('SELECT pg_catalog.pg_relation_filenode($1::oid::regclass) AS node', [
    table,
  ]);
  // Null: a partitioned table has none.
  return rows[0]?.node ?? 0;
}
