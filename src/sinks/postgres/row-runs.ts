import type { RecordBatch } from '../../record/record-batch.ts';

/** Neighbouring records that one statement can write: of one topic, all rows or all deletes, no key twice. */
export interface RowRun {
  readonly topic: string;
  readonly isDelete: boolean;
  /** The values as a JSON array; of deletes the keys. */
  readonly json: string;
}

/** Bounds the text of one statement. */
const bytesMax = 1024 * 1024;

/** The order of the records is kept: rows of one table may refer to those of another. */
export function* rowRuns(batch: RecordBatch): Generator<RowRun> {
  let topic = -1;
  let isDelete = false;
  let bytes = 0;
  let rows: string[] = [];
  const keys = new Set<string>();
  const run = (): RowRun => ({ topic: batch.topics[topic] ?? '', isDelete, json: `[${rows.join(',')}]` });
  for (let at = 0; at < batch.length; at += 1) {
    const [keyStart, keyEnd] = [batch.keyStart[at] ?? -1, batch.keyEnd[at] ?? -1];
    const key = keyStart < 0 ? null : batch.arena.toString('utf8', keyStart, keyEnd);
    // A null key is its length alone, one byte.
    const value = valueAt(batch.arena, keyStart < 0 ? (batch.start[at] ?? 0) + 1 : keyEnd);
    const isOther = batch.topic[at] !== topic || isDelete !== (value === null) || (key !== null && keys.has(key)) || bytes > bytesMax;
    if (isOther && rows.length > 0) {
      yield run();
      rows = [];
      bytes = 0;
      keys.clear();
    }
    topic = batch.topic[at] ?? -1;
    isDelete = value === null;
    const text = value ?? key ?? 'null';
    rows.push(text);
    bytes += text.length;
    if (key !== null) keys.add(key);
  }
  if (rows.length > 0) yield run();
}

/** The value whose length stands at `from`, as Kafka writes it: a zigzag varint, -1 for null. */
function valueAt(bytes: Buffer, from: number): string | null {
  let encoded = 0;
  let at = from;
  for (let shift = 1; ; shift *= 128) {
    const byte = bytes[at] ?? 0;
    at += 1;
    encoded += (byte & 0x7f) * shift;
    if (byte < 0x80) break;
  }
  const isNegative = encoded % 2 === 1;
  return isNegative ? null : bytes.toString('utf8', at, at + encoded / 2);
}
