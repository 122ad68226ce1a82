import type { Change, Op } from '../record/change.ts';
import type { Shape } from '../record/shape.ts';

/** Runs per row, on bytes; maybe twice for the same row. False drops the change (its position still counts). */
export type RowStep = (change: Change) => boolean;

export interface ShapePlan {
  readonly shape: Shape;
  /** Null costs exactly nothing per row. */
  readonly step: RowStep | null;
  /** True: the records of this plan are tombstones, a null value under their key, whatever the shape's value is. */
  readonly tombstone?: boolean | undefined;
  /** The topic is chosen per row; absent: the shape's. Transforms that follow see each target as a shape of its own, and may choose again. */
  readonly route?: RowRoute | undefined;
  /** Chooses the partition of each record, below 0: by its key, as where this is absent. Asked behind all steps. */
  readonly partition?: RowPartition | undefined;
}

export type RowPartition = (change: Change) => number;

/** Where rows go, and what they look like, when only they know. The first row of each target waits until its topic and its schemas are there. */
export interface RowRoute {
  /** By number; grows with the rows. */
  readonly targets: readonly RowTarget[];
  /** The number of the row's target; throws `data.value` for a row that names none. Asked again for a row that had to wait. */
  choose(change: Change): number;
}

export interface RowTarget {
  readonly topic: string;
  /** True: the value is null there. */
  readonly tombstone: boolean;
  /** What records there look like, where that depends on the row, too; absent: as the plan says, under this topic. */
  readonly shape?: Shape | undefined;
  /** As what operation the transforms that follow see such changes. */
  readonly op?: Op | undefined;
}

/** A single message transform. Rename, drop, route, cast, key and constants are decided in `plan`, once per shape. */
export interface Transform {
  /** Awaited before the first `plan` of a shape, which is as the source declares it: for what has to be looked up elsewhere. */
  prepare?(shape: Shape): Promise<void>;
  /**
   * Called once per shape and operation, so that what depends on the operation costs nothing per row either; `op` is
   * `Op.TOMBSTONE` also behind a transform that made tombstones of deletes. Null drops every such change. Throws
   * `ConnectError` `data.shape` when it cannot be applied. `partition`: as chosen before; null or absent: by key.
   */
  plan(shape: Shape, op: Op, partition?: RowPartition | null): ShapePlan | null;
}
