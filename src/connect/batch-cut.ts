/** What there is to know about the filling batch when somebody asks whether to seal it. */
export interface BatchFacts {
  readonly records: number;
  /** At or beyond a limit of `RecordBatchLimits`: nothing more should go in. */
  readonly full: boolean;
  /** Nothing was emitted since the last boundary. */
  readonly atBoundary: boolean;
  /** Changes were emitted and every one of them was filtered out. */
  readonly filteredOnly: boolean;
  /** No commit is under way; otherwise the answer is always to wait, since only one commit is in flight. */
  readonly sinkIdle: boolean;
  /** The source has ended: there is nothing to wait for. */
  readonly ending: boolean;
  /** Since the first thing worth committing came in. */
  readonly ageMs: number;
  /** Since the batch could have been committed: the younger of the batch's age and the sink's idleness. */
  readonly waitedMs: number;
}

/**
 * How long a batch that ends inside a source transaction waits for the rest while the sink has nothing to do. Long
 * enough for the tail of a small transaction that two reads of a socket cut apart, short enough to go unnoticed; what
 * is cut here is still delivered exactly once, only in two commits.
 */
export const tailWaitMsMax = 5;

/** How long a position that moved over filtered changes alone waits: nobody reads it until the task starts again. */
export const filteredWaitMsMax = 1000;

/** 0: seal now. A number: ask again after so many milliseconds, or when something happens. Infinity: only when something happens. */
export function waitBeforeSeal(facts: BatchFacts, lingerMs: number): number {
  if (!facts.sinkIdle) return Infinity;
  if (facts.ending || facts.full) return 0;
  if (facts.records === 0) return facts.filteredOnly ? Math.max(0, filteredWaitMsMax - facts.ageMs) : facts.atBoundary ? 0 : Infinity;
  const linger = Math.max(0, lingerMs - facts.ageMs);
  return facts.atBoundary ? linger : Math.max(linger, tailWaitMsMax - facts.waitedMs, 0);
}
