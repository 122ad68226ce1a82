import type { Client } from 'pg';

import type { ChangeOutlet } from '../../connect/source.ts';
import type { OffsetMap } from '../../record/offset.ts';
import { withSignalTable } from './adhoc/signal-table.ts';
import { loadTables } from './catalog.ts';
import { highHalf, lowHalf } from './lsn.ts';
import { packNumbers, unpackNumbers } from './number-pack.ts';
import { ensurePublication, publishedTables } from './publication.ts';
import type { ReadingChange } from './reading-change.ts';
import type { SnapshotFilter } from './snapshot-filter.ts';
import type { TableProgress } from './snapshot-progress.ts';
import { SnapshotReaders } from './snapshot-readers.ts';
import { openSnapshotSession, type SnapshotView } from './snapshot-session.ts';
import { tableSizes } from './snapshot-split.ts';
import { snapshotTables } from './snapshot-tables.ts';
import type { StartContext } from './start-context.ts';
import type { StreamPosition } from './stream-position.ts';
import { TypeCatalog } from './type-catalog.ts';

/** The member of an offset that lists the tables whose rows are all delivered or on their way. */
const knownMember = 'tables_known';

export function knownTables(offset: OffsetMap | null): readonly number[] | null {
  const packed = offset?.[knownMember];
  return typeof packed === 'string' ? unpackNumbers(packed) : null;
}

export interface NewTablesOptions {
  readonly start: StartContext;
  /** From the stored offset; null: all that are captured now. */
  readonly known: readonly number[] | null;
  readonly shown: SnapshotFilter;
  readonly position: StreamPosition;
  readonly out: ChangeOutlet;
  readonly createChange: () => ReadingChange;
  /** Runs the work between two transactions. */
  readonly interlude: (work: () => Promise<void>) => void;
  readonly onError: (error: unknown) => void;
}

/**
 * Finds tables that have come to be captured and published, and reads the rows they have. Until then the stream leaves
 * their changes out, because the reading will show them; after it, those that the reading has seen. The stream stands
 * still while rows are read.
 */
export class NewTables {
  readonly #options: NewTablesOptions;
  readonly #known: Set<number>;
  readonly #abort = new AbortController();
  #lookedMs = -Infinity;
  #busy = false;
  /** Met in the stream: somebody has to look. */
  #met = false;
  /** Found; read when every transaction has ended that may have written to them while they were not published. */
  #due: { readonly tables: ReadonlySet<number>; readonly from: bigint } | null = null;
  #readers: SnapshotReaders | null = null;

  constructor(options: NewTablesOptions) {
    const { start, known, shown } = options;
    this.#options = options;
    this.#known = new Set(known ?? start.tables.map((table) => table.oid));
    shown.isNew = (table) => {
      const isNew = !this.#known.has(table);
      if (isNew) this.#met = true;
      return isNew;
    };
  }

  members(): OffsetMap & object {
    return { [knownMember]: packNumbers([...this.#known]) };
  }

  /** How the tables stand that are being read. */
  current(): TableProgress[] {
    return this.#readers?.current() ?? [];
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

  async #look(): Promise<void> {
    const { start, interlude } = this.#options;
    this.#due ??= await start.sql.use('looking for new tables', (client) => this.#find(client));
    const due = this.#due;
    if (due === null || this.#abort.signal.aborted) return;
    const ended = await start.sql.use('waiting for transactions', async (client) => {
      const { rows } = await client.query<{ oldest: string }>(
        'SELECT pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::text AS oldest',
      );
      return BigInt(rows[0]?.oldest ?? 0) >= due.from;
    });
    if (!ended) return;
    const done = Promise.withResolvers<void>();
    interlude(async () => {
      await this.#read(due.tables).finally(() => done.resolve());
    });
    await done.promise;
  }

  /** Null: none. Adds them to a publication that is kept by us. */
  async #find(client: Client): Promise<{ readonly tables: ReadonlySet<number>; readonly from: bigint } | null> {
    const { settings, filter, source } = this.#options.start;
    this.#met = false;
    const captured = await loadTables(client, { accepts: (schema, name) => filter.acceptsTable(schema, name) });
    const unknown = captured.filter((table) => table.logged && !this.#known.has(table.oid));
    if (unknown.length === 0) return null;
    if (settings.publication.autocreateMode === 'filtered') {
      const wanted = captured.filter((table) => table.logged);
      await ensurePublication(client, settings, await withSignalTable(client, settings, wanted), source.log);
    }
    const published = new Set((await publishedTables(client, settings.publication.name)).map(({ schema, name }) => `${schema}\0${name}`));
    const found = unknown.filter((table) => published.has(`${table.schema}\0${table.name}`));
    const tables = new Set<number>();
    for (const { oid, schema, name } of found) {
      if (filter.acceptsSnapshot(schema, name)) tables.add(oid);
      else this.#known.add(oid);
    }
    if (tables.size === 0) return null;
    source.log.info({ tables: found.map(({ schema, name }) => `${schema}.${name}`) }, 'new tables: reading the rows they have');
    // What is open now may have written to them before they were published: the stream will not bring it.
    const { rows } = await client.query<{ next: string }>(
      'SELECT pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text AS next',
    );
    return { tables, from: BigInt(rows[0]?.next ?? 0) };
  }

  async #read(wanted: ReadonlySet<number>): Promise<void> {
    const { start, shown, out } = this.#options;
    const { settings, sessions, source } = start;
    const { signal } = this.#abort;
    const client = await sessions.connect({ queryTimeout: false });
    const cut = (): void => void client.connection.stream.destroy();
    signal.addEventListener('abort', cut, { once: true });
    try {
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
