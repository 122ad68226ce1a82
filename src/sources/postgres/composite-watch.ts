import { dated, definitionBefore, versionsBetween, type DatedAttribute } from './row-versions.ts';
import type { SqlSession } from './session.ts';
import { TransactionView } from './transaction-view.ts';
import type { TypeAttribute, TypeCatalog } from './type-catalog.ts';

/** Definitions of composite types as the server has them. */
export interface CompositeReading {
  /** Every transaction that this saw had ended before the definitions were read. */
  readonly seen: string;
  /** With what the definitions were read. */
  readonly read: string;
  /** Before `seen`: the oldest transaction that was running in this database, if it was asked for; null: none was. */
  readonly oldest?: number | null;
  readonly attributes: ReadonlyMap<number, readonly DatedAttribute[]>;
}

/** `running`: also says which transactions are running in this database. */
export type CompositeReader = (oids: readonly number[], running: boolean) => Promise<CompositeReading>;

interface Watched {
  /** The last definition behind which no value of another one can come; null: not known. */
  settled: readonly TypeAttribute[] | null;
  /** The last one read; null: not read yet. */
  current: readonly TypeAttribute[] | null;
}

/**
 * Notices that a composite type was altered. Nothing in the stream says so: tables that use the type are not described anew, and
 * values are printed as the type was when they were written. So before the first change of a transaction that the last
 * reading did not see, the definitions are read again; one reading covers every transaction that had ended by then, so in a
 * backlog there are few of them.
 *
 * While values of an earlier definition may still come, the type has all versions that these can have (`RowVersions`); that ends when
 * every transaction that ran when the change was noticed has passed.
 */
export class CompositeWatch {
  readonly #reader: CompositeReader;
  readonly #types: TypeCatalog;
  readonly #standby: boolean;
  readonly #watched = new Map<number, Watched>();
  #view: TransactionView | null = null;
  /** As in the last reading. Other databases may have transactions that run for long, and they are no concern of these types. */
  #oldest: number | null | undefined = undefined;
  /** Null: no other definitions than the present ones can come. Otherwise they can from transactions that this view does not see as past. */
  #unsettled: TransactionView | null = null;

  /** `types`: where the definitions are kept. */
  constructor(reader: CompositeReader, types: TypeCatalog, standby: boolean) {
    this.#reader = reader;
    this.#types = types;
    this.#standby = standby;
  }

  /** False: `verify` before the next change of this transaction. */
  holds(xid: number): boolean {
    if (this.#watched.size === 0) return true;
    const view = this.#view;
    return view !== null && view.sees(xid) && !(this.#standby && view.isRecent(xid));
  }

  /** These types are used from now on. */
  async add(oids: readonly number[]): Promise<void> {
    const unknown = oids.filter((oid) => !this.#watched.has(oid));
    if (unknown.length === 0) return;
    for (const oid of unknown) this.#watched.set(oid, { settled: null, current: null });
    await this.#read(false);
  }

  /** Reads the definitions again, for a transaction that `holds` did not answer for. True: a type is another now. */
  verify(): Promise<boolean> {
    // Whoever is not seen by a view that is past all that ran at the last change began after that change.
    return this.#read(this.#unsettled !== null && this.#view !== null && this.#isPast(this.#unsettled.xmax, this.#view));
  }

  #isPast(xid: number, view: TransactionView): boolean {
    if (((view.xmin - xid) | 0) >= 0 || this.#oldest === null) return true;
    return this.#oldest !== undefined && ((this.#oldest - xid) | 0) >= 0;
  }

  async #read(settles: boolean): Promise<boolean> {
    const { seen, read, oldest, attributes } = await this.#reader([...this.#watched.keys()], this.#unsettled !== null && !this.#standby);
    this.#view = new TransactionView(seen);
    this.#oldest = oldest;
    let altered = false;
    let changed = false;
    for (const [oid, watched] of this.#watched) {
      const found = attributes.get(oid);
      if (found === undefined) continue;
      if (watched.current === null) watched.settled = definitionBefore(found);
      else if (settles) watched.settled = watched.current;
      if (watched.current === null || textOf(watched.current) !== textOf(found)) altered = true;
      watched.current = found;
      if (this.#types.redefine(oid, found, versionsBetween(watched.settled, found))) changed = true;
    }
    if (altered) this.#unsettled = new TransactionView(read);
    else if (settles) this.#unsettled = null;
    return changed;
  }
}

function textOf(attributes: readonly TypeAttribute[]): string {
  return JSON.stringify(attributes.map(({ name, number, typeOid, dropped }) => [name, number, typeOid, dropped]));
}

/** Over the SQL session of the source. `slot`: what changed behind its `catalog_xmin` may be newer than what it still brings. */
export function compositeReader(sql: SqlSession, slot: string, types: TypeCatalog): CompositeReader {
  return async (oids, running) =>
    sql.use('reading composite types', async (client) => {
      const list = oids.join(', ');
      const answers = (await client.query(`
        ${running ? oldestSql : 'SELECT'};
        SELECT pg_catalog.pg_current_snapshot()::text AS view;
        -- Waits for the end of a transaction that is altering one of them: its commit may be in the stream already.
        SELECT pg_catalog.pg_relation_size(typrelid) FROM pg_catalog.pg_type WHERE oid IN (${list});
        SELECT pg_catalog.pg_current_snapshot()::text AS view,
          (SELECT catalog_xmin::text FROM pg_catalog.pg_replication_slots WHERE slot_name = ${client.escapeLiteral(slot)}) AS horizon,
          (SELECT json_agg(json_build_array(t.oid::int8, t.xmin::text,
             (SELECT json_agg(json_build_array(a.attname, a.attnum, a.atttypid::int8, a.atttypmod, a.attisdropped, a.xmin::text) ORDER BY a.attnum)
              FROM pg_catalog.pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0)))
           FROM pg_catalog.pg_type t WHERE t.oid IN (${list})) AS types`)) as unknown as readonly { readonly rows: readonly Answer[] }[];
      const last = answers[3]?.rows[0];
      const attributes = new Map<number, readonly DatedAttribute[]>();
      for (const [oid, typeXmin, rows] of last?.types ?? []) {
        const written = rows.map(([name, number, typeOid, typmod, dropped, xmin]) => ({
          name,
          number,
          typeOid,
          typmod,
          dropped,
          xmin: Number(xmin),
        }));
        attributes.set(oid, dated(written, Number(typeXmin), last?.horizon === null ? null : Number(last?.horizon)));
      }
      await types.resolve(
        client,
        [...attributes.values()].flatMap((list) => list.map(({ typeOid }) => typeOid)),
      );
      const oldest = answers[0]?.rows[0]?.oldest;
      return {
        seen: answers[1]?.rows[0]?.view ?? '',
        read: last?.view ?? '',
        attributes,
        ...(oldest === undefined ? {} : { oldest: oldest === null ? null : Number(oldest) }),
      };
    });
}

/** Whoever has an id holds a lock on it. */
const oldestSql = `
  SELECT (SELECT xid::text FROM (
    SELECT l.transactionid AS xid FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
    WHERE l.locktype = 'transactionid' AND l.mode = 'ExclusiveLock' AND l.granted AND a.datname = current_database()
    UNION ALL SELECT transaction FROM pg_catalog.pg_prepared_xacts WHERE database = current_database()
  ) running ORDER BY pg_catalog.age(xid) DESC LIMIT 1) AS oldest`;

interface Answer {
  readonly oldest?: string | null;
  readonly view: string;
  readonly horizon: string | null;
  readonly types: readonly (readonly [oid: number, xmin: string, attributes: readonly AttributeRow[]])[] | null;
}

type AttributeRow = readonly [name: string, number: number, type: number, typmod: number, dropped: boolean, xmin: string];
