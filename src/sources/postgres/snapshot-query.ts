import { escapeIdentifier, escapeLiteral } from 'pg';

import type { TableInfo, TypeCatalog } from './catalog.ts';
import type { KeyOrder, KeyPoint, PlacePoint } from './snapshot-progress.ts';
import { keyColumns } from './table-key.ts';
import type { WireColumn } from './table-shape.ts';
import type { TransactionView } from './transaction-view.ts';

/** A table as the snapshot reads it. */
export interface SnapshotTable {
  readonly info: TableInfo;
  readonly columns: readonly WireColumn[];
  /** Rows that the publication lets through: SQL, or null for all. */
  readonly rowFilter: string | null;
  /** A SELECT that stands for the table, or null. */
  readonly override: string | null;
  /** Columns in whose order it is read; empty: in the order on disk. */
  readonly order: readonly { readonly name: string; readonly expression: string; readonly type: string; readonly compare: KeyOrder }[];
}

/** Types whose own order is that of their text under one of the two comparisons. */
const nativeOrders: Readonly<Record<number, readonly [type: string, compare: KeyOrder]>> = {
  20: ['int8', 'number'],
  21: ['int2', 'number'],
  23: ['int4', 'number'],
  26: ['oid', 'number'],
  2950: ['uuid', 'bytes'],
};

/**
 * The order in which a table is read, so that a key divides its rows into read and unread: its key, where that is never
 * NULL. Integers and uuids in their own order, which their index serves; everything else by the bytes of its text,
 * because the stream has nothing else to compare with.
 */
export function snapshotOrder(info: TableInfo, columns: readonly WireColumn[], types: TypeCatalog): SnapshotTable['order'] {
  const key = keyColumns(info);
  const order = key.flatMap((name) => {
    const column = info.columns.find((candidate) => candidate.name === name);
    if (column?.notNull !== true || !columns.some((wire) => wire.name === name)) return [];
    const native = nativeOrders[types.base(column.typeOid)];
    const identifier = escapeIdentifier(name);
    if (native !== undefined) return [{ name, expression: identifier, type: native[0], compare: native[1] }];
    const text = column.typeOid === 25 || column.typeOid === 1043 ? identifier : `pg_catalog.format('%s', ${identifier})`;
    return [{ name, expression: `${text} COLLATE "C"`, type: 'text', compare: 'bytes' as const }];
  });
  return order.length === key.length ? order : [];
}

/** Wire columns behind the table's own, for tables that are read in the order on disk. */
export const placeColumns = ['tableoid', 'ctid', 'xmin'] as const;

/** What is to be read of a table. */
export type ReadBounds =
  | { readonly kind: 'all' }
  /** Keys behind `above`, up to and including `upTo`; null: no limit. */
  | { readonly kind: 'key'; readonly above: KeyPoint | null; readonly upTo: KeyPoint | null }
  /** Blocks `[from, before)`, without what earlier readings of them came to. */
  | { readonly kind: 'place'; readonly from: number | null; readonly before: number | null; readonly read: readonly PlaceRead[] };

/** Up to where an earlier epoch read, and what it saw. */
export interface PlaceRead {
  readonly point: PlacePoint;
  readonly view: TransactionView;
}

/** `COPY` of a part of a table, in its order. `limit`: at most so many rows. */
export function copyStatement(table: SnapshotTable, bounds: ReadBounds, limit: number | null = null): string {
  const ordered = table.order.length > 0;
  const names = table.columns.map((column) => escapeIdentifier(column.name));
  const list = ordered || table.override !== null ? names : [...names, ...placeColumns];
  const where = [table.rowFilter === null || table.override !== null ? null : `(${table.rowFilter})`, ...conditions(table, bounds)];
  const wanted = where.filter((condition) => condition !== null);
  return (
    `COPY (SELECT ${list.join(', ')} FROM ${tableSource(table)}${wanted.length === 0 ? '' : ` WHERE ${wanted.join(' AND ')}`}` +
    `${orderBy(table)}${limit === null ? '' : ` LIMIT ${limit}`}) TO STDOUT`
  );
}

/** What stands behind FROM. ONLY: tables that inherit are read on their own, as the stream has them. */
export function tableSource({ info, override }: SnapshotTable): string {
  const name = `${escapeIdentifier(info.schema)}.${escapeIdentifier(info.name)}`;
  return override !== null ? `(${override.replace(/[\s;]+$/, '')}) AS source` : info.kind === 'p' ? name : `ONLY ${name}`;
}

function orderBy(table: SnapshotTable): string {
  if (table.order.length > 0) return ` ORDER BY ${table.order.map(({ expression }) => expression).join(', ')}`;
  // The rows of one file come in order by themselves, given the settings of the session.
  return table.info.kind === 'p' && table.override === null ? ' ORDER BY tableoid, ctid' : '';
}

function conditions(table: SnapshotTable, bounds: ReadBounds): string[] {
  switch (bounds.kind) {
    case 'all':
      return [];
    case 'key': {
      const above = bounds.above === null ? [] : [`${keyRow(table)} > ${pointRow(table, bounds.above)}`];
      return bounds.upTo === null ? above : [...above, `${keyRow(table)} <= ${pointRow(table, bounds.upTo)}`];
    }
    case 'place':
      return [
        ...(bounds.from === null ? [] : [`ctid >= '(${bounds.from},0)'::tid`]),
        ...(bounds.before === null ? [] : [`ctid < '(${bounds.before},0)'::tid`]),
        ...bounds.read.map(
          ({ point, view }) =>
            `NOT ((tableoid, ctid) <= (${point.part}::oid, ${escapeLiteral(point.ctid)}::tid) AND ${wasSeen(point.recent, view)})`,
        ),
      ];
  }
}

function keyRow(table: SnapshotTable): string {
  return `ROW(${table.order.map(({ expression }) => expression).join(', ')})`;
}

function pointRow(table: SnapshotTable, point: KeyPoint): string {
  return `ROW(${table.order.map(({ type }, index) => `${escapeLiteral(point[index] ?? '')}::${type}`).join(', ')})`;
}

/** SQL over `xmin`: did the earlier snapshot see the row? `age` is the distance to the next transaction id, modulo 2^32. */
function wasSeen(recent: readonly number[] | null, view: TransactionView): string {
  const certain = `pg_catalog.age(xmin) > pg_catalog.age('${view.xmin}'::xid)`;
  return recent === null || recent.length === 0 ? certain : `(${certain} OR xmin::text IN (${recent.map((xid) => `'${xid}'`).join(', ')}))`;
}
