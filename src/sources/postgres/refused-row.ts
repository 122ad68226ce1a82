import { ConnectError } from '../../base/errors.ts';
import type { ChangeOutlet } from '../../connect/source.ts';
import { opCodes, type Change } from '../../record/change.ts';
import { CellState, type TupleView } from '../../record/tuple-view.ts';
import { SourceRegister } from './registers.ts';
import type { TableLayout } from './table-shape.ts';

/** What a row of a refused table may show. */
export type RowColumns = Pick<TableLayout, 'rowSchema' | 'visible'>;

/** A table whose rows are handed over, or rejected. */
export interface RefusableTable extends RowColumns {
  /** Why its rows are rejected instead of emitted; null: they are emitted. */
  readonly refusal: ConnectError | null;
}

/** Hands over a change, or its dead letter in its place. Answers as `ChangeOutlet.emit`. */
export function emitOrReject(out: Pick<ChangeOutlet, 'emit' | 'reject'>, change: Change, table: RefusableTable): boolean {
  const { refusal } = table;
  return refusal === null ? out.emit(change) : rejectRow(out, change, table, refusal);
}

/** The row of a table whose schema was refused: counted and told like any other that cannot be written. */
export function rejectRow(out: Pick<ChangeOutlet, 'reject'>, change: Change, columns: RowColumns, refusal: ConnectError): boolean {
  const failure = new ConnectError(
    'data.row',
    `A row of table ${refusal.details['table']} cannot be written (${change.locate()}). ${refusal.message}`,
    { ...(refusal.remedy === null ? {} : { remedy: refusal.remedy }), details: refusal.details },
  );
  return out.reject(failure, letterOf(change, columns, refusal), keyOf(change, columns));
}

/**
 * The row as JSON, for a person and for a later replay: every value as Postgres writes it. Columns that are to be hidden are
 * left out, and so are those that the server did not send because they did not change.
 */
function letterOf(change: Change, columns: RowColumns, refusal: ConnectError): Buffer {
  const { rowSchema, visible } = columns;
  const source = {
    lsn: numberIn(change, SourceRegister.LSN),
    txId: numberIn(change, SourceRegister.TX_ID),
    ts_us: numberIn(change, SourceRegister.SOURCE_TS_US),
  };
  const letter = {
    op: opCodes[change.op],
    table: rowSchema.name,
    topic: refusal.details['topic'],
    source,
    before: imageOf(columns, visible, change.before),
    after: imageOf(columns, visible, change.after),
  };
  return Buffer.from(JSON.stringify(letter));
}

/** Null: no key, or one that is not to be shown. */
function keyOf({ before, after }: Change, columns: RowColumns): Buffer | null {
  const { rowSchema, visible } = columns;
  const shown = rowSchema.key.filter((column) => visible.includes(column));
  const key = imageOf(columns, shown, before) ?? imageOf(columns, shown, after) ?? {};
  const isWhole = rowSchema.key.length > 0 && Object.keys(key).length === rowSchema.key.length;
  return isWhole ? Buffer.from(JSON.stringify(key)) : null;
}

function numberIn({ registers: { present, high, low } }: Change, register: SourceRegister): number | null {
  return present[register] === 1 ? (high[register] ?? 0) * 0x1_0000_0000 + ((low[register] ?? 0) >>> 0) : null;
}

function imageOf({ rowSchema }: RowColumns, columns: Uint16Array, view: TupleView): Record<string, string | null> | null {
  if (view.count === 0) return null;
  const row: Record<string, string | null> = {};
  for (const column of columns) {
    const state = view.state[column];
    if (state !== CellState.TEXT && state !== CellState.NULL) continue;
    const bytes = view.bytes.subarray(view.start[column], view.end[column]);
    row[rowSchema.columns[column]?.name ?? ''] = state === CellState.NULL ? null : Buffer.from(bytes).toString('utf8');
  }
  return row;
}
