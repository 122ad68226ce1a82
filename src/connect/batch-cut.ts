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
  /** How long ago the source made the newest change; 0 where it does not say. */
  readonly behindMs: number;
}

/**
 * How long a batch that ends inside a source transaction waits for the rest while the sink has nothing to do. Long
 * enough for the tail of a small transaction that two reads of a socket cut apart, short enough to go unnoticed; what
 * is cut here is still delivered exactly once, only in two commits.
 */
export const tailWaitMsMax = 5;

/** How long a position that moved over filtered changes alone waits: nobody reads it until the task starts again. */
export const filteredWaitMsMax = 1000;

/**
 * While old changes are being caught up with, a commit waits for more of them: large ones cost the source's server and
 * the broker less a row, and what comes seconds late does not mind a few milliseconds. Only where many come at once, so
 * that a clock that goes wrong makes no lone change wait.
 */
export const catchUpWaitMsMax = 20;
export const catchUpRecordsMin = 64;
const behindMsMin = 200;
const behindShare = 50;

/** 0: seal now. A number: ask again after so many milliseconds, or when something happens. Infinity: only when something happens. */
export function waitBeforeSeal(facts: BatchFacts, lingerMs: number): number {
  if (!facts.sinkIdle) return Infinity;
  if (facts.ending || facts.full) return 0;
  if (facts.records === 0) return facts.filteredOnly ? Math.max(0, filteredWaitMsMax - facts.ageMs) : facts.atBoundary ? 0 : Infinity;
  const gatherMs = gatheringMs(facts);
  const wait = Math.max(0, lingerMs - facts.ageMs, gatherMs - facts.waitedMs);
  return facts.atBoundary ? wait : Math.max(wait, gatherMs + tailWaitMsMax - facts.waitedMs);
}

function gatheringMs({ records, behindMs }: BatchFacts): number {
  if (records < catchUpRecordsMin || behindMs < behindMsMin) return 0;
  return Math.min(catchUpWaitMsMax, Math.floor(behindMs / behindShare));
}
