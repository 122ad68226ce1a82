import type { OffsetMap } from '../../record/offset.ts';
import { packNumbers, unpackNumbers } from './number-pack.ts';

/** The members of an offset that list tables, and partitions of them, whose rows are all delivered or on their way. */
const tablesMember = 'tables_known';
const partitionsMember = 'partitions_known';

/** Of an offset; null: it says nothing about it. */
export interface StoredKnown {
  readonly tables: readonly number[];
  /** Partitions whose rows come under the name of their table; null: those that there are now. */
  readonly partitions: readonly number[] | null;
}

export function knownTables(offset: OffsetMap | null): StoredKnown | null {
  const tables = offset?.[tablesMember];
  const partitions = offset?.[partitionsMember];
  if (typeof tables !== 'string') return null;
  return { tables: unpackNumbers(tables), partitions: typeof partitions === 'string' ? unpackNumbers(partitions) : null };
}

/** What there was at one moment. */
export interface Presence {
  /** Every table of users, captured or not. */
  readonly present: ReadonlySet<number>;
  /** The publication is for all tables: the stream has whatever was written to a table since it was made. */
  readonly allTables: boolean;
}

/** The catalog at one moment. */
export interface CatalogLook extends Presence {
  /** Tables that are captured and published. */
  readonly captured: ReadonlySet<number>;
  /** Everything that was committed then lies before this place in the log. */
  readonly horizon: bigint;
  /** Partitions whose rows come under the name of a captured table. */
  readonly partitions: ReadonlySet<number>;
}

/**
 * Which tables need not be read, because their rows were read, or come by the stream from the first one on. The stream may
 * be far behind the catalog, so a table that is no longer captured is forgotten only when the stream has come past that.
 */
export class KnownTables {
  readonly #tables: Set<number>;
  #partitions: ReadonlySet<number>;
  /** No longer captured: by table, the place in the log from which on it is not known any more. */
  readonly #leaving = new Map<number, bigint>();
  #last: Presence | null = null;
  /** Since the look that is under way began: it may not have seen them. */
  readonly #added = new Set<number>();
  /** A table was forgotten: nothing that was read of it counts any more. */
  readonly #onForgotten: (table: number) => void;

  constructor(tables: Iterable<number>, partitions: Iterable<number>, onForgotten: (table: number) => void) {
    this.#onForgotten = onForgotten;
    this.#tables = new Set(tables);
    this.#partitions = new Set(partitions);
  }

  members(): OffsetMap & object {
    const tables = { [tablesMember]: packNumbers([...this.#tables]) };
    return this.#partitions.size === 0 ? tables : { ...tables, [partitionsMember]: packNumbers([...this.#partitions]) };
  }

  add(table: number): void {
    this.#tables.add(table);
    this.#added.add(table);
    this.#leaving.delete(table);
  }

  addPartitions(partitions: Iterable<number>): void {
    this.#partitions = new Set([...this.#partitions, ...partitions]);
  }

  /** The catalog is about to be looked at. */
  beginLook(): void {
    this.#added.clear();
  }

  /** `reached`: the place in the log up to which the stream tells of changes. */
  has(table: number, reached: bigint): boolean {
    const horizon = this.#leaving.get(table);
    if (horizon !== undefined && reached >= horizon) {
      this.#leaving.delete(table);
      this.#tables.delete(table);
      this.#onForgotten(table);
    }
    return this.#tables.has(table);
  }

  /** It was not there when the catalog was looked at last, and whatever is written to a table is published. */
  cameByStream(table: number): boolean {
    return this.#last !== null && this.#last.allTables && !this.#last.present.has(table);
  }

  /** What is to be read after another look at the catalog; tables for which `cameByStream` holds still have to be asked about. */
  unknown(look: CatalogLook, reached: bigint): { readonly tables: number[]; readonly partitions: number[] } {
    for (const table of this.#tables) {
      if (this.#added.has(table)) continue;
      // What the stream still has of a table that is gone is delivered in any case.
      if (!look.present.has(table)) this.#tables.delete(table);
      else {
        // One that was away and is back was away all the same, and its changes with it.
        if (!look.captured.has(table) && !this.#leaving.has(table)) this.#leaving.set(table, look.horizon);
        this.has(table, reached);
      }
    }
    const known = this.#partitions;
    const partitions = [...look.partitions].filter((partition) => !known.has(partition));
    this.#partitions = new Set([...known].filter((partition) => look.partitions.has(partition)));
    return { tables: [...look.captured].filter((table) => !this.#tables.has(table)), partitions };
  }

  /** What is asked from now on refers to this look. */
  looked(look: Presence): void {
    this.#last = look;
  }
}
