import type { Client } from 'pg';

import type { ChangeOutlet } from '../../connect/source.ts';
import type { OffsetMap } from '../../record/offset.ts';
import type { Collection } from './adhoc/adhoc-state.ts';
import { planTable } from './adhoc/table-plan.ts';
import { KnownTables, type StoredKnown } from './known-tables.ts';
import { highHalf, lowHalf } from './lsn.ts';
import { isWholeInStream, lookAround, lookForTables, partitionsOf, type Captured } from './new-table-search.ts';
import type { ReadingChange } from './reading-change.ts';
import type { SnapshotFilter } from './snapshot-filter.ts';
import type { TableProgress } from './snapshot-progress.ts';
import { SnapshotReaders } from './snapshot-readers.ts';
import { openTransactions } from './slot.ts';
import { openSnapshotSession, type SnapshotView } from './snapshot-session.ts';
import { tableSizes } from './snapshot-split.ts';
import { snapshotTables } from './snapshot-tables.ts';
import type { StartContext } from './start-context.ts';
import type { StreamPosition } from './stream-position.ts';
import { TransactionView } from './transaction-view.ts';
import { TypeCatalog } from './type-catalog.ts';

export interface NewTablesOptions {
  readonly start: StartContext;
  /** From the stored offset; null: all that are captured now. */
  readonly known: StoredKnown | null;
  readonly shown: SnapshotFilter;
  readonly position: StreamPosition;
  readonly out: ChangeOutlet;
  readonly createChange: () => ReadingChange;
  /** Runs the work between two transactions. */
  readonly interlude: (work: () => Promise<void>) => void;
  /** Has tables read in chunks beside the stream; while it stands still. */
  readonly enqueue: (collections: readonly Collection[]) => void;
  readonly onError: (error: unknown) => void;
}

/** Whoever keeps tables from being read for so long is named, once. */
const warnMs = 30_000;

/** What was found. */
interface Due {
  readonly tables: ReadonlySet<number>;
  /** Partitions that came to be part of a table which is known, and that table. */
  readonly partitions: ReadonlyMap<number, number>;
  /** Every transaction before this one must have ended. */
  readonly from: bigint;
  readonly foundMs: number;
}

/**
 * Finds tables that have come to be captured and published, and reads the rows they have. Until then the stream leaves
 * their changes out, because the reading will show them; after it, those that the reading has seen. The stream stands
 * still while rows are read; large tables are therefore read in chunks beside it, and their changes come from then on.
 * A table that was made while the stream had its eye on all tables needs no reading.
 */
export class NewTables {
  readonly #options: NewTablesOptions;
  readonly #known: KnownTables;
  readonly #abort = new AbortController();
  #lookedMs = -Infinity;
  #busy = false;
  /** Met in the stream: somebody has to look. */
  #met = false;
  /** Found; read when every transaction has ended that may have written to them while they were not published. */
  #due: Due | null = null;
  /** The one of which it was said that it waits. */
  #told: Due | null = null;
  #readers: SnapshotReaders | null = null;

  constructor(options: NewTablesOptions) {
    const { start, known, shown } = options;
    this.#options = options;
    const tables = known?.tables ?? start.tables.map((table) => table.oid);
    this.#known = new KnownTables(tables, known?.partitions ?? start.partitions, (table) => shown.progress.forget(table));
    shown.isNew = (table, gone) => this.#isNew(table, gone);
  }

  members(): OffsetMap & object {
    return this.#known.members();
  }

  /** How the tables stand that are being read. */
  current(): TableProgress[] {
    return this.#readers?.current() ?? [];
  }

  /** Before the stream begins: from now on tables are new. */
  async begin(): Promise<void> {
    const { sql, settings } = this.#options.start;
    this.#known.looked(await sql.use('looking at the tables', (client) => lookAround(client, settings.publication.name)));
  }

  /** Called now and then while the stream runs. */
  tick(): void {
    const { source, settings } = this.#options.start;
    const nowMs = source.clock.monotonic();
    const due = this.#met || this.#due !== null || nowMs - this.#lookedMs >= settings.snapshot.newTablesIntervalMs;
    if (this.#busy || !due) return;
    this.#busy = true;
    this.#lookedMs = nowMs;
    this.#look()
      .catch((error: unknown) => {
        if (!this.#abort.signal.aborted) this.#options.onError(error);
      })
      .finally(() => (this.#busy = false));
  }

  close(): void {
    this.#abort.abort();
  }

  async #isNew(table: number, gone: boolean): Promise<boolean> {
    // There is nothing to be read of a table that is gone: the stream has all there is to tell.
    if (gone || this.#known.has(table, this.#options.position.reached)) return false;
    const { sql } = this.#options.start;
    if (this.#known.cameByStream(table) && (await sql.use('looking at a table', (client) => this.#isWhole(client, table)))) {
      this.#known.add(table);
      return false;
    }
    this.#met = true;
    return true;
  }

  #isWhole(client: Client, table: number): Promise<boolean> {
    return isWholeInStream(client, table, this.#options.start.settings.publication.name);
  }

  async #look(): Promise<void> {
    const { start, interlude } = this.#options;
    this.#due ??= await start.sql.use('looking for new tables', (client) => this.#find(client));
    const due = this.#due;
    if (due === null || this.#abort.signal.aborted) return;
    const chunked = await start.sql.use('waiting for transactions', async (client) => {
      const { rows } = await client.query<{ oldest: string }>(
        'SELECT pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::text AS oldest',
      );
      if (BigInt(rows[0]?.oldest ?? 0) >= due.from) return this.#inChunks(client, due);
      if (this.#told !== due && start.source.clock.monotonic() - due.foundMs >= warnMs) {
        this.#told = due;
        const holders = await openTransactions(client);
        start.source.log.warn({ holders }, 'new tables are read when every transaction has ended that was open when they were found');
      }
      return null;
    });
    if (chunked === null) return;
    const done = Promise.withResolvers<void>();
    interlude(async () => {
      try {
        await this.#readAll(due, chunked);
      } finally {
        done.resolve();
      }
    });
    await done.promise;
  }

  /** Null: none. */
  async #find(client: Client): Promise<Due | null> {
    const { start, position } = this.#options;
    const { filter, source } = start;
    this.#met = false;
    this.#known.beginLook();
    const { look, captured } = await lookForTables(client, start);
    const unknown = this.#known.unknown(look, position.reached);
    const tables = new Set<number>();
    for (const oid of unknown.tables) {
      const { schema = '', name = '' } = captured.get(oid) ?? {};
      const needless = !filter.acceptsSnapshot(schema, name) || (this.#known.cameByStream(oid) && (await this.#isWhole(client, oid)));
      if (needless) this.#known.add(oid);
      else tables.add(oid);
    }
    this.#known.looked(look);
    const partitions = await this.#newPartitions(client, captured, unknown.partitions, tables);
    if (tables.size === 0 && partitions.size === 0) return null;
    const names = [...tables, ...new Set(partitions.values())].map((oid) => `${captured.get(oid)?.schema}.${captured.get(oid)?.name}`);
    source.log.info({ tables: names, partitions: partitions.size }, 'new tables: reading the rows they have');
    // What is open now may have written to them before they were published: the stream will not bring it.
    const { rows } = await client.query<{ next: string }>(
      'SELECT pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text AS next',
    );
    return { tables, partitions, from: BigInt(rows[0]?.next ?? 0), foundMs: source.clock.monotonic() };
  }

  /** Those with rows that were never published under the name of their table. The rest is known from now on. */
  async #newPartitions(
    client: Client,
    captured: Captured,
    candidates: readonly number[],
    tables: ReadonlySet<number>,
  ): Promise<Map<number, number>> {
    if (candidates.length === 0) return new Map();
    const { filter } = this.#options.start;
    const roots = await partitionsOf(client, [...captured.values()]);
    const found = new Map<number, number>();
    for (const partition of candidates) {
      const table = captured.get(roots.get(partition) ?? 0);
      // A table that is new itself is read with all of its partitions.
      const due = table !== undefined && !tables.has(table.oid) && filter.acceptsSnapshot(table.schema, table.name);
      if (due && !(await wasMadeAsPartition(client, partition, table.oid))) found.set(partition, table.oid);
      else this.#known.addPartitions([partition]);
    }
    return found;
  }

  /** What is read beside the stream: partitions that were attached, and large tables that have a key to walk along. */
  async #inChunks(client: Client, { tables, partitions }: Due): Promise<Collection[]> {
    const { start, shown } = this.#options;
    const { settings, source } = start;
    const collections: Collection[] = [];
    const consider = async (oid: number, partition: number | null): Promise<void> => {
      const collection = { schema: '', table: '', condition: null, surrogateKey: null, oid, partition };
      const plan = await planTable(client, start, collection, 'incremental');
      if (typeof plan !== 'string') collections.push({ ...collection, schema: plan.info.schema, table: plan.info.name });
      else if (partition !== null) {
        const remedy = 'give it a primary key, or send a signal for a blocking snapshot of it';
        source.log.warn({ table: oid, partition, fault: plan }, `the rows of a partition that was attached cannot be read: ${remedy}`);
      }
    };
    const sizes = await tableSizes(client, [...tables]);
    const tells = await tellsOfDeletes(client, settings.publication.name);
    for (const oid of tables) {
      // What was begun in one go is ended in one go.
      const begun = shown.progress.hasBegun(oid);
      if (tells && !begun && (sizes.get(oid)?.bytes ?? 0) > settings.snapshot.newTablesWholeBytesMax) await consider(oid, null);
    }
    for (const [partition, table] of partitions) await consider(table, partition);
    return collections.filter(({ schema, table }) => !settings.snapshot.selectOverrides.has(`${schema}.${table}`));
  }

  /** While the stream stands still. */
  async #readAll({ tables, partitions, from, foundMs }: Due, chunked: readonly Collection[]): Promise<void> {
    const whole = new Set(tables);
    for (const { oid, partition } of chunked) if (oid !== null && partition === null) whole.delete(oid);
    if (chunked.length > 0 && !(await this.#enqueue(chunked))) return;
    this.#known.addPartitions(partitions.keys());
    if (whole.size === 0) this.#finish(whole);
    else {
      this.#due = { tables: whole, partitions: new Map(), from, foundMs };
      await this.#read(whole);
    }
  }

  /** From here on the stream brings the changes of these tables. False: not yet. */
  async #enqueue(collections: readonly Collection[]): Promise<boolean> {
    const { start, shown, out, enqueue } = this.#options;
    const view = await start.sql.use('looking at transactions', async (client) => {
      const { rows } = await client.query<{ view: string }>('SELECT pg_catalog.pg_current_snapshot()::text AS view');
      return new TransactionView(rows[0]?.view ?? '');
    });
    // What was left out has to be visible to whoever reads from now on.
    if (this.#abort.signal.aborted || ![...shown.awaited].every((xid) => view.sees(xid))) return false;
    for (const { oid, partition } of collections) {
      if (oid === null || partition !== null) continue;
      shown.progress.forget(oid);
      this.#known.add(oid);
    }
    shown.refresh();
    enqueue(collections);
    if (!out.boundary()) await out.drained();
    return true;
  }

  async #read(wanted: ReadonlySet<number>): Promise<void> {
    const { start, shown, out } = this.#options;
    const { settings, sessions, source } = start;
    const { signal } = this.#abort;
    const client = await sessions.connect({ queryTimeout: false });
    const cut = (): void => void client.connection.stream.destroy();
    signal.addEventListener('abort', cut, { once: true });
    try {
      signal.throwIfAborted();
      const view = await openSnapshotSession(client, settings, null);
      // A transaction may be in the stream and not yet visible. What was left out for the reading has to be in it.
      if (![...shown.awaited].every((xid) => view.transactions.sees(xid))) return;
      if (!shown.active) shown.progress.clear();
      const types = await TypeCatalog.load(client);
      const all = await snapshotTables(client, settings, settings.publication.name, types, source.log);
      const tables = all.filter((table) => wanted.has(table.info.oid));
      const sizes = await tableSizes(client, [...wanted]);
      const epoch = shown.progress.epochs.push({ view: view.text, exported: false, horizon: view.horizon }) - 1;
      const readers = new SnapshotReaders({
        settings,
        clock: source.clock,
        log: source.log,
        createChange: () => this.#change(view),
        view: view.transactions,
        epoch,
        progress: shown.progress,
        types,
        tables,
        sizes,
        fresh: false,
        out,
        signal,
      });
      this.#readers = readers;
      await readers.declare();
      await readers.read(client);
      await readers.finish();
      this.#finish(wanted);
      await readers.boundary();
      source.log.info({ rows: readers.rows }, 'new tables are read');
      await client.query('COMMIT');
    } finally {
      signal.removeEventListener('abort', cut);
      await client.end().catch(() => {});
    }
  }

  #finish(tables: ReadonlySet<number>): void {
    const { shown } = this.#options;
    this.#readers = null;
    this.#due = null;
    for (const table of tables) {
      // One that is gone by now has nothing to show.
      if (!shown.progress.isComplete(table)) shown.progress.forget(table);
      this.#known.add(table);
    }
    shown.clearAwaited();
    shown.refresh();
  }

  /** Rows stand at the end of what the stream has brought so far. */
  #change(view: SnapshotView): ReadingChange {
    const reading = this.#options.createChange();
    const { done } = this.#options.position;
    reading.registers.beginTransaction(view.takenMicros, view.xid);
    reading.registers.clearLastCommitLsn();
    reading.registers.setLsn(highHalf(done), lowHalf(done));
    reading.registers.clearOrigin();
    return reading;
  }
}

/** Made as a partition from the first, so that whatever was written to it was published as part of its table. */
async function wasMadeAsPartition(client: Client, partition: number, table: number): Promise<boolean> {
  // A system column's entry is as old as the table, the other as old as its place in the tree.
  const { rows } = await client.query<{ name: string; made: string | null; readable: boolean }>(
    `SELECT a.attrelid::regclass::text AS name, CASE WHEN i.xmin = a.xmin THEN a.xmin::text END AS made,
            pg_catalog.has_table_privilege(a.attrelid, 'SELECT') AS readable
     FROM pg_catalog.pg_partition_ancestors($1::oid) WITH ORDINALITY AS n (relid, level)
     JOIN pg_catalog.pg_attribute a ON a.attrelid = n.relid AND a.attname = 'tableoid'
     JOIN pg_catalog.pg_inherits i ON i.inhrelid = n.relid
     WHERE n.relid NOT IN (SELECT relid FROM pg_catalog.pg_partition_ancestors($2::oid)) ORDER BY n.level`,
    [partition, table],
  );
  const [own] = rows;
  if (own === undefined || !own.readable || rows.some(({ made }) => made === null)) return false;
  // In one transaction rows may have come before the attaching.
  const early = await client.query(`SELECT FROM ONLY ${own.name} WHERE xmin = $1::xid LIMIT 1`, [own.made]);
  return early.rows.length === 0;
}

/** Without that a row that is deleted while its chunk is read would come back. */
async function tellsOfDeletes(client: Client, publication: string): Promise<boolean> {
  const { rows } = await client.query<{ tells: boolean }>(
    'SELECT pubdelete AND pubtruncate AS tells FROM pg_catalog.pg_publication WHERE pubname = $1',
    [publication],
  );
  return rows[0]?.tells === true;
}
