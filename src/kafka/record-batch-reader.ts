import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { ConnectError } from '../base/errors.ts';
import { foreignCodecs } from './foreign-codecs.ts';

/** One record as read back. `key` and `value` are views into the fetched bytes (or the inflated batch); copy to keep. */
export interface FetchedRecord {
  readonly partition: number;
  readonly offset: bigint;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly timestampMs: bigint;
}

export interface AbortedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: bigint;
}

const headerBytes = 61;
const attribute = { compression: 0x07, transactional: 0x10, control: 0x20 };
const inflaters: readonly (((bytes: Buffer) => Buffer) | null)[] = [
  null,
  (bytes) => gunzipSync(bytes),
  (bytes) => foreignCodecs().snappy.decompressSync(bytes),
  (bytes) => foreignCodecs().lz4.decompressSync(bytes),
  (bytes) => zstdDecompressSync(bytes),
];

/**
 * Hands the committed records in a fetched range to `onRecord`, from offset `from` on, and returns the offset to fetch
 * next: control batches, aborted transactions and offsets that compaction removed count as read.
 *
 *   RecordBatch => base_offset:8 length:4 leader_epoch:4 magic:1 crc:4 attributes:2 last_offset_delta:4 base_timestamp:8
 *     max_timestamp:8 producer_id:8 producer_epoch:2 base_sequence:4 count:4 [records]
 */
export function readRecordBatches(
  bytes: Buffer,
  partition: number,
  from: bigint,
  aborted: readonly AbortedTransaction[],
  onRecord: (record: FetchedRecord) => void,
): bigint {
  const starts = [...aborted].sort((left, right) => (left.firstOffset < right.firstOffset ? -1 : 1));
  const open = new Set<bigint>();
  let next = from;
  let at = 0;
  // A broker cuts its answer at a byte limit: the last batch may be incomplete.
  while (at + headerBytes <= bytes.length) {
    const end = at + 12 + bytes.readInt32BE(at + 8);
    if (end > bytes.length) break;
    const magic = bytes[at + 16];
    if (magic !== 2)
      throw new ConnectError('kafka.protocol', `Partition ${partition} holds records in the old format ${magic}, which is not supported.`);
    const baseOffset = bytes.readBigInt64BE(at);
    const attributes = bytes.readInt16BE(at + 21);
    const lastOffset = baseOffset + BigInt(bytes.readInt32BE(at + 23));
    const producerId = bytes.readBigInt64BE(at + 43);
    while (starts[0] !== undefined && starts[0].firstOffset <= lastOffset) {
      open.add(starts[0].producerId);
      starts.shift();
    }
    if ((attributes & attribute.control) !== 0) {
      if (controlType(bytes, at + headerBytes) === 0) open.delete(producerId);
    } else if ((attributes & attribute.transactional) === 0 || !open.has(producerId)) {
      readBatch(bytes.subarray(at, end), partition, from, onRecord);
    }
    next = lastOffset + 1n;
    at = end;
  }
  return next > from ? next : from;
}

/** 0: abort, 1: commit. A control record's key is version:2 type:2. */
function controlType(bytes: Buffer, start: number): number {
  const cursor = new Cursor(bytes, start);
  cursor.varint();
  cursor.at += 1;
  cursor.varint();
  cursor.varint();
  cursor.varint();
  return bytes.readInt16BE(cursor.at + 2);
}

function readBatch(batch: Buffer, partition: number, from: bigint, onRecord: (record: FetchedRecord) => void): void {
  const baseOffset = batch.readBigInt64BE(0);
  const baseTimestamp = batch.readBigInt64BE(27);
  const count = batch.readInt32BE(57);
  const compression = batch.readInt16BE(21) & attribute.compression;
  const inflater = inflaters[compression];
  if (inflater === undefined)
    throw new ConnectError('kafka.protocol', `Partition ${partition} holds records in an unknown compression ${compression}.`);
  const body = batch.subarray(headerBytes);
  const cursor = new Cursor(inflater === null ? body : inflater(body), 0);
  for (let index = 0; index < count; index += 1) {
    const length = cursor.varint();
    const end = cursor.at + length;
    cursor.at += 1;
    const timestampMs = baseTimestamp + cursor.varlong();
    const offset = baseOffset + BigInt(cursor.varint());
    const key = cursor.bytesOrNull();
    const value = cursor.bytesOrNull();
    cursor.at = end;
    if (offset >= from) onRecord({ partition, offset, key, value, timestampMs });
  }
}

class Cursor {
  readonly bytes: Buffer;
  at: number;

  constructor(bytes: Buffer, at: number) {
    this.bytes = bytes;
    this.at = at;
  }

  /** Zigzag, 32 bits. */
  varint(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.bytes.readUInt8(this.at++);
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (value >>> 1) ^ -(value & 1);
    }
  }

  /** Zigzag, 64 bits. */
  varlong(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.bytes.readUInt8(this.at++);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return (value >> 1n) ^ -(value & 1n);
    }
  }

  bytesOrNull(): Buffer | null {
    const length = this.varint();
    if (length < 0) return null;
    const start = this.at;
    this.at += length;
    return this.bytes.subarray(start, this.at);
  }
}
