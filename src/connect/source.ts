import type { ConnectError } from '../base/errors.ts';
import type { Change } from '../record/change.ts';
import type { SourceOffset } from '../record/offset.ts';
import type { Shape } from '../record/shape.ts';

/**
 * Where changes come from. The whole data plane is five verbs: the source *declares* shapes, *emits* changes and marks
 * *boundaries*; the sink *commits* batches; the source is told what it may *confirm* upstream.
 */
export interface Source {
  /**
   * Streams everything after `resumeFrom` (empty: from the beginning) into `out`. Resolves when `signal` aborts (soon,
   * without emitting more) or when the source is exhausted for good; rejects with a `ConnectError` when it cannot go
   * on. Called again after a pause or a retry, always with what the sink holds.
   */
  run(resumeFrom: readonly SourceOffset[], out: ChangeOutlet, signal: AbortSignal): Promise<void>;

  /**
   * The position of exactly what has been emitted so far, one entry for each partition that moved since the previous
   * call. Called synchronously by the outlet when it seals a batch, at a boundary or between two changes of a large
   * transaction; resuming from the answer repeats nothing and leaves nothing out. Also called from inside `emit` or
   * `reject` when they are about to throw: a change is counted only when the call that took it has returned.
   */
  position(): readonly SourceOffset[];

  /** Everything up to these offsets is durable downstream (invariant 1); the source may let go of it. Never goes backwards. */
  confirm(offsets: readonly SourceOffset[]): void;

  /**
   * Obeys an order from outside, if the source knows any: resolves when its next position includes it. Rejects with
   * `config.invalid` when it cannot be obeyed, and with a code that is retried when it cannot be taken now.
   */
  signal?(signal: SourceSignal): Promise<void>;

  /**
   * Whether it may stand still while another connector of the worker needs the way for itself; absent: it always may. False
   * where something upstream would be lost by it.
   */
  canWait?(): boolean;

  /** Releases what the source holds upstream and in this process. After `run` has ended; idempotent. */
  close(): Promise<void>;

  /**
   * The connector was deleted: removes what the source made upstream, as far as its config asks for that. Called once, on a
   * source of its own that never ran; rejects with a `ConnectError` whose remedy says how to do it by hand.
   */
  discard?(): Promise<void>;
}

/** An order to a running source, as Debezium's signals: what `type` and `data` mean is up to the source. */
export interface SourceSignal {
  readonly id: string;
  readonly type: string;
  /** JSON text; null: none. */
  readonly data: string | null;
}

/** What the runtime gives a source to write into. All methods but `declare` are synchronous and allocate nothing. */
export interface ChangeOutlet {
  /**
   * Announces a shape. Its plan (transforms, topic, registered schemas, encoders) exists once this resolves; until then
   * no change with that `schema` may be emitted. Rejects when the registry or the topic refuses it.
   */
  declare(shape: Shape): Promise<void>;

  /**
   * Encodes the change before returning and keeps no reference. False: stop soon and wait for `drained()`; the change
   * itself was taken. Throws a `ConnectError` (`data.*`) when a value does not fit and errors are not tolerated: what was
   * emitted before is committed, and the source lets the error end its run.
   */
  emit(change: Change): boolean;

  /**
   * Everything emitted so far may be committed together under `source.position()`. Called after each source
   * transaction (or row, for sources without transactions), and also with nothing emitted when only the position moved.
   */
  boundary(): boolean;

  /**
   * A row that cannot even become a change (a ragged CSV line). Throws `failure` when errors are not tolerated, else
   * counts, logs and dead-letters it with its `raw` bytes, under `key` where the source can tell one.
   */
  reject(failure: ConnectError, raw: Uint8Array | null, key?: Uint8Array | null): boolean;

  /** Resolves when there is room again; rejects when the task is being torn down. */
  drained(): Promise<void>;
}
