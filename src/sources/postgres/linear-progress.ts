import { parseLsn } from './lsn.ts';
import { SnapshotProgress, type Epoch, type KeyOrder, type OidSpan, type RangePart, type TableProgress } from './snapshot-progress.ts';

/** How far a table was read, as it used to be stored. */
type LinearPosition =
  | { readonly kind: 'end'; readonly table: number }
  | {
      readonly kind: 'key';
      readonly table: number;
      readonly columns: readonly string[];
      readonly orders: readonly KeyOrder[];
      readonly key: readonly string[];
    }
  | {
      readonly kind: 'place';
      readonly table: number;
      readonly fileNode: number;
      readonly part: number;
      readonly ctid: string;
      readonly recent: readonly number[] | null;
    };

/** Everything read in one database snapshot, behind what the epochs before had read; tables in the order of their oids. */
export interface LinearEpoch {
  readonly view: string;
  readonly exported: boolean;
  readonly horizon: string;
  /** Null: nothing yet (or, for the last epoch of a finished snapshot, everything). */
  readonly until: LinearPosition | null;
}

const oidMax = 0xffff_ffff;

/** The form in which progress was stored while tables were read one after the other, and one position told everything. */
export function fromLinear(linear: readonly LinearEpoch[], finished: boolean): SnapshotProgress {
  const epochs = linear.map(({ view, exported, horizon }): Epoch => ({ view, exported, horizon: parseLsn(horizon) }));
  const spans: OidSpan[] = [];
  const inside = new Set<number>();
  let above = -1;
  for (const [epoch, { until }] of linear.entries()) {
    if (until === null) {
      if (finished) spans.push({ above, upTo: oidMax, epoch });
      continue;
    }
    if (until.kind !== 'end') inside.add(until.table);
    const upTo = until.kind === 'end' ? until.table : until.table - 1;
    if (upTo > above) spans.push({ above, upTo, epoch });
    above = Math.max(above, until.table);
  }
  const tables = [...inside].map((table) => interrupted(linear, table, finished));
  return new SnapshotProgress(epochs, tables, spans);
}

/** A table inside of which at least one epoch stopped. */
function interrupted(linear: readonly LinearEpoch[], table: number, finished: boolean): TableProgress {
  const parts: { readonly epoch: number; readonly until: Exclude<LinearPosition, { kind: 'end' }> | null }[] = [];
  for (const [epoch, { until }] of linear.entries()) {
    if (until === null ? !finished : until.table < table) continue;
    if (until === null || until.table > table || until.kind === 'end') {
      parts.push({ epoch, until: null });
      break;
    }
    parts.push({ epoch, until });
  }
  const first = parts[0]?.until;
  if (first?.kind === 'key' && parts.every(({ until }) => until === null || until.kind === 'key')) {
    const { columns, orders } = first;
    const keys = parts.map(({ epoch, until }): RangePart<readonly string[]> => ({
      epoch,
      until: until?.kind === 'key' ? until.key : null,
    }));
    return { kind: 'key', table, columns, orders, ranges: [{ to: null, parts: keys }] };
  }
  const nodes = new Set(parts.flatMap(({ until }) => (until === null ? [] : [until.kind === 'place' ? until.fileNode : -1])));
  const places = parts.map(({ epoch, until }) => ({
    epoch,
    until: until?.kind === 'place' ? { part: until.part, ctid: until.ctid, recent: until.recent } : null,
  }));
  // A key that came or went between two epochs: no file has this number, so the table is read again.
  return { kind: 'place', table, fileNode: nodes.size === 1 ? ([...nodes][0] ?? -1) : -1, ranges: [{ to: null, parts: places }] };
}
