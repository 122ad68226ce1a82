import { ByteSink } from '../base/byte-sink.ts';
import { ConnectError } from '../base/errors.ts';
import type { SourceOffset } from './offset.ts';

/** Bounds of one batch; two of them exist per task, so memory does not depend on transaction or table size (invariant 6). */
export interface RecordBatchLimits {
  readonly recordsMax: number;
  /** The arena starts smaller and grows up to this; a single record larger than it still gets its room. */
  readonly arenaBytesMax: number;
  /**
   * The bound of a batch of few topics: more per commit gains nothing there, but leaves the processor's caches, and then
   * bringing records to their partitions takes three times as long. Absent: `arenaBytesMax`.
   */
  readonly fewTopicsBytesMax?: number | undefined;
}

export const recordBatchLimits: RecordBatchLimits = {
  recordsMax: 65_536,
  arenaBytesMax: 12 * 1024 * 1024,
  fewTopicsBytesMax: 4 * 1024 * 1024,
};

/** What an index in `RecordBatch.topic` can tell apart. */
const topicsMax = 0x1_0000;

/** What a topic should get of a commit on average: every partition that is written to costs the broker the same, however little it is. */
const topicBytes = 64 * 1024;

/** Room beyond the bound for the record that reaches it; a larger one makes the arena grow. */
const lastRecordBytes = 64 * 1024;

/**
 * Encoded records one behind the other in one arena. Filled, sealed, committed, reset, filled again.
 *
 * What stands in the arena for a record is the end of a record in Kafka's own format, the part that is the same in
 * whichever partition and place it ends up:
 *
 *   key_length:varint key value_length:varint value header_count:varint headers      (length -1: null)
 *
 * Sinks read it through `RecordBatch`; the outlet fills it: remember `out.at`, write that part through `out`, and if
 * `out.overflowed` grow and write that one record again (`rollback`, `grow`), else `append` it.
 */
export class RecordBatch {
  readonly limits: RecordBatchLimits;
  /** Writes into the arena. */
  readonly out: ByteSink;
  length = 0;
  /** Index into `topics`. */
  topic: Uint16Array;
  /** Where each record starts in the arena; it ends where the next one starts, the last one at `bytes`. */
  start: Int32Array;
  /** The key's range; -1 and -1 for a null key. */
  keyStart: Int32Array;
  keyEnd: Int32Array;
  timestampMs: Float64Array;
  /** The partition that a transform chose for each record, -1: by its key; null until one was chosen, which most batches never see. */
  partition: Int32Array | null = null;
  /** Names by index; only ever appended to, also across `reset`. */
  readonly topics: string[] = [];
  /** What `sink.commit` makes visible together with the records; set by `seal`. */
  offsets: readonly SourceOffset[] = [];
  readonly #topicIndex = new Map<string, number>();
  /** Within `limits`, by the number of topics. */
  #bytesMax: number;

  constructor(limits: RecordBatchLimits = recordBatchLimits) {
    this.limits = limits;
    this.#bytesMax = limits.fewTopicsBytesMax ?? limits.arenaBytesMax;
    this.out = new ByteSink(Buffer.allocUnsafeSlow(Math.min(256 * 1024, limits.arenaBytesMax)));
    const records = Math.min(1024, limits.recordsMax) + 1;
    this.topic = new Uint16Array(records);
    this.start = new Int32Array(records);
    this.keyStart = new Int32Array(records);
    this.keyEnd = new Int32Array(records);
    this.timestampMs = new Float64Array(records);
  }

  /** The bytes that all ranges point into. */
  get arena(): Buffer {
    return this.out.bytes;
  }

  get bytes(): number {
    return this.out.at;
  }

  /** True when the batch must be sealed before another record. */
  get full(): boolean {
    return this.length >= this.limits.recordsMax || this.out.at >= this.#bytesMax;
  }

  /** The topic's index for `append`; shape time only. Throws `data.shape` beyond the number that an index can hold. */
  topicIndex(name: string): number {
    let index = this.#topicIndex.get(name);
    if (index === undefined) {
      if (this.topics.length === topicsMax) throw tooManyTopics(name);
      index = this.topics.push(name) - 1;
      this.#topicIndex.set(name, index);
      this.#bytesMax = Math.min(Math.max(this.#bytesMax, this.topics.length * topicBytes), this.limits.arenaBytesMax);
    }
    return index;
  }

  /** Forgets everything written since the arena stood at `at`. */
  rollback(at: number): void {
    this.out.rewind(at);
  }

  /** Room for at least `bytes` in all; what was written up to `keep` is kept. */
  grow(bytes: number, keep: number): void {
    // At once what is ever used, since the record that makes the batch full is the last one: room takes no memory before it is
    // written to, but buffers that were outgrown take theirs until the garbage collector comes.
    const enough = this.#bytesMax + lastRecordBytes;
    const larger = Buffer.allocUnsafeSlow(bytes > enough ? bytes + (bytes >> 3) : enough);
    this.out.bytes.copy(larger, 0, 0, keep);
    this.out.bytes = larger;
  }

  /** Takes what was written since the record before, which must have begun at `start`, as a record. */
  append(topic: number, start: number, keyStart: number, keyEnd: number, timestampMs: number): void {
    const at = this.length;
    if (at + 1 === this.topic.length) this.#growRecords();
    this.topic[at] = topic;
    this.start[at] = start;
    this.start[at + 1] = this.out.at;
    this.keyStart[at] = keyStart;
    this.keyEnd[at] = keyEnd;
    this.timestampMs[at] = timestampMs;
    this.length = at + 1;
  }

  /** Sends the record appended last to a partition, whatever its key. */
  place(partition: number): void {
    this.partition ??= new Int32Array(this.topic.length).fill(-1);
    this.partition[this.length - 1] = partition;
  }

  /** A record whose parts are there as bytes already; `headers` with their count, null for none. Slow paths. */
  add(topic: number, key: Uint8Array | null, value: Uint8Array | null, headers: Uint8Array | null, timestampMs: number): void {
    const { out } = this;
    const start = out.at;
    const size = start + 16 + (key?.length ?? 0) + (value?.length ?? 0) + (headers?.length ?? 0);
    if (size > out.bytes.length) this.grow(size, start);
    out.bytesOrNull(key);
    const keyEnd = out.at;
    out.bytesOrNull(value);
    if (headers === null) out.byte(0);
    else out.copy(headers, 0, headers.length);
    this.append(topic, start, key === null ? -1 : keyEnd - key.length, key === null ? -1 : keyEnd, timestampMs);
  }

  seal(offsets: readonly SourceOffset[]): void {
    this.offsets = offsets;
  }

  /** Empties the batch. An arena that one giant record blew up goes back to what others need. */
  reset(): void {
    this.partition?.fill(-1, 0, this.length);
    this.length = 0;
    this.offsets = [];
    this.out.rewind(0);
    const enough = this.#bytesMax + lastRecordBytes;
    if (this.out.bytes.length > 2 * enough) this.out.bytes = Buffer.allocUnsafeSlow(enough);
  }

  #growRecords(): void {
    const size = this.topic.length * 2;
    this.topic = larger(this.topic, new Uint16Array(size));
    this.start = larger(this.start, new Int32Array(size));
    this.keyStart = larger(this.keyStart, new Int32Array(size));
    this.keyEnd = larger(this.keyEnd, new Int32Array(size));
    this.timestampMs = larger(this.timestampMs, new Float64Array(size));
    if (this.partition !== null) this.partition = larger(this.partition, new Int32Array(size).fill(-1));
  }
}

function tooManyTopics(name: string): ConnectError {
  return new ConnectError('data.shape', `Topic "${name}" would be the connector's ${topicsMax + 1}th, more than it can write to.`, {
    remedy: 'Route to fewer topics, or share the tables out among several connectors.',
  });
}

function larger<T extends Uint16Array | Int32Array | Float64Array>(old: T, next: T): T {
  next.set(old);
  return next;
}
