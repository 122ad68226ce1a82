import { escapeIdentifier, escapeLiteral } from 'pg';

import type { TableInfo, TypeCatalog } from './catalog.ts';
import type { KeyOrder, TablePosition } from './snapshot-progress.ts';
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
    const native = nativeOrders[baseType(column.typeOid, types)];
    const identifier = escapeIdentifier(name);
    if (native !== undefined) return [{ name, expression: identifier, type: native[0], compare: native[1] }];
    const text = column.typeOid === 25 || column.typeOid === 1043 ? identifier : `pg_catalog.format('%s', ${identifier})`;
    return [{ name, expression: `${text} COLLATE "C"`, type: 'text', compare: 'bytes' as const }];
  });
  return order.length === key.length ? order : [];
}

function baseType(oid: number, types: TypeCatalog): number {
  let at = oid;
  for (let type = types.get(at); type?.kind === 'domain'; type = types.get(at)) at = type.baseOid;
  return at;
}

/** Wire columns behind the table's own, for tables that are read in the order on disk. */
export const placeColumns = ['tableoid', 'ctid', 'xmin'] as const;

/** `COPY` of what is still unread. `after`: how far the epochs before came; `views`: what each of them saw. */
export function copyStatement(table: SnapshotTable, after: readonly Resume[]): string {
  const ordered = table.order.length > 0;
  const names = table.columns.map((column) => escapeIdentifier(column.name));
  const list = ordered || table.override !== null ? names : [...names, ...placeColumns];
  return `COPY (SELECT ${list.join(', ')}${fromUnread(table, after)}${orderBy(table)}) TO STDOUT`;
}

/** Is any row unread? */
export function existsStatement(table: SnapshotTable, after: readonly Resume[]): string {
  return `SELECT EXISTS (SELECT${fromUnread(table, after)}) AS found`;
}

/** Where an earlier epoch stopped inside this table, and what it saw. */
export interface Resume {
  readonly position: Exclude<TablePosition, { kind: 'end' }>;
  readonly view: TransactionView;
}

function fromUnread(table: SnapshotTable, after: readonly Resume[]): string {
  const { info, override } = table;
  const name = `${escapeIdentifier(info.schema)}.${escapeIdentifier(info.name)}`;
  // ONLY: tables that inherit are read on their own, as the stream has them.
  const source = override !== null ? `(${override.replace(/[\s;]+$/, '')}) AS source` : info.kind === 'p' ? name : `ONLY ${name}`;
  const conditions = [
    table.rowFilter === null || override !== null ? null : `(${table.rowFilter})`,
    ...after.map((resume) => unread(table, resume)),
  ];
  const where = conditions.filter((condition) => condition !== null);
  return ` FROM ${source}${where.length === 0 ? '' : ` WHERE ${where.join(' AND ')}`}`;
}

function orderBy(table: SnapshotTable): string {
  if (table.order.length > 0) return ` ORDER BY ${table.order.map(({ expression }) => expression).join(', ')}`;
  // The rows of one file come in order by themselves, given the settings of the session.
  return table.info.kind === 'p' && table.override === null ? ' ORDER BY tableoid, ctid' : '';
}

function unread(table: SnapshotTable, { position, view }: Resume): string | null {
  if (position.kind === 'key') {
    if (table.order.length === 0) return null;
    const left = table.order.map(({ expression }) => expression).join(', ');
    const right = table.order.map(({ type }, index) => `${escapeLiteral(position.key[index] ?? '')}::${type}`).join(', ');
    return `ROW(${left}) > ROW(${right})`;
  }
  if (table.order.length > 0 || table.override !== null) return null;
  return `NOT ((tableoid, ctid) <= (${position.part}::oid, ${escapeLiteral(position.ctid)}::tid) AND ${wasSeen(position.recent, view)})`;
}

/** SQL over `xmin`: did the earlier snapshot see the row? `age` is the distance to the next transaction id, modulo 2^32. */
function wasSeen(recent: readonly number[] | null, view: TransactionView): string {
  const certain = `pg_catalog.age(xmin) > pg_catalog.age('${view.xmin}'::xid)`;
  return recent === null || recent.length === 0 ? certain : `(${certain} OR xmin::text IN (${recent.map((xid) => `'${xid}'`).join(', ')}))`;
}
