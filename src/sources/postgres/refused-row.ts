import { ConnectError } from '../../base/errors.ts';
import type { ChangeOutlet } from '../../connect/source.ts';
import { opCodes, type Change, type ChangeLetter } from '../../record/change.ts';
import type { RowSchema } from '../../record/row-schema.ts';
import { CellState, type TupleView } from '../../record/tuple-view.ts';
import { SourceRegister } from './registers.ts';

/** Hands over a change, or its dead letter in its place. `refusal`: why; null: none. Answers as `ChangeOutlet.emit`. */
export function emitOrReject(out: Pick<ChangeOutlet, 'emit' | 'reject'>, change: Change, refusal: ConnectError | null): boolean {
  if (refusal === null) return out.emit(change);
  const { details, message, remedy } = refusal;
  const failure = new ConnectError('data.row', `A row of table ${details['table']} cannot be written (${change.locate()}). ${message}`, {
    ...(remedy === null ? {} : { remedy }),
    details,
  });
  const letter = rowLetter(change, String(details['topic']));
  return out.reject(failure, letter?.raw ?? null, letter?.key);
}

/**
 * A row as JSON, for a person and for a later replay: every value as Postgres writes it. Columns that are to be hidden are left
 * out, and so are those that the server did not send because they did not change. Null: the change is of no table.
 */
export function rowLetter(change: Change, topic: string): ChangeLetter | null {
  const { schema, op, before, after } = change;
  const { visible, key } = schema;
  if (visible === undefined) return null;
  const source = {
    lsn: numberIn(change, SourceRegister.LSN),
    txId: numberIn(change, SourceRegister.TX_ID),
    ts_us: numberIn(change, SourceRegister.SOURCE_TS_US),
  };
  const [old, now] = [imageOf(schema, visible, before), imageOf(schema, visible, after)];
  const shown = key.filter((column) => visible.includes(column));
  const keyRow = imageOf(schema, shown, before) ?? imageOf(schema, shown, after) ?? {};
  const isWhole = key.length > 0 && Object.keys(keyRow).length === key.length;
  return {
    raw: Buffer.from(JSON.stringify({ op: opCodes[op], table: schema.name, topic, source, before: old, after: now })),
    key: isWhole ? Buffer.from(JSON.stringify(keyRow)) : null,
  };
}

function numberIn({ registers: { present, high, low } }: Change, register: SourceRegister): number | null {
  return present[register] === 1 ? (high[register] ?? 0) * 0x1_0000_0000 + ((low[register] ?? 0) >>> 0) : null;
}

function imageOf(schema: RowSchema, columns: Uint16Array, view: TupleView): Record<string, string | null> | null {
  if (view.count === 0) return null;
  const row: Record<string, string | null> = {};
  for (const column of columns) {
    const state = view.state[column];
    if (state !== CellState.TEXT && state !== CellState.NULL) continue;
    const bytes = view.bytes.subarray(view.start[column], view.end[column]);
    row[schema.columns[column]?.name ?? ''] = state === CellState.NULL ? null : Buffer.from(bytes).toString('utf8');
  }
  return row;
}
