import { setTimeout as sleep } from 'node:timers/promises';
import type { RunCheck } from '../check/run-check.ts';
import type { TopicSet } from '../kafka/topic-set.ts';
import { monotonicMs } from './monotonic.ts';
import type { RunProgress } from './run-progress.ts';
import type { UsageLog } from './usage-log.ts';

/** Long enough to see the processor time of a run of a second; one small request to the broker each time. */
const lookEveryMs = 10;
/** With many partitions the request is not small. */
const lookEveryMsMany = 50;
const manyPartitions = 20;
/** No new records for so long: the engine has finished, and reading everything disturbs nobody. */
const quietMs = 300;
/** Rows that have not come so long after the others are lost. */
const stalledMs = 10_000;

interface Look {
  readonly atMs: number;
  readonly ends: Float64Array;
}

/**
 * Watches how far a read-committed consumer could read, without reading: that costs the engine nothing. The check reads
 * everything when the engine has finished, and tells behind which offset the last row lies; the notes tell when it was there.
 */
export class TopicWatch {
  readonly #topics: TopicSet;
  readonly #usage: UsageLog;
  readonly #looks: Look[] = [];
  #start: Float64Array = new Float64Array();
  #failure: unknown = null;
  #looking: Promise<void> | null = null;
  #done = false;

  constructor(topics: TopicSet, usage: UsageLog) {
    this.#topics = topics;
    this.#usage = usage;
  }

  /** From here on what comes belongs to the run. */
  async begin(): Promise<void> {
    this.#start = await this.#topics.ends();
    this.#usage.note(monotonicMs());
    this.#looking = this.#look().catch((error: unknown) => {
      this.#failure = error;
    });
  }

  /** Resolves when all rows of the check have come, or no more will; what came was checked, and the problems say what is missing. */
  async complete(fromMs: number, check: RunCheck, timeoutMs: number): Promise<RunProgress> {
    let deadline = monotonicMs() + timeoutMs;
    const positions = this.#start.slice();
    const lasts = new Float64Array(positions.length).fill(-1);
    try {
      // Marks of transactions take offsets too, so there may be more offsets than rows while some are still to come.
      for (let wanted = check.rows; ;) {
        const moved = await this.#quiet(wanted, deadline);
        await check.read(this.#topics, positions, this.#ends(), lasts);
        if (check.records >= check.rows || !moved) break;
        wanted = distance(this.#start, this.#ends()) + 1;
        deadline = Math.min(deadline, monotonicMs() + stalledMs);
      }
      // Whatever comes behind the last row is one too many.
      await sleep(quietMs);
      await check.read(this.#topics, positions, this.#ends(), lasts);
    } finally {
      await this.stop();
    }
    const first = this.#looks.find((look) => look.ends.some((end, index) => end > (this.#start[index] ?? 0)));
    const end = this.#looks.find((look) => look.ends.every((each, index) => each > (lasts[index] ?? -1)));
    const endMs = end?.atMs ?? Number.NaN;
    return {
      fromMs,
      firstMs: first?.atMs ?? Number.NaN,
      firstRows: Math.min(check.rows, first === undefined ? 0 : distance(this.#start, first.ends)),
      endMs,
      rows: check.records,
      bytes: check.bytes,
      cpuSeconds: this.#usage.between(fromMs, endMs),
      cpuSecondsAfterFirst: this.#usage.between(first?.atMs ?? fromMs, endMs),
      problems: check.problems(),
    };
  }

  async stop(): Promise<void> {
    this.#done = true;
    await this.#looking;
  }

  #ends(): Float64Array {
    return this.#looks.at(-1)?.ends ?? this.#start;
  }

  async #look(): Promise<void> {
    while (!this.#done) {
      const ends = await this.#topics.ends();
      const atMs = monotonicMs();
      this.#looks.push({ atMs, ends });
      this.#usage.note(atMs);
      await sleep(ends.length > manyPartitions ? lookEveryMsMany : lookEveryMs);
    }
  }

  /** False when that many offsets did not come in time. */
  async #quiet(rows: number, deadline: number): Promise<boolean> {
    let before = -1;
    let sinceMs = monotonicMs();
    for (;;) {
      if (this.#failure !== null) throw this.#failure;
      const nowMs = monotonicMs();
      const come = distance(this.#start, this.#ends());
      if (come !== before) {
        before = come;
        sinceMs = nowMs;
      }
      if (come >= rows && nowMs - sinceMs >= quietMs) return true;
      if (nowMs > deadline) return false;
      await sleep(lookEveryMs);
    }
  }
}

/** Offsets between two positions: at least as many as records, since transactions leave marks in the topic. */
function distance(from: Float64Array, to: Float64Array): number {
  return to.reduce((sum, end, index) => sum + end - (from[index] ?? 0), 0);
}
