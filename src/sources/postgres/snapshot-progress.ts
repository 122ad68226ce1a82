import { ConnectError } from '../../base/errors.ts';
import { formatLsn, parseLsn } from './lsn.ts';

/** How two values of a key column compare by their text: as integers, or byte by byte. */
export type KeyOrder = 'number' | 'bytes';

/** How far a table was read. */
export type TablePosition =
  /** To its end. */
  | { readonly kind: 'end'; readonly table: number }
  /** In the order of `columns`, up to and including the row with this key; texts as the server prints them. */
  | {
      readonly kind: 'key';
      readonly table: number;
      readonly columns: readonly string[];
      readonly orders: readonly KeyOrder[];
      readonly key: readonly string[];
    }
  /**
   * In the order in which rows lie on disk, up to and including this row. `recent`: inserting (sub)transactions of rows
   * that were read and whose number alone does not tell that the snapshot saw them; null: too many to list.
   */
  | {
      readonly kind: 'place';
      readonly table: number;
      readonly fileNode: number;
      readonly part: number;
      readonly ctid: string;
      readonly recent: readonly number[] | null;
    };

/**
 * Everything that was read in one database snapshot, after what the epochs before had read. Tables are read in the order of
 * their oids, which renaming does not change and which puts new tables last, so a position divides all rows into read and
 * unread.
 */
export interface Epoch {
  /** `xmin:xmax:xip,…` as `pg_current_snapshot()` prints it. */
  readonly view: string;
  /** The snapshot that the slot exported when it was made: the stream brings nothing that it saw. */
  readonly exported: boolean;
  /** What this snapshot saw had been committed before this place in the log. */
  readonly horizon: bigint;
  /** Null: nothing yet (or, for the last epoch of a finished snapshot, everything). */
  readonly until: TablePosition | null;
}

/** As stored in an offset. */
export function formatEpochs(epochs: readonly Epoch[]): string {
  return JSON.stringify(epochs.map((epoch) => ({ ...epoch, horizon: formatLsn(epoch.horizon) })));
}

export function parseEpochs(text: string): Epoch[] {
  try {
    const epochs = JSON.parse(text) as { view: string; exported: boolean; horizon: string; until: TablePosition | null }[];
    return epochs.map((epoch) => ({ ...epoch, horizon: parseLsn(epoch.horizon) }));
  } catch (cause) {
    throw new ConnectError('postgres.offset', 'The stored progress of the snapshot cannot be read.', {
      cause,
      remedy: 'Delete the offsets of this connector to start anew with a snapshot.',
    });
  }
}

/** One table's rows by the epochs that read them: each up to a position, the last to the table's end. */
export interface TablePart {
  readonly epoch: number;
  /** Null: all the rest. */
  readonly until: Exclude<TablePosition, { kind: 'end' }> | null;
}

/** Where a table stands; `complete`: the last of the parts reaches the table's end. */
export function tableParts(epochs: readonly Epoch[], table: number): { readonly parts: TablePart[]; readonly complete: boolean } {
  const parts: TablePart[] = [];
  for (const [epoch, { until }] of epochs.entries()) {
    if (until === null || until.table < table) continue;
    if (until.table > table || until.kind === 'end') {
      parts.push({ epoch, until: null });
      return { parts, complete: true };
    }
    parts.push({ epoch, until });
  }
  return { parts, complete: false };
}
