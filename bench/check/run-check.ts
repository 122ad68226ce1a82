import type { TopicSet } from '../kafka/topic-set.ts';

/** Reads what a run has written and finds what is wrong with it. */
export interface RunCheck {
  /** How many records there must be. */
  readonly rows: number;
  /** How many there were so far. */
  readonly records: number;
  /** Of their keys and values. */
  readonly bytes: number;
  /**
   * From `positions`, which move along, to `ends`.
   *
   * @param lasts Set to the offset of the last record of each partition that had one.
   */
  read(topics: TopicSet, positions: Float64Array, ends: Float64Array, lasts: Float64Array): Promise<void>;
  /** Empty when everything is as it must be. */
  problems(): readonly string[];
}
