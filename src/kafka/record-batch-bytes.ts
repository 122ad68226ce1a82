import { crc32c } from '@node-rs/crc32';

/** A key and its value for a log of keys; a null value is a tombstone. */
export interface LogEntry {
  readonly key: Buffer;
  readonly value: Buffer | null;
}

const headerBytes = 61;

/**
 * One record batch of a producer without an identity, as `readRecordBatches` reads it back. For logs that are written now and
 * then: the records of topics have a writer of their own, which makes nothing per record.
 */
export function recordBatchBytes(entries: readonly LogEntry[], timestampMs: number): Buffer {
  const pieces: Buffer[] = [Buffer.alloc(headerBytes)];
  for (const [delta, { key, value }] of entries.entries()) {
    const body = [Buffer.of(0), varint(0), varint(delta), ...bytesOf(key), ...bytesOf(value), varint(0)];
    const length = body.reduce((sum, piece) => sum + piece.length, 0);
    pieces.push(varint(length), ...body);
  }
  const bytes = Buffer.concat(pieces);
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

function bytesOf(content: Buffer | null): Buffer[] {
  return content === null ? [varint(-1)] : [varint(content.length), content];
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
  for (; zigzag > 0x7f; zigzag >>>= 7) bytes.push((zigzag & 0x7f) | 0x80);
  bytes.push(zigzag);
  return Buffer.from(bytes);
}
