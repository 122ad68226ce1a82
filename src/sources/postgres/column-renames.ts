/** The columns of a table as the catalog had them at one moment. */
export interface ColumnsRead {
  /** Numbers (`attnum`) of those that the stream brings, ascending: the order in which it lists them. */
  readonly live: readonly number[];
  /** The largest number ever given, dropped columns included. */
  readonly highest: number;
  /** It was read before the log came to this place. */
  readonly lsn: bigint;
}

interface Described {
  readonly names: readonly string[];
  /** Where in the log the description that gave these names belongs. */
  readonly lsn: bigint;
}

interface Table {
  current: Described;
  /** The last two. */
  reads: readonly ColumnsRead[];
  /** By number, what a column was called before. */
  readonly former: Map<number, readonly string[]>;
}

/** Former names by column name. */
export type FormerNames = ReadonlyMap<string, readonly string[]>;

/**
 * Which number belongs to which of the listed columns? A description lists names, and the catalog, which has the numbers,
 * may have moved on. But a number is never given twice, new ones are larger than all before, and a description lists columns in the
 * order of their numbers. So between two readings, one before the description and one after it, there is no doubt if in that
 * time columns were only added, or only dropped and all of that had happened (or nothing yet). Null: there is doubt.
 */
export function numbersOf(count: number, before: ColumnsRead, after: ColumnsRead): readonly number[] | null {
  const added = after.highest - before.highest;
  if (added === 0) {
    if (count === after.live.length) return after.live;
    return count === before.live.length ? before.live : null;
  }
  const kept = before.live.every((number, at) => after.live[at] === number);
  const onlyAdded = kept && after.live.length - before.live.length === added;
  return onlyAdded && count >= before.live.length && count <= after.live.length ? after.live.slice(0, count) : null;
}

/**
 * Tells a renamed column from one that was dropped while another was added: by its number. Where the numbers are in doubt it
 * is no rename. Former names stay with the number, so they are right whenever the number is known.
 */
export class ColumnRenames {
  readonly #tables = new Map<number, Table>();

  /** A reading that nothing was described by yet: what the table looked like at the start. */
  start(table: number, names: readonly string[], read: ColumnsRead, former: ReadonlyMap<number, readonly string[]> = new Map()): void {
    this.#tables.set(table, { current: { names, lsn: read.lsn }, reads: [read], former: new Map(former) });
  }

  /** Must `described` be called with a new reading? Otherwise nothing has changed and there is nothing to verify. */
  asks(table: number, names: readonly string[]): boolean {
    const known = this.#tables.get(table);
    return known === undefined || known.former.size > 0 || !sameNames(known.current.names, names);
  }

  /** The table is described as it was before: the numbers may be others all the same. */
  again(table: number, lsn: bigint): void {
    const known = this.#tables.get(table);
    if (known !== undefined && lsn > known.current.lsn) known.current = { names: known.current.names, lsn };
  }

  /**
   * The stream describes the table at this place. `read`: taken when everything that was committed up to here was visible;
   * null: not to be had. Answers the former names of columns.
   */
  described(table: number, names: readonly string[], lsn: bigint, read: ColumnsRead | null): FormerNames {
    const known = this.#tables.get(table);
    if (read === null) {
      this.#tables.delete(table);
      return new Map();
    }
    if (known === undefined) {
      this.#tables.set(table, { current: { names, lsn }, reads: [read], former: new Map() });
      return new Map();
    }
    const { current, reads, former } = known;
    const numbers = numbersAt({ names, lsn }, reads, read);
    const numbersThen = numbersAt(current, reads, read);
    known.current = { names, lsn };
    known.reads = [...reads.slice(-1), read];
    if (numbers === null) return new Map();
    for (const [at, number] of numbersThen?.entries() ?? []) {
      const [was, is] = [current.names[at] ?? '', names[numbers.indexOf(number)] ?? ''];
      if (is !== '' && is !== was) former.set(number, [...new Set([...(former.get(number) ?? []), was])]);
    }
    return this.formerOf(table, new Map(numbers.map((number, at) => [number, names[at] ?? ''])));
  }

  /** By the names that the columns have at present. */
  formerOf(table: number, columns: ReadonlyMap<number, string>): FormerNames {
    const former = this.#tables.get(table)?.former;
    if (former === undefined || former.size === 0) return new Map();
    const inUse = new Set(columns.values());
    const found = [...columns].map(([number, name]): [string, readonly string[]] => {
      // A name that another column has now is no name of this one any more.
      return [name, (former.get(number) ?? []).filter((old) => !inUse.has(old))];
    });
    return new Map(found.filter(([, olds]) => olds.length > 0));
  }

  /** For the offset: table → number → former names; null: there are none. */
  toText(): string | null {
    const entries = [...this.#tables].filter(([, { former }]) => former.size > 0);
    return entries.length === 0 ? null : JSON.stringify(entries.map(([table, { former }]) => [table, [...former]]));
  }

  static parse(text: string | null): ReadonlyMap<number, ReadonlyMap<number, readonly string[]>> {
    if (text === null) return new Map();
    const entries = JSON.parse(text) as [number, [number, string[]][]][];
    return new Map(entries.map(([table, former]) => [table, new Map(former)]));
  }
}

function numbersAt({ names, lsn }: Described, reads: readonly ColumnsRead[], after: ColumnsRead): readonly number[] | null {
  const before = reads.findLast((read) => read.lsn <= lsn);
  return before === undefined ? null : numbersOf(names.length, before, after);
}

function sameNames(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((name, at) => name === right[at]);
}
