import type { RecordSummary } from './record-summary.ts';

const windowMs = 5000;
const recentMax = 60;

export interface SeenRecord extends RecordSummary {
  /** Since the demo's start. */
  readonly atMs: number;
  /** 1 for the first of all. */
  readonly nth: number;
}

/** Counts what arrived: in all, per topic, and over the last seconds. Times are milliseconds since the demo's start. */
export class Statistics {
  readonly #counts = new Map<string, number>();
  /** Arrivals of the last seconds, in buckets of 500 ms: topic → bucket → count. */
  readonly #buckets = new Map<string, Map<number, number>>();
  /** The last ones of each topic, oldest first. */
  readonly #recent = new Map<string, SeenRecord[]>();
  #seen = 0;
  #first: number | null = null;
  #last = 0;

  constructor(topics: readonly string[]) {
    for (const topic of topics) this.#counts.set(topic, 0);
  }

  add(record: RecordSummary, atMs: number): SeenRecord {
    this.#seen += 1;
    const seen = { ...record, atMs, nth: this.#seen };
    this.#first ??= atMs;
    this.#last = atMs;
    this.#counts.set(record.topic, (this.#counts.get(record.topic) ?? 0) + 1);
    const buckets = this.#buckets.get(record.topic) ?? new Map<number, number>();
    this.#buckets.set(record.topic, buckets);
    const bucket = Math.floor(atMs / 500);
    buckets.set(bucket, (buckets.get(bucket) ?? 0) + 1);
    for (const old of buckets.keys()) if (old < bucket - windowMs / 500) buckets.delete(old);
    const recent = this.#recent.get(record.topic) ?? [];
    this.#recent.set(record.topic, recent);
    recent.push(seen);
    if (recent.length > recentMax) recent.shift();
    return seen;
  }

  get total(): number {
    return this.#seen;
  }

  get firstAtMs(): number | null {
    return this.#first;
  }

  /** The newest `count` records, oldest first; among them the last of each topic, however long ago it came. */
  latest(count: number): SeenRecord[] {
    if (count <= 0) return [];
    const ofTopics = [...this.#recent.values()];
    const kept = newestFirst(ofTopics.flatMap((records) => records.slice(-1))).slice(0, count);
    const others = newestFirst(ofTopics.flatMap((records) => records.slice(0, -1)));
    return newestFirst([...kept, ...others.slice(0, count - kept.length)]).toReversed();
  }

  counts(): Record<string, number> {
    return Object.fromEntries(this.#counts);
  }

  /** Over the last five seconds, or since the first record while that is less. */
  currentRate(nowMs: number, topic?: string): number {
    if (this.#first === null) return 0;
    const seconds = Math.max(1, Math.min(windowMs, nowMs - this.#first) / 1000);
    const from = Math.floor((nowMs - windowMs) / 500);
    const series = topic === undefined ? [...this.#buckets.values()] : [this.#buckets.get(topic) ?? new Map<number, number>()];
    let count = 0;
    for (const buckets of series) for (const [bucket, arrived] of buckets) if (bucket > from) count += arrived;
    return count / seconds;
  }

  /** From the first record to the last. */
  averageRate(): number {
    if (this.#first === null) return 0;
    return this.total / Math.max(1, (this.#last - this.#first) / 1000);
  }
}

function newestFirst(records: readonly SeenRecord[]): SeenRecord[] {
  return records.toSorted((one, other) => other.nth - one.nth);
}
