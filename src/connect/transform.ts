import type { Change, Op } from '../record/change.ts';
import type { Shape } from '../record/shape.ts';

/** Runs per row, on bytes. False drops the change (its position still counts). */
export type RowStep = (change: Change) => boolean;

export interface ShapePlan {
  readonly shape: Shape;
  /** Null costs exactly nothing per row. */
  readonly step: RowStep | null;
  /** True: the records of this plan are tombstones, a null value under their key, whatever the shape's value is. */
  readonly tombstone?: boolean | undefined;
}

/** A single message transform. Rename, drop, route, cast, key and constants are decided in `plan`, once per shape. */
export interface Transform {
  /**
   * Called once per shape and operation, so that what depends on the operation costs nothing per row either; `op` is
   * `Op.TOMBSTONE` also behind a transform that made tombstones of deletes. Null drops every such change. Throws
   * `ConnectError` `data.shape` when it cannot be applied.
   */
  plan(shape: Shape, op: Op): ShapePlan | null;
}
