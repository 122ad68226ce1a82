import { ByteSink } from '../base/byte-sink.ts';
import type { SourceOffset } from './offset.ts';

/** Bounds of one batch; two of them exist per task, so memory does not depend on transaction or table size (invariant 6). */
export interface RecordBatchLimits {
  readonly recordsMax: number;
  /** The arena starts smaller and grows up to this; a single record larger than it still gets its room. */
  readonly arenaBytesMax: number;
}

export const recordBatchLimits: RecordBatchLimits = { recordsMax: 65_536, arenaBytesMax: 16 * 1024 * 1024 };

/**
 * Encoded records as struct-of-arrays over one arena. Filled, sealed, committed, reset, filled again.
 *
 * Sinks read it through `RecordBatch`; the outlet fills it: remember `out.at`, encode key, headers and value through
 * `out`, and if `out.overflowed` grow and encode that one record again (`rollback`, `grow`), else `append` the ranges.
 */
export class RecordBatch {
  readonly limits: RecordBatchLimits;
  readonly out: ByteSink;
  length = 0;
  /** Index into `topics`. */
  topic: Uint16Array;
  /** -1 for a null key. */
  keyStart: Int32Array;
  keyEnd: Int32Array;
  /** -1 for a tombstone. */
  valueStart: Int32Array;
  valueEnd: Int32Array;
  /** Kafka's own encoding of the headers (varint count, then name and value of each); empty range: no headers. */
  headersStart: Int32Array;
  headersEnd: Int32Array;
  timestampMs: Float64Array;
  /** Names by index; only ever appended to, also across `reset`. */
  readonly topics: string[] = [];
  /** What `sink.commit` makes visible together with the records; set by `seal`. */
  offsets: readonly SourceOffset[] = [];
  readonly #topicIndex = new Map<string, number>();

  constructor(limits: RecordBatchLimits = recordBatchLimits) {
    this.limits = limits;
    this.out = new ByteSink(Buffer.allocUnsafeSlow(Math.min(256 * 1024, limits.arenaBytesMax)));
    const records = Math.min(1024, limits.recordsMax);
    this.topic = new Uint16Array(records);
    this.keyStart = new Int32Array(records);
    this.keyEnd = new Int32Array(records);
    this.valueStart = new Int32Array(records);
    this.valueEnd = new Int32Array(records);
    this.headersStart = new Int32Array(records);
    this.headersEnd = new Int32Array(records);
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
    return this.length >= this.limits.recordsMax || this.out.at >= this.limits.arenaBytesMax;
  }

  /** The topic's index for `append`; shape time only. */
  topicIndex(name: string): number {
    let index = this.#topicIndex.get(name);
    if (index === undefined) {
      index = this.topics.push(name) - 1;
      this.#topicIndex.set(name, index);
    }
    return index;
  }

  /** Forgets everything written since the arena stood at `at`. */
  rollback(at: number): void {
    this.out.at = at;
  }

  /** Room for at least `bytes` in all; what was written up to `keep` is kept. */
  grow(bytes: number, keep: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(bytes, this.out.bytes.length * 2));
    this.out.bytes.copy(larger, 0, 0, keep);
    this.out.bytes = larger;
  }

  append(
    topic: number,
    keyStart: number,
    keyEnd: number,
    headersStart: number,
    headersEnd: number,
    valueStart: number,
    valueEnd: number,
    timestampMs: number,
  ): void {
    const at = this.length;
    if (at === this.topic.length) this.#growRecords();
    this.topic[at] = topic;
    this.keyStart[at] = keyStart;
    this.keyEnd[at] = keyEnd;
    this.headersStart[at] = headersStart;
    this.headersEnd[at] = headersEnd;
    this.valueStart[at] = valueStart;
    this.valueEnd[at] = valueEnd;
    this.timestampMs[at] = timestampMs;
    this.length = at + 1;
  }

  seal(offsets: readonly SourceOffset[]): void {
    this.offsets = offsets;
  }

  /** Empties the batch. An arena that one giant record blew up goes back to the bound. */
  reset(): void {
    this.length = 0;
    this.offsets = [];
    this.out.at = 0;
    if (this.out.bytes.length > 2 * this.limits.arenaBytesMax) this.out.bytes = Buffer.allocUnsafeSlow(this.limits.arenaBytesMax);
  }

  #growRecords(): void {
    const size = this.topic.length * 2;
    this.topic = larger(this.topic, new Uint16Array(size));
    this.keyStart = larger(this.keyStart, new Int32Array(size));
    this.keyEnd = larger(this.keyEnd, new Int32Array(size));
    this.headersStart = larger(this.headersStart, new Int32Array(size));
    this.headersEnd = larger(this.headersEnd, new Int32Array(size));
    this.valueStart = larger(this.valueStart, new Int32Array(size));
    this.valueEnd = larger(this.valueEnd, new Int32Array(size));
    this.timestampMs = larger(this.timestampMs, new Float64Array(size));
  }
}

function larger<T extends Uint16Array | Int32Array | Float64Array>(old: T, next: T): T {
  next.set(old);
  return next;
}
