import { Change } from './change.ts';
import { CellState } from './tuple-view.ts';
import type { TupleView } from './tuple-view.ts';

/**
 * A change with bytes of its own, for whoever has to keep one; without derived cells, which are computed anew. Slow: a
 * change is made to be overwritten. `into`: an earlier copy from the same source that nobody needs any more.
 */
export function copyChange(change: Change, into: Change | null = null): Change {
  const place = change.locate();
  const { registers } = change;
  const copy = into ?? new Change(change.schema, registers.present.length, () => place);
  copy.locate = () => place;
  copy.letter = change.letter;
  copy.schema = change.schema;
  copy.op = change.op;
  copy.timestampMs = change.timestampMs;
  copy.sourceTimeMs = change.sourceTimeMs;
  copyTuple(change.before, copy.before);
  copyTuple(change.after, copy.after);
  copyTuple(change.related, copy.related);
  for (const part of ['present', 'high', 'low', 'start', 'end'] as const) copy.registers[part].set(registers[part]);
  if (copy.registers.bytes.length === registers.bytes.length) copy.registers.bytes.set(registers.bytes);
  else copy.registers.bytes = Uint8Array.from(registers.bytes);
  return copy;
}

/** Only the range that the cells lie in: the bytes may be a whole frame or file chunk. */
function copyTuple(from: TupleView, to: TupleView): void {
  const { count } = from;
  to.reserve(count);
  to.count = count;
  let [first, last] = [Number.MAX_SAFE_INTEGER, 0];
  for (let cell = 0; cell < count; cell += 1) {
    to.state[cell] = from.state[cell] as number;
    if (from.state[cell] !== CellState.TEXT) continue;
    first = Math.min(first, from.start[cell] as number);
    last = Math.max(last, from.end[cell] as number);
  }
  to.bytes = last === 0 ? new Uint8Array(0) : Buffer.from(from.bytes.subarray(first, last));
  for (let cell = 0; cell < count; cell += 1) {
    if (from.state[cell] !== CellState.TEXT) continue;
    to.start[cell] = (from.start[cell] as number) - first;
    to.end[cell] = (from.end[cell] as number) - first;
  }
}
