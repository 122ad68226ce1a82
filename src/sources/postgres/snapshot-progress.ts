import { ConnectError } from '../../base/errors.ts';
import { formatLsn, parseLsn } from './lsn.ts';
import { fromLinear, type LinearEpoch } from './linear-progress.ts';
import { packNumbers, unpackNumbers } from './number-pack.ts';

/** How two values of a key column compare by their text: as integers, or byte by byte. */
export type KeyOrder = 'number' | 'bytes';

/** A database snapshot in which rows were read. */
export interface Epoch {
  /** `xmin:xmax:xip,…` as `pg_current_snapshot()` prints it. */
  readonly view: string;
  /** The snapshot that the slot exported when it was made: the stream brings nothing that it saw. */
  readonly exported: boolean;
  /** What this snapshot saw had been committed before this place in the log. */
  readonly horizon: bigint;
}

/** A key, as the texts that the server prints. */
export type KeyPoint = readonly string[];

/**
 * A row by its place on disk: the table or partition that holds it, and where in it. `recent`: inserting (sub)transactions
 * of rows that were read and whose number alone does not tell that the snapshot saw them; null: too many to list.
 */
export interface PlacePoint {
  readonly part: number;
  readonly ctid: string;
  readonly recent: readonly number[] | null;
}

/** What one epoch read of a range: behind what the part before it read, up to and including `until`; null: to its end. */
export interface RangePart<Point> {
  readonly epoch: number;
  readonly until: Point | null;
}

/**
 * A slice of a table that is read in one go. It begins where the one before it ends. `to`: the last key that belongs to it, or
 * the first block that does not; null: everything behind. `parts`: by whom it was read, in order; complete when the last
 * of them reaches the end. Places say so only when the whole table is complete, because new rows may lie anywhere.
 */
export interface Range<Point, End> {
  readonly to: End | null;
  readonly parts: readonly RangePart<Point>[];
}

export type KeyRange = Range<KeyPoint, KeyPoint>;
export type PlaceRange = Range<PlacePoint, number>;

/** How far a table was read. */
export type TableProgress =
  /** All of it, in one epoch. */
  | { readonly kind: 'whole'; readonly table: number; readonly epoch: number }
  /** In the order of `columns`. */
  | {
      readonly kind: 'key';
      readonly table: number;
      readonly columns: readonly string[];
      readonly orders: readonly KeyOrder[];
      readonly ranges: readonly KeyRange[];
    }
  /** In the order in which rows lie on disk, as long as the table is not rewritten: that changes `fileNode`. */
  | { readonly kind: 'place'; readonly table: number; readonly fileNode: number; readonly ranges: readonly PlaceRange[] };

/** All tables whose oid lies in `(above, upTo]` and that have no entry of their own: read in this epoch. */
export interface OidSpan {
  readonly above: number;
  readonly upTo: number;
  readonly epoch: number;
}

interface Stored {
  readonly epochs: readonly { readonly view: string; readonly exported: boolean; readonly horizon: string }[];
  /** By epoch, the tables that were read whole. */
  readonly whole: readonly string[];
  readonly tables: readonly TableProgress[];
  readonly spans?: readonly OidSpan[];
}

/** Which rows were read in which database snapshot: what a later reading, and the stream, go by. */
export class SnapshotProgress {
  readonly epochs: Epoch[];
  readonly #tables: Map<number, TableProgress>;
  #spans: readonly OidSpan[];

  constructor(epochs: readonly Epoch[] = [], tables: readonly TableProgress[] = [], spans: readonly OidSpan[] = []) {
    this.epochs = [...epochs];
    this.#tables = new Map(tables.map((table) => [table.table, table]));
    this.#spans = spans;
  }

  /**
   * From an offset; null: nothing was read. Also reads what was stored when tables were read one after the other;
   * `finished`: that snapshot had come to its end.
   */
  static parse(text: string | null, finished: boolean): SnapshotProgress {
    if (text === null) return new SnapshotProgress();
    try {
      const stored = JSON.parse(text) as Stored | LinearEpoch[];
      if (Array.isArray(stored)) return fromLinear(stored, finished);
      const whole = stored.whole.flatMap((packed, epoch) =>
        unpackNumbers(packed).map((table): TableProgress => ({ kind: 'whole', table, epoch })),
      );
      const epochs = stored.epochs.map((epoch) => ({ ...epoch, horizon: parseLsn(epoch.horizon) }));
      return new SnapshotProgress(epochs, [...whole, ...stored.tables], stored.spans ?? []);
    } catch (cause) {
      throw new ConnectError('postgres.offset', 'The stored progress of the snapshot cannot be read.', {
        cause,
        remedy: 'Delete the offsets of this connector to start anew with a snapshot.',
      });
    }
  }

  /** For an offset. Epochs in which nothing was read are left out. `current`: how tables stand that are being read. */
  format(current: readonly TableProgress[] = []): string {
    const tables = new Map(this.#tables);
    for (const table of current) tables.set(table.table, table);
    const used = new Set(this.#spans.map((span) => span.epoch));
    for (const table of tables.values()) for (const epoch of epochsOf(table)) used.add(epoch);
    const kept = [...used].toSorted((left, right) => left - right);
    const renumbered = new Map(kept.map((epoch, index) => [epoch, index]));
    const renumber = (epoch: number): number => renumbered.get(epoch) ?? 0;
    const whole = kept.map(() => [] as number[]);
    const others: TableProgress[] = [];
    for (const table of tables.values()) {
      if (table.kind === 'whole') whole[renumber(table.epoch)]?.push(table.table);
      else others.push(withEpochs(table, renumber));
    }
    const stored: Stored = {
      epochs: kept.flatMap((epoch) => this.epochs[epoch] ?? []).map((epoch) => ({ ...epoch, horizon: formatLsn(epoch.horizon) })),
      whole: whole.map(packNumbers),
      tables: others,
      ...(this.#spans.length > 0 ? { spans: this.#spans.map((span) => ({ ...span, epoch: renumber(span.epoch) })) } : {}),
    };
    return JSON.stringify(stored);
  }

  /** Null: nothing was read of it. */
  table(oid: number): TableProgress | null {
    const own = this.#tables.get(oid);
    if (own !== undefined) return own;
    const span = this.#spans.find(({ above, upTo }) => oid > above && oid <= upTo);
    return span === undefined ? null : { kind: 'whole', table: oid, epoch: span.epoch };
  }

  isComplete(oid: number): boolean {
    const table = this.table(oid);
    return table !== null && (table.kind === 'whole' || table.ranges.every((range) => isComplete(range)));
  }

  /** Some of it was read. */
  hasBegun(oid: number): boolean {
    const table = this.table(oid);
    return table !== null && (table.kind === 'whole' || table.ranges.some((range) => range.parts.length > 0));
  }

  /** Nothing at all was read. */
  get empty(): boolean {
    return this.#tables.size === 0 && this.#spans.length === 0;
  }

  get tables(): IterableIterator<TableProgress> {
    return this.#tables.values();
  }

  /** A table that is complete and was read in one epoch is from now on nothing but that. */
  set(table: TableProgress): void {
    this.#tables.set(table.table, simplest(table));
  }

  /** Nothing of it matters any more. */
  clear(): void {
    this.epochs.length = 0;
    this.#tables.clear();
    this.#spans = [];
  }

  forget(oid: number): void {
    this.#tables.delete(oid);
  }
}

export function isComplete(range: KeyRange | PlaceRange): boolean {
  return range.parts.at(-1)?.until === null;
}

export function epochsOf(table: TableProgress): number[] {
  if (table.kind === 'whole') return [table.epoch];
  const epochs = new Set<number>();
  for (const range of table.ranges) for (const part of range.parts) epochs.add(part.epoch);
  return [...epochs].toSorted((left, right) => left - right);
}

function withEpochs(table: TableProgress, renumber: (epoch: number) => number): TableProgress {
  if (table.kind === 'whole') return { ...table, epoch: renumber(table.epoch) };
  const renumbered = <Point>(part: RangePart<Point>): RangePart<Point> => ({ ...part, epoch: renumber(part.epoch) });
  if (table.kind === 'key') return { ...table, ranges: table.ranges.map((range) => ({ ...range, parts: range.parts.map(renumbered) })) };
  return { ...table, ranges: table.ranges.map((range) => ({ ...range, parts: range.parts.map(renumbered) })) };
}

function simplest(table: TableProgress): TableProgress {
  if (table.kind === 'whole' || !table.ranges.every((range) => isComplete(range))) return table;
  const [epoch, ...more] = epochsOf(table);
  return epoch === undefined || more.length > 0 ? table : { kind: 'whole', table: table.table, epoch };
}
