import type { SourceOffset } from '../record/offset.ts';
import type { RecordBatch } from '../record/record-batch.ts';

/** Where batches go. Every delivery guarantee of the product is a property of `commit`. */
export interface Sink {
  /**
   * Fences every earlier incarnation of this task, then reports where it stopped: the last offset of each partition.
   * Called at start and again after every failed `commit`; in this order, or a zombie could still commit after the read.
   */
  open(signal: AbortSignal): Promise<readonly SourceOffset[]>;

  /** Makes sure the topic exists with the settings from `topic.creation.*`. Called once per topic before its first record. */
  prepareTopic(topic: string): Promise<void>;

  /**
   * Makes the batch and `batch.offsets` visible together, or neither. A batch without records stores its offsets.
   * After a rejection the outcome is unknown: what `open()` then reports decides, and the intact batch is sent again
   * only if its offsets are not there (reopen and compare, never blind re-send).
   */
  commit(batch: RecordBatch): Promise<void>;

  close(): Promise<void>;
}
