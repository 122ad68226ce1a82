import { assert } from '../base/assert.ts';
import { sameOffset } from '../record/offset.ts';
import type { OffsetMap, SourceOffset } from '../record/offset.ts';

/**
 * What the sink's stored offsets say about a batch whose commit was answered with an error.
 * `committed`: it is there. `absent`: the sink stands where it stood before, so the intact batch may be sent again.
 * `unknown`: it stands elsewhere (somebody else moved it), or the batch does not move it, so nothing can be told.
 */
export type CommitOutcome = 'committed' | 'absent' | 'unknown';

interface Entry {
  readonly offsets: readonly SourceOffset[];
  committed: boolean;
}

/**
 * Turns commits into what the source may let go of. Pure bookkeeping: no clock, no I/O.
 *
 * Batches are numbered in the order in which they were sealed. Invariant 2, offsets never go backwards: a number is
 * committed once, and only offsets of the contiguous committed prefix come out, each batch's once and in order.
 */
export class AckLedger {
  /** What the sink is known to hold, one entry per partition. */
  #stored: readonly SourceOffset[];
  readonly #entries: Entry[] = [];
  /** The number of `#entries[0]`. */
  #first = 0;

  constructor(stored: readonly SourceOffset[]) {
    this.#stored = stored;
  }

  /** Enters a sealed batch; the answer is its number. */
  seal(offsets: readonly SourceOffset[]): number {
    this.#entries.push({ offsets, committed: false });
    return this.#first + this.#entries.length - 1;
  }

  commit(batch: number): void {
    const entry = this.#entries[batch - this.#first];
    assert(entry !== undefined, `batch ${batch} was never sealed or is confirmed already`);
    assert(!entry.committed, `batch ${batch} is committed twice`);
    entry.committed = true;
    this.#stored = mergeOffsets(this.#stored, entry.offsets);
  }

  /** Takes the committed prefix out: the newest offset of each partition that moved in it. Empty when nothing became durable. */
  confirmable(): readonly SourceOffset[] {
    let offsets: readonly SourceOffset[] = [];
    let head = this.#entries[0];
    while (head?.committed === true) {
      offsets = mergeOffsets(offsets, head.offsets);
      this.#entries.shift();
      this.#first += 1;
      head = this.#entries[0];
    }
    return offsets;
  }

  /** `stored`: what `sink.open()` reported after the commit of `batch` failed. */
  outcome(batch: number, stored: readonly SourceOffset[]): CommitOutcome {
    const entry = this.#entries[batch - this.#first];
    assert(entry !== undefined, `batch ${batch} was never sealed or is confirmed already`);
    const { offsets } = entry;
    const moves = offsets.some((each) => !sameOffset(each.offset, offsetOf(this.#stored, each.partition)));
    if (!moves) return 'unknown';
    if (offsets.every((each) => sameOffset(each.offset, offsetOf(stored, each.partition)))) return 'committed';
    const untouched = offsets.every((each) => sameOffset(offsetOf(this.#stored, each.partition), offsetOf(stored, each.partition)));
    return untouched ? 'absent' : 'unknown';
  }
}

function offsetOf(offsets: readonly SourceOffset[], partition: OffsetMap): OffsetMap | null {
  return offsets.find((each) => sameOffset(each.partition, partition))?.offset ?? null;
}

function mergeOffsets(older: readonly SourceOffset[], newer: readonly SourceOffset[]): readonly SourceOffset[] {
  if (older.length === 0) return newer;
  return [...older.filter((each) => !newer.some((next) => sameOffset(next.partition, each.partition))), ...newer];
}
