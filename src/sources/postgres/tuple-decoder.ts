import { ConnectError } from '../../base/errors.ts';
import { CellState, type TupleView } from '../../record/tuple-view.ts';
import { malformed, type FrameCursor } from './frame-cursor.ts';
import { Required, type Relation } from './relation-cache.ts';

/**
 * count:int16 ('n' | 'u' | 't' length:int32 bytes)... `keyOnly`: columns outside the identity come as nulls and say nothing.
 * True: a column that may have no null has one; it is marked in `relation.required`.
 */
export function decodeTuple(cursor: FrameCursor, relation: Relation, view: TupleView, keyOnly: boolean): boolean {
  const { columnOf, isKey, required } = relation;
  let hasUnexpectedNull = false;
  const count = cursor.uint16();
  if (count !== columnOf.length) throw malformed(`${count} columns in a row of ${relation.table}, which has ${columnOf.length}`);
  const { state, start, end } = view;
  const { bytes } = cursor;
  const limit = cursor.end;
  let at = cursor.at;
  for (let index = 0; index < count; index += 1) {
    const column = columnOf[index] as number;
    const kind = bytes[at] as number;
    if (kind === 0x74) {
      const from = at + 5;
      const length =
        ((bytes[at + 1] as number) << 24) |
        ((bytes[at + 2] as number) << 16) |
        ((bytes[at + 3] as number) << 8) |
        (bytes[at + 4] as number);
      if (length < 0 || length > limit - from) throw malformed(`${length} bytes announced, ${limit - from} left`);
      at = from + length;
      if (column < 0) continue;
      state[column] = CellState.TEXT;
      start[column] = from;
      end[column] = at;
      continue;
    }
    at += 1;
    if (kind === 0x6e) {
      if (column < 0) continue;
      state[column] = keyOnly && isKey[index] === 0 ? CellState.ABSENT : CellState.NULL;
      if (required[column] !== Required.YES || state[column] !== CellState.NULL) continue;
      required[column] = Required.FOUND_NULL;
      hasUnexpectedNull = true;
    } else if (kind === 0x75) {
      if (column >= 0) state[column] = CellState.UNCHANGED;
    } else {
      throw at > limit ? malformed('a row without end') : binaryOrUnknown(kind);
    }
  }
  // Each cell's length was held against the end; a cell without length may have been read behind it.
  if (at > limit) throw malformed('a row without end');
  cursor.at = at;
  view.bytes = cursor.bytes;
  view.count = relation.columnCount;
  return hasUnexpectedNull;
}

function binaryOrUnknown(kind: number): ConnectError {
  if (kind !== 0x62) return malformed(`a cell of kind 0x${kind.toString(16)}`);
  return new ConnectError('postgres.protocol', 'The server sends binary values, and only text values are read.', {
    remedy: 'Remove "binary" from "slot.stream.params".',
  });
}

/**
 * A value that did not change stands in the old image, if that has it: under FULL always, else where it belongs to the
 * identity (a key too large for its row). Both are of the same frame, so only the range is taken over.
 */
export function fillUnchanged(before: TupleView, after: TupleView): void {
  for (let column = 0; column < after.count; column += 1) {
    if (after.state[column] !== CellState.UNCHANGED || before.state[column] === CellState.ABSENT) continue;
    after.state[column] = before.state[column] as number;
    after.start[column] = before.start[column] as number;
    after.end[column] = before.end[column] as number;
  }
}
