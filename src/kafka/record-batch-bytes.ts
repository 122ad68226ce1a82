import { crc32c } from '@node-rs/crc32';
import { ByteSink } from '../base/byte-sink.ts';

/** A key and its value for a log of keys; a null value is a tombstone. */
export interface LogEntry {
  readonly key: Buffer;
  readonly value: Buffer | null;
}

const headerBytes = 61;
/** Of a record, beside its key and value: four varints of up to five bytes and three of one. */
const fixedBytesMax = 23;

/**
 * One record batch of a producer without an identity, as `readRecordBatches` reads it back. For logs that are written now and
 * then: the records of topics have a writer of their own, which makes nothing per record.
 */
export function recordBatchBytes(entries: readonly LogEntry[], timestampMs: number): Buffer {
  const room = entries.reduce((sum, { key, value }) => sum + fixedBytesMax + key.length + (value?.length ?? 0), headerBytes);
  const buffer = Buffer.alloc(room);
  const sink = new ByteSink(buffer);
  sink.at = headerBytes;
  for (const [delta, { key, value }] of entries.entries()) {
    const start = sink.at;
    // Of the length; then attributes, the distance in time, and at the end the number of headers: all 0.
    sink.at += 1;
    sink.byte(0);
    sink.int(0);
    sink.int(delta);
    sink.bytesOrNull(key);
    sink.bytesOrNull(value);
    sink.int(0);
    sink.closeLength(start, 1);
  }
  const bytes = buffer.subarray(0, sink.at);
  bytes.writeInt32BE(bytes.length - 12, 8);
  bytes.writeInt32BE(-1, 12);
  bytes[16] = 2;
  bytes.writeInt32BE(entries.length - 1, 23);
  bytes.writeBigInt64BE(BigInt(timestampMs), 27);
  bytes.writeBigInt64BE(BigInt(timestampMs), 35);
  bytes.fill(0xff, 43, 57);
  bytes.writeInt32BE(entries.length, 57);
  bytes.writeUInt32BE(crc32c(bytes.subarray(21)), 17);
  return bytes;
}
