import assert from 'node:assert/strict';
import { sameOffset } from '../../src/record/offset.ts';
import type { OffsetMap, SourceOffset } from '../../src/record/offset.ts';
import type { RecordBatch } from '../../src/record/record-batch.ts';
import type { Sink } from '../../src/connect/sink.ts';

export interface StoredRecord {
  readonly topic: string;
  /** Texts, as the memory converter writes them. */
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: Readonly<Record<string, string | null>>;
  readonly timestampMs: number;
}

/** A sink that keeps records and offsets in memory, atomically, and checks what a sink may rely on. */
export class MemorySink implements Sink {
  readonly records: StoredRecord[] = [];
  /** In the order of preparation, each time it is asked for. */
  readonly prepared: string[] = [];
  /** Records of each commit. */
  readonly commits: number[] = [];
  offsets: readonly SourceOffset[] = [];
  opened = 0;
  closed = false;

  open(): Promise<readonly SourceOffset[]> {
    this.opened += 1;
    return Promise.resolve(this.offsets);
  }

  prepareTopic(topic: string): Promise<void> {
    this.prepared.push(topic);
    return Promise.resolve();
  }

  commit(batch: RecordBatch): Promise<void> {
    const records = readBatch(batch);
    for (const record of records) assert.ok(this.prepared.includes(record.topic), `topic ${record.topic} was not prepared`);
    this.records.push(...records);
    this.commits.push(batch.length);
    const kept = this.offsets.filter((each) => !batch.offsets.some((next) => sameOffset(next.partition, each.partition)));
    this.offsets = [...kept, ...batch.offsets];
    return Promise.resolve();
  }

  offset(partition: OffsetMap): OffsetMap | null {
    return this.offsets.find((each) => sameOffset(each.partition, partition))?.offset ?? null;
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}

export function readBatch(batch: RecordBatch): StoredRecord[] {
  const text = (start: number, end: number): string | null => (start < 0 ? null : batch.arena.subarray(start, end).toString('utf8'));
  return Array.from({ length: batch.length }, (_, at) => ({
    topic: batch.topics[batch.topic[at]!]!,
    key: text(batch.keyStart[at]!, batch.keyEnd[at]!),
    value: text(batch.valueStart[at]!, batch.valueEnd[at]!),
    headers: readHeaders(batch.arena.subarray(batch.headersStart[at], batch.headersEnd[at])),
    timestampMs: batch.timestampMs[at]!,
  }));
}

/** Reads Kafka's own form of headers, written here anew as the counterpart of what the runtime writes. */
export function readHeaders(bytes: Buffer): Record<string, string | null> {
  if (bytes.length === 0) return {};
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (value >>> 1) ^ -(value & 1);
    }
  };
  const text = (): string | null => {
    const length = varint();
    if (length < 0) return null;
    at += length;
    return bytes.subarray(at - length, at).toString('utf8');
  };
  const headers: Record<string, string | null> = {};
  for (let count = varint(); count > 0; count -= 1) {
    const name = text()!;
    headers[name] = text();
  }
  assert.equal(at, bytes.length, 'the headers end where their range ends');
  return headers;
}
