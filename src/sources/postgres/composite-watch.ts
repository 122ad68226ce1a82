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
  readonly attributes: ReadonlyMap<number, readonly DatedAttribute[]>;
}

export type CompositeReader = (oids: readonly number[]) => Promise<CompositeReading>;

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
    const settles = this.#unsettled !== null && this.#view !== null && ((this.#view.xmin - this.#unsettled.xmax) | 0) >= 0;
    return this.#read(settles);
  }

  async #read(settles: boolean): Promise<boolean> {
    const { seen, read, attributes } = await this.#reader([...this.#watched.keys()]);
    this.#view = new TransactionView(seen);
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
  return async (oids) =>
    sql.use('reading composite types', async (client) => {
      const list = oids.join(', ');
      const answers = (await client.query(`
        SELECT pg_catalog.pg_current_snapshot()::text AS view;
        -- Waits for the end of a transaction that is altering one of them: its commit may be in the stream already.
        SELECT pg_catalog.pg_relation_size(typrelid) FROM pg_catalog.pg_type WHERE oid IN (${list});
        SELECT pg_catalog.pg_current_snapshot()::text AS view,
          (SELECT catalog_xmin::text FROM pg_catalog.pg_replication_slots WHERE slot_name = ${client.escapeLiteral(slot)}) AS horizon,
          (SELECT json_agg(json_build_array(t.oid::int8, t.xmin::text,
             (SELECT json_agg(json_build_array(a.attname, a.attnum, a.atttypid::int8, a.atttypmod, a.attisdropped, a.xmin::text) ORDER BY a.attnum)
              FROM pg_catalog.pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0)))
           FROM pg_catalog.pg_type t WHERE t.oid IN (${list})) AS types`)) as unknown as readonly { readonly rows: readonly Answer[] }[];
      const last = answers[2]?.rows[0];
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
      return { seen: answers[0]?.rows[0]?.view ?? '', read: last?.view ?? '', attributes };
    });
}

interface Answer {
  readonly view: string;
  readonly horizon: string | null;
  readonly types: readonly (readonly [oid: number, xmin: string, attributes: readonly AttributeRow[]])[] | null;
}

type AttributeRow = readonly [name: string, number: number, type: number, typmod: number, dropped: boolean, xmin: string];
