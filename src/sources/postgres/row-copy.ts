import type { Client } from 'pg';

import type { ConnectError } from '../../base/errors.ts';
import type { Change } from '../../record/change.ts';
import type { RowSchema } from '../../record/row-schema.ts';
import type { Shape } from '../../record/shape.ts';
import { CopyOut, type CopyRoom } from './copy-out.ts';
import { CopyText } from './copy-text.ts';
import type { FormerNames } from './column-renames.ts';
import type { PostgresSettings } from './settings.ts';
import { placeColumns, type SnapshotTable } from './snapshot-query.ts';
import { buildTableShape } from './table-shape.ts';
import type { TypeCatalog } from './type-catalog.ts';

/** How rows of a table come out of a `COPY` and go into a change. */
export interface RowLayout {
  /** With the columns that are read: those that no record shows are left out. */
  readonly table: SnapshotTable;
  readonly rowSchema: RowSchema;
  /** Why its rows are rejected instead of emitted; null: they are emitted. */
  readonly refusal: ConnectError | null;
  /** Column on the wire → cell of the tuple; -1: read for other reasons. */
  readonly cellOf: Int16Array;
}

export interface NewLayout {
  readonly layout: RowLayout;
  /** To be declared before the first row, and then dropped: it takes many times the room of a layout. */
  readonly shape: Shape;
}

/** Columns that no record shows are not read: they may be large, or none of this user's business. Nobody has refused it yet. */
export function rowLayout(published: SnapshotTable, types: TypeCatalog, settings: PostgresSettings, former?: FormerNames): NewLayout {
  const { info, columns: wireColumns } = published;
  const { schema, name } = info;
  const { rowSchema, shape, columnOf } = buildTableShape({ schema, table: name, wireColumns, info, types, settings, former });
  const table = { ...published, columns: wireColumns.filter((_column, index) => (columnOf[index] ?? -1) >= 0) };
  const extra = table.order.length === 0 && table.override === null ? placeColumns.length : 0;
  const cellOf = new Int16Array(table.columns.length + extra).fill(-1);
  cellOf.set(columnOf.filter((cell) => cell >= 0));
  return { layout: { table, rowSchema, refusal: null, cellOf }, shape };
}

export interface RowCopyOptions {
  readonly client: Client;
  /** `COPY (SELECT …) TO STDOUT` of the columns that `layout` tells, in their order. */
  readonly statement: string;
  readonly layout: RowLayout;
  /** Of this copy alone: a row may be half there while another copy emits. `after` gets the rows. */
  readonly change: Change;
  /** Where `onRow` emits; while it is full the socket is paused. */
  readonly room: CopyRoom;
  readonly signal: AbortSignal;
  /** A row stands in `change.after`. False: bring no more before the outlet has room. */
  readonly onRow: (row: CopyText) => boolean;
}

/**
 * Runs one `COPY` and hands its rows over as they come. The last row is kept back, because only now is it known to be the
 * last: `flush` of the answer hands it over. Rejects when `signal` aborts; the connection is then of no more use.
 */
export async function copyRows(options: RowCopyOptions): Promise<CopyText> {
  const { client, statement, layout, change, room, signal, onRow } = options;
  const { rowSchema, cellOf } = layout;
  change.schema = rowSchema;
  const reader = new CopyText(change.after, cellOf, rowSchema.columns.length, () => onRow(reader));
  const copy = new CopyOut(statement, reader, room);
  const abort = (): void => copy.abort(new Error('aborted'));
  if (signal.aborted) throw new Error('aborted');
  signal.addEventListener('abort', abort, { once: true });
  client.query(copy);
  await copy.done.finally(() => signal.removeEventListener('abort', abort));
  return reader;
}
