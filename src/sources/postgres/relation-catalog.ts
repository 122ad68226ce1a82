import type { Clock } from '../../base/clock.ts';
import type { TableInfo, TypeCatalog } from './catalog.ts';
import { loadTables } from './catalog.ts';
import type { SqlSession } from './session.ts';
import { TransactionView } from './transaction-view.ts';

/** What descriptions of tables in the stream leave out. `xid`: the transaction with which the description came, 0 where that is unknown. */
export interface RelationCatalog {
  /** The table at some moment after `xid` was committed; null when it was gone by then. */
  table(oid: number, xid: number): Promise<TableInfo | null>;
  /** Knows these types, as they were at such a moment; `xid` null: at any moment of this run. */
  types(oids: readonly number[], xid: number | null): Promise<TypeCatalog>;
}

/** How the catalog is read; every answer is that of the moment. */
export interface CatalogReader {
  /** `pg_current_snapshot()` */
  view(): Promise<string>;
  /** Those that exist. */
  tables(oids: readonly number[]): Promise<readonly TableInfo[]>;
  reloadTypes(): Promise<void>;
  resolveTypes(oids: readonly number[]): Promise<void>;
}

export interface RelationCatalogOptions {
  readonly reader: CatalogReader;
  /** What `reader` reads types into. */
  readonly types: TypeCatalog;
  /** Tables that may come to be described. */
  readonly tables: readonly number[];
  /** On a standby the server does not say which transactions are running, only which is the oldest of them. */
  readonly standby: boolean;
  readonly clock: Clock;
}

/** Tables that one reading takes along. */
const aheadMax = 500;
/** Two readings within this time, and others are taken along; at most once in it. */
const burstMs = 1000;

/** With synchronous standbys a commit can stay invisible for long, and it may be waiting for us. */
const visibleAttemptsMax = 50;
/** A table that is there is as it was before, but for what the transaction altered in it. */
const settledAttemptsMax = 10;
const visibleWaitMs = 10;

interface Answer {
  readonly view: TransactionView;
  readonly table: TableInfo | null;
}

/**
 * The server describes each table once in a session and again after every change, and the stream stands still for each
 * question. In a backlog those come by the hundred; so with the second in a short time the tables that will probably be
 * next are asked for as well. An answer holds for every transaction that was committed when it was given: that is as good
 * as asking after the description came.
 */
export class ReadAheadCatalog implements RelationCatalog {
  readonly #options: RelationCatalogOptions;
  readonly #place: ReadonlyMap<number, number>;
  readonly #answers = new Map<number, Answer>();
  #typesView: TransactionView | null = null;
  #lastReadMs = Number.NEGATIVE_INFINITY;
  #lastAheadMs = Number.NEGATIVE_INFINITY;

  constructor(options: RelationCatalogOptions) {
    this.#options = options;
    this.#place = new Map(options.tables.map((oid, at) => [oid, at]));
  }

  async table(oid: number, xid: number): Promise<TableInfo | null> {
    const known = this.#answers.get(oid);
    if (known !== undefined && this.#holds(known.view, xid)) return known.table;
    const oids = this.#next(oid);
    for (let attempt = 1; ; attempt += 1) {
      const { view, table } = await this.#read(oid, oids);
      // A commit may be streamed a moment before it is visible: a table may be about to be there, or to have another key.
      if (xid === 0 || view.sees(xid) || attempt >= (table === null ? visibleAttemptsMax : settledAttemptsMax)) return table;
      await this.#options.clock.sleep(visibleWaitMs);
    }
  }

  async #read(oid: number, oids: readonly number[]): Promise<Answer> {
    const { reader } = this.#options;
    // Before the tables: these are then at least as new as the view says.
    const view = new TransactionView(await reader.view());
    const found = new Map((await reader.tables(oids)).map((table) => [table.oid, table]));
    for (const each of oids) this.#answers.set(each, { view, table: found.get(each) ?? null });
    return { view, table: found.get(oid) ?? null };
  }

  async types(oids: readonly number[], xid: number | null): Promise<TypeCatalog> {
    const { reader, types } = this.#options;
    // Nothing in the stream tells of a new label (nor of a composite type that was altered: see `CompositeWatch`).
    const hasEnum = types.closure(oids).some(({ kind }) => kind === 'enum');
    if (hasEnum && !this.#typesHold(xid)) {
      const view = new TransactionView(await reader.view());
      await reader.reloadTypes();
      this.#typesView = view;
    }
    if (!oids.every((oid) => types.has(oid))) await reader.resolveTypes(oids);
    return types;
  }

  #typesHold(xid: number | null): boolean {
    return this.#typesView !== null && (xid === null || this.#holds(this.#typesView, xid));
  }

  #holds(view: TransactionView, xid: number): boolean {
    return xid !== 0 && view.sees(xid) && !(this.#options.standby && view.isRecent(xid));
  }

  /** This table and those that will probably be described next: they come in about the order in which they are listed. */
  #next(oid: number): readonly number[] {
    const { clock, tables } = this.#options;
    const nowMs = clock.monotonic();
    const alone = nowMs - this.#lastReadMs > burstMs || nowMs - this.#lastAheadMs <= burstMs;
    this.#lastReadMs = nowMs;
    const place = this.#place.get(oid);
    if (alone || place === undefined) return [oid];
    this.#lastAheadMs = nowMs;
    const ahead = tables.slice(place, place + aheadMax);
    return [...ahead, ...tables.slice(0, Math.min(place, aheadMax - ahead.length))];
  }
}

/** Over the SQL session of the source. */
export function catalogReader(sql: SqlSession, types: TypeCatalog): CatalogReader {
  return {
    view: () =>
      sql.use('reading the catalog', async (client) => {
        const { rows } = await client.query<{ view: string }>('SELECT pg_catalog.pg_current_snapshot()::text AS view');
        return rows[0]?.view ?? '';
      }),
    tables: (oids) => sql.use('reading the catalog', (client) => loadTables(client, { oids })),
    reloadTypes: () => sql.use('reading the types', (client) => types.reload(client)),
    resolveTypes: (oids) => sql.use('reading the types', (client) => types.resolve(client, oids)),
  };
}
