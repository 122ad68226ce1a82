import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { Labels, Metrics } from '../base/metrics.ts';
import type { SourceOffset } from '../record/offset.ts';
import type { RecordBatch } from '../record/record-batch.ts';
import type { Config } from './config.ts';

/** Offsets that live outside of the sink (a file): stored after the records, so at least once. */
export interface SinkOffsets {
  read(connector: string): Promise<readonly SourceOffset[]>;
  write(connector: string, offsets: readonly SourceOffset[]): Promise<void>;
}

/** What a task's sink is made from. */
export interface SinkOptions {
  readonly connector: string;
  /**
   * Kafka client keys, with `producer.*` and `producer.override.*` merged in under their plain names, and
   * `millrace.partitioner`: `serialized` (the default: murmur2 of the key's bytes) or `logical` (without the schema id).
   */
  readonly cluster: Config;
  /** The connector's `topic.creation.*` keys, under their full names. */
  readonly topicCreation: Config;
  readonly topicCreationEnabled: boolean;
  readonly offsets: { readonly kind: 'kafka'; readonly topic: string } | { readonly kind: 'store'; readonly store: SinkOffsets };
  /** Null: at least once, by an idempotent producer. With offsets in Kafka and an id: exactly once. */
  readonly transactionalId: string | null;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly labels: Labels;
}

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
   * only if its offsets are not there (reopen and compare, never blind re-send). `delayed` is told why, whenever something
   * has to be tried again before the outcome is known.
   */
  commit(batch: RecordBatch, delayed?: (reason: unknown) => void): Promise<void>;

  close(): Promise<void>;
}
