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
  /** Below 0: by key. */
  readonly partition: number;
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
  return readRawBatch(batch).map(({ topic, key, value, headers, timestampMs }, index) => ({
    topic,
    key: text(key),
    value: text(value),
    headers: Object.fromEntries(Object.entries(headers).map(([name, data]) => [name, text(data)])),
    timestampMs,
    partition: batch.partition?.[index] ?? -1,
  }));
}

function text(bytes: Buffer | null): string | null {
  return bytes?.toString('utf8') ?? null;
}

export interface RawRecord {
  readonly topic: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer | null>>;
  readonly timestampMs: number;
}

/** Reads Kafka's own form of key, value and headers, written here anew as the counterpart of what the runtime writes. */
export function readRawBatch(batch: RecordBatch): RawRecord[] {
  return Array.from({ length: batch.length }, (_, index) => {
    let at = batch.start[index]!;
    const varint = (): number => {
      let value = 0;
      for (let shift = 0; ; shift += 7) {
        const byte = batch.arena[at++]!;
        value |= (byte & 0x7f) << shift;
        if (byte < 0x80) return (value >>> 1) ^ -(value & 1);
      }
    };
    const bytes = (): Buffer | null => {
      const length = varint();
      if (length < 0) return null;
      at += length;
      return Buffer.from(batch.arena.subarray(at - length, at));
    };
    const key = bytes();
    assert.equal(batch.keyStart[index], key === null ? -1 : batch.keyEnd[index]! - key.length, 'the key stands where it is said to stand');
    if (key !== null) assert.deepEqual(batch.arena.subarray(batch.keyStart[index], batch.keyEnd[index]), key);
    const value = bytes();
    const headers: Record<string, Buffer | null> = {};
    for (let count = varint(); count > 0; count -= 1) {
      const name = String(bytes());
      headers[name] = bytes();
    }
    assert.equal(at, batch.start[index + 1], 'a record ends where the next one starts');
    return { topic: batch.topics[batch.topic[index]!]!, key, value, headers, timestampMs: batch.timestampMs[index]! };
  });
}
